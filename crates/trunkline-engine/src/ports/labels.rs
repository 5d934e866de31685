//! The truth of calls as it becomes known, and the models that learned from it. Labels are append-only: of
//! several for one call the latest counts.

use async_trait::async_trait;
use trunkline_core::attribution::{LabelKind, Model};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{
    AccountId, CallId, CallLabelId, ModelId, SessionId, SiteId, UserId,
};
use trunkline_core::visitor::Source;

use super::PortResult;
use super::calls::CallEventRow;

/// What was said of a call when it came, kept beside its truth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Said {
    /// Whether a tap tells the truth of the call. What is said is then what the model says without its taps.
    pub tapped: bool,
    /// The likeliest; `None`: none of these.
    pub session: Option<SessionId>,
    /// Its probability, 0 to 1.
    pub probability: f64,
}

/// The truth of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelRow {
    /// Its id.
    pub id: CallLabelId,
    /// The account of the call.
    pub account: AccountId,
    /// The site of the call.
    pub site: Option<SiteId>,
    /// The call.
    pub call: CallId,
    /// When the call came.
    pub called_at: Timestamp,
    /// How the truth is known.
    pub kind: LabelKind,
    /// The session that called; `None`: none.
    pub session: Option<SessionId>,
    /// What was said of the call when it came.
    pub said: Said,
    /// When it became known.
    pub at: Timestamp,
    /// Who said it; `None`: the call itself, or a program with a key.
    pub said_by: Option<UserId>,
}

/// What a person said of a call, saved whole or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmed {
    /// The truth, with who said it and when.
    pub label: LabelRow,
    /// Where the call came from, as far as session or number tell.
    pub source: Option<Source>,
    /// The event of the call.
    pub event: CallEventRow,
}

/// A model that a site's calls taught.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedModel {
    /// Its id.
    pub id: ModelId,
    /// The site.
    pub site: SiteId,
    /// When it was fitted.
    pub fitted_at: Timestamp,
    /// The numbers.
    pub model: Model,
}

/// How many labels a site has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelCount {
    /// The site.
    pub site: SiteId,
    /// All.
    pub labels: u64,
    /// Those that became known after the site's model was fitted.
    pub fresh: u64,
}

/// Labels and fitted models.
#[async_trait]
pub trait Labels: Send + Sync {
    /// Saves what a person said: the label, the event, and the credit of the call, unless a later
    /// confirmation has it.
    async fn confirm(&self, confirmed: &Confirmed) -> PortResult<()>;
    /// The latest label of a call.
    async fn label_of(&self, call: CallId) -> PortResult<Option<LabelRow>>;
    /// The labels that count of calls of a site that came in the interval, latest call first.
    async fn labels(
        &self,
        site: SiteId,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
    ) -> PortResult<Vec<LabelRow>>;
    /// How many labels each site has of calls since `since`.
    async fn label_counts(&self, since: Timestamp) -> PortResult<Vec<LabelCount>>;
    /// Stores a fitted model.
    async fn add_model(&self, fitted: &FittedModel) -> PortResult<()>;
    /// The latest fitted model of each site that this version can use.
    async fn models(&self) -> PortResult<Vec<FittedModel>>;
}
