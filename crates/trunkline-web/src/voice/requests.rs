//! What asks for a document: a call that came in, a step that is done, a destination that picked up. The requests of one
//! call are handled one after the other. A call of which nothing is known rings its business line; no carrier is answered
//! with an error for a request that is its own.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use trunkline_engine::call::control::{Admission, Arrival, Incoming};

use super::addresses::Stage;
use super::dialect::{attestation, caller, signalled};
use super::hearing::{Told, xml};
use super::line::{Known, Line};
use super::twiml::{Element, document};
use super::verbs::hang_up;
use crate::app::App;
use crate::problem::Problem;

/// Most characters kept of a caller as signalled.
const CALLER_TEXT_MAX: usize = 128;

/// A call came in.
pub(super) async fn call(
    State(app): State<App>,
    Path(trunk): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let told = Told::hear(app, &trunk, false, request).await?;
    whole(async move { take(&told).await }).await
}

async fn take(told: &Told) -> String {
    let Some(name) = told.name("CallSid") else {
        return told.lost();
    };
    let Some(slot) = told.app.lines.place(told.trunk(), name, told.now) else {
        return told.lost();
    };
    let mut known = slot.known.lock().await;
    match &*known {
        Known::Nothing => {}
        Known::Foreign(answer) => return answer.clone(),
        Known::Ours(line) => {
            let first = line.answer_to(0);
            return first.map_or_else(|| document([]), ToOwned::to_owned);
        }
    }
    if told.app.backend.webhooks.is_known(told.trunk(), name).await {
        let answer = told.lost();
        *known = Known::Foreign(answer.clone());
        return answer;
    }
    match told.control().incoming(incoming(told, name)).await {
        Admission::Accepted {
            call,
            limits,
            actions,
            ..
        } => {
            let mut line = Line::new(call, limits);
            let answer = told.performer().carry_out(&mut line, actions).await;
            line.keep(0, &answer);
            told.app.lines.name(told.trunk(), call, &slot);
            *known = Known::Ours(Box::new(line));
            answer
        }
        Admission::Refused { status, .. } => {
            let answer = document([hang_up(status, true)]);
            *known = Known::Foreign(answer.clone());
            answer
        }
    }
}

fn incoming(told: &Told, name: &str) -> Incoming {
    let (caller, text) = caller(&told.params);
    Incoming {
        trunk: told.trunk(),
        caller,
        caller_text: text.chars().take(CALLER_TEXT_MAX).collect(),
        dialled: told.params.get("To").unwrap_or("").to_owned(),
        sip_call_id: name.to_owned(),
        arrival: Arrival::Webhook,
        attestation: attestation(&told.params),
        signalled: signalled(&told.params),
        received_at: told.now,
    }
}

/// What was asked of the carrier is done.
pub(super) async fn step(
    State(app): State<App>,
    Path((trunk, call, step)): Path<(String, String, u32)>,
    request: Request,
) -> Result<Response, Problem> {
    let told = Told::hear(app, &trunk, true, request).await?;
    whole(async move {
        let Some((_, slot)) = told.slot(&call) else {
            return told.lost();
        };
        let mut known = slot.known.lock().await;
        let Known::Ours(line) = &mut *known else {
            return told.lost();
        };
        if let Some(answer) = line.answer_to(step) {
            return answer.to_owned();
        }
        if line.ended || step != line.step {
            return document([Element::new("Hangup")]);
        }
        let answer = told.performer().step(line, &told.params).await;
        line.keep(step, &answer);
        answer
    })
    .await
}

/// A destination picked up and is screened.
pub(super) async fn whisper(
    State(app): State<App>,
    Path((trunk, call, attempt, stage)): Path<(String, String, u32, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let told = Told::hear(app, &trunk, true, request).await?;
    let stage: Stage = stage
        .parse()
        .map_err(|()| Problem::not_found("voice webhook"))?;
    whole(async move {
        // Of a call that is lost nobody is kept from talking.
        let Some((_, slot)) = told.slot(&call) else {
            return document([]);
        };
        let mut known = slot.known.lock().await;
        let Known::Ours(line) = &mut *known else {
            return document([]);
        };
        let performer = told.performer();
        performer.whisper(line, attempt, stage, &told.params).await
    })
    .await
}

/// Answers with a document that is made to its end, also when the carrier hangs up on us: once asked, the engine is never
/// interrupted.
async fn whole(made: impl Future<Output = String> + Send + 'static) -> Result<Response, Problem> {
    let made = tokio::spawn(made).await;
    made.map(xml).map_err(|error| {
        tracing::error!(%error, "a request of a call over webhooks failed");
        Problem::internal()
    })
}
