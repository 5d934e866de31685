//! What stands before the contracts of a campaign: whether anything of a feed is taken, what the law asks, whom screening
//! refuses, then the feed's hours, caps and people who came before, in this order.

use super::caps::{CapUse, NoRoom};
use super::compliance::{Compliance, ComplianceRefusal};
use super::duplicates::{Comer, Earlier, Past};
use super::facts::Facts;
use super::feed::{FeedTerms, LetIn};
use super::reason::ReasonCode;
use crate::base::id::{CapKind, IdMap};
use crate::base::{Money, Timestamp};

/// What is asked of everything that comes for a campaign.
#[derive(Debug, Clone, Copy)]
pub struct Gate<'a> {
    /// The feed it comes through.
    pub feed: Option<&'a FeedTerms>,
    /// Whether the campaign is paused.
    pub campaign_paused: bool,
    /// What the campaign says of people who must not be sold.
    pub compliance: &'a Compliance,
}

/// What comes.
#[derive(Debug, Clone, Copy)]
pub struct Coming<'a> {
    /// What filters may ask.
    pub facts: &'a Facts<'a>,
    /// Who it is, and how they came.
    pub comer: &'a Comer,
    /// Whether screening would refuse the caller. Whoever called has been screened before.
    pub unwanted: bool,
    /// What is known of the person.
    pub past: &'a [Past],
    /// How much of the feed's caps is used.
    pub uses: &'a IdMap<CapKind, CapUse>,
    /// The most that the publisher may come to be paid.
    pub payout: Option<Money>,
    /// Now.
    pub now: Timestamp,
}

/// Why an opportunity is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateRefusal {
    /// The feed is paused.
    FeedPaused,
    /// The campaign is paused.
    CampaignPaused,
    /// The person must not be sold.
    Compliance(ComplianceRefusal),
    /// Screening would refuse the caller.
    Blocked,
    /// The feed is closed.
    Closed,
    /// A cap of the feed is reached.
    Capped(NoRoom),
    /// The campaign had the person before.
    Duplicate {
        /// Which rule, from 0.
        rule: u16,
        /// When.
        earlier: Earlier,
    },
}

impl GateRefusal {
    /// Its code.
    #[must_use]
    pub const fn reason(&self) -> ReasonCode {
        match self {
            Self::FeedPaused => ReasonCode::FeedPaused,
            Self::CampaignPaused => ReasonCode::CampaignPaused,
            Self::Compliance(refusal) => refusal.reason(),
            Self::Blocked => ReasonCode::Blocked,
            Self::Closed => ReasonCode::FeedClosed,
            Self::Capped(_) => ReasonCode::FeedCapped,
            Self::Duplicate { .. } => ReasonCode::Duplicate,
        }
    }
}

impl Gate<'_> {
    /// Whether an opportunity is looked at.
    ///
    /// # Errors
    /// The first rule that stops it.
    pub fn lets_in(&self, coming: &Coming<'_>) -> Result<LetIn, GateRefusal> {
        if self.feed.is_some_and(|feed| feed.paused) {
            return Err(GateRefusal::FeedPaused);
        }
        if self.campaign_paused || self.feed.is_some_and(|feed| feed.campaign_paused) {
            return Err(GateRefusal::CampaignPaused);
        }
        let allowed = self.compliance.allows(coming.facts, &coming.comer.person);
        allowed.map_err(GateRefusal::Compliance)?;
        if coming.unwanted {
            return Err(GateRefusal::Blocked);
        }
        self.feed
            .map_or(Ok(LetIn::default()), |feed| feed.takes(coming))
    }
}
