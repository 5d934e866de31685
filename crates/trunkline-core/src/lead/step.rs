//! One step of a lead's way: `(run, event, rules, now) -> run`, or why the event changes nothing.
//!
//! Whatever comes twice (a post, a buyer's answer, a tick) leaves the run as it is. A lead never has more buyers than it
//! may, and never two of a company. A buyer who did not answer counts as having it until the ambiguity is over.

use super::accept::Lead;
use super::ping::changed_field;
use super::queue::{QueueRules, Waits};
use super::refusal::RefusalCode;
use super::run::{Leg, LegState, PingOffer, Post, Run, RunState};
use crate::base::id::{BuyerId, ContractId};
use crate::base::{Money, Timestamp};

/// How long an answer to a ping may be valid, in milliseconds.
pub const PING_MS: std::ops::RangeInclusive<i64> = 10_000..=600_000;
/// When the publisher must have an answer to a post, in milliseconds.
pub const ANSWER_MS: i64 = 15_000;
/// How long a buyer who did not answer a post may have the lead, in milliseconds.
pub const AMBIGUOUS_MS: i64 = 30_000;
/// Most buyers who may share a lead.
pub const LEGS_MAX: u8 = 10;
/// Most times that a lead is sent, over all rounds.
const SENT_MAX: usize = 200;

/// What holds for the way of a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleRules {
    /// When the publisher must have an answer to a post, in milliseconds.
    pub answer_ms: i64,
    /// How long a buyer who did not answer may have the lead, in milliseconds.
    pub ambiguous_ms: i64,
    /// How leads that nobody took wait; they do not when there is none.
    pub queue: Option<QueueRules>,
}

impl Default for SaleRules {
    fn default() -> Self {
        Self {
            answer_ms: ANSWER_MS,
            ambiguous_ms: AMBIGUOUS_MS,
            queue: None,
        }
    }
}

/// What happened to a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Its ping is answered with a price.
    Bid {
        /// What the publisher is promised.
        quoted: Option<Money>,
        /// How long that is valid, in milliseconds; brought into [`PING_MS`].
        valid_ms: i64,
    },
    /// Nobody bids on its ping.
    NoBid,
    /// It is posted.
    Posted(Box<Lead>),
    /// Its fields, consent and person are being looked at.
    Validating,
    /// It is refused.
    Refused,
    /// It is good, and offered among so many buyers.
    Selling {
        /// At most; brought into 1 to [`LEGS_MAX`].
        legs_max: u8,
    },
    /// It is about to be sent to a buyer. Recorded before it is.
    Sending {
        /// By which contract.
        contract: ContractId,
        /// The buyer that stands for the company.
        company: BuyerId,
    },
    /// The buyer took it, at once or after a time without an answer.
    Took(ContractId),
    /// The buyer refused it, or says that it never came.
    Declined(ContractId),
    /// No answer came in time, or the server went down in between.
    NoAnswer(ContractId),
    /// There is nobody left to be asked.
    NobodyLeft,
    /// It waited and is offered again.
    Again,
    /// A return of the buyer was approved.
    Returned(ContractId),
    /// Time went on.
    Tick,
}

/// Why an event changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepRefusal {
    /// The post differs from its ping, or from what was posted before.
    #[error("the field `{field}` is not what it was before")]
    Changed {
        /// The first field, by name.
        field: String,
    },
    /// The ping is not valid any more.
    #[error("the ping was valid until {0:?}")]
    Expired(Timestamp),
    /// It does not happen where the lead stands.
    #[error("that does not happen to a lead that is {}", .0.word())]
    NotNow(RunState),
    /// The contract was sent it already.
    #[error("it was sent to {0} already")]
    SentAlready(ContractId),
    /// The company was sent it already.
    #[error("the company of {0} was sent it already")]
    SameCompany(BuyerId),
    /// As many buyers as may have it have it, or are being asked.
    #[error("{0} buyers may have it, and so many do or are being asked")]
    Full(u8),
    /// Somebody may have it who did not answer.
    #[error("a buyer who did not answer may have it until {0:?}")]
    StillUnknown(Timestamp),
    /// Somebody is being asked.
    #[error("a buyer is being asked")]
    StillSending,
    /// The buyer took it after it was sold to others. Somebody must settle that with the buyer.
    #[error("{0} took it after it was sold to others")]
    SoldElsewhere(ContractId),
    /// Nobody sent it to this contract.
    #[error("it was never sent to {0}")]
    NeverSent(ContractId),
    /// The contract gave another answer before.
    #[error("{0} gave another answer before")]
    AnsweredBefore(ContractId),
    /// It waits until then.
    #[error("it waits until {0:?}")]
    TooEarly(Timestamp),
    /// It was sent as often as anything is.
    #[error("it was sent {SENT_MAX} times, which is the most")]
    SentTooOften,
}

impl StepRefusal {
    /// The code for the publisher; `None` where it is not about what they sent.
    #[must_use]
    pub const fn code(&self) -> Option<RefusalCode> {
        match self {
            Self::Changed { .. } => Some(RefusalCode::PingMismatch),
            Self::Expired(_) => Some(RefusalCode::Expired),
            _ => None,
        }
    }
}

/// What becomes of a lead by an event.
///
/// # Errors
/// When the event changes nothing because it cannot be; the run stays as it is.
pub fn step(
    run: &Run,
    event: Event,
    rules: &SaleRules,
    now: Timestamp,
) -> Result<Run, StepRefusal> {
    let mut run = run.clone();
    match event {
        Event::Bid { quoted, valid_ms } => run.bid(quoted, valid_ms, now)?,
        Event::NoBid => run.go(&[RunState::PingReceived], RunState::PingRejected)?,
        Event::Posted(lead) => run.post(*lead, now)?,
        Event::Validating => run.go(&[RunState::Posted], RunState::Validating)?,
        Event::Refused => run.go(
            &[RunState::Posted, RunState::Validating],
            RunState::Rejected,
        )?,
        Event::Selling { legs_max } => {
            run.go(&[RunState::Validating], RunState::Selling)?;
            run.legs_max = legs_max.clamp(1, LEGS_MAX);
        }
        Event::Sending { contract, company } => run.send(contract, company, now)?,
        Event::Took(contract) => run.took(contract, now)?,
        Event::Declined(contract) => run.declined(contract)?,
        Event::NoAnswer(contract) => run.no_answer(contract, rules, now)?,
        Event::NobodyLeft => run.nobody_left(rules, now)?,
        Event::Again => run.again(rules, now)?,
        Event::Returned(contract) => run.returned(contract, now)?,
        Event::Tick => run.tick(rules, now),
    }
    Ok(run)
}

impl Run {
    fn go(&mut self, from: &[RunState], to: RunState) -> Result<(), StepRefusal> {
        if !from.contains(&self.state) {
            return Err(StepRefusal::NotNow(self.state));
        }
        self.state = to;
        Ok(())
    }

    fn bid(
        &mut self,
        quoted: Option<Money>,
        valid_ms: i64,
        now: Timestamp,
    ) -> Result<(), StepRefusal> {
        self.go(&[RunState::PingReceived], RunState::PingAccepted)?;
        let valid_ms = valid_ms.clamp(*PING_MS.start(), *PING_MS.end());
        if let Some(ping) = &mut self.ping {
            ping.offer = Some(PingOffer {
                quoted,
                expires_at: now.plus_millis(valid_ms),
            });
        }
        Ok(())
    }

    fn post(&mut self, lead: Lead, now: Timestamp) -> Result<(), StepRefusal> {
        if let Some(post) = &self.post {
            // The same again gets the same answer, however late it comes.
            let changed =
                changed_field(&post.lead, &lead).or_else(|| changed_field(&lead, &post.lead));
            return match changed {
                Some(field) => Err(StepRefusal::Changed { field }),
                None => Ok(()),
            };
        }
        let offer = self.ping.as_ref().and_then(|ping| ping.offer);
        let (Some(ping), Some(offer), RunState::PingAccepted) = (&self.ping, offer, self.state)
        else {
            return Err(StepRefusal::NotNow(self.state));
        };
        if now >= offer.expires_at {
            return Err(StepRefusal::Expired(offer.expires_at));
        }
        if let Some(field) = changed_field(&ping.lead, &lead) {
            return Err(StepRefusal::Changed { field });
        }
        self.state = RunState::Posted;
        self.post = Some(Post { lead, at: now });
        Ok(())
    }

    fn round(&self) -> u16 {
        self.waits.map_or(0, |waits| waits.tries)
    }

    fn send(
        &mut self,
        contract: ContractId,
        company: BuyerId,
        now: Timestamp,
    ) -> Result<(), StepRefusal> {
        if self.state != RunState::Selling {
            return Err(StepRefusal::NotNow(self.state));
        }
        if self.legs.len() >= SENT_MAX {
            return Err(StepRefusal::SentTooOften);
        }
        let round = self.round();
        for leg in &self.legs {
            // Who refused it may be asked again after it waited.
            let refused = leg.state == LegState::Rejected;
            if leg.contract == contract && !(refused && leg.round < round) {
                return Err(StepRefusal::SentAlready(contract));
            }
            if leg.company == company && !refused {
                return Err(StepRefusal::SameCompany(company));
            }
        }
        let taken = self.legs.iter().filter(|leg| match leg.state {
            LegState::Sending { .. } | LegState::Accepted { .. } => true,
            LegState::Unknown { until } => now < until,
            LegState::Rejected | LegState::Returned { .. } => false,
        });
        if taken.count() >= usize::from(self.legs_max) {
            return Err(match self.unknown_until(now) {
                Some(until) => StepRefusal::StillUnknown(until),
                None => StepRefusal::Full(self.legs_max),
            });
        }
        self.legs.push(Leg {
            contract,
            company,
            round,
            state: LegState::Sending { since: now },
        });
        Ok(())
    }

    /// The latest time that the contract was sent it.
    fn leg(&mut self, contract: ContractId) -> Result<&mut Leg, StepRefusal> {
        let found = self
            .legs
            .iter_mut()
            .rev()
            .find(|leg| leg.contract == contract);
        found.ok_or(StepRefusal::NeverSent(contract))
    }

    fn took(&mut self, contract: ContractId, now: Timestamp) -> Result<(), StepRefusal> {
        let full = self.accepted() >= usize::from(self.legs_max);
        let leg = self.leg(contract)?;
        match leg.state {
            LegState::Accepted { .. } | LegState::Returned { .. } => return Ok(()),
            LegState::Rejected => return Err(StepRefusal::AnsweredBefore(contract)),
            LegState::Sending { .. } | LegState::Unknown { .. } if full => {
                return Err(StepRefusal::SoldElsewhere(contract));
            }
            LegState::Sending { .. } | LegState::Unknown { .. } => {
                leg.state = LegState::Accepted { at: now };
            }
        }
        let all = self.accepted() >= usize::from(self.legs_max);
        let over = matches!(self.state, RunState::Queued | RunState::Unsold);
        if all || over {
            self.state = RunState::Sold;
        }
        Ok(())
    }

    fn declined(&mut self, contract: ContractId) -> Result<(), StepRefusal> {
        let leg = self.leg(contract)?;
        match leg.state {
            LegState::Rejected => {}
            LegState::Sending { .. } | LegState::Unknown { .. } => leg.state = LegState::Rejected,
            LegState::Accepted { .. } | LegState::Returned { .. } => {
                return Err(StepRefusal::AnsweredBefore(contract));
            }
        }
        Ok(())
    }

    fn no_answer(
        &mut self,
        contract: ContractId,
        rules: &SaleRules,
        now: Timestamp,
    ) -> Result<(), StepRefusal> {
        let leg = self.leg(contract)?;
        match leg.state {
            LegState::Sending { .. } => {
                let until = now.plus_millis(rules.ambiguous_ms);
                leg.state = LegState::Unknown { until };
                Ok(())
            }
            LegState::Unknown { .. } => Ok(()),
            LegState::Accepted { .. } | LegState::Rejected | LegState::Returned { .. } => {
                Err(StepRefusal::AnsweredBefore(contract))
            }
        }
    }

    fn nobody_left(&mut self, rules: &SaleRules, now: Timestamp) -> Result<(), StepRefusal> {
        if self.state != RunState::Selling {
            return Err(StepRefusal::NotNow(self.state));
        }
        let sending = |leg: &Leg| matches!(leg.state, LegState::Sending { .. });
        if self.legs.iter().any(sending) {
            return Err(StepRefusal::StillSending);
        }
        if let Some(until) = self.unknown_until(now) {
            return Err(StepRefusal::StillUnknown(until));
        }
        if self.accepted() > 0 {
            self.state = RunState::Sold;
            return Ok(());
        }
        let posted_at = self.post.as_ref().map_or(now, |post| post.at);
        let waits = rules
            .queue
            .and_then(|queue| queue.next(posted_at, self.round(), now));
        match waits {
            Some(waits) => {
                self.waits = Some(waits);
                self.state = RunState::Queued;
            }
            None => self.state = RunState::Unsold,
        }
        Ok(())
    }

    fn again(&mut self, rules: &SaleRules, now: Timestamp) -> Result<(), StepRefusal> {
        let (RunState::Queued, Some(waits)) = (self.state, self.waits) else {
            return Err(StepRefusal::NotNow(self.state));
        };
        if now < waits.next_at {
            return Err(StepRefusal::TooEarly(waits.next_at));
        }
        if self.is_too_old(rules, now) {
            self.state = RunState::Unsold;
            return Ok(());
        }
        self.waits = Some(Waits {
            tries: waits.tries.saturating_add(1),
            ..waits
        });
        self.state = RunState::Selling;
        Ok(())
    }

    fn is_too_old(&self, rules: &SaleRules, now: Timestamp) -> bool {
        let posted_at = self.post.as_ref().map_or(now, |post| post.at);
        rules
            .queue
            .is_none_or(|queue| queue.is_too_old(posted_at, now))
    }

    fn returned(&mut self, contract: ContractId, now: Timestamp) -> Result<(), StepRefusal> {
        if !matches!(self.state, RunState::Sold | RunState::Returned) {
            return Err(StepRefusal::NotNow(self.state));
        }
        let leg = self.leg(contract)?;
        match leg.state {
            LegState::Accepted { .. } => leg.state = LegState::Returned { at: now },
            LegState::Returned { .. } => return Ok(()),
            LegState::Sending { .. } | LegState::Unknown { .. } | LegState::Rejected => {
                return Err(StepRefusal::AnsweredBefore(contract));
            }
        }
        self.state = RunState::Returned;
        Ok(())
    }

    fn tick(&mut self, rules: &SaleRules, now: Timestamp) {
        let open = matches!(
            self.state,
            RunState::Posted | RunState::Validating | RunState::Selling
        );
        let waited = self
            .post
            .as_ref()
            .map_or(0, |post| now.millis_since(post.at));
        if open && self.accepted() == 0 && waited >= rules.answer_ms {
            self.pending = true;
        }
        if self.state == RunState::Queued && self.is_too_old(rules, now) {
            self.state = RunState::Unsold;
        }
    }
}
