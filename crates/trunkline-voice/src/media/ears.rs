//! What is listened for on one end: keys in either form of sound, speech, and what kind of answerer it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::dtmf::event;
use super::dtmf::tone::Detector;
use super::g711::Law;
use super::hearing::activity::{Activity, Voice};
use super::hearing::machine::{Answerer, Machine};
use super::rtp::Packet;

/// The same key within this time, first as a tone and then as an event, was pressed once: some gateways let the beginning
/// of the tone through before they cut it out.
const SAME_PRESS: Duration = Duration::from_millis(500);

/// What to listen for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listening {
    /// Keys, as telephone events and as tones.
    pub(crate) keys: bool,
    /// Where to note when somebody speaks.
    pub(crate) speech: Option<Arc<Spoken>>,
    /// Whether a person or a machine answered; told once.
    pub(crate) answerer: bool,
}

/// When somebody spoke, counted from a moment; written by the relay, read by the call.
#[derive(Debug)]
pub(crate) struct Spoken {
    since: Instant,
    /// End of the last packet with speech in it, in milliseconds; 0 when there was none.
    until_ms: AtomicU64,
}

impl Spoken {
    pub(crate) const fn since(since: Instant) -> Self {
        Self {
            since,
            until_ms: AtomicU64::new(0),
        }
    }

    /// Until when there was speech; zero when there was none.
    pub(crate) fn until(&self) -> Duration {
        Duration::from_millis(self.until_ms.load(Ordering::Relaxed))
    }

    fn note(&self, now: Instant) {
        let passed = now.saturating_duration_since(self.since).as_millis();
        let until_ms = u64::try_from(passed).unwrap_or(u64::MAX);
        self.until_ms.store(until_ms, Ordering::Relaxed);
    }
}

/// Something that was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Key(char),
    Answerer(Answerer),
}

/// Listening for speech takes some memory, so only who needs it has it.
struct Speech {
    activity: Activity,
    spoken: Arc<Spoken>,
}

/// Listens to one end's packets.
pub(crate) struct Ears {
    since: Instant,
    law: Law,
    events: Option<event::Reader>,
    /// Off once the end pressed a key in a better form.
    tones: Option<Detector>,
    last_tone: Option<(char, Instant)>,
    speech: Option<Box<Speech>>,
    machine: Option<Box<Machine>>,
}

impl Ears {
    pub(crate) fn new(listening: Listening, law: Law, now: Instant) -> Self {
        Self {
            since: now,
            law,
            events: listening.keys.then(event::Reader::default),
            tones: listening.keys.then(|| Detector::new(law)),
            last_tone: None,
            speech: listening.speech.map(|spoken| {
                Box::new(Speech {
                    activity: Activity::default(),
                    spoken,
                })
            }),
            machine: listening.answerer.then(|| Box::new(Machine::new(0))),
        }
    }

    /// The end presses keys in a better form than tones.
    pub(crate) fn ignore_tones(&mut self) {
        self.tones = None;
    }

    /// A packet of sound.
    pub(crate) fn on_sound(&mut self, law: Law, payload: &[u8], now: Instant) -> Option<Sign> {
        if let Some(speech) = &mut self.speech
            && speech.activity.hear(law, payload) == Voice::Speech
        {
            speech.spoken.note(now);
        }
        if let Some(answerer) = self
            .machine
            .as_mut()
            .and_then(|m| m.hear(law, payload, at_ms(self.since, now)))
        {
            self.machine = None;
            return Some(Sign::Answerer(answerer));
        }
        if law != self.law {
            self.law = law;
            self.tones = self.tones.take().map(|_| Detector::new(law));
        }
        let key = self.tones.as_mut()?.hear(payload)?;
        self.last_tone = Some((key, now));
        Some(Sign::Key(key))
    }

    /// A packet of a telephone event (RFC 4733).
    pub(crate) fn on_event(
        &mut self,
        packet: &Packet,
        payload: &[u8],
        now: Instant,
    ) -> Option<Sign> {
        let key = self.events.as_mut()?.on_packet(payload, packet.timestamp)?;
        self.tones = None;
        let told = self.last_tone.take();
        let same = told.is_some_and(|(tone, at)| {
            tone == key && now.saturating_duration_since(at) < SAME_PRESS
        });
        (!same).then_some(Sign::Key(key))
    }

    /// Looks at the time alone: an answerer that says nothing is found out too.
    pub(crate) fn on_tick(&mut self, now: Instant) -> Option<Sign> {
        let at = at_ms(self.since, now);
        let answerer = self.machine.as_ref()?.late(at)?;
        self.machine = None;
        Some(Sign::Answerer(answerer))
    }
}

fn at_ms(since: Instant, now: Instant) -> u64 {
    u64::try_from(now.saturating_duration_since(since).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::sounds::{encoded, mixed, speech, tone};
    use super::*;

    fn keys() -> Listening {
        Listening {
            keys: true,
            ..Listening::default()
        }
    }

    /// The tones of `7`, as packets.
    fn seven(law: Law) -> Vec<u8> {
        let mut sound = mixed(&tone(852.0, -10.0, 100), &tone(1_209.0, -10.0, 100));
        sound.extend(vec![0.0; 800]);
        encoded(law, &sound)
    }

    fn hear(ears: &mut Ears, law: Law, sound: &[u8], now: Instant) -> Vec<Sign> {
        let packets = sound.chunks(160);
        packets.filter_map(|p| ears.on_sound(law, p, now)).collect()
    }

    fn event(ears: &mut Ears, code: u8, timestamp: u32, now: Instant) -> Option<Sign> {
        let packet = Packet {
            payload_type: 101,
            sequence: 0,
            timestamp,
            ssrc: 1,
            payload: 12..16,
        };
        ears.on_event(&packet, &[code, 10, 0, 160], now)
    }

    #[test]
    fn a_key_whose_tone_leaks_through_before_its_event_was_pressed_once() {
        let now = Instant::now();
        let mut ears = Ears::new(keys(), Law::Mu, now);
        assert_eq!(
            hear(&mut ears, Law::Mu, &seven(Law::Mu), now),
            [Sign::Key('7')]
        );
        let soon = now + Duration::from_millis(150);
        assert_eq!(event(&mut ears, 7, 100, soon), None);
        // From now on only events are keys.
        assert_eq!(event(&mut ears, 7, 2_000, soon), Some(Sign::Key('7')));
        assert_eq!(hear(&mut ears, Law::Mu, &seven(Law::Mu), soon), []);
    }

    #[test]
    fn a_tone_and_a_later_event_are_two_keys() {
        let now = Instant::now();
        let mut ears = Ears::new(keys(), Law::Mu, now);
        hear(&mut ears, Law::Mu, &seven(Law::Mu), now);
        let later = now + Duration::from_millis(900);
        assert_eq!(event(&mut ears, 7, 100, later), Some(Sign::Key('7')));
        let mut ears = Ears::new(keys(), Law::Mu, now);
        hear(&mut ears, Law::Mu, &seven(Law::Mu), now);
        assert_eq!(event(&mut ears, 8, 100, now), Some(Sign::Key('8')));
    }

    #[test]
    fn tones_are_read_in_the_law_they_come_in() {
        let now = Instant::now();
        let mut ears = Ears::new(keys(), Law::Mu, now);
        assert_eq!(
            hear(&mut ears, Law::A, &seven(Law::A), now),
            [Sign::Key('7')]
        );
    }

    #[test]
    fn only_what_was_asked_for_is_heard() {
        let now = Instant::now();
        let mut ears = Ears::new(Listening::default(), Law::Mu, now);
        assert_eq!(hear(&mut ears, Law::Mu, &seven(Law::Mu), now), []);
        assert_eq!(event(&mut ears, 7, 100, now), None);
        assert_eq!(ears.on_tick(now + Duration::from_secs(60)), None);
    }

    #[test]
    fn speech_is_noted_with_its_end() {
        let start = Instant::now();
        let spoken = Arc::new(Spoken::since(start));
        let listening = Listening {
            speech: Some(Arc::clone(&spoken)),
            ..Listening::default()
        };
        let mut ears = Ears::new(listening, Law::Mu, start);
        let quiet = vec![Law::Mu.silence(); 8_000];
        hear(&mut ears, Law::Mu, &quiet, start + Duration::from_secs(1));
        assert!(spoken.until().is_zero());
        let said = encoded(Law::Mu, &speech(1, 1_000));
        hear(&mut ears, Law::Mu, &said, start + Duration::from_secs(2));
        hear(&mut ears, Law::Mu, &quiet, start + Duration::from_secs(3));
        // The end of speech is heard a moment after it.
        assert!(spoken.until() >= Duration::from_secs(2));
        assert!(spoken.until() <= Duration::from_secs(3));
    }
}
