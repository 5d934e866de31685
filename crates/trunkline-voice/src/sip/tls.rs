//! SIP over TLS: the certificate we show, and connections to far ends whose certificate must be right.
//!
//! The stack knows one set of trusted certificates for everything; trunks have their own. So each trunk that is dialled over
//! TLS has a made-up host name, and looking that name up opens the connection, checked as the trunk wants it, before the
//! stack asks for one. For any other name or address the stack trusts nobody.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use rsipstack::sip::{self, Host, HostWithPort};
use rsipstack::transaction::endpoint::EndpointInner;
use rsipstack::transport::tls::{TlsConfig, TlsConnection};
use rsipstack::transport::{SipAddr, SipConnection};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_util::sync::CancellationToken;
use trunkline_core::base::SipAddress;
use trunkline_engine::call::control::TrunkProfile;

/// Longest wait for a connection with its handshake.
const CONNECT_MAX: Duration = Duration::from_secs(4);
/// Longest handshake of somebody who connects.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// End of the made-up names of trunks; `.invalid` is never looked up elsewhere (RFC 2606).
const NAMES_END: &str = ".trunk.invalid";
/// Begin of those of SIP addresses that are called without a trunk.
const DIRECT: &str = "direct-";
/// Most of these that are remembered; a connection that is forgotten is made anew.
const DIRECT_MAX: usize = 256;

/// Where we listen and what we show there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsListen {
    /// Address and port.
    pub address: SocketAddr,
    /// PEM file of the certificate chain.
    pub certificate: PathBuf,
    /// PEM file of its key.
    pub key: PathBuf,
}

impl TlsListen {
    /// Reads the files.
    ///
    /// # Errors
    /// With the file that is missing or wrong.
    pub(super) fn acceptor(&self) -> io::Result<TlsAcceptor> {
        let wrong = |path: &Path, error: &dyn std::fmt::Display| {
            let text = format!("{} holds no PEM that can be used: {error}", path.display());
            io::Error::new(io::ErrorKind::InvalidData, text)
        };
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| wrong(&self.certificate, &error))?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|e| wrong(&self.key, &e))?;
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| wrong(&self.certificate, &error))?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// Shakes hands with somebody who connected.
pub(super) async fn accept(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    remote: SocketAddr,
    local: SipAddr,
    cancel: CancellationToken,
) -> Option<SipConnection> {
    let shaking = tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream));
    let stream = match shaking.await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(%error, %remote, "TLS handshake failed");
            return None;
        }
        Err(_) => return None,
    };
    let remote = at(remote);
    let made = TlsConnection::from_server_stream(stream, local, remote, Some(cancel)).await;
    made.ok().map(SipConnection::Tls)
}

/// An address that is spoken to over TLS.
pub(super) fn at(address: SocketAddr) -> SipAddr {
    SipAddr {
        r#type: Some(sip::Transport::Tls),
        addr: address.into(),
    }
}

/// How a trunk's far end is known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Peer {
    address: SocketAddr,
    /// The name its certificate must be for.
    name: String,
    /// Certificates it must come from; `None`: the system's.
    ca: Option<Arc<str>>,
}

/// The far ends that are dialled over TLS.
pub(super) struct Secured {
    peers: Mutex<HashMap<String, Peer>>,
    open: Mutex<HashMap<String, (Peer, SipConnection)>>,
    /// One handshake at a time with each, so that calls which come together share a connection.
    connecting: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    endpoint: OnceLock<Weak<EndpointInner>>,
    system: OnceLock<Arc<RootCertStore>>,
    cancel: CancellationToken,
}

impl Secured {
    pub(super) fn new(cancel: CancellationToken) -> Self {
        Self {
            peers: Mutex::default(),
            open: Mutex::default(),
            connecting: Mutex::default(),
            endpoint: OnceLock::new(),
            system: OnceLock::new(),
            cancel,
        }
    }

    /// The endpoint whose connections these are.
    pub(super) fn serve(&self, endpoint: &Arc<EndpointInner>) {
        let _ = self.endpoint.set(Arc::downgrade(endpoint));
    }

    /// The made-up address under which the far end of a trunk at `address` is spoken to.
    pub(super) fn name(&self, trunk: &TrunkProfile, address: SocketAddr) -> SipAddr {
        let settings = &trunk.settings;
        let by_proxy = settings.proxy.as_ref().map(|proxy| proxy.host.clone());
        // A registrar of its own has a name of its own.
        let registrar = settings
            .registrar
            .as_ref()
            .filter(|_| settings.registrar_at == Some(address) && trunk.peer != Some(address));
        let name = by_proxy
            .or_else(|| registrar.map(|r| r.host.clone()))
            .or_else(|| settings.domain.clone())
            .unwrap_or_else(|| address.ip().to_string());
        let peer = Peer {
            address,
            name,
            ca: settings.tls_ca.clone(),
        };
        let key = format!("{}-{}{NAMES_END}", trunk.id, address.port());
        hold(&self.peers).insert(key.clone(), peer);
        SipAddr {
            r#type: Some(sip::Transport::Tls),
            addr: HostWithPort {
                host: Host::Domain(key.into()),
                port: Some(address.port().into()),
            },
        }
    }

    /// The same for a SIP address that was found at `found`: its certificate must be for the host as it is written.
    pub(super) fn name_of(&self, address: &SipAddress, found: SocketAddr) -> SipAddr {
        let peer = Peer {
            address: found,
            name: address.host().to_owned(),
            ca: None,
        };
        let plain = |text: &str| text.replace(':', "_");
        let (host, ip) = (plain(address.host()), plain(&found.ip().to_string()));
        let key = format!("{DIRECT}{host}-{ip}-{}{NAMES_END}", found.port());
        let mut peers = hold(&self.peers);
        let direct = peers.keys().filter(|key| key.starts_with(DIRECT)).count();
        if direct >= DIRECT_MAX && !peers.contains_key(&key) {
            peers.retain(|key, _| !key.starts_with(DIRECT));
            hold(&self.open).retain(|key, _| !key.starts_with(DIRECT));
            hold(&self.connecting).retain(|key, _| !key.starts_with(DIRECT));
        }
        peers.insert(key.clone(), peer);
        SipAddr {
            r#type: Some(sip::Transport::Tls),
            addr: HostWithPort {
                host: Host::Domain(key.into()),
                port: Some(found.port().into()),
            },
        }
    }

    /// Forgets trunks that are no more.
    pub(super) fn keep(&self, there: impl Fn(&str) -> bool) {
        let known =
            |key: &String| key.starts_with(DIRECT) || key.split('-').next().is_some_and(&there);
        hold(&self.peers).retain(|key, _| known(key));
        hold(&self.open).retain(|key, _| known(key));
        hold(&self.connecting).retain(|key, _| known(key));
    }

    /// Whether a host is a made-up name.
    pub(super) fn is_name(host: &str) -> bool {
        host.ends_with(NAMES_END)
    }

    /// Makes sure that a connection is open, and says where to.
    ///
    /// # Errors
    /// Why there is none, for people.
    pub(super) async fn connect(&self, key: &str) -> Result<SipAddr, String> {
        let peer = hold(&self.peers).get(key).cloned();
        let peer = peer.ok_or_else(|| "the trunk was removed".to_owned())?;
        let place = {
            let mut places = hold(&self.connecting);
            Arc::clone(places.entry(key.to_owned()).or_default())
        };
        let _one = place.lock().await;
        let live = |connection: &SipConnection| {
            let token = connection.cancel_token();
            token.is_some_and(|token| !token.is_cancelled())
        };
        if let Some((known, connection)) = hold(&self.open).get(key)
            && *known == peer
            && live(connection)
        {
            return Ok(at(peer.address));
        }
        let connecting = tokio::time::timeout(CONNECT_MAX, self.shake_hands(&peer));
        let connection = match connecting.await {
            Ok(connection) => connection?,
            Err(_) => return Err("the TLS connection was not made in time".to_owned()),
        };
        let endpoint = self.endpoint.get().and_then(Weak::upgrade);
        let endpoint = endpoint.ok_or_else(|| "the server is stopping".to_owned())?;
        endpoint.transport_layer.add_connection(connection.clone());
        let address = at(peer.address);
        hold(&self.open).insert(key.to_owned(), (peer, connection));
        Ok(address)
    }

    async fn shake_hands(&self, peer: &Peer) -> Result<SipConnection, String> {
        let roots = match &peer.ca {
            Some(pem) => own_roots(pem)?,
            None => self.system_roots(),
        };
        let verifier = WebPkiServerVerifier::builder(roots)
            .build()
            .map_err(|error| format!("no certificate is trusted: {error}"))?;
        let config = TlsConfig {
            // The stack warns when it is given none; the verifier decides.
            ca_certs: Some(Vec::new()),
            sni_hostname: Some(peer.name.clone()),
            ..TlsConfig::default()
        };
        let token = self.cancel.child_token();
        let address = at(peer.address);
        let made = TlsConnection::connect(&address, Some(&config), Some(verifier), Some(token));
        let connection = made.await.map_err(|error| format!("TLS: {error}"))?;
        Ok(SipConnection::Tls(connection))
    }

    /// The certificates the operating system trusts, read once.
    fn system_roots(&self) -> Arc<RootCertStore> {
        let read = || {
            let mut store = RootCertStore::empty();
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                tracing::warn!(%error, "certificates of the system cannot be read");
            }
            store.add_parsable_certificates(found.certs);
            Arc::new(store)
        };
        Arc::clone(self.system.get_or_init(read))
    }
}

fn own_roots(pem: &str) -> Result<Arc<RootCertStore>, String> {
    let wrong = |error: &dyn std::fmt::Display| {
        format!("the trunk's own certificates cannot be used: {error}")
    };
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        store.add(certificate).map_err(|error| wrong(&error))?;
    }
    Ok(Arc::new(store))
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change of the maps is complete.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
