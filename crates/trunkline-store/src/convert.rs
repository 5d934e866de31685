//! How the domain's types are stored: ids and phone numbers as numbers, closed lists as their words, lists as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;
use trunkline_core::assignment::{NumberStage, NumberUse};
use trunkline_core::attribution::LabelKind;
use trunkline_core::base::{
    Callee, Country, Currency, Id, IdKind, Locality, PhoneNumber, Timestamp, Zone,
};
use trunkline_core::call::screening::ListKind;
use trunkline_core::call::trunk::{CallerShown, NumberStyle};
use trunkline_core::call::{CallResult, CallState, EndReason, EndedBy, RecordingConsent, TollRule};
use trunkline_core::lead::{ReturnReason, ReturnState, RunState};
use trunkline_core::ledger::{Book, HoldState, PartyKind};
use trunkline_core::routing::{
    AttemptOutcome, DeliveryKind, ItemKind, OpportunityKind, ReasonCode, Stage, TermsKind,
    VersionState,
};
use trunkline_core::visitor::{CLICK_IDS, Channel, ClickId, Consent, Device, Source};
use trunkline_engine::call::control::{Attestation, Codec, RecordingState, Transport, Verstat};
use trunkline_engine::ports::PortError;
use trunkline_engine::ports::access::Role;
use trunkline_engine::ports::calls::CallEventKind;
use trunkline_engine::ports::carriers::{LineKind, PurchaseState};
use trunkline_engine::ports::leads::{CameBy, LeadEventKind};
use trunkline_engine::ports::outbox::{AfterCrash, OutboxState};
use trunkline_engine::ports::sounds::SoundHash;
use trunkline_engine::ports::webhooks::Dialect;

use crate::db::{DbError, FromVal, Row, Val};

impl<K: IdKind> From<Id<K>> for Val {
    fn from(id: Id<K>) -> Self {
        Val::Int(id.raw())
    }
}

impl<K: IdKind> FromVal for Id<K> {
    const EXPECTED: &'static str = K::PREFIX;
    fn from_val(value: &Val) -> Option<Self> {
        i64::from_val(value).map(Id::from_raw)
    }
}

impl From<Timestamp> for Val {
    fn from(at: Timestamp) -> Self {
        Val::Int(at.as_millis())
    }
}

impl FromVal for Timestamp {
    const EXPECTED: &'static str = "milliseconds";
    fn from_val(value: &Val) -> Option<Self> {
        i64::from_val(value).map(Timestamp::from_millis)
    }
}

impl From<PhoneNumber> for Val {
    fn from(number: PhoneNumber) -> Self {
        Val::Int(number.digits().cast_signed())
    }
}

impl FromVal for PhoneNumber {
    const EXPECTED: &'static str = "digits of a phone number";
    fn from_val(value: &Val) -> Option<Self> {
        u64::from_val(value).map(PhoneNumber::from_digits)
    }
}

/// The number of somebody who is rung, for its column.
pub(crate) fn called_number(to: Option<&Callee>) -> Option<PhoneNumber> {
    to.and_then(Callee::number)
}

/// The SIP address of somebody who is rung, for the column beside it.
pub(crate) fn called_address(to: Option<&Callee>) -> Option<&str> {
    Some(to?.sip()?.as_str())
}

/// Somebody who is rung, from both columns. What an older server spooled has no address.
pub(crate) fn read_callee(
    row: &Row,
    number: &str,
    address: &str,
) -> Result<Option<Callee>, DbError> {
    let sip: Option<String> = if row.has(address) {
        row.get(address)?
    } else {
        None
    };
    Ok(Callee::stored(row.get(number)?, sip.as_deref()))
}

macro_rules! words {
    ($($list:ty),* $(,)?) => {$(
        impl From<$list> for Val {
            fn from(value: $list) -> Self {
                Val::Text(value.word().into())
            }
        }
        impl FromVal for $list {
            const EXPECTED: &'static str = concat!("a word of ", stringify!($list));
            fn from_val(value: &Val) -> Option<Self> {
                match value {
                    Val::Text(word) => <$list>::from_word(word),
                    _ => None,
                }
            }
        }
    )*};
}
words!(
    AfterCrash,
    AttemptOutcome,
    Book,
    CallEventKind,
    CallResult,
    CallState,
    CallerShown,
    CameBy,
    Channel,
    Consent,
    DeliveryKind,
    Device,
    Dialect,
    EndReason,
    EndedBy,
    HoldState,
    ItemKind,
    LabelKind,
    LeadEventKind,
    LineKind,
    ListKind,
    NumberStage,
    NumberStyle,
    NumberUse,
    OpportunityKind,
    OutboxState,
    PartyKind,
    PurchaseState,
    ReasonCode,
    RecordingConsent,
    RecordingState,
    ReturnReason,
    ReturnState,
    Role,
    RunState,
    Stage,
    TermsKind,
    TollRule,
    Transport,
    VersionState,
    Verstat,
);

impl From<Attestation> for Val {
    fn from(attestation: Attestation) -> Self {
        Val::Text(attestation.word().into())
    }
}

impl FromVal for Attestation {
    const EXPECTED: &'static str = "A, B or C";
    fn from_val(value: &Val) -> Option<Self> {
        let known = [Attestation::A, Attestation::B, Attestation::C];
        match value {
            Val::Text(word) => known
                .into_iter()
                .find(|attestation| attestation.word() == word),
            _ => None,
        }
    }
}

/// A text column that is checked as it is read.
macro_rules! checked {
    ($($kind:ty: $expected:literal, $text:expr, $parse:expr;)*) => {$(
        impl From<&$kind> for Val {
            fn from(value: &$kind) -> Self {
                let text: fn(&$kind) -> String = $text;
                Val::from(text(value))
            }
        }
        impl FromVal for $kind {
            const EXPECTED: &'static str = $expected;
            fn from_val(value: &Val) -> Option<Self> {
                let parse: fn(&str) -> Option<$kind> = $parse;
                match value {
                    Val::Text(text) => parse(text),
                    _ => None,
                }
            }
        }
    )*};
}
checked! {
    Zone: "the name of a time zone", |zone| zone.name().to_owned(), |text| Zone::parse(text).ok();
    Currency: "a currency code", |currency| currency.code().to_owned(), |text| text.parse().ok();
    Country: "a country code", |country| country.code().to_owned(), |text| text.parse().ok();
    SoundHash: "64 digits of a hash", SoundHash::to_string, SoundHash::parse;
}

impl FromVal for Codec {
    const EXPECTED: &'static str = "a codec";
    fn from_val(value: &Val) -> Option<Self> {
        match value {
            Val::Text(word) => Codec::from_word(word),
            _ => None,
        }
    }
}

/// JSON for a column. Nothing that is stored this way can fail to be written.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Result<Val, DbError> {
    serde_json::to_string(value)
        .map(Val::from)
        .map_err(|error| DbError::other("write JSON", error))
}

/// What a JSON column holds.
pub(crate) fn from_json<T: DeserializeOwned>(
    row: &Row,
    column: &'static str,
) -> Result<T, DbError> {
    let text = row.get::<String>(column)?;
    serde_json::from_str(&text)
        .map_err(|error| DbError::other(format!("read JSON of {column}"), error))
}

pub(crate) fn opt_json<T: DeserializeOwned>(
    row: &Row,
    column: &'static str,
) -> Result<Option<T>, DbError> {
    let text = row.get::<Option<String>>(column)?;
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| DbError::other(format!("read JSON of {column}"), error))
}

/// The seven columns of a source, in the order of the tables.
pub(crate) fn source_values(source: Source) -> [Val; 7] {
    [
        source.channel.into(),
        source.medium.into(),
        source.source.into(),
        source.ad_campaign.into(),
        source.term.into(),
        source.content.into(),
        source.rule.into(),
    ]
}

/// The source in a row that has one.
pub(crate) fn source(row: &Row) -> Result<Source, DbError> {
    Ok(Source {
        channel: row.get("channel")?,
        medium: row.get("medium")?,
        source: row.get("source")?,
        ad_campaign: row.get("ad_campaign")?,
        term: row.get("term")?,
        content: row.get("content")?,
        rule: row.get("rule")?,
    })
}

/// Where the session of a row came from, when that is known.
pub(crate) fn locality(row: &Row) -> Result<Option<Locality>, DbError> {
    let state: Option<String> = row.get("state")?;
    let place: Option<String> = row.get("place")?;
    let country: Option<Country> = row.get("country")?;
    if let Some(country) = country {
        return Ok(Some(Locality::abroad(country)));
    }
    Ok(state.and_then(|state| Locality::new(&state, place.as_deref().unwrap_or_default())))
}

/// A click identifier of a known name; a name this version does not know is left out.
pub(crate) fn click_id(name: &str, value: &str) -> Option<ClickId> {
    let name = CLICK_IDS.iter().find(|known| **known == name)?;
    Some(ClickId {
        name,
        value: value.to_owned(),
    })
}

/// What the engine is told about a failure.
pub(crate) fn port_error(error: DbError) -> PortError {
    match error {
        DbError::Conflict { detail, .. } => PortError::Conflict(detail),
        DbError::QueueFull { .. } => PortError::Overloaded,
        DbError::Retry { .. } | DbError::TimedOut { .. } | DbError::Closed => {
            PortError::Unavailable(error.to_string())
        }
        DbError::Column { .. } | DbError::Other { .. } => PortError::Failed(error.to_string()),
    }
}

/// Reads every row, stopping at the first that cannot be read.
pub(crate) fn each<T>(
    rows: &[Row],
    read: impl Fn(&Row) -> Result<T, DbError>,
) -> Result<Vec<T>, DbError> {
    rows.iter().map(read).collect()
}
