//! Caller and destination talk, until one of them leaves or something ends the call.

use std::time::{Duration, Instant as StdInstant};

use trunkline_core::call::EndReason;
use trunkline_core::call::flow::FlowEvent;
use trunkline_engine::call::control::Action;

use super::Call;
use super::ending::End;
use super::happening::News;
use super::offers::Done;
use super::taping::millis;
use crate::media::Side;
use crate::media::sdp::Description;
use crate::sip::session_timer::Agreed;
use crate::sip::{Answer, Method, Request};

impl Call {
    /// Talks until the destination leaves; the flow then goes on with the caller, unless it has nothing more to do.
    pub(super) async fn talk(&mut self, record: bool) -> Result<(), End> {
        let started = StdInstant::now();
        self.talks += 1;
        self.watch_media().await;
        if record {
            self.begin_recording(true).await;
        }
        let left = self.until_destination_leaves().await;
        self.talk_ms += millis(started.elapsed());
        let end = left?;
        self.part().await;
        // One that was to be tried over another trunk when this one picked up.
        self.queue
            .retain(|action| !matches!(action, Action::Dial(_)));
        self.pump.tell(FlowEvent::DestinationHungUp).await;
        self.decide().await?;
        match self.queue.front() {
            None | Some(Action::HangUp { .. }) => Err(end),
            Some(_) => Ok(()),
        }
    }

    async fn until_destination_leaves(&mut self) -> Result<End, End> {
        loop {
            let happened = self.happens().await;
            match self.on(happened).await? {
                Some(News::Left(end)) => return Ok(end),
                Some(News::Engine(actions))
                    if actions.iter().any(|a| matches!(a, Action::HangUp { .. })) =>
                {
                    return Err(End::system(EndReason::HungUp, 200));
                }
                _ => {}
            }
        }
    }

    /// The destination has left: the caller is alone again.
    async fn part(&mut self) {
        let Some(destination) = self.destination.take() else {
            return;
        };
        self.taping.rest(&self.relay).await;
        self.relay.close(destination.seat).await;
        self.attend().await;
        self.take_off_hold();
    }

    /// A destination that left while it held the caller cannot take it back.
    fn take_off_hold(&mut self) {
        let party = &mut self.caller;
        let busy = party.asking || party.asked || party.holds();
        if busy || party.sent.contains("a=sendrecv") {
            return;
        }
        let Some(remote) = party.remote.clone() else {
            return;
        };
        party.describe(&remote.resumed());
        self.ask_again(Side::Caller, Method::Invite);
    }

    pub(super) const fn party(&mut self, side: Side) -> Option<&mut super::party::Party> {
        match side {
            Side::Caller => Some(&mut self.caller),
            Side::Destination => self.destination.as_mut(),
        }
    }

    /// An ACK that brings the answer to an offer of ours.
    pub(super) async fn on_ack(&mut self, side: Side, sdp: Option<Vec<u8>>) {
        let Some(party) = self.party(side) else {
            return;
        };
        if !party.answers_in_ack {
            return;
        }
        party.answers_in_ack = false;
        let trunk_codecs = party.trunk.codecs.clone();
        let description = sdp
            .and_then(|body| Description::parse(&body).ok())
            .and_then(|d| d.only(&trunk_codecs).ok());
        if let Some(description) = description {
            self.apply(side, description).await;
        } else {
            tracing::warn!(id = %self.id, "the answer to our offer is missing or unusable");
        }
    }

    /// Takes in a side's description and starts or stops the watch for silence.
    pub(super) async fn apply(&mut self, side: Side, description: Description) {
        let party = match side {
            Side::Caller => Some(&mut self.caller),
            Side::Destination => self.destination.as_mut(),
        };
        if let Some(party) = party {
            party.apply(description, &self.relay).await;
        }
        self.watch_media().await;
    }

    /// Silence counts unless a side has put the call on hold; the session timers then remain. One side
    /// may be silent for longer than both, see [`Relay::watch`](crate::media::relay::Relay::watch).
    pub(super) async fn watch_media(&self) {
        if self.answered_at.is_none() {
            return;
        }
        let destination = self.destination.as_ref();
        let held = self.caller.holds() || destination.is_some_and(super::party::Party::holds);
        let limit = Duration::from_millis(self.limits.rtp_inactivity_ms);
        self.relay
            .watch((!held && !limit.is_zero()).then_some(limit))
            .await;
    }

    /// Refreshes a side's session: UPDATE when it takes one, else the same INVITE again.
    pub(super) fn refresh(&mut self, side: Side) {
        let Some(party) = self.party(side) else {
            return;
        };
        let allows_update = party.allows_update;
        let Some(timer) = &mut party.timer else {
            return;
        };
        if party.asking || party.asked {
            timer.retry(StdInstant::now());
            return;
        }
        timer.refreshing();
        let method = if allows_update {
            Method::Update
        } else {
            Method::Invite
        };
        self.ask_again(side, method);
    }

    /// Asks a side for what holds already, or for what was described to it last.
    fn ask_again(&mut self, side: Side, method: Method) {
        let talk = self.talks;
        let Some(party) = self.party(side) else {
            return;
        };
        let leg = std::sync::Arc::clone(&party.leg);
        party.asked = method == Method::Invite;
        let request = Request {
            method,
            body: (method == Method::Invite).then(|| party.sent.clone()),
            content_type: None,
            session: party.timer.map(|t| t.agreed()),
        };
        self.work.spawn(async move {
            Done::Refreshed {
                side,
                talk,
                answer: leg.request(request).await,
            }
        });
    }

    /// The answer to a refresh.
    pub(super) async fn on_refreshed(
        &mut self,
        side: Side,
        answer: Option<Answer>,
    ) -> Result<(), End> {
        let Some(party) = self.party(side) else {
            return Ok(());
        };
        party.asked = false;
        match answer {
            Some(answer) if (200..300).contains(&answer.status) => {
                let ours_s = party.timer.map_or(0, |t| t.agreed().interval_s);
                party.start_timer(Agreed::as_uac(answer.session, ours_s));
                let codecs = party.trunk.codecs.clone();
                let description = Description::parse(&answer.body)
                    .and_then(|d| d.only(&codecs))
                    .ok();
                if let Some(description) = description {
                    self.apply(side, description).await;
                }
                Ok(())
            }
            // No dialog or nobody there (RFC 4028, 10).
            None
            | Some(Answer {
                status: 408 | 481, ..
            }) => Err(End::system(EndReason::SessionExpired, 408)),
            Some(_) => {
                if let Some(timer) = &mut party.timer {
                    timer.retry(StdInstant::now());
                }
                Ok(())
            }
        }
    }
}
