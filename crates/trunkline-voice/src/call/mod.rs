//! A call as a back-to-back user agent: two legs, a relay between them, and the engine's actions.
//!
//! One task per call: taken in (`taking`), then the engine's actions one after the other: the caller hears and presses keys
//! (`speaking`), leaves a message (`message`), destinations ring (`dialing`, `ringing`), are screened (`screening`) and talk
//! (`talking`); reported at the end (`ending`). Whatever it does, it watches its legs (`happening`). It performs and
//! reports; it decides nothing.

pub(crate) mod admission;
mod dialing;
mod ending;
mod happening;
mod message;
mod offers;
mod orders;
mod party;
mod pump;
mod ringing;
mod screening;
mod speaking;
mod taking;
mod talking;
mod taping;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::CallId;
use trunkline_core::call::flow::FlowEvent;
use trunkline_core::call::{EndReason, EndedBy};
use trunkline_engine::call::control::{Action, CallControl, CallEnd, CallLimits};

use crate::counters::Counters;
use crate::media::ports::PortPool;
use crate::media::relay::Relay;
use crate::media::sdp::Description;
use crate::recording::Recorder;
use crate::sip::reason::Reasons;
use crate::sip::session_timer::Said;
use crate::sip::{CallerId, Dialler};
use crate::tasks::Tasks;

use ending::End;
use offers::Done;
use orders::Orders;
use party::Party;
use pump::Pump;
use taping::{Taping, millis};

pub(crate) use orders::LiveCalls;
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
    /// Where people reach calls on the line.
    pub(crate) live: Arc<LiveCalls>,
    /// The address far ends send media to.
    pub(crate) advertised: IpAddr,
    pub(crate) first_response: Duration,
    pub(crate) min_session_s: u32,
    /// Whether buyers' telephone systems may be in private networks.
    pub(crate) private_peers: bool,
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

/// Keys of the caller that wait for a question.
const KEYS_MAX: usize = 32;

/// A call that was accepted.
struct Call {
    core: Arc<Core>,
    id: CallId,
    limits: CallLimits,
    caller: Party,
    /// Who is connected with the caller.
    destination: Option<Party>,
    /// The caller's offer; `None` when it left the offer to us.
    offer: Option<Description>,
    session: Said,
    caller_id: CallerId,
    max_forwards: u8,
    relay: Relay,
    pump: Pump,
    taping: Taping,
    orders: Orders,
    /// What the engine wants next.
    queue: VecDeque<Action>,
    /// Requests on their way and what will be done with their answers.
    work: JoinSet<Done>,
    /// When the caller was answered, by a destination or by us.
    answered_at: Option<Instant>,
    /// A caller who was not answered until then never is.
    setup_until: tokio::time::Instant,
    signs_of_life: Option<tokio::time::Interval>,
    /// Keys of the caller that no question has taken yet.
    keys: String,
    /// Counts the sounds that were played.
    sounds: u32,
    /// Counts the destinations that were connected.
    talks: u32,
    talk_ms: u64,
    /// The caller has been told that it rings.
    rang: bool,
    /// The last thing that was done was to ring destinations in vain.
    unreached: bool,
    /// Cause the last destination gave for not taking the call.
    last_q850: Option<u8>,
}

impl Call {
    async fn run(mut self, actions: Vec<Action>) {
        self.queue.extend(actions);
        let end = loop {
            if let Err(end) = self.step().await {
                break end;
            }
        };
        self.finish(end).await;
    }

    /// Carries out the next of the engine's actions, and asks for more when it was the last.
    async fn step(&mut self) -> Result<(), End> {
        let Some(action) = self.queue.pop_front() else {
            return Err(self.turned_away(NOTHING_LEFT));
        };
        match action {
            Action::Play { action, prompt } => {
                self.unreached = false;
                let played = if self.play(&prompt).await? {
                    FlowEvent::Played { action }
                } else {
                    FlowEvent::NotHeard { action }
                };
                self.pump.tell(played).await;
            }
            Action::Gather(gather) => {
                self.unreached = false;
                let (digits, ended_by) = self.gather(&gather).await?;
                let gathered = FlowEvent::Gathered {
                    action: gather.action,
                    digits,
                    ended_by,
                };
                self.pump.tell(gathered).await;
            }
            Action::Voicemail(voicemail) => {
                self.unreached = false;
                self.take_message(&voicemail).await?;
            }
            Action::Dial(dialling) => {
                let record = dialling.record;
                if self.dial(dialling).await? {
                    return self.talk(record).await;
                }
            }
            // Nobody rings any more.
            Action::CancelDial { .. } => {}
            Action::HangUp { status, .. } => return Err(self.turned_away(status)),
        }
        self.decide().await
    }

    /// The flow has nothing more for the caller. One who was never answered gets the cause the last destination gave.
    fn turned_away(&self, status: u16) -> End {
        if self.answered_at.is_some() && !self.unreached {
            return End::system(EndReason::HungUp, 200);
        }
        let end = End::no_destination(status);
        End {
            q850: self.last_q850.or(end.q850),
            ..end
        }
    }

    /// Closes what the call used and reports it, once.
    async fn finish(mut self, end: End) {
        let answered = self.answered_at.is_some();
        if answered {
            self.caller.hang_up(end.q850);
        } else if !self.caller.over {
            self.caller.over = true;
            self.caller.leg.reject(end.status, end.q850);
        }
        if let Some(destination) = &mut self.destination {
            destination.hang_up(end.q850);
        }
        let Self {
            core,
            id,
            caller,
            destination,
            relay,
            mut pump,
            taping,
            talk_ms,
            answered_at,
            ..
        } = self;
        let ended_at = now();
        // At least one, since it was answered.
        let caller_ms = answered_at.map_or(0, |at| millis(at.elapsed()).max(1));
        drop((caller, destination));
        if end.by == EndedBy::Caller {
            pump.tell(FlowEvent::CallerHungUp).await;
        }
        let measured = relay.stop().await;
        let recording = taping.finish().await;
        pump.finish().await;
        let call_end = CallEnd {
            by: end.by,
            reason: end.reason,
            sip_status: (!answered).then_some(end.status),
            q850: end.q850,
            ended_at,
            talk_ms,
            caller_ms: Some(caller_ms),
            quality: ending::quality(measured),
            recording,
        };
        core.control.ended(id, call_end).await;
    }
}

/// What a caller who was never answered gets when the flow ends without a word: temporarily unavailable.
const NOTHING_LEFT: u16 = 480;

/// The wall clock, in milliseconds.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_millis(since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
}
