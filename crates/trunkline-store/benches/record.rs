//! How fast visits become durable: new sessions with their touch and lease through the group commit.
//!
//! `cargo bench -p trunkline-store` prints one JSON line per engine. An entry is what one assignment records (three
//! rows); its submitter waits for the commit before it hands over the next.

use std::time::Instant;

use trunkline_core::base::id::{AccountId, NumberId, PoolId, SiteId, SwapTargetId};
use trunkline_core::base::{IdSequence, Timestamp};
use trunkline_core::visitor::{Channel, Consent, Device, Source};
use trunkline_engine::ports::History;
use trunkline_engine::ports::history::{LeaseRow, Record, SessionRow};
use trunkline_store::Store;
use trunkline_store::db::{DbOptions, Location};
use trunkline_store::testing::TestDatabase;

const SUBMITTERS: u16 = 256;
const ENTRIES_PER_SUBMITTER: i64 = 800;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        // `-- sqlite` measures only that one.
        let named = std::env::args().find(|arg| arg == "sqlite" || arg == "postgres");
        let wanted = |engine: &str| named.as_deref().is_none_or(|named| named == engine);
        if wanted("sqlite") {
            measure("sqlite", &TestDatabase::sqlite()).await;
        }
        if wanted("postgres") {
            measure("postgres", &TestDatabase::postgres().await).await;
        }
    });
}

async fn measure(engine: &str, database: &TestDatabase) {
    let location = Location::parse(&database.url).expect("an address");
    let store = Store::open(&location, DbOptions::default(), &[1; 32])
        .await
        .expect("a store");
    let (started, cpu) = (Instant::now(), cpu_seconds());
    let submitters: Vec<_> = (0..SUBMITTERS)
        .map(|node| tokio::spawn(submit(store.clone(), node)))
        .collect();
    for submitter in submitters {
        submitter.await.expect("a submitter");
    }
    let (seconds, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let entries = f64::from(SUBMITTERS) * ENTRIES_PER_SUBMITTER as f64;
    let line = serde_json::json!({
        "bench": "record",
        "engine": engine,
        "entries_per_second": (entries / seconds).round(),
        "rows_per_second": (entries * 3.0 / seconds).round(),
        "cpu_us_per_entry": (cpu / entries * 1e8).round() / 100.0,
        "entries_per_cpu_second": (entries / cpu).round(),
    });
    use std::io::Write;
    writeln!(std::io::stdout(), "{line}").expect("a place to print to");
    store.db().close().await;
}

async fn submit(store: Store, node: u16) {
    let mut ids = IdSequence::new(node);
    let start = 1_782_907_200_000;
    for n in 0..ENTRIES_PER_SUBMITTER {
        let now = Timestamp::from_millis(start + n * 10);
        let commit = store
            .record(assignment(&mut ids, now))
            .expect("a place in the queue");
        commit.await.expect("an answer").expect("a commit");
    }
}

fn assignment(ids: &mut IdSequence, now: Timestamp) -> Vec<Record> {
    let source = Source {
        channel: Channel::PaidSearch,
        medium: "cpc".to_owned(),
        source: "google".to_owned(),
        ad_campaign: Some("storm damage".to_owned()),
        term: Some("roof repair near me".to_owned()),
        content: None,
        rule: "gclid".to_owned(),
    };
    let page =
        "https://www.example.com/roofing/dallas?utm_source=google&utm_medium=cpc&gclid=Cj0KCQjw"
            .to_owned();
    let session = SessionRow {
        id: ids.draw(now),
        site: SiteId::from_raw(1),
        account: AccountId::from_raw(1),
        visitor: ids.draw(now),
        consent: Consent::Storage,
        device: Device::Phone,
        locality: None,
        synthetic: false,
        started_at: now,
        seen_at: now,
        source,
        landing: page,
        referrer: "https://www.google.com/".to_owned(),
        clicks: Vec::new(),
    };
    let lease = LeaseRow {
        id: ids.draw(now),
        number: NumberId::from_raw(session.id.raw() % 100),
        pool: PoolId::from_raw(1),
        target: SwapTargetId::from_raw(1),
        session: session.id,
        visitor: session.visitor,
        started_at: now,
        network: trunkline_core::assignment::Network::UNKNOWN,
    };
    vec![Record::Session(Box::new(session)), Record::Lease(lease)]
}

/// User and system time of this process (Linux, clock ticks of 10 ms).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|field| field.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
}
