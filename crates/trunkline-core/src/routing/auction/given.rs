//! Bids that were given to publishers for calls to come, and which of them a call is for.
//!
//! A bid is known by the name in the dialled SIP address, by a number that it has alone, or by caller and number. Whoever
//! comes from another number than was asked for, or behind the end of the bid and its grace, does not keep what the bid was
//! given for, and the answer says why.

use super::super::facts::Sha256;
use super::super::reason::ReasonCode;
use crate::base::id::{
    AccountId, CallId, CampaignId, ContractId, FeedId, GivenBidId, OpportunityId, ReservationId,
};
use crate::base::{Callee, Money, PhoneNumber, Timestamp};

/// How long behind its end a bid still takes its call: setting up takes time.
pub const ARRIVAL_GRACE_MS: i64 = 2_000;

/// A bid that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenBid {
    /// Its name.
    pub id: GivenBidId,
    /// The account.
    pub account: AccountId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The feed that asked.
    pub feed: FeedId,
    /// What it was given for.
    pub opportunity: OpportunityId,
    /// The same for the same ping of a feed.
    pub asked: Sha256,
    /// Who is to call, when that was said.
    pub caller: Option<PhoneNumber>,
    /// The hash of who is to call, when that was said.
    pub caller_sha256: Option<Sha256>,
    /// What the publisher is paid.
    pub amount: Money,
    /// From how many connected seconds on.
    pub min_seconds: u32,
    /// How many days back the publisher is not paid for the same caller.
    pub duplicate_days: Option<u32>,
    /// The number to be called.
    pub number: PhoneNumber,
    /// Whether no other bid has this number while it holds.
    pub alone: bool,
    /// When it was given.
    pub given_at: Timestamp,
    /// Until when it holds.
    pub expires_at: Timestamp,
    /// In which attempt of the plan, from 0.
    pub attempt: u16,
    /// Who is to have the call.
    pub contract: ContractId,
    /// Where they want it; at the destination when they name nothing.
    pub to: Option<Callee>,
    /// What it took.
    pub reservation: ReservationId,
    /// Who takes over when they do not take it, the best first.
    pub next: Vec<NextBid>,
    /// The call that came.
    pub call: Option<CallId>,
}

/// A bid that takes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextBid {
    /// Whose it is.
    pub contract: ContractId,
    /// What they pay.
    pub amount: Money,
    /// Where they want the call.
    pub to: Option<Callee>,
}

/// A call that came to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arriving {
    /// The bid that is named in the dialled address.
    pub named: Option<GivenBidId>,
    /// Who calls, when they show it.
    pub caller: Option<PhoneNumber>,
    /// The hash of that.
    pub caller_sha256: Option<Sha256>,
    /// When.
    pub at: Timestamp,
}

/// For which bid a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrives {
    /// For this one, by its place.
    For(usize),
    /// It was to be for this one, by its place, and is not.
    Not(usize, ReasonCode),
    /// For none: nobody was given a bid for it.
    Plain,
}

impl GivenBid {
    /// Whether it takes a call at a moment.
    #[must_use]
    pub const fn holds(&self, at: Timestamp) -> bool {
        at.as_millis() <= self.expires_at.as_millis() + ARRIVAL_GRACE_MS
    }

    /// Whether it was asked for anybody in particular.
    const fn names_a_caller(&self) -> bool {
        self.caller.is_some() || self.caller_sha256.is_some()
    }

    fn is_of(&self, who: &Arriving) -> bool {
        let by_number = self.caller.is_some() && self.caller == who.caller;
        by_number || (self.caller_sha256.is_some() && self.caller_sha256 == who.caller_sha256)
    }

    /// Whether another caller than it was asked for shows a number.
    fn is_of_another(&self, who: &Arriving) -> bool {
        self.names_a_caller() && who.caller.is_some() && !self.is_of(who)
    }

    /// Whether the call can be for it, should its time not be over.
    fn could_be(&self, who: &Arriving) -> bool {
        self.is_of(who) || (self.alone && !self.is_of_another(who))
    }
}

/// For which of the bids of a number a call is. They are those that nobody has called yet, the newest first.
#[must_use]
pub fn arrives(bids: &[GivenBid], who: &Arriving) -> Arrives {
    if let Some(named) = who.named {
        // What is named is meant, and no other.
        return match bids.iter().position(|bid| bid.id == named) {
            Some(place) if bids[place].is_of_another(who) => {
                Arrives::Not(place, ReasonCode::PingMismatch)
            }
            Some(place) => in_time(bids, place, who),
            None => Arrives::Plain,
        };
    }
    let of_caller = |bid: &GivenBid| bid.is_of(who) && bid.holds(who.at);
    let of_number = |bid: &GivenBid| bid.could_be(who) && bid.holds(who.at);
    let for_nobody_else = |bid: &GivenBid| bid.could_be(who);
    let of_another = |bid: &GivenBid| bid.alone && bid.holds(who.at);
    let find = |test: &dyn Fn(&GivenBid) -> bool| bids.iter().position(test);
    if let Some(place) = find(&of_caller).or_else(|| find(&of_number)) {
        return Arrives::For(place);
    }
    if let Some(place) = find(&for_nobody_else) {
        return Arrives::Not(place, ReasonCode::Expired);
    }
    match find(&of_another) {
        Some(place) => Arrives::Not(place, ReasonCode::PingMismatch),
        None => Arrives::Plain,
    }
}

fn in_time(bids: &[GivenBid], place: usize, who: &Arriving) -> Arrives {
    if bids[place].holds(who.at) {
        Arrives::For(place)
    } else {
        Arrives::Not(place, ReasonCode::Expired)
    }
}
