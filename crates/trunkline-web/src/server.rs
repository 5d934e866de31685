//! The accept loop: connections to the router, over TLS when there is a certificate, with limits and
//! a graceful end.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderValue;
use axum::http::header::X_CONTENT_TYPE_OPTIONS;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, interval_at, timeout};
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
/// How often connections on which nothing goes on are closed: those that ask nothing, and those whose next head does not
/// come to its end.
const IDLE_CHECK_EVERY: Duration = Duration::from_secs(15);
/// Longest wait for such a connection to take its leave.
const LEAVE_WAIT: Duration = Duration::from_secs(1);
/// How often a peer of HTTP/2 is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(15);
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

    async fn answer(
        mut self,
        mut request: Request<Incoming>,
        peer: SocketAddr,
        going_on: GoingOn,
    ) -> Response {
        if let Some(app) = &self.app {
            request = match snippet::answer_first(app, request, peer.ip()).await {
                Ok(answered) => return answered,
                Err(other) => other,
            };
        }
        let mut request = request.map(|body| Body::new(TimeoutBody::new(BODY_WAIT, body)));
        request.extensions_mut().insert(ConnectInfo(peer));
        let Ok(answered) = self.router.call(request).await;
        answered.map(|body| {
            Body::new(BodyGoingOn {
                body,
                _going_on: going_on,
            })
        })
    }
}

/// What a connection does. It tells idle ones apart without a clock for every request.
#[derive(Debug, Default)]
struct Activity {
    begun: AtomicU64,
    going_on: AtomicU64,
}

impl Activity {
    fn begin(self: &Arc<Self>) -> GoingOn {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.going_on.fetch_add(1, Ordering::Relaxed);
        GoingOn(Arc::clone(self))
    }

    /// Whether a request is going on, or one began since `before` of them had.
    fn is_busy_since(&self, before: &mut u64) -> bool {
        let begun = self.begun.load(Ordering::Relaxed);
        let began = std::mem::replace(before, begun) != begun;
        began || self.going_on.load(Ordering::Relaxed) > 0
    }
}

/// A request that is not answered to the end.
#[derive(Debug)]
struct GoingOn(Arc<Activity>);

impl Drop for GoingOn {
    fn drop(&mut self) {
        self.0.going_on.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A body whose request goes on until it is sent: a download that is taken slowly is not idle.
struct BodyGoingOn {
    body: Body,
    _going_on: GoingOn,
}

impl HttpBody for BodyGoingOn {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
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
    let activity = Arc::new(Activity::default());
    let begun = Arc::clone(&activity);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        answer(edge.clone(), request, peer, begun.begin())
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().header_read_timeout(None);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(PING_EVERY));
    let connection = builder.serve_connection(io, service);
    tokio::pin!(connection);
    let mut check = interval_at(Instant::now() + IDLE_CHECK_EVERY, IDLE_CHECK_EVERY);
    let mut before = 0;
    let ended = loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => break ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                break connection.await;
            }
            _ = check.tick() => {
                if !activity.is_busy_since(&mut before) {
                    connection.as_mut().graceful_shutdown();
                    break timeout(LEAVE_WAIT, connection).await.unwrap_or(Ok(()));
                }
            }
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
    going_on: GoingOn,
) -> Result<Response, Infallible> {
    // A handler that panics answers 500 and ends nothing else.
    let answered = AssertUnwindSafe(edge.answer(request, peer, going_on))
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
            router: Router::new()
                .route("/", get(|| async { "hello" }))
                .route("/endless", get(|| async { endless() })),
        };
        let addresses = Addresses::new(proxies, 2);
        tokio::spawn(accept(listener, edge, None, addresses, stop.clone()));
        address
    }

    /// A body of which nothing comes and no end.
    fn endless() -> Body {
        Body::from_stream(futures_util::stream::pending::<Result<Bytes, Infallible>>())
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

    #[tokio::test(start_paused = true)]
    async fn a_connection_whose_head_does_not_come_to_its_end_is_closed() {
        let stop = CancellationToken::new();
        let address = start(TrustedProxies::default(), &stop).await;
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream
            .write_all(b"GET / HTTP/1.1\r\nho")
            .await
            .expect("half a head is sent");
        let mut rest = Vec::new();
        // The clock goes on by itself while everybody waits.
        let read = timeout(4 * IDLE_CHECK_EVERY, stream.read_to_end(&mut rest)).await;
        assert!(read.is_ok(), "the server closes it");
        stop.cancel();
    }

    #[tokio::test(start_paused = true)]
    async fn a_download_that_goes_on_is_no_idle_connection() {
        let stop = CancellationToken::new();
        let address = start(TrustedProxies::default(), &stop).await;
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let request = b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n";
        stream.write_all(request).await.expect("a request is sent");
        let mut first = [0; 64];
        let read = stream.read(&mut first).await.expect("an answer begins");
        assert!(first[..read].starts_with(b"HTTP/1.1 200"));
        let mut more = [0; 1024];
        let ended = async { while stream.read(&mut more).await.is_ok_and(|n| n > 0) {} };
        let ended = timeout(4 * IDLE_CHECK_EVERY, ended).await;
        assert!(ended.is_err(), "the connection is open");
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
