//! What a feed says, as people write it: when it is open, how much it may send, what its publisher is paid, and how its
//! pings are answered.

use serde::{Deserialize, Serialize};

use super::auction::AUCTION_MS_MAX;
use super::caps::{Cap, ids_of, problems_of_all};
use super::document::{Decimal, Problem, Problems};
use super::duplicates::{DuplicateRule, problems_of_duplicates};
use super::feed::FeedTerms;
use super::lists::Shelf;
use super::price::PriceRules;
use crate::base::id::{CampaignId, CapId, FeedId, PublisherId};
use crate::base::{Currency, Schedule, words};

/// Most requests of a feed in a minute, and at once.
pub const RATE_PER_MINUTE_MAX: u32 = 1_000_000;

words! {
    /// What becomes of a call that does not keep what its bid was given for: it comes late, or from another caller.
    ArrivalMismatch {
        /// It is routed as a call without a bid.
        Ordinary = "ordinary",
        /// It is refused.
        Reject = "reject",
    }
}

/// How many requests a feed may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// In a minute, over time.
    pub per_minute: u32,
    /// At once; a minute's worth when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
}

/// How a feed's pings are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PingRules {
    /// How long a lead's ping can be followed by its post, in seconds.
    pub ping_valid_s: u32,
    /// How long a bid for a call holds, in seconds.
    pub bid_valid_s: u32,
    /// How long an auction may take, in milliseconds.
    pub deadline_ms: u32,
    /// The publisher is offered nothing below this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bid_min: Option<Decimal>,
    /// What becomes of a call that does not keep what its bid was given for.
    pub on_mismatch: ArrivalMismatch,
}

impl Default for PingRules {
    fn default() -> Self {
        Self {
            ping_valid_s: 60,
            bid_valid_s: 30,
            deadline_ms: 1_500,
            bid_min: None,
            on_mismatch: ArrivalMismatch::Ordinary,
        }
    }
}

/// What a feed says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedDocument {
    /// Nothing is taken while it is set.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// When it is open; always when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Its caps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Cap>,
    /// What the publisher is paid; nothing when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payout: Option<PriceRules>,
    /// What happens with people whom the campaign had before; what the campaign says when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<Vec<DuplicateRule>>,
    /// How many requests it may send; the server's own limit when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<RateLimit>,
    /// How its pings are answered.
    #[serde(skip_serializing_if = "is_usual")]
    pub pings: PingRules,
}

fn is_usual(pings: &PingRules) -> bool {
    *pings == PingRules::default()
}

/// Whose document it is, and what others say of the feed.
#[derive(Debug, Clone, Copy)]
pub struct FeedParties<'a> {
    /// The feed.
    pub feed: FeedId,
    /// Who sends it.
    pub publisher: PublisherId,
    /// What it is for.
    pub campaign: CampaignId,
    /// Which version of its document this is.
    pub version: u32,
    /// Whether somebody paused the feed.
    pub paused: bool,
    /// Whether its campaign is paused.
    pub campaign_paused: bool,
    /// What the campaign says of people it had before.
    pub campaign_duplicates: &'a [DuplicateRule],
}

impl FeedDocument {
    /// The ids of its caps, nested ones included.
    #[must_use]
    pub fn cap_ids(&self) -> Vec<CapId> {
        ids_of(&self.caps)
    }

    /// Everything that keeps the document from being used.
    #[must_use]
    pub fn problems(&self, shelf: &Shelf) -> Vec<Problem> {
        let mut found = Problems::default();
        for problem in self.schedule.iter().flat_map(Schedule::problems) {
            found.add("schedule", problem);
        }
        found.within("", problems_of_all(&self.caps, shelf));
        if let Some(payout) = &self.payout {
            found.within("payout", payout.problems(shelf));
        }
        let rules = self.duplicates.as_deref().unwrap_or_default();
        found.within("", problems_of_duplicates(rules));
        if let Some(rate) = self.rate {
            let allowed = 1..=RATE_PER_MINUTE_MAX;
            for (place, value) in [
                ("rate.per_minute", Some(rate.per_minute)),
                ("rate.burst", rate.burst),
            ] {
                if let Some(value) = value.filter(|value| !allowed.contains(value)) {
                    let message =
                        format!("{value} is out of range; write 1 to {RATE_PER_MINUTE_MAX}");
                    found.add(place, message);
                }
            }
        }
        self.pings.check(&mut found);
        found.0
    }

    /// Makes the document ready.
    ///
    /// # Errors
    /// With its problems, when it has any.
    pub fn compile(
        &self,
        of: &FeedParties<'_>,
        shelf: &Shelf,
        currency: Currency,
    ) -> Result<FeedTerms, Vec<Problem>> {
        let problems = self.problems(shelf);
        if !problems.is_empty() {
            return Err(problems);
        }
        let limits: Result<Vec<_>, _> = self.caps.iter().map(|c| c.compile(shelf)).collect();
        let payout = self.payout.as_ref().map(|p| p.compile(shelf, currency));
        let duplicates = self.duplicates.as_deref().unwrap_or(of.campaign_duplicates);
        Ok(FeedTerms {
            feed: of.feed,
            publisher: of.publisher,
            campaign: of.campaign,
            version: of.version,
            paused: self.paused || of.paused,
            campaign_paused: of.campaign_paused,
            schedule: self.schedule.clone(),
            limits: limits?.into(),
            payout: payout.transpose()?,
            duplicates: duplicates.into(),
        })
    }
}

impl PingRules {
    fn check(&self, found: &mut Problems) {
        for (place, value, least, most) in [
            ("pings.ping_valid_s", self.ping_valid_s, 10, 600),
            ("pings.bid_valid_s", self.bid_valid_s, 5, 300),
            ("pings.deadline_ms", self.deadline_ms, 100, AUCTION_MS_MAX),
        ] {
            if !(least..=most).contains(&value) {
                let message = format!("{value} is out of range; write {least} to {most}");
                found.add(place, message);
            }
        }
        if let Some(least) = self.bid_min.filter(|least| *least < Decimal::default()) {
            let message = format!("{least} is below zero; write an amount from 0 on");
            found.add("pings.bid_min", message);
        }
    }
}
