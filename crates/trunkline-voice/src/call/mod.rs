//! A call as a back-to-back user agent: two legs, a relay between them, and the engine's actions.
//!
//! One task per call: taken in (`taking`), connected by the engine's dial actions (`dialing`),
//! talked on (`talking`), reported (`ending`). It performs and reports; it decides nothing.

pub(crate) mod admission;
mod dialing;
mod ending;
mod offers;
mod party;
mod pump;
mod taking;
mod talking;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::CallId;
use trunkline_core::call::EndedBy;
use trunkline_core::call::flow::FlowEvent;
use trunkline_engine::call::control::{
    CallControl, CallEnd, CallLimits, RecordingDone, RecordingState,
};

use crate::counters::Counters;
use crate::media::ports::PortPool;
use crate::media::relay::Relay;
use crate::media::sdp::Description;
use crate::recording::{Recorder, Tap};
use crate::sip::reason::Reasons;
use crate::sip::session_timer::Said;
use crate::sip::{CallerId, Dialler};
use crate::tasks::Tasks;

use ending::End;
use party::Party;
use pump::Pump;

pub(crate) use party::Ours;
pub(crate) use taking::take;

/// What all calls share.
pub(crate) struct Core {
    pub(crate) control: Arc<dyn CallControl>,
    pub(crate) dialler: Arc<dyn Dialler>,
    pub(crate) ports: Arc<PortPool>,
    pub(crate) recorder: Recorder,
    pub(crate) counters: Arc<Counters>,
    pub(crate) reasons: Arc<Reasons>,
    pub(crate) tasks: Tasks,
    /// The address far ends send media to.
    pub(crate) advertised: IpAddr,
    pub(crate) first_response: Duration,
    pub(crate) min_session_s: u32,
    /// Ends every call that is still there.
    pub(crate) stop: CancellationToken,
    /// Numbers our session descriptions.
    pub(crate) origins: AtomicU64,
}

impl Core {
    fn new_origin(&self) -> u64 {
        self.origins.fetch_add(1, Ordering::Relaxed)
    }
}

/// A call that was accepted.
struct Call {
    core: Arc<Core>,
    id: CallId,
    limits: CallLimits,
    recording: Option<PathBuf>,
    caller: Party,
    /// The caller's offer; `None` when it left the offer to us.
    offer: Option<Description>,
    session: Said,
    caller_id: CallerId,
    max_forwards: u8,
    relay: Relay,
    pump: Pump,
    /// The caller has been told that it rings.
    rang: bool,
    /// Cause the last destination gave for not taking the call.
    last_q850: Option<u8>,
}

/// What came of the media of a call.
#[derive(Default)]
struct Talked {
    talk_ms: u64,
    tap: Option<Tap>,
}

impl Call {
    async fn run(mut self, actions: Vec<trunkline_engine::call::control::Action>) {
        let (end, talked) = match self.connect(actions).await {
            Ok(destination) => {
                let recorded = self.recording.is_some();
                let (end, talked) = self.talk(destination).await;
                debug_assert!(recorded || talked.tap.is_none());
                (end, Some(talked))
            }
            Err(end) => {
                if !self.caller.over {
                    self.caller.over = true;
                    self.caller.leg.reject(end.status, end.q850);
                }
                (end, None)
            }
        };
        self.finish(end, talked).await;
    }

    /// Closes what the call used and reports it, once.
    async fn finish(self, end: End, talked: Option<Talked>) {
        let Self {
            core,
            id,
            recording,
            caller,
            relay,
            mut pump,
            ..
        } = self;
        let ended_at = now();
        drop(caller);
        match end.by {
            EndedBy::Caller => pump.tell(FlowEvent::CallerHungUp).await,
            EndedBy::Destination => pump.tell(FlowEvent::DestinationHungUp).await,
            EndedBy::System => {}
        }
        let report = relay.stop().await;
        let connected = talked.is_some();
        let talked = talked.unwrap_or_default();
        let recording = match talked.tap {
            Some(tap) => tap.close().await,
            None => (connected && recording.is_some()).then_some(NOT_RECORDED),
        };
        pump.finish().await;
        let call_end = CallEnd {
            by: end.by,
            reason: end.reason,
            sip_status: (!connected).then_some(end.status),
            q850: end.q850,
            ended_at,
            talk_ms: talked.talk_ms,
            quality: ending::quality(report),
            recording,
        };
        core.control.ended(id, call_end).await;
    }
}

/// A recording that was planned but whose file could not be made.
const NOT_RECORDED: RecordingDone = RecordingDone {
    duration_ms: 0,
    bytes: 0,
    state: RecordingState::Partial,
};

/// The wall clock, in milliseconds.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_millis(since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
}
