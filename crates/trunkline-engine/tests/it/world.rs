//! A site with a pool, and visitors who come to it: what the tests of arrivals and beacons share.

use std::sync::Arc;

use trunkline_core::assignment::{
    Network, NumberStage, NumberUse, PoolRule, PoolSettings, Published, Site, SwapSettings,
    SwapTarget, TrackingNumber,
};
use trunkline_core::base::id::{AccountId, NumberId, PoolId, SiteId, SwapTargetId, TrunkId};
use trunkline_core::base::{PhoneNumber, Timestamp, Zone};
use trunkline_core::visitor::{Consent, Device, Landing, SourceRules, SourceSelector};
use trunkline_engine::assignment::{Answer, Assignments, Beacon, BeaconOutcome, Known, Visit};
use trunkline_engine::clock::Moment;
use trunkline_engine::directory::{Directory, SharedDirectory};
use trunkline_engine::ports::configuration::Everything;

use crate::ports::{HandClock, MemoryHistory};

pub(crate) const SITE: SiteId = SiteId::from_raw(1);
pub(crate) const POOL: PoolId = PoolId::from_raw(2);
pub(crate) const TARGET: SwapTargetId = SwapTargetId::from_raw(3);
pub(crate) const FIRST: u64 = 13_125_550_100;

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
        feed: None,
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
        feed: None,
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
    pub(crate) directory: SharedDirectory,
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
    pub(crate) async fn arrive_as(&self, query: &str, known: Option<Known>, waits: bool) -> Answer {
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
    pub(crate) async fn visit(&self, known: Option<Known>) -> (u64, Known) {
        let answer = self.arrive("", known).await;
        let known = answer.session.expect("a session");
        assert_eq!(self.shown(known).await, BeaconOutcome::Taken);
        (index(&answer), known)
    }

    pub(crate) async fn shown(&self, known: Known) -> BeaconOutcome {
        let shown = Beacon::Shown {
            swaps: 1,
            page: "https://a.example/".to_owned(),
        };
        self.assignments
            .beacons(SITE, known, None, Network::UNKNOWN, 1, vec![shown])
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
        let mut all = Everything {
            published: vec![published],
            ..everything(2, false)
        };
        all.sites[0].config_version = 2;
        self.directory.replace(Directory::new(all));
    }

    /// The use case as a new process has it, with the same stores.
    pub(crate) fn restarted(&self) -> Assignments {
        let moment = Moment::new(self.clock.clone(), 0);
        Assignments::new(moment, self.directory.clone(), self.history.clone())
    }

    pub(crate) async fn beat(&self, known: Known) -> BeaconOutcome {
        self.assignments
            .beacons(SITE, known, None, Network::UNKNOWN, 1, vec![Beacon::Beat])
            .await
    }
}

pub(crate) fn index(answer: &Answer) -> u64 {
    answer.numbers[0].replacement.number.digits() - FIRST
}
