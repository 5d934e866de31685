//! The accept loop: connections to the router, over TLS when there is a certificate, with limits and
//! a graceful end.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderValue;
use axum::http::header::X_CONTENT_TYPE_OPTIONS;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;
use tower_http::timeout::TimeoutBody;

use crate::address::{TrustedProxies, subscriber};
use crate::app::App;
use crate::places::{Place, Places};
use crate::problem::Problem;
use crate::snippet;

/// Most connections at one time.
const CONNECTIONS_MAX: usize = 20_000;
/// Most connections from one address, of IPv6 from one /64: an office behind one address stays far below
/// it, and nobody can take all.
const CONNECTIONS_PER_ADDRESS_MAX: usize = 1_000;
/// Longest wait for the head of a request.
const HEAD_WAIT: Duration = Duration::from_secs(15);
/// Longest pause between two parts of a request's body.
const BODY_WAIT: Duration = Duration::from_secs(10);
/// Longest TLS handshake.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);
/// Longest wait for running requests at the end.
const DRAIN_WAIT: Duration = Duration::from_secs(5);
/// Pause after an accept that failed, for example because files ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What answers requests: the router, and before it what most of them ask for.
#[derive(Clone)]
pub struct Edge {
    app: Option<App>,
    router: Router,
}

impl Edge {
    /// A router of everything, and the application of its snippet.
    #[must_use]
    pub const fn new(app: App, router: Router) -> Self {
        Self {
            app: Some(app),
            router,
        }
    }

    async fn answer(mut self, mut request: Request<Incoming>, peer: SocketAddr) -> Response {
        if let Some(app) = &self.app {
            request = match snippet::answer_first(app, request, peer.ip()).await {
                Ok(answered) => return answered,
                Err(other) => other,
            };
        }
        let mut request = request.map(|body| Body::new(TimeoutBody::new(BODY_WAIT, body)));
        request.extensions_mut().insert(ConnectInfo(peer));
        let Ok(answered) = self.router.call(request).await;
        answered
    }
}

/// How many connections each address has. Those of trusted proxies are not counted: each carries many
/// people.
struct Addresses {
    proxies: TrustedProxies,
    places: Places<IpAddr>,
}

impl Addresses {
    fn new(proxies: TrustedProxies, each_max: usize) -> Self {
        Self {
            proxies,
            places: Places::new(each_max, CONNECTIONS_MAX),
        }
    }

    /// Lets a connection in, with its place when it is counted; `None` when its address has too many.
    fn enter(&self, peer: IpAddr) -> Option<Option<Place<IpAddr>>> {
        if self.proxies.contains(peer) {
            return Some(None);
        }
        self.places.take(subscriber(peer)).map(Some)
    }
}

/// Serves a router on a listener until `stop`, then lets running requests end. An address that is not one
/// of `proxies` gets so many connections and no more.
pub async fn serve(
    listener: TcpListener,
    edge: Edge,
    tls: Option<Arc<rustls::ServerConfig>>,
    proxies: TrustedProxies,
    stop: CancellationToken,
) {
    let addresses = Addresses::new(proxies, CONNECTIONS_PER_ADDRESS_MAX);
    accept(listener, edge, tls, addresses, stop).await;
}

async fn accept(
    listener: TcpListener,
    edge: Edge,
    tls: Option<Arc<rustls::ServerConfig>>,
    addresses: Addresses,
    stop: CancellationToken,
) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let tracker = TaskTracker::new();
    let tls = tls.map(TlsAcceptor::from);
    loop {
        let permit = tokio::select! {
            () = stop.cancelled() => break,
            permit = Arc::clone(&connections).acquire_owned() => permit,
        };
        let Ok(permit) = permit else { break };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(place) = addresses.enter(peer.ip()) else {
            metrics::counter!("trunkline_http_connections_refused_total").increment(1);
            continue;
        };
        let (edge, tls, stop) = (edge.clone(), tls.clone(), stop.clone());
        tracker.spawn(async move {
            if let Err(error) = connection(stream, peer, edge, tls, stop).await {
                tracing::debug!(%peer, %error, "a connection ended early");
            }
            drop((place, permit));
        });
    }
    tracker.close();
    if timeout(DRAIN_WAIT, tracker.wait()).await.is_err() {
        tracing::info!(
            connections = tracker.len(),
            "closing connections that did not end in time"
        );
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    edge: Edge,
    tls: Option<TlsAcceptor>,
    stop: CancellationToken,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match tls {
        None => requests(TokioIo::new(stream), peer, edge, stop).await,
        Some(acceptor) => {
            let stream = timeout(HANDSHAKE_WAIT, acceptor.accept(stream)).await??;
            requests(TokioIo::new(stream), peer, edge, stop).await
        }
    }
}

async fn requests<S>(
    io: TokioIo<S>,
    peer: SocketAddr,
    edge: Edge,
    stop: CancellationToken,
) -> io::Result<()>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        answer(edge.clone(), request, peer)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(HEAD_WAIT));
    let connection = builder.serve_connection(io, service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    ended.map_err(io::Error::other)
}

/// Answers one request. What holds for every one of them is done here and not in layers of the router,
/// each of which would cost another allocation and another poll per request.
async fn answer(
    edge: Edge,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Result<Response, Infallible> {
    // A handler that panics answers 500 and ends nothing else.
    let answered = AssertUnwindSafe(edge.answer(request, peer))
        .catch_unwind()
        .await;
    let mut response = answered.unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        Problem::internal().into_response()
    });
    let headers = response.headers_mut();
    if !headers.contains_key(X_CONTENT_TYPE_OPTIONS) {
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Serves a router that greets, with two connections per address.
    async fn start(proxies: TrustedProxies, stop: &CancellationToken) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let edge = Edge {
            app: None,
            router: Router::new().route("/", get(|| async { "hello" })),
        };
        let addresses = Addresses::new(proxies, 2);
        tokio::spawn(accept(listener, edge, None, addresses, stop.clone()));
        address
    }

    /// A connection on which a request was sent, and whether it was answered.
    async fn ask(address: SocketAddr) -> (TcpStream, bool) {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let mut first = [0; 8];
        // Where the connection is closed the request may fail to be sent already.
        let sent = stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let read = stream.read(&mut first).await;
        let answered = sent.is_ok() && read.is_ok_and(|n| first[..n].starts_with(b"HTTP"));
        (stream, answered)
    }

    #[tokio::test]
    async fn an_address_with_too_many_connections_gets_no_more_until_one_ends() {
        let stop = CancellationToken::new();
        let address = start(TrustedProxies::default(), &stop).await;
        let (first, answered) = ask(address).await;
        assert!(answered);
        let (_second, answered) = ask(address).await;
        assert!(answered);
        assert!(!ask(address).await.1, "the third is closed");
        drop(first);
        // The server learns of the end in its own time.
        while !ask(address).await.1 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    }

    #[tokio::test]
    async fn connections_of_a_trusted_proxy_are_not_counted() {
        let stop = CancellationToken::new();
        let proxies = TrustedProxies(vec!["127.0.0.0/8".parse().expect("a range")]);
        let address = start(proxies, &stop).await;
        let mut open = Vec::new();
        for _ in 0..5 {
            let (stream, answered) = ask(address).await;
            assert!(answered);
            open.push(stream);
        }
        stop.cancel();
    }

    #[test]
    fn addresses_of_one_subscriber_of_ipv6_share_their_places() {
        let addresses = Addresses::new(TrustedProxies::default(), 1);
        let ip = |t: &str| t.parse::<IpAddr>().expect("an address");
        let _first = addresses.enter(ip("2001:db8::1")).expect("a place");
        assert!(addresses.enter(ip("2001:db8::2")).is_none());
        assert!(addresses.enter(ip("2001:db8:0:1::1")).is_some());
    }
}
