//! What is told outside is told once, again on a schedule, and never again where nobody knows whether it arrived.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::time::Instant;
use trunkline_core::base::id::{AccountId, OutboxEventId};
use trunkline_core::base::{Id, Timestamp};
use trunkline_engine::clock::{Clock, Moment};
use trunkline_engine::outbox::{EVENTS_AT_ONCE, Outgoing, TRIES_MAX, Teller, Told};
use trunkline_engine::ports::outbox::{
    AfterCrash, Delivery, Outbox, OutboxEvent, OutboxRow, OutboxState,
};
use trunkline_engine::ports::{PortError, PortResult};

const ACCOUNT: AccountId = AccountId::from_raw(9);

/// Time as tokio's tests let it pass.
struct Passing(Instant);

impl Clock for Passing {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.0.elapsed().as_millis()).expect("a while");
        Timestamp::from_millis(1_800_000_000_000 + passed)
    }
}

/// The outbox in memory.
#[derive(Default)]
struct Rows {
    rows: Mutex<BTreeMap<OutboxEventId, OutboxRow>>,
    away: AtomicBool,
    changed: Notify,
}

impl Rows {
    fn put(
        &self,
        raw: i64,
        kind: &str,
        after_crash: AfterCrash,
        due_at: Timestamp,
    ) -> OutboxEventId {
        let id = Id::from_raw(raw);
        let event = OutboxEvent {
            id,
            account: ACCOUNT,
            kind: kind.to_owned(),
            about: Some(raw),
            body: "{}".to_owned(),
            after_crash,
            due_at,
            made_at: due_at,
        };
        let row = OutboxRow {
            event,
            state: OutboxState::Waiting,
            tries: 0,
            ended_at: None,
            trouble: String::new(),
        };
        self.rows.lock().expect("a lock").insert(id, row);
        id
    }

    fn row(&self, id: OutboxEventId) -> OutboxRow {
        self.rows.lock().expect("a lock")[&id].clone()
    }

    async fn until(&self, id: OutboxEventId, wanted: impl Fn(&OutboxRow) -> bool) -> OutboxRow {
        loop {
            let changed = self.changed.notified();
            let row = self.row(id);
            if wanted(&row) {
                return row;
            }
            changed.await;
        }
    }

    fn there(&self) -> PortResult<()> {
        if self.away.load(Ordering::SeqCst) {
            return Err(PortError::Unavailable("away".to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl Outbox for Rows {
    async fn put_event(&self, _: &OutboxEvent) -> PortResult<()> {
        Ok(())
    }

    async fn take(&self, now: Timestamp, limit: u32) -> PortResult<Vec<OutboxRow>> {
        self.there()?;
        let mut rows = self.rows.lock().expect("a lock");
        let due = rows.values_mut();
        let due = due.filter(|r| r.state == OutboxState::Waiting && r.event.due_at <= now);
        let taken = due.take(limit as usize).map(|row| {
            row.state = OutboxState::Sending;
            row.tries += 1;
            row.clone()
        });
        Ok(taken.collect())
    }

    async fn take_event(&self, id: OutboxEventId) -> PortResult<Option<OutboxRow>> {
        self.there()?;
        let mut rows = self.rows.lock().expect("a lock");
        let row = rows.get_mut(&id);
        let row = row.filter(|row| row.state == OutboxState::Waiting);
        Ok(row.map(|row| {
            row.state = OutboxState::Sending;
            row.tries += 1;
            row.clone()
        }))
    }

    async fn delivered(
        &self,
        id: OutboxEventId,
        delivery: &Delivery,
        at: Timestamp,
    ) -> PortResult<bool> {
        self.there()?;
        let mut rows = self.rows.lock().expect("a lock");
        let row = rows.get_mut(&id).expect("a row");
        assert_eq!(row.state, OutboxState::Sending);
        let (state, trouble) = match delivery {
            Delivery::Done => (OutboxState::Done, ""),
            Delivery::Again(due_at, why) => {
                row.event.due_at = *due_at;
                (OutboxState::Waiting, why.as_str())
            }
            Delivery::Unknown(why) => (OutboxState::Unknown, why.as_str()),
            Delivery::Dead(why) => (OutboxState::Dead, why.as_str()),
        };
        row.state = state;
        trouble.clone_into(&mut row.trouble);
        row.ended_at = (state != OutboxState::Waiting).then_some(at);
        drop(rows);
        self.changed.notify_waiters();
        Ok(true)
    }

    async fn after_crash(&self, _: Timestamp) -> PortResult<(u64, u64)> {
        let mut rows = self.rows.lock().expect("a lock");
        let (mut again, mut unknown) = (0, 0);
        for row in rows
            .values_mut()
            .filter(|r| r.state == OutboxState::Sending)
        {
            match row.event.after_crash {
                AfterCrash::Resend => (row.state, again) = (OutboxState::Waiting, again + 1),
                AfterCrash::Unknown => (row.state, unknown) = (OutboxState::Unknown, unknown + 1),
            }
        }
        Ok((again, unknown))
    }

    async fn send_again(
        &self,
        _: AccountId,
        id: OutboxEventId,
        now: Timestamp,
    ) -> PortResult<bool> {
        let mut rows = self.rows.lock().expect("a lock");
        let row = rows.get_mut(&id).expect("a row");
        (row.state, row.tries, row.event.due_at) = (OutboxState::Waiting, 0, now);
        Ok(true)
    }

    async fn events_in(
        &self,
        _: AccountId,
        state: OutboxState,
        _: Option<OutboxEventId>,
        _: u32,
    ) -> PortResult<Vec<OutboxRow>> {
        let rows = self.rows.lock().expect("a lock");
        Ok(rows
            .values()
            .filter(|r| r.state == state)
            .cloned()
            .collect())
    }
}

/// Tells as it is told to.
struct Says {
    kind: &'static str,
    after_crash: AfterCrash,
    told: Told,
    times: AtomicUsize,
    at: Mutex<Vec<Duration>>,
    began: Instant,
    /// How many are at it; at most so many at once.
    at_once: AtomicUsize,
    most: AtomicUsize,
    /// Places to go on.
    let_go: Semaphore,
    breaks_down: bool,
}

impl Says {
    fn new(kind: &'static str, told: Told) -> Self {
        Self {
            kind,
            after_crash: AfterCrash::Unknown,
            told,
            times: AtomicUsize::new(0),
            at: Mutex::default(),
            began: Instant::now(),
            at_once: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            let_go: Semaphore::new(Semaphore::MAX_PERMITS),
            breaks_down: false,
        }
    }
}

#[async_trait]
impl Teller for Says {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn after_crash(&self) -> AfterCrash {
        self.after_crash
    }

    fn about(&self, raw: i64) -> Option<String> {
        Some(format!("lead {raw}"))
    }

    async fn tell(&self, _: &OutboxRow) -> Told {
        self.times.fetch_add(1, Ordering::SeqCst);
        self.at.lock().expect("a lock").push(self.began.elapsed());
        let at_once = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(at_once, Ordering::SeqCst);
        assert!(!self.breaks_down, "broke down");
        self.let_go.acquire().await.expect("open").forget();
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        self.told.clone()
    }
}

struct Desk {
    rows: Arc<Rows>,
    outgoing: Arc<Outgoing>,
    stop: oneshot::Sender<()>,
    working: tokio::task::JoinHandle<()>,
    now: Timestamp,
}

fn desk(tellers: &[&Arc<Says>]) -> Desk {
    let rows = Arc::new(Rows::default());
    let moment = Moment::new(Arc::new(Passing(Instant::now())), 0);
    let now = moment.now();
    let tellers = tellers.iter().map(|&t| Arc::clone(t) as Arc<dyn Teller>);
    let outgoing = Outgoing::new(rows.clone(), moment, tellers.collect());
    let outgoing = Arc::new(outgoing);
    let (stop, stopped) = oneshot::channel();
    let working = tokio::spawn(Arc::clone(&outgoing).work(async {
        let _ = stopped.await;
    }));
    Desk {
        rows,
        outgoing,
        stop,
        working,
        now,
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_on_the_schedule_and_then_laid_aside_until_a_person_sends_it_again() {
    let says = Arc::new(Says::new(
        "post",
        Told::Failed("it answered\n500".to_owned()),
    ));
    let desk = desk(&[&says]);
    let id = desk.rows.put(1, "post", AfterCrash::Unknown, desk.now);
    let dead = desk.rows.until(id, |r| r.state == OutboxState::Dead).await;
    assert_eq!(
        (dead.tries, dead.trouble.as_str()),
        (TRIES_MAX, "it answered500")
    );
    let at: Vec<u64> = says
        .at
        .lock()
        .expect("a lock")
        .iter()
        .map(Duration::as_secs)
        .collect();
    // 0 s, 10 s, 1 min, 10 min, 1 h, 6 h, 24 h, each at most a look late.
    let mut due = 0;
    for (told, wait) in at.iter().zip([0, 10, 60, 600, 3_600, 21_600, 86_400]) {
        due += wait;
        assert!((due..=due + 4).contains(told), "{at:?}");
    }
    assert_eq!(at.len(), 7);
    assert!(desk.outgoing.send_again(ACCOUNT, id).await.expect("stored"));
    let again = desk
        .rows
        .until(id, |r| r.state == OutboxState::Waiting && r.tries == 1)
        .await;
    assert!(again.event.due_at > dead.event.due_at);
    assert_eq!(desk.outgoing.about(&again).as_deref(), Some("lead 1"));
}

#[tokio::test(start_paused = true)]
async fn each_outcome_puts_the_event_where_it_belongs() {
    let later = Timestamp::from_millis(1_800_000_000_000 + 3_600_000);
    let told = [
        ("arrived", Told::Arrived, OutboxState::Done),
        (
            "until",
            Told::FailedUntil(later, "resting".to_owned()),
            OutboxState::Waiting,
        ),
        (
            "unclear",
            Told::Unclear("no answer".to_owned()),
            OutboxState::Unknown,
        ),
        (
            "hopeless",
            Told::Hopeless("no such buyer".to_owned()),
            OutboxState::Dead,
        ),
    ];
    let tellers = told
        .clone()
        .map(|(kind, told, _)| Arc::new(Says::new(kind, told)));
    let desk = desk(&tellers.iter().collect::<Vec<_>>());
    for (n, (kind, _, state)) in (1..).zip(told) {
        let id = desk.rows.put(n, kind, AfterCrash::Unknown, desk.now);
        let row = desk
            .rows
            .until(id, |r| r.tries == 1 && r.state == state)
            .await;
        if kind == "until" {
            assert_eq!(row.event.due_at, later, "not before it may be");
        }
    }
    let nobodys = desk.rows.put(9, "telegram", AfterCrash::Resend, desk.now);
    let dead = desk
        .rows
        .until(nobodys, |r| r.state == OutboxState::Dead)
        .await;
    assert!(dead.trouble.contains("`telegram`"), "{}", dead.trouble);
}

#[tokio::test(start_paused = true)]
async fn only_so_many_are_told_at_once_and_the_bell_needs_no_look() {
    let says = Says {
        let_go: Semaphore::new(0),
        ..Says::new("post", Told::Arrived)
    };
    let says = Arc::new(says);
    let desk = desk(&[&says]);
    let many = i64::try_from(EVENTS_AT_ONCE * 2).expect("a number");
    let ids: Vec<_> = (1..=many)
        .map(|n| desk.rows.put(n, "post", AfterCrash::Unknown, desk.now))
        .collect();
    desk.outgoing.bell().notify_one();
    while says.at_once.load(Ordering::SeqCst) < EVENTS_AT_ONCE {
        tokio::task::yield_now().await;
    }
    assert_eq!(desk.outgoing.telling(), EVENTS_AT_ONCE);
    says.let_go.add_permits(ids.len());
    for id in ids {
        desk.rows.until(id, |r| r.state == OutboxState::Done).await;
    }
    assert_eq!(says.most.load(Ordering::SeqCst), EVENTS_AT_ONCE);
    let passed = says.began.elapsed();
    assert!(
        passed < Duration::from_millis(400),
        "no look was waited for: {passed:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_teller_that_breaks_down_leaves_its_event_as_a_crash_would() {
    let broken = |kind, after_crash| {
        Arc::new(Says {
            breaks_down: true,
            after_crash,
            ..Says::new(kind, Told::Arrived)
        })
    };
    let post = broken("post", AfterCrash::Unknown);
    let hook = broken("hook", AfterCrash::Resend);
    let desk = desk(&[&post, &hook]);
    let posted = desk.rows.put(1, "post", AfterCrash::Unknown, desk.now);
    let hooked = desk.rows.put(2, "hook", AfterCrash::Resend, desk.now);
    desk.rows
        .until(posted, |r| r.state == OutboxState::Unknown)
        .await;
    let again = desk
        .rows
        .until(hooked, |r| r.tries == 2 && r.state == OutboxState::Waiting);
    assert!(again.await.event.due_at > desk.now);
    assert_eq!(post.times.load(Ordering::SeqCst), 1, "never a second post");
    assert_eq!(hook.times.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn what_came_of_it_is_noted_when_the_store_is_back_and_not_told_twice() {
    let says = Says {
        let_go: Semaphore::new(0),
        ..Says::new("post", Told::Arrived)
    };
    let says = Arc::new(says);
    let desk = desk(&[&says]);
    let id = desk.rows.put(1, "post", AfterCrash::Unknown, desk.now);
    while says.times.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    desk.rows.away.store(true, Ordering::SeqCst);
    says.let_go.add_permits(1);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(desk.rows.row(id).state, OutboxState::Sending);
    desk.rows.away.store(false, Ordering::SeqCst);
    desk.rows.until(id, |r| r.state == OutboxState::Done).await;
    assert_eq!(says.times.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_server_waits_for_what_is_being_told_and_takes_nothing_new() {
    let says = Says {
        let_go: Semaphore::new(0),
        ..Says::new("post", Told::Arrived)
    };
    let says = Arc::new(says);
    let desk = desk(&[&says]);
    let first = desk.rows.put(1, "post", AfterCrash::Unknown, desk.now);
    while says.times.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    desk.stop.send(()).expect("it works");
    tokio::task::yield_now().await;
    let second = desk.rows.put(2, "post", AfterCrash::Unknown, desk.now);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!desk.working.is_finished());
    says.let_go.add_permits(1);
    desk.working.await.expect("ended");
    assert_eq!(desk.rows.row(first).state, OutboxState::Done);
    assert_eq!(desk.rows.row(second).state, OutboxState::Waiting);

    // What is not done in time is found by the next start, and is unknown then.
    let stuck = Says {
        let_go: Semaphore::new(0),
        ..Says::new("post", Told::Arrived)
    };
    let stuck = Arc::new(stuck);
    let desk = self::desk(&[&stuck]);
    let id = desk.rows.put(1, "post", AfterCrash::Unknown, desk.now);
    while stuck.times.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    desk.stop.send(()).expect("it works");
    desk.working.await.expect("ended");
    assert_eq!(desk.rows.row(id).state, OutboxState::Sending);
    desk.outgoing.recover().await.expect("read");
    assert_eq!(desk.rows.row(id).state, OutboxState::Unknown);
}
