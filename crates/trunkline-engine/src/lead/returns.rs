//! Leads that buyers give back: asked for within the terms of the campaign, granted at once where our own data proves it,
//! decided by a person otherwise. What a return does to money is booked when it is settled with the buyer.

use std::sync::Arc;

use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, BuyerId, ContractId, OpportunityId, UserId};
use trunkline_core::lead::{
    Event, LegState, ReturnEvent, ReturnReason, ReturnRefusal, ReturnState, step,
};
use trunkline_core::routing::{CapWindow, Person};

use super::desk::{LeadDesk, TRIES_MAX};
use super::sell::with;
use crate::ports::leads::{LeadChange, LeadEventKind, LeadRow, LeadStored, ReturnRow};
use crate::ports::{PortError, PortResult};

/// How much of a person's past is looked at for a proof.
const PAST_MAX: u32 = 200;

/// A return that is asked for.
#[derive(Debug, Clone)]
pub struct ReturnAsk {
    /// The lead.
    pub lead: OpportunityId,
    /// By which contract the buyer had it.
    pub contract: ContractId,
    /// Why.
    pub reason: ReturnReason,
    /// What the buyer says.
    pub note: String,
}

/// What a person decides.
#[derive(Debug, Clone)]
pub struct ReturnDecision {
    /// The lead.
    pub lead: OpportunityId,
    /// The contract.
    pub contract: ContractId,
    /// What.
    pub what: ReturnEvent,
    /// Why, for the buyer.
    pub answer: String,
    /// Who; `None` for a key.
    pub by: Option<UserId>,
}

/// Why a return was not asked for or decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReturnError {
    /// There is no such lead in the account.
    #[error("there is no such lead")]
    NoLead,
    /// The buyer of this contract does not have it.
    #[error("the buyer of this contract does not have the lead")]
    NotTheirs,
    /// It was asked for before.
    #[error("the return was asked for before, and is {}", .0.word())]
    AskedBefore(ReturnState),
    /// Nobody asked for it.
    #[error("nobody asked for this return")]
    NotAsked,
    /// The terms do not allow it.
    #[error(transparent)]
    Refused(#[from] ReturnRefusal),
    /// Others changed it all the time.
    #[error("others changed the lead all the time")]
    Moved,
    /// The store failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl LeadDesk {
    async fn of_account(
        &self,
        account: AccountId,
        id: OpportunityId,
    ) -> Result<LeadRow, ReturnError> {
        let row = self.leads.lead(id).await?;
        row.filter(|row| row.account == account)
            .ok_or(ReturnError::NoLead)
    }

    /// Asks for a return.
    ///
    /// # Errors
    /// When the buyer does not have the lead, the terms do not allow it, or it was asked for before.
    pub async fn ask_return(
        self: &Arc<Self>,
        account: AccountId,
        ask: &ReturnAsk,
    ) -> Result<ReturnRow, ReturnError> {
        for _ in 0..TRIES_MAX {
            let row = self.of_account(account, ask.lead).await?;
            let before = self.leads.lead_return(ask.lead, ask.contract).await?;
            if let Some(before) = before {
                return Err(ReturnError::AskedBefore(before.of.state));
            }
            let legs = row.run.legs.iter().zip(&row.legs);
            let mut had = legs.filter(|(leg, _)| leg.contract == ask.contract);
            let accepted = had.find_map(|(leg, facts)| match leg.state {
                LegState::Accepted { at } => Some((at, facts.buyer)),
                _ => None,
            });
            let (sold_at, buyer) = accepted.ok_or(ReturnError::NotTheirs)?;
            let now = self.moment.now();
            let proved = self.is_proved(&row, ask, buyer, sold_at).await?;
            let used = self
                .leads
                .return_use(account, buyer, self.month(&row, now))
                .await?;
            let rules = self.return_rules(&row);
            let of = rules.ask(ask.reason, proved, sold_at, used, now)?;
            let back = ReturnRow {
                lead: ask.lead,
                contract: ask.contract,
                account,
                buyer,
                of,
                note: ask.note.clone(),
                proved,
                decided_by: None,
                decided_at: (of.state == ReturnState::AutoApproved).then_some(now),
                answer: String::new(),
            };
            let granted = of.state == ReturnState::AutoApproved;
            let kind = LeadEventKind::ReturnAsked;
            let change = self.returned(row, ask.contract, kind, granted, ask.reason.word(), now);
            let stored = self.leads.put_return(&back, None, Some(&change)).await?;
            if stored == LeadStored::Yes {
                return Ok(back);
            }
        }
        Err(ReturnError::Moved)
    }

    /// Decides a return. The same decision again changes nothing.
    ///
    /// # Errors
    /// When nobody asked for it, or it is decided already.
    pub async fn decide_return(
        self: &Arc<Self>,
        account: AccountId,
        decision: &ReturnDecision,
    ) -> Result<ReturnRow, ReturnError> {
        for _ in 0..TRIES_MAX {
            let row = self.of_account(account, decision.lead).await?;
            let asked = self.leads.lead_return(decision.lead, decision.contract);
            let before = asked.await?.ok_or(ReturnError::NotAsked)?;
            let of = before.of.step(decision.what)?;
            if of == before.of {
                return Ok(before);
            }
            let now = self.moment.now();
            let granted = of.state == ReturnState::Approved;
            let kind = LeadEventKind::ReturnDecided;
            let told = of.state.word();
            let change = self.returned(row, decision.contract, kind, granted, told, now);
            let was = before.of.state;
            let after = ReturnRow {
                of,
                decided_by: decision.by,
                decided_at: Some(now),
                answer: decision.answer.clone(),
                ..before
            };
            let stored = self.leads.put_return(&after, Some(was), Some(&change));
            if stored.await? == LeadStored::Yes {
                return Ok(after);
            }
        }
        Err(ReturnError::Moved)
    }

    /// The lead with what happened, given back when it was granted.
    fn returned(
        &self,
        row: LeadRow,
        contract: ContractId,
        kind: LeadEventKind,
        granted: bool,
        told: &str,
        now: Timestamp,
    ) -> LeadChange {
        let rules = self.rules_of(&row);
        let run = match step(&row.run, Event::Returned(contract), &rules, now) {
            Ok(run) if granted => run,
            // One that is shared and still offered stays as it is; the return is decided all the same.
            Ok(_) | Err(_) => row.run.clone(),
        };
        let mut change = LeadChange::new(LeadRow {
            run,
            changed_at: now,
            ..row
        });
        change.events.push(with(now, kind, contract, told));
        change
    }

    fn return_rules(&self, row: &LeadRow) -> trunkline_core::lead::ReturnRules {
        let market = self.directory.markets().of(row.account);
        let campaign = market.as_ref().and_then(|m| m.campaign(row.campaign));
        campaign.map_or_else(Default::default, |c| c.campaign.leads.returns.clone())
    }

    fn month(&self, row: &LeadRow, now: Timestamp) -> Timestamp {
        let directory = self.directory.peek();
        let zone = directory.account(row.account).map(|a| a.zone.clone());
        zone.map_or(now, |zone| CapWindow::month(zone).at(now).from)
    }

    /// Whether our own data proves the reason: only that the buyer had the same person before can be.
    async fn is_proved(
        &self,
        row: &LeadRow,
        ask: &ReturnAsk,
        buyer: BuyerId,
        sold_at: Timestamp,
    ) -> PortResult<bool> {
        if ask.reason != ReturnReason::Duplicate {
            return Ok(false);
        }
        let Some(post) = &row.run.post else {
            return Ok(false);
        };
        let person = Person {
            phone: post.lead.phone,
            phone_sha256: post.lead.phone_sha256,
            email_sha256: post.lead.email_sha256,
        };
        let past = self
            .opportunities
            .past(row.account, &person, PAST_MAX)
            .await?;
        Ok(past.iter().any(|past| {
            past.opportunity != row.id
                && past.at < sold_at
                && past.connected
                && past.to.is_some_and(|to| to.buyer == buyer)
        }))
    }
}
