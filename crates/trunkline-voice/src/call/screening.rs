//! Whether a destination that picked up gets the call: a person, who heard the whisper and pressed the key.
//!
//! Pure: what was heard and the time are arguments, what to do is the answer.

use std::time::Duration;

use tokio::time::Instant;
use trunkline_core::call::DialOutcome;
use trunkline_core::call::flow::Accept;

use crate::media::hearing::machine::Answerer;
use crate::media::relay::Sign;

/// Wait for the key after the whisper, each time it is asked.
const KEY_WAIT: Duration = Duration::from_secs(5);
/// Longest time a destination is screened, whatever it does.
const SCREENING_MAX: Duration = Duration::from_secs(180);

/// What a destination must do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) whispers: bool,
    pub(super) accept: Option<Accept>,
    pub(super) detect_machine: bool,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Wait,
    /// Play the whisper, then tell its end.
    Whisper,
    Connect,
    GiveUp(DialOutcome),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Whether it is a machine is not known yet.
    WhoIsIt,
    Whispering,
    /// Waits for the key until then.
    Key(Instant),
}

/// One destination being screened.
#[derive(Debug)]
pub(super) struct Screening {
    rules: Rules,
    stage: Stage,
    tries_left: u32,
    over_at: Instant,
}

impl Rules {
    pub(super) const fn screens(self) -> bool {
        self.whispers || self.accept.is_some() || self.detect_machine
    }
}

impl Screening {
    /// A destination picked up.
    pub(super) fn begin(rules: Rules, now: Instant) -> (Self, Step) {
        let mut screening = Self {
            rules,
            stage: Stage::WhoIsIt,
            tries_left: rules.accept.map_or(0, |a| a.tries.max(1)),
            over_at: now + SCREENING_MAX,
        };
        let step = if rules.detect_machine {
            Step::Wait
        } else {
            screening.ask(now)
        };
        (screening, step)
    }

    /// When to look again though nothing was heard.
    pub(super) fn due(&self) -> Instant {
        match self.stage {
            Stage::Key(until) => until.min(self.over_at),
            Stage::WhoIsIt | Stage::Whispering => self.over_at,
        }
    }

    /// Asks for the key, or gives the call away when none is wanted.
    fn ask(&mut self, now: Instant) -> Step {
        if self.rules.whispers {
            self.stage = Stage::Whispering;
            return Step::Whisper;
        }
        self.asked(now)
    }

    /// The question is over.
    fn asked(&mut self, now: Instant) -> Step {
        if self.rules.accept.is_none() {
            return Step::Connect;
        }
        self.stage = Stage::Key(now + KEY_WAIT);
        Step::Wait
    }

    /// It was asked in vain.
    fn again(&mut self, now: Instant) -> Step {
        self.tries_left = self.tries_left.saturating_sub(1);
        if self.tries_left == 0 {
            Step::GiveUp(DialOutcome::NotAccepted)
        } else {
            self.ask(now)
        }
    }

    pub(super) fn on_sign(&mut self, sign: Sign, now: Instant) -> Step {
        match (sign, self.stage) {
            (Sign::Answerer(Answerer::Machine), Stage::WhoIsIt) => {
                Step::GiveUp(DialOutcome::Machine)
            }
            (Sign::Answerer(Answerer::Person), Stage::WhoIsIt) => self.ask(now),
            (Sign::Answerer(_), _) => Step::Wait,
            (Sign::Key(key), _) => match self.rules.accept {
                // Whoever presses the right key is a person.
                Some(accept) if accept.digit == key => Step::Connect,
                Some(_) if self.stage != Stage::WhoIsIt => self.again(now),
                _ => Step::Wait,
            },
        }
    }

    /// The whisper was played to its end.
    pub(super) fn on_whispered(&mut self, now: Instant) -> Step {
        match self.stage {
            Stage::Whispering => self.asked(now),
            Stage::WhoIsIt | Stage::Key(_) => Step::Wait,
        }
    }

    /// The moment of [`Self::due`] has come.
    pub(super) fn on_due(&mut self, now: Instant) -> Step {
        match self.stage {
            _ if now >= self.over_at => Step::GiveUp(DialOutcome::NotAccepted),
            Stage::Key(until) if now >= until => self.again(now),
            _ => Step::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCEPT: Option<Accept> = Some(Accept {
        digit: '1',
        tries: 2,
    });

    fn rules(whispers: bool, accept: Option<Accept>, detect_machine: bool) -> Rules {
        Rules {
            whispers,
            accept,
            detect_machine,
        }
    }

    /// What is done to a screening and the step it answers.
    enum Then {
        Key(char, Step),
        Is(Answerer, Step),
        Whispered(Step),
        Later(u64, Step),
    }

    #[test]
    fn a_destination_is_screened_in_order() {
        use Answerer::{Machine, Person};
        use Step::{Connect, GiveUp, Wait, Whisper};
        use Then::{Is, Key, Later, Whispered};
        let not_accepted = GiveUp(DialOutcome::NotAccepted);
        let cases = [
            // Only a whisper: connected when it was heard.
            (rules(true, None, false), Whisper, vec![Whispered(Connect)]),
            // A key ends the whisper, or may come after it.
            (rules(true, ACCEPT, false), Whisper, vec![Key('1', Connect)]),
            (
                rules(true, ACCEPT, false),
                Whisper,
                vec![Whispered(Wait), Later(4_900, Wait), Key('1', Connect)],
            ),
            // Silence and a wrong key are tries.
            (
                rules(true, ACCEPT, false),
                Whisper,
                vec![
                    Whispered(Wait),
                    Later(5_000, Whisper),
                    Whispered(Wait),
                    Later(4_000, Wait),
                    Later(1_000, not_accepted),
                ],
            ),
            (
                rules(true, ACCEPT, false),
                Whisper,
                vec![Key('3', Whisper), Key('4', not_accepted)],
            ),
            // A key alone is waited for in silence.
            (
                rules(false, ACCEPT, false),
                Wait,
                vec![Later(5_000, Wait), Later(5_000, not_accepted)],
            ),
            // Nobody whispers to a machine.
            (
                rules(true, ACCEPT, true),
                Wait,
                vec![Key('3', Wait), Is(Machine, GiveUp(DialOutcome::Machine))],
            ),
            (
                rules(true, None, true),
                Wait,
                vec![Is(Person, Whisper), Is(Machine, Wait), Whispered(Connect)],
            ),
            (rules(false, None, true), Wait, vec![Is(Person, Connect)]),
            (rules(false, ACCEPT, true), Wait, vec![Key('1', Connect)]),
            // It ends, whatever happens.
            (
                rules(true, ACCEPT, true),
                Wait,
                vec![Later(179_000, Wait), Later(1_000, not_accepted)],
            ),
        ];
        for (number, (rules, first, then)) in cases.into_iter().enumerate() {
            let mut now = Instant::now();
            let (mut screening, step) = Screening::begin(rules, now);
            assert_eq!(step, first, "case {number}");
            for (position, then) in then.into_iter().enumerate() {
                let (step, wanted) = match then {
                    Key(key, wanted) => (screening.on_sign(Sign::Key(key), now), wanted),
                    Is(who, wanted) => (screening.on_sign(Sign::Answerer(who), now), wanted),
                    Whispered(wanted) => (screening.on_whispered(now), wanted),
                    Later(ms, wanted) => {
                        now += Duration::from_millis(ms);
                        (screening.on_due(now), wanted)
                    }
                };
                assert_eq!(step, wanted, "case {number}, step {position}");
            }
        }
    }
}
