//! A connected call: passes on what the sides ask, and watches that both are still there.

use std::time::{Duration, Instant as StdInstant};

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use trunkline_core::call::EndReason;
use trunkline_engine::call::control::{Action, PROGRESS_EVERY_MS};

use super::ending::End;
use super::offers::Done;
use super::party::Party;
use super::{Call, Talked, now};
use crate::media::Side;
use crate::media::sdp::Description;
use crate::recording::Tap;
use crate::sip::session_timer::{Agreed, Due};
use crate::sip::{Answer, Gone, LegEvent, Method, Request};

/// Requests of both sides that are passed on at a time.
pub(super) const PASSED_ON_MAX: usize = 16;

/// A call while both sides are connected.
pub(super) struct Talk<'a> {
    pub(super) call: &'a mut Call,
    pub(super) destination: Party,
    /// Requests on their way and what will be done with their answers.
    pub(super) work: JoinSet<Done>,
    tap: Option<Tap>,
}

/// What happened next while talking.
enum Next {
    Leg(Side, Option<LegEvent>),
    Done(Done),
    Engine(Vec<Action>),
    Timer(Side, Due),
    Progress,
    Silent,
    TooLong,
    Stop,
}

impl Call {
    /// Talks until somebody or something ends it.
    pub(super) async fn talk(&mut self, destination: Party) -> (End, Talked) {
        let answered_at = StdInstant::now();
        let mut talk = Talk {
            call: self,
            destination,
            work: JoinSet::new(),
            tap: None,
        };
        talk.start_recording(answered_at);
        let end = talk.run().await;
        let talk_ms = u64::try_from(answered_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        talk.call.caller.hang_up(end.q850);
        talk.destination.hang_up(end.q850);
        let tap = talk.last_tap().await;
        (end, Talked { talk_ms, tap })
    }
}

impl Talk<'_> {
    async fn run(&mut self) -> End {
        let started = Instant::now();
        let too_long = started + Duration::from_millis(self.call.limits.max_call_ms);
        let every = Duration::from_millis(PROGRESS_EVERY_MS);
        let mut progress = interval_at(started + every, every);
        progress.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.watch_media().await;
        loop {
            let (due_at, side, due) = self.next_timer();
            let call = &mut *self.call;
            let next = tokio::select! {
                event = call.caller.events.recv() => Next::Leg(Side::Caller, event),
                event = self.destination.events.recv() => Next::Leg(Side::Destination, event),
                Some(done) = self.work.join_next() => match done {
                    Ok(done) => Next::Done(done),
                    Err(_) => continue,
                },
                actions = call.pump.next() => Next::Engine(actions),
                () = sleep_until(due_at) => Next::Timer(side, due),
                _ = progress.tick() => Next::Progress,
                () = call.relay.inactive() => Next::Silent,
                () = sleep_until(too_long) => Next::TooLong,
                () = call.core.stop.cancelled() => Next::Stop,
            };
            if let Err(end) = self.on(next).await {
                return end;
            }
        }
    }

    async fn on(&mut self, next: Next) -> Result<(), End> {
        match next {
            Next::Leg(side, Some(event)) => return self.on_leg(side, event).await,
            Next::Leg(side, None) => return Err(self.left(side, Gone::Lost)),
            Next::Done(done) => return self.on_done(done).await,
            Next::Engine(actions) => {
                if actions.iter().any(|a| matches!(a, Action::HangUp { .. })) {
                    return Err(End::system(EndReason::HungUp, 200));
                }
            }
            Next::Timer(side, Due::Refresh) => self.refresh(side),
            Next::Timer(_, Due::Expired) => {
                return Err(End::system(EndReason::SessionExpired, 408));
            }
            Next::Progress => self.call.core.control.progress(self.call.id, now()),
            Next::Silent => return Err(End::system(EndReason::RtpInactivity, 408)),
            Next::TooLong => return Err(End::system(EndReason::MaxLength, 200)),
            Next::Stop => return Err(End::system(EndReason::Shutdown, 503)),
        }
        Ok(())
    }

    async fn on_leg(&mut self, side: Side, event: LegEvent) -> Result<(), End> {
        match event {
            LegEvent::Gone(gone) => Err(self.left(side, gone)),
            LegEvent::Asked(asked) => {
                self.on_asked(side, *asked).await;
                Ok(())
            }
            LegEvent::Acked { sdp } => {
                self.on_ack(side, sdp).await;
                Ok(())
            }
            LegEvent::Ringing { .. }
            | LegEvent::Trying
            | LegEvent::Answered { .. }
            | LegEvent::Failed { .. } => Ok(()),
        }
    }

    fn left(&mut self, side: Side, gone: Gone) -> End {
        let party = self.party(side);
        party.over = true;
        let call_id = party.leg.call_id().to_owned();
        let q850 = self.call.core.reasons.take(&call_id);
        End::left(side, gone, q850)
    }

    pub(super) const fn party(&mut self, side: Side) -> &mut Party {
        match side {
            Side::Caller => &mut self.call.caller,
            Side::Destination => &mut self.destination,
        }
    }

    /// An ACK that brings the answer to an offer of ours.
    async fn on_ack(&mut self, side: Side, sdp: Option<Vec<u8>>) {
        let party = self.party(side);
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
            tracing::warn!(id = %self.call.id, "the answer to our offer is missing or unusable");
        }
    }

    /// Takes in a side's description and starts or stops the watch for silence.
    pub(super) async fn apply(&mut self, side: Side, description: Description) {
        match side {
            Side::Caller => self.call.caller.apply(description, &self.call.relay).await,
            Side::Destination => self.destination.apply(description, &self.call.relay).await,
        }
        self.watch_media().await;
    }

    /// Silence counts unless a side has put the call on hold; the session timers then remain. One side
    /// may be silent for longer than both, see [`Relay::watch`](crate::media::relay::Relay::watch).
    async fn watch_media(&self) {
        let held = self.call.caller.holds() || self.destination.holds();
        let limit = Duration::from_millis(self.call.limits.rtp_inactivity_ms);
        self.call
            .relay
            .watch((!held && !limit.is_zero()).then_some(limit))
            .await;
    }

    /// The earliest thing a session timer wants.
    fn next_timer(&self) -> (Instant, Side, Due) {
        let far = (
            StdInstant::now() + Duration::from_secs(3600),
            Side::Caller,
            Due::Refresh,
        );
        let timers = [
            (Side::Caller, &self.call.caller),
            (Side::Destination, &self.destination),
        ];
        let next = timers
            .into_iter()
            .filter_map(|(side, party)| {
                let (at, due) = party.timer.as_ref()?.next();
                Some((at, side, due))
            })
            .min_by_key(|(at, ..)| *at)
            .unwrap_or(far);
        (Instant::from_std(next.0), next.1, next.2)
    }

    /// Refreshes a side's session: UPDATE when it takes one, else the same INVITE again.
    fn refresh(&mut self, side: Side) {
        let party = self.party(side);
        let Some(timer) = &mut party.timer else {
            return;
        };
        if party.asking || party.asked {
            timer.retry(StdInstant::now());
            return;
        }
        timer.refreshing();
        let agreed = timer.agreed();
        let leg = std::sync::Arc::clone(&party.leg);
        let (method, body) = if party.allows_update {
            (Method::Update, None)
        } else {
            (Method::Invite, Some(party.sent.clone()))
        };
        party.asked = method == Method::Invite;
        let request = Request {
            method,
            body,
            content_type: None,
            session: Some(agreed),
        };
        self.work.spawn(async move {
            Done::Refreshed {
                side,
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
        let party = self.party(side);
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

    fn start_recording(&mut self, answered_at: StdInstant) {
        let Some(path) = self.call.recording.clone() else {
            return;
        };
        let recorder = self.call.core.recorder.clone();
        self.work
            .spawn(async move { Done::Recording(recorder.open(path, answered_at).await) });
    }

    pub(super) async fn on_recording(&mut self, opened: std::io::Result<Tap>) {
        match opened {
            Ok(tap) => {
                self.call.relay.record(Some(tap.clone())).await;
                self.tap = Some(tap);
            }
            Err(error) => tracing::warn!(id = %self.call.id, %error, "call not recorded"),
        }
    }

    /// The recording of the call, also when it was still being opened.
    async fn last_tap(&mut self) -> Option<Tap> {
        if self.tap.is_none() && self.call.recording.is_some() {
            while let Some(done) = self.work.join_next().await {
                if let Ok(Done::Recording(opened)) = done {
                    return opened.ok();
                }
            }
        }
        self.tap.take()
    }
}
