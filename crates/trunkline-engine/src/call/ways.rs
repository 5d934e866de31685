//! The way to a destination: whether it may be dialled at all, over which trunks, and where a SIP address is.

use std::collections::VecDeque;
use std::net::SocketAddr;

use trunkline_core::base::Callee;
use trunkline_core::base::id::{AccountId, CallId, TrunkId};
use trunkline_core::call::DialOutcome;

use super::control::Arrival;
use super::desk::{Calls, hold};
use crate::ports::calls::{CallEventKind, CallEventRow};

/// How an attempt is carried.
pub(super) struct Way {
    /// The trunk.
    pub(super) trunk: TrunkId,
    /// Trunks that are tried after it.
    pub(super) rest: VecDeque<TrunkId>,
    /// Where a SIP address is.
    pub(super) at: Option<SocketAddr>,
}

impl Calls {
    /// How an attempt is carried, or how it fails when the destination may not be dialled or there is no way to it. What is
    /// dialled and what is not stands in the timeline then.
    pub(super) async fn permit(
        &self,
        call: CallId,
        attempt: u32,
        to: &Callee,
        events: &mut Vec<CallEventRow>,
    ) -> Result<Way, DialOutcome> {
        let (account, own_trunk, arrival) = {
            let mut active = hold(&self.active);
            let Some(call) = active.get_mut(&call) else {
                return Err(DialOutcome::Failed);
            };
            call.aims_at(to.clone());
            (call.row.account, call.row.trunk, call.arrival)
        };
        let directory = self.directory.now();
        let Some(account) = directory.account(account).cloned() else {
            return Err(DialOutcome::Failed);
        };
        let used = self.toll_use(&account).await;
        let way = match account.toll.permit(to, used) {
            Ok(()) => self.way(account.id, own_trunk, arrival, to).await,
            Err(refusal) => {
                metrics::counter!("trunkline_toll_refused_total", "reason" => refusal.word())
                    .increment(1);
                if let Some(active) = hold(&self.active).get_mut(&call) {
                    active.row.toll_refused.get_or_insert(refusal.rule());
                }
                tracing::warn!(account = %account.id, to = %to.masked(), reason = refusal.word(), "a destination was refused");
                Err((DialOutcome::Refused, refusal.to_string()))
            }
        };
        match way {
            Ok(way) => {
                let (id, now) = (self.moment.id(), self.moment.now());
                let mut active = hold(&self.active);
                let call = active.get_mut(&call);
                events.extend(call.map(|call| call.attempt(id, attempt, to, now)));
                Ok(way)
            }
            Err((outcome, why)) => {
                if let Some(mut event) = self.mark(call, CallEventKind::Refused, why) {
                    event.attempt = Some(attempt);
                    event.destination = Some(to.clone());
                    events.push(event);
                }
                Err(outcome)
            }
        }
    }

    /// The way to a destination: trunks to a number, and a SIP address where it is. Without one, how the attempt fails and
    /// why.
    async fn way(
        &self,
        account: AccountId,
        own_trunk: TrunkId,
        arrival: Arrival,
        to: &Callee,
    ) -> Result<Way, (DialOutcome, String)> {
        let mut trunks: VecDeque<TrunkId> = match arrival {
            Arrival::Sip { .. } => {
                let states = self.directory.trunk_states();
                let directory = self.directory.now();
                directory.outbound(own_trunk, account, states).into()
            }
            // The carrier that called dials.
            Arrival::Webhook => VecDeque::from([own_trunk]),
        };
        let first = trunks.pop_front();
        let Some(address) = to.sip() else {
            // The carrier may know another way to the destination: for it, this is a failure.
            let nobody =
                "no trunk can dial out; set a peer on one, or see why its host has no address";
            let trunk = first.ok_or_else(|| (DialOutcome::Failed, nobody.to_owned()))?;
            return Ok(Way {
                trunk,
                rest: trunks,
                at: None,
            });
        };
        let found = match arrival {
            Arrival::Sip { .. } => self.peers.find(address, self.moment.now()).await.map(Some),
            // The carrier looks for it.
            Arrival::Webhook => self.peers.approve(address).map(|()| None),
        };
        let at = found.map_err(|nowhere| {
            tracing::warn!(%account, to = %to.masked(), %nowhere, "a SIP address cannot be rung");
            (DialOutcome::Unreachable, nowhere.to_string())
        })?;
        Ok(Way {
            // No trunk carries it; this one says how callers are shown.
            trunk: first.unwrap_or(own_trunk),
            rest: VecDeque::new(),
            at,
        })
    }
}
