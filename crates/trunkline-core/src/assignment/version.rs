//! What one version of a site publishes: the numbers to swap, where and when, and how sources are named.
//!
//! A document: drafts and past versions are stored as its JSON.

use serde::{Deserialize, Serialize};

use super::{Site, SwapSettings, SwapTarget};
use crate::base::Timestamp;
use crate::visitor::SourceRules;

/// The part of a site that is drafted, published and rolled back as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteContent {
    /// The numbers printed on its pages, in order.
    #[serde(with = "targets")]
    pub targets: Vec<SwapTarget>,
    /// Where and when they are swapped.
    pub swap: SwapSettings,
    /// What its owner adds to the rules that name sources.
    pub source_rules: SourceRules,
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteVersion {
    /// The configuration version it was published as.
    pub version: i64,
    /// When.
    pub published_at: Timestamp,
    /// What.
    pub content: SiteContent,
}

impl SiteContent {
    /// What a site has published.
    #[must_use]
    pub fn of(site: &Site) -> Self {
        Self {
            targets: site.targets.clone(),
            swap: site.swap.clone(),
            source_rules: site.source_rules.clone(),
        }
    }

    /// What a site works on: its draft, or what is published when there is none.
    #[must_use]
    pub fn worked_on(site: &Site) -> Self {
        site.draft
            .as_deref()
            .cloned()
            .unwrap_or_else(|| Self::of(site))
    }

    /// The site as it would be with this content published.
    #[must_use]
    pub fn applied(self, site: &Site) -> Site {
        Site {
            targets: self.targets,
            swap: self.swap,
            source_rules: self.source_rules,
            draft: None,
            ..site.clone()
        }
    }
}

/// Targets with their ids and numbers as texts.
mod targets {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::SwapTarget;
    use crate::base::PhoneNumber;
    use crate::base::id::SwapTargetId;

    #[derive(Serialize, Deserialize)]
    struct Written {
        id: String,
        label: String,
        number: String,
    }

    pub(super) fn serialize<S: Serializer>(
        targets: &[SwapTarget],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(targets.iter().map(|target| Written {
            id: target.id.to_string(),
            label: target.label.clone(),
            number: target.number.to_string(),
        }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<SwapTarget>, D::Error> {
        let written = Vec::<Written>::deserialize(from)?;
        let read = |one: Written| {
            Ok(SwapTarget {
                id: SwapTargetId::parse(&one.id).map_err(D::Error::custom)?,
                label: one.label,
                number: PhoneNumber::parse_e164(&one.number).map_err(D::Error::custom)?,
            })
        };
        written.into_iter().map(read).collect()
    }
}
