//! A feed's own terms: whether anything of it is looked at, before any contract is asked.

use super::caps::{Adds, Limit, room};
use super::duplicates::{DuplicateAction, DuplicateRule, Earlier};
use super::gate::{Coming, GateRefusal};
use super::price::PriceBook;
use crate::base::id::{CampaignId, FeedId, PublisherId};
use crate::base::{Money, Schedule};

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

/// What a feed's opportunity is let in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LetIn {
    /// The publisher is not paid for it, because the person came before.
    pub unpaid: Option<Earlier>,
    /// The call flow goes along its way for duplicates.
    pub flow: Option<Earlier>,
}

impl FeedTerms {
    /// Whether the feed takes what comes: its hours, its caps, and people who came before, in this order.
    pub(super) fn takes(&self, coming: &Coming<'_>) -> Result<LetIn, GateRefusal> {
        let hours = self.schedule.as_ref();
        if hours.is_some_and(|schedule| !schedule.is_open(coming.now)) {
            return Err(GateRefusal::Closed);
        }
        let adds = Adds {
            revenue: 0,
            payout: coming.payout.map_or(0, Money::micros),
        };
        room(&self.limits, coming.facts, coming.uses, adds).map_err(GateRefusal::Capped)?;
        let mut let_in = LetIn::default();
        for (place, rule) in self.duplicates.iter().enumerate() {
            let Some(earlier) = rule.find(coming.comer, None, coming.past, coming.now) else {
                continue;
            };
            match rule.action {
                DuplicateAction::Unpaid => let_in.unpaid = let_in.unpaid.or(Some(earlier)),
                DuplicateAction::Flow => let_in.flow = let_in.flow.or(Some(earlier)),
                DuplicateAction::Block | DuplicateAction::Skip | DuplicateAction::OtherBuyer => {
                    let rule = u16::try_from(place).unwrap_or(u16::MAX);
                    return Err(GateRefusal::Duplicate { rule, earlier });
                }
            }
        }
        Ok(let_in)
    }
}
