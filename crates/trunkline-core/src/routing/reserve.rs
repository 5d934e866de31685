//! Reservations: what an attempt took of caps and places, and what becomes of it.
//!
//! A reservation is made with a bid or with a dial and goes one way: offered, connected, and then settled, released or
//! expired. What a cap counts is reserved until that happens and used from then on; what never happens is given back.
//! Each step is a set of changes to numbers, so that whoever stores them undoes exactly what was taken.

use std::sync::Arc;

use super::caps::{CapUnit, Places, Slot};
use crate::base::id::{AccountId, BuyerId, CampaignId, ContractId, DestinationId};
use crate::base::words;

words! {
    /// Where a reservation stands.
    Stage {
        /// A bid was given; nobody came yet.
        Bid = "bid",
        /// It is dialled or posted.
        Offered = "offered",
        /// Somebody took it.
        Connected = "connected",
        /// It is over, and what it came to is counted.
        Settled = "settled",
        /// It is over, and nothing was sold.
        Released = "released",
        /// Nobody said anything until its time was over.
        Expired = "expired",
    }
}

words! {
    /// What came of an attempt.
    AttemptOutcome {
        /// The buyer took it.
        Taken = "taken",
        /// Nobody answered.
        NoAnswer = "no_answer",
        /// The line was busy.
        Busy = "busy",
        /// The network or the endpoint failed.
        Failed = "failed",
        /// The buyer said no.
        Declined = "declined",
        /// The destination hung up at once and somebody else was tried.
        GivenBack = "given_back",
        /// The caller hung up first.
        Abandoned = "abandoned",
        /// Another one answered or bid better.
        Lost = "lost",
        /// There was no room any more when it was to be made.
        NoRoom = "no_room",
        /// Nobody knows: the answer to a post did not come.
        Unknown = "unknown",
    }
}

impl Stage {
    /// Whether it still takes anything.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Bid | Self::Offered | Self::Connected)
    }
}

/// Whose places for calls at the same time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlaceOwner {
    /// The account's.
    Account(AccountId),
    /// A campaign's.
    Campaign(CampaignId),
    /// A buyer's.
    Buyer(BuyerId),
    /// A destination's.
    Destination(DestinationId),
    /// A contract's.
    Contract(ContractId),
    /// Those of a group, by its name, in the route plan of a campaign.
    Group(CampaignId, Arc<str>),
}

/// What a reservation took of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TookSlot {
    /// The slot.
    pub slot: Slot,
    /// What its cap counts.
    pub counts: CapUnit,
    /// How much.
    pub adds: i64,
}

/// Everything that a reservation took.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Took {
    /// Slots of caps, in their order, none twice.
    pub slots: Vec<TookSlot>,
    /// A place of each of these.
    pub places: Vec<(PlaceOwner, Places)>,
}

impl Took {
    /// In the order in which everybody takes, so that nobody waits for somebody who waits.
    #[must_use]
    pub fn new(mut slots: Vec<TookSlot>, mut places: Vec<(PlaceOwner, Places)>) -> Self {
        slots.sort_by_key(|took| took.slot);
        slots.dedup_by_key(|took| took.slot);
        places.sort();
        places.dedup_by(|a, b| a.0 == b.0);
        Self { slots, places }
    }
}

/// What happened to a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It is dialled or posted.
    Offer,
    /// Somebody took it.
    Connect,
    /// It came to something, which means that somebody took it.
    Settle(Came),
    /// Nothing came of it.
    Release,
    /// Its time is over.
    Expire,
}

/// What it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Came {
    /// Whether the buyer pays for it.
    pub billable: bool,
    /// What the buyer pays, in micro-units.
    pub revenue: i64,
    /// What the publisher is paid, in micro-units.
    pub payout: i64,
}

/// By how much a slot changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotMove {
    /// The slot.
    pub slot: Slot,
    /// What is used.
    pub used: i64,
    /// What is reserved.
    pub reserved: i64,
}

/// What a step does: to the reservation, to slots, and to each of its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Where it stands now.
    pub stage: Stage,
    /// Slots that change.
    pub slots: Vec<SlotMove>,
    /// By how much calls that are being dialled, ring or talk change.
    pub legs: i64,
    /// By how much bids that wait for their call change.
    pub bids: i64,
}

/// A reservation that begins: with a bid, or already offered.
#[must_use]
pub fn begin(took: &Took, offered: bool) -> Moved {
    let stage = if offered { Stage::Offered } else { Stage::Bid };
    Moved {
        stage,
        slots: moves(took, |took| {
            let used = taken(stage, took);
            (used, took.adds - used)
        }),
        legs: i64::from(offered),
        bids: i64::from(!offered),
    }
}

/// What a step does to a reservation; `None` when it went there before, or is over.
#[must_use]
pub fn advance(stage: Stage, took: &Took, progress: Progress) -> Option<Moved> {
    let next = match (stage, progress) {
        (Stage::Bid, Progress::Offer) => Stage::Offered,
        (Stage::Bid | Stage::Offered, Progress::Connect) => Stage::Connected,
        (open, Progress::Settle(_)) if open.is_open() => Stage::Settled,
        (open, Progress::Release) if open.is_open() => Stage::Released,
        (open, Progress::Expire) if open.is_open() => Stage::Expired,
        _ => return None,
    };
    let slots = moves(took, |took| {
        let before = taken(stage, took);
        let after = match progress {
            Progress::Settle(came) => came_to(came, took),
            Progress::Release | Progress::Expire => before,
            Progress::Offer | Progress::Connect => taken(next, took),
        };
        let left = if next.is_open() { took.adds - after } else { 0 };
        (after - before, left - (took.adds - before))
    });
    let place = |stage: Stage| {
        let leg = matches!(stage, Stage::Offered | Stage::Connected);
        (i64::from(leg), i64::from(stage == Stage::Bid))
    };
    let ((legs, bids), (legs_now, bids_now)) = (place(stage), place(next));
    Some(Moved {
        stage: next,
        slots,
        legs: legs_now - legs,
        bids: bids_now - bids,
    })
}

/// What of a slot is used in a stage that is open.
const fn taken(stage: Stage, took: &TookSlot) -> i64 {
    let happened = match took.counts {
        CapUnit::Offered => !matches!(stage, Stage::Bid),
        CapUnit::Connected => matches!(stage, Stage::Connected),
        CapUnit::Billable | CapUnit::Revenue | CapUnit::Payout => false,
    };
    if happened { took.adds } else { 0 }
}

/// What of a slot is used in the end. Never more than was reserved: what a later report adds is on the books alone.
fn came_to(came: Came, took: &TookSlot) -> i64 {
    let came = match took.counts {
        CapUnit::Offered | CapUnit::Connected => took.adds,
        CapUnit::Billable => i64::from(came.billable),
        CapUnit::Revenue => came.revenue,
        CapUnit::Payout => came.payout,
    };
    came.clamp(0, took.adds)
}

/// The changes of every slot that changes.
fn moves(took: &Took, change: impl Fn(&TookSlot) -> (i64, i64)) -> Vec<SlotMove> {
    let all = took.slots.iter().map(|took| {
        let (used, reserved) = change(took);
        SlotMove {
            slot: took.slot,
            used,
            reserved,
        }
    });
    all.filter(|m| m.used != 0 || m.reserved != 0).collect()
}
