//! A store of routing and books that is away.

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{
    AccountId, BuyerId, CallId, CampaignId, ContractId, OpportunityId, PostingId, ReservationId,
};
use trunkline_core::ledger::{Hold, Party, Posting, PostingKey, Subject};
use trunkline_core::routing::{Past, Performance, Person, Turns};
use trunkline_engine::ports::books::{BookBalance, BookedBefore, Discrepancy, Settlement, Stored};
use trunkline_engine::ports::routing::{
    AttemptRow, Opportunity, OpportunityFilter, OpportunityRecord, Reservation, Reserve, Reserved,
    Stepped, Stock,
};
use trunkline_engine::ports::{Books, Opportunities, PortError, PortResult, Reservations};

/// Answers nothing, and knows of nothing that is open.
pub(crate) struct AwayStore;

fn away<T>() -> PortResult<T> {
    Err(PortError::Unavailable("it is away".to_owned()))
}

#[async_trait]
impl Reservations for AwayStore {
    async fn reserve(&self, _: &Reserve) -> PortResult<Reserved> {
        away()
    }
    async fn offer(&self, _: ReservationId, _: Timestamp) -> PortResult<Stepped> {
        away()
    }
    async fn connect(&self, _: ReservationId, _: Timestamp) -> PortResult<Stepped> {
        away()
    }
    async fn release(&self, _: ReservationId, _: Timestamp) -> PortResult<Stepped> {
        away()
    }
    async fn renew(&self, _: ReservationId, _: Timestamp, _: Timestamp) -> PortResult<bool> {
        away()
    }
    async fn expire(&self, _: Timestamp, _: u32) -> PortResult<u32> {
        away()
    }
    async fn reservation(&self, _: ReservationId) -> PortResult<Option<Reservation>> {
        away()
    }
    async fn reservations(&self, _: OpportunityId) -> PortResult<Vec<Reservation>> {
        away()
    }
    async fn stock(&self, _: AccountId, _: Timestamp, _: Timestamp) -> PortResult<Stock> {
        away()
    }
    async fn turns(&self, _: CampaignId) -> PortResult<Turns> {
        away()
    }
}

#[async_trait]
impl Opportunities for AwayStore {
    async fn put_opportunity(&self, _: &OpportunityRecord) -> PortResult<()> {
        away()
    }
    async fn put_attempts(&self, _: &[AttemptRow]) -> PortResult<()> {
        away()
    }
    async fn opportunity(
        &self,
        _: AccountId,
        _: OpportunityId,
    ) -> PortResult<Option<OpportunityRecord>> {
        away()
    }
    async fn opportunities_of_call(&self, _: AccountId, _: CallId) -> PortResult<Vec<Opportunity>> {
        Ok(Vec::new())
    }
    async fn open_calls(&self) -> PortResult<Vec<(AccountId, CallId)>> {
        Ok(Vec::new())
    }
    async fn opportunities(&self, _: &OpportunityFilter) -> PortResult<Vec<Opportunity>> {
        away()
    }
    async fn attempts(&self, _: OpportunityId) -> PortResult<Vec<AttemptRow>> {
        away()
    }
    async fn past(&self, _: AccountId, _: &Person, _: u32) -> PortResult<Vec<Past>> {
        away()
    }
    async fn performance(&self, _: ContractId, _: u32) -> PortResult<Performance> {
        away()
    }
}

#[async_trait]
impl Books for AwayStore {
    async fn booked_before(&self, _: AccountId, _: &[Subject]) -> PortResult<BookedBefore> {
        away()
    }
    async fn posting(
        &self,
        _: AccountId,
        _: PostingKey,
    ) -> PortResult<Option<(Posting, Option<Subject>)>> {
        away()
    }
    async fn book(&self, _: AccountId, _: &Settlement, _: Timestamp) -> PortResult<Stored> {
        away()
    }
    async fn balances(&self, _: AccountId) -> PortResult<Vec<BookBalance>> {
        away()
    }
    async fn postings_of(
        &self,
        _: AccountId,
        _: Party,
        _: Option<PostingId>,
        _: u32,
    ) -> PortResult<Vec<(PostingId, Posting)>> {
        away()
    }
    async fn holds(&self, _: AccountId, _: BuyerId) -> PortResult<Vec<Hold>> {
        away()
    }
    async fn verify(&self, _: AccountId) -> PortResult<Vec<Discrepancy>> {
        away()
    }
}
