//! The next trunk for an attempt whose trunk failed, before the flow hears of a failure. Each try is in the timeline.

use std::collections::VecDeque;

use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::{CallId, TrunkId};
use trunkline_core::call::flow::FlowEvent;
use trunkline_core::call::trunk::{ShownCaller, fails_over};

use super::control::{Action, Dial, Dialling};
use super::desk::{Calls, hold};
use crate::directory::Directory;
use crate::ports::calls::{CallEventKind, CallEventRow};

/// How an attempt may still be carried.
#[derive(Debug)]
pub(super) struct Route {
    /// What is asked of the performer; its legs are of one dialling.
    pub(super) dialling: Dialling,
    /// The leg.
    pub(super) dial: Dial,
    /// The number the flow wants to be shown.
    pub(super) wanted: ShownCaller,
    /// Trunks that were not tried yet, the next one first.
    pub(super) rest: VecDeque<TrunkId>,
}

impl Route {
    /// The leg over `trunk`, with the number that trunk shows.
    pub(super) fn leg(&self, directory: &Directory, trunk: TrunkId, dialled: PhoneNumber) -> Dial {
        let shown = match directory.profile(trunk) {
            Some(profile) => profile.settings.caller_id.shows(self.wanted, dialled),
            None => self.wanted,
        };
        Dial {
            trunk,
            caller_id: match shown {
                ShownCaller::Own => None,
                ShownCaller::Number(number) => Some(number),
            },
            ..self.dial.clone()
        }
    }
}

impl Calls {
    /// What to do about an attempt that failed because of its trunk: the same over the next one. `None`: the flow is to
    /// hear of it.
    pub(super) fn fail_over(
        &self,
        call: CallId,
        event: &FlowEvent,
    ) -> Option<(CallEventRow, Action)> {
        let FlowEvent::DialFailed {
            attempt,
            outcome,
            sip_status,
        } = *event
        else {
            return None;
        };
        if !fails_over(outcome, sip_status) {
            return None;
        }
        let directory = self.directory.now();
        let (id, now) = (self.moment.id(), self.moment.now());
        let mut active = hold(&self.active);
        let call = active.get_mut(&call)?;
        if !call.rings(attempt) {
            return None;
        }
        let dialled = call.row.dialled;
        let route = call.routes.get_mut(&attempt)?;
        // One that was removed meanwhile is passed over.
        let next = std::iter::from_fn(|| route.rest.pop_front())
            .find(|trunk| directory.profile(*trunk).is_some_and(|p| p.peer.is_some()))?;
        let failed = route.dial.trunk;
        route.dial = route.leg(&directory, next, dialled);
        let dialling = Dialling {
            legs: vec![route.dial.clone()],
            ..route.dialling.clone()
        };
        let to = route.dial.to.clone();
        let name = |trunk| {
            let profile = directory.profile(trunk);
            profile.map_or_else(|| "a removed trunk".to_owned(), |p| p.name.clone())
        };
        let mut row = call.event(id, now, CallEventKind::NextTrunk);
        row.attempt = Some(attempt);
        row.destination = Some(to);
        row.sip_status = sip_status;
        let why = sip_status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        row.detail = format!("{} failed ({why}); trying {}", name(failed), name(next));
        metrics::counter!("trunkline_trunk_failover_total").increment(1);
        tracing::warn!(call = %row.call, %failed, %next, ?sip_status, "a trunk failed; trying the next one");
        Some((row, Action::Dial(dialling)))
    }
}
