//! Whether an opportunity is let in before any contract is asked: when it comes, when it is read back after a crash, and when
//! the call of a bid has come, of whose caller more is known than of the ping.

use std::sync::Arc;

use trunkline_core::base::Timestamp;
use trunkline_core::base::id::IdMap;
use trunkline_core::routing::{
    Comer, Coming, Compliance, Counted, Gate, GateRefusal, LetIn, Past, ReasonCode,
};

use super::planned::Planned;

impl Planned {
    /// Whether anything of the feed or the campaign is looked at; what stops it is noted.
    pub(super) fn let_in(
        &mut self,
        comer: &Comer,
        past: &[Past],
        counted: &Counted,
        now: Timestamp,
    ) -> Result<(), ReasonCode> {
        let campaign = self.market.campaign(comer.campaign);
        let compliance = campaign.map(|campaign| Arc::clone(&campaign.compliance));
        let compliance = compliance.unwrap_or_default();
        match self.at_gate(&compliance, comer, past, counted, now) {
            Ok(let_in) => {
                self.let_in = let_in;
                Ok(())
            }
            Err(refusal) => {
                if let GateRefusal::Compliance(by) = refusal {
                    self.record.stopped_by = Some(by);
                }
                Err(refusal.reason())
            }
        }
    }

    /// What it was let in with when it came: caps have moved since, and so have lists, and neither matters.
    pub(super) fn recall_let_in(&mut self, comer: &Comer, past: &[Past], came_at: Timestamp) {
        let nothing = Compliance::default();
        let again = self.at_gate(&nothing, comer, past, &Counted::default(), came_at);
        self.let_in = again.unwrap_or_default();
    }

    fn at_gate(
        &self,
        compliance: &Compliance,
        comer: &Comer,
        past: &[Past],
        counted: &Counted,
        now: Timestamp,
    ) -> Result<LetIn, GateRefusal> {
        let feed = self.feed.as_deref();
        let campaign = self.market.campaign(comer.campaign);
        let gate = Gate {
            feed,
            campaign_paused: feed.is_none() && campaign.is_some_and(|c| c.campaign.paused),
            compliance,
        };
        let mut uses = IdMap::default();
        if let Some(feed) = feed {
            let hours = feed.schedule.as_ref();
            counted.uses(&feed.limits, feed.feed, hours, now, &mut uses);
        }
        gate.lets_in(&Coming {
            facts: &self.facts(),
            comer,
            unwanted: self.unwanted,
            past,
            uses: &uses,
            payout: self.payout(None),
            now,
        })
    }

    /// Whether the caller who came for a bid may be sold: who it is and what is vouched for may be known only now.
    pub(super) fn may_be_sold(&mut self) -> Result<(), ReasonCode> {
        let campaign = self.market.campaign(self.record.opportunity.campaign);
        let Some(compliance) = campaign.map(|campaign| Arc::clone(&campaign.compliance)) else {
            return Ok(());
        };
        let person = self.record.opportunity.person;
        let allowed = compliance.allows(&self.facts(), &person);
        allowed.map_err(|by| {
            self.record.stopped_by = Some(by);
            by.reason()
        })
    }
}
