//! Where a lead stands between its ping and its sale: a plain value that can be stored between events.

use super::accept::Lead;
use super::queue::Waits;
use crate::base::id::{BuyerId, ContractId};
use crate::base::{Money, Sha256, Timestamp, words};

words! {
    /// Where a lead stands.
    RunState {
        /// A ping came and nothing is decided.
        PingReceived = "ping_received",
        /// Nobody bids on the ping.
        PingRejected = "ping_rejected",
        /// The ping was answered with a price; its post is waited for.
        PingAccepted = "ping_accepted",
        /// It was posted.
        Posted = "posted",
        /// Its fields, consent and person are looked at.
        Validating = "validating",
        /// It was refused.
        Rejected = "rejected",
        /// It is offered to buyers.
        Selling = "selling",
        /// At least one buyer has it, and no other is asked.
        Sold = "sold",
        /// Nobody has it, and nobody is asked any more.
        Unsold = "unsold",
        /// Nobody has it, and it is offered again later.
        Queued = "queued",
        /// A buyer who had it gave it back.
        Returned = "returned",
    }
}

/// The ping a lead began with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping {
    /// What was told.
    pub lead: Lead,
    /// What makes another ping the same.
    pub fingerprint: Sha256,
    /// When it came.
    pub at: Timestamp,
    /// What was answered.
    pub offer: Option<PingOffer>,
}

/// The answer to a ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PingOffer {
    /// What the publisher is promised.
    pub quoted: Option<Money>,
    /// From when on it is not valid any more.
    pub expires_at: Timestamp,
}

/// What was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The lead.
    pub lead: Lead,
    /// When it came.
    pub at: Timestamp,
}

/// One buyer who was sent the lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// By which contract.
    pub contract: ContractId,
    /// The buyer that stands for the company.
    pub company: BuyerId,
    /// In which round: 0, and one more with each time it waited.
    pub round: u16,
    /// What came of it.
    pub state: LegState,
}

/// What came of sending a lead to a buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegState {
    /// It is being sent, or was about to be when the server went down.
    Sending {
        /// Since when.
        since: Timestamp,
    },
    /// No answer came, so the buyer may have it or not. The price is held.
    Unknown {
        /// From when on it may be sold to others.
        until: Timestamp,
    },
    /// The buyer took it.
    Accepted {
        /// When.
        at: Timestamp,
    },
    /// The buyer refused it.
    Rejected,
    /// The buyer had it and gave it back.
    Returned {
        /// When.
        at: Timestamp,
    },
}

/// A lead on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Where it stands.
    pub state: RunState,
    /// The ping it began with; `None` for one that was posted straight away.
    pub ping: Option<Ping>,
    /// What was posted.
    pub post: Option<Post>,
    /// Among how many buyers at most.
    pub legs_max: u8,
    /// Those who were sent it, in their order.
    pub legs: Vec<Leg>,
    /// While it waits: how often it did, and until when.
    pub waits: Option<Waits>,
    /// Whether the publisher was told to ask again later.
    pub pending: bool,
}

impl Run {
    /// A lead that begins with a ping.
    #[must_use]
    pub const fn pinged(lead: Lead, fingerprint: Sha256, now: Timestamp) -> Self {
        Self {
            state: RunState::PingReceived,
            ping: Some(Ping {
                lead,
                fingerprint,
                at: now,
                offer: None,
            }),
            post: None,
            legs_max: 1,
            legs: Vec::new(),
            waits: None,
            pending: false,
        }
    }

    /// A lead that was posted without a ping.
    #[must_use]
    pub const fn posted(lead: Lead, now: Timestamp) -> Self {
        Self {
            state: RunState::Posted,
            ping: None,
            post: Some(Post { lead, at: now }),
            legs_max: 1,
            legs: Vec::new(),
            waits: None,
            pending: false,
        }
    }

    /// The offer that the same ping gets again: the same, as long as it is valid and its post did not come.
    #[must_use]
    pub fn same_offer(&self, fingerprint: &Sha256, now: Timestamp) -> Option<PingOffer> {
        let ping = self
            .ping
            .as_ref()
            .filter(|ping| ping.fingerprint == *fingerprint)?;
        let waits = self.state == RunState::PingAccepted;
        ping.offer.filter(|offer| waits && now < offer.expires_at)
    }

    /// How many buyers have it.
    #[must_use]
    pub fn accepted(&self) -> usize {
        let has = |leg: &&Leg| matches!(leg.state, LegState::Accepted { .. });
        self.legs.iter().filter(has).count()
    }

    /// Whether every buyer who had it gave it back; `None` when none did.
    #[must_use]
    pub fn returned_by_all(&self) -> Option<bool> {
        let back = |leg: &Leg| matches!(leg.state, LegState::Returned { .. });
        self.legs.iter().any(back).then(|| self.accepted() == 0)
    }

    /// The latest moment at which it is still not known whether a buyer has it; `None` when no such window is open.
    #[must_use]
    pub fn unknown_until(&self, now: Timestamp) -> Option<Timestamp> {
        let open = self.legs.iter().filter_map(|leg| match leg.state {
            LegState::Unknown { until } if now < until => Some(until),
            _ => None,
        });
        open.max()
    }
}
