//! What was told of a lead, and what is held for its ping, as JSON. A lead is stored with everything from which it is made
//! again, so that it stays what it was when the campaign's fields change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trunkline_core::base::id::{ContractId, ReservationId};
use trunkline_core::base::{Country, Currency, Money, PhoneNumber, parse_sha256, sha256_text};
use trunkline_core::lead::{Kept, Lead, Values};
use trunkline_engine::ports::leads::Held;

use crate::convert::{from_json, json, opt_json};
use crate::db::{DbError, Row, Val};

#[derive(Serialize, Deserialize)]
struct LeadDocument {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    values: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    extra: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    personal: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone_sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email_sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    country: Option<String>,
}

/// Contract, reservation, bid, price, and what the buyer called its bid.
#[derive(Serialize, Deserialize)]
struct HeldDocument(i64, i64, Option<i64>, Option<i64>, Option<String>);

pub(super) fn write_lead(lead: &Lead) -> Result<Val, DbError> {
    let kept = Kept::from(lead);
    json(&LeadDocument {
        values: kept.values.0,
        extra: kept.extra.0,
        personal: kept.personal,
        phone: kept.phone.map(PhoneNumber::digits),
        phone_sha256: kept.phone_sha256.map(sha256_text),
        email_sha256: kept.email_sha256.map(sha256_text),
        zip: kept.zip,
        state: kept.state,
        country: kept.country.map(|country| country.code().to_owned()),
    })
}

pub(super) fn read_lead(row: &Row, column: &'static str) -> Result<Option<Lead>, DbError> {
    let Some(document) = opt_json::<LeadDocument>(row, column)? else {
        return Ok(None);
    };
    let hash = |text: Option<String>| text.as_deref().and_then(parse_sha256);
    let kept = Kept {
        values: Values(document.values),
        extra: Values(document.extra),
        personal: document.personal,
        phone: document.phone.map(PhoneNumber::from_digits),
        phone_sha256: hash(document.phone_sha256),
        email_sha256: hash(document.email_sha256),
        zip: document.zip,
        state: document.state,
        country: document
            .country
            .and_then(|code| code.parse::<Country>().ok()),
    };
    Ok(Some(kept.into()))
}

pub(super) fn write_held(held: &[Held]) -> Result<Val, DbError> {
    let one = |held: &Held| {
        HeldDocument(
            held.contract.raw(),
            held.reservation.raw(),
            held.bid.map(Money::micros),
            held.price.map(Money::micros),
            held.ping_name.clone(),
        )
    };
    json(&held.iter().map(one).collect::<Vec<_>>())
}

pub(super) fn read_held(row: &Row, currency: Currency) -> Result<Vec<Held>, DbError> {
    let held: Vec<HeldDocument> = from_json(row, "held")?;
    let money = |micros: Option<i64>| micros.map(|micros| Money::from_micros(micros, currency));
    let one = |HeldDocument(contract, reservation, bid, price, ping_name)| Held {
        contract: ContractId::from_raw(contract),
        reservation: ReservationId::from_raw(reservation),
        bid: money(bid),
        price: money(price),
        ping_name,
    };
    Ok(held.into_iter().map(one).collect())
}
