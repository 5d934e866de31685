//! The worker's loop: takes what is due while there are places, and notes what came of each.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::OutboxEventId;

use super::{Outgoing, Told, next_try};
use crate::ports::PortResult;
use crate::ports::outbox::{AfterCrash, Delivery, OutboxRow};

/// Events that are told at the same time.
pub const EVENTS_AT_ONCE: usize = 64;
/// How often it is looked for what is due, when nobody rings.
pub const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long what is being told may go on after the server was asked to end. What is not done then is, at the next start,
/// told again or unknown.
pub const DRAIN: Duration = Duration::from_secs(15);
/// Wait before the store is asked again to note what came of something.
const NOTE_AGAIN: Duration = Duration::from_secs(1);
/// How often it is asked. After that the next start finds the event being told.
const NOTES_MAX: u32 = 600;
/// Longest trouble that is stored, in characters.
const TROUBLE_MAX: usize = 500;

/// What is being told, by its task.
type Telling = HashMap<Id, (OutboxEventId, AfterCrash, u32)>;

impl Outgoing {
    /// At the start, before [`Outgoing::work`]: what was being told when the last process ended is told again or unknown.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn recover(&self) -> PortResult<()> {
        let (again, unknown) = self.events.after_crash(self.moment.now()).await?;
        if again + unknown > 0 {
            tracing::warn!(
                again,
                unknown,
                "deliveries were on their way when the last process ended"
            );
            metrics::counter!("trunkline_outbox_unknown_total").increment(unknown);
        }
        Ok(())
    }

    /// Tells what is due until `stop` is done, then waits for what is being told.
    pub async fn work(self: Arc<Self>, stop: impl Future<Output = ()> + Send) {
        let mut running = JoinSet::new();
        let mut telling = Telling::new();
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = std::pin::pin!(stop);
        // A full hand says that more may be due than there were places.
        let mut more = false;
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(ended) = running.join_next_with_id() => {
                    self.ended(ended, &mut telling).await;
                    if !more {
                        continue;
                    }
                }
                () = self.due.notified() => {}
                _ = look.tick() => {}
            }
            more = self.take(&mut running, &mut telling).await;
        }
        let end = Instant::now() + DRAIN;
        while !running.is_empty() {
            tokio::select! {
                Some(ended) = running.join_next_with_id() => self.ended(ended, &mut telling).await,
                () = sleep_until(end) => {
                    tracing::warn!(
                        deliveries = running.len(),
                        "deliveries were not done in time; the next start goes on with them"
                    );
                    break;
                }
            }
        }
    }

    /// Takes what is due while there are places; whether there may be more.
    async fn take(self: &Arc<Self>, running: &mut JoinSet<()>, telling: &mut Telling) -> bool {
        let places = EVENTS_AT_ONCE.saturating_sub(running.len());
        if places == 0 {
            return true;
        }
        let limit = u32::try_from(places).unwrap_or(u32::MAX);
        let taken = match self.events.take(self.moment.now(), limit).await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(%error, "what is to be delivered waits");
                return false;
            }
        };
        let full = taken.len() == places;
        for row in taken {
            let of = (row.event.id, row.event.after_crash, row.tries);
            let own = Arc::clone(self);
            self.telling.fetch_add(1, Ordering::Relaxed);
            let task = running.spawn(async move { own.one(row).await });
            telling.insert(task.id(), of);
        }
        full
    }

    /// Tells one and notes what came of it.
    async fn one(&self, row: OutboxRow) {
        let told = match self.tellers.get(row.event.kind.as_str()) {
            Some(teller) => teller.tell(&row).await,
            None => Told::Hopeless(format!(
                "nobody here knows how to deliver `{}`; send it again with a newer server",
                row.event.kind
            )),
        };
        let delivery = delivery(told, row.tries, self.moment.now());
        let result = match &delivery {
            Delivery::Done => "done",
            Delivery::Again(..) => "again",
            Delivery::Unknown(_) => "unknown",
            Delivery::Dead(_) => "dead",
        };
        let kind = row.event.kind.clone();
        metrics::counter!("trunkline_outbox_total", "kind" => kind, "result" => result)
            .increment(1);
        if let Delivery::Unknown(trouble) | Delivery::Dead(trouble) = &delivery {
            tracing::warn!(event = %row.event.id, kind = row.event.kind, trouble, result, "a delivery was laid aside");
        }
        self.note(row.event.id, &delivery).await;
    }

    /// Notes what came of one, however long the store is away within reason: it is not told again because of that.
    async fn note(&self, id: OutboxEventId, delivery: &Delivery) {
        for _ in 0..NOTES_MAX {
            let noted = self.events.delivered(id, delivery, self.moment.now());
            match noted.await {
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(event = %id, %error, "what came of a delivery is not noted yet");
                }
            }
            sleep(NOTE_AGAIN).await;
        }
    }

    /// A task is over; when its teller broke down, the event is as after a crash.
    async fn ended(&self, ended: Result<(Id, ()), JoinError>, telling: &mut Telling) {
        self.telling.fetch_sub(1, Ordering::Relaxed);
        let task = match &ended {
            Ok((task, ())) => *task,
            Err(error) => error.id(),
        };
        let of = telling.remove(&task);
        let (Err(error), Some((id, after_crash, tries))) = (ended, of) else {
            return;
        };
        tracing::error!(event = %id, %error, "a delivery broke down");
        let trouble = "the server broke down while it was being sent".to_owned();
        let told = match after_crash {
            AfterCrash::Resend => Told::Failed(trouble),
            AfterCrash::Unknown => Told::Unclear(trouble),
        };
        let now = self.moment.now();
        let delivery = delivery(told, tries, now);
        // Should the store be away too, the next start finds it being told.
        if let Err(error) = self.events.delivered(id, &delivery, now).await {
            tracing::warn!(event = %id, %error, "what came of a delivery is not noted");
        }
    }
}

/// From what came of it to where the event goes.
fn delivery(told: Told, tries: u32, now: Timestamp) -> Delivery {
    match told {
        Told::Arrived => Delivery::Done,
        Told::Failed(trouble) => match next_try(tries, now) {
            Some(at) => Delivery::Again(at, short(&trouble)),
            None => Delivery::Dead(short(&trouble)),
        },
        Told::FailedUntil(until, trouble) => match next_try(tries, now) {
            Some(at) => Delivery::Again(at.max(until), short(&trouble)),
            None => Delivery::Dead(short(&trouble)),
        },
        Told::Unclear(trouble) => Delivery::Unknown(short(&trouble)),
        Told::Hopeless(trouble) => Delivery::Dead(short(&trouble)),
    }
}

fn short(trouble: &str) -> String {
    let plain = trouble.chars().filter(|c| !c.is_control());
    plain.take(TROUBLE_MAX).collect()
}
