//! What publishers do and when, without end: pure data from a seed.

use super::people::{Prospect, SUES};
use crate::chance::Chance;

/// Between one thing and the next, in milliseconds: gentle, so that one can watch.
const EVERY_MS: (u64, u64) = (4_000, 9_000);
/// Between the things of the opening.
const OPENING_EVERY_MS: u64 = 900;
/// What the opening brings, in this order: one of each, so that nobody waits for a campaign to move.
const OPENING: [Kind; 9] = [
    Kind::Call(0),
    Kind::Lead(0),
    Kind::Call(1),
    Kind::Bid,
    Kind::Lead(1),
    Kind::PingPost,
    Kind::Bid,
    Kind::Lead(2),
    Kind::Lead(1),
];
/// The last of the opening, and every so many after it, is somebody who sues.
const SUES_EVERY: usize = 20;
/// Their shares afterwards.
const KINDS: &[(f64, Kind)] = &[
    (3.0, Kind::Call(0)),
    (3.0, Kind::Call(1)),
    (2.0, Kind::Lead(0)),
    (2.0, Kind::Lead(1)),
    (1.0, Kind::Lead(2)),
    (3.0, Kind::PingPost),
    (3.0, Kind::Bid),
];
/// How long people talk, in milliseconds: the median, the shortest and the longest.
const TALK_MS: (f64, f64, f64) = (36_000.0, 9_000.0, 90_000.0);
/// How long those of the opening talk, whom buyers meet well: long enough to be paid for, and soon over.
const OPENING_TALK_MS: u64 = 28_000;
/// How long they wait for somebody to answer, in milliseconds.
const PATIENCE_MS: (u64, u64) = (35_000, 70_000);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Call(usize),
    Lead(usize),
    PingPost,
    Bid,
}

/// How somebody talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Talk {
    /// Whose turn it is when.
    pub turns: u64,
    /// The voice.
    pub person: u64,
    /// For how long, in milliseconds.
    pub talk_ms: u64,
    /// Whether buyers are free, answer soon and stay.
    pub met_well: bool,
    /// How long they wait for somebody to answer.
    pub patience_ms: u64,
}

impl Talk {
    fn draw(chance: &mut Chance) -> Self {
        let (median, shortest, longest) = TALK_MS;
        Self {
            turns: chance.next(),
            person: chance.next(),
            talk_ms: chance.around(median, 0.5).clamp(shortest, longest) as u64,
            met_well: false,
            patience_ms: chance.between(PATIENCE_MS.0, PATIENCE_MS.1),
        }
    }
}

/// Something that a publisher brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deal {
    /// Somebody calls a number of a feed: which feed, which of its numbers (modulo how many there are).
    Call {
        /// The feed, by its place.
        feed: usize,
        /// Its number.
        number: u64,
        /// How the call goes.
        talk: Talk,
    },
    /// A lead in one step, for the feed of that place.
    Lead {
        /// The feed, by its place.
        feed: usize,
    },
    /// A ping, and the post when the price is right.
    PingPost,
    /// A ping for a call, and the call when there is a bid.
    Bid {
        /// How long after the bid they dial, in milliseconds.
        dials_after_ms: u64,
        /// How the call goes.
        talk: Talk,
    },
}

/// One thing of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealEntry {
    /// When, in milliseconds from the start.
    pub at_ms: u64,
    /// Who it is about.
    pub who: Prospect,
    /// What.
    pub what: Deal,
}

/// Draws one thing after the other, in the order of their time, without end.
#[derive(Debug, Clone)]
pub struct Deals {
    chance: Chance,
    next_ms: u64,
    drawn: usize,
}

impl Deals {
    /// The plan of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            chance: Chance::new(seed),
            next_ms: 0,
            drawn: 0,
        }
    }

    fn deal(&mut self, kind: Kind) -> Deal {
        let chance = &mut self.chance;
        match kind {
            Kind::Call(feed) => Deal::Call {
                feed,
                number: chance.next(),
                talk: Talk::draw(chance),
            },
            Kind::Lead(feed) => Deal::Lead { feed },
            Kind::PingPost => Deal::PingPost,
            Kind::Bid => Deal::Bid {
                dials_after_ms: chance.between(1_200, 4_000),
                talk: Talk::draw(chance),
            },
        }
    }
}

impl Iterator for Deals {
    type Item = DealEntry;

    fn next(&mut self) -> Option<DealEntry> {
        let opening = OPENING.get(self.drawn).copied();
        let kind = opening.or_else(|| self.chance.weighted(KINDS).copied())?;
        let at_ms = self.next_ms;
        self.next_ms += match opening {
            Some(_) => OPENING_EVERY_MS,
            None => self.chance.between(EVERY_MS.0, EVERY_MS.1),
        };
        self.drawn += 1;
        let mut who = Prospect::draw(&mut self.chance);
        if self.drawn % SUES_EVERY == OPENING.len() {
            who.phone = SUES[self.drawn / SUES_EVERY % SUES.len()];
        }
        let mut what = self.deal(kind);
        if let (Some(_), Deal::Call { talk, .. } | Deal::Bid { talk, .. }) = (opening, &mut what) {
            talk.talk_ms = OPENING_TALK_MS;
            talk.met_well = true;
        }
        Some(DealEntry { at_ms, who, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_opening_brings_one_of_each_and_the_same_seed_the_same_people() {
        let drawn = |seed| Deals::new(seed).take(200).collect::<Vec<_>>();
        let opening = drawn(1);
        let early: Vec<_> = opening.iter().take(OPENING.len()).collect();
        assert!(early.iter().all(|entry| entry.at_ms < 10_000));
        let any = |wanted: fn(&Deal) -> bool| early.iter().any(|entry| wanted(&entry.what));
        assert!(any(|deal| matches!(deal, Deal::Call { feed: 0, .. })));
        assert!(any(|deal| matches!(deal, Deal::Call { feed: 1, .. })));
        assert!(any(|deal| matches!(deal, Deal::PingPost)));
        assert!(any(|deal| matches!(deal, Deal::Bid { .. })));
        let last = early.last().expect("an opening");
        assert!(SUES.contains(&last.who.phone) && last.what == Deal::Lead { feed: 1 });
        assert_eq!(drawn(1), opening);
        assert_ne!(drawn(2), opening);
    }

    #[test]
    fn it_goes_on_gently_and_in_order() {
        let all: Vec<_> = Deals::new(3).take(500).collect();
        assert!(all.is_sorted_by_key(|entry| entry.at_ms));
        let last = all.last().map_or(0, |entry| entry.at_ms);
        let per_minute = 500.0 * 60_000.0 / last as f64;
        assert!((8.0..12.0).contains(&per_minute), "{per_minute}");
    }
}
