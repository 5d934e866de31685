//! Who picked up: a person, who says a word or two and waits, or a machine, which goes on talking.
//!
//! Nobody can know; these are the usual rules over voice and time, with published defaults:
//!
//! | what is heard | then it is | follows |
//! |---|---|---|
//! | 2.4 s of speech, pauses left out | a machine | Twilio, `MachineDetectionSpeechThreshold` |
//! | a word of at least 100 ms, then 800 ms of silence | a person | Asterisk `app_amd`, `min_word_length` and `after_greeting_silence` |
//! | none of these within 5 s | a person | Asterisk `app_amd`, `total_analysis_time` |
//!
//! Who cannot be told, and who says nothing, counts as a person: a call put through to a machine costs a minute, a
//! person who is taken for a machine is a lost call. For that reason silence is no sign of a machine here, as it is to
//! Asterisk, and neither is the number of words, which voice activity cannot count.

use super::activity::{Activity, Voice};
use crate::media::g711::Law;

/// Speech from which it is a machine, in milliseconds.
const GREETING_MS: u64 = 2_400;
/// Shortest sound that is a word.
const WORD_MS: u64 = 100;
/// Silence behind a person's greeting.
const PAUSE_MS: u64 = 800;
/// When it is decided at the latest.
const TOTAL_MS: u64 = 5_000;
/// How far packets may lag behind before the time between counts as silence.
const LAG_MS: u64 = 200;
/// Samples of a millisecond.
const SAMPLES_PER_MS: u64 = 8;

/// Who picked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answerer {
    /// Somebody, or nobody can tell.
    Person,
    /// An answering machine.
    Machine,
}

/// Listens to a line that was just picked up.
pub(crate) struct Machine {
    activity: Activity,
    started_ms: u64,
    /// Sound and silence so far, in samples.
    heard: u64,
    /// Speech so far.
    spoken: u64,
    /// Silence since the last speech.
    quiet: u64,
}

impl Machine {
    /// From the moment the line was picked up.
    pub(crate) fn new(started_ms: u64) -> Self {
        Self {
            activity: Activity::default(),
            started_ms,
            heard: 0,
            spoken: 0,
            quiet: 0,
        }
    }

    /// Hears a packet's payload that came at `at_ms`. Time without packets is silence.
    pub(crate) fn hear(&mut self, law: Law, payload: &[u8], at_ms: u64) -> Option<Answerer> {
        let length = payload.len() as u64;
        let missing = self.missing(at_ms).saturating_sub(length);
        self.heard += missing + length;
        self.quiet += missing;
        match self.activity.hear(law, payload) {
            Voice::Speech => {
                self.spoken += length;
                self.quiet = 0;
            }
            Voice::Silence => self.quiet += length,
        }
        if self.spoken >= GREETING_MS * SAMPLES_PER_MS {
            return Some(Answerer::Machine);
        }
        self.waits(0)
            .then_some(Answerer::Person)
            .or_else(|| self.late(at_ms))
    }

    /// The answer when nothing more was heard: behind a word that no packet follows, or once it takes too long.
    pub(crate) fn late(&self, at_ms: u64) -> Option<Answerer> {
        let over = at_ms.saturating_sub(self.started_ms) >= TOTAL_MS;
        (over || self.waits(self.missing(at_ms))).then_some(Answerer::Person)
    }

    /// Whether something was said and nothing since.
    fn waits(&self, missing: u64) -> bool {
        self.spoken >= WORD_MS * SAMPLES_PER_MS && self.quiet + missing >= PAUSE_MS * SAMPLES_PER_MS
    }

    /// Samples that should have come by now and did not.
    fn missing(&self, at_ms: u64) -> u64 {
        let due = at_ms.saturating_sub(self.started_ms).saturating_sub(LAG_MS);
        (due * SAMPLES_PER_MS).saturating_sub(self.heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::sounds::{encoded, noise, samples, speech};

    /// A part of what is heard, in milliseconds.
    #[derive(Debug, Clone, Copy)]
    enum Part {
        Talk(usize),
        Pause(usize),
        /// No packets.
        Gap(u64),
    }
    use Part::{Gap, Pause, Talk};

    /// The answer and when it was given.
    fn decided(seed: u64, parts: &[Part]) -> (Option<Answerer>, u64) {
        let mut now = 1_000_000;
        let mut machine = Machine::new(now);
        for (nth, part) in parts.iter().enumerate() {
            let seed = seed * 31 + nth as u64;
            let sound = match *part {
                Talk(ms) => speech_without_rest(seed, ms),
                Pause(ms) => noise(-55.0, ms, seed),
                Gap(ms) => {
                    for _ in 0..ms / 20 {
                        now += 20;
                        if let Some(answer) = machine.late(now) {
                            return (Some(answer), now - 1_000_000);
                        }
                    }
                    continue;
                }
            };
            for packet in encoded(Law::Mu, &sound).chunks(160) {
                now += 20;
                if let Some(answer) = machine.hear(Law::Mu, packet, now) {
                    return (Some(answer), now - 1_000_000);
                }
            }
        }
        (None, now - 1_000_000)
    }

    /// Speech that does not begin or pause in silence.
    fn speech_without_rest(seed: u64, ms: usize) -> Vec<f32> {
        let mut sound: Vec<f32> = Vec::new();
        for piece in speech(seed, ms * 3).chunks(samples(20)) {
            if piece.iter().any(|s| s.abs() > 200.0) {
                sound.extend(piece);
            }
        }
        sound.truncate(samples(ms));
        sound
    }

    #[test]
    fn persons_and_machines_are_told_apart() {
        use Answerer::{Machine, Person};
        let cases: &[(&str, &[Part], Answerer, std::ops::RangeInclusive<u64>)] = &[
            (
                "hello?",
                &[Pause(600), Talk(500), Pause(3_000)],
                Person,
                1_700..=2_600,
            ),
            (
                "a firm's name",
                &[Pause(300), Talk(1_300), Pause(3_000)],
                Person,
                2_200..=2_900,
            ),
            (
                "hello, and again",
                &[Pause(200), Talk(400), Pause(300), Talk(400), Pause(3_000)],
                Person,
                1_900..=2_700,
            ),
            (
                "a long greeting",
                &[Pause(700), Talk(9_000)],
                Machine,
                3_000..=3_700,
            ),
            (
                "a greeting with pauses",
                &[
                    Pause(300),
                    Talk(1_200),
                    Pause(450),
                    Talk(1_000),
                    Pause(450),
                    Talk(3_000),
                ],
                Machine,
                3_000..=4_300,
            ),
            (
                "nobody says anything",
                &[Pause(9_000)],
                Person,
                5_000..=5_000,
            ),
            (
                "somebody speaks late",
                &[Pause(4_500), Talk(9_000)],
                Person,
                5_000..=5_000,
            ),
            ("no packet comes", &[Gap(9_000)], Person, 5_000..=5_000),
            (
                "hello, and no packet after it",
                &[Pause(200), Talk(600), Gap(9_000)],
                Person,
                1_600..=2_000,
            ),
            (
                "packets begin late",
                &[Gap(1_200), Talk(500), Pause(3_000)],
                Person,
                2_300..=3_000,
            ),
            (
                "packets begin late, and go on",
                &[Gap(1_200), Talk(9_000)],
                Machine,
                3_500..=4_300,
            ),
            ("a click", &[Talk(30), Pause(9_000)], Person, 5_000..=5_000),
        ];
        for (name, parts, wanted, when) in cases {
            for seed in 0..4 {
                let (answer, at) = decided(seed, parts);
                assert_eq!(answer, Some(*wanted), "{name}, {seed}: at {at} ms");
                assert!(when.contains(&at), "{name}, {seed}: at {at} ms");
            }
        }
    }

    #[test]
    fn packets_that_come_in_heaps_change_nothing() {
        let sound = encoded(
            Law::A,
            &[
                noise(-55.0, 300, 1),
                speech_without_rest(3, 900),
                noise(-55.0, 900, 2),
            ]
            .concat(),
        );
        let mut machine = Machine::new(0);
        let mut answer = None;
        for (nth, heap) in sound.chunks(160 * 5).enumerate() {
            for packet in heap.chunks(160) {
                answer = answer.or(machine.hear(Law::A, packet, 100 * (nth as u64 + 1)));
            }
        }
        assert_eq!(answer, Some(Answerer::Person));
    }
}
