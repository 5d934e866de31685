//! How an answer is read, as people write it: what is a yes, what kind of no, and where the price is.
//!
//! `{"accept_when": {"read": {"from": {"json": "$.bidAmount"}, "value": {"above": 0}}}, "price": [{"json": "$.bidAmount"}]}`

use serde::{Deserialize, Serialize};

use super::super::filter::ValueTest;
use crate::base::words;

/// Where in an answer something is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Where {
    /// At a JSON path: `$.bids[0].price`.
    Json(String),
    /// At an XPath: `/response/price`.
    Xpath(String),
    /// The first group of a regular expression, or all that fits when it has no group.
    Regex(String),
    /// In a header.
    Header(String),
    /// The status, in three digits.
    Status,
    /// The whole body.
    Body,
    /// Not in the answer: always this text, such as a price that was agreed.
    Text(String),
}

/// Something that is true of an answer or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Every one is true.
    All(Vec<When>),
    /// At least one is true.
    Any(Vec<When>),
    /// It is not true.
    Not(Box<When>),
    /// Something that is read.
    Read(ReadTest),
}

/// A comparison with something that is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadTest {
    /// Where it is.
    pub from: Where,
    /// What it is compared with.
    pub value: ValueTest,
}

words! {
    /// What kind of no an answer is.
    RefusedAs {
        /// The buyer does not want it.
        NoCoverage = "no_coverage",
        /// We asked too often.
        RateLimited = "rate_limited",
        /// The buyer had the same person before.
        Duplicate = "duplicate",
        /// The buyer has enough.
        Capped = "capped",
        /// The person is on a list that the buyer does not take.
        Suppressed = "suppressed",
        /// The buyer did not understand what was sent, or failed.
        Error = "error",
    }
}

/// Which no it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedWhen {
    /// What is true of the answer.
    pub when: When,
    /// What it then is.
    #[serde(rename = "as")]
    pub refused_as: RefusedAs,
}

words! {
    /// How the end of a bid is written.
    ExpiryForm {
        /// In seconds from the answer on.
        Seconds = "seconds",
        /// In seconds since 1970.
        Unix = "unix",
        /// In milliseconds since 1970.
        UnixMs = "unix_ms",
        /// As ISO 8601 with a zone, such as `2026-07-01T14:03:08Z`.
        Iso = "iso",
    }
}

/// Until when a bid holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpiresFrom {
    /// Where it is; the first that is there counts.
    pub from: Vec<Where>,
    /// How it is written.
    pub form: ExpiryForm,
}

/// Where the call is to go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliverFrom {
    /// A phone number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phone: Vec<Where>,
    /// A SIP address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sip: Vec<Where>,
}

impl DeliverFrom {
    const fn is_empty(&self) -> bool {
        self.phone.is_empty() && self.sip.is_empty()
    }
}

/// How an answer is read. Of several places the first where something is counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerMapping {
    /// When it is a yes.
    pub accept_when: When,
    /// What kind of no it is otherwise; the first that is true counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused_when: Vec<RefusedWhen>,
    /// The price.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub price: Vec<Where>,
    /// What the buyer calls it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub id: Vec<Where>,
    /// The buyer's words for a no.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reason: Vec<Where>,
    /// Where the person's browser is sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_url: Vec<Where>,
    /// Until when the bid holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<ExpiresFrom>,
    /// From how many seconds on the buyer pays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub min_seconds: Vec<Where>,
    /// Where the call is to go.
    #[serde(default, skip_serializing_if = "DeliverFrom::is_empty")]
    pub deliver_to: DeliverFrom,
}
