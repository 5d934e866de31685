//! Who uses what: a document uses a list or a contract when it has a problem without it, and a campaign the lists of people
//! who must not be sold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use trunkline_core::base::id::{CampaignId, ContractId, ItemListId};
use trunkline_core::routing::{ComplianceRefusal, Problem, Shelf, TermsKind};

use super::market::{CampaignEntry, Market};
use crate::ports::distribution::{TermsDocument, TermsOf};

/// Most users that a message names.
const NAMED_MAX: usize = 5;
/// With what the id of a list begins where a document names it.
const LIST_ID: &str = "\"list_";
/// Letters of the id of a list.
const LIST_ID_LETTERS: usize = 18;

/// What a list is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListRole {
    /// People on it asked not to be called.
    DoNotCall,
    /// People on it are known to sue.
    Litigators,
    /// Filters, suppressions, caps or prices name it.
    Terms,
}

impl ListRole {
    /// The shown word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::DoNotCall => "do_not_call",
            Self::Litigators => "litigators",
            Self::Terms => "terms",
        }
    }
}

/// Somebody who uses a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListUse {
    /// For what.
    pub role: ListRole,
    /// Who, in words.
    pub by: String,
}

impl Market {
    /// The campaign whose route plan has an id.
    pub(super) fn campaign_of_plan(&self, of: TermsOf) -> Option<&CampaignEntry> {
        let mut campaigns = self.campaigns.values();
        campaigns.find(|c| c.campaign.plan.raw() == of.id && of.kind == TermsKind::Plan)
    }

    /// Whether something with terms is of this account.
    #[must_use]
    pub fn has(&self, of: TermsOf) -> bool {
        of == self.account.into() || self.name(of).is_some()
    }

    /// Something with terms in words; `None` when it is not of this account.
    pub(super) fn name(&self, of: TermsOf) -> Option<String> {
        use trunkline_core::base::Id;
        let found = match of.kind {
            TermsKind::Account => {
                (of.id == self.account.raw()).then(|| "the terms of the account".to_owned())?
            }
            TermsKind::Campaign => {
                let name = &self.campaigns.get(&Id::from_raw(of.id))?.campaign.name;
                format!("the campaign `{name}`")
            }
            TermsKind::Feed => {
                let feed = &self.feeds.get(&Id::from_raw(of.id))?.feed;
                let publisher = self.publishers.get(&feed.publisher)?;
                let campaign = &self.campaigns.get(&feed.campaign)?.campaign;
                let (publisher, campaign) = (&publisher.name, &campaign.name);
                format!("the feed of `{publisher}` for `{campaign}`")
            }
            TermsKind::Buyer => {
                format!(
                    "the buyer `{}`",
                    self.buyers.get(&Id::from_raw(of.id))?.name
                )
            }
            TermsKind::Destination => {
                let name = &self.destinations.get(&Id::from_raw(of.id))?.name;
                format!("the destination `{name}`")
            }
            TermsKind::Contract => {
                let name = &self.contracts.get(&Id::from_raw(of.id))?.contract.name;
                format!("the contract `{name}`")
            }
            TermsKind::Plan => {
                let name = &self.campaign_of_plan(of)?.campaign.name;
                format!("the route plan of the campaign `{name}`")
            }
        };
        Some(found)
    }

    /// Whether something with terms is put away.
    fn is_put_away(&self, of: TermsOf) -> bool {
        use trunkline_core::base::Id;
        let archived = match of.kind {
            TermsKind::Account => None,
            TermsKind::Campaign => self
                .campaigns
                .get(&Id::from_raw(of.id))
                .and_then(|c| c.campaign.archived_at),
            TermsKind::Feed => self
                .feeds
                .get(&Id::from_raw(of.id))
                .and_then(|f| f.feed.archived_at),
            TermsKind::Buyer => self
                .buyers
                .get(&Id::from_raw(of.id))
                .and_then(|b| b.archived_at),
            TermsKind::Destination => self
                .destinations
                .get(&Id::from_raw(of.id))
                .and_then(|d| d.archived_at),
            TermsKind::Contract => self
                .contracts
                .get(&Id::from_raw(of.id))
                .and_then(|c| c.contract.archived_at),
            TermsKind::Plan => self
                .campaign_of_plan(of)
                .and_then(|c| c.campaign.archived_at),
        };
        archived.is_some()
    }

    /// Everything that keeps a document of something from being used, with these lists and without this contract.
    pub(super) fn problems(
        &self,
        of: TermsOf,
        document: &TermsDocument,
        shelf: &Shelf,
        without: Option<ContractId>,
    ) -> Vec<Problem> {
        match document {
            TermsDocument::Layer(layer) => layer.problems(shelf),
            TermsDocument::Feed(feed) => feed.problems(shelf),
            TermsDocument::Plan(plan) => {
                let campaign = self.campaign_of_plan(of).map(|c| c.campaign.id);
                let mut contracts = self.contracts_of(campaign);
                contracts.retain(|id, _| Some(*id) != without);
                plan.problems(&self.plan_things(&contracts, shelf))
            }
        }
    }

    fn contracts_of(
        &self,
        campaign: Option<CampaignId>,
    ) -> BTreeMap<ContractId, Arc<trunkline_core::routing::ContractTerms>> {
        let offers = campaign.and_then(|id| self.offers.get(&id));
        offers.cloned().unwrap_or_default()
    }

    /// Who uses a list, in words. What is put away uses nothing but the lists of people who must not be sold: a campaign
    /// that is taken out again stands where it stood.
    pub(super) fn users_of_list(&self, list: ItemListId) -> Vec<String> {
        let mut shelf = self.shelf.clone();
        shelf.lists.remove(&list);
        let mut users = self.compliance_with(list);
        users.extend(self.broken(&shelf, None));
        users
    }

    /// The campaigns that sell nobody who is on a list, in words.
    fn compliance_with(&self, list: ItemListId) -> Vec<String> {
        let campaigns = self.campaigns.values().map(|entry| &entry.campaign);
        let own = campaigns.filter(|c| c.compliance.lists().any(|(id, _)| id == list));
        own.map(|c| format!("the compliance of the campaign `{}`", c.name))
            .collect()
    }

    /// What lists are used for. What is put away is left out.
    #[must_use]
    pub fn list_uses(&self) -> BTreeMap<ItemListId, BTreeSet<ListUse>> {
        let mut uses: BTreeMap<ItemListId, BTreeSet<ListUse>> = BTreeMap::new();
        let campaigns = self.campaigns.values().map(|entry| &entry.campaign);
        for campaign in campaigns.filter(|c| c.archived_at.is_none()) {
            for (list, refusal) in campaign.compliance.lists() {
                let role = match refusal {
                    ComplianceRefusal::DoNotCall(_) => ListRole::DoNotCall,
                    ComplianceRefusal::Litigator(_) => ListRole::Litigators,
                    ComplianceRefusal::AttestationLow { .. } => continue,
                };
                let by = format!("the campaign {}", campaign.name);
                uses.entry(list).or_default().insert(ListUse { role, by });
            }
        }
        for version in self.all_terms().filter(|v| !self.is_put_away(v.of)) {
            let Some(name) = self.name(version.of) else {
                continue;
            };
            for list in lists_in(&version.document) {
                let (role, by) = (ListRole::Terms, name.replace('`', ""));
                uses.entry(list).or_default().insert(ListUse { role, by });
            }
        }
        uses
    }

    /// Which route plans name a contract, in words.
    pub(super) fn plans_with(&self, contract: ContractId) -> Vec<String> {
        self.broken(&self.shelf, Some(contract))
    }

    fn broken(&self, shelf: &Shelf, without: Option<ContractId>) -> Vec<String> {
        let in_use = self.all_terms().filter(|v| !self.is_put_away(v.of));
        let broken = in_use.filter(|v| {
            let only_plans = without.is_none() || v.of.kind == TermsKind::Plan;
            only_plans && !self.problems(v.of, &v.document, shelf, without).is_empty()
        });
        let mut names: Vec<String> = broken.filter_map(|v| self.name(v.of)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// The lists that a document names anywhere, as it is written.
fn lists_in(document: &TermsDocument) -> BTreeSet<ItemListId> {
    let text = match document {
        TermsDocument::Layer(layer) => serde_json::to_string(layer.as_ref()),
        TermsDocument::Feed(feed) => serde_json::to_string(feed.as_ref()),
        TermsDocument::Plan(plan) => serde_json::to_string(plan.as_ref()),
    };
    let text = text.unwrap_or_default();
    let found = text.match_indices(LIST_ID).filter_map(|(place, _)| {
        let id = text.get(place + 1..=place + LIST_ID_LETTERS)?;
        ItemListId::parse(id).ok()
    });
    found.collect()
}

/// Names of users for a message.
pub(super) fn named(users: &[String]) -> String {
    let shown = users.get(..NAMED_MAX).unwrap_or(users).join(", ");
    match users.len().saturating_sub(NAMED_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
