//! The accept loop: connections to the router, over TLS when there is a certificate, with limits and
//! a graceful end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
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

use crate::problem::Problem;

/// Most connections at one time.
const CONNECTIONS_MAX: usize = 20_000;
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

/// Serves a router on a listener until `stop`, then lets running requests end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Arc<rustls::ServerConfig>>,
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
        let (router, tls, stop) = (router.clone(), tls.clone(), stop.clone());
        tracker.spawn(async move {
            if let Err(error) = connection(stream, peer, router, tls, stop).await {
                tracing::debug!(%peer, %error, "a connection ended early");
            }
            drop(permit);
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
    router: Router,
    tls: Option<TlsAcceptor>,
    stop: CancellationToken,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match tls {
        None => requests(TokioIo::new(stream), peer, router, stop).await,
        Some(acceptor) => {
            let stream = timeout(HANDSHAKE_WAIT, acceptor.accept(stream)).await??;
            requests(TokioIo::new(stream), peer, router, stop).await
        }
    }
}

async fn requests<S>(
    io: TokioIo<S>,
    peer: SocketAddr,
    router: Router,
    stop: CancellationToken,
) -> io::Result<()>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        answer(router.clone(), request, peer)
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
    mut router: Router,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Result<Response, Infallible> {
    let mut request = request.map(|body| Body::new(TimeoutBody::new(BODY_WAIT, body)));
    request.extensions_mut().insert(ConnectInfo(peer));
    // A handler that panics answers 500 and ends nothing else.
    let answered = AssertUnwindSafe(router.call(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        Ok(Problem::internal().into_response())
    })?;
    let headers = response.headers_mut();
    if !headers.contains_key(X_CONTENT_TYPE_OPTIONS) {
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    Ok(response)
}
