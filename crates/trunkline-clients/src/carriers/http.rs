//! One request to a carrier's API: guarded like every address that a person sets, without redirects, bounded in time and
//! size, and with a clear word on whether it may have had an effect.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::Value;
use tokio::time::timeout;
use trunkline_engine::ports::carriers::CarrierError;
use trunkline_engine::ports::pages::PageRefusal;
use url::{Host, Url};

use crate::guard::{URL_MAX, check};

/// Bytes of an answer that are read; a longer one is none.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Longest text of a carrier that is shown to a person, in characters.
const TOLD_MAX: usize = 300;
/// What a carrier that does not say when to ask again is given.
const RETRY_S: u32 = 30;
/// Longest wait that is passed on, in seconds.
const RETRY_MAX_S: u32 = 3_600;

const AGENT: &str = concat!("Trunkline/", env!("CARGO_PKG_VERSION"), " (numbers)");

/// How we prove who we are.
pub(super) enum Proof<'a> {
    /// User name and password.
    Basic(&'a str, &'a str),
    /// A key.
    Bearer(&'a str),
}

/// What is sent along.
pub(super) enum Sent<'a> {
    Nothing,
    Form(&'a [(&'a str, &'a str)]),
    Json(&'a Value),
}

/// One request.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) proof: Proof<'a>,
    pub(super) sent: Sent<'a>,
    /// Whether it changes something there, so that an answer that is lost leaves a question.
    pub(super) changes: bool,
}

/// What was answered: the status, and the JSON of the body.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) json: Value,
}

/// Asks carriers.
#[derive(Debug)]
pub(super) struct Http {
    /// Whether this machine may be asked: for a server that is tried out.
    pub(super) loopback: bool,
    /// Longest wait for a whole answer.
    pub(super) wait: Duration,
}

impl Http {
    /// Sends a request; an answer that says no is one too, except for a wrong key and for too many requests.
    pub(super) async fn send(&self, request: Request<'_>) -> Result<Answer, CarrierError> {
        let Request { url, .. } = &request;
        let local = match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            _ => false,
        };
        if url.scheme() != "https" && !(self.loopback && local) {
            return Err(unreachable_for("the address is not https"));
        }
        if url.as_str().len() > URL_MAX {
            return Err(unreachable_for("the address is too long"));
        }
        let checked = check(url.clone(), self.loopback)
            .await
            .map_err(|refusal| unreachable_for(why(&refusal)))?;
        let client = Client::builder()
            .resolve(&checked.host, checked.address)
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(AGENT)
            .build()
            .map_err(|error| lost(false, &error))?;
        let mut sending = client
            .request(request.method.clone(), checked.url.clone())
            .header(ACCEPT, "application/json");
        sending = match request.proof {
            Proof::Basic(user, password) => sending.basic_auth(user, Some(password)),
            Proof::Bearer(key) => sending.bearer_auth(key),
        };
        sending = match request.sent {
            Sent::Nothing => sending,
            Sent::Form(pairs) => sending
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(encoded(pairs)),
            Sent::Json(json) => sending.json(json),
        };
        let changes = request.changes;
        let whole = async {
            let response = sending
                .send()
                .await
                .map_err(|error| lost(changes, &error))?;
            let status = response.status();
            let wait = retry_after(&response);
            let json = read(response, changes).await;
            judged(status, wait, json, changes)
        };
        let done = timeout(self.wait, whole).await;
        done.unwrap_or_else(|_| Err(unknown(changes, "no answer in time")))
    }
}

/// What an answer means, whoever it is from.
fn judged(
    status: StatusCode,
    wait: u32,
    json: Result<Value, CarrierError>,
    changes: bool,
) -> Result<Answer, CarrierError> {
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Err(CarrierError::Busy {
            retry_after_s: wait,
        });
    }
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        let told = json.map_or_else(|_| String::new(), |json| told(&json));
        return Err(CarrierError::NotLetIn(if told.is_empty() {
            format!("it answered with status {status}")
        } else {
            told
        }));
    }
    if status.is_server_error() {
        // It broke off somewhere in the middle.
        return Err(unknown(
            changes,
            &format!("it answered with status {status}"),
        ));
    }
    if status.is_redirection() || status.is_informational() {
        return Err(unknown(
            changes,
            &format!("it answered with status {status}"),
        ));
    }
    // A refusal is one whatever stands in it.
    let json = if status.is_success() {
        json?
    } else {
        json.unwrap_or(Value::Null)
    };
    Ok(Answer { status, json })
}

async fn read(mut response: Response, changes: bool) -> Result<Value, CarrierError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| lost(changes, &error))?
    {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(unknown(
                changes,
                &format!("it answered more than {ANSWER_BYTES_MAX} bytes"),
            ));
        }
        bytes.extend_from_slice(&chunk);
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes).map_err(|_| unknown(changes, "its answer is no whole JSON"))
}

fn retry_after(response: &Response) -> u32 {
    let told = response.headers().get(RETRY_AFTER);
    let seconds = told.and_then(|value| value.to_str().ok()?.trim().parse::<u32>().ok());
    seconds.unwrap_or(RETRY_S).min(RETRY_MAX_S)
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// An answer that did not come, or not whole: when something was to change, nobody knows whether it did, unless the
/// request never left.
fn lost(changes: bool, error: &reqwest::Error) -> CarrierError {
    let never_left = error.is_connect() || error.is_builder();
    // The address may hold a name of the account.
    let words = if error.is_connect() {
        "it could not be reached"
    } else if error.is_timeout() {
        "no answer in time"
    } else {
        "its answer broke off"
    };
    unknown(changes && !never_left, words)
}

pub(super) fn unknown(changes: bool, words: &str) -> CarrierError {
    if changes {
        CarrierError::Unclear(words.to_owned())
    } else {
        CarrierError::Unreachable(words.to_owned())
    }
}

/// Why an address is not asked, for whoever entered it.
const fn why(refusal: &PageRefusal) -> &'static str {
    match refusal {
        PageRefusal::Address(_) => {
            "its address is not one of the open Internet; write the carrier's own, such as https://api.example.com"
        }
        PageRefusal::Unreadable(_) => {
            "no address was found for its host; look whether the name is written as the carrier writes it"
        }
    }
}

fn unreachable_for(words: &str) -> CarrierError {
    CarrierError::Unreachable(words.to_owned())
}

/// What a carrier says in an answer that is no: Twilio's `message`, or the first of Telnyx's `errors`.
pub(super) fn told(json: &Value) -> String {
    let first = &json["errors"][0];
    let words = json["message"]
        .as_str()
        .or_else(|| first["detail"].as_str())
        .or_else(|| first["title"].as_str())
        .unwrap_or_default();
    let plain = words.chars().filter(|c| !c.is_control());
    plain.take(TOLD_MAX).collect()
}

/// A refusal in the carrier's words.
pub(super) fn refused(answer: &Answer) -> CarrierError {
    let words = told(&answer.json);
    CarrierError::Refused(if words.is_empty() {
        format!("it answered with status {}", answer.status)
    } else {
        words
    })
}
