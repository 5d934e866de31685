//! What a campaign of a trade begins with: its fields, a call flow that qualifies callers, filters, terms and rules about
//! duplicates. Each is a document beside this file, whole and valid as it is, and its owner changes what they like.
//!
//! The documents are handed on as they are written; whoever speaks JSON reads them into a [`Vertical`].

#[cfg(test)]
mod tests;

use serde::Deserialize;
use trunkline_core::base::id::{CampaignId, CapId};
use trunkline_core::call::flow::{FlowDocument, NodeKind};
use trunkline_core::lead::{ConsentRules, FieldDocument};
use trunkline_core::routing::{Cap, DuplicateRule, Filter, Layer};

/// A document as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerticalText {
    /// Its word, as campaigns keep it.
    pub id: &'static str,
    /// A [`Vertical`] in JSON.
    pub json: &'static str,
}

macro_rules! verticals {
    ($($id:literal),* $(,)?) => {
        /// Every vertical, in the order in which people are offered them.
        pub const VERTICALS: &[VerticalText] = &[
            $(VerticalText { id: $id, json: include_str!(concat!($id, ".json")) }),*
        ];
    };
}

verticals![
    "legal_injury",
    "legal_mass_tort",
    "insurance_auto",
    "insurance_health",
    "mortgage",
    "solar",
    "home_services",
];

/// The document of a vertical; `None` when there is none of that word.
#[must_use]
pub fn vertical(id: &str) -> Option<VerticalText> {
    VERTICALS.iter().find(|text| text.id == id).copied()
}

/// What a campaign of a trade begins with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vertical {
    /// Its word.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// Who its callers and leads are, for people.
    pub sentence: String,
    /// The fields of its leads.
    pub fields: FieldDocument,
    /// What is asked of their consent.
    pub consent: ConsentRules,
    /// A flow that qualifies callers; its route node is to name the campaign.
    pub flow: FlowDocument,
    /// Filters for contracts to choose from.
    pub filters: Vec<NamedFilter>,
    /// Terms of the campaign; its caps are to get ids of their own.
    pub terms: Layer,
    /// What happens with people whom the campaign had before, for its feeds.
    pub feed_duplicates: Vec<DuplicateRule>,
}

/// A filter to choose.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedFilter {
    /// What it lets through, for people.
    pub name: String,
    /// The filter.
    pub filter: Filter,
}

impl Vertical {
    /// The same for one campaign: its flow hands calls on to it, and each cap has an id of its own.
    #[must_use]
    pub fn for_campaign(
        mut self,
        campaign: CampaignId,
        mut new_cap: impl FnMut() -> CapId,
    ) -> Self {
        for node in self.flow.nodes.values_mut() {
            if let NodeKind::Route(route) = &mut node.kind {
                route.campaign = Some(campaign);
            }
        }
        renumber(&mut self.terms.caps, &mut new_cap);
        self
    }
}

fn renumber(caps: &mut [Cap], new_cap: &mut impl FnMut() -> CapId) {
    for cap in caps {
        cap.id = new_cap();
        renumber(&mut cap.caps, new_cap);
    }
}
