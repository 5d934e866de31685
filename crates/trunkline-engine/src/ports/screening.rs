//! What accounts say about screening, and what is known of a caller when one calls.

use async_trait::async_trait;
use trunkline_core::base::id::{AccountId, ScreeningEntryId};
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::call::screening::{EarlierTalks, ListEntry, ScreeningSettings};

use super::PortResult;

/// How many calls screening stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScreeningCounts {
    /// Refused.
    pub refused: i64,
    /// Asked to press a key.
    pub challenged: i64,
    /// Did not press it.
    pub challenge_failed: i64,
}

/// Everything that is set up of screening, at one moment.
#[derive(Debug, Clone, Default)]
pub struct AllScreening {
    /// Settings of the accounts that changed theirs.
    pub settings: Vec<(AccountId, ScreeningSettings)>,
    /// All entries of all lists.
    pub entries: Vec<ListEntry>,
}

/// Reads and changes what is set up of screening.
#[async_trait]
pub trait ScreeningRecords: Send + Sync {
    /// Everything.
    async fn load_screening(&self) -> PortResult<AllScreening>;
    /// Inserts or replaces the settings of an account.
    async fn put_screening(
        &self,
        account: AccountId,
        settings: &ScreeningSettings,
    ) -> PortResult<()>;
    /// Inserts an entry in the place of the one of the same caller, on whichever list that is.
    async fn put_entry(&self, entry: &ListEntry) -> PortResult<()>;
    /// Removes an entry of an account; answers whether there was one.
    async fn delete_entry(&self, account: AccountId, id: ScreeningEntryId) -> PortResult<bool>;
    /// The latest calls of a caller to an account before a moment: how many were answered and soon over, and when the
    /// last one came that was talked for `known_talk_ms`, or that a person said the caller of. Blocked calls are none.
    async fn earlier_talks(
        &self,
        account: AccountId,
        caller: PhoneNumber,
        before: Timestamp,
        known_talk_ms: i64,
    ) -> PortResult<EarlierTalks>;
    /// How many calls of an account were stopped since a moment.
    async fn screening_counts(
        &self,
        account: AccountId,
        since: Timestamp,
    ) -> PortResult<ScreeningCounts>;
}
