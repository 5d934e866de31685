//! A carrier that sells numbers, on loopback: the documented number APIs of Twilio (`twilio`), which SignalWire speaks too,
//! and of Telnyx (`telnyx`), and what goes wrong with them.

mod telnyx;
mod twilio;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The account's name at the carrier.
pub const ACCOUNT_NAME: &str = "Northgate Telephony";
/// The account SID, or project id.
pub const ACCOUNT: &str = "AC5f1e";
/// The key.
pub const KEY: &str = "a-key-of-the-shop";
/// Largest body of a request, in bytes.
const BODY_MAX: usize = 64 * 1024;
/// Requests that are remembered.
const REMEMBERED_MAX: usize = 1_000;

/// A number that is for sale.
#[derive(Debug, Clone)]
pub struct Stock {
    /// In E.164.
    pub number: String,
    /// Its place.
    pub city: String,
    /// Its state.
    pub state: String,
    /// `local`, `toll_free` or `mobile`.
    pub kind: &'static str,
}

impl Stock {
    /// A local number.
    #[must_use]
    pub fn local(number: &str, city: &str, state: &str) -> Self {
        Self {
            number: number.to_owned(),
            city: city.to_owned(),
            state: state.to_owned(),
            kind: "local",
        }
    }
}

/// How a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It is done, and nobody hears of it.
    Silent,
    /// It is done, and the answer breaks off in the middle.
    BreaksOff,
    /// It is not done; the answer is this status.
    Fails(u16),
    /// It is not done: too many requests.
    Busy {
        /// When to ask again.
        retry_after_s: u32,
    },
    /// Another customer bought the number a moment before.
    SoldMeanwhile,
}

/// A number that the account has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sold {
    /// The carrier's name of it.
    pub name: String,
    /// In E.164.
    pub number: String,
    /// Where it is pointed, by the carrier's names of the fields. A field that was sent empty is taken off.
    pub points: BTreeMap<String, String>,
}

impl Sold {
    /// Where its calls go: the name of the field that decides, and what it says. At Twilio a SIP trunk goes before an
    /// application, and an application before the addresses.
    #[must_use]
    pub fn leads_to(&self) -> Option<(&str, &str)> {
        let fields = [
            "connection_id",
            "TrunkSid",
            "VoiceApplicationSid",
            "VoiceUrl",
        ];
        fields.into_iter().find_map(|field| {
            let says = self.points.get(field)?;
            Some((field, says.as_str()))
        })
    }

    /// Points it as a form says: what is empty is taken off. At Twilio a SIP trunk takes an application off, and an
    /// application a SIP trunk.
    fn point(&mut self, form: BTreeMap<String, String>) {
        let (trunk, application) = ("TrunkSid", "VoiceApplicationSid");
        for (field, other) in [(trunk, application), (application, trunk)] {
            if form.get(field).is_some_and(|says| !says.is_empty()) {
                self.points.remove(other);
            }
        }
        for (field, says) in form {
            if says.is_empty() {
                self.points.remove(&field);
            } else {
                self.points.insert(field, says);
            }
        }
    }
}

/// Countries that numbers are sold in, by their codes.
const COUNTRIES: [(&str, &str); 2] = [("1", "US"), ("49", "DE")];

/// The country of a number, and its digits without the country's code.
fn national(number: &str) -> (&'static str, &str) {
    let digits = number.trim_start_matches('+');
    let split = |(code, country): (&str, &'static str)| Some((country, digits.strip_prefix(code)?));
    COUNTRIES
        .into_iter()
        .find_map(split)
        .unwrap_or(("", digits))
}

#[derive(Default)]
struct Inner {
    stock: Vec<Stock>,
    sold: Vec<Sold>,
    /// What was ordered from Telnyx: our reference, the number, the status.
    orders: Vec<(String, String, String)>,
    /// TeXML applications: their ids and addresses.
    applications: Vec<(String, Value)>,
    /// How the next request of a method, whose path holds a text, is answered.
    manners: Vec<(Method, &'static str, Manner)>,
    /// Method and path of each request.
    asked: Vec<String>,
    page_size: usize,
    orders_take_long: bool,
    count: u64,
}

impl Inner {
    fn name(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}{:08x}", self.count)
    }

    /// Sells a number; `None` when it is not for sale.
    fn sell(&mut self, number: &str, prefix: &str) -> Option<Sold> {
        let at = self.stock.iter().position(|each| each.number == number)?;
        self.stock.remove(at);
        let sold = Sold {
            name: self.name(prefix),
            number: number.to_owned(),
            points: BTreeMap::new(),
        };
        self.sold.push(sold.clone());
        Some(sold)
    }

    /// The numbers for sale in a country and of a kind that fit digits, which stand without the country's code.
    fn fitting(
        &self,
        (country, kind): (&str, &str),
        area: Option<&str>,
        contains: Option<&str>,
    ) -> Vec<&Stock> {
        let fits = |each: &&Stock| {
            let (sold_in, digits) = national(&each.number);
            sold_in == country
                && each.kind == kind
                && area.is_none_or(|area| digits.starts_with(area))
                && contains.is_none_or(|wanted| digits.contains(wanted))
        };
        self.stock.iter().filter(fits).collect()
    }
}

/// One request, read.
struct Asked {
    method: Method,
    path: String,
    query: BTreeMap<String, String>,
    headers: HeaderMap,
    body: Bytes,
}

impl Asked {
    fn get(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    fn page(&self, name: &str, first: usize) -> usize {
        self.get(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(first)
    }
}

type Told = (StatusCode, Value);

/// The running shop. Dropping it ends it.
pub struct NumberShop {
    address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
    stop: CancellationToken,
}

impl Drop for NumberShop {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl NumberShop {
    /// Opens on a free port of loopback.
    ///
    /// # Errors
    /// When there is none.
    pub async fn open(stock: Vec<Stock>) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let inner = Arc::new(Mutex::new(Inner {
            stock,
            page_size: 50,
            ..Inner::default()
        }));
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inner));
        let stop = CancellationToken::new();
        let ended = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                served = axum::serve(listener, router) => {
                    if let Err(error) = served {
                        tracing::error!(%error, "the number shop ended");
                    }
                }
                () = ended.cancelled() => {}
            }
        });
        Ok(Self {
            address,
            inner,
            stop,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request of this method, whose path holds this text, is answered so.
    pub fn answer_next(&self, method: Method, path: &'static str, manner: Manner) {
        self.hold().manners.push((method, path, manner));
    }

    /// Lists come in pages of so many from now on.
    pub fn page_by(&self, size: usize) {
        self.hold().page_size = size;
    }

    /// Whether orders stay pending until [`Self::finish_orders`].
    pub fn take_long(&self, long: bool) {
        self.hold().orders_take_long = long;
    }

    /// Orders that are pending come to this end: `success` or `failure`.
    pub fn finish_orders(&self, status: &str) {
        let mut inner = self.hold();
        let pending: Vec<String> = inner
            .orders
            .iter_mut()
            .filter(|(_, _, now)| now == "pending")
            .map(|order| {
                status.clone_into(&mut order.2);
                order.1.clone()
            })
            .collect();
        if status == "success" {
            for number in pending {
                inner.sell(&number, "29");
            }
        }
    }

    /// Puts a number into the account as if it had been bought there.
    pub fn give(&self, number: &str) {
        let mut inner = self.hold();
        let name = inner.name("PN");
        inner.sold.push(Sold {
            name,
            number: number.to_owned(),
            points: BTreeMap::new(),
        });
    }

    /// Points a number of the account as somebody did there by hand.
    pub fn point(&self, number: &str, field: &str, says: &str) {
        let form = BTreeMap::from([(field.to_owned(), says.to_owned())]);
        let mut inner = self.hold();
        if let Some(sold) = inner.sold.iter_mut().find(|each| each.number == number) {
            sold.point(form);
        }
    }

    /// The numbers of the account.
    #[must_use]
    pub fn sold(&self) -> Vec<Sold> {
        self.hold().sold.clone()
    }

    /// Method and path of every request so far.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.hold().asked.clone()
    }

    /// How many requests of this method there were whose path holds this text.
    #[must_use]
    pub fn times(&self, method: &Method, path: &str) -> usize {
        let asked = self.asked();
        let fits = |each: &&String| each.starts_with(method.as_str()) && each.contains(path);
        asked.iter().filter(fits).count()
    }

    fn hold(&self) -> MutexGuard<'_, Inner> {
        hold(&self.inner)
    }
}

fn hold(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    // A panic of a test must not hide what it was about.
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(State(inner): State<Arc<Mutex<Inner>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let asked = Asked {
        query: pairs(parts.uri.query().unwrap_or_default()),
        path: path(&parts.uri),
        method: parts.method,
        headers: parts.headers,
        body,
    };
    let (manner, (status, json)) = {
        let mut inner = hold(&inner);
        if inner.asked.len() < REMEMBERED_MAX {
            let line = format!("{} {}", asked.method, asked.path);
            inner.asked.push(line);
        }
        let planned = inner
            .manners
            .iter()
            .position(|(method, path, _)| *method == asked.method && asked.path.contains(path));
        let manner = planned.map(|at| inner.manners.remove(at).2);
        match manner {
            Some(Manner::Fails(status)) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                return status.into_response();
            }
            Some(Manner::Busy { retry_after_s }) => {
                let wait = [(header::RETRY_AFTER, retry_after_s.to_string())];
                return (StatusCode::TOO_MANY_REQUESTS, wait, "{}").into_response();
            }
            Some(Manner::SoldMeanwhile) => inner.stock.clear(),
            Some(Manner::Silent | Manner::BreaksOff) | None => {}
        }
        let told = if asked.path.starts_with("/v2/") {
            telnyx::answer(&mut inner, &asked)
        } else {
            twilio::answer(&mut inner, &asked)
        };
        (manner, told)
    };
    let text = json.to_string();
    match manner {
        Some(Manner::Silent) => std::future::pending().await,
        Some(Manner::BreaksOff) => {
            let half = Bytes::from(text[..text.len() / 2].to_owned());
            let broken = Err(std::io::Error::other("it breaks off"));
            let body = Body::from_stream(stream::iter([Ok(half), broken]));
            (status, body).into_response()
        }
        _ if status == StatusCode::NO_CONTENT => status.into_response(),
        _ => (status, [(header::CONTENT_TYPE, "application/json")], text).into_response(),
    }
}

fn path(uri: &Uri) -> String {
    uri.path().to_owned()
}

/// The pairs of a query or a form.
fn pairs(text: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}
