//! Arrivals and beacons: who gets which number over time, overload and restarts.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use trunkline_core::assignment::{
    Basis, Network, NumberStage, NumberUse, PoolRule, PoolSettings, Published, Site, SwapSettings,
    SwapTarget, TrackingNumber,
};
use trunkline_core::base::id::{
    AccountId, LeaseId, NumberId, PoolId, SessionId, SiteId, SwapTargetId, TrunkId, VisitorId,
};
use trunkline_core::base::{PhoneNumber, Timestamp, Zone};
use trunkline_core::visitor::{Channel, Consent, Device, Landing, SourceRules, SourceSelector};
use trunkline_engine::assignment::{
    Answer, Assignments, Beacon, BeaconOutcome, FORMS_PER_SESSION_MAX, Known,
    PAGES_PER_SESSION_MAX, TAP_EVERY_MS, TAPS_PER_SESSION_MAX, Visit,
};
use trunkline_engine::clock::{Clock, Moment};
use trunkline_engine::directory::{Directory, SharedDirectory};
use trunkline_engine::ports::History;
use trunkline_engine::ports::configuration::Everything;
use trunkline_engine::ports::history::{FormDetails, LeaseRow, OpenLease, Record, TapRow};

use crate::ports::{HandClock, MemoryHistory};

pub(crate) const SITE: SiteId = SiteId::from_raw(1);
pub(crate) const POOL: PoolId = PoolId::from_raw(2);
pub(crate) const TARGET: SwapTargetId = SwapTargetId::from_raw(3);
const FIRST: u64 = 13_125_550_100;

/// A site with a pool of so many numbers and a static number behind it.
pub(crate) fn everything(pool_size: u64, strict: bool) -> Everything {
    let zone = Zone::parse("America/Chicago").expect("a zone");
    let created_at = Timestamp::EPOCH;
    let site = Site {
        id: SITE,
        account: AccountId::from_raw(9),
        key: "key".to_owned(),
        name: "Site".to_owned(),
        hosts: vec!["a.example".to_owned()],
        zone,
        targets: vec![SwapTarget {
            id: TARGET,
            label: "Main".to_owned(),
            number: PhoneNumber::from_digits(12_145_550_100),
        }],
        source_numbers_win: false,
        source_rules: SourceRules::default(),
        swap: SwapSettings::default(),
        draft: None,
        published_at: created_at,
        flow: None,
        config_version: 1,
        created_at,
    };
    let pool = PoolSettings {
        id: POOL,
        account: site.account,
        site: SITE,
        target: TARGET,
        name: "Pool".to_owned(),
        strict,
        rule: PoolRule::default(),
        created_at,
    };
    let number = |index: u64, kind| TrackingNumber {
        id: NumberId::from_raw(100 + index as i64),
        account: site.account,
        trunk: TrunkId::from_raw(7),
        number: PhoneNumber::from_digits(FIRST + index),
        kind,
        label: String::new(),
        site: Some(SITE),
        target: Some(TARGET),
        pool: (kind == NumberUse::Pool).then_some(POOL),
        selector: SourceSelector::default(),
        business_line: PhoneNumber::from_digits(12_142_345_678),
        second_line: None,
        flow: None,
        stage: NumberStage::InUse,
        stage_since: created_at,
        created_at,
    };
    let mut numbers: Vec<_> = (0..pool_size).map(|i| number(i, NumberUse::Pool)).collect();
    numbers.push(number(99, NumberUse::Static));
    Everything {
        sites: vec![site],
        pools: vec![pool],
        numbers,
        ..Everything::default()
    }
}

pub(crate) struct World {
    pub(crate) clock: Arc<HandClock>,
    pub(crate) history: Arc<MemoryHistory>,
    pub(crate) assignments: Assignments,
    directory: SharedDirectory,
}

pub(crate) fn world(pool_size: u64, strict: bool) -> World {
    let clock = HandClock::new();
    let history = Arc::new(MemoryHistory::default());
    let directory = SharedDirectory::default();
    directory.replace(Directory::new(everything(pool_size, strict)));
    let moment = Moment::new(clock.clone(), 0);
    let assignments = Assignments::new(moment, directory.clone(), history.clone());
    assignments.reload();
    World {
        clock,
        history,
        assignments,
        directory,
    }
}

impl World {
    pub(crate) async fn arrive(&self, query: &str, known: Option<Known>) -> Answer {
        self.arrive_as(query, known, false).await
    }

    /// Arrives; `waits` as a page does on which no number has been seen yet.
    async fn arrive_as(&self, query: &str, known: Option<Known>, waits: bool) -> Answer {
        self.ask(query, known, waits, Network::UNKNOWN).await
    }

    /// A visitor arrives from a network.
    pub(crate) async fn arrive_from(&self, network: Network) -> Answer {
        self.ask("", None, false, network).await
    }

    async fn ask(
        &self,
        query: &str,
        known: Option<Known>,
        waits: bool,
        network: Network,
    ) -> Answer {
        let page = format!("https://a.example/{query}");
        let visit = Visit {
            waits,
            site: Arc::clone(self.directory.now().site(SITE).expect("the site")),
            landing: Landing::parse(&page).expect("a page"),
            page,
            referrer: String::new(),
            network,
            device: Device::Phone,
            locality: None,
            synthetic: false,
            consent: Consent::Storage,
            known,
            config_version: 1,
        };
        self.assignments.arrive(visit).await
    }

    /// Arrives and confirms with a beacon; the index of the number.
    async fn visit(&self, known: Option<Known>) -> (u64, Known) {
        let answer = self.arrive("", known).await;
        let known = answer.session.expect("a session");
        assert_eq!(self.shown(known).await, BeaconOutcome::Taken);
        (index(&answer), known)
    }

    async fn shown(&self, known: Known) -> BeaconOutcome {
        let shown = Beacon::Shown {
            swaps: 1,
            page: "https://a.example/".to_owned(),
        };
        self.assignments
            .beacons(SITE, known, None, 1, vec![shown])
            .await
    }

    /// Writes down that the first version of the block carried a number, and the ones after it do not.
    pub(crate) fn publish(&self, number: NumberId) {
        let published = Published {
            number,
            site: SITE,
            first: 1,
            last: Some(1),
        };
        let all = Everything {
            published: vec![published],
            ..everything(2, false)
        };
        self.directory.replace(Directory::new(all));
    }

    /// The use case as a new process has it, with the same stores.
    pub(crate) fn restarted(&self) -> Assignments {
        let moment = Moment::new(self.clock.clone(), 0);
        Assignments::new(moment, self.directory.clone(), self.history.clone())
    }

    async fn beat(&self, known: Known) -> BeaconOutcome {
        self.assignments
            .beacons(SITE, known, None, 1, vec![Beacon::Beat])
            .await
    }
}

pub(crate) fn index(answer: &Answer) -> u64 {
    answer.numbers[0].replacement.number.digits() - FIRST
}

#[tokio::test]
async fn a_direct_return_keeps_the_source_of_the_visit_before_for_thirty_days() {
    let day = 86_400_000;
    for (away, kept) in [(day, true), (29 * day, true), (31 * day, false)] {
        let world = world(3, false);
        let first = world.arrive("?gclid=1", None).await;
        world.clock.forward(away);
        let again = world.arrive("", first.session).await;
        assert_ne!(again.session, first.session, "a new visit");
        let id = again.session.expect("a session").session;
        let row = world
            .history
            .session(id)
            .await
            .expect("read")
            .expect("a row");
        let told = (
            row.source.channel == Channel::PaidSearch,
            row.source.rule.as_str(),
        );
        let expected = if kept { "last_non_direct" } else { "direct" };
        assert_eq!(told, (kept, expected), "{away}");
        // A page further on the same visit is no arrival of its own.
        world.arrive("about", again.session).await;
        assert_eq!(world.history.count(|r| matches!(r, Record::Touch(_))), 0);
    }
}

/// A visit that is over and out of memory, one half hour after its last sign.
async fn visit_over(world: &World) {
    world.clock.forward(31 * 60_000);
    world.assignments.sweep();
}

async fn source_of(world: &World, answer: &Answer) -> (String, String) {
    let id = answer.session.expect("a session").session;
    let row = world.history.session(id).await.expect("read");
    let source = row.expect("a row").source;
    (source.source, source.rule)
}

#[tokio::test]
async fn a_direct_return_keeps_the_latest_source_of_the_visit_before_not_its_first() {
    for landing in ["", "?utm_source=google&utm_medium=organic"] {
        let world = world(3, false);
        let first = world.arrive(landing, None).await;
        world
            .arrive("?utm_source=mailer&utm_medium=email", first.session)
            .await;
        visit_over(&world).await;
        let again = world.arrive("", first.session).await;
        assert_ne!(again.session, first.session, "a new visit");
        let told = source_of(&world, &again).await;
        assert_eq!(told, ("mailer".to_owned(), "last_non_direct".to_owned()));
    }
}

#[tokio::test]
async fn after_a_restart_in_the_middle_of_a_visit_its_latest_source_is_remembered() {
    let world = world(3, false);
    let first = world.arrive("", None).await;
    world
        .arrive("?utm_source=mailer&utm_medium=email", first.session)
        .await;
    let moment = Moment::new(world.clock.clone(), 0);
    let restarted = Assignments::new(moment, world.directory.clone(), world.history.clone());
    restarted.reload();
    let world = World {
        assignments: restarted,
        ..world
    };
    let again = world.arrive("about", first.session).await;
    assert_eq!(again.session, first.session, "the same visit");
    let known = first.session.expect("a session");
    let (_, source) = world
        .assignments
        .session_now(SITE, known.session)
        .expect("in memory");
    assert_eq!(source.channel, Channel::Email);
}

#[tokio::test]
async fn a_visitor_known_by_the_cookie_alone_keeps_the_source_too() {
    let world = world(3, false);
    let first = world.arrive("?gclid=1", None).await;
    let known = first.session.expect("a session");
    visit_over(&world).await;
    let by_cookie = Known {
        visitor: known.visitor,
        session: SessionId::from_raw(77),
    };
    let again = world.arrive("", Some(by_cookie)).await;
    let told = source_of(&world, &again).await;
    assert_eq!(told, ("google".to_owned(), "last_non_direct".to_owned()));
}

#[tokio::test]
async fn an_idle_number_is_handed_on_after_its_time_and_its_page_is_told() {
    let world = world(1, false);
    let (_, first) = world.visit(None).await;
    let (got, _) = world.visit(None).await;
    assert_eq!(
        got, 99,
        "the pool has none to give, so the static number is shown"
    );
    world.clock.forward(59_999);
    assert_eq!(index(&world.arrive("", None).await), 99);
    world.clock.forward(1);
    assert_eq!(index(&world.arrive("", None).await), 0);
    assert_eq!(
        world.beat(first).await,
        BeaconOutcome::Lost,
        "the page must ask again"
    );
}

#[tokio::test]
async fn heartbeats_keep_a_number_for_as_long_as_the_page_is_visible() {
    let world = world(1, false);
    let (_, known) = world.visit(None).await;
    for _ in 0..60 {
        world.clock.forward(20_000);
        assert_eq!(world.beat(known).await, BeaconOutcome::Taken);
        assert_eq!(index(&world.arrive("", None).await), 99);
    }
}

#[tokio::test]
async fn a_returning_visitor_keeps_its_number_and_gets_a_new_session() {
    let world = world(2, false);
    let (number, first) = world.visit(None).await;
    world.clock.forward(31 * 60_000);
    world.assignments.sweep();
    let (again, second) = world.visit(Some(first)).await;
    assert_eq!(again, number);
    assert_eq!(second.visitor, first.visitor);
    assert_ne!(second.session, first.session);
}

#[tokio::test]
async fn a_page_without_the_number_returns_its_lease() {
    let world = world(1, false);
    let silent = world.arrive("", None).await;
    assert_eq!(silent.basis(), Some(Basis::Pool));
    world.clock.forward(89_999);
    assert_eq!(index(&world.arrive("", None).await), 99);
    world.clock.forward(1);
    assert_eq!(index(&world.arrive("", None).await), 0);
}

#[tokio::test]
async fn overload_is_answered_with_the_source_number_and_leaves_nothing_behind() {
    let world = world(2, false);
    world.history.full.store(true, Ordering::SeqCst);
    let answer = world.arrive("", None).await;
    assert_eq!((index(&answer), answer.session), (99, None));
    world.history.full.store(false, Ordering::SeqCst);
    world.history.failing.store(true, Ordering::SeqCst);
    let answer = world.arrive("", None).await;
    assert_eq!((index(&answer), answer.session), (99, None));
    world.history.failing.store(false, Ordering::SeqCst);
    assert_eq!(world.history.leases(), 0);
    let (first, _) = world.visit(None).await;
    let (second, _) = world.visit(None).await;
    assert_eq!([first, second], [0, 1], "both numbers are free after all");
}

#[tokio::test]
async fn a_page_whose_number_nobody_has_seen_takes_none_until_it_is_wanted() {
    let world = world(1, false);
    let waiting = world.arrive_as("", None, true).await;
    assert_eq!((index(&waiting), waiting.lease), (99, None));
    let known = waiting.session.expect("the visit is recorded");
    assert_eq!(world.history.leases(), 0);
    let wanted = world.arrive_as("", Some(known), false).await;
    assert_eq!(index(&wanted), 0);
    let later = world.arrive_as("next", Some(known), true).await;
    assert_eq!(index(&later), 0, "a number the session holds stays");
    assert_eq!(later.lease, wanted.lease);
}

#[tokio::test]
async fn a_paid_click_starts_a_new_session_and_its_source_is_recorded() {
    let world = world(2, false);
    let (_, first) = world.visit(None).await;
    let answer = world
        .arrive("?gclid=x&utm_source=google&utm_medium=cpc", Some(first))
        .await;
    assert_ne!(answer.session.expect("a session").session, first.session);
    let told = world.history.count(|r| matches!(r, Record::Session(s) if s.source.source == "google" && s.source.medium == "cpc"));
    assert_eq!(told, 1);
}

impl World {
    /// A page tells a tap on the number with this index, so long ago; gives the taps recorded so far.
    async fn tap(&self, known: Known, index: u64, ago_ms: i64) -> Vec<TapRow> {
        let number = PhoneNumber::from_digits(FIRST + index);
        let tap = vec![Beacon::Tap { number, ago_ms }];
        let told = self.assignments.beacons(SITE, known, None, 1, tap).await;
        assert_eq!(told, BeaconOutcome::Taken);
        let records = self.history.records.lock().expect("records");
        let taps = records.iter().filter_map(|r| match r {
            Record::Tap(tap) => Some(tap.clone()),
            _ => None,
        });
        taps.collect()
    }
}

#[tokio::test]
async fn a_tap_counts_only_on_a_number_that_is_on_the_screen_of_the_session() {
    let world = world(2, false);
    let answer = world.arrive("", None).await;
    let (number, known) = (index(&answer), answer.session.expect("a session"));
    assert_eq!(world.tap(known, number, 0).await.len(), 0, "not shown yet");
    world.shown(known).await;
    assert_eq!(world.tap(known, number, 0).await.len(), 1);
    world.clock.forward(TAP_EVERY_MS);
    assert_eq!(world.tap(known, 1 - number, 0).await.len(), 1, "another's");
    world.clock.forward(61_000);
    world.assignments.sweep();
    assert_eq!(world.tap(known, number, 0).await.len(), 1, "long silent");
    world.shown(known).await;
    assert_eq!(world.tap(known, number, 0).await.len(), 2);
}

#[tokio::test]
async fn a_session_sends_a_handful_of_forms_and_no_more() {
    let world = world(1, false);
    let (_, known) = world.visit(None).await;
    let form = || Beacon::Form {
        account: AccountId::from_raw(9),
        page: "https://a.example/".to_owned(),
        details: FormDetails::default(),
    };
    for _ in 0..30 {
        let sent = world
            .assignments
            .beacons(SITE, known, None, 1, vec![form()]);
        assert_eq!(sent.await, BeaconOutcome::Taken);
    }
    let kept = world.history.count(|r| matches!(r, Record::Form(_)));
    assert_eq!(kept, FORMS_PER_SESSION_MAX as usize);
}

#[tokio::test]
async fn a_script_that_taps_without_end_leaves_a_person_s_share_of_taps() {
    let world = world(1, false);
    let (number, known) = world.visit(None).await;
    for _ in 0..100 {
        world.tap(known, number, 0).await;
    }
    assert_eq!(
        world.tap(known, number, 0).await.len(),
        1,
        "one wish to call"
    );
    let mut taps = 1;
    for _ in 0..100 {
        world.clock.forward(TAP_EVERY_MS);
        taps = world.tap(known, number, 0).await.len();
    }
    assert_eq!(taps, TAPS_PER_SESSION_MAX as usize);
}

#[tokio::test]
async fn a_tap_that_is_told_late_keeps_its_time_and_is_marked() {
    let world = world(1, false);
    let (number, known) = world.visit(None).await;
    world.clock.forward(50_000);
    let now = world.clock.now();
    let taps = world.tap(known, number, 20_000).await;
    let told = |tap: &TapRow| (tap.at, tap.late);
    assert_eq!(told(&taps[0]), (now.plus_millis(-20_000), true));
    // Before the number was on the screen, or too long ago to be believed.
    assert_eq!(world.tap(known, number, 50_001).await.len(), 1);
    for _ in 0..3 {
        world.clock.forward(20_000);
        world.beat(known).await;
    }
    assert_eq!(world.tap(known, number, 60_001).await.len(), 1);
    let now = world.clock.now();
    let taps = world.tap(known, number, 1_500).await;
    assert_eq!(told(&taps[1]), (now, false), "the time of its way");
}

#[tokio::test]
async fn after_a_restart_visible_numbers_stay_with_their_visitors_for_a_minute() {
    let world = world(2, false);
    let now = world.clock.now();
    let lease = |index: i64, seen_ago: i64| OpenLease {
        lease: LeaseRow {
            id: LeaseId::from_raw(500 + index),
            number: NumberId::from_raw(100 + index),
            pool: POOL,
            target: TARGET,
            session: SessionId::from_raw(600 + index),
            visitor: VisitorId::from_raw(700 + index),
            started_at: now.plus_millis(-3_600_000),
            network: Network::UNKNOWN,
        },
        confirmed_at: Some(now.plus_millis(-3_600_000)),
        seen_at: now.plus_millis(-seen_ago),
    };
    // The process was away for ten minutes: number 0 was visible until its end, number 1 long before.
    *world.history.open.lock().expect("leases") = vec![lease(0, 600_000), lease(1, 3_000_000)];
    world.assignments.restore().await.expect("restored");
    assert_eq!(index(&world.arrive("", None).await), 1);
    assert_eq!(
        index(&world.arrive("", None).await),
        99,
        "number 0 may still be on a screen"
    );
    world.clock.forward(60_000);
    assert_eq!(index(&world.arrive("", None).await), 0);
}

#[tokio::test]
async fn a_page_that_lost_its_number_asks_again_and_keeps_the_next_one() {
    let world = world(1, false);
    let (_, first) = world.visit(None).await;
    world.clock.forward(61_000);
    let (taken, second) = world.visit(None).await;
    assert_eq!(taken, 0);
    assert_eq!(world.beat(first).await, BeaconOutcome::Lost);
    world.clock.forward(61_000);
    let again = world.arrive("", Some(first)).await;
    assert_eq!(
        (index(&again), again.session),
        (0, Some(first)),
        "the same session, by its token"
    );
    assert_eq!(world.shown(first).await, BeaconOutcome::Taken);
    assert_eq!(world.beat(first).await, BeaconOutcome::Taken);
    assert_eq!(world.beat(second).await, BeaconOutcome::Lost);
}

#[tokio::test]
async fn a_token_of_a_lease_that_was_given_on_speaks_for_nobody() {
    let world = world(1, false);
    let answer = world.arrive("", None).await;
    let (known, lease) = (answer.session.expect("a session"), answer.lease);
    assert_eq!(
        world
            .assignments
            .beacons(SITE, known, lease, 1, vec![Beacon::Beat])
            .await,
        BeaconOutcome::Taken
    );
    let other = Some(LeaseId::from_raw(1));
    assert_eq!(
        world
            .assignments
            .beacons(SITE, known, other, 1, vec![Beacon::Beat])
            .await,
        BeaconOutcome::Lost
    );
}

#[tokio::test]
async fn a_showing_that_could_not_be_recorded_is_recorded_when_it_is_told_again() {
    for full in [true, false] {
        let world = world(1, false);
        let known = world.arrive("", None).await.session.expect("a session");
        let trouble = if full {
            &world.history.full
        } else {
            &world.history.failing
        };
        trouble.store(true, Ordering::SeqCst);
        assert_eq!(world.shown(known).await, BeaconOutcome::Busy);
        trouble.store(false, Ordering::SeqCst);
        assert_eq!(world.shown(known).await, BeaconOutcome::Taken);
        assert_eq!(world.history.count(|r| matches!(r, Record::Showing(_))), 1);
        assert_eq!(
            world
                .history
                .count(|r| matches!(r, Record::LeaseConfirmed(..))),
            1
        );
    }
}

#[tokio::test]
async fn a_full_queue_does_not_take_away_a_number_that_is_in_use() {
    let world = world(1, false);
    let (_, known) = world.visit(None).await;
    world.history.full.store(true, Ordering::SeqCst);
    assert_eq!(
        index(
            &world
                .arrive("?utm_source=mail&utm_medium=email", Some(known))
                .await
        ),
        99
    );
    world.history.full.store(false, Ordering::SeqCst);
    assert_eq!(world.beat(known).await, BeaconOutcome::Taken);
    world
        .arrive("?utm_source=mail&utm_medium=email", Some(known))
        .await;
    assert_eq!(
        world
            .history
            .count(|r| matches!(r, Record::Touch(t) if t.source.source == "mail")),
        1
    );
}

#[tokio::test]
async fn a_silent_showing_is_ended_once_at_its_last_sight() {
    let world = world(1, false);
    world.visit(None).await;
    let seen = world.clock.now();
    world.clock.forward(61_000);
    world.assignments.sweep();
    world.assignments.sweep();
    let ends = world
        .history
        .count(|r| matches!(r, Record::ShowingEnded(_, at) if *at == seen));
    assert_eq!(ends, 1);
}

#[tokio::test]
async fn who_only_asks_for_numbers_is_soon_out_of_memory_and_who_looks_at_one_stays() {
    let world = world(3, false);
    let asked = world.arrive("", None).await.session.expect("a session");
    let (_, looked) = world.visit(None).await;
    world.clock.forward(181_000);
    world.assignments.sweep();
    let held = world.assignments.latest_sessions(SITE, 10);
    assert_eq!(held, [looked.session]);
    // A person who goes on after all is the same visitor as before.
    let again = world.arrive("", Some(asked)).await;
    assert_eq!(again.session.map(|k| k.visitor), Some(asked.visitor));
}

#[tokio::test]
async fn a_session_records_so_many_pages_and_no_more() {
    let world = world(1, false);
    let (_, known) = world.visit(None).await;
    for _ in 0..30 {
        let page = |n| Beacon::Page {
            page: format!("https://a.example/{n}"),
        };
        let pages = (0..32).map(page).collect();
        let outcome = world.assignments.beacons(SITE, known, None, 1, pages).await;
        assert_eq!(outcome, BeaconOutcome::Taken);
    }
    for n in 0..10 {
        let answer = world
            .arrive(&format!("?utm_source=s{n}"), Some(known))
            .await;
        assert_eq!(index(&answer), 0, "its numbers it still gets");
    }
    let pages = |r: &Record| {
        matches!(
            r,
            Record::Session(_) | Record::PageView(_) | Record::Touch(_)
        )
    };
    let recorded = u32::try_from(world.history.count(pages)).expect("a count");
    assert_eq!(recorded, PAGES_PER_SESSION_MAX);
}
