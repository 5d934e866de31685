//! From what a flow wants to what a performer does: destinations pass the toll rules, other servers are asked, and marks
//! go into the call's timeline.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::timeout;
use trunkline_core::base::id::{AccountId, CallId, TrunkId};
use trunkline_core::base::{Money, PhoneNumber, Timestamp};
use trunkline_core::call::flow::{DialTargets, FlowAction, FlowEvent, ShownNumber};
use trunkline_core::call::trunk::ShownCaller;
use trunkline_core::call::{DialOutcome, TollUse};

use super::active::ActiveCall;
use super::control::{Action, Dial, Dialling, Voicemail};
use super::desk::{Calls, hold};
use super::failover::Route;
use super::legs::{answers, rate_of};
use super::ways::Way;
use crate::ports::asks::AskRequest;
use crate::ports::calls::{CallEventKind, CallEventRow, CallRow, OutboundUse};
use crate::ports::configuration::Account;

/// What an asked server may take beyond its own limit before the call goes on without it.
const ASK_GRACE: Duration = Duration::from_millis(250);

impl Calls {
    /// Turns the flow's actions into a performer's.
    pub(super) async fn perform(
        &self,
        call: CallId,
        actions: Vec<FlowAction>,
        events: &mut Vec<CallEventRow>,
    ) -> Vec<Action> {
        let mut queue = VecDeque::from(actions);
        let mut out = Vec::with_capacity(queue.len());
        while let Some(action) = queue.pop_front() {
            match action {
                // Attempts name their node.
                FlowAction::Enter {
                    kind: "dial" | "route",
                    ..
                } => {}
                FlowAction::Enter { node, .. } => {
                    events.extend(self.mark(call, CallEventKind::Flow, node));
                }
                FlowAction::Tag { name, value } => {
                    events.extend(self.mark(call, CallEventKind::Tag, format!("{name}: {value}")));
                }
                FlowAction::Play { action, prompt } => out.push(Action::Play { action, prompt }),
                FlowAction::Gather(gather) => out.push(Action::Gather(gather)),
                FlowAction::CancelDial { attempts } => {
                    self.legs_over(call, &attempts);
                    self.lost(call, &attempts).await;
                    out.push(Action::CancelDial { attempts });
                }
                FlowAction::Route(routing) => queue.extend(self.route(call, routing).await),
                FlowAction::Dial(dial) => {
                    let (dialling, next) = self.dial(call, dial, events).await;
                    out.extend(dialling.map(Action::Dial));
                    queue.extend(next);
                }
                FlowAction::Voicemail {
                    action,
                    greeting,
                    max_ms,
                    silence_ms,
                    beep,
                } => {
                    let Some(recording) = self.plan_message(call) else {
                        continue;
                    };
                    out.push(Action::Voicemail(Voicemail {
                        action,
                        greeting,
                        max_ms,
                        silence_ms,
                        beep,
                        recording,
                    }));
                }
                FlowAction::Ask {
                    action,
                    url,
                    timeout_ms,
                } => {
                    // What happened so far is kept before the call waits for a stranger.
                    self.keep(call, std::mem::take(events), false).await;
                    queue.extend(self.ask(call, action, url, timeout_ms).await);
                }
                FlowAction::HangUp { sip_status } => out.push(Action::HangUp {
                    status: sip_status,
                    reason: reason_phrase(sip_status),
                }),
            }
        }
        if out.iter().any(answers) {
            let directory = self.directory.now();
            if let Some(call) = hold(&self.active).get_mut(&call) {
                call.leg_answered(&directory, None, self.moment.now());
            }
        }
        out
    }

    /// Legs that were answered and lost against another one are over.
    fn legs_over(&self, call: CallId, attempts: &[u32]) {
        let now = self.moment.now();
        if let Some(call) = hold(&self.active).get_mut(&call) {
            attempts
                .iter()
                .for_each(|attempt| call.leg_over(*attempt, now));
        }
    }

    /// A mark in the timeline.
    pub(super) fn mark(
        &self,
        call: CallId,
        kind: CallEventKind,
        detail: String,
    ) -> Option<CallEventRow> {
        let active = hold(&self.active);
        let mut event = active
            .get(&call)?
            .event(self.moment.id(), self.moment.now(), kind);
        event.detail = detail;
        Some(event)
    }

    /// The legs that may be dialled, and what the flow wants further when none may.
    async fn dial(
        &self,
        call: CallId,
        dial: DialTargets,
        events: &mut Vec<CallEventRow>,
    ) -> (Option<Dialling>, Vec<FlowAction>) {
        let Some(dialled) = hold(&self.active).get(&call).map(|c| c.row.dialled) else {
            return (None, Vec::new());
        };
        let wanted = match dial.caller_id {
            ShownNumber::Caller => ShownCaller::Own,
            ShownNumber::TrackingNumber => ShownCaller::Number(dialled),
        };
        let mut dialling = Dialling {
            legs: Vec::with_capacity(dial.targets.len()),
            whisper: dial.whisper,
            accept: dial.accept,
            detect_machine: dial.detect_machine,
            record: dial.record,
        };
        let mut next = Vec::new();
        for target in dial.targets {
            let permitted = self.permit(call, target.attempt, &target.to, events).await;
            let Way { trunk, rest, at } = match permitted {
                Ok(way) => way,
                Err(outcome) => {
                    next.extend(self.not_dialled(call, target.attempt, outcome).await);
                    continue;
                }
            };
            let mut route = Route {
                dialling: Dialling {
                    legs: Vec::new(),
                    ..dialling.clone()
                },
                dial: Dial {
                    attempt: target.attempt,
                    trunk,
                    to: target.to,
                    at,
                    caller_id: None,
                    redirected_by: Some(dialled),
                    ring_timeout_ms: target.ring_timeout_ms,
                },
                wanted,
                rest,
            };
            route.dial = route.leg(&self.directory.peek(), trunk, dialled);
            dialling.legs.push(route.dial.clone());
            if let Some(active) = hold(&self.active).get_mut(&call) {
                active.routes.insert(target.attempt, route);
            }
        }
        (Some(dialling).filter(|d| !d.legs.is_empty()), next)
    }

    /// Tells the flow that an attempt was not dialled; why is in the timeline already.
    async fn not_dialled(
        &self,
        call: CallId,
        attempt: u32,
        outcome: DialOutcome,
    ) -> Vec<FlowAction> {
        let event = FlowEvent::DialFailed {
            attempt,
            outcome,
            sip_status: None,
        };
        self.walk(call, event, self.moment.now()).await.1
    }

    /// Walks a call's flow by one event, and moves what was reserved for it; gives the row to be kept, and what the flow
    /// wants next.
    pub(super) async fn walk(
        &self,
        call: CallId,
        event: FlowEvent,
        now: Timestamp,
    ) -> (Option<CallEventRow>, Vec<FlowAction>) {
        let directory = self.directory.now();
        let (walked, before) = {
            let mut active = hold(&self.active);
            let Some(active) = active.get_mut(&call) else {
                return (None, Vec::new());
            };
            let before = active.routed.is_some().then(|| active.state.doing.clone());
            active.meter(&directory, &event, now);
            let walked = active.take(self.moment.id(), event.clone(), now);
            active.meter_talk(&directory, now);
            (walked, before)
        };
        if let Some(before) = before {
            self.follow(call, &event, &before, now).await;
        }
        walked
    }

    /// Asks another server and tells the flow what it said.
    async fn ask(
        &self,
        call: CallId,
        action: u32,
        url: String,
        timeout_ms: u32,
    ) -> Vec<FlowAction> {
        let wait = Duration::from_millis(timeout_ms.into());
        let request = {
            let active = hold(&self.active);
            let Some(call) = active.get(&call) else {
                return Vec::new();
            };
            AskRequest {
                url,
                wait,
                call: call.row.id,
                node: call.state.node.clone(),
                caller: call.row.caller,
                dialled: call.row.dialled,
                started_at: call.row.started_at,
                source: call.row.source.clone(),
                tags: call.state.tags.clone(),
            }
        };
        let answer = timeout(wait + ASK_GRACE, self.asks.ask(&request)).await;
        let event = match answer {
            Ok(Some(answer)) => FlowEvent::WebhookAnswered {
                action,
                outcome: answer.outcome,
                tags: answer.tags,
            },
            Ok(None) | Err(_) => {
                metrics::counter!("trunkline_flow_webhook_failed_total").increment(1);
                FlowEvent::WebhookFailed { action }
            }
        };
        let (id, now) = (self.moment.id(), self.moment.now());
        let mut active = hold(&self.active);
        let call = active.get_mut(&call);
        call.map_or_else(Vec::new, |call| call.take(id, event, now).1)
    }

    /// Calls in progress, and minutes and money of today, those of calls in progress included. What ended calls used is
    /// read once a day and account, then counted.
    pub(crate) async fn toll_use(&self, account: &Account) -> TollUse {
        let now = self.moment.now();
        let limits_money = account.toll.daily_spend_max.is_some();
        let (concurrent, running) = {
            let active = hold(&self.active);
            let own = active
                .values()
                .filter(|c| c.row.account == account.id && !c.row.synthetic);
            own.fold((0_u32, OutboundUse::default()), |(calls, sum), call| {
                (calls + 1, sum.plus(&so_far(call, limits_money, now)))
            })
        };
        let today = account.zone.start_of_day(now);
        let known = hold(&self.used).get(&account.id).copied();
        let ended = match known {
            Some((day, used)) if day == today => Some(used),
            _ => self.read_use(account.id, today).await,
        };
        let used = ended.unwrap_or_default().plus(&running);
        let money = |used: OutboundUse| Money::from_micros(used.spent_micros, account.currency);
        TollUse {
            concurrent_calls: concurrent,
            minutes_today: u32::try_from(used.minutes).unwrap_or(u32::MAX),
            spent_today: limits_money.then(|| money(used)),
        }
    }

    /// What calls that ended used since the start of the day; `None` when the store is late, so that a call is not lost
    /// for it.
    async fn read_use(&self, account: AccountId, today: Timestamp) -> Option<OutboundUse> {
        let read = timeout(
            self.settings.store_wait,
            self.records.used_since(account, today),
        )
        .await;
        let used = read.ok()?.ok()?;
        hold(&self.used).insert(account, (today, used));
        Some(used)
    }

    /// Counts a test call, which is hung up as soon as it is answered.
    pub(crate) fn count_test(&self, account: AccountId, trunk: TrunkId, to: PhoneNumber) {
        let rate = rate_of(&self.directory.peek(), account, trunk, Some(to));
        let cost = rate.and_then(|rate| rate.cost_of(0).ok());
        if let Some((_, used)) = hold(&self.used).get_mut(&account) {
            *used = used.plus(&OutboundUse {
                minutes: 1,
                spent_micros: cost.map_or(0, Money::micros),
            });
        }
    }

    /// Counts what a call used that ended.
    pub(crate) fn count_use(&self, call: &CallRow) {
        if let Some((_, used)) = hold(&self.used).get_mut(&call.account) {
            *used = used.plus(&OutboundUse {
                minutes: begun_minutes(call.talk_ms),
                spent_micros: call.cost.map_or(0, |cost| cost.outbound.micros()),
            });
        }
    }
}

/// What a call in progress used so far.
fn so_far(call: &ActiveCall, limits_money: bool, now: Timestamp) -> OutboundUse {
    let since = call.row.answered_at;
    OutboundUse {
        minutes: since.map_or(0, |at| begun_minutes(now.millis_since(at))),
        spent_micros: if limits_money {
            call.spent_micros(now)
        } else {
            0
        },
    }
}

impl OutboundUse {
    fn plus(&self, other: &Self) -> Self {
        Self {
            minutes: self.minutes.saturating_add(other.minutes),
            spent_micros: self.spent_micros.saturating_add(other.spent_micros),
        }
    }
}

/// Minutes of a connected leg, the last one counted whole.
const fn begun_minutes(ms: i64) -> i64 {
    (ms + 59_999) / 60_000
}

/// Reason phrases of RFC 3261, section 21, RFC 5079, RFC 8197 and RFC 8688, for the statuses a call ends with.
pub(super) const fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        404 => "Not Found",
        433 => "Anonymity Disallowed",
        480 => "Temporarily Unavailable",
        486 => "Busy Here",
        502 => "Bad Gateway",
        603 => "Decline",
        607 => "Unwanted",
        608 => "Rejected",
        _ => "Call Ended",
    }
}
