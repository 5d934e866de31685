//! Which legs of a call used minutes of a trunk, from their answer to their end, and what each cost by the trunk's rate
//! card of the moment at which it was answered.
//!
//! The desk hears of answers and ends; where a performer's clock is the exact one, its figure takes the place of the
//! desk's. A leg to a SIP address is carried by nobody who is paid for it.

use trunkline_core::base::id::{AccountId, TrunkId};
use trunkline_core::base::{Money, PhoneNumber, Timestamp};
use trunkline_core::call::flow::{Doing, FlowEvent};
use trunkline_core::call::trunk::LegRate;
use trunkline_core::ledger::LEGS_MAX;

use super::active::ActiveCall;
use super::control::{Action, CallEnd};
use crate::directory::Directory;
use crate::ports::calls::{CallCost, CallRow, LegRow};

/// What is known of a leg beside its record, as long as the call is up.
#[derive(Debug)]
pub(super) struct Meter {
    /// The attempt; `None`: the caller's own leg.
    attempt: Option<u32>,
    rate: Option<LegRate>,
    /// When it was connected with the caller.
    connected_at: Option<Timestamp>,
}

/// What a leg of an account costs on a trunk; `None`: nobody knows. A card in another currency than the account's says
/// nothing about it.
pub(super) fn rate_of(
    directory: &Directory,
    account: AccountId,
    trunk: TrunkId,
    to: Option<PhoneNumber>,
) -> Option<LegRate> {
    let currency = directory.account(account)?.currency;
    let rates = directory.profile(trunk)?.settings.rates.as_ref()?;
    let rate = rates.rate_of(to)?;
    (rate.per_minute().currency() == currency).then_some(rate)
}

/// Whether an action answers the caller.
pub(super) const fn answers(action: &Action) -> bool {
    match action {
        Action::Play { .. } | Action::Gather(_) | Action::Voicemail(_) => true,
        Action::Dial(_) | Action::CancelDial { .. } | Action::HangUp { .. } => false,
    }
}

/// Closes and prices the legs of a call of which only the record is left.
pub(super) fn close_left(row: &mut CallRow, directory: &Directory, ended_at: Timestamp) {
    let (account, trunk) = (row.account, row.trunk);
    for leg in &mut row.legs {
        let until = ended_at.millis_since(leg.answered_at).max(0);
        let ms = *leg.connected_ms.get_or_insert(until);
        let rate = rate_of(directory, account, leg.trunk, leg.to);
        leg.cost = rate.and_then(|rate| rate.cost_of(ms).ok());
    }
    add_up(row, rate_of(directory, account, trunk, None));
}

/// Writes what the legs cost into the record. Without a leg, what is known is that the call cost nothing, where callers'
/// legs have a rate.
fn add_up(row: &mut CallRow, callers: Option<LegRate>) {
    let nothing = callers.map(|rate| Money::zero(rate.per_minute().currency()));
    let known = row.legs.iter().filter_map(|leg| leg.cost);
    let Some(zero) = nothing.or_else(|| known.clone().next().map(|c| Money::zero(c.currency())))
    else {
        row.cost = None;
        return;
    };
    let dialled = row.legs.iter().filter(|leg| leg.to.is_some());
    let outbound = dialled
        .filter_map(|leg| leg.cost)
        .try_fold(zero, Money::plus);
    let total = known.into_iter().try_fold(zero, Money::plus);
    row.cost = total
        .ok()
        .zip(outbound.ok())
        .map(|(total, outbound)| CallCost { total, outbound });
}

impl ActiveCall {
    /// A leg is answered: that of an attempt, or the caller's own.
    pub(super) fn leg_answered(
        &mut self,
        directory: &Directory,
        attempt: Option<u32>,
        now: Timestamp,
    ) {
        let known = self.meters.iter().any(|meter| meter.attempt == attempt);
        if known || self.row.synthetic || self.meters.len() >= LEGS_MAX {
            return;
        }
        let (trunk, to) = match attempt {
            None => (self.row.trunk, None),
            Some(attempt) => {
                let dial = self.routes.get(&attempt).map(|route| &route.dial);
                let Some((trunk, to)) = dial.and_then(|d| Some((d.trunk, d.to.number()?))) else {
                    return;
                };
                (trunk, Some(to))
            }
        };
        self.meters.push(Meter {
            attempt,
            rate: rate_of(directory, self.row.account, trunk, to),
            connected_at: None,
        });
        self.row.legs.push(LegRow {
            trunk,
            to,
            answered_at: now,
            connected_ms: None,
            cost: None,
        });
    }

    /// The leg of an attempt is over.
    pub(super) fn leg_over(&mut self, attempt: u32, now: Timestamp) {
        if let Some((leg, _)) = self.leg_of(Some(attempt)) {
            let ms = now.millis_since(leg.answered_at).max(0);
            leg.connected_ms.get_or_insert(ms);
        }
    }

    fn leg_of(&mut self, attempt: Option<u32>) -> Option<(&mut LegRow, &mut Meter)> {
        let metered = self.row.legs.iter_mut().zip(&mut self.meters);
        metered
            .into_iter()
            .find(|(_, meter)| meter.attempt == attempt)
    }

    /// Notes what an event says of legs, before the flow takes it.
    pub(super) fn meter(&mut self, directory: &Directory, event: &FlowEvent, now: Timestamp) {
        match *event {
            FlowEvent::Answered { attempt } | FlowEvent::Accepted { attempt }
                if self.rings(attempt) =>
            {
                self.leg_answered(directory, Some(attempt), now);
            }
            FlowEvent::DialFailed { attempt, .. } => self.leg_over(attempt, now),
            FlowEvent::DestinationHungUp | FlowEvent::NotTaken => {
                if let Doing::Talking { attempt } = self.state.doing {
                    self.leg_over(attempt, now);
                }
            }
            _ => {}
        }
    }

    /// Notes that caller and destination were connected, once the flow has taken the event that says so.
    pub(super) fn meter_talk(&mut self, directory: &Directory, now: Timestamp) {
        if let Doing::Talking { attempt } = self.state.doing {
            self.leg_answered(directory, None, now);
            if let Some((_, meter)) = self.leg_of(Some(attempt)) {
                meter.connected_at.get_or_insert(now);
            }
        }
    }

    /// Closes the legs with the call and prices them.
    pub(super) fn close_legs(&mut self, directory: &Directory, end: &CallEnd) {
        if self.row.synthetic {
            return;
        }
        let ended_at = self.row.ended_at.unwrap_or(end.ended_at);
        let (talk_ms, talks) = (self.row.talk_ms, self.talks);
        let told_ms = end
            .caller_ms
            .map(|ms| i64::try_from(ms).unwrap_or(i64::MAX));
        if let Some(ms) = told_ms.filter(|ms| *ms > 0) {
            self.leg_answered(directory, None, ended_at.plus_millis(-ms));
        }
        for (leg, meter) in self.row.legs.iter_mut().zip(&self.meters) {
            let until_end = ended_at.millis_since(leg.answered_at).max(0);
            let ms = match (meter.attempt, meter.connected_at) {
                // Whoever tells of talks only when they are over tells of the caller's answer too late.
                (None, _) => told_ms.unwrap_or(until_end.max(talk_ms)),
                // The performer's clock is the exact one, where only one destination had the caller.
                (Some(_), Some(at)) if talks == 1 => {
                    let before = at.millis_since(leg.answered_at).max(0);
                    before.saturating_add(talk_ms)
                }
                (Some(_), _) => leg.connected_ms.unwrap_or(until_end),
            };
            leg.connected_ms = Some(ms);
            leg.cost = meter.rate.and_then(|rate| rate.cost_of(ms).ok());
        }
        // It was about to be answered, and was not.
        if told_ms == Some(0) {
            self.row.legs.retain(|leg| leg.to.is_some());
            self.meters.retain(|meter| meter.attempt.is_some());
        }
        let callers = rate_of(directory, self.row.account, self.row.trunk, None);
        add_up(&mut self.row, callers);
    }

    /// What dialled legs cost so far, in micro-units.
    pub(super) fn spent_micros(&self, now: Timestamp) -> i64 {
        let legs = self.row.legs.iter().zip(&self.meters);
        let dialled = legs.filter(|(_, meter)| meter.attempt.is_some());
        let cost = |(leg, meter): (&LegRow, &Meter)| {
            let so_far = now.millis_since(leg.answered_at).max(0);
            let ms = leg.connected_ms.unwrap_or(so_far);
            Some(meter.rate?.cost_of(ms).ok()?.micros())
        };
        dialled.filter_map(cost).fold(0, i64::saturating_add)
    }
}
