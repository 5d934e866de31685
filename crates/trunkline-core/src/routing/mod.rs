//! Station **routing**: who could take a call or a lead, on which terms, in which order, and why the others could not.
//!
//! Main verb: [`plan()`], `(routes, offer, availability, turns, now, chance) -> Plan`. It looks at every contract once,
//! writes down for each whether it could take the opportunity or the first rule that stopped it, and puts those that could
//! into an order of attempts. Nothing is reserved here: caps, places and balances come as [`Availability`], and the
//! transaction that reserves decides. An auction is planned as one attempt; [`Auction`] turns its bids into a result.

mod auction;
mod caps;
mod compliance;
pub mod delivery;
mod document;
mod duplicates;
mod eligible;
mod facts;
mod feed;
mod feed_document;
mod filter;
mod gate;
mod lists;
mod plan;
mod price;
mod reason;
mod recordings;
mod reserve;
mod routes;
mod select;
mod terms;
#[cfg(test)]
mod tests;
mod text;
mod trace;
mod tree;
mod versions;

pub use auction::{
    ARRIVAL_GRACE_MS, AUCTION_MS_MAX, Arrives, Arriving, Auction, AuctionResult, AuctionRules,
    AuctionTerms, Bid, BidOutcome, Change, GivenBid, LEGS_MAX, MODIFIERS_MAX, Modifier, NextBid,
    Pays, Sale, arrives, read_amount,
};
pub use caps::{
    Adds, CAP_DEPTH_MAX, CAPS_MAX, Cap, CapTake, CapUnit, CapUse, CapWindow, Counted, Counter,
    Counting, Limit, Live, NoRoom, Pace, Pacing, Period, Places, ROLLING_SLICES, SLICE_MS,
    SliceUse, Slot, SlotTake, SlotUse, Window, pace, room, takes,
};
pub use compliance::{COMPLIANCE_LISTS_MAX, Compliance, ComplianceRefusal, ComplianceRules};
pub use document::{Decimal, Problem};
pub use duplicates::{
    Claim, Comer, DUPLICATE_RULES_MAX, DuplicateAction, DuplicateAfter, DuplicateRule,
    DuplicateScope, Earlier, Past, Person, PersonField, Repeat, Taker, problems_of_duplicates,
    repeat,
};
pub use eligible::{Availability, Balance, Offer};
pub use facts::{Clock, Facts, Field, Known, OpportunityKind, Sha256, parse_sha256, zip_digits};
pub use feed::{FeedTerms, LetIn};
pub use feed_document::{
    ArrivalMismatch, FeedDocument, FeedParties, PingRules, RATE_PER_MINUTE_MAX, RateLimit,
};
pub use filter::{
    DEPTH_MAX, FailedTest, FieldTest, Filter, HEAVY_MAX, LIST_MAX, REGEX_BYTES_MAX, Sieve,
    TESTS_MAX, TEXT_MAX, TagTest, ValueTest, ZipWithin,
};
pub use gate::{Coming, Gate, GateRefusal};
pub use lists::{
    BAD_ITEMS_MAX, BadItem, ITEM_BYTES_MAX, ITEMS_MAX, ItemKind, ItemList, ListError, Shelf, ZipMap,
};
pub use plan::{Attempt, Plan, Turn, TurnChange, Turns, plan};
pub use price::{
    After, BaseAndBonus, Before, Charge, MostPrice, PRICE_RULES_MAX, PerMinute, PriceBook,
    PriceRule, PriceRules, Quote, Rate, TIERS_MAX, TimeTier, VolumeTier,
};
pub use reason::ReasonCode;
pub use recordings::{KEEP_DAYS_MAX, Keep, Kept, RecordingRules, kept};
pub use reserve::{
    AttemptOutcome, Came, Moved, PlaceOwner, Progress, SlotMove, Stage, Took, TookSlot, advance,
    begin,
};
pub use routes::Routes;
pub use select::{
    Method, Order, Performance, PerformanceMode, PerformanceRules, Seat, TierTurn, order,
};
pub use terms::{
    ContractTerms, DeliveryKind, Effective, Layer, Layers, Level, PRIORITY_MAX, Parties, Payment,
    WEIGHT_MAX,
};
pub use trace::{Outcome, Owner, Refusal, TraceLine};
pub use tree::{
    ATTEMPTS_MAX, CONTRACTS_MAX, GROUP_DEPTH_MAX, GROUPS_MAX, Group, Member, MemberOf, PLAN_SCHEMA,
    PlanThings, RoutePlan,
};
pub use versions::{TermsKind, Version, VersionState, Versions};
