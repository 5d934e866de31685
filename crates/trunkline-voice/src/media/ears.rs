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
