//! How long recordings are kept: as the account says, unless the campaigns that handled the call say otherwise. The longest of
//! them wins, so that nothing is deleted that one of them still needs.

use serde::{Deserialize, Serialize};

use super::document::{Problem, Problems};

/// Longest time recordings may be kept by a rule, in days.
pub const KEEP_DAYS_MAX: u32 = 3_650;

/// How long the recordings of a campaign's calls are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// As long as the account keeps those of other calls.
    #[default]
    AsAccount,
    /// So many days, whatever the account says.
    Days(u32),
    /// Until somebody deletes them, whatever the account says.
    ForEver,
}

/// What a campaign says of the recordings of its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordingRules {
    /// How long they are kept.
    pub keep: Keep,
}

/// How long one recording is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept<C> {
    /// Until somebody deletes it.
    ForEver,
    /// So many days from its beginning.
    Days {
        /// How many.
        days: u32,
        /// The campaign that says so; `None` for the account.
        says: Option<C>,
    },
}

impl RecordingRules {
    /// Everything that keeps the rules from meaning what they say.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Problems::default();
        if let Keep::Days(days) = self.keep
            && !(1..=KEEP_DAYS_MAX).contains(&days)
        {
            let message = format!(
                "{days} days cannot be kept to; write 1 to {KEEP_DAYS_MAX}, or `for_ever` to keep recordings until \
                 somebody deletes them"
            );
            found.add("keep.days", message);
        }
        found.0
    }
}

/// How long a recording is kept of a call that went through these campaigns, in this order. Without a campaign the days of the
/// account count, `None` for ever; with campaigns the longest of what they say, each as the account where it says so. Of
/// equals the first is named.
pub fn kept<C>(account: Option<u32>, campaigns: impl IntoIterator<Item = (C, Keep)>) -> Kept<C> {
    let by_account = || match account {
        Some(days) => Kept::Days { days, says: None },
        None => Kept::ForEver,
    };
    let each = campaigns.into_iter().map(|(campaign, keep)| match keep {
        Keep::AsAccount => by_account(),
        Keep::ForEver => Kept::ForEver,
        Keep::Days(days) => Kept::Days {
            days,
            says: Some(campaign),
        },
    });
    let longer = |first: Kept<C>, second: Kept<C>| {
        if second.days() > first.days() {
            second
        } else {
            first
        }
    };
    each.reduce(longer).unwrap_or_else(by_account)
}

impl<C> Kept<C> {
    /// In days, more than any number for ever.
    fn days(&self) -> u64 {
        match self {
            Self::ForEver => u64::MAX,
            Self::Days { days, .. } => u64::from(*days),
        }
    }
}

impl<C: AsRef<str>> Kept<C> {
    /// Why a recording that is over its time was deleted, as it stands behind "deleted"; `None` when it never is. Campaigns
    /// are given by their names.
    #[must_use]
    pub fn because(&self) -> Option<String> {
        let Self::Days { days, says } = self else {
            return None;
        };
        let unit = if *days == 1 { "day" } else { "days" };
        Some(match says {
            Some(campaign) => {
                let name = campaign.as_ref();
                format!("after {days} {unit}, as the campaign {name} says")
            }
            None => format!("after {days} {unit}, as the account says"),
        })
    }
}
