//! The management API under `/api/v1`, described by the OpenAPI file that is made from this code.

pub(crate) mod account;
mod advice;
mod alarms;
mod attribution;
pub(crate) mod body;
mod calls;
mod calls_view;
mod caps;
mod carriers;
mod distribution;
mod drafts;
mod flow_nodes;
mod flow_try;
mod flows;
mod leads;
mod live;
mod matches;
mod number_view;
mod numbers;
mod opportunities;
mod outbox;
pub(crate) mod page;
mod page_check;
mod pools;
mod prompts;
mod purchases;
mod rate_card;
mod recordings;
mod replay;
mod reports;
mod screening;
mod sessions;
mod sites;
mod sound_file;
mod source_rules;
pub(crate) mod streams;
mod swap_settings;
mod trunk_test;
mod trunk_view;
mod trunks;
pub(crate) mod upload;
mod webhook;

use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::routing::get;
use bytes::Bytes;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::auth;
use crate::problem::Problem;

/// Largest body of a management request, in bytes.
pub(crate) const BODY_MAX: usize = 256 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Trunkline",
        version = "1",
        description = "Management API of Trunkline. Identifiers are text with a prefix, times are milliseconds since 1970-01-01 UTC, phone numbers are E.164, and errors are problem documents (RFC 9457)."
    ),
    modifiers(&Security),
    security(("login" = []), ("key" = []))
)]
struct Description;

struct Security;

impl Modify for Security {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_with(Default::default);
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(auth::COOKIE)));
        let key = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        components.add_security_scheme("login", cookie);
        components.add_security_scheme("key", key);
    }
}

fn described() -> (axum::Router<App>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Description::openapi())
        .nest(
            "/api/v1",
            OpenApiRouter::new()
                .merge(auth::sign_in::router())
                .merge(auth::keys::router())
                .merge(auth::members::router())
                .merge(account::router())
                .merge(sites::router())
                .merge(drafts::router())
                .merge(page_check::router())
                .merge(replay::router())
                .merge(trunks::router())
                .merge(trunk_test::router())
                .merge(webhook::router())
                .merge(carriers::router())
                .merge(purchases::router())
                .merge(numbers::router())
                .merge(pools::router())
                .merge(advice::router())
                .merge(alarms::router())
                .merge(flows::router())
                .merge(flow_try::router())
                .merge(flow_nodes::router())
                .merge(prompts::router())
                .merge(sessions::router())
                .merge(calls::router())
                .merge(screening::router())
                .merge(recordings::router())
                .merge(matches::router())
                .merge(attribution::router())
                .merge(reports::router())
                .merge(distribution::router())
                .merge(leads::router())
                .merge(outbox::router())
                .merge(opportunities::router())
                .merge(caps::router())
                .merge(live::router()),
        )
        .split_for_parts()
}

/// The description of the management API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    described().1
}

pub(crate) fn router() -> axum::Router<App> {
    let (router, description) = described();
    // Written once: whoever asks for it costs a copy of a pointer.
    let written = description.to_json().map(Bytes::from);
    if let Err(error) = &written {
        tracing::error!(%error, "the description of the API cannot be written");
    }
    let written = written.ok();
    let answer = move || {
        let json = [(header::CONTENT_TYPE, "application/json")];
        let answer = written.clone().map(|text| (json, text));
        std::future::ready(answer.ok_or_else(Problem::internal))
    };
    router
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .route("/api/openapi.json", get(answer))
}
