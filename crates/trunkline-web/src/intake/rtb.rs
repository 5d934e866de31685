//! `POST /in/rtb`: a publisher says who may call, and is told at once what the call is worth. Every decision is a 200; other
//! answers say that nothing was decided.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde::Serialize;
use trunkline_core::base::id::OpportunityId;
use trunkline_core::base::{Money, PhoneNumber, Sha256, parse_sha256};
use trunkline_core::routing::{GivenBid, ReasonCode, read_amount};
use trunkline_engine::routing::rtb::{CallBid, CallPing};

use super::gate::FeedCaller;
use super::{BodyKind, parse};
use crate::app::{App, Web};
use crate::problem::Problem;
use crate::snippet::read_body;

/// Largest ping, in bytes.
const PING_BYTES_MAX: usize = 16 * 1024;
/// Most tags of a ping.
const TAGS_MAX: usize = 100;
/// Longest name and longest value of a tag, in characters.
const TAG_NAME_MAX: usize = 100;
const TAG_VALUE_MAX: usize = 1_000;
/// Longest idempotency key, in characters.
const KEY_MAX: usize = 200;
/// What a proof of consent is kept under.
const CONSENT: [&str; 3] = ["type", "id", "url"];

/// What a publisher is answered.
#[derive(Debug, Serialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub(crate) enum Decision {
    /// A bid.
    Bid {
        bid_id: String,
        /// What the publisher is paid, as a decimal.
        amount: String,
        currency: String,
        terms: Terms,
        deliver_to: DeliverTo,
        expires_at: String,
        /// How long the bid holds from when it was first given.
        expires_in_s: i64,
        cached: bool,
        trace_id: String,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        test: bool,
    },
    /// None.
    NoBid {
        reason_code: &'static str,
        reason: &'static str,
        cached: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        trace_id: Option<String>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        test: bool,
    },
}

/// On which terms the amount is paid.
#[derive(Debug, Serialize)]
pub(crate) struct Terms {
    min_seconds: u32,
    starts_on: &'static str,
    duplicate_days: Option<u32>,
    max_per_caller: Option<u32>,
}

/// Where the call is to come.
#[derive(Debug, Serialize)]
pub(crate) struct DeliverTo {
    e164: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sip: Option<String>,
}

/// What a publisher sent.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    caller: Option<PhoneNumber>,
    caller_sha256: Option<Sha256>,
    tags: BTreeMap<String, String>,
    sip_ok: bool,
    min_bid: Option<String>,
    test: bool,
    key: Option<String>,
}

pub(super) async fn ask(
    State(app): State<App>,
    sender: FeedCaller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Decision>, Problem> {
    let kind = match headers.get(CONTENT_TYPE) {
        None => Some(BodyKind::Json),
        Some(named) => named.to_str().ok().and_then(BodyKind::of_content_type),
    };
    let kind = kind.ok_or_else(|| {
        Problem::unsupported("Send the ping as application/json, as a form, or as application/xml.")
    })?;
    let body = read_body(body, PING_BYTES_MAX).await?;
    let said = parse(kind, &body).map_err(|error| {
        Problem::bad_request(crate::problem::sentence(&error.to_string()))
            .because(ReasonCode::InvalidField)
    })?;
    let asked = read(said)?;
    let currency = sender.market.currency;
    let amount = |text: &String| read_amount(text, currency).map_err(|_| not_an_amount(text));
    let min_bid: Option<Money> = asked.min_bid.as_ref().map(amount).transpose()?;
    let ping = CallPing {
        market: sender.market,
        feed: sender.entry,
        caller: asked.caller,
        caller_sha256: asked.caller_sha256,
        tags: asked.tags,
        min_bid,
        key: asked.key,
        test: asked.test,
    };
    let answer = app.backend.rtb.ask(ping).await?;
    match answer {
        CallBid::Bid { bid, cached } => {
            Ok(Json(given(&app, &bid, cached, asked.sip_ok, asked.test)))
        }
        CallBid::None {
            reason,
            opportunity,
        } => Ok(Json(Decision::NoBid {
            reason_code: reason.word(),
            reason: reason.sentence(),
            cached: false,
            trace_id: opportunity.map(|id: OpportunityId| id.to_string()),
            test: asked.test,
        })),
        CallBid::Busy => Err(Problem::unavailable(
            "More pings are being answered than this server takes at one time.",
        )),
    }
}

fn given(app: &Web, bid: &GivenBid, cached: bool, sip_ok: bool, test: bool) -> Decision {
    let sip_host = app.settings.sip_host.as_ref().filter(|_| sip_ok);
    Decision::Bid {
        bid_id: bid.id.to_string(),
        amount: decimal(bid.amount),
        currency: bid.amount.currency().code().to_owned(),
        terms: Terms {
            min_seconds: bid.min_seconds,
            starts_on: "connect",
            duplicate_days: bid.duplicate_days,
            max_per_caller: bid.duplicate_days.map(|_| 1),
        },
        deliver_to: DeliverTo {
            e164: bid.number.to_string(),
            sip: sip_host.map(|host| format!("sip:{}@{host}", bid.id)),
        },
        expires_at: bid.expires_at.to_rfc3339(),
        expires_in_s: bid.expires_at.millis_since(bid.given_at) / 1_000,
        cached,
        trace_id: bid.opportunity.to_string(),
        test,
    }
}

/// An amount without its currency.
fn decimal(amount: Money) -> String {
    let text = amount.to_string();
    text.split(' ').next().unwrap_or_default().to_owned()
}

fn wrong(field: &str, detail: impl Into<String>) -> Problem {
    let problem = Problem::bad_request(detail).because(ReasonCode::InvalidField);
    Problem {
        field: Some(field.to_owned()),
        ..problem
    }
}

fn not_an_amount(text: &str) -> Problem {
    // Whatever was sent is shown no further than a number would go.
    let shown: String = text.chars().take(20).collect();
    wrong(
        "min_bid",
        format!("`{shown}` is no amount. Send a decimal from 0 on, such as \"12.50\"."),
    )
}

/// Reads what was said, by its names.
fn read(said: Vec<(String, String)>) -> Result<Asked, Problem> {
    let mut asked = Asked::default();
    for (name, text) in said {
        let text = text.trim();
        // What is empty was not said.
        if text.is_empty() {
            continue;
        }
        match name.as_str() {
            "caller" => asked.caller = Some(number(text)?),
            "caller_sha256" => {
                let hash = parse_sha256(text).ok_or_else(|| {
                    wrong(
                        "caller_sha256",
                        "It is no hash. Send the SHA-256 of the number as +12145550100, in 64 hexadecimal digits.",
                    )
                })?;
                asked.caller_sha256 = Some(hash);
            }
            "sip_ok" => asked.sip_ok = yes("sip_ok", text)?,
            "test" => asked.test = yes("test", text)?,
            "min_bid" => asked.min_bid = Some(text.to_owned()),
            "idempotency_key" => {
                if text.chars().count() > KEY_MAX {
                    let detail = format!("The key is too long. Send at most {KEY_MAX} characters.");
                    return Err(wrong("idempotency_key", detail));
                }
                asked.key = Some(text.to_owned());
            }
            other => {
                let tag = tag_name(other)?;
                tag_fits(other, &tag, text, asked.tags.len())?;
                asked.tags.insert(tag, text.to_owned());
            }
        }
    }
    Ok(asked)
}

/// The tag that a name is of.
fn tag_name(name: &str) -> Result<String, Problem> {
    if let Some(tag) = name.strip_prefix("tags.") {
        return Ok(tag.to_owned());
    }
    let of_consent = name.strip_prefix("consent.");
    if let Some(part) = of_consent.filter(|part| CONSENT.contains(part)) {
        return Ok(format!("consent_{part}"));
    }
    Err(wrong(
        name,
        "There is no such field. Send caller, caller_sha256, tags, consent (type, id, url), sip_ok, min_bid, test and \
         idempotency_key; everything else that you know of the caller goes into tags.",
    ))
}

fn tag_fits(name: &str, tag: &str, text: &str, before: usize) -> Result<(), Problem> {
    if before >= TAGS_MAX {
        let detail = format!("There are too many tags. Send at most {TAGS_MAX}.");
        return Err(wrong("tags", detail));
    }
    let fits = !tag.is_empty()
        && tag.chars().count() <= TAG_NAME_MAX
        && text.chars().count() <= TAG_VALUE_MAX;
    if fits {
        return Ok(());
    }
    let detail = format!(
        "The tag is too long. Send a name of at most {TAG_NAME_MAX} and a value of at most {TAG_VALUE_MAX} characters."
    );
    Err(wrong(name, detail))
}

/// A number with its country code; the plus sign may be left out.
fn number(text: &str) -> Result<PhoneNumber, Problem> {
    let with_plus = format!("+{text}");
    let text = if text.starts_with('+') {
        text
    } else {
        &with_plus
    };
    PhoneNumber::parse_e164(text).map_err(|_| {
        wrong(
            "caller",
            "It is no phone number. Send it with its country code, such as +12145550100, or send caller_sha256.",
        )
    })
}

fn yes(field: &str, text: &str) -> Result<bool, Problem> {
    match text {
        "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" => Ok(false),
        _ => Err(wrong(field, "Send true or false.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(pairs: &[(&str, &str)]) -> Result<Asked, Problem> {
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        read(pairs.iter().map(owned).collect())
    }

    #[test]
    fn a_ping_is_read_in_every_dialect() {
        let json = br#"{"caller": "+12145550100", "tags": {"zip": "75201", "debt": 5000, "empty": ""},
            "consent": {"type": "trusted_form", "url": "https://cert.example/1"}, "sip_ok": true, "min_bid": "2.50"}"#;
        let form = b"caller=12145550100&tags.zip=75201&tags.debt=5000&consent.type=trusted_form\
            &consent.url=https%3A%2F%2Fcert.example%2F1&sip_ok=1&min_bid=2.50";
        let xml = b"<ping><caller>+12145550100</caller><tags><zip>75201</zip><debt>5000</debt></tags><consent>\
            <type>trusted_form</type><url>https://cert.example/1</url></consent><sip_ok>yes</sip_ok>\
            <min_bid>2.50</min_bid></ping>";
        let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = Asked {
            caller: PhoneNumber::parse_e164("+12145550100").ok(),
            tags: [
                tag("zip", "75201"),
                tag("debt", "5000"),
                tag("consent_type", "trusted_form"),
                tag("consent_url", "https://cert.example/1"),
            ]
            .into(),
            sip_ok: true,
            min_bid: Some("2.50".to_owned()),
            ..Asked::default()
        };
        for (kind, body) in [
            (BodyKind::Json, &json[..]),
            (BodyKind::Form, &form[..]),
            (BodyKind::Xml, &xml[..]),
        ] {
            let asked = read(parse(kind, body).expect("it is read")).expect("it is a ping");
            assert_eq!(asked, expected, "{kind:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let long = "x".repeat(TAG_VALUE_MAX + 1);
        for (name, text) in [
            ("caller", "214-555"),
            ("caller", "anonymous"),
            ("caller_sha256", "abc"),
            ("sip_ok", "perhaps"),
            ("test", "2"),
            ("zip", "75201"),
            ("consent.text", "I agree"),
            ("tags.", "x"),
            ("tags.note", &long),
        ] {
            let problem = said(&[(name, text)]).expect_err(name);
            assert_eq!(problem.status, 400, "{name}");
            assert_eq!(problem.field.as_deref(), Some(name));
            assert_eq!(problem.reason_code, Some(ReasonCode::InvalidField));
        }
        let many: Vec<(String, String)> = (0..=TAGS_MAX)
            .map(|n| (format!("tags.t{n}"), "1".to_owned()))
            .collect();
        assert_eq!(
            read(many).expect_err("too many").field.as_deref(),
            Some("tags")
        );
    }

    #[test]
    fn an_amount_has_no_currency_in_it() {
        let amount = Money::parse("12.5", trunkline_core::base::Currency::USD).expect("an amount");
        assert_eq!(decimal(amount), "12.50");
    }
}
