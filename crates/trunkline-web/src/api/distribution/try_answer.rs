//! The test bench of an endpoint: what would be sent, what an answer would be read as, which rule found what. Nothing is sent.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::routing::Decimal;
use trunkline_core::routing::delivery::{
    Answer, BreakerView, Endpoint, EndpointDocument, Mail, MailDocument, Prepared, ReadWith,
    Reading, RuleSeen, Slot, Step, Values, Verdict, presets,
};
use trunkline_engine::distribution::Reach;
use trunkline_engine::ports::distribution::Destination;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::Body;
use super::super::page::Page;
use super::super::sites::account_defaults;
use super::terms::document_of;
use super::{find, needed};
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::{Problem, ProblemPlace};

/// Most headers of an answer that is tried.
const HEADERS_MAX: usize = 100;
/// Most values that are given.
const VALUES_MAX: usize = 300;
/// What stands in the place of a secret.
const HIDDEN: &str = "***";
/// A person whom nobody can call: numbers with 555-01 belong to nobody.
const NOBODY: PhoneNumber = PhoneNumber::from_digits(12_145_550_123);

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(try_answer))
        .routes(routes!(list_presets))
        .routes(routes!(breaker))
}

/// An answer to try, or nothing to see what would be sent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TryAnswerInput, example = json!({"step": "post", "status": 200, "body": "{\"status\": \"accepted\", \"price\": 12.5}"}))]
struct TryInput {
    /// `ping` or `post`: whose answer it is.
    step: Option<String>,
    /// The answer's status; without one nothing is read, and what would be sent is told.
    status: Option<u16>,
    /// The answer's headers.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The answer's body.
    #[serde(default)]
    body: String,
    /// A document that is not saved yet, instead of the destination's.
    #[schema(value_type = Option<Object>)]
    endpoint: Option<Value>,
    /// Values to fill in besides the usual examples, such as `{"zip": "75201", "lead.age": "40", "tag.sub": "x"}`.
    #[serde(default)]
    values: BTreeMap<String, String>,
}

/// What the test bench tells.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TryAnswer)]
struct TryItem {
    /// What would be sent with example values; secrets are not in it.
    requests: Vec<RequestItem>,
    /// What would be written with example values.
    letter: Option<LetterItem>,
    /// What the answer is read as.
    reading: Option<ReadingItem>,
    /// What each rule found in the answer.
    rules: Vec<RuleItem>,
}

/// A request as it would go out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TriedRequest)]
struct RequestItem {
    /// `ping` or `post`.
    step: &'static str,
    method: &'static str,
    url: String,
    headers: Vec<HeaderItem>,
    body: Option<String>,
    /// Why it could not be made.
    trouble: Option<String>,
}

/// A header as it would go out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TriedHeader)]
struct HeaderItem {
    name: String,
    value: String,
}

/// A letter as it would go out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TriedLetter)]
struct LetterItem {
    to: Vec<String>,
    subject: String,
    body: String,
}

/// What an answer says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnswerReading)]
struct ReadingItem {
    /// `accepted`, `refused` or `unknown`.
    verdict: &'static str,
    /// What kind of no it is, such as `duplicate`.
    refused_as: Option<&'static str>,
    /// The price, as a decimal.
    price: Option<String>,
    /// What the buyer calls it.
    id: Option<String>,
    /// The buyer's words.
    reason: Option<String>,
    redirect_url: Option<String>,
    expires_at: Option<i64>,
    min_seconds: Option<u32>,
    /// A phone number to call.
    phone: Option<String>,
    /// A SIP address to call.
    sip: Option<String>,
    /// What of a yes cannot be believed.
    faults: Vec<&'static str>,
}

/// What one rule found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnswerRule)]
struct RuleItem {
    /// Such as `accept_when.all[0]` or `price[1]`.
    rule: String,
    found: Option<String>,
    /// Whether it holds, or is what counts.
    hit: bool,
    trouble: Option<String>,
}

/// An endpoint document to begin with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EndpointPreset)]
struct PresetItem {
    /// Such as `ringba`.
    word: &'static str,
    /// Whose shape it is.
    name: &'static str,
    /// What `endpoint` of a destination may be; the buyer's host, keys and settings are to be filled in.
    #[schema(value_type = Object)]
    document: Value,
}

/// How the breaker of a destination stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DestinationBreaker)]
struct BreakerItem {
    /// `closed`, `open` (it rests) or `half_open` (one request is tried).
    state: &'static str,
    /// Until when it rests.
    until: Option<i64>,
    /// Failures one after the other.
    failures: u8,
    /// Requests of the last minute.
    asked: u32,
    /// Those of them that were too late.
    timed_out: u32,
}

impl From<BreakerView> for BreakerItem {
    fn from(view: BreakerView) -> Self {
        Self {
            state: view.state.word(),
            until: view.until.map(Timestamp::as_millis),
            failures: view.failures,
            asked: view.asked,
            timed_out: view.timed_out,
        }
    }
}

/// What is tried.
enum Tried {
    Server(Box<Endpoint>),
    Mailbox(Box<Mail>),
}

/// Reads an answer as an endpoint's mapping would, or tells what would be sent with example values. Nothing is sent.
#[utoipa::path(post, path = "/destinations/{id}/try-answer", tag = "routing", operation_id = "tryAnswer", params(("id" = String, Path)), request_body = TryInput, responses((status = 200, body = TryItem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn try_answer(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<TryInput>,
) -> Result<Json<TryItem>, Problem> {
    caller.may(Need::Write)?;
    let (market, destination) = find::<Destination, _>(&app, &caller, &id)?;
    let tried = match (input.endpoint, market.reach(destination.id)) {
        (Some(document), _) if document.get("subject").is_some() => {
            let document: MailDocument = document_of(document, "endpoint")?;
            Tried::Mailbox(Box::new(document.compile().map_err(problems)?))
        }
        (Some(document), _) => {
            let document: EndpointDocument = document_of(document, "endpoint")?;
            Tried::Server(Box::new(document.compile().map_err(problems)?))
        }
        (None, Some(Reach::Server { endpoint, .. })) => {
            Tried::Server(Box::new(Endpoint::clone(endpoint)))
        }
        (None, Some(Reach::Mailbox(mail))) => Tried::Mailbox(Box::new(Mail::clone(mail))),
        (None, None) => {
            return Err(Problem::conflict(
                "This destination is called and neither sent nor written anything. Give an endpoint to try.",
            ));
        }
    };
    let (_, home) = account_defaults(&app, &caller)?;
    let now = app.backend.moment.now();
    let values = examples(&input.values, now)?;
    let endpoint = match tried {
        Tried::Mailbox(mail) => {
            let letter = mail.prepare(&values);
            return Ok(Json(TryItem {
                requests: Vec::new(),
                letter: Some(LetterItem {
                    to: letter.to,
                    subject: letter.subject,
                    body: letter.body,
                }),
                reading: None,
                rules: Vec::new(),
            }));
        }
        Tried::Server(endpoint) => endpoint,
    };
    let Some(status) = input.status else {
        return Ok(Json(TryItem {
            requests: requests(&endpoint, &values),
            letter: None,
            reading: None,
            rules: Vec::new(),
        }));
    };
    if !(100..=599).contains(&status) {
        return Err(Problem::invalid("status", "Write 100 to 599."));
    }
    if input.headers.len() > HEADERS_MAX {
        let message = format!("Write at most {HEADERS_MAX} headers.");
        return Err(Problem::invalid("headers", message));
    }
    let step = step(&endpoint, input.step.as_deref())?;
    let headers: Vec<_> = input.headers.into_iter().collect();
    let answer = Answer {
        status,
        headers: &headers,
        body: input.body.as_bytes(),
    };
    let with = ReadWith {
        currency: market.currency,
        bid_max: None,
        home,
        now,
    };
    let (reading, rules) = endpoint.inspect(step, answer, &with);
    Ok(Json(TryItem {
        requests: Vec::new(),
        letter: None,
        reading: Some(read(reading)),
        rules: rules.into_iter().map(rule).collect(),
    }))
}

/// Documents to begin with, for the shapes that buyers usually have.
#[utoipa::path(get, path = "/endpoint-presets", tag = "routing", operation_id = "listEndpointPresets", responses((status = 200, body = Page<PresetItem>)))]
async fn list_presets(caller: Caller) -> Result<Json<Page<PresetItem>>, Problem> {
    caller.may(Need::Read)?;
    let item = |preset: &trunkline_core::routing::delivery::Preset| PresetItem {
        word: preset.word,
        name: preset.name,
        document: serde_json::from_str(preset.document).unwrap_or_default(),
    };
    Ok(Json(Page::whole(presets().iter().map(item).collect())))
}

/// Whether a destination's server is left alone because it failed.
#[utoipa::path(get, path = "/destinations/{id}/breaker", tag = "routing", operation_id = "readBreaker", params(("id" = String, Path)), responses((status = 200, body = BreakerItem), (status = 404, body = Problem)))]
async fn breaker(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<BreakerItem>, Problem> {
    caller.may(Need::Read)?;
    let (_, destination) = find::<Destination, _>(&app, &caller, &id)?;
    let now = app.backend.moment.now();
    Ok(Json(app.backend.buyers.breaker(destination.id, now).into()))
}

fn problems(found: Vec<trunkline_core::routing::Problem>) -> Problem {
    let place = |problem: trunkline_core::routing::Problem| ProblemPlace {
        place: match problem.place.as_str() {
            "" => "endpoint".to_owned(),
            place => format!("endpoint.{place}"),
        },
        message: problem.message,
    };
    Problem::document(found.into_iter().map(place).collect())
}

/// Whose answer it is; with one step alone nobody need say.
fn step(endpoint: &Endpoint, word: Option<&str>) -> Result<Step, Problem> {
    let step = match word {
        Some("ping") => Step::Ping,
        Some("post") => Step::Post,
        Some(_) => return Err(Problem::invalid("step", "Write ping or post.")),
        None => {
            let only = match (endpoint.has(Step::Ping), endpoint.has(Step::Post)) {
                (true, false) => Some(Step::Ping),
                (false, true) => Some(Step::Post),
                _ => None,
            };
            return needed("step", only, "Write ping or post.");
        }
    };
    if endpoint.has(step) {
        Ok(step)
    } else {
        let message = format!("The endpoint has no {}.", step.word());
        Err(Problem::invalid("step", message))
    }
}

fn requests(endpoint: &Endpoint, values: &Values) -> Vec<RequestItem> {
    let secrets = endpoint.secrets();
    let secrets: BTreeMap<String, String> = secrets
        .map(|name| (name.to_owned(), HIDDEN.to_owned()))
        .collect();
    let steps = [Step::Ping, Step::Post].into_iter();
    let steps = steps.filter(|step| endpoint.has(*step));
    steps
        .map(|step| match endpoint.prepare(step, values, &secrets) {
            Ok(Prepared {
                method,
                url,
                headers,
                body,
                ..
            }) => RequestItem {
                step: step.word(),
                method: method.word(),
                url,
                headers: headers
                    .into_iter()
                    .map(|(name, value)| HeaderItem { name, value })
                    .collect(),
                body,
                trouble: None,
            },
            Err(error) => RequestItem {
                step: step.word(),
                method: "",
                url: String::new(),
                headers: Vec::new(),
                body: None,
                trouble: Some(error.to_string()),
            },
        })
        .collect()
}

/// Values of nobody, with those that were given.
fn examples(given: &BTreeMap<String, String>, now: Timestamp) -> Result<Values, Problem> {
    if given.len() > VALUES_MAX {
        let message = format!("Write at most {VALUES_MAX} values.");
        return Err(Problem::invalid("values", message));
    }
    let mut values = Values::default();
    for slot in Slot::ALL {
        let text = match slot {
            Slot::Kind => "lead",
            Slot::Zip => "75201",
            Slot::State => "TX",
            Slot::AreaCode => "214",
            Slot::Country => "US",
            Slot::Channel => "paid_search",
            Slot::Medium => "cpc",
            Slot::Source => "google",
            Slot::Score => "72",
            Slot::Attestation => "A",
            Slot::TimesBefore => "0",
            Slot::IsDuplicate => "false",
            Slot::Price => "12.50",
            Slot::BidMin => "1.00",
            Slot::DeadlineMs => "800",
            Slot::ConsentType => "trusted_form",
            Slot::ConsentUrl => "https://cert.example/1",
            Slot::LandingPage => "https://www.example.com/quote",
            Slot::UserAgent => "Mozilla/5.0",
            Slot::Ip => "192.0.2.1",
            Slot::Test => "true",
            Slot::Phone
            | Slot::PhoneNoPlus
            | Slot::PhoneNational
            | Slot::Now
            | Slot::NowUnix
            | Slot::CreatedAt => continue,
            Slot::PhoneSha256 | Slot::EmailSha256 => {
                "0000000000000000000000000000000000000000000000000000000000000000"
            }
            other => {
                values.set(*other, format!("example_{}", other.word()));
                continue;
            }
        };
        values.set(*slot, text);
    }
    values.set_phone(NOBODY);
    values.set(Slot::Now, now.to_rfc3339());
    values.set(Slot::CreatedAt, now.to_rfc3339());
    values.set(Slot::NowUnix, now.as_millis().div_euclid(1_000).to_string());
    for (name, text) in [
        ("first_name", "Ada"),
        ("last_name", "Example"),
        ("email", "ada@example.com"),
        ("phone", "+12145550123"),
        ("city", "Dallas"),
        ("address", "1 Main Street"),
        ("zip", "75201"),
        ("state", "TX"),
    ] {
        values.lead.insert(name.to_owned(), text.to_owned());
    }
    for (name, text) in given {
        let (kind, rest) = name.split_once('.').unwrap_or(("", name));
        let rest = rest.to_owned();
        match (kind, Slot::from_word(name)) {
            ("tag", _) => values.tags.insert(rest, text.clone()),
            ("lead", _) => values.lead.insert(rest, text.clone()),
            ("click", _) => values.clicks.insert(rest, text.clone()),
            (_, Some(slot)) => values.known.insert(slot, text.clone()),
            (_, None) => {
                let message = format!(
                    "`{name}` is no value; write names such as zip, lead.age, tag.sub or click.gclid."
                );
                return Err(Problem::invalid("values", message));
            }
        };
    }
    Ok(values)
}

fn read(reading: Reading) -> ReadingItem {
    let (verdict, refused_as) = match reading.verdict {
        Verdict::Accepted => ("accepted", None),
        Verdict::Refused(kind) => ("refused", Some(kind.word())),
        Verdict::Unknown => ("unknown", None),
    };
    ReadingItem {
        verdict,
        refused_as,
        price: reading
            .price
            .map(|price| Decimal::from_micros(price.micros()).to_string()),
        id: reading.id,
        reason: reading.reason,
        redirect_url: reading.redirect_url,
        expires_at: reading.expires_at.map(Timestamp::as_millis),
        min_seconds: reading.min_seconds,
        phone: reading.deliver_to.phone.map(|phone| phone.to_string()),
        sip: reading.deliver_to.sip.map(|sip| sip.to_string()),
        faults: reading.faults.iter().map(|f| f.sentence()).collect(),
    }
}

fn rule(seen: RuleSeen) -> RuleItem {
    RuleItem {
        rule: seen.rule,
        found: seen.found,
        hit: seen.hit,
        trouble: seen.trouble,
    }
}
