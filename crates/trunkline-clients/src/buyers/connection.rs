//! One connection to one server. It is driven by whoever waits for its answer and by nobody else: when they go away, nothing
//! more leaves.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use trunkline_engine::ports::buyers::NotSent;
use trunkline_engine::ports::pages::PageRefusal;

use super::answer::{ANSWER_BYTES_MAX, Whole, read};
use super::request::Outgoing;
use super::wire::{Stream, Wire};
use crate::guard::check;

/// Most headers of an answer.
const HEADERS_MAX: usize = 100;

/// Why there is no whole answer.
#[derive(Debug)]
pub(super) enum Failed {
    /// The connection ended. `began`: something of the answer was there.
    Broke { began: bool, why: String },
    /// The answer is too long.
    TooLong,
    /// The answer is packed in a way that is not read, or not whole.
    Packed,
}

impl Failed {
    pub(super) fn broke(began: bool, error: &hyper::Error) -> Self {
        let why = if error.is_parse() || error.is_parse_too_large() {
            "its answer is no HTTP that can be read"
        } else if error.is_incomplete_message() || error.is_canceled() {
            "the connection ended before the answer was whole"
        } else {
            "the connection broke"
        };
        Self::Broke {
            began: began || error.is_parse(),
            why: why.to_owned(),
        }
    }

    /// For whoever looks at the log of a destination.
    pub(super) fn words(self) -> String {
        match self {
            Self::Broke { why, .. } => why,
            Self::TooLong => format!("it answered more than {ANSWER_BYTES_MAX} bytes"),
            Self::Packed => "its answer is packed although it was asked for as it is".to_owned(),
        }
    }
}

type Driver = http1::Connection<TokioIo<Wire>, Full<Bytes>>;

/// A connection.
pub(super) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    /// Gone when the connection is over.
    driver: Option<Pin<Box<Driver>>>,
}

impl Connection {
    /// Connects to the server of a request, by the address that was checked and no other. `left` is set when something of
    /// a request leaves.
    pub(super) async fn open(
        outgoing: &Outgoing,
        loopback: bool,
        tls: &TlsConnector,
        left: &Arc<AtomicBool>,
    ) -> Result<Self, NotSent> {
        let checked = check(outgoing.url.clone(), loopback).await;
        let checked = checked.map_err(|refusal| match refusal {
            PageRefusal::Address(_) => {
                NotSent::Refused("its address is not one of the open Internet".to_owned())
            }
            PageRefusal::Unreadable(_) => away("no address was found for its host"),
        })?;
        let stream = TcpStream::connect(checked.address).await;
        let stream = stream.map_err(|error| away(&format!("no connection: {error}")))?;
        // A request is one write; waiting for more of it serves nobody.
        let _ = stream.set_nodelay(true);
        let stream = if outgoing.origin.secure {
            let bare = checked.host.trim_start_matches('[').trim_end_matches(']');
            let name = ServerName::try_from(bare.to_owned());
            let name = name.map_err(|_| away("its host is no name of a certificate"))?;
            let sealed = tls.connect(name, stream).await;
            Stream::Tls(Box::new(sealed.map_err(|error| {
                away(&format!("no connection over TLS: {error}"))
            })?))
        } else {
            Stream::Plain(stream)
        };
        let wire = TokioIo::new(Wire::new(stream, Arc::clone(left)));
        let built = http1::Builder::new()
            .max_headers(HEADERS_MAX)
            .max_buf_size(ANSWER_BYTES_MAX)
            .handshake(wire)
            .await;
        let (sender, driver) = built.map_err(|_| away("no connection"))?;
        Ok(Self {
            sender,
            driver: Some(Box::pin(driver)),
        })
    }

    /// Sends a request and waits for its whole answer.
    pub(super) async fn ask(
        &mut self,
        request: http::Request<Full<Bytes>>,
    ) -> Result<Whole, Failed> {
        let Self { sender, driver } = self;
        let exchange = async {
            let broke = |error: hyper::Error| Failed::broke(false, &error);
            sender.ready().await.map_err(broke)?;
            let response = sender.send_request(request).await.map_err(broke)?;
            read(response).await
        };
        tokio::select! {
            done = exchange => done,
            never = drive(driver) => never,
        }
    }

    /// Whether it may serve another request.
    pub(super) fn goes_on(&self) -> bool {
        self.driver.is_some() && !self.sender.is_closed()
    }
}

/// Moves bytes; when the connection is over, what waits for an answer hears of it by itself.
async fn drive<T>(driver: &mut Option<Pin<Box<Driver>>>) -> T {
    if let Some(driving) = driver {
        // How it ended, the request says.
        let _ = driving.await;
    }
    *driver = None;
    pending().await
}

fn away(why: &str) -> NotSent {
    NotSent::Unreachable(why.to_owned())
}
