//! The books as they are stored: postings that are never changed, what each book comes to, and holds.
//!
//! What is booked for a call or a lead follows from its history, so [`Books::book`] says which history it was decided by;
//! when that has grown meanwhile, nothing is stored and the caller decides again. `trunkline_engine::ledger` does.

use async_trait::async_trait;
use trunkline_core::base::id::{
    AccountId, BuyerId, ContractId, FeedId, OpportunityId, PostingId, ReservationId,
};
use trunkline_core::base::{Money, Timestamp};
use trunkline_core::ledger::{Book, Hold, Party, Posting, PostingKey, Reported, Subject};
use trunkline_core::routing::{Came, Taker};

use super::PortResult;
use super::calls::CallChange;
use super::leads::LeadChange;
use super::outbox::OutboxEvent;
use super::routing::{AttemptRow, OpportunityRecord};

/// What was booked for calls and leads before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BookedBefore {
    /// The postings and the corrections of them, in the order in which they were booked.
    pub postings: Vec<Posting>,
    /// What buyers reported and was counted.
    pub reports: Vec<Reported>,
    /// Which history this is.
    pub seen: Vec<Seen>,
}

/// How often something was booked for a call or a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Which.
    pub subject: Subject,
    /// How often.
    pub times: i64,
}

/// What becomes of a reservation with what is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was sold, for so much.
    Settled(Came),
    /// It was not.
    Released,
}

/// That a month's count goes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sold {
    /// A contract was billed for one more.
    Contract(ContractId),
    /// A feed is paid for one more.
    Feed(FeedId),
}

/// Everything that is stored when something came to money: all of it or nothing.
#[derive(Debug, Clone, Default)]
pub struct Settlement {
    /// The history that it was decided by; each of these counts one more.
    pub seen: Vec<Seen>,
    /// What is booked.
    pub postings: Vec<(PostingId, Posting)>,
    /// What a buyer reported, and is counted.
    pub report: Option<(Subject, Reported)>,
    /// Reservations that end. One that is over already stays as it is.
    pub reservations: Vec<(ReservationId, Ending)>,
    /// Counts that go up, for the month that began then.
    pub sold: Vec<(Sold, Timestamp)>,
    /// Who was billed for the person: a late report makes it so too.
    pub billable: Vec<(OpportunityId, Taker)>,
    /// The call as it ended.
    pub call: Option<Box<CallChange>>,
    /// The lead as it becomes.
    pub lead: Option<Box<LeadChange>>,
    /// The opportunity as it ended.
    pub opportunity: Option<Box<OpportunityRecord>>,
    /// Attempts as they ended.
    pub attempts: Vec<AttemptRow>,
    /// What is to be told outside.
    pub outbox: Vec<OutboxEvent>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is stored.
    Yes,
    /// The history has grown since it was read, and nothing is stored: read it and decide again.
    Moved,
    /// One of the postings is booked already, for nothing of the history: nothing is to be done.
    Already(PostingKey),
}

/// What is on a book of a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookBalance {
    /// The book.
    pub book: Book,
    /// Whose.
    pub party: Party,
    /// The sum of its entries: above 0 on the debit side.
    pub amount: Money,
    /// What holds set aside of it.
    pub held: Money,
}

/// What does not add up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Discrepancy {
    /// Entries of a posting do not come to nothing.
    Posting(PostingId, i64),
    /// A balance is not the sum of its entries, or what it sets aside not the sum of its holds.
    Balance {
        /// The book, by its word and its party's.
        book: String,
        /// As stored: amount and held.
        stored: (i64, i64),
        /// As added up.
        added_up: (i64, i64),
    },
    /// A counter is not the sum of what reservations took.
    Counter {
        /// Which, for people.
        name: String,
        /// As stored: used and reserved, or legs and bids.
        stored: (i64, i64),
        /// As added up.
        added_up: (i64, i64),
    },
}

/// The books.
#[async_trait]
pub trait Books: Send + Sync {
    /// What was booked for calls and leads before, and what corrected it.
    async fn booked_before(
        &self,
        account: AccountId,
        subjects: &[Subject],
    ) -> PortResult<BookedBefore>;
    /// The posting of a key, and the call or lead that it is about.
    async fn posting(
        &self,
        account: AccountId,
        key: PostingKey,
    ) -> PortResult<Option<(Posting, Option<Subject>)>>;
    /// Stores everything, or nothing.
    async fn book(
        &self,
        account: AccountId,
        settlement: &Settlement,
        at: Timestamp,
    ) -> PortResult<Stored>;
    /// Every book of an account that has something on it, in the order of books and parties.
    async fn balances(&self, account: AccountId) -> PortResult<Vec<BookBalance>>;
    /// The postings with an entry of a party, the newest first: those before `before`.
    async fn postings_of(
        &self,
        account: AccountId,
        party: Party,
        before: Option<PostingId>,
        limit: u32,
    ) -> PortResult<Vec<(PostingId, Posting)>>;
    /// Holds of a buyer that are placed, in the order in which they were.
    async fn holds(&self, account: AccountId, buyer: BuyerId) -> PortResult<Vec<Hold>>;
    /// Everything in an account that does not add up: entries, balances, holds and counters.
    async fn verify(&self, account: AccountId) -> PortResult<Vec<Discrepancy>>;
}
