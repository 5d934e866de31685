//! A call on its way through plans of campaigns: its route nodes ask here who is rung next, and what happens on the line
//! moves what was reserved. When the store is late or away, nobody is named, and the flow goes on without a buyer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{CallId, CampaignId, ReservationId};
use trunkline_core::call::flow::{Doing, FlowAction, FlowEvent, RouteTarget, Routing};
use trunkline_core::call::{DialOutcome, EndedBy};
use trunkline_core::routing::{AttemptOutcome, OpportunityKind, Person, ReasonCode};

use super::active::ActiveCall;
use super::control::CallEnd;
use super::desk::{Calls, hold};
use super::screening::vouched;
use crate::ports::PortError;
use crate::ports::calls::CallChange;
use crate::ports::routing::Asked;
use crate::routing::{CallEnding, Planned, ToRing, Wanted, hash_of};

/// How long what a talking call reserved is kept without a word of it.
const KEEP_MS: i64 = 90_000;
/// How often a talking call says that it goes on.
const RENEW_EVERY_MS: i64 = 20_000;
/// Longest a call that ended waits until what it came to is stored.
const END_WAIT: Duration = Duration::from_secs(2);
/// The tag in which a flow keeps the caller's ZIP code.
const ZIP_TAG: &str = "zip";

/// The plans a call goes through.
#[derive(Debug, Default)]
pub(super) struct CallRouting {
    plans: Vec<Planned>,
    /// By attempt of the call: which plan, and which of its attempts.
    attempts: HashMap<u32, (usize, usize)>,
    /// The reservation of whoever talks, and when it was renewed.
    talks: Option<(ReservationId, Timestamp)>,
}

/// The same, shared: whoever walks the flow holds it.
pub(super) type SharedRouting = Arc<Mutex<CallRouting>>;

/// What is known at once of a call that goes through plans.
#[derive(Debug, Default)]
pub(super) struct Routed {
    pub(super) routing: SharedRouting,
    /// By attempt of the call: a buyer who hangs up earlier than this did not take it, in milliseconds.
    recovery_ms: HashMap<u32, i64>,
}

impl Routed {
    /// A call that goes on with the plan of its bid.
    pub(super) fn resumed(planned: Planned) -> Self {
        let routing = CallRouting {
            plans: vec![planned],
            ..CallRouting::default()
        };
        Self {
            routing: Arc::new(Mutex::new(routing)),
            recovery_ms: HashMap::new(),
        }
    }
}

impl CallRouting {
    fn planned(&self, campaign: CampaignId) -> Option<usize> {
        let mut plans = self.plans.iter();
        plans.position(|plan| plan.record.opportunity.campaign == campaign)
    }
}

impl ActiveCall {
    /// Whether the buyer who hangs up now had the call too short to have taken it.
    fn gives_back(&self, now: Timestamp) -> bool {
        let Doing::Talking { attempt } = self.state.doing else {
            return false;
        };
        let recovery_ms = self
            .routed
            .as_ref()
            .and_then(|r| r.recovery_ms.get(&attempt));
        let since = self.talks_since.map_or(0, |at| now.millis_since(at));
        recovery_ms.is_some_and(|recovery_ms| since < *recovery_ms)
    }

    fn routing(&mut self) -> SharedRouting {
        let routed = self.routed.get_or_insert_with(Box::default);
        Arc::clone(&routed.routing)
    }
}

impl Calls {
    /// What the flow is told of an event: a buyer who hangs up at once did not take the call.
    pub(super) fn as_taken(&self, call: CallId, event: FlowEvent, now: Timestamp) -> FlowEvent {
        if event != FlowEvent::DestinationHungUp {
            return event;
        }
        let active = hold(&self.active);
        match active.get(&call).filter(|call| call.gives_back(now)) {
            Some(_) => FlowEvent::NotTaken,
            None => event,
        }
    }

    /// Moves what was reserved for an attempt, as far as an event is about one. `talked` is the attempt whose talk is over
    /// with it.
    pub(super) async fn follow(
        &self,
        call: CallId,
        event: &FlowEvent,
        before: &Doing,
        now: Timestamp,
    ) {
        let (routing, doing) = {
            let active = hold(&self.active);
            let Some(active) = active.get(&call) else {
                return;
            };
            let Some(routed) = &active.routed else {
                return;
            };
            (Arc::clone(&routed.routing), active.state.doing.clone())
        };
        match (before, &doing, event) {
            (Doing::Talking { attempt }, _, FlowEvent::NotTaken) => {
                self.gave_back(&routing, *attempt, now).await;
            }
            (Doing::Talking { attempt }, _, FlowEvent::DestinationHungUp) => {
                let mut routing = routing.lock().await;
                routing.talks = None;
                routing.talked(*attempt, AttemptOutcome::Taken, now);
            }
            (Doing::Dialling(_), Doing::Talking { attempt }, _) => {
                self.took(&routing, *attempt, now).await;
            }
            (
                Doing::Dialling(dialling),
                _,
                FlowEvent::DialFailed {
                    attempt, outcome, ..
                },
            ) if dialling.ringing.contains(attempt) => {
                let (outcome, reason) = came_of(*outcome);
                self.attempt_over(&routing, *attempt, outcome, reason).await;
            }
            _ => {}
        }
    }

    /// Attempts that ring no longer because another one is connected.
    pub(super) async fn lost(&self, call: CallId, attempts: &[u32]) {
        let routing = {
            let active = hold(&self.active);
            active
                .get(&call)
                .and_then(|call| Some(Arc::clone(&call.routed.as_ref()?.routing)))
        };
        let Some(routing) = routing else { return };
        for attempt in attempts {
            self.attempt_over(&routing, *attempt, AttemptOutcome::Lost, None)
                .await;
        }
    }

    async fn attempt_over(
        &self,
        routing: &SharedRouting,
        attempt: u32,
        outcome: AttemptOutcome,
        reason: Option<ReasonCode>,
    ) {
        let mut routing = routing.lock().await;
        let Some((plan, place)) = routing.attempts.get(&attempt).copied() else {
            return;
        };
        if let Some(planned) = routing.plans.get_mut(plan) {
            self.router.give_up(planned, place, outcome, reason).await;
        }
    }

    /// A buyer has the call.
    async fn took(&self, routing: &SharedRouting, attempt: u32, now: Timestamp) {
        let mut routing = routing.lock().await;
        let Some((plan, place)) = routing.attempts.get(&attempt).copied() else {
            return;
        };
        let Some(planned) = routing.plans.get_mut(plan) else {
            return;
        };
        let connected = self.router.connect(planned, place).await;
        let reservation = planned.attempts.get(place).and_then(|row| row.reservation);
        if let Err(error) = connected {
            tracing::warn!(call = ?planned.record.opportunity.call, %error, "that a buyer took a call is recorded with its end");
        }
        routing.talks = reservation.map(|id| (id, now));
    }

    /// A buyer hung up at once. What was reserved is free again, unless they pay for so short a call.
    async fn gave_back(&self, routing: &SharedRouting, attempt: u32, now: Timestamp) {
        let mut routing = routing.lock().await;
        routing.talks = None;
        let Some((plan, place)) = routing.talked(attempt, AttemptOutcome::GivenBack, now) else {
            return;
        };
        metrics::counter!("trunkline_calls_given_back_total").increment(1);
        let Some(planned) = routing.plans.get_mut(plan) else {
            return;
        };
        planned.prior_connects += 1;
        let Some(row) = planned.attempts.get(place) else {
            return;
        };
        let ms = row.connected_ms.unwrap_or(0);
        let terms = planned.terms(row.contract);
        let price = terms.as_ref().and_then(|terms| terms.price.as_ref());
        let asked_ms = i64::from(planned.asked_from_s(row.contract)) * 1_000;
        let pays = price.is_some_and(|p| ms >= p.value.billable_from_ms().max(asked_ms));
        let Some(id) = row.reservation.filter(|_| !pays) else {
            return;
        };
        if let Err(error) = self.router.release(id).await {
            tracing::warn!(reservation = %id, %error, "a reservation was not released; it ends by itself");
        }
    }

    /// Asks the plan of a campaign who is rung next, and tells the flow.
    pub(super) async fn route(&self, call: CallId, asked: Routing) -> Vec<FlowAction> {
        let found = {
            let mut active = hold(&self.active);
            active.get_mut(&call).map(|call| call.routing())
        };
        let Some(routing) = found else {
            return Vec::new();
        };
        let mut routing = routing.lock().await;
        let ringing = match self.next_to_ring(call, &mut routing, asked).await {
            Ok(ringing) => ringing,
            Err(error) => {
                metrics::counter!("trunkline_routing_late_total").increment(1);
                tracing::warn!(%call, %error, "a call goes on without a buyer");
                Vec::new()
            }
        };
        drop(routing);
        let event = FlowEvent::Routed {
            action: asked.action,
            targets: ringing.iter().map(|(target, _)| target.clone()).collect(),
        };
        let (id, now) = (self.moment.id(), self.moment.now());
        let mut active = hold(&self.active);
        let Some(active) = active.get_mut(&call) else {
            return Vec::new();
        };
        if let Some(routed) = &mut active.routed {
            let attempts = (asked.next_attempt..).zip(&ringing);
            let recovery = attempts.map(|(attempt, (_, recovery_ms))| (attempt, *recovery_ms));
            routed.recovery_ms.extend(recovery);
        }
        active.take(id, event, now).1
    }

    /// Whom to ring next, each with how long they must keep the caller.
    async fn next_to_ring(
        &self,
        call: CallId,
        routing: &mut CallRouting,
        asked: Routing,
    ) -> Result<Vec<(RouteTarget, i64)>, PortError> {
        let Some(wanted) = self.wanted(call, asked.campaign) else {
            return Ok(Vec::new());
        };
        let plan = match routing.planned(wanted.campaign) {
            Some(plan) => {
                if let Some(planned) = routing.plans.get_mut(plan) {
                    planned.learn(&wanted.asked.tags);
                }
                plan
            }
            None => {
                routing.plans.push(self.router.plan(wanted).await?);
                routing.plans.len() - 1
            }
        };
        let Some(planned) = routing.plans.get_mut(plan) else {
            return Ok(Vec::new());
        };
        if planned.record.opportunity.ended_at.is_some() {
            return Ok(Vec::new());
        }
        let ringing = self.router.next_to_ring(planned).await?;
        if ringing.is_empty() {
            planned.run_out(self.moment.now());
        }
        let mut targets = Vec::with_capacity(ringing.len());
        for (attempt, one) in (asked.next_attempt..).zip(ringing) {
            let ToRing {
                place,
                to,
                ring_timeout_ms,
            } = one;
            let contract = planned.attempts.get(place).map(|row| row.contract);
            let terms = contract.and_then(|contract| planned.terms(contract));
            let recovery_s = terms.map_or(0, |terms| terms.recovery_s.value);
            let target = RouteTarget {
                to,
                ring_timeout_ms,
            };
            targets.push((target, i64::from(recovery_s) * 1_000));
            routing.attempts.insert(attempt, (plan, place));
        }
        Ok(targets)
    }

    /// The opportunity that a call is; `None` when it names no campaign and came through no feed.
    fn wanted(&self, call: CallId, campaign: Option<CampaignId>) -> Option<Wanted> {
        let (row, tags) = {
            let active = hold(&self.active);
            let call = active.get(&call)?;
            (call.row.clone(), call.state.tags.clone())
        };
        let directory = self.directory.now();
        let number = directory.number(row.number);
        let feed = number.and_then(|number| directory.feed_of(number));
        let market = self.directory.markets().of(row.account)?;
        let of_feed = || Some(market.feed(feed?)?.feed.campaign);
        let now = self.moment.now();
        Some(Wanted {
            id: self.moment.id_at(now),
            account: row.account,
            kind: OpportunityKind::Call,
            call: Some(row.id),
            campaign: campaign.or_else(of_feed)?,
            feed,
            person: Person {
                phone: row.caller,
                phone_sha256: row.caller.map(hash_of),
                email_sha256: None,
            },
            asked: Asked {
                zip: tags.get(ZIP_TAG).cloned(),
                tags,
                source: row.source.clone(),
                attestation: Some(vouched(row.attestation, &row.signalled)),
                times_before: u32::from(!row.first_time),
                ..Asked::default()
            },
            floor: None,
            unwanted: false,
            came_at: now,
        })
    }

    /// Says of every call with a buyer that it goes on. Call it with the signs of life.
    pub(super) async fn renew_reservations(&self) {
        let now = self.moment.now();
        let shared: Vec<SharedRouting> = {
            let active = hold(&self.active);
            let routed = active.values().filter_map(|call| call.routed.as_ref());
            routed.map(|routed| Arc::clone(&routed.routing)).collect()
        };
        for routing in shared {
            // One that is being walked is renewed the next time.
            let Ok(mut routing) = routing.try_lock() else {
                continue;
            };
            // A bid that is called is kept while its caller is in a menu.
            let waits = routing.plans.iter().find_map(Planned::waiting);
            if routing.talks.is_none() {
                routing.talks = waits.map(|id| (id, now));
            }
            let Some((id, renewed)) = &mut routing.talks else {
                continue;
            };
            if now.millis_since(*renewed) < RENEW_EVERY_MS {
                continue;
            }
            match self.router.renew(*id, KEEP_MS).await {
                Ok(_) => *renewed = now,
                Err(error) => {
                    tracing::warn!(reservation = %id, %error, "a reservation was not renewed");
                }
            }
        }
    }

    /// Stores the end of a call with what it came to. Answers whether the change is stored.
    pub(super) async fn settle(
        &self,
        routed: Option<Box<Routed>>,
        talks: u32,
        end: &CallEnd,
        change: &CallChange,
    ) -> bool {
        let Some(routed) = routed else {
            return false;
        };
        let mut routing = routed.routing.lock().await;
        let mut plans = std::mem::take(&mut routing.plans);
        drop(routing);
        if plans.is_empty() {
            return false;
        }
        if talks == 1 {
            keep_clock(&mut plans, end);
        }
        let call = &change.call;
        let mut ending = CallEnding {
            account: call.account,
            call: call.id,
            ended_at: call.ended_at.unwrap_or(end.ended_at),
            caller_left: end.by == EndedBy::Caller,
            change: Some(Box::new(change.clone())),
            telephony: call.telephony(),
        };
        let trouble = if self.keeper.is_spooling() {
            "earlier changes of calls wait in the spool".to_owned()
        } else {
            match timeout(END_WAIT, self.router.end_call(&ending, &mut plans)).await {
                Ok(Ok(())) => return true,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "the database is late".to_owned(),
            }
        };
        tracing::warn!(call = %call.id, trouble, "what a call came to is stored later");
        ending.change = None;
        self.router.settle_later(ending, plans);
        false
    }
}

impl CallRouting {
    /// A buyer's talk is over.
    fn talked(
        &mut self,
        attempt: u32,
        outcome: AttemptOutcome,
        now: Timestamp,
    ) -> Option<(usize, usize)> {
        let (plan, place) = self.attempts.get(&attempt).copied()?;
        let row = self.plans.get_mut(plan)?.attempts.get_mut(place)?;
        row.ended_at = Some(now);
        row.outcome = Some(outcome);
        row.connected_ms = Some(now.millis_since(row.connected_at?).max(0));
        Some((plan, place))
    }
}

/// The performer's clock is the exact one, where only one buyer had the caller.
fn keep_clock(plans: &mut [Planned], end: &CallEnd) {
    let rows = plans.iter_mut().flat_map(|plan| &mut plan.attempts);
    for row in rows.filter(|row| row.connected_at.is_some()) {
        row.connected_ms = Some(i64::try_from(end.talk_ms).unwrap_or(i64::MAX));
    }
}

/// What came of an attempt, as routing says it.
const fn came_of(outcome: DialOutcome) -> (AttemptOutcome, Option<ReasonCode>) {
    match outcome {
        DialOutcome::Busy => (AttemptOutcome::Busy, None),
        DialOutcome::NoAnswer | DialOutcome::Machine => (AttemptOutcome::NoAnswer, None),
        DialOutcome::Declined | DialOutcome::NotAccepted => (AttemptOutcome::Declined, None),
        DialOutcome::Unreachable | DialOutcome::Refused => {
            (AttemptOutcome::Failed, Some(ReasonCode::Unreachable))
        }
        DialOutcome::Failed => (AttemptOutcome::Failed, None),
    }
}
