//! Terms have versions: a change is staged and goes live at once or at a time, and every opportunity keeps the number of
//! the version it was decided by.

use crate::base::{Timestamp, words};

words! {
    /// What has terms with versions.
    TermsKind {
        /// An account: what holds for everything in it.
        Account = "account",
        /// A campaign.
        Campaign = "campaign",
        /// A feed.
        Feed = "feed",
        /// A buyer.
        Buyer = "buyer",
        /// A destination.
        Destination = "destination",
        /// A contract.
        Contract = "contract",
        /// The route plan of a campaign.
        Plan = "plan",
    }
}

words! {
    /// What became of a version.
    VersionState {
        /// It is to come.
        Staged = "staged",
        /// It is in force.
        Live = "live",
        /// It was in force.
        Past = "past",
        /// It was to come and was given up.
        Withdrawn = "withdrawn",
    }
}

/// One version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version<T> {
    /// Counts up by one with each change; a rollback is a change as well.
    pub number: u32,
    /// What it says.
    pub terms: T,
}

/// The version in force, and the one that comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions<T> {
    live: Version<T>,
    staged: Option<(Timestamp, Version<T>)>,
}

impl<T> Versions<T> {
    /// The first version.
    pub const fn new(terms: T) -> Self {
        let live = Version { number: 1, terms };
        Self { live, staged: None }
    }

    /// As they are stored.
    pub const fn stored(live: Version<T>, staged: Option<(Timestamp, Version<T>)>) -> Self {
        Self { live, staged }
    }

    /// The version in force at a moment.
    pub fn at(&self, now: Timestamp) -> &Version<T> {
        match &self.staged {
            Some((from, staged)) if *from <= now => staged,
            _ => &self.live,
        }
    }

    /// The version that is to come, and when.
    pub fn to_come(&self, now: Timestamp) -> Option<&(Timestamp, Version<T>)> {
        self.staged.as_ref().filter(|(from, _)| *from > now)
    }

    /// Stages new terms that go live at a moment, and at once when it is past. What was staged before and is not live
    /// yet is given up, and its number is not used again.
    #[must_use]
    pub fn stage(self, terms: T, from: Timestamp, now: Timestamp) -> Self {
        let highest = self
            .staged
            .as_ref()
            .map_or(self.live.number, |(_, s)| s.number);
        let live = match self.staged {
            Some((since, staged)) if since <= now => staged,
            _ => self.live,
        };
        let next = Version {
            number: highest + 1,
            terms,
        };
        if from <= now {
            return Self {
                live: next,
                staged: None,
            };
        }
        Self {
            live,
            staged: Some((from, next)),
        }
    }
}
