//! Buyers' servers: what they are sent and how their answers are read, as documents without code.
//!
//! An [`EndpointDocument`] has a request template with placeholders and an answer mapping for the ping and for the post.
//! Compiled, an [`Endpoint`] turns [`Values`] into a [`Prepared`] request, in which a value can never become more than a
//! value, and the bytes of an answer into a [`Reading`]. Nothing is sent here. The [`Breaker`] decides whether a server
//! that fails is left alone. [`presets()`] are such documents for the shapes that buyers usually have.

mod breaker;
mod endpoint;
mod escape;
mod json;
mod mail;
mod mapping;
mod markup;
mod paths;
mod pattern;
mod plan;
mod presets;
mod read;
mod render;
mod request;
#[cfg(test)]
mod tests;
mod values;

pub use breaker::{Breaker, BreakerState, BreakerView, FAILURES_MAX, Happened, REST_MS, Ticket};
pub use endpoint::{
    CALL_POST_MS_MAX, ENDPOINT_SCHEMA, Endpoint, EndpointDocument, ExchangeDocument,
    LEAD_PING_MS_MAX, PING_MS, POST_MS, Step,
};
pub use json::{Json, NESTING_MAX};
pub use mail::{MAIL_TO_MAX, Mail, MailDocument, PreparedMail};
pub use mapping::{
    AnswerMapping, DeliverFrom, ExpiresFrom, ExpiryForm, ReadTest, RefusedAs, RefusedWhen, When,
    Where,
};
pub use pattern::Form;
pub use presets::{Preset, presets};
pub use read::{ANSWER_BYTES_MAX, Answer, DeliverTo, Fault, ReadWith, Reading, RuleSeen, Verdict};
pub use render::{BODY_BYTES_MAX, PrepareError, Prepared, Proof, SHOWN_BYTES_MAX, show_answer};
pub use request::{Auth, Body, Encoding, Method, Pairs, RequestTemplate};
pub use values::{Slot, Values, is_identity_name};
