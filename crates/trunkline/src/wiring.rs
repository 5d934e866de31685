//! Wiring: the one place that names concrete adapters and puts them behind the engine's ports.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use async_trait::async_trait;
use tokio::time::timeout;
use trunkline_clients::{
    AskClient, BuyerClient, CarrierClient, MailClient, MediaClient, PageClient, find_speech,
};
use trunkline_core::base::id::SiteId;
use trunkline_core::base::{SipHosts, Timestamp};
use trunkline_core::call::flow::Ability;
use trunkline_engine::assignment::Assignments;
use trunkline_engine::attribution::{Again, Attributions, Learning, Matches, SharedModels};
use trunkline_engine::call::control::{CallLimits, RecordingState};
use trunkline_engine::call::{
    CallSettings, Calls, Fetching, Keeper, Peers, Retention, SalvagedRecording, Screener, Sounds,
    WebhookCalls,
};
use trunkline_engine::check::{CheckResult, Checks};
use trunkline_engine::clock::{Clock, Moment};
use trunkline_engine::directory::{Directory, SharedDirectory};
use trunkline_engine::distribution::Distribution;
use trunkline_engine::inventory::Inventory;
use trunkline_engine::lead::{ConsentSigner, LeadDesk, LeadPorts, LeadTeller};
use trunkline_engine::live::LiveBus;
use trunkline_engine::outbox::{Outgoing, Teller};
use trunkline_engine::ports::configuration::Resolver;
use trunkline_engine::ports::webhooks::{Dialect, FetchedRecording};
use trunkline_engine::ports::{
    Atlas, BuyerMail, Buyers, CallRecords, CheckRecords, Configuration, RecordingMaker,
};
use trunkline_engine::routing::bidding::{AskBidders, Auctions};
use trunkline_engine::routing::rtb::Rtb;
use trunkline_engine::routing::{CallPostTeller, CallPosts, Router};
use trunkline_engine::setup::{Performers, Setup};
use trunkline_engine::supply::Supply;
use trunkline_engine::trunks::Trunks;
use trunkline_engine::visit_retention::{VisitDays, VisitRetention};
use trunkline_store::db::{DbOptions, Location};
use trunkline_store::{FileSpool, SoundFolder, Store};
use trunkline_voice::SoundDecoder;
use trunkline_web::Backend;

use crate::atlas::CityFile;
use crate::check_call::count_check;
use crate::commands::backup;
use crate::config::Config;
use crate::keys;
use crate::recordings::RecordingFolder;

/// Longest wait for the address of a trunk's peer.
const RESOLVE_WAIT: Duration = Duration::from_secs(3);

/// The running use cases.
pub(crate) struct House {
    /// Everything the HTTP edge needs.
    pub(crate) backend: Backend,
    /// The store, for commands.
    pub(crate) store: Store,
    /// Learns from labels.
    pub(crate) learning: Arc<Learning>,
    /// Deletes recordings that are over their time.
    pub(crate) retention: Arc<Retention>,
    /// Deletes page views and showings that are over their time.
    pub(crate) visit_retention: Arc<VisitRetention>,
    /// Fetches recordings from carriers.
    pub(crate) fetching: Arc<Fetching>,
    /// Saves calls that could not be saved.
    pub(crate) keeper: Arc<Keeper>,
    /// Signs assignment tokens.
    pub(crate) token_secret: [u8; 32],
}

/// The system's clock.
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The system's name resolution.
pub(crate) struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str, port: u16) -> Vec<SocketAddr> {
        let looking = timeout(RESOLVE_WAIT, tokio::net::lookup_host((host, port)));
        let Ok(Ok(found)) = looking.await else {
            return Vec::new();
        };
        // IPv4 first: most carriers answer on it alone.
        let mut all: Vec<SocketAddr> = found.collect();
        all.sort_by_key(SocketAddr::is_ipv6);
        all
    }
}

/// Counts what tests found before the start: of a site that is tested no more nothing is told, and nothing alarms.
fn count_checks(config: &Config, directory: &Directory, tested: &[(SiteId, CheckResult)]) {
    let asked = config.check.sites();
    for (id, found) in tested {
        let name = directory.site(*id).map(|entry| entry.site.name.as_str());
        let named = |site: &str| Some(site) == name || site == id.to_string();
        if asked.iter().any(|one| named(&one.site)) {
            count_check(*id, found);
        }
    }
}

/// Opens the store of a configuration.
///
/// # Errors
/// When the data folder, the key or the database cannot be used.
pub(crate) async fn open_store(config: &Config) -> anyhow::Result<Store> {
    backup::private_folder(&config.data_dir).with_context(|| {
        format!(
            "the data folder {} cannot be made",
            config.data_dir.display()
        )
    })?;
    let key = keys::sealing_key(&config.data_dir)?;
    let location = Location::parse(&config.database_location())?;
    Store::open(&location, DbOptions::default(), &key)
        .await
        .context("the database cannot be opened")
}

/// The clock, and identifiers that go on after those of the store.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn moment(store: &Store) -> anyhow::Result<Moment> {
    let moment = Moment::new(Arc::new(SystemClock), 0);
    moment.go_on_after(store.newest_id().await?);
    Ok(moment)
}

/// The sounds of calls, with the speech engine of the configuration when it is there. Without one calls are taken, and
/// flows that say a text are not published.
async fn sounds(config: &Config) -> anyhow::Result<Sounds> {
    let folder = config.prompts();
    let files = SoundFolder::open(&folder)
        .with_context(|| format!("the folder {} cannot be used", folder.display()))?;
    let speech = &config.speech;
    let scratch = folder.join("speaking");
    let found = find_speech(&speech.choice(), &speech.voice, &speech.language, &scratch).await;
    let engine = found.unwrap_or_else(|error| {
        tracing::warn!(error, "texts cannot be spoken");
        None
    });
    if let Some(engine) = &engine {
        tracing::info!(engine = engine.engine(), "texts are spoken");
    }
    Ok(Sounds::new(Arc::new(SoundDecoder), Arc::new(files), engine))
}

/// What call flows may ask for: what each performer does, and asking other servers. Over SIP texts are spoken by an engine of
/// our own, if there is one; a carrier that talks by webhooks speaks them itself.
fn performers(sounds: &Sounds) -> Performers {
    let with_asking = |own: &[Ability]| -> BTreeSet<Ability> {
        own.iter().copied().chain([Ability::Ask]).collect()
    };
    let speaking = |dialect| {
        (
            dialect,
            with_asking(trunkline_web::voice::abilities(dialect)),
        )
    };
    Performers {
        sip: with_asking(trunkline_voice::ABILITIES)
            .into_iter()
            .chain(sounds.speaks().then_some(Ability::Speak))
            .collect(),
        webhooks: Dialect::ALL
            .map(speaking)
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
    }
}

/// Makes recordings of ours of what carriers recorded.
struct Adopter;

impl RecordingMaker for Adopter {
    fn length(&self, recording: &Path) -> std::io::Result<u64> {
        trunkline_voice::recorded_frames(recording)
    }

    fn join(
        &self,
        fetched: &Path,
        recording: &Path,
        begins_at: u64,
    ) -> std::io::Result<FetchedRecording> {
        let facts = trunkline_voice::adopt(fetched, recording, begins_at)?;
        Ok(FetchedRecording {
            state: RecordingState::Complete,
            duration_ms: facts.duration_ms,
            bytes: facts.bytes,
        })
    }
}

/// Puts everything together, brings memory in step with the store, and closes what the last process
/// left open.
///
/// # Errors
/// When the store cannot be opened or read.
pub(crate) async fn build(config: &Config) -> anyhow::Result<House> {
    let store = open_store(config).await?;
    let moment = moment(&store).await?;
    let shared = Arc::new(store.clone());
    let directory = SharedDirectory::default();
    let live = LiveBus::default();
    let assignments = Arc::new(Assignments::new(
        moment.clone(),
        directory.clone(),
        shared.clone(),
    ));
    let sounds = Arc::new(sounds(config).await?);
    let performers = performers(&sounds);
    let setup = Setup::new(
        shared.clone(),
        Arc::new(SystemResolver),
        directory.clone(),
        Arc::clone(&assignments),
        performers.clone(),
        Arc::clone(&sounds),
    );
    setup.reload().await?;
    assignments.restore().await?;
    let records: Arc<dyn CallRecords> = shared.clone();
    let spool = FileSpool::open(&config.data_dir.join("calls.spool"))?;
    let keeper = Keeper::new(
        Arc::clone(&records),
        Arc::new(spool),
        shared.clone(),
        moment.clone(),
    );
    let keeper = Arc::new(keeper);
    let settings = CallSettings {
        recordings: config.recordings(),
        limits: CallLimits {
            max_call_ms: u64::from(config.voice.call_minutes_max) * 60_000,
            rtp_inactivity_ms: u64::from(config.voice.rtp_inactivity_s) * 1_000,
            session_expires_s: config.voice.session_expires_s,
        },
        store_wait: config.store_wait(),
        home: config.home(),
    };
    let checks = Arc::new(Checks::default());
    let tested = store.checks().await?;
    count_checks(config, &directory.now(), &tested);
    checks.remember(tested);
    let models = SharedModels::default();
    // Jobs and reports never stand before a call.
    let patient = Arc::new(store.patient());
    let visit_days = VisitDays::new(config.visits.keep_days);
    let learning = Learning::new(
        patient.clone(),
        patient.clone(),
        (patient.clone(), patient.clone()),
        directory.clone(),
        models.clone(),
        moment.clone(),
        visit_days,
    );
    learning.load().await?;
    let attributions = Attributions::new(
        shared.clone(),
        Arc::clone(&records),
        Arc::clone(&assignments),
        models.clone(),
    );
    let screener = Screener::new(
        shared.clone(),
        performers.clone(),
        Arc::clone(&sounds),
        config.store_wait(),
    );
    let screener = Arc::new(screener);
    screener.reload().await?;
    // What is stored of calls of the last process is closed by the terms of their contracts.
    let distribution = Distribution::new(shared.clone(), directory.clone());
    distribution.reload().await?;
    let router = Arc::new(Router::new(
        moment.clone(),
        directory.clone(),
        shared.clone(),
        shared.clone(),
        shared.clone(),
    ));
    let seed = store
        .instance_secret("consent_records", keys::random()?)
        .await?;
    let signer = ConsentSigner::new(&seed).context("the key of records of consent is of no use")?;
    let buyers: Arc<dyn Buyers> = Arc::new(BuyerClient::new(config.http.webhooks_loopback));
    let mail: Arc<dyn BuyerMail> = Arc::new(mail(config)?);
    let leads = LeadDesk::new(
        moment.clone(),
        directory.clone(),
        Arc::clone(&router),
        LeadPorts {
            leads: shared.clone(),
            opportunities: shared.clone(),
            books: shared.clone(),
            outbox: shared.clone(),
            buyers: Arc::clone(&buyers),
            mail: Arc::clone(&mail),
        },
        signer,
    );
    let calls = Calls::new(
        moment.clone(),
        directory.clone(),
        Arc::clone(&assignments),
        attributions,
        Arc::clone(&screener),
        Arc::clone(&records),
        Arc::clone(&keeper),
        live.clone(),
        Arc::clone(&checks),
        Arc::new(AskClient::new(config.http.webhooks_loopback)),
        Arc::clone(&sounds),
        Arc::clone(&router),
        Peers::new(
            Arc::new(SystemResolver),
            SipHosts::read(&config.voice.sip_hosts).context("voice.sip_hosts")?,
            config.voice.private_peers,
        ),
        settings,
    );
    calls
        .recover(|path| salvage(&config.recordings().join(path)))
        .await
        .context("calls of the last process could not be closed")?;
    match leads.recover().await {
        Ok(0) => {}
        Ok(found) => tracing::info!(found, "leads were not decided when the last process ended"),
        Err(error) => tracing::warn!(%error, "leads that were not decided are looked at later"),
    }
    // Who delivers a kind of event is listed here.
    let tellers: Vec<Arc<dyn Teller>> = vec![
        Arc::new(LeadTeller(Arc::clone(&leads))),
        Arc::new(CallPostTeller),
    ];
    let outgoing = Outgoing::new(shared.clone(), moment.clone(), tellers);
    outgoing.recover().await?;
    let calls = Arc::new(calls);
    let webhooks = WebhookCalls::new(Arc::clone(&calls), Arc::clone(&records), shared.clone());
    let fetching = Fetching::new(
        patient.clone(),
        Arc::new(MediaClient::new(config.http.webhooks_loopback)),
        Arc::new(Adopter),
        directory.clone(),
        moment.clone(),
        config.recordings(),
    );
    let matches = Matches::new(
        shared.clone(),
        Arc::clone(&records),
        shared.clone(),
        Arc::clone(&assignments),
        Arc::clone(&calls),
        directory.clone(),
        moment.clone(),
    );
    let again = Again::new(
        patient.clone(),
        patient.clone(),
        patient.clone(),
        directory.clone(),
        models.clone(),
        visit_days,
    );
    let visit_retention = VisitRetention::new(moment.clone(), patient.clone(), visit_days);
    let retention = Retention::new(
        moment.clone(),
        directory.clone(),
        patient.clone(),
        Arc::new(RecordingFolder(config.recordings())),
    );
    let token_secret = store
        .instance_secret("assignment_tokens", keys::random()?)
        .await?;
    let setup = Arc::new(setup);
    let inventory = Inventory::new(
        moment.clone(),
        directory.clone(),
        Arc::clone(&records),
        shared.clone(),
        models.clone(),
        Arc::clone(&setup),
    );
    let public_url = config.public_url.clone();
    let supply = Supply::new(
        moment.clone(),
        directory.clone(),
        Arc::clone(&setup),
        Arc::clone(&assignments),
        shared.clone(),
        shared.clone(),
        Arc::new(CarrierClient::new(config.http.webhooks_loopback)),
        Box::new(move |trunk| trunkline_web::voice::entered_at_carrier(&public_url, trunk)),
    );
    let trunks = Trunks::new(moment.clone(), directory.clone(), Arc::clone(&calls));
    let auctions = Auctions::new(
        moment.clone(),
        Arc::clone(&buyers),
        shared.clone(),
        config.home(),
    );
    router.bid_with(Arc::new(AskBidders(Arc::clone(&auctions))));
    router.post_with(CallPosts::new(
        moment.clone(),
        Arc::clone(&buyers),
        shared.clone(),
        config.home(),
    ));
    let rtb = Rtb::new(
        moment.clone(),
        directory.clone(),
        Arc::clone(&router),
        auctions,
        shared.clone(),
        screener.clone(),
    );
    calls.know_bids(Arc::clone(&rtb));
    let backend = Backend {
        moment,
        directory,
        trunks: Arc::new(trunks),
        assignments,
        calls,
        router,
        leads,
        lead_records: shared.clone(),
        rtb,
        screener,
        webhooks: Arc::new(webhooks),
        records,
        atlas: atlas(config),
        checks,
        history: shared.clone(),
        arrivals: shared.clone(),
        past: patient.clone(),
        labels: patient,
        models,
        matches: Arc::new(matches),
        again: Arc::new(again),
        pages: Arc::new(PageClient::new(config.http.page_tests_loopback)),
        access: shared.clone(),
        setup,
        distribution: Arc::new(distribution),
        buyers,
        mail,
        outgoing: Arc::new(outgoing),
        reservations: shared.clone(),
        opportunities: shared.clone(),
        bids: shared,
        inventory: Arc::new(inventory),
        supply: Arc::new(supply),
        sounds,
        live,
    };
    Ok(House {
        backend,
        retention: Arc::new(retention),
        visit_retention: Arc::new(visit_retention),
        store,
        learning: Arc::new(learning),
        fetching: Arc::new(fetching),
        keeper,
        token_secret,
    })
}

/// The operator's mail server, when there is one. Without it calls and leads are taken, and nothing is sent by e-mail.
fn mail(config: &Config) -> anyhow::Result<MailClient> {
    match config.mail.server() {
        Some(server) => MailClient::new(server)
            .map_err(|error| anyhow::anyhow!("mail.from or mail.host: {error}")),
        None => Ok(MailClient::none()),
    }
}

/// The operator's city database, when there is one. Without it visitors have no place, and calls are taken.
fn atlas(config: &Config) -> Option<Arc<dyn Atlas>> {
    let path = config.geo.file.as_deref()?;
    match CityFile::open(path) {
        Ok(file) => {
            tracing::info!(
                kind = file.kind(),
                "visitors are looked up in a city database"
            );
            Some(Arc::new(file))
        }
        Err(error) => {
            tracing::warn!(%error, "visitors are not looked up");
            None
        }
    }
}

fn salvage(path: &Path) -> Option<SalvagedRecording> {
    match trunkline_voice::salvage(path) {
        Ok(facts) => Some(SalvagedRecording {
            duration_ms: facts.duration_ms,
            bytes: facts.bytes,
        }),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "a recording could not be mended");
            None
        }
    }
}
