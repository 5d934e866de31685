//! The document of a buyer's endpoint: what is sent in a ping and in a post, and how the answers are read.
//!
//! [`EndpointDocument::compile`] checks it and makes it ready; what has problems is not saved, so that what is stored
//! always compiles.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::super::document::{Problem, Problems};
use super::super::facts::OpportunityKind;
use super::mapping::AnswerMapping;
use super::plan::{self, Outgoing};
use super::read::{self, Rules};
use super::request::RequestTemplate;

/// The document format this version writes and reads.
pub const ENDPOINT_SCHEMA: u32 = 1;
/// Shortest and longest wait for the answer to a ping, in milliseconds.
pub const PING_MS: (u32, u32) = (100, 5_000);
/// Longest wait for the answer to a ping for a lead, in milliseconds.
pub const LEAD_PING_MS_MAX: u32 = 2_000;
/// Shortest and longest wait for the answer to a post, in milliseconds.
pub const POST_MS: (u32, u32) = (1_000, 30_000);
/// Longest wait for the answer to a post for a call, in milliseconds: the caller hears it ring meanwhile.
pub const CALL_POST_MS_MAX: u32 = 5_000;
/// Waits when nobody says, in milliseconds: for a ping for a call, for a lead, and for a post of a call, of a lead.
const DEFAULT_MS: (u32, u32, u32, u32) = (800, 1_000, 3_000, 10_000);
/// Most settings.
const SETTINGS_MAX: usize = 50;
/// Longest setting, in bytes.
const SETTING_BYTES_MAX: usize = 500;

/// A buyer's endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointDocument {
    /// Format, [`ENDPOINT_SCHEMA`].
    pub schema: u32,
    /// Whether a ping may say who the person is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub share_identity: bool,
    /// What placeholders `{setting.NAME}` stand for: account numbers and the like, which are no secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// How a bid is asked for; when left out, none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ping: Option<ExchangeDocument>,
    /// How it is delivered: a lead, or a call before it rings, whose answer may say where it rings. When left out, the ping
    /// alone says where a call goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<ExchangeDocument>,
}

/// A request and how its answer is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeDocument {
    /// What is sent.
    pub request: RequestTemplate,
    /// How the answer is read.
    pub answer: AnswerMapping,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Asks for a bid. It changes nothing at the buyer.
    Ping,
    /// Delivers. It may have been taken though no answer came.
    Post,
}

impl Step {
    /// The word of documents and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Post => "post",
        }
    }
}

/// A buyer's endpoint made ready.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub(super) ping: Option<Exchange>,
    pub(super) post: Option<Exchange>,
    pub(super) settings: BTreeMap<String, String>,
    share_identity: bool,
    secrets: BTreeSet<String>,
}

/// A request and how its answer is read, made ready.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub(super) outgoing: Outgoing,
    pub(super) rules: Rules,
    timeout_ms: Option<u32>,
}

impl EndpointDocument {
    /// Everything that keeps the document from being used.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        self.compile().err().unwrap_or_default()
    }

    /// Makes the document ready.
    ///
    /// # Errors
    /// With its problems, when it has any.
    pub fn compile(&self) -> Result<Endpoint, Vec<Problem>> {
        let mut found = Problems::default();
        if self.schema != ENDPOINT_SCHEMA {
            let message = format!("is {}; write {ENDPOINT_SCHEMA}", self.schema);
            found.add("schema", message);
        }
        if self.ping.is_none() && self.post.is_none() {
            found.add(
                "",
                "has neither `ping` nor `post`; write at least one of them",
            );
        }
        self.check_settings(&mut found);
        let mut secrets = BTreeSet::new();
        let mut ready = |step: Step, exchange: &Option<ExchangeDocument>, found: &mut Problems| {
            let exchange = exchange.as_ref()?;
            let mut inside = Problems::default();
            let checks = plan::Checks {
                settings: &self.settings,
                identity: step == Step::Post || self.share_identity,
            };
            let outgoing = plan::compile(&exchange.request, &checks, &mut secrets, &mut inside);
            let (least, most) = if step == Step::Ping { PING_MS } else { POST_MS };
            let timeout_ms = exchange.request.timeout_ms;
            if let Some(ms) = timeout_ms.filter(|ms| !(least..=most).contains(ms)) {
                let message = format!("{ms} ms are out of range; write {least} to {most}");
                inside.add("request.timeout_ms", message);
            }
            let rules = read::compile(&exchange.answer, &mut inside);
            found.within(step.word(), inside.0);
            Some(Exchange {
                outgoing: outgoing?,
                rules: rules?,
                timeout_ms,
            })
        };
        let ping = ready(Step::Ping, &self.ping, &mut found);
        let post = ready(Step::Post, &self.post, &mut found);
        if !found.0.is_empty() {
            return Err(found.0);
        }
        Ok(Endpoint {
            ping,
            post,
            settings: self.settings.clone(),
            share_identity: self.share_identity,
            secrets,
        })
    }

    fn check_settings(&self, found: &mut Problems) {
        if self.settings.len() > SETTINGS_MAX {
            let message = format!("has {}; at most {SETTINGS_MAX}", self.settings.len());
            found.add("settings", message);
        }
        for (name, value) in &self.settings {
            let place = format!("settings.{name}");
            if value.trim().is_empty() {
                found.add(&place, "is empty; write what the buyer gave you");
            }
            if value.len() > SETTING_BYTES_MAX {
                found.add(
                    &place,
                    format!("is too long; at most {SETTING_BYTES_MAX} bytes"),
                );
            }
        }
    }
}

impl Endpoint {
    /// Whether it has this step.
    #[must_use]
    pub const fn has(&self, step: Step) -> bool {
        self.exchange(step).is_some()
    }

    pub(super) const fn exchange(&self, step: Step) -> Option<&Exchange> {
        match step {
            Step::Ping => self.ping.as_ref(),
            Step::Post => self.post.as_ref(),
        }
    }

    /// The names of the secrets it needs.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(String::as_str)
    }

    /// Whether a step may say who the person is.
    pub(super) const fn tells_identity(&self, step: Step) -> bool {
        matches!(step, Step::Post) || self.share_identity
    }

    /// How long an answer is waited for at most, in milliseconds.
    #[must_use]
    pub fn timeout_ms(&self, step: Step, kind: OpportunityKind) -> u32 {
        let own = self.exchange(step).and_then(|exchange| exchange.timeout_ms);
        let (call, lead, call_post, lead_post) = DEFAULT_MS;
        match (step, kind) {
            (Step::Post, OpportunityKind::Call) => own.unwrap_or(call_post).min(CALL_POST_MS_MAX),
            (Step::Post, OpportunityKind::Lead) => own.unwrap_or(lead_post),
            (Step::Ping, OpportunityKind::Call) => own.unwrap_or(call),
            (Step::Ping, OpportunityKind::Lead) => own.unwrap_or(lead).min(LEAD_PING_MS_MAX),
        }
    }
}
