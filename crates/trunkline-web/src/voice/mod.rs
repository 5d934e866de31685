//! Voice webhooks: the second performer of call flows, for carriers that ask over HTTP what to do with a call and speak
//! like Twilio. It holds no decision: what happens is told to the engine over the same port as native SIP tells it
//! (`CallControl`), and what the engine wants next is written down for the carrier (`verbs`).
//!
//! `hearing` believes requests or refuses them; `requests` answers those that ask for a document, `callbacks` takes in news;
//! `line` remembers a call between two of them. What differs between carriers is in `dialect` and `signature`.

mod addresses;
mod callbacks;
mod dialect;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod heard;
mod hearing;
mod line;
mod params;
mod perform;
mod requests;
mod signature;
mod sweep;
mod twiml;
mod verbs;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

pub use dialect::abilities;
pub(crate) use heard::Heard;
pub(crate) use line::Lines;
pub use params::{Params, ParamsError};
pub use sweep::{SWEEP_EVERY, sweep};

pub(crate) fn router() -> Router<App> {
    let routes = Router::new()
        .route("/call", post(requests::call))
        .route("/status", post(callbacks::status))
        .route("/step/{call}/{step}", post(requests::step))
        .route("/whisper/{call}/{attempt}/{stage}", post(requests::whisper))
        .route("/leg/{call}/{attempt}", post(callbacks::leg))
        .route("/machine/{call}/{attempt}", post(callbacks::machine))
        .route("/recording/{call}", post(callbacks::recording))
        .route("/sound/{call}/{prompt}/{until}", get(callbacks::sound));
    Router::new().nest("/voice/twilio/{trunk}", routes)
}

/// The addresses to be entered at the carrier of a trunk: for calls that come in, and for how they end.
#[must_use]
pub fn entered_at_carrier(
    public_url: &str,
    trunk: trunkline_core::base::id::TrunkId,
) -> (String, String) {
    let base = format!("{public_url}/voice/twilio/{trunk}");
    (format!("{base}/call"), format!("{base}/status"))
}
