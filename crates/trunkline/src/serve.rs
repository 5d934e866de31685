//! The running server: starts every part, runs its jobs, and ends it all in order.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use metrics_exporter_prometheus::PrometheusHandle;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_engine::call::trunk::TrunkControl;
use trunkline_voice::{TlsListen, Voice, VoiceConfig};
use trunkline_web::server::{self, Edge};
use trunkline_web::{TrustedProxies, Web, WebSettings};

use crate::check_call::Checker;
use crate::config::Config;
use crate::control;
use crate::jobs;
use crate::wiring::{self, House};

/// How long calls in progress may go on after the server was asked to end.
const DRAIN_CALLS: Duration = Duration::from_secs(20);
/// How long leads that are being sent may go on after that.
const DRAIN_LEADS: Duration = Duration::from_secs(15);
/// The port of SIP that nobody writes.
const SIP_PORT: u16 = 5060;

/// A server that runs.
pub(crate) struct Server {
    pub(crate) house: Arc<House>,
    pub(crate) http: SocketAddr,
    pub(crate) sip: SocketAddr,
    voice: Voice,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// Starts everything.
    ///
    /// # Errors
    /// When an address cannot be bound, a certificate cannot be read, or the store cannot be opened.
    pub(crate) async fn start(
        config: &Config,
        metrics: Option<PrometheusHandle>,
    ) -> anyhow::Result<Self> {
        let house = Arc::new(wiring::build(config).await?);
        let calls = Arc::clone(&house.backend.calls);
        let mut voice = Voice::start(voice_config(config)?, calls)
            .await
            .with_context(|| format!("SIP cannot listen on {}", config.voice.udp))?;
        let trunks = &house.backend.trunks;
        trunks.attach(voice.carriers());
        voice.tend(Arc::clone(trunks) as Arc<dyn TrunkControl>);
        house.backend.calls.reach(voice.lines());
        let listener = TcpListener::bind(config.http.listen)
            .await
            .with_context(|| format!("HTTP cannot listen on {}", config.http.listen))?;
        let http = listener.local_addr()?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let settings = WebSettings {
            public_url: config.public_url.clone(),
            trusted_proxies: TrustedProxies(config.http.trusted_proxies.clone()),
            recordings: config.recordings(),
            prompts: config.prompts(),
            login_days: config.http.login_days,
            sip_host: sip_host(config),
        };
        let app = Web::new(house.backend.clone(), settings, &house.token_secret);
        let router =
            crate::metrics::with_metrics(trunkline_web::router(Arc::clone(&app)), metrics, config);
        tasks.spawn(server::serve(
            listener,
            Edge::new(Arc::clone(&app), router),
            tls(config)?,
            TrustedProxies(config.http.trusted_proxies.clone()),
            stop.clone(),
        ));
        let socket = control::listen(&config.control_socket())?;
        let sip = voice.udp_addr();
        let checker = Checker {
            backend: house.backend.clone(),
            public_url: config.public_url.clone(),
            sip,
            sites: config.check.sites().into(),
            records: Arc::new(house.store.patient()),
            turn: Arc::default(),
        };
        let commanded = control::serve(
            socket,
            (Arc::clone(&house), Arc::clone(&app)),
            checker.clone(),
            stop.clone(),
        );
        tasks.spawn(commanded);
        jobs::start(&house, &app, &checker, &tasks, &stop);
        Ok(Self {
            house,
            http,
            sip,
            voice,
            stop,
            tasks,
        })
    }

    /// Ends everything in order: no new calls, running calls until the deadline, then the rest.
    pub(crate) async fn end(self, drain: Duration) {
        self.voice.shutdown(drain).await;
        self.house.backend.calls.flush_progress().await;
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        let at_rest = tokio::time::timeout(DRAIN_LEADS, self.house.backend.leads.at_rest());
        if at_rest.await.is_err() {
            tracing::warn!("leads were being sent; the next start goes on with them");
        }
        if let Err(error) = self.house.keeper.reconcile().await {
            tracing::warn!(%error, "calls wait in the spool for the next start");
        }
        self.house.store.db().close().await;
    }
}

/// `trunkline serve`.
///
/// # Errors
/// When the server cannot start.
pub(crate) async fn run(config: &Config) -> anyhow::Result<()> {
    let metrics = crate::telemetry::metrics()?;
    let server = Server::start(config, Some(metrics)).await?;
    tracing::info!(http = %server.http, sip = %server.sip, public_url = config.public_url, "trunkline is ready");
    crate::commands::user::first_start(&server.house, &config.public_url).await?;
    stop_signal().await?;
    tracing::info!(
        "ending; calls in progress may go on for {} s",
        DRAIN_CALLS.as_secs()
    );
    server.end(DRAIN_CALLS).await;
    Ok(())
}

/// Waits for Ctrl-C or a termination signal.
///
/// # Errors
/// When signals cannot be listened to.
pub(crate) async fn stop_signal() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

fn voice_config(config: &Config) -> anyhow::Result<VoiceConfig> {
    let voice = &config.voice;
    let tcp = (!voice.tcp.is_empty())
        .then(|| voice.tcp.parse::<SocketAddr>())
        .transpose();
    Ok(VoiceConfig {
        udp: voice.udp,
        tcp: tcp.map_err(|_| anyhow!("voice.tcp `{}` is no address and port", voice.tcp))?,
        tls: voice_tls(config)?,
        home: config.home(),
        external_address: voice.external_address,
        rtp_ports: (voice.rtp_port_first, voice.rtp_port_last),
        calls_max: voice.calls_max,
        setups_per_second: voice.setups_per_second,
        private_peers: voice.private_peers,
        recording_free_bytes_min: voice.recording_free_mb_min * 1_000_000,
        ..VoiceConfig::default()
    })
}

/// Where SIP over TLS is listened to; only with a certificate.
fn voice_tls(config: &Config) -> anyhow::Result<Option<TlsListen>> {
    let voice = &config.voice;
    let (Some(certificate), Some(key)) = (&voice.tls_certificate, &voice.tls_key) else {
        return Ok(None);
    };
    if voice.tls.is_empty() {
        return Ok(None);
    }
    let address = voice.tls.parse::<SocketAddr>();
    Ok(Some(TlsListen {
        address: address
            .map_err(|_| anyhow!("voice.tls `{}` is no address and port", voice.tls))?,
        certificate: certificate.clone(),
        key: key.clone(),
    }))
}

/// The certificate of a configuration, when it has one.
fn tls(config: &Config) -> anyhow::Result<Option<Arc<rustls::ServerConfig>>> {
    let (Some(chain), Some(key)) = (&config.http.tls_certificate, &config.http.tls_key) else {
        return Ok(None);
    };
    let mut server = certificate(chain, key)?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(Arc::new(server)))
}

/// A certificate chain with its key, from PEM files.
///
/// # Errors
/// With the file that is of no use.
pub(crate) fn certificate(chain: &Path, key: &Path) -> anyhow::Result<rustls::ServerConfig> {
    let unreadable = |path: &Path| format!("{} holds no PEM that can be read", path.display());
    let certificates =
        CertificateDer::pem_file_iter(chain).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.with_context(|| unreadable(chain))?;
    if certificates.is_empty() {
        bail!("{} holds no certificate", chain.display());
    }
    let private = PrivateKeyDer::from_pem_file(key).with_context(|| unreadable(key))?;
    rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(certificates, private)
        .with_context(|| format!("{} does not fit {}", chain.display(), key.display()))
}

/// The host of SIP addresses that partners outside may dial: known when the operator has named the address.
fn sip_host(config: &Config) -> Option<String> {
    let address = config.voice.external_address?;
    let port = config.voice.udp.port();
    Some(match (address, port) {
        (IpAddr::V6(address), SIP_PORT) => format!("[{address}]"),
        (address, SIP_PORT) => address.to_string(),
        (address, port) => SocketAddr::new(address, port).to_string(),
    })
}
