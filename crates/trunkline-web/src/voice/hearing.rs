//! A carrier's request, believed or refused: its signature is checked before anything is looked up.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, OriginalUri, Request};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{CallId, TrunkId};
use trunkline_engine::call::control::CallControl;
use trunkline_engine::ports::webhooks::WebhookTrunk;

use super::addresses::{Addresses, is_ours};
use super::dialect::{has_left, is_talk};
use super::line::Slot;
use super::params::Params;
use super::perform::Performer;
use super::signature::{self, spellings, verify};
use super::twiml::{Element, document};
use super::verbs::{hang_up, ring};
use crate::address::{ClientAddress, subscriber};
use crate::app::App;
use crate::problem::Problem;

/// Largest body of a carrier's request, in bytes.
const BODY_MAX: usize = 64 * 1024;
/// Longest name a carrier may give a call or a recording, in bytes.
const NAME_MAX: usize = 200;

/// A request that its carrier signed.
pub(super) struct Told {
    pub(super) app: App,
    pub(super) webhook: Arc<WebhookTrunk>,
    pub(super) params: Params,
    pub(super) now: Timestamp,
}

impl Told {
    /// Believes a request or refuses it. `ours`: it must have gone to an address that we gave.
    pub(super) async fn hear(
        app: App,
        trunk: &str,
        ours: bool,
        request: Request,
    ) -> Result<Self, Problem> {
        let missing = || Problem::not_found("voice webhook");
        let trunk = TrunkId::parse(trunk).map_err(|_| missing())?;
        let webhook = app.backend.webhooks.trunk(trunk).ok_or_else(missing)?;
        let (mut parts, body) = request.into_parts();
        let address = ClientAddress::of(&parts, &app);
        let uri = OriginalUri::from_request_parts(&mut parts, &app).await;
        let uri = uri.map_or_else(|_| parts.uri.clone(), |OriginalUri(uri)| uri);
        let body = bytes(body).await?;
        let now = app.backend.moment.now();
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        let asked = signature::Request {
            urls: &spellings(&app.settings.public_url, path),
            query: uri.query(),
            headers: &parts.headers,
            body: &body,
            now,
        };
        let told = verify(&webhook, asked).map_err(|forged| forged.to_string());
        let told = told.and_then(|told| {
            if ours && !is_ours(&app.token_key, uri.path(), uri.query()) {
                return Err("the address was not given by this server".to_owned());
            }
            Ok(told)
        });
        let trouble = told.as_ref().err().cloned();
        app.heard.note(webhook.trunk, now, trouble);
        match told {
            Ok(params) => Ok(Self {
                app,
                webhook,
                params,
                now,
            }),
            Err(trouble) => {
                let dialect = webhook.dialect.word();
                metrics::counter!("trunkline_voice_webhook_refused_total", "dialect" => dialect)
                    .increment(1);
                tracing::warn!(%trunk, dialect, trouble, "a voice webhook was refused");
                if let Err(wait_s) = app.forged.attempt(subscriber(address.0), now) {
                    return Err(Problem::too_many(wait_s));
                }
                Err(Problem::forbidden(format!(
                    "This request is not believed: {trouble}. The carrier must call the address exactly as it is set up, \
                     below {}, and its key must be the one that is stored for the trunk.",
                    app.settings.public_url
                )))
            }
        }
    }

    pub(super) fn trunk(&self) -> TrunkId {
        self.webhook.trunk
    }

    pub(super) fn control(&self) -> &dyn CallControl {
        self.app.backend.calls.as_ref()
    }

    pub(super) fn performer(&self) -> Performer<'_> {
        Performer {
            control: self.control(),
            addresses: Addresses::new(
                &self.app.settings.public_url,
                self.webhook.trunk,
                &self.app.token_key,
            ),
            dialect: self.webhook.dialect,
            now: self.now,
        }
    }

    /// The carrier's name of a thing.
    pub(super) fn name(&self, of: &str) -> Option<&str> {
        self.params.get(of).filter(|name| name.len() <= NAME_MAX)
    }

    /// A call of ours that an address names.
    pub(super) fn slot(&self, call: &str) -> Option<(CallId, Arc<Slot>)> {
        let call = CallId::parse(call).ok()?;
        let slot = self.app.lines.call(self.trunk(), call, self.now)?;
        Some((call, slot))
    }

    /// What a call gets of which nothing is known: its business line, unless it talked already or is over.
    pub(super) fn lost(&self) -> String {
        metrics::counter!("trunkline_voice_webhook_lost_total").increment(1);
        let talked = self.params.get("DialCallStatus").is_some_and(is_talk);
        if has_left(&self.params) {
            return document([]);
        }
        if talked {
            return document([Element::new("Hangup")]);
        }
        let dialled = self.params.get("To").unwrap_or("");
        tracing::warn!(trunk = %self.trunk(), "a call over webhooks has no record in memory; its business line is rung");
        match self.app.backend.webhooks.fallback(self.trunk(), dialled) {
            Some(line) => document([ring(line, self.webhook.dialect)]),
            None => document([hang_up(404, true)]),
        }
    }
}

async fn bytes(body: Body) -> Result<axum::body::Bytes, Problem> {
    let read = to_bytes(body, BODY_MAX).await;
    read.map_err(|_| Problem::too_large(BODY_MAX))
}

/// A document as an answer.
pub(super) fn xml(text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/xml; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, text).into_response()
}
