//! Connecting a call: one destination after the other, as the engine says, until one answers.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use trunkline_core::call::flow::FlowEvent;
use trunkline_core::call::{DialOutcome, EndReason};
use trunkline_engine::call::control::{Action, Codec, Dial, Dialling, TrunkProfile};

use super::Call;
use super::ending::End;
use super::party::{Ours, Party};
use crate::media::Side;
use crate::media::relay::Signalled;
use crate::media::sdp::Description;
use crate::sip::session_timer::{Agreed, Said};
use crate::sip::{CallerId, Gone, LegEvent, Outgoing};

/// Longest time from the INVITE to an answer, over all destinations.
const SETUP_MAX: Duration = Duration::from_secs(600);
/// Longest ring time of one destination, whatever the action says.
const RING_MAX_MS: u32 = 300_000;
/// Longest session interval a far end may push us to (422), in seconds.
const PUSHED_SESSION_MAX_S: u32 = 7200;

/// What came of ringing one destination.
enum Attempt {
    Answered(Box<Party>),
    Failed {
        outcome: DialOutcome,
        status: Option<u16>,
    },
}

/// One INVITE of an attempt.
enum Rung {
    Answered(Box<Party>),
    Failed {
        outcome: DialOutcome,
        status: Option<u16>,
    },
    /// 422: the far end wants a longer session interval.
    IntervalTooSmall(u32),
}

/// What happened next while ringing.
enum Next {
    Destination(Option<LegEvent>),
    Caller(Option<LegEvent>),
    Engine(Vec<Action>),
    RangLongEnough,
    SetupTooLong,
    Stop,
}

impl Call {
    /// Carries the engine's actions out until a destination answers.
    pub(super) async fn connect(&mut self, actions: Vec<Action>) -> Result<Party, End> {
        let deadline = Instant::now() + SETUP_MAX;
        let mut queue = VecDeque::from(actions);
        loop {
            let (dial, record) = match queue.pop_front() {
                Some(Action::Dial(dialling)) => match one_leg(&dialling) {
                    Some(dial) => (dial, dialling.record),
                    None => return Err(self.not_able()),
                },
                Some(Action::HangUp { status, .. }) => return Err(self.no_destination(status)),
                Some(_) => return Err(self.not_able()),
                None => return Err(self.no_destination(480)),
            };
            match self.attempt(&dial, deadline).await? {
                Attempt::Answered(party) => {
                    self.recording = self.recording.take().filter(|_| record);
                    return Ok(*party);
                }
                Attempt::Failed { outcome, status } => {
                    let attempt = dial.attempt;
                    let failed = FlowEvent::DialFailed {
                        attempt,
                        outcome,
                        sip_status: status,
                    };
                    self.pump.tell(failed).await;
                    queue = self.decision(deadline).await?;
                }
            }
        }
    }

    /// No destination took the call: the caller gets the cause the last one gave.
    fn no_destination(&self, status: u16) -> End {
        let end = End::no_destination(status);
        End {
            q850: self.last_q850.or(end.q850),
            ..end
        }
    }

    /// A flow asks for what [`crate::ABILITIES`] does not list; publishing refuses such flows.
    fn not_able(&self) -> End {
        tracing::error!(id = %self.id, "a call flow asks for what this performer cannot do");
        self.no_destination(480)
    }

    /// Waits for the engine's answer to everything it was told, while the caller may give up.
    async fn decision(&mut self, deadline: Instant) -> Result<VecDeque<Action>, End> {
        let mut latest = Vec::new();
        while !self.pump.is_settled() {
            tokio::select! {
                actions = self.pump.next() => latest = actions,
                event = self.caller.events.recv() => self.on_caller(event.as_ref())?,
                () = sleep_until(deadline) => {
                    return Err(End::system(EndReason::NoDestination, 480));
                }
                () = self.core.stop.cancelled() => {
                    return Err(End::system(EndReason::Shutdown, 503));
                }
            }
        }
        Ok(latest.into())
    }

    async fn attempt(&mut self, dial: &Dial, deadline: Instant) -> Result<Attempt, End> {
        const NOT_TRIED: Attempt = Attempt::Failed {
            outcome: DialOutcome::Failed,
            status: None,
        };
        let Some(trunk) = self.core.control.trunk(dial.trunk) else {
            return Ok(NOT_TRIED);
        };
        let Some(peer) = trunk.peer else {
            return Ok(NOT_TRIED);
        };
        let Some(offer) = self.offer_for(&trunk) else {
            let outcome = DialOutcome::Failed;
            return Ok(Attempt::Failed {
                outcome,
                status: Some(488),
            });
        };
        // Whatever the last destination was told, its packets are not for this one.
        let nowhere = Signalled {
            rtp: None,
            rtcp: None,
            trunk: Arc::clone(&trunk),
        };
        self.relay.signal(Side::Destination, nowhere).await;
        let mut session_s = self.limits.session_expires_s;
        let mut pushed = false;
        loop {
            match self
                .ring(dial, &trunk, peer, &offer, session_s, deadline)
                .await?
            {
                Rung::Answered(party) => return Ok(Attempt::Answered(party)),
                Rung::Failed { outcome, status } => {
                    return Ok(Attempt::Failed { outcome, status });
                }
                Rung::IntervalTooSmall(min_s) if !pushed && min_s <= PUSHED_SESSION_MAX_S => {
                    session_s = session_s.max(min_s);
                    pushed = true;
                }
                Rung::IntervalTooSmall(_) => {
                    let outcome = DialOutcome::Failed;
                    return Ok(Attempt::Failed {
                        outcome,
                        status: Some(422),
                    });
                }
            }
        }
    }

    /// The caller's offer as far as this trunk may have it, or one of ours.
    fn offer_for(&self, trunk: &TrunkProfile) -> Option<Description> {
        match &self.offer {
            Some(offer) => offer.clone().only(&trunk.codecs).ok(),
            None => {
                let theirs = &self.caller.trunk.codecs;
                let both: Vec<Codec> = trunk
                    .codecs
                    .iter()
                    .copied()
                    .filter(|c| theirs.contains(c))
                    .collect();
                (!both.is_empty()).then(|| Description::own_offer(&both))
            }
        }
    }

    fn outgoing(&self, dial: &Dial, trunk: &Arc<TrunkProfile>, peer: SocketAddr) -> Outgoing {
        Outgoing {
            trunk: Arc::clone(trunk),
            peer,
            to: dial.to,
            from: dial
                .caller_id
                .map_or_else(|| self.caller_id.clone(), CallerId::Number),
            sdp: String::new(),
            session_s: 0,
            min_session_s: self.core.min_session_s,
            max_forwards: self.max_forwards,
            redirected_by: dial.redirected_by,
        }
    }

    /// Sends one INVITE and follows it to its end.
    async fn ring(
        &mut self,
        dial: &Dial,
        trunk: &Arc<TrunkProfile>,
        peer: SocketAddr,
        offer: &Description,
        session_s: u32,
        deadline: Instant,
    ) -> Result<Rung, End> {
        let port = self.relay.port(Side::Destination);
        let local = SocketAddr::new(self.core.advertised, port);
        let mut ours = Ours::new(local, self.core.new_origin());
        let sdp = ours.offer(offer);
        let outgoing = Outgoing {
            sdp,
            session_s,
            ..self.outgoing(dial, trunk, peer)
        };
        let leg = match self.core.dialler.dial(outgoing) {
            Ok(leg) => leg,
            Err(error) => {
                tracing::warn!(%error, "outgoing call not sent");
                return Ok(Rung::Failed {
                    outcome: DialOutcome::Failed,
                    status: None,
                });
            }
        };
        // Dropped on any way out but an answer, the party ends its leg.
        let party = Party::new(Side::Destination, leg, Arc::clone(trunk), ours);
        self.follow(party, dial, session_s, deadline).await
    }

    /// Follows a ringing leg to an answer or a failure.
    async fn follow(
        &mut self,
        mut party: Party,
        dial: &Dial,
        session_s: u32,
        deadline: Instant,
    ) -> Result<Rung, End> {
        let started = Instant::now();
        let ring_until =
            started + Duration::from_millis(dial.ring_timeout_ms.min(RING_MAX_MS).into());
        let mut until = ring_until.min(started + self.core.first_response);
        let mut ringing = false;
        loop {
            let next = tokio::select! {
                event = party.events.recv() => Next::Destination(event),
                event = self.caller.events.recv() => Next::Caller(event),
                actions = self.pump.next() => Next::Engine(actions),
                () = sleep_until(until) => Next::RangLongEnough,
                () = sleep_until(deadline) => Next::SetupTooLong,
                () = self.core.stop.cancelled() => Next::Stop,
            };
            match next {
                Next::Destination(Some(LegEvent::Trying)) => until = ring_until,
                Next::Destination(Some(LegEvent::Ringing { sdp })) => {
                    until = ring_until;
                    if !ringing {
                        ringing = true;
                        self.pump
                            .tell(FlowEvent::Ringing {
                                attempt: dial.attempt,
                            })
                            .await;
                    }
                    self.on_ringing(&mut party, sdp).await;
                }
                Next::Destination(Some(LegEvent::Answered { sdp, session })) => {
                    return Ok(self.on_answer(party, dial, sdp, session, session_s).await);
                }
                Next::Destination(Some(LegEvent::Failed {
                    status,
                    q850,
                    min_session_s,
                })) => {
                    party.over = true;
                    self.last_q850 = q850;
                    return Ok(failed(status, min_session_s, ringing));
                }
                Next::Destination(Some(LegEvent::Gone(_)) | None) => {
                    return Ok(Rung::Failed {
                        outcome: DialOutcome::Failed,
                        status: None,
                    });
                }
                Next::Destination(Some(LegEvent::Asked(_) | LegEvent::Acked { .. })) => {}
                Next::Caller(event) => self.on_caller(event.as_ref())?,
                Next::Engine(actions) => hang_up_asked(&actions)?,
                Next::RangLongEnough if until == ring_until => {
                    return Ok(Rung::Failed {
                        outcome: DialOutcome::NoAnswer,
                        status: None,
                    });
                }
                Next::RangLongEnough => {
                    return Ok(Rung::Failed {
                        outcome: DialOutcome::Failed,
                        status: Some(408),
                    });
                }
                Next::SetupTooLong => return Err(End::system(EndReason::NoDestination, 480)),
                Next::Stop => return Err(End::system(EndReason::Shutdown, 503)),
            }
        }
    }

    /// Passes ringing on: early media as 183 when the caller made an offer, otherwise 180 once.
    async fn on_ringing(&mut self, party: &mut Party, sdp: Option<Vec<u8>>) {
        let early = sdp.and_then(|body| {
            Description::parse(&body)
                .and_then(|d| d.only(&party.trunk.codecs))
                .ok()
        });
        match early {
            Some(description) if self.offer.is_some() => {
                let known = party.remote.as_ref() == Some(&description);
                if !known {
                    let ours = self.caller.describe(&description);
                    party.apply(description, &self.relay).await;
                    self.caller.leg.ring(Some(ours));
                }
            }
            _ if !self.rang => {
                self.rang = true;
                self.caller.leg.ring(None);
            }
            _ => {}
        }
    }

    /// A destination answered: answers the caller, or gives the destination up when its
    /// description is of no use.
    async fn on_answer(
        &mut self,
        mut party: Party,
        dial: &Dial,
        sdp: Option<Vec<u8>>,
        session: Said,
        session_s: u32,
    ) -> Rung {
        let description = match sdp {
            Some(body) => Description::parse(&body)
                .and_then(|d| d.only(&party.trunk.codecs))
                .ok(),
            None => party.remote.clone(),
        };
        let Some(description) = description else {
            party.hang_up(Some(crate::sip::reason::from_status(488)));
            return Rung::Failed {
                outcome: DialOutcome::Failed,
                status: Some(488),
            };
        };
        self.pump
            .tell(FlowEvent::Answered {
                attempt: dial.attempt,
            })
            .await;
        party.allows_update = session.allows_update;
        party.start_timer(Agreed::as_uac(session, session_s));
        let sdp = if self.offer.is_some() {
            self.caller.describe(&description)
        } else {
            self.caller.describe(&description.clone().first_codec())
        };
        party.apply(description, &self.relay).await;
        let ours_s = self.limits.session_expires_s;
        let agreed =
            Agreed::as_uas(self.session, ours_s, self.core.min_session_s).unwrap_or(Agreed {
                interval_s: ours_s,
                we_refresh: true,
                supported: false,
            });
        self.caller.start_timer(agreed);
        self.caller.answers_in_ack = self.offer.is_none();
        self.caller.leg.answer(sdp, agreed);
        Rung::Answered(Box::new(party))
    }

    /// The caller can only give up while it is being connected.
    fn on_caller(&mut self, event: Option<&LegEvent>) -> Result<(), End> {
        let gone = match event {
            Some(LegEvent::Gone(gone)) => *gone,
            None => Gone::Lost,
            Some(_) => return Ok(()),
        };
        self.caller.over = true;
        let q850 = self.core.reasons.take(self.caller.leg.call_id());
        Err(End::cancelled(gone, q850))
    }
}

fn failed(status: Option<u16>, min_session_s: Option<u32>, rang: bool) -> Rung {
    match (status, min_session_s) {
        (Some(422), Some(min_s)) => Rung::IntervalTooSmall(min_s),
        // A time-out before anything rang is the trunk's, not the destination's.
        (Some(408), _) if !rang => Rung::Failed {
            outcome: DialOutcome::Failed,
            status,
        },
        (Some(status), _) => Rung::Failed {
            outcome: DialOutcome::from_sip_status(status),
            status: Some(status),
        },
        (None, _) => Rung::Failed {
            outcome: DialOutcome::Failed,
            status: None,
        },
    }
}

/// The leg of a dialling that asks for no more than to ring it.
fn one_leg(dialling: &Dialling) -> Option<Dial> {
    let screened =
        dialling.whisper.is_some() || dialling.accept.is_some() || dialling.detect_machine;
    match &dialling.legs[..] {
        [leg] if !screened => Some(leg.clone()),
        _ => None,
    }
}

/// While a destination rings, the engine may only ask to end the call.
fn hang_up_asked(actions: &[Action]) -> Result<(), End> {
    match actions.iter().find(|a| matches!(a, Action::HangUp { .. })) {
        Some(Action::HangUp { status, .. }) => Err(End::no_destination(*status)),
        _ => Ok(()),
    }
}
