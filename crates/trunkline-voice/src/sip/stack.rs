//! The SIP stack: listeners, the dispatch of requests, and the making of legs.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rsipstack::dialog::dialog::Dialog;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{self, Auth, Method, Param, Scheme, StatusCode, Uri};
use rsipstack::transaction::endpoint::{EndpointInner, EndpointOption};
use rsipstack::transaction::{EndpointBuilder, Transaction, TransactionReceiver};
use rsipstack::transport::tcp::TcpConnection;
use rsipstack::transport::tcp_listener::TcpListenerConnection;
use rsipstack::transport::tls::{TlsConfig, TlsListenerConnection};
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportLayer};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use trunkline_core::base::Country;
use trunkline_engine::call::control::Transport;

use super::digest::Algorithms;
use super::door::{DatagramDoor, StreamDoor};
use super::ingress::Ingress;
use super::invitation::Invitation;
use super::resolver::Resolver;
use super::states::States;
use super::tls::{self, Secured, TlsListen};
use crate::tasks::Tasks;

/// Name of the software in `User-Agent` and `Server`.
pub(crate) const SERVER: &str = "Trunkline";
/// Port of SIP over TLS (RFC 3261, 19.1.2).
const SIPS_PORT: u16 = 5061;
/// User part of our Contact.
const CONTACT_USER: &str = "trunkline";
/// Requests inside dialogs that are worked on at a time; more are answered 503.
const IN_DIALOG_MAX: usize = 4096;
/// TCP connections held at a time; more are closed at once.
const TCP_CONNECTIONS_MAX: usize = 1024;
/// TLS handshakes going on at a time; more connections are closed at once.
const HANDSHAKES_MAX: usize = 64;
/// A TCP connection without traffic for this long is closed.
const TCP_IDLE_MAX: Duration = Duration::from_secs(3600);
/// Kernel buffer of the UDP socket: a burst of a few thousand messages.
const UDP_BUFFER_BYTES: usize = 4 << 20;

/// Where the stack listens.
#[derive(Debug, Clone)]
pub(crate) struct Listen {
    pub(crate) udp: SocketAddr,
    pub(crate) tcp: Option<SocketAddr>,
    pub(crate) tls: Option<TlsListen>,
    pub(crate) external: Option<IpAddr>,
    /// Where numbers without a country code are at home, unless a trunk says otherwise.
    pub(crate) home: Country,
    /// How long an unanswered BYE or CANCEL is repeated.
    pub(crate) goodbye: Duration,
}

/// A running stack.
pub(crate) struct SipStack {
    pub(super) endpoint: Arc<EndpointInner>,
    pub(super) dialogs: Arc<DialogLayer>,
    pub(super) states: States,
    pub(super) ingress: Arc<Ingress>,
    pub(super) secured: Arc<Secured>,
    pub(super) home: Country,
    pub(super) tasks: Tasks,
    in_dialog: Arc<Semaphore>,
    udp: SocketAddr,
    tcp: Option<SocketAddr>,
    tls: Option<SocketAddr>,
    /// The address written into Contact and session descriptions.
    advertised: IpAddr,
    call_ids: (RandomState, AtomicU64),
    pub(super) goodbye: Duration,
    cancel: CancellationToken,
}

impl SipStack {
    /// Opens the listeners. What arrives waits until [`Self::serve`] is called.
    ///
    /// # Errors
    /// When an address cannot be bound.
    pub(crate) async fn start(
        listen: &Listen,
        ingress: Arc<Ingress>,
        tasks: Tasks,
    ) -> std::io::Result<(Arc<Self>, TransactionReceiver)> {
        let cancel = CancellationToken::new();
        let secured = Arc::new(Secured::new(cancel.clone()));
        let resolver = Box::new(Resolver::new(
            Arc::clone(&secured),
            Arc::clone(ingress.peers()),
        ));
        let layer = TransportLayer::new_with_domain_resolver(cancel.clone(), resolver);
        layer.set_stream_idle_timeout(TCP_IDLE_MAX);
        let listening = Arc::new(Notify::new());
        let socket = bind_udp(listen.udp)?;
        let udp = socket.local_addr()?;
        let door = DatagramDoor::new(socket, Arc::clone(&ingress), Arc::clone(&listening));
        let external = listen.external.map(|ip| SocketAddr::new(ip, udp.port()));
        let connection = UdpConnection::from_socket(Arc::new(door), external, Some(cancel.clone()))
            .await
            .map_err(other)?;
        let advertised = connection.get_addr().get_socketaddr().map_err(other)?.ip();
        layer.add_transport(connection.into());

        let endpoint = EndpointBuilder::new()
            .with_user_agent(SERVER)
            .with_transport_layer(layer)
            .with_cancel_token(cancel.clone())
            .with_option(EndpointOption {
                callid_suffix: Some(advertised.to_string()),
                ..EndpointOption::default()
            })
            .with_inspector(Box::new(Algorithms))
            .with_transport_inspector(Box::new(StreamDoor::new(
                Arc::clone(&ingress),
                tasks.clone(),
            )))
            .build();
        let incoming = endpoint.incoming_transactions().map_err(other)?;
        let inner = Arc::clone(&endpoint.inner);
        tokio::spawn(async move { endpoint.serve().await });
        // From here on the stack has read its list of listeners; what is added is ours to serve.
        listening.notified().await;

        let tcp = match listen.tcp {
            Some(address) => Some(bind_tcp(address).await?),
            None => None,
        };
        let tls = match &listen.tls {
            Some(tls) => Some((bind_tcp(tls.address).await?, tls.acceptor()?)),
            None => None,
        };
        secured.serve(&inner);
        let local = |listener: &TcpListener| listener.local_addr();
        let dialogs = Arc::new(DialogLayer::new(Arc::clone(&inner)));
        let (told, states) = dialogs.new_dialog_state_channel();
        let stack = Arc::new(Self {
            dialogs,
            states: States::start(told, states),
            endpoint: inner,
            ingress,
            secured,
            home: listen.home,
            tasks,
            in_dialog: Arc::new(Semaphore::new(IN_DIALOG_MAX)),
            udp,
            tcp: tcp.as_ref().map(local).transpose()?,
            tls: tls.as_ref().map(|(l, _)| local(l)).transpose()?,
            advertised,
            call_ids: (RandomState::new(), AtomicU64::new(0)),
            goodbye: listen.goodbye,
            cancel,
        });
        if let Some(listener) = tcp {
            stack.serve_tcp(listener).await?;
        }
        if let Some((listener, acceptor)) = tls {
            stack.serve_tls(listener, acceptor).await?;
        }
        Ok((stack, incoming))
    }

    /// Starts the dispatch. `on_invite` is called for each new call and must return at once.
    pub(crate) fn serve(
        self: &Arc<Self>,
        incoming: TransactionReceiver,
        on_invite: impl Fn(Invitation) + Send + Sync + 'static,
    ) {
        let dispatching = Arc::clone(self);
        tokio::spawn(async move { dispatching.dispatch(incoming, on_invite).await });
    }

    /// The bound UDP and TCP addresses.
    pub(crate) const fn addresses(&self) -> (SocketAddr, Option<SocketAddr>) {
        (self.udp, self.tcp)
    }

    /// The bound TLS address.
    pub(crate) const fn tls_address(&self) -> Option<SocketAddr> {
        self.tls
    }

    /// The address far ends are told to send to.
    pub(crate) const fn advertised(&self) -> IpAddr {
        self.advertised
    }

    /// Forgets what it knows of trunks that are no more.
    pub(crate) fn forget_trunks(&self, there: impl Fn(&str) -> bool) {
        self.secured.keep(there);
    }

    /// Dialogs the stack holds.
    pub(crate) fn dialogs(&self) -> usize {
        self.dialogs.len()
    }

    /// Closes the listeners and ends the stack's tasks.
    pub(crate) fn stop(&self) {
        self.cancel.cancel();
    }

    async fn serve_tcp(self: &Arc<Self>, listener: TcpListener) -> std::io::Result<()> {
        let local = listener.local_addr()?;
        let advertised = SocketAddr::new(self.advertised, local.port());
        let entry = TcpListenerConnection::new(local, Some(advertised))
            .await
            .map_err(other)?;
        let layer = &self.endpoint.transport_layer;
        layer.add_transport(SipConnection::TcpListener(entry));
        let stack = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = stack.cancel.cancelled() => return,
                    accepted = listener.accept() => match accepted {
                        Ok((stream, remote)) => stack.take_tcp(stream, remote, advertised),
                        // Out of descriptors, most likely: give the system a moment.
                        Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                    }
                }
            }
        });
        Ok(())
    }

    fn take_tcp(&self, stream: tokio::net::TcpStream, remote: SocketAddr, local: SocketAddr) {
        let layer = &self.endpoint.transport_layer;
        let full = layer.connections_count() >= TCP_CONNECTIONS_MAX;
        if full || !self.ingress.knows(remote, Transport::Tcp) {
            return;
        }
        let local = SipAddr {
            r#type: Some(sip::Transport::Tcp),
            addr: local.into(),
        };
        match TcpConnection::from_stream(stream, local, Some(self.cancel.child_token())) {
            Ok(connection) => layer.add_connection(SipConnection::Tcp(connection)),
            Err(error) => tracing::debug!(%error, "TCP connection not taken"),
        }
    }

    async fn serve_tls(
        self: &Arc<Self>,
        listener: TcpListener,
        acceptor: TlsAcceptor,
    ) -> std::io::Result<()> {
        let local = listener.local_addr()?;
        let advertised = SocketAddr::new(self.advertised, local.port());
        // The stack only learns of the address; the handshakes are ours.
        let entry = TlsListenerConnection::new(local, Some(advertised), TlsConfig::default())
            .await
            .map_err(other)?;
        let layer = &self.endpoint.transport_layer;
        layer.add_transport(SipConnection::TlsListener(entry));
        let stack = Arc::clone(self);
        let places = Arc::new(Semaphore::new(HANDSHAKES_MAX));
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = stack.cancel.cancelled() => return,
                    accepted = listener.accept() => match accepted {
                        Ok((stream, remote)) => {
                            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                                continue;
                            };
                            stack.take_tls(&acceptor, stream, remote, advertised, place);
                        }
                        Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                    }
                }
            }
        });
        Ok(())
    }

    fn take_tls(
        self: &Arc<Self>,
        acceptor: &TlsAcceptor,
        stream: tokio::net::TcpStream,
        remote: SocketAddr,
        local: SocketAddr,
        place: OwnedSemaphorePermit,
    ) {
        let full = self.endpoint.transport_layer.connections_count() >= TCP_CONNECTIONS_MAX;
        if full || !self.ingress.knows(remote, Transport::Tls) {
            return;
        }
        let (stack, acceptor) = (Arc::clone(self), acceptor.clone());
        let cancel = self.cancel.child_token();
        tokio::spawn(async move {
            let shaking = tls::accept(acceptor, stream, remote, tls::at(local), cancel);
            if let Some(connection) = shaking.await {
                stack.endpoint.transport_layer.add_connection(connection);
            }
            drop(place);
        });
    }

    async fn dispatch(
        self: Arc<Self>,
        mut incoming: TransactionReceiver,
        on_invite: impl Fn(Invitation),
    ) {
        loop {
            let transaction = tokio::select! {
                () = self.cancel.cancelled() => return,
                transaction = incoming.recv() => match transaction {
                    Some(transaction) => transaction,
                    None => return,
                },
            };
            if let Some(dialog) = self.dialogs.match_dialog(&transaction) {
                self.in_dialog(dialog, transaction);
            } else if is_new_call(&transaction) {
                match Invitation::read(transaction, &self) {
                    Ok(invitation) => on_invite(invitation),
                    Err(transaction) => self.reply(*transaction, StatusCode::BadRequest),
                }
            } else if transaction.original.method != Method::Ack {
                self.reply(transaction, StatusCode::CallTransactionDoesNotExist);
            }
        }
    }

    fn in_dialog(&self, mut dialog: Dialog, mut transaction: Transaction) {
        let method = transaction.original.method;
        let confirmed = dialog.state().is_confirmed();
        // Before the dialog is confirmed the stack leaves these unanswered or waits for ever.
        if !confirmed && !matches!(method, Method::Bye | Method::Ack | Method::PRack) {
            return self.reply(transaction, StatusCode::RequestPending);
        }
        let Ok(permit) = Arc::clone(&self.in_dialog).try_acquire_owned() else {
            return self.reply(transaction, StatusCode::ServiceUnavailable);
        };
        self.tasks.spawn(async move {
            if let Err(error) = dialog.handle(&mut transaction).await {
                tracing::debug!(%error, "request inside a dialog not handled");
            }
            drop(permit);
        });
    }

    fn reply(&self, mut transaction: Transaction, status: StatusCode) {
        self.tasks.spawn(async move {
            if let Err(error) = transaction.reply(status).await {
                tracing::debug!(%error, "answer not sent");
            }
        });
    }

    /// Where we are called back; `user` names the trunk that registers it.
    pub(super) fn contact(&self, transport: Transport, user: Option<&str>) -> Uri {
        let port = match transport {
            Transport::Udp => self.udp.port(),
            Transport::Tcp => self.tcp.map_or(self.udp.port(), |tcp| tcp.port()),
            // Without a listener the far end calls back over the connection it has.
            Transport::Tls => self.tls.map_or(SIPS_PORT, |tls| tls.port()),
        };
        let parameters = match transport {
            Transport::Udp => Vec::new(),
            Transport::Tcp | Transport::Tls => vec![Param::Transport(wire(transport))],
        };
        let user = user.unwrap_or(CONTACT_USER);
        Uri {
            params: parameters,
            ..self.uri(user, SocketAddr::new(self.advertised, port))
        }
    }

    /// Our own address over UDP.
    pub(super) const fn here(&self) -> SocketAddr {
        SocketAddr::new(self.advertised, self.udp.port())
    }

    pub(super) fn uri(&self, user: &str, host: SocketAddr) -> Uri {
        Uri {
            scheme: Some(Scheme::Sip),
            auth: Some(Auth {
                user: user.to_owned(),
                password: None,
            }),
            host_with_port: host.into(),
            ..Uri::default()
        }
    }

    /// A Call-ID nobody can guess.
    pub(super) fn new_call_id(&self) -> String {
        let (random, counter) = &self.call_ids;
        let n = counter.fetch_add(1, Ordering::Relaxed);
        let (a, b) = (random.hash_one((n, 0u8)), random.hash_one((n, 1u8)));
        format!("{a:016x}{b:016x}@{}", self.advertised)
    }
}

/// The stack's word for a transport.
pub(super) const fn wire(transport: Transport) -> sip::Transport {
    match transport {
        Transport::Udp => sip::Transport::Udp,
        Transport::Tcp => sip::Transport::Tcp,
        Transport::Tls => sip::Transport::Tls,
    }
}

fn is_new_call(transaction: &Transaction) -> bool {
    let request = &transaction.original;
    let tagged = request
        .to_header()
        .ok()
        .and_then(|to| to.tag().ok().flatten())
        .is_some();
    request.method == Method::Invite && !tagged
}

fn bind_udp(address: SocketAddr) -> std::io::Result<UdpSocket> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    // The system may allow less; it then takes what it allows.
    let _ = socket.set_recv_buffer_size(UDP_BUFFER_BYTES);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

async fn bind_tcp(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
fn other(error: rsipstack::Error) -> std::io::Error {
    std::io::Error::other(error.to_string())
}
