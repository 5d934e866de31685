//! A feed's own terms: whether anything of it is looked at, before any contract is asked.

use super::caps::{Adds, CapUse, Limit, NoRoom, room};
use super::duplicates::{Comer, DuplicateAction, DuplicateRule, Earlier, Past};
use super::facts::Facts;
use super::price::PriceBook;
use super::reason::ReasonCode;
use crate::base::id::{CampaignId, CapKind, FeedId, IdMap, PublisherId};
use crate::base::{Money, Schedule, Timestamp};

/// A feed with its campaign, made ready.
#[derive(Debug, Clone)]
pub struct FeedTerms {
    /// The feed.
    pub feed: FeedId,
    /// Who sends it.
    pub publisher: PublisherId,
    /// What it is for.
    pub campaign: CampaignId,
    /// Which version of its terms these are.
    pub version: u32,
    /// Whether the feed is paused.
    pub paused: bool,
    /// Whether its campaign is paused.
    pub campaign_paused: bool,
    /// When it is open; always when there is none.
    pub schedule: Option<Schedule>,
    /// Its caps.
    pub limits: Box<[Limit]>,
    /// What the publisher is paid.
    pub payout: Option<PriceBook>,
    /// What happens with people whom the campaign had before.
    pub duplicates: Box<[DuplicateRule]>,
}

/// Why a feed's opportunity is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedRefusal {
    /// The feed is paused.
    FeedPaused,
    /// The campaign is paused.
    CampaignPaused,
    /// It is closed.
    Closed,
    /// A cap is reached.
    Capped(NoRoom),
    /// The campaign had the person before.
    Duplicate {
        /// Which rule, from 0.
        rule: u16,
        /// When.
        earlier: Earlier,
    },
}

impl FeedRefusal {
    /// Its code.
    #[must_use]
    pub const fn reason(&self) -> ReasonCode {
        match self {
            Self::FeedPaused => ReasonCode::FeedPaused,
            Self::CampaignPaused => ReasonCode::CampaignPaused,
            Self::Closed => ReasonCode::FeedClosed,
            Self::Capped(_) => ReasonCode::FeedCapped,
            Self::Duplicate { .. } => ReasonCode::Duplicate,
        }
    }
}

/// What a feed's opportunity is let in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LetIn {
    /// The publisher is not paid for it, because the person came before.
    pub unpaid: Option<Earlier>,
    /// The call flow goes along its way for duplicates.
    pub flow: Option<Earlier>,
}

impl FeedTerms {
    /// Whether an opportunity of the feed is looked at: active, schedule, caps, duplicates, in this order. `payout` is the
    /// most that the publisher may come to be paid.
    ///
    /// # Errors
    /// The first rule that stops it.
    pub fn lets_in(
        &self,
        facts: &Facts<'_>,
        comer: &Comer,
        past: &[Past],
        uses: &IdMap<CapKind, CapUse>,
        payout: Option<Money>,
        now: Timestamp,
    ) -> Result<LetIn, FeedRefusal> {
        if self.paused {
            return Err(FeedRefusal::FeedPaused);
        }
        if self.campaign_paused {
            return Err(FeedRefusal::CampaignPaused);
        }
        if self
            .schedule
            .as_ref()
            .is_some_and(|schedule| !schedule.is_open(now))
        {
            return Err(FeedRefusal::Closed);
        }
        let adds = Adds {
            revenue: 0,
            payout: payout.map_or(0, Money::micros),
        };
        room(&self.limits, facts, uses, adds).map_err(FeedRefusal::Capped)?;
        let mut let_in = LetIn::default();
        for (place, rule) in self.duplicates.iter().enumerate() {
            let Some(earlier) = rule.find(comer, None, past, now) else {
                continue;
            };
            match rule.action {
                DuplicateAction::Unpaid => let_in.unpaid = let_in.unpaid.or(Some(earlier)),
                DuplicateAction::Flow => let_in.flow = let_in.flow.or(Some(earlier)),
                DuplicateAction::Block | DuplicateAction::Skip | DuplicateAction::OtherBuyer => {
                    let rule = u16::try_from(place).unwrap_or(u16::MAX);
                    return Err(FeedRefusal::Duplicate { rule, earlier });
                }
            }
        }
        Ok(let_in)
    }
}
