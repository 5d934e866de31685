//! Speaks to buyers' servers: pings on connections that are kept, posts on fresh ones.
//!
//! A post must never be repeated, and nobody may say that nothing was sent when something was. So connections are our own
//! (HTTP/1.1 over a pinned, guarded address and TLS), requests are driven in the task that waits for them, and every
//! connection notes whether anything has left on it. No redirects, no proxy, no cookies.

mod answer;
mod connection;
mod mail;
mod places;
mod request;
mod trust;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::DestinationId;
use trunkline_core::routing::delivery::{
    Answer, BreakerView, Happened, Prepared, ReadWith, Slot, Step, Ticket, Values, show_answer,
};
use trunkline_engine::ports::Buyers;
use trunkline_engine::ports::buyers::{BuyerOutcome, BuyerReport, BuyerRequest, NotSent};

use self::answer::Whole;
use self::connection::{Connection, Failed};
use self::places::{Place, Places, Seat};
use self::request::Outgoing;

pub use self::answer::ANSWER_BYTES_MAX;
pub use self::mail::{MailClient, MailSettings, MailTls};
pub use self::places::{IDLE_FOR, IDLE_MAX, IN_FLIGHT_MAX, PER_DESTINATION_MAX};

/// A wait shorter than this says nothing about a server that did not answer in it, in milliseconds.
const FAIR_WAIT_MS: u128 = 100;

/// Speaks to buyers' servers.
pub struct BuyerClient {
    /// Whether this machine may be asked, without TLS too: for a server that is tried out.
    loopback: bool,
    tls: TlsConnector,
    places: Arc<Places>,
}

/// What came of one request on the wire.
enum Came {
    Whole(Whole),
    Not(NotSent),
    Broke(String),
}

impl BuyerClient {
    /// Reaches the open Internet, and this machine only when `loopback` says so. Servers are believed that the system
    /// believes.
    #[must_use]
    pub fn new(loopback: bool) -> Self {
        Self::with(loopback, trust::system())
    }

    /// The same, and servers with certificates under these are believed, and no others.
    #[must_use]
    pub fn trusting(loopback: bool, roots: &[CertificateDer<'static>]) -> Self {
        Self::with(loopback, trust::only(roots))
    }

    fn with(loopback: bool, tls: Arc<ClientConfig>) -> Self {
        Self {
            loopback,
            tls: TlsConnector::from(tls),
            places: Arc::default(),
        }
    }

    /// One request with everything around it: its place, the breaker, the deadline, and what is told of it.
    async fn run(&self, request: &BuyerRequest, step: Step, deadline: Instant) -> BuyerReport {
        let began = Instant::now();
        let mut report = BuyerReport {
            outcome: BuyerOutcome::NotSent(NotSent::Busy),
            latency_ms: 0,
            request_shown: String::new(),
            answer_shown: String::new(),
        };
        let secrets = revealed(request);
        let values = with_times(&request.values, request.now, deadline, began);
        let prepared = match request.endpoint.prepare(step, &values, &secrets) {
            Ok(prepared) => prepared,
            Err(error) => {
                report.outcome = BuyerOutcome::NotSent(NotSent::Unprepared(error));
                return report;
            }
        };
        if began >= deadline {
            report.outcome = BuyerOutcome::NotSent(late());
            return report;
        }
        let place = self.places.of(request.destination);
        let Some(seat) = self.places.seat(&place) else {
            return report;
        };
        let Ok(ticket) = place.admit(request.now) else {
            report.outcome = BuyerOutcome::NotSent(NotSent::Resting);
            return report;
        };
        let admitted = Admitted {
            place: &place,
            ticket: Some(ticket),
            now: request.now,
        };
        let left = Arc::new(AtomicBool::new(false));
        let exchange = self.exchange(&prepared, step, (&place, seat), request.now, &left);
        // When the deadline comes, the request is dropped here and nothing of it leaves any more.
        let came = timeout_at(deadline, exchange).await;
        let took = began.elapsed();
        report.latency_ms = u32::try_from(took.as_millis()).unwrap_or(u32::MAX);
        let now = request.now.plus_millis(i64::from(report.latency_ms));
        let sent = left.load(Ordering::SeqCst);
        if sent || matches!(came, Ok(Came::Whole(_))) {
            report.request_shown.clone_from(&prepared.shown);
        }
        let happened = match came {
            Ok(Came::Whole(whole)) => {
                let answer = Answer {
                    status: whole.status,
                    headers: &whole.headers,
                    body: &whole.body,
                };
                let with = ReadWith {
                    currency: request.currency,
                    bid_max: request.bid_max,
                    home: request.home,
                    now,
                };
                let reading = request.endpoint.read(step, answer, &with);
                report.answer_shown =
                    show_answer(whole.status, &whole.headers, &whole.body, &values, &secrets);
                report.outcome = BuyerOutcome::Answered(Box::new(reading), whole.status);
                Some(if whole.status >= 500 {
                    Happened::Failed
                } else {
                    Happened::Answered
                })
            }
            Ok(Came::Broke(why)) => {
                report.outcome = BuyerOutcome::BrokeOff(why);
                Some(Happened::Failed)
            }
            Ok(Came::Not(not)) => {
                let happened = matches!(not, NotSent::Unreachable(_)).then_some(Happened::Failed);
                report.outcome = BuyerOutcome::NotSent(not);
                happened
            }
            Err(_) => {
                report.outcome = if sent {
                    BuyerOutcome::TimedOut
                } else {
                    BuyerOutcome::NotSent(late())
                };
                (took.as_millis() >= FAIR_WAIT_MS).then_some(Happened::TimedOut)
            }
        };
        if let Some(happened) = happened {
            admitted.tell(happened, now);
        }
        report
    }

    /// One request on the wire. A ping may go out a second time, when the connection it went out on had been kept and was
    /// no more; a post never.
    async fn exchange(
        &self,
        prepared: &Prepared,
        step: Step,
        (place, _seat): (&Arc<Place>, Seat),
        now: Timestamp,
        left: &Arc<AtomicBool>,
    ) -> Came {
        let outgoing = match Outgoing::new(prepared, step, now, self.loopback) {
            Ok(outgoing) => outgoing,
            Err(why) => return Came::Not(NotSent::Refused(why)),
        };
        let keeps = step == Step::Ping;
        let kept = if keeps {
            place.take(&outgoing.origin)
        } else {
            None
        };
        if let Some(mut connection) = kept {
            left.store(true, Ordering::SeqCst);
            match connection.ask(outgoing.request.clone()).await {
                Ok(whole) => {
                    self.places.keep(place, outgoing.origin, connection);
                    return Came::Whole(whole);
                }
                Err(Failed::Broke { began: false, .. }) => left.store(false, Ordering::SeqCst),
                Err(failed) => return Came::Broke(failed.words()),
            }
        }
        let opened = Connection::open(&outgoing, self.loopback, &self.tls, left).await;
        let mut connection = match opened {
            Ok(connection) => connection,
            Err(not) => return Came::Not(not),
        };
        match connection.ask(outgoing.request).await {
            Ok(whole) => {
                if keeps {
                    self.places.keep(place, outgoing.origin, connection);
                }
                Came::Whole(whole)
            }
            Err(failed) => {
                drop(connection);
                if left.load(Ordering::SeqCst) {
                    Came::Broke(failed.words())
                } else {
                    Came::Not(NotSent::Unreachable(failed.words()))
                }
            }
        }
    }
}

#[async_trait]
impl Buyers for BuyerClient {
    async fn ask(&self, ping: &BuyerRequest, deadline: Instant) -> BuyerReport {
        self.run(ping, Step::Ping, deadline).await
    }

    async fn post(&self, post: &BuyerRequest, deadline: Instant) -> BuyerReport {
        self.run(post, Step::Post, deadline).await
    }

    fn breaker(&self, destination: DestinationId, now: Timestamp) -> BreakerView {
        self.places.breaker(destination, now)
    }
}

/// A request that the breaker let through; thrown away, it was ours to end.
struct Admitted<'a> {
    place: &'a Place,
    ticket: Option<Ticket>,
    now: Timestamp,
}

impl Admitted<'_> {
    fn tell(mut self, happened: Happened, now: Timestamp) {
        if let Some(ticket) = self.ticket.take() {
            self.place.tell(ticket, happened, now);
        }
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.place.give_back(ticket, self.now);
        }
    }
}

/// Nothing left in time.
fn late() -> NotSent {
    NotSent::Unreachable("no connection came about in time".to_owned())
}

fn revealed(request: &BuyerRequest) -> BTreeMap<String, String> {
    let secrets = request.secrets.iter();
    let text = |(name, secret): (&String, &trunkline_engine::ports::webhooks::Secret)| {
        (name.clone(), secret.reveal().to_owned())
    };
    secrets.map(text).collect()
}

/// What only the sender knows: when it is sent, and until when an answer counts.
fn with_times(values: &Values, now: Timestamp, deadline: Instant, began: Instant) -> Values {
    let mut values = values.clone();
    let wait = deadline.saturating_duration_since(began).as_millis();
    values.set(Slot::DeadlineMs, wait.to_string());
    values.set(Slot::Now, now.to_rfc3339());
    values.set(Slot::NowUnix, now.as_millis().div_euclid(1_000).to_string());
    values
}
