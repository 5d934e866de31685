//! `trunkline demo`: the real server on a fresh data folder, a demo account and web site, and a
//! simulated carrier with visitors and callers that speak the real protocols over loopback.

mod account;
mod api;
mod buyers;
mod front_desk;
mod market;
mod numbers;
mod past;

use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use trunkline_core::base::PhoneNumber;
use trunkline_sim::carrier::{Carrier, CarrierConfig};
use trunkline_sim::demo_site::{BlockSource, DemoSite, DemoSiteConfig, Locate};
use trunkline_sim::number_shop::NumberShop;
use trunkline_sim::trade::{Deals, Partner, Phones, Trade, TradeConfig};
use trunkline_sim::visitor;
use trunkline_sim::world::{Pace, Plan, World, WorldConfig};

use self::account::Demo;
use self::api::Api;
use self::buyers::Servers;
use crate::config::{Config, Database, Http, Log, VoiceSection};
use crate::serve::{self, Server};
use crate::wiring::House;
use crate::{keys, say};

/// The variable that says how much the demo logs.
const LOG_LEVEL: &str = "TRUNKLINE_LOG__LEVEL";
/// How long calls that did not say goodbye keep the demo from ending.
const DRAIN: Duration = Duration::from_millis(500);
/// First of the hundred numbers that the person at the demo calls from.
const PERSON_CALLS_FROM: PhoneNumber = PhoneNumber::from_digits(17_375_550_100);

/// What the demo is started with.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Address of the dashboard; another port is taken when this one is in use.
    #[arg(long, default_value = "127.0.0.1:8080")]
    http: SocketAddr,
    /// Address of the demo web site; another port is taken when this one is in use.
    #[arg(long, default_value = "127.0.0.1:8090")]
    site: SocketAddr,
    /// Address of SIP over UDP; another port is taken when this one is in use.
    #[arg(long, default_value = "127.0.0.1:5062")]
    sip: SocketAddr,
    /// Makes another world of visitors and callers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// No visitors and callers but you.
    #[arg(long)]
    quiet_world: bool,
    /// Keep the data in this new folder; otherwise it is removed at the end.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Write the addresses into this file as JSON once everything runs, for tests.
    #[arg(long)]
    ready_file: Option<PathBuf>,
}

/// How the demo logs: what somebody should look at, unless asked for more.
pub(crate) fn log() -> Log {
    let level = std::env::var(LOG_LEVEL).unwrap_or_else(|_| "warn".to_owned());
    Log {
        level,
        ..Log::default()
    }
}

/// `trunkline demo`: runs until Ctrl-C or a termination signal.
///
/// # Errors
/// When a part cannot start.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let data = DataFolder::make(options.keep.as_deref())?;
    let end = serve::stop_signal();
    tokio::pin!(end);
    let running = tokio::select! {
        running = Running::start(options, data.path()) => running?,
        ended = &mut end => return ended,
    };
    say(&running.welcome());
    if let Some(path) = &options.ready_file {
        running.tell(path)?;
    }
    end.await?;
    say("\n  Ending.");
    running.end().await;
    Ok(())
}

/// The folder of the demo's data; removed when it goes out of scope, unless it is kept.
struct DataFolder {
    path: PathBuf,
    keep: bool,
}

impl DataFolder {
    fn make(keep: Option<&Path>) -> anyhow::Result<Self> {
        let path = match keep {
            Some(path) => path.to_owned(),
            None => {
                let random = u64::from_ne_bytes(keys::random()?);
                std::env::temp_dir().join(format!("trunkline-demo-{random:016x}"))
            }
        };
        if let Some(parent) = path.parent().filter(|_| keep.is_some()) {
            std::fs::create_dir_all(parent)?;
        }
        std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700)
            .create(&path)
            .with_context(|| format!("the new folder {} cannot be made", path.display()))?;
        Ok(Self {
            path,
            keep: keep.is_some(),
        })
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        if !self.keep
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(folder = %self.path.display(), %error, "the demo's data could not be removed");
        }
    }
}

/// Everything that runs.
struct Running {
    server: Server,
    carrier: Arc<Carrier>,
    site: DemoSite,
    /// Sells numbers as long as it is there.
    _numbers: NumberShop,
    /// Who buy.
    buyers: Servers,
    world: Option<World>,
    trade: Option<Trade>,
    public_url: String,
}

impl Running {
    async fn start(options: &Options, data: &Path) -> anyhow::Result<Self> {
        let config = config(options, data)?;
        let metrics = crate::telemetry::metrics()?;
        let server = Server::start(&config, Some(metrics)).await?;
        let carrier_config = CarrierConfig {
            seed: options.seed,
            keeps_audio: false,
            ..CarrierConfig::new(server.sip)
        };
        let carrier = Arc::new(Carrier::start(carrier_config).await?);
        let demo = account::set_up(&server.house, &carrier).await?;
        let numbers = numbers::open(&server.house, demo.trunk).await?;
        let client = visitor::client()?;
        let buyers = Servers::open(options.seed).await?;
        let phones = Phones::connect(Arc::clone(&carrier), buyers::manners(), options.seed);
        let api = Api::sign_in(client.clone(), &config.public_url).await?;
        let destinations = buyers::put(&api, &buyers, carrier.address()).await?;
        let feeds = market::open(&api, &destinations, demo.trunk, demo.site).await?;
        let listener = listen(options.site).await?;
        let site = DemoSite::start(
            listener,
            DemoSiteConfig {
                block: block_source(&server.house, &demo, &config.public_url),
                locate: locate(&server.house, &demo, &config.public_url),
                calls: format!("{}/calls", config.public_url),
                leads: format!("{}/leads", config.public_url),
                carrier: Arc::clone(&carrier),
                callers_from: PERSON_CALLS_FROM,
                seed: options.seed,
            },
        )?;
        let (world, trade) = if options.quiet_world {
            (None, None)
        } else {
            let base = format!("http://{}", site.address());
            front_desk::refuse(&server.house, demo.account).await?;
            past::pass(&server.house, &demo, &base, data, options.seed).await?;
            // Since today: the calls of the past rang plainly.
            if let Some(desk) = demo.printed.last() {
                front_desk::open(&server.house, demo.account, *desk).await?;
            }
            let world = World::start(WorldConfig {
                plan: Plan::new(options.seed, Pace::demo()),
                carrier: Arc::clone(&carrier),
                client: client.clone(),
                site: base,
                printed: demo.printed,
            });
            let trade = Trade::start(TradeConfig {
                deals: Deals::new(options.seed),
                carrier: Arc::clone(&carrier),
                client,
                phones,
                numbers: feeds.numbers,
                partner: Partner {
                    server: config.public_url.clone(),
                    lead_keys: feeds.lead_keys,
                    bid_key: feeds.bid_key,
                },
            });
            (Some(world), Some(trade))
        };
        Ok(Self {
            server,
            carrier,
            site,
            _numbers: numbers,
            buyers,
            world,
            trade,
            public_url: config.public_url,
        })
    }

    /// What to open.
    fn welcome(&self) -> String {
        format!(
            "
  Trunkline's demo is running. Everything in it is simulated, on this machine only.

  1. The dashboard     {dashboard}
       e-mail          {email}
       password        {password}
  2. The demo web site, as a visitor from a Google ad
                       http://{site}/?utm_source=google&utm_medium=cpc&utm_campaign=roof-repair&gclid=demo

  3. SIP over UDP      {sip}
       only the simulated carrier and this machine may call

  On the site, press \"Dial the number shown\"; then look for your call under Live.
  Request a quote there, and your lead is the newest under Leads, sold within seconds.
  Three campaigns sell calls and leads to six buyers by themselves: see Campaigns, Opportunities, Leads, Caps.
  Ctrl-C ends everything.
",
            dashboard = self.public_url,
            email = account::EMAIL,
            password = account::PASSWORD,
            site = self.site.address(),
            sip = self.server.sip,
        )
    }

    /// Writes the addresses for a program; the file appears whole.
    fn tell(&self, path: &Path) -> anyhow::Result<()> {
        let told = serde_json::json!({
            "dashboard": self.public_url,
            "site": format!("http://{}", self.site.address()),
            "sip": self.server.sip.to_string(),
            "email": account::EMAIL,
            "password": account::PASSWORD,
        });
        let part = path.with_extension("part");
        std::fs::write(&part, told.to_string())?;
        std::fs::rename(&part, path)
            .with_context(|| format!("{} cannot be written", path.display()))
    }

    /// Ends everything, callers first.
    async fn end(self) {
        if let Some(world) = self.world {
            world.stop().await;
        }
        if let Some(trade) = self.trade {
            trade.stop().await;
        }
        self.site.stop().await;
        self.carrier.stop().await;
        self.server.end(DRAIN).await;
        self.buyers.stop().await;
    }
}

/// The demo's own configuration, on loopback.
fn config(options: &Options, data: &Path) -> anyhow::Result<Config> {
    let http = free(options.http, |wanted| {
        Ok(std::net::TcpListener::bind(wanted)?.local_addr()?)
    })?;
    let sip = free(options.sip, |wanted| {
        Ok(UdpSocket::bind(wanted)?.local_addr()?)
    })?;
    Ok(Config {
        data_dir: data.to_owned(),
        public_url: format!("http://{http}"),
        http: Http {
            listen: http,
            // The demo's business site is on this machine.
            page_tests_loopback: true,
            webhooks_loopback: true,
            ..Http::default()
        },
        database: Database::default(),
        voice: VoiceSection {
            udp: sip,
            tcp: String::new(),
            rtp_port_first: 0,
            rtp_port_last: 0,
            // So is the telephone system of a buyer.
            sip_hosts: vec!["127.0.0.1".to_owned()],
            private_peers: true,
            ..VoiceSection::default()
        },
        log: log(),
        ..Config::default()
    })
}

/// The wanted address, or one with another port when that is taken.
fn free(
    wanted: SocketAddr,
    bind: impl Fn(SocketAddr) -> anyhow::Result<SocketAddr>,
) -> anyhow::Result<SocketAddr> {
    bind(wanted)
        .or_else(|_| bind(SocketAddr::new(wanted.ip(), 0)))
        .with_context(|| format!("no port can be bound on {}", wanted.ip()))
}

async fn listen(wanted: SocketAddr) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(wanted).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind(SocketAddr::new(wanted.ip(), 0))
            .await
            .with_context(|| format!("no port can be bound on {}", wanted.ip())),
    }
}

/// The site's block as it is at each request.
fn block_source(house: &House, demo: &Demo, public_url: &str) -> BlockSource {
    let (directory, site) = (house.backend.directory.clone(), demo.site);
    let public_url = public_url.to_owned();
    Arc::new(move || {
        let directory = directory.now();
        let site = directory.site(site).ok_or("the demo site was removed")?;
        trunkline_web::site_block(&public_url, site).map_err(|problem| problem.detail)
    })
}

/// Finds a call that is in progress by its caller.
fn locate(house: &House, demo: &Demo, public_url: &str) -> Locate {
    let (calls, account) = (Arc::clone(&house.backend.calls), demo.account);
    let public_url = public_url.to_owned();
    Arc::new(move |caller| {
        let row = calls
            .in_progress(account)
            .into_iter()
            .find(|row| row.caller == Some(caller))?;
        Some(format!("{public_url}/calls/{}", row.id))
    })
}
