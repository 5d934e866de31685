//! What is set up of distribution: the things (`things`), what they say in every version (`terms`), and lists with their
//! items (`lists`). The secrets of endpoints lie sealed (`secrets`).

pub(crate) mod lists;
pub(crate) mod secrets;
pub(crate) mod terms;
pub(crate) mod things;

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, ItemListId};
use trunkline_engine::ports::PortResult;
use trunkline_engine::ports::distribution::{
    AllDistribution, DestinationSecrets, DistributionRecords, ListRow, TermsChange, TermsOf,
    TermsVersion, ThingChange,
};

use crate::Store;

#[async_trait]
impl DistributionRecords for Store {
    async fn load_distribution(&self, account: AccountId) -> PortResult<AllDistribution> {
        let things = self.load_things(account).await?;
        Ok(AllDistribution {
            lists: self.load_lists(account).await?,
            secrets: self.load_secrets(account).await?,
            terms: self.load_terms(account).await?,
            ..things
        })
    }

    async fn put_thing(&self, thing: &ThingChange, first: Option<&TermsVersion>) -> PortResult<()> {
        self.store_thing(thing, first).await
    }

    async fn put_secrets(&self, secrets: &DestinationSecrets, at: Timestamp) -> PortResult<()> {
        self.store_secrets(secrets, at).await
    }

    async fn change_terms(&self, change: &TermsChange) -> PortResult<()> {
        self.store_terms(change).await
    }

    async fn withdraw_terms(&self, of: TermsOf, version: u32) -> PortResult<bool> {
        self.give_up_terms(of, version).await
    }

    async fn go_live(&self, of: TermsOf, version: u32, at: Timestamp) -> PortResult<bool> {
        self.put_in_force(of, version, at).await
    }

    async fn terms_versions(
        &self,
        of: TermsOf,
        below: Option<u32>,
        limit: u32,
    ) -> PortResult<Vec<TermsVersion>> {
        self.list_terms(of, below, limit).await
    }

    async fn terms_version(&self, of: TermsOf, version: u32) -> PortResult<Option<TermsVersion>> {
        self.one_terms(of, version).await
    }

    async fn put_list(&self, list: &ListRow) -> PortResult<()> {
        self.store_list(list).await
    }

    async fn add_list_parts(
        &self,
        list: ItemListId,
        revision: i64,
        first: i64,
        parts: &[String],
    ) -> PortResult<()> {
        self.store_parts(list, revision, first, parts).await
    }

    async fn fill_list(&self, list: &ListRow) -> PortResult<()> {
        self.make_revision_count(list).await
    }

    async fn tidy_list(&self, list: ItemListId, counts: i64) -> PortResult<u64> {
        self.remove_old_parts(list, counts).await
    }

    async fn list_part(
        &self,
        list: ItemListId,
        revision: i64,
        from: i64,
    ) -> PortResult<Option<(i64, String)>> {
        self.next_part(list, revision, from).await
    }

    async fn delete_list(&self, account: AccountId, list: ItemListId) -> PortResult<bool> {
        self.remove_list(account, list).await
    }
}
