//! The telephones of buyers: busy now and then, slow to answer, or gone too soon.

use std::sync::{Arc, Mutex, PoisonError};

use trunkline_core::base::PhoneNumber;

use crate::audio::{Part, Speaker, Talk, Voice};
use crate::carrier::{Behaviour, Carrier, Line};
use crate::chance::Chance;

/// A buyer's telephone, and how it is answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Manners {
    /// Its number.
    pub number: PhoneNumber,
    /// Share of calls that find it busy.
    pub busy: f64,
    /// Share of calls that nobody answers.
    pub absent: f64,
    /// How long it rings before somebody answers, in milliseconds.
    pub rings_ms: (u64, u64),
    /// Share of calls in which the buyer hangs up within seconds.
    pub leaves: f64,
}

/// Within how many milliseconds a buyer who leaves has left.
const LEAVES_MS: (u64, u64) = (1_500, 6_000);

/// Telephones at a carrier, in the mood of the moment.
pub struct Phones {
    carrier: Arc<Carrier>,
    phones: Vec<Manners>,
    chance: Mutex<Chance>,
}

impl Phones {
    /// Puts them on their numbers.
    #[must_use]
    pub fn connect(carrier: Arc<Carrier>, phones: Vec<Manners>, seed: u64) -> Self {
        let all = Self {
            carrier,
            phones,
            chance: Mutex::new(Chance::new(seed)),
        };
        all.change(false);
        all
    }

    /// Whoever calls next meets another mood on each of them, the best one when they are to be `met_well`. Calls that
    /// ring go on as they began.
    pub fn change(&self, met_well: bool) {
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        for (person, phone) in (1..).zip(&self.phones) {
            self.carrier.connect(
                phone.number,
                phone.or_best(met_well).line(person, &mut chance),
            );
        }
    }
}

impl Manners {
    /// Free, there at once and staying, when that is `best`.
    const fn or_best(self, best: bool) -> Self {
        if !best {
            return self;
        }
        let (soonest_ms, _) = self.rings_ms;
        Self {
            busy: 0.0,
            absent: 0.0,
            rings_ms: (soonest_ms, soonest_ms + 1_000),
            leaves: 0.0,
            ..self
        }
    }

    fn line(&self, person: u64, chance: &mut Chance) -> Line {
        let mood = chance.fraction();
        let after_ms = chance.between(self.rings_ms.0, self.rings_ms.1);
        let leaves = chance.happens(self.leaves);
        let leaves_ms = chance.between(LEAVES_MS.0, LEAVES_MS.1);
        let behaviour = if mood < self.busy {
            Behaviour::Busy
        } else if mood < self.busy + self.absent {
            Behaviour::NoAnswer
        } else {
            Behaviour::Answer { after_ms }
        };
        Line {
            behaviour,
            voice: Voice::Speech(Speaker {
                talk: Talk(person),
                part: Part::Business,
                person,
            }),
            hangs_up_after_ms: leaves.then_some(leaves_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_met_well_is_answered_at_once_and_by_somebody_who_stays() {
        let moody = Manners {
            number: PhoneNumber::from_digits(12_145_550_170),
            busy: 0.5,
            absent: 0.4,
            rings_ms: (2_000, 9_000),
            leaves: 0.9,
        };
        let mut chance = Chance::new(5);
        for _ in 0..100 {
            let line = moody.or_best(true).line(1, &mut chance);
            assert!(matches!(line.behaviour, Behaviour::Answer { after_ms } if after_ms <= 3_000));
            assert_eq!(line.hangs_up_after_ms, None);
        }
    }

    #[test]
    fn moods_come_in_their_shares() {
        let manners = Manners {
            number: PhoneNumber::from_digits(12_145_550_170),
            busy: 0.2,
            absent: 0.1,
            rings_ms: (2_000, 9_000),
            leaves: 0.25,
        };
        let mut chance = Chance::new(5);
        let lines: Vec<Line> = (0..4_000).map(|_| manners.line(1, &mut chance)).collect();
        let share = |wanted: fn(&Line) -> bool| {
            lines.iter().filter(|line| wanted(line)).count() as f64 / lines.len() as f64
        };
        assert!((share(|line| line.behaviour == Behaviour::Busy) - 0.2).abs() < 0.03);
        assert!((share(|line| line.behaviour == Behaviour::NoAnswer) - 0.1).abs() < 0.03);
        assert!((share(|line| line.hangs_up_after_ms.is_some()) - 0.25).abs() < 0.03);
        assert!(lines.iter().all(|line| match line.behaviour {
            Behaviour::Answer { after_ms } => (2_000..=9_000).contains(&after_ms),
            _ => true,
        }));
    }
}
