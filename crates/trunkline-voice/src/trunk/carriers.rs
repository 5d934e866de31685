//! Trying a trunk at a person's wish: a ping, or a phone that rings.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep_until};
use trunkline_core::base::PhoneNumber;
use trunkline_core::call::trunk::Ping;
use trunkline_engine::call::control::TrunkProfile;
use trunkline_engine::call::trunk::{TEST_RING_MS, TestCall, TrunkLines};

use super::tend::ping;
use crate::call::Ours;
use crate::media::ports::PortPool;
use crate::media::sdp::Description;
use crate::sip::stack::SipStack;
use crate::sip::{CallerId, Dialler, LegEvent, LegEvents, Outgoing};

/// Session interval of a test call, in seconds; it never lasts so long.
const SESSION_S: u32 = 1_800;
/// Hops of a test call.
const MAX_FORWARDS: u8 = 70;

/// Tries trunks.
pub(crate) struct Carriers {
    pub(crate) stack: Arc<SipStack>,
    pub(crate) ports: Arc<PortPool>,
    pub(crate) advertised: IpAddr,
    pub(crate) first_response: Duration,
    pub(crate) min_session_s: u32,
}

fn failed(error: impl Into<String>) -> TestCall {
    TestCall::Failed {
        error: error.into(),
    }
}

#[async_trait]
impl TrunkLines for Carriers {
    async fn ping(&self, trunk: &Arc<TrunkProfile>) -> Ping {
        ping(&self.stack, trunk).await
    }

    async fn ring(
        &self,
        trunk: &Arc<TrunkProfile>,
        to: PhoneNumber,
        from: PhoneNumber,
    ) -> TestCall {
        let Some(peer) = trunk.peer else {
            return failed("the trunk has no host to dial");
        };
        // Nothing is heard on it, but the far end is told where it could send.
        let pair = match self.ports.bind_pair() {
            Ok(pair) => pair,
            Err(error) => return failed(format!("no media port is free: {error}")),
        };
        let local = SocketAddr::new(self.advertised, pair.port);
        let sdp = Ours::new(local, 1).offer(&Description::own_offer(&trunk.codecs));
        let outgoing = Outgoing {
            trunk: Arc::clone(trunk),
            peer,
            to: to.into(),
            from: CallerId::Number(from),
            redirected_by: None,
            sdp,
            session_s: SESSION_S,
            min_session_s: self.min_session_s,
            max_forwards: MAX_FORWARDS,
        };
        let (leg, events) = match self.stack.dial(outgoing) {
            Ok(leg) => leg,
            Err(error) => return failed(error.to_string()),
        };
        let outcome = follow(events, self.first_response).await;
        if matches!(outcome, TestCall::Answered | TestCall::Rang) || !is_over(&outcome) {
            leg.hang_up(None);
        }
        outcome
    }
}

/// Whether the far end ended the call itself.
const fn is_over(outcome: &TestCall) -> bool {
    matches!(outcome, TestCall::Refused { .. })
}

/// Follows the ringing to an end.
async fn follow(mut events: LegEvents, first_response: Duration) -> TestCall {
    let ring_until = Instant::now() + Duration::from_millis(TEST_RING_MS.into());
    let mut until = ring_until.min(Instant::now() + first_response);
    let mut rang = false;
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = sleep_until(until) => {
                return if rang {
                    TestCall::Rang
                } else {
                    failed("the carrier did not ring the phone in time")
                };
            }
        };
        match event {
            Some(LegEvent::Trying) => until = ring_until,
            Some(LegEvent::Ringing { .. }) => {
                until = ring_until;
                rang = true;
            }
            Some(LegEvent::Answered { .. }) => return TestCall::Answered,
            Some(LegEvent::Failed {
                status: Some(status),
                ..
            }) => return TestCall::Refused { status },
            Some(LegEvent::Failed { status: None, .. } | LegEvent::Gone(_)) | None => {
                return failed("the carrier cannot be reached");
            }
            Some(LegEvent::Acked { .. } | LegEvent::Asked(_)) => {}
        }
    }
}
