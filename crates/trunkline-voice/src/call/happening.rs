//! What happens on a call, and what is done about it whatever the call is doing at the moment.
//!
//! Every activity (playing, ringing, talking) waits with [`Call::happens`], which may be dropped at any time, and hands
//! what it got to [`Call::on`]. What only the activity can judge comes back as [`News`].

use std::io;
use std::time::{Duration, Instant as StdInstant};

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};
use trunkline_core::call::EndReason;
use trunkline_engine::call::control::{Action, PROGRESS_EVERY_MS};

use super::ending::End;
use super::offers::Done;
use super::orders::Order;
use super::{Call, now};
use crate::media::relay::{Heard, Sign, What};
use crate::media::{Seat, Side, dtmf};
use crate::recording::Tap;
use crate::sip::session_timer::Due;
use crate::sip::{Gone, LegEvent, Method};

/// Something that happened.
pub(super) enum Happened {
    Leg(Side, Option<LegEvent>),
    Done(Done),
    Engine(Vec<Action>),
    Timer(Side, Due),
    Heard(Heard),
    Recording(io::Result<Tap>),
    Order(Order),
    Progress,
    Silent,
    SetupTooLong,
    TooLong,
    Stop,
}

/// Something that only the present activity can judge.
pub(super) enum News {
    /// The engine answered to events.
    Engine(Vec<Action>),
    /// The caller pressed a key.
    Key(char),
    /// A sound of ours is over.
    Played(u32),
    /// A sign of a destination that is being screened.
    Sign(Seat, Sign),
    /// The destination left.
    Left(End),
}

/// A timer far enough away to be none.
pub(super) fn far() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

/// Ticks for the signs of life of an answered call.
pub(super) fn signs_of_life() -> Interval {
    let every = Duration::from_millis(PROGRESS_EVERY_MS);
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

impl Call {
    /// Waits for the next thing. May be dropped and called again; nothing is lost.
    pub(super) async fn happens(&mut self) -> Happened {
        let (due_at, side, due) = self.next_timer();
        let (limit_at, limit) = match self.answered_at {
            Some(at) => {
                let longest = Duration::from_millis(self.limits.max_call_ms);
                (Instant::from_std(at) + longest, Happened::TooLong)
            }
            None => (self.setup_until, Happened::SetupTooLong),
        };
        let Self {
            core,
            caller,
            destination,
            work,
            pump,
            relay,
            taping,
            orders,
            signs_of_life,
            ..
        } = self;
        let destination = async {
            match destination {
                Some(party) => party.events.recv().await,
                None => std::future::pending().await,
            }
        };
        let sign = async {
            match signs_of_life {
                Some(ticks) => _ = ticks.tick().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            event = caller.events.recv() => Happened::Leg(Side::Caller, event),
            event = destination => Happened::Leg(Side::Destination, event),
            Some(Ok(done)) = work.join_next() => Happened::Done(done),
            actions = pump.next() => Happened::Engine(actions),
            () = sleep_until(due_at) => Happened::Timer(side, due),
            heard = relay.next() => heard.map_or(Happened::Silent, Happened::Heard),
            opened = taping.opening() => Happened::Recording(opened),
            order = orders.next() => Happened::Order(order),
            () = sign => Happened::Progress,
            () = sleep_until(limit_at) => limit,
            () = core.stop.cancelled() => Happened::Stop,
        }
    }

    /// Does what is to be done about it whatever the call is doing.
    pub(super) async fn on(&mut self, happened: Happened) -> Result<Option<News>, End> {
        match happened {
            Happened::Leg(side, event) => return self.on_leg(side, event).await,
            Happened::Done(done) => self.on_done(done).await?,
            Happened::Engine(actions) => return Ok(Some(News::Engine(actions))),
            Happened::Heard(heard) => return Ok(heard_news(heard)),
            Happened::Timer(side, Due::Refresh) => self.refresh(side),
            Happened::Timer(_, Due::Expired) => {
                return Err(End::system(EndReason::SessionExpired, 408));
            }
            Happened::Recording(opened) => {
                self.taping.opened(self.id, opened, &self.relay).await;
            }
            Happened::Order(order) => {
                let done = self.taping.pause(&self.relay, order.rest).await;
                // Whoever asked may have stopped waiting.
                let _ = order.done.send(done);
            }
            Happened::Progress => self.core.control.progress(self.id, now()),
            Happened::Silent => return Err(End::system(EndReason::RtpInactivity, 408)),
            Happened::SetupTooLong => return Err(End::system(EndReason::NoDestination, 480)),
            Happened::TooLong => return Err(End::system(EndReason::MaxLength, 200)),
            Happened::Stop => return Err(End::system(EndReason::Shutdown, 503)),
        }
        Ok(None)
    }

    async fn on_leg(&mut self, side: Side, event: Option<LegEvent>) -> Result<Option<News>, End> {
        match event {
            None => self.left(side, Gone::Lost),
            Some(LegEvent::Gone(gone)) => self.left(side, gone),
            Some(LegEvent::Asked(asked))
                if asked.method == Method::Info && self.destination.is_none() =>
            {
                let key = dtmf::info::key(asked.content_type.as_deref(), &asked.body);
                asked.reply.send(200, None, None).await;
                if key.is_some() {
                    self.relay.ignore_tones(Seat::CALLER).await;
                }
                Ok(key.map(News::Key))
            }
            Some(LegEvent::Asked(asked)) => {
                self.on_asked(side, *asked).await;
                Ok(None)
            }
            Some(LegEvent::Acked { sdp }) => {
                self.on_ack(side, sdp).await;
                Ok(None)
            }
            Some(
                LegEvent::Ringing { .. }
                | LegEvent::Trying
                | LegEvent::Answered { .. }
                | LegEvent::Failed { .. },
            ) => Ok(None),
        }
    }

    /// A side left: the caller ends the call, the destination only its part of it.
    fn left(&mut self, side: Side, gone: Gone) -> Result<Option<News>, End> {
        let answered = self.answered_at.is_some();
        let Some(party) = self.party(side) else {
            return Ok(None);
        };
        party.over = true;
        let call_id = party.leg.call_id().to_owned();
        let q850 = self.core.reasons.take(&call_id);
        match side {
            Side::Caller if answered => Err(End::left(side, gone, q850)),
            Side::Caller => Err(End::cancelled(gone, q850)),
            Side::Destination => Ok(Some(News::Left(End::left(side, gone, q850)))),
        }
    }

    /// Carries a future out while the call goes on.
    pub(super) async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Result<T, End> {
        tokio::pin!(work);
        loop {
            let happened = tokio::select! {
                done = &mut work => return Ok(done),
                happened = self.happens() => happened,
            };
            let news = self.on(happened).await?;
            self.note(news)?;
        }
    }

    /// Waits until the engine has answered everything it was told; what it wants is carried out next.
    pub(super) async fn decide(&mut self) -> Result<(), End> {
        while !self.pump.is_settled() {
            let happened = self.happens().await;
            let news = self.on(happened).await?;
            self.note(news)?;
        }
        Ok(())
    }

    /// Keeps news that no activity waits for.
    pub(super) fn note(&mut self, news: Option<News>) -> Result<(), End> {
        match news {
            Some(News::Engine(actions)) => self.queue.extend(actions),
            Some(News::Key(key)) if self.keys.len() < super::KEYS_MAX => self.keys.push(key),
            Some(News::Left(end)) => return Err(end),
            _ => {}
        }
        Ok(())
    }

    /// Actions of the engine while something is in progress: it may end the call; the rest comes after.
    pub(super) fn heed(&mut self, actions: Vec<Action>) -> Result<(), End> {
        for action in actions {
            match action {
                Action::HangUp { status, .. } => return Err(self.turned_away(status)),
                other => self.queue.push_back(other),
            }
        }
        Ok(())
    }

    /// The earliest thing a session timer wants.
    fn next_timer(&self) -> (Instant, Side, Due) {
        let timers = [
            (Side::Caller, Some(&self.caller)),
            (Side::Destination, self.destination.as_ref()),
        ];
        let next = timers
            .into_iter()
            .filter_map(|(side, party)| {
                let (at, due) = party?.timer.as_ref()?.next();
                Some((at, side, due))
            })
            .min_by_key(|(at, ..): &(StdInstant, Side, Due)| *at);
        match next {
            Some((at, side, due)) => (Instant::from_std(at), side, due),
            None => (far(), Side::Caller, Due::Refresh),
        }
    }
}

fn heard_news(heard: Heard) -> Option<News> {
    Some(match heard.what {
        What::Played(id) => News::Played(id),
        What::Sign(Sign::Key(key)) if heard.seat == Seat::CALLER => News::Key(key),
        What::Sign(sign) => News::Sign(heard.seat, sign),
    })
}
