//! What the chapters of the story share: an open store of each engine, ids and times that never repeat.

use std::sync::{Arc, Mutex};

use trunkline_core::assignment::{
    Network, NumberStage, NumberUse, PoolRule, PoolSettings, Site, SiteContent, SwapSettings,
    SwapTarget, TrackingNumber,
};
use trunkline_core::base::id::{AccountId, NumberId, SessionId, TrunkId};
use trunkline_core::base::{
    Country, Currency, Id, IdKind, IdSequence, Locality, Money, PhoneNumber, Timestamp, Zone,
};
use trunkline_core::call::flow::FlowDocument;
use trunkline_core::call::{CallState, RecordingConsent, TollPolicy};
use trunkline_core::report::QUALIFIED_SECONDS;
use trunkline_core::visitor::{
    Channel, ClickId, Consent, Device, Source, SourceRules, SourceSelector,
};
use trunkline_engine::call::control::{Cidr, Codec, Signalled, Transport, TrunkProfile};
use trunkline_engine::call::trunk::TrunkSettings;
use trunkline_engine::ports::History;
use trunkline_engine::ports::calls::CallRow;
use trunkline_engine::ports::configuration::{Account, Configuration, Flow, FlowVersion, Trunk};
use trunkline_engine::ports::history::{LeaseRow, Record, SessionRow, ShowingRow, TouchRow};
use trunkline_store::Store;
use trunkline_store::db::{DbOptions, Location};
use trunkline_store::testing::TestDatabase;

pub(crate) const KEY: [u8; 32] = [42; 32];
/// The story begins on 2026-07-01 at 12:00 UTC.
pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_782_907_200_000);
pub(crate) const MINUTE: i64 = 60_000;

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) database: TestDatabase,
    ids: Mutex<IdSequence>,
}

impl World {
    pub(crate) async fn both() -> [World; 2] {
        let [sqlite, postgres] = TestDatabase::both().await;
        [World::on(sqlite).await, World::on(postgres).await]
    }

    pub(crate) async fn on(database: TestDatabase) -> World {
        World {
            store: open(&database).await,
            database,
            ids: Mutex::new(IdSequence::new(0)),
        }
    }

    pub(crate) fn id<K: IdKind>(&self) -> Id<K> {
        self.ids.lock().unwrap().draw(NOON)
    }

    /// Records and waits for the commit.
    pub(crate) async fn record(&self, records: Vec<Record>) {
        self.store.record(records).unwrap().await.unwrap().unwrap();
    }

    /// An account with everything it needs to take calls, stored.
    pub(crate) async fn set_up(&self) -> SetUp {
        let set_up = SetUp::new(self);
        let store = &self.store;
        store.put_account(&set_up.account).await.unwrap();
        store.put_trunk(&set_up.trunk).await.unwrap();
        store.put_site(&set_up.site).await.unwrap();
        store.put_pool(&set_up.pool).await.unwrap();
        store.put_flow(&set_up.flow).await.unwrap();
        for number in &set_up.numbers {
            store.put_number(number).await.unwrap();
        }
        set_up
    }

    pub(crate) fn session(&self, set_up: &SetUp, started_at: Timestamp) -> SessionRow {
        SessionRow {
            id: self.id(),
            site: set_up.site.id,
            account: set_up.account.id,
            visitor: self.id(),
            consent: Consent::Storage,
            device: Device::Phone,
            locality: Locality::new("TX", "Dallas"),
            synthetic: false,
            started_at,
            seen_at: started_at,
            source: google(),
            landing: "https://example.com/?utm_source=google".to_owned(),
            referrer: "https://www.google.com/".to_owned(),
            clicks: vec![gclid()],
        }
    }

    pub(crate) fn touch(&self, session: SessionId, at: Timestamp) -> TouchRow {
        TouchRow {
            id: self.id(),
            session,
            at,
            page: "https://example.com/offer".to_owned(),
            referrer: "https://www.google.com/".to_owned(),
            source: google(),
            clicks: vec![gclid()],
        }
    }

    pub(crate) fn lease(
        &self,
        set_up: &SetUp,
        number: NumberId,
        session: &SessionRow,
        at: Timestamp,
    ) -> LeaseRow {
        LeaseRow {
            id: self.id(),
            number,
            pool: set_up.pool.id,
            target: set_up.site.targets[0].id,
            session: session.id,
            visitor: session.visitor,
            started_at: at,
            network: Network::UNKNOWN,
        }
    }

    pub(crate) fn showing(&self, lease: &LeaseRow, at: Timestamp) -> ShowingRow {
        ShowingRow {
            id: self.id(),
            number: lease.number,
            session: lease.session,
            visitor: lease.visitor,
            lease: Some(lease.id),
            at,
            page: "https://example.com/offer".to_owned(),
            swaps: 3,
        }
    }

    pub(crate) fn call(&self, set_up: &SetUp, caller: u64, started_at: Timestamp) -> CallRow {
        let number = &set_up.numbers[0];
        CallRow {
            id: self.id(),
            account: set_up.account.id,
            trunk: set_up.trunk.profile.id,
            number: number.id,
            dialled: number.number,
            site: Some(set_up.site.id),
            caller: Some(PhoneNumber::from_digits(caller)),
            caller_text: format!("\"Ann\" <sip:+{caller}@carrier.example>"),
            attestation: None,
            signalled: Signalled::default(),
            sip_call_id: "a84b4c76e66710@pc33.example".to_owned(),
            state: CallState::Ringing,
            result: None,
            started_at,
            dialled_at: None,
            rang_until: None,
            answered_at: None,
            ended_at: None,
            progress_at: started_at,
            talk_ms: 0,
            destination: None,
            source: None,
            session: None,
            probability: None,
            ambiguous: false,
            first_time: true,
            candidates: Vec::new(),
            model: None,
            confirmed_at: None,
            synthetic: false,
            ended_by: None,
            end_reason: None,
            sip_status: None,
            q850: None,
            quality: None,
            recording: None,
            review: false,
            flow: Some((set_up.flow.id, 3)),
            flow_depth: 2,
            screening: None,
            toll_refused: None,
            legs: Vec::new(),
            cost: None,
        }
    }
}

pub(crate) async fn open(database: &TestDatabase) -> Store {
    let location = Location::parse(&database.url).unwrap();
    Store::open(&location, DbOptions::default(), &KEY)
        .await
        .unwrap()
}

pub(crate) fn google() -> Source {
    Source {
        channel: Channel::PaidSearch,
        medium: "cpc".to_owned(),
        source: "google".to_owned(),
        ad_campaign: Some("störm".to_owned()),
        term: Some("roof repair".to_owned()),
        content: None,
        rule: "gclid".to_owned(),
    }
}

pub(crate) fn gclid() -> ClickId {
    ClickId {
        name: "gclid",
        value: "x'y\"z".to_owned(),
    }
}

/// What one account needs.
pub(crate) struct SetUp {
    pub(crate) account: Account,
    pub(crate) trunk: Trunk,
    pub(crate) site: Site,
    pub(crate) pool: PoolSettings,
    pub(crate) flow: Flow,
    pub(crate) numbers: Vec<TrackingNumber>,
}

impl SetUp {
    pub(crate) fn new(world: &World) -> SetUp {
        let account = account(world.id());
        let trunk = trunk(world.id());
        let site = site(world, &account);
        let pool = PoolSettings {
            id: world.id(),
            account: account.id,
            site: site.id,
            target: site.targets[0].id,
            name: "Main pool".to_owned(),
            strict: true,
            rule: PoolRule::default(),
            feed: None,
            created_at: NOON,
        };
        let flow = Flow {
            id: world.id(),
            account: account.id,
            name: "Forward".to_owned(),
            draft: FlowDocument::ring_nobody(),
            edits: 5,
            published: Some(FlowVersion {
                version: 3,
                document: Arc::new(FlowDocument::forward()),
                at: NOON,
                by: None,
            }),
            archived_at: None,
            created_at: NOON,
        };
        let base = u64::try_from(account.id.raw() % 1_000).unwrap() * 1_000;
        let numbers = (0..3).map(|n| {
            let mut number = number(world.id(), &account, &trunk, 12_140_000_000 + base + n);
            number.kind = NumberUse::Pool;
            number.site = Some(site.id);
            number.target = Some(site.targets[0].id);
            number.pool = Some(pool.id);
            number.flow = Some(flow.id);
            number
        });
        let numbers = numbers.collect();
        SetUp {
            account,
            trunk,
            site,
            pool,
            flow,
            numbers,
        }
    }
}

pub(crate) fn account(id: AccountId) -> Account {
    Account {
        id,
        name: "Müller & Søn".to_owned(),
        zone: Zone::parse("America/Chicago").unwrap(),
        currency: Currency::USD,
        country: Country::US,
        toll: TollPolicy {
            countries_allowed: vec![Country::US, "CA".parse().unwrap()],
            concurrent_calls_max: 7,
            daily_minutes_max: 99,
            daily_spend_max: Some(Money::from_micros(25_500_000, Currency::USD)),
        },
        recording_consent: RecordingConsent::Waiver,
        recording_keep_days: None,
        qualified_seconds: QUALIFIED_SECONDS,
        created_at: NOON,
    }
}

pub(crate) fn trunk(id: TrunkId) -> Trunk {
    Trunk {
        profile: TrunkProfile {
            id,
            name: "Carrier".to_owned(),
            addresses: vec![
                Cidr::parse("203.0.113.0/24").unwrap(),
                Cidr::parse("2001:db8::1").unwrap(),
            ],
            peer: Some("203.0.113.9:5062".parse().unwrap()),
            transport: Transport::Tcp,
            codecs: vec![Codec::Pcma, Codec::Pcmu],
            nat: true,
            settings: TrunkSettings::default(),
        },
        peer_host: Some("203.0.113.9".to_owned()),
        peer_port: 5062,
        account: None,
        created_at: NOON,
    }
}

fn site(world: &World, account: &Account) -> Site {
    let target = |label: &str, digits| SwapTarget {
        id: world.id(),
        label: label.to_owned(),
        number: PhoneNumber::from_digits(digits),
    };
    let targets = vec![
        target("Main", 12_145_550_100),
        target("Service", 442_079_460_018),
    ];
    Site {
        id: world.id(),
        account: account.id,
        key: format!("key-{}", account.id),
        name: "Example".to_owned(),
        hosts: vec!["example.com".to_owned(), "www.example.org".to_owned()],
        zone: Zone::parse("Europe/Berlin").unwrap(),
        targets,
        source_numbers_win: false,
        source_rules: SourceRules::default(),
        swap: SwapSettings {
            excluded_selectors: vec![".partners".to_owned()],
            excluded_numbers: vec![PhoneNumber::from_digits(12_145_550_199)],
            ..SwapSettings::default()
        },
        draft: Some(Box::new(SiteContent {
            targets: vec![target("Sales", 12_145_550_111)],
            swap: SwapSettings::default(),
            source_rules: SourceRules::default(),
        })),
        published_at: NOON,
        config_version: 7,
        flow: None,
        created_at: NOON,
    }
}

pub(crate) fn number(
    id: NumberId,
    account: &Account,
    trunk: &Trunk,
    digits: u64,
) -> TrackingNumber {
    TrackingNumber {
        id,
        account: account.id,
        trunk: trunk.profile.id,
        number: PhoneNumber::from_digits(digits),
        kind: NumberUse::Static,
        label: "Van".to_owned(),
        site: None,
        target: None,
        pool: None,
        selector: SourceSelector::default(),
        business_line: PhoneNumber::from_digits(12_145_550_100),
        second_line: Some(PhoneNumber::from_digits(12_145_550_101)),
        flow: None,
        feed: None,
        stage: NumberStage::InUse,
        stage_since: NOON,
        created_at: NOON,
    }
}
