//! What the handlers share: the use cases, the settings of the edge, and its secrets.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use trunkline_core::base::id::AccountId;
use trunkline_engine::assignment::Assignments;
use trunkline_engine::attribution::{Again, Matches, SharedModels};
use trunkline_engine::call::{Calls, Screener, Sounds, WebhookCalls};
use trunkline_engine::check::Checks;
use trunkline_engine::clock::Moment;
use trunkline_engine::directory::SharedDirectory;
use trunkline_engine::distribution::Distribution;
use trunkline_engine::inventory::Inventory;
use trunkline_engine::lead::LeadDesk;
use trunkline_engine::live::LiveBus;
use trunkline_engine::outbox::Outgoing;
use trunkline_engine::ports::routing::{Opportunities, Reservations};
use trunkline_engine::ports::{
    Access, Atlas, Bids, BuyerMail, Buyers, CallRecords, History, Labels, Leads, Pages,
    PastArrivals, PastCalls,
};
use trunkline_engine::routing::Router;
use trunkline_engine::routing::rtb::Rtb;
use trunkline_engine::setup::Setup;
use trunkline_engine::supply::Supply;
use trunkline_engine::trunks::Trunks;

use crate::address::TrustedProxies;
use crate::api::streams::Streams;
use crate::auth::gate::Gate;
use crate::auth::strangers::Strangers;
use crate::auth::throttle::Throttle;
use crate::health::Readiness;
use crate::intake::rate::FeedRates;
use crate::places::Places;
use crate::problem::Problem;
use crate::voice::{Heard, Lines};

/// Settings of the HTTP edge.
#[derive(Debug, Clone)]
pub struct WebSettings {
    /// Address under which browsers reach this server, without trailing slash.
    pub public_url: String,
    /// Proxies whose forwarding headers are believed.
    pub trusted_proxies: TrustedProxies,
    /// Folder of the recordings.
    pub recordings: PathBuf,
    /// Folder of stored sounds.
    pub prompts: PathBuf,
    /// Longest life of a login, in days.
    pub login_days: u32,
    /// The host at which SIP calls from outside arrive, when the operator has named its address.
    pub sip_host: Option<String>,
}

/// The use cases behind the edge.
#[derive(Clone)]
pub struct Backend {
    /// Clock and identifiers.
    pub moment: Moment,
    /// The directory.
    pub directory: SharedDirectory,
    /// Arrivals and beacons.
    pub assignments: Arc<Assignments>,
    /// Calls in progress.
    pub calls: Arc<Calls>,
    /// Takes opportunities through plans.
    pub router: Arc<Router>,
    /// Who is let through, and who is not.
    pub screener: Arc<Screener>,
    /// Calls whose carrier talks by webhooks.
    pub webhooks: Arc<WebhookCalls>,
    /// Stored calls.
    pub records: Arc<dyn CallRecords>,
    /// Where addresses are, when the operator has a file that tells it.
    pub atlas: Option<Arc<dyn Atlas>>,
    /// The server's own tests.
    pub checks: Arc<Checks>,
    /// Stored visits.
    pub history: Arc<dyn History>,
    /// Past arrivals, for a replay of the source rules.
    pub arrivals: Arc<dyn PastArrivals>,
    /// Past calls with their candidates, for reports.
    pub past: Arc<dyn PastCalls>,
    /// The truth of calls.
    pub labels: Arc<dyn Labels>,
    /// The models in force.
    pub models: SharedModels,
    /// Who is calling, and who says so.
    pub matches: Arc<Matches>,
    /// Weighs past calls again.
    pub again: Arc<Again>,
    /// Pages of the open Internet, for tests of a site's settings.
    pub pages: Arc<dyn Pages>,
    /// Users, logins and keys.
    pub access: Arc<dyn Access>,
    /// Changes of what is set up.
    pub setup: Arc<Setup>,
    /// What is sold, to whom and on which terms.
    pub distribution: Arc<Distribution>,
    /// Leads that come in, and what becomes of them.
    pub leads: Arc<LeadDesk>,
    /// Leads as they are stored.
    pub lead_records: Arc<dyn Leads>,
    /// Buyers' servers.
    pub buyers: Arc<dyn Buyers>,
    /// Letters to buyers.
    pub mail: Arc<dyn BuyerMail>,
    /// What is told outside, and what was laid aside.
    pub outgoing: Arc<Outgoing>,
    /// Reservations, and what they are decided by.
    pub reservations: Arc<dyn Reservations>,
    /// What was on offer, and what came of it.
    pub opportunities: Arc<dyn Opportunities>,
    /// What buyers bid, and what publishers were given.
    pub bids: Arc<dyn Bids>,
    /// How trunks are, and trying them.
    pub trunks: Arc<Trunks>,
    /// Answers publishers' pings for calls.
    pub rtb: Arc<Rtb>,
    /// Health and advice.
    pub inventory: Arc<Inventory>,
    /// Numbers from carriers.
    pub supply: Arc<Supply>,
    /// Sounds that callers hear.
    pub sounds: Arc<Sounds>,
    /// The event bus.
    pub live: LiveBus,
}

/// Everything a handler may use.
pub struct Web {
    /// The use cases.
    pub backend: Backend,
    /// The settings.
    pub settings: WebSettings,
    /// Key of the assignment tokens.
    pub(crate) token_key: hmac::Key,
    /// Slows down sign-in attempts.
    pub(crate) gate: Gate,
    /// Slows down keys and logins that open nothing.
    pub(crate) strangers: Strangers,
    /// Whether the store answers.
    pub(crate) readiness: Readiness,
    /// Limits new visitors from one address.
    pub(crate) new_visitors: Throttle<IpAddr>,
    /// Live streams that are open.
    pub(crate) streams: Streams,
    /// CSV files that are being made.
    pub(crate) exports: Places<AccountId>,
    /// Reports that are being made.
    pub(crate) reports: Places<AccountId>,
    /// Replays of source rules and of attribution going on.
    pub(crate) replays: Places<AccountId>,
    /// Advice that is being worked out.
    pub(crate) advice: Places<AccountId>,
    /// Limits the pings of trunks of one account.
    pub(crate) trunk_checks: Throttle<AccountId>,
    /// Test calls that ring.
    pub(crate) test_calls: Places<AccountId>,
    /// Limits the test calls of one account.
    pub(crate) test_call_rate: Throttle<AccountId>,
    /// Limits what carriers are asked for one account.
    pub(crate) carrier_requests: Throttle<AccountId>,
    /// Limits what one account buys and gives back.
    pub(crate) purchases: Throttle<AccountId>,
    /// When each trunk's carrier was heard of, and whether it was believed.
    pub(crate) heard: Heard,
    /// Lists that are being filled or written out.
    pub(crate) lists: Places<AccountId>,
    /// Sounds that are being taken in.
    pub(crate) uploads: Places<AccountId>,
    /// Texts that are being spoken for somebody to hear.
    pub(crate) previews: Places<AccountId>,
    /// Limits the tests of pages of one account.
    pub(crate) page_checks: Throttle<AccountId>,
    /// Limits the snippet's assignments and events from one address.
    pub(crate) snippet: Throttle<IpAddr>,
    /// Calls between two requests of their carrier.
    pub(crate) lines: Lines,
    /// Limits what one address may forge before it is told less.
    pub(crate) forged: Throttle<IpAddr>,
    /// Limits what feeds ask.
    pub(crate) feed_rates: FeedRates,
    /// Limits forms of pages from one network.
    pub(crate) forms: Throttle<IpAddr>,
    /// Limits feeds' keys that open nothing, from one network.
    pub(crate) unknown_keys: Throttle<IpAddr>,
    random: SystemRandom,
}

/// Shared by all handlers.
pub type App = Arc<Web>;

/// New visitors from one address: 600 at once, then ten a second. An office behind one address is far
/// below it; what is above gets the source number.
const NEW_VISITORS_BURST: u32 = 600;
const NEW_VISITORS_EVERY_MS: i64 = 100;
/// Assignments and events of the snippet from one address. Many people can sit behind one address, so this only
/// stops floods: 2,000 at once, then 200 a second.
const SNIPPET_BURST: u32 = 2_000;
const SNIPPET_EVERY_MS: i64 = 5;

/// Voice webhooks of one address that are not believed: twenty at once, then one a second, each with its reason.
const FORGED_BURST: u32 = 20;
const FORGED_EVERY_MS: i64 = 1_000;
/// Forms of pages from one network: a hundred at once, then one a second. Many people may sit behind one address.
const FORMS_BURST: u32 = 100;
const FORMS_EVERY_MS: i64 = 1_000;
/// Keys of feeds that open nothing, from one network: two hundred at once, then ten a second.
const UNKNOWN_KEYS_BURST: u32 = 200;
const UNKNOWN_KEYS_EVERY_MS: i64 = 100;
/// Tests of pages of one account: ten at once, then one in 6 s.
const PAGE_CHECKS_BURST: u32 = 10;
const PAGE_CHECKS_EVERY_MS: i64 = 6_000;
/// Pings of trunks at a person's wish, of one account: ten at once, then one in 6 s.
const TRUNK_CHECKS_BURST: u32 = 10;
const TRUNK_CHECKS_EVERY_MS: i64 = 6_000;
/// Test calls of one account: three at once, then one in two minutes. One at a time, and four in all: each rings a phone.
const TEST_CALLS_BURST: u32 = 3;
const TEST_CALLS_EVERY_MS: i64 = 120_000;
const TEST_CALLS_PER_ACCOUNT_MAX: usize = 1;
const TEST_CALLS_MAX: usize = 4;
/// Requests to a carrier at a person's wish, of one account: thirty at once, then one in 2 s.
const CARRIER_REQUESTS_BURST: u32 = 30;
const CARRIER_REQUESTS_EVERY_MS: i64 = 2_000;
/// Numbers that one account buys or gives back: twenty at once, then one in 30 s. A program that runs wild is stopped before
/// it is expensive.
const PURCHASES_BURST: u32 = 20;
const PURCHASES_EVERY_MS: i64 = 30_000;
/// Reports made at one time, for one account and in all: each reads up to 50,000 calls.
const REPORTS_PER_ACCOUNT_MAX: usize = 2;
const REPORTS_MAX: usize = 4;
/// Replays of source rules or attribution of one account at once, and in all.
const REPLAYS_PER_ACCOUNT_MAX: usize = 1;
const REPLAYS_MAX: usize = 2;
/// Advice on pools of one account at once, and in all: each keeps a processor busy for a second or two.
const ADVICE_PER_ACCOUNT_MAX: usize = 2;
const ADVICE_MAX: usize = 4;
/// Sounds taken in at one time, of one account and in all: each is held in memory whole.
const UPLOADS_PER_ACCOUNT_MAX: usize = 2;
const UPLOADS_MAX: usize = 6;
/// Lists filled or written out at one time, of one account and in all: each is held in memory whole.
const LISTS_PER_ACCOUNT_MAX: usize = 1;
const LISTS_MAX: usize = 2;
/// Texts spoken at one time for somebody to hear, of one account and in all.
const PREVIEWS_PER_ACCOUNT_MAX: usize = 1;
const PREVIEWS_MAX: usize = 4;
/// CSV files made at one time, for one account and in all: each reads and holds up to 50,000 calls.
const EXPORTS_PER_ACCOUNT_MAX: usize = 1;
const EXPORTS_MAX: usize = 4;

impl Web {
    /// Puts the edge together. `token_secret` signs assignment tokens and must stay the same over
    /// restarts.
    #[must_use]
    pub fn new(backend: Backend, settings: WebSettings, token_secret: &[u8; 32]) -> App {
        Arc::new(Self {
            backend,
            settings,
            token_key: hmac::Key::new(hmac::HMAC_SHA256, token_secret),
            gate: Gate::default(),
            strangers: Strangers::default(),
            readiness: Readiness::default(),
            new_visitors: Throttle::new(NEW_VISITORS_BURST, NEW_VISITORS_EVERY_MS),
            trunk_checks: Throttle::new(TRUNK_CHECKS_BURST, TRUNK_CHECKS_EVERY_MS),
            test_calls: Places::new(TEST_CALLS_PER_ACCOUNT_MAX, TEST_CALLS_MAX),
            test_call_rate: Throttle::new(TEST_CALLS_BURST, TEST_CALLS_EVERY_MS),
            carrier_requests: Throttle::new(CARRIER_REQUESTS_BURST, CARRIER_REQUESTS_EVERY_MS),
            purchases: Throttle::new(PURCHASES_BURST, PURCHASES_EVERY_MS),
            heard: Heard::default(),
            page_checks: Throttle::new(PAGE_CHECKS_BURST, PAGE_CHECKS_EVERY_MS),
            snippet: Throttle::new(SNIPPET_BURST, SNIPPET_EVERY_MS),
            streams: Streams::default(),
            lines: Lines::default(),
            forged: Throttle::new(FORGED_BURST, FORGED_EVERY_MS),
            feed_rates: FeedRates::default(),
            forms: Throttle::new(FORMS_BURST, FORMS_EVERY_MS),
            unknown_keys: Throttle::new(UNKNOWN_KEYS_BURST, UNKNOWN_KEYS_EVERY_MS),
            exports: Places::new(EXPORTS_PER_ACCOUNT_MAX, EXPORTS_MAX),
            advice: Places::new(ADVICE_PER_ACCOUNT_MAX, ADVICE_MAX),
            reports: Places::new(REPORTS_PER_ACCOUNT_MAX, REPORTS_MAX),
            replays: Places::new(REPLAYS_PER_ACCOUNT_MAX, REPLAYS_MAX),
            lists: Places::new(LISTS_PER_ACCOUNT_MAX, LISTS_MAX),
            uploads: Places::new(UPLOADS_PER_ACCOUNT_MAX, UPLOADS_MAX),
            previews: Places::new(PREVIEWS_PER_ACCOUNT_MAX, PREVIEWS_MAX),
            random: SystemRandom::new(),
        })
    }

    /// Users, members or logins were changed by others than this edge: live streams ask again at once whether they stand.
    pub fn logins_changed(&self) {
        self.streams.ask_again();
    }

    /// Random bytes for keys and tokens.
    ///
    /// # Errors
    /// When the operating system has none to give.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], Problem> {
        let mut bytes = [0; N];
        self.random
            .fill(&mut bytes)
            .map_err(|_| Problem::internal())?;
        Ok(bytes)
    }
}
