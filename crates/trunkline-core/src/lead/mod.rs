//! Station **lead**: what comes in as a form or a post becomes a lead, or is refused with the field that is wrong.
//!
//! Main verb: [`accept()`], `(form, fields, stage, context) -> lead`. A campaign says in a [`FieldDocument`] which fields
//! its leads have; names and values are brought into one form, people are known by the hashes of their phone number and
//! e-mail address. Beside it: proof of consent, the way of a lead from its ping to its sale as a value ([`step`]),
//! returns, test leads, and the rows of an import. Nothing is sent, sold or stored here.

mod accept;
mod consent;
mod fields;
mod import;
mod names;
mod ping;
mod problems;
mod queue;
mod refusal;
mod returns;
mod run;
mod step;
mod terms;
mod test_mode;
#[cfg(test)]
mod tests;
mod value;

pub use accept::{Accepted, Context, EXTRA_MAX, FORM_MAX, Kept, Lead, Stage, Values, accept};
pub use consent::{
    CONSENT_TEXT_MAX, Certificate, ChainFault, ConsentFault, ConsentNeed, ConsentProof,
    ConsentRecord, ConsentRules, Link, SELLERS_MAX, TRUSTED_FORM_CLAIM_MS, broken_link,
};
pub use fields::{
    CHOICES_MAX, Choice, DateRange, FIELD_ALIASES_MAX, FIELDS_MAX, FieldDef, FieldDocument,
    FieldType, Fields, Normaliser, NumberRange, Required, VALUE_MAX,
};
pub use import::{Mapping, ROWS_MAX, Row, RowOutcome, Summary, import};
pub use ping::{changed_field, fingerprint};
pub use queue::{QueueRules, Waits};
pub use refusal::{FieldFault, LeadRefusal, RefusalCode};
pub use returns::{
    Return, ReturnEvent, ReturnReason, ReturnRefusal, ReturnRules, ReturnState, ReturnUse,
};
pub use run::{Leg, LegState, Ping, PingOffer, Post, Run, RunState};
pub use step::{AMBIGUOUS_MS, ANSWER_MS, Event, LEGS_MAX, PING_MS, SaleRules, StepRefusal, step};
pub use terms::LeadTerms;
pub use test_mode::{TestOutcome, Way, way};
