//! What things say, in versions: read, changed at once or for a time, taken back, rolled back.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::CapId;
use trunkline_core::routing::TermsKind;
use trunkline_engine::distribution::{Market, TermsEdit, VERSIONS_LISTED, Written};
use trunkline_engine::ports::distribution::{TermsDocument, TermsOf, TermsVersion};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::{Body, Params};
use super::super::page::Page;
use super::needed;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::{Problem, ProblemPlace};

/// Deepest nesting of caps that ids are given to; what is deeper is refused by its own check.
const DEPTH_MAX: usize = 16;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read, change))
        .routes(routes!(versions))
        .routes(routes!(restore))
        .routes(routes!(withdraw))
}

/// What something says now, and what it is to say.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Terms)]
pub(super) struct TermsItem {
    /// The id under which it has versions.
    pub(super) id: String,
    /// The newest version, one to come included; 0 when nothing was ever said. Send it as `seen` with a change.
    newest: u32,
    /// The version in force; null when nothing was ever said.
    live: Option<VersionItem>,
    /// The version to come.
    staged: Option<VersionItem>,
}

/// A version of what something says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TermsVersion)]
pub(super) struct VersionItem {
    version: u32,
    /// `live`, `staged`, `past`, or `withdrawn`: it was to come and was given up.
    state: &'static str,
    #[schema(value_type = Object)]
    document: Value,
    /// Since when it is in force, or from when on it is to be.
    live_at: i64,
    made_at: i64,
    /// The user who wrote it; null for a key.
    made_by: Option<String>,
    /// The version whose document it took, when it is a rollback.
    restores: Option<u32>,
}

impl VersionItem {
    fn new(version: &TermsVersion) -> Self {
        let document = match &version.document {
            TermsDocument::Layer(layer) => serde_json::to_value(layer.as_ref()),
            TermsDocument::Feed(feed) => serde_json::to_value(feed.as_ref()),
            TermsDocument::Plan(plan) => serde_json::to_value(plan.as_ref()),
        };
        Self {
            version: version.version,
            state: version.state.word(),
            // Nothing of a document can fail to be written.
            document: document.unwrap_or_default(),
            live_at: version.live_at.as_millis(),
            made_at: version.made_at.as_millis(),
            made_by: version.made_by.map(|user| user.to_string()),
            restores: version.restores,
        }
    }
}

impl TermsItem {
    pub(super) fn new(market: &Market, of: impl Into<TermsOf>) -> Self {
        let of = of.into();
        let terms = market.terms(of);
        Self {
            id: of.text(),
            newest: terms.newest(),
            live: terms.live.as_deref().map(VersionItem::new),
            staged: terms.staged.as_deref().map(VersionItem::new),
        }
    }
}

/// What something is to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TermsInput, example = json!({"seen": 1, "document": {"priority": 10,
    "filter": {"field": {"name": "state", "value": {"is_one_of": ["TX", "OK"]}}},
    "caps": [{"max": 20, "window": {"period": "day", "zone": "America/Chicago"}}],
    "price": {"billable_from_s": 60, "rules": [{"rate": {"fixed": 45}}]}}}))]
pub(super) struct TermsInput {
    /// The newest version you saw, one to come included; 0 when there was none.
    seen: Option<u32>,
    /// The whole document. Leave `id` out of a new cap; it gets one.
    #[schema(value_type = Option<Object>)]
    document: Option<Value>,
    /// From when on it is in force, ms; at once when left out.
    live_at: Option<i64>,
}

impl TermsInput {
    pub(super) fn read(
        self,
        app: &Web,
        caller: &Caller,
        of: TermsOf,
    ) -> Result<TermsEdit, Problem> {
        let seen = needed("seen", self.seen, "Send the newest version that you saw.")?;
        let document = needed("document", self.document, "Send the whole document.")?;
        Ok(TermsEdit {
            of,
            written: written(app, caller, of.kind, document, "")?,
            seen,
            live_at: self.live_at.map(Timestamp::from_millis),
        })
    }
}

/// A document that somebody sent, at this place of the body. New caps get ids.
pub(super) fn written(
    app: &Web,
    caller: &Caller,
    kind: TermsKind,
    mut document: Value,
    place: &str,
) -> Result<Written, Problem> {
    let mut drawn = Vec::new();
    give_ids(&mut document, DEPTH_MAX, &mut || {
        let id: CapId = app.backend.moment.id();
        drawn.push(id);
        id
    });
    let document = match kind {
        TermsKind::Feed => TermsDocument::Feed(Arc::new(document_of(document, place)?)),
        TermsKind::Plan => TermsDocument::Plan(Arc::new(document_of(document, place)?)),
        TermsKind::Account
        | TermsKind::Campaign
        | TermsKind::Buyer
        | TermsKind::Destination
        | TermsKind::Contract => TermsDocument::Layer(Arc::new(document_of(document, place)?)),
    };
    Ok(Written {
        document,
        drawn,
        by: caller.person().ok().map(|person| person.0),
    })
}

/// Reads a document; what cannot be read is named with its place.
pub(super) fn document_of<T: DeserializeOwned>(value: Value, place: &str) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let inside = error.path().to_string();
        let place = match (place, inside.as_str()) {
            (place, ".") => place.to_owned(),
            ("", inside) => inside.to_owned(),
            (place, inside) if inside.starts_with('[') => format!("{place}{inside}"),
            (place, inside) => format!("{place}.{inside}"),
        };
        let message = error.into_inner().to_string();
        Problem::document(vec![ProblemPlace { place, message }])
    })
}

/// Gives an id to every cap that has none: those of a document, of its groups, and inside other caps.
fn give_ids(value: &mut Value, depth: usize, draw: &mut dyn FnMut() -> CapId) {
    let Some(object) = value.as_object_mut().filter(|_| depth > 0) else {
        return;
    };
    if let Some(Value::Array(caps)) = object.get_mut("caps") {
        for cap in caps {
            if let Some(cap) = cap.as_object_mut() {
                let id = cap.entry("id").or_insert(Value::Null);
                if id.is_null() {
                    *id = Value::String(draw().to_string());
                }
            }
            give_ids(cap, depth - 1, draw);
        }
    }
    if let Some(Value::Object(groups)) = object.get_mut("groups") {
        let groups = groups.values_mut();
        groups.for_each(|group| give_ids(group, depth - 1, draw));
    }
}

fn parse(app: &Web, caller: &Caller, id: &str) -> Result<TermsOf, Problem> {
    let missing = || Problem::not_found("thing with terms");
    let of = TermsOf::parse(id).ok_or_else(missing)?;
    let market = app.backend.distribution.market(caller.account)?;
    if market.has(of) {
        Ok(of)
    } else {
        Err(missing())
    }
}

fn item(app: &Web, caller: &Caller, of: TermsOf) -> Result<Json<TermsItem>, Problem> {
    let market = app.backend.distribution.market(caller.account)?;
    Ok(Json(TermsItem::new(&market, of)))
}

/// What an account, campaign, feed, buyer, destination, contract or route plan says, by its id.
#[utoipa::path(get, path = "/terms/{id}", tag = "routing", operation_id = "readTerms", params(("id" = String, Path)), responses((status = 200, body = TermsItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<TermsItem>, Problem> {
    caller.may(Need::Read)?;
    let of = parse(&app, &caller, &id)?;
    item(&app, &caller, of)
}

/// Changes what it says, as the next version: at once, or from a time on. What was to come before is given up. 409 when
/// somebody changed it since it was seen.
#[utoipa::path(put, path = "/terms/{id}", tag = "routing", operation_id = "changeTerms", params(("id" = String, Path)), request_body = TermsInput, responses((status = 200, body = TermsItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<TermsInput>,
) -> Result<Json<TermsItem>, Problem> {
    caller.may(Need::Write)?;
    let of = parse(&app, &caller, &id)?;
    save(&app, &caller, of, input).await
}

/// Saves a version of something of the account.
pub(super) async fn save(
    app: &Web,
    caller: &Caller,
    of: TermsOf,
    input: TermsInput,
) -> Result<Json<TermsItem>, Problem> {
    let edit = input.read(app, caller, of)?;
    let now = app.backend.moment.now();
    let distribution = &app.backend.distribution;
    distribution.change_terms(caller.account, edit, now).await?;
    item(app, caller, of)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct VersionParams {
    cursor: Option<String>,
}

/// Every version, newest first, a hundred on a page: what it said, since when, who wrote it.
#[utoipa::path(get, path = "/terms/{id}/versions", tag = "routing", operation_id = "termsVersions", params(("id" = String, Path), VersionParams), responses((status = 200, body = Page<VersionItem>), (status = 404, body = Problem)))]
async fn versions(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Params(params): Params<VersionParams>,
) -> Result<Json<Page<VersionItem>>, Problem> {
    caller.may(Need::Read)?;
    let of = parse(&app, &caller, &id)?;
    let below = params.cursor.map(|text| text.parse::<u32>()).transpose();
    let below = below
        .map_err(|_| Problem::invalid("cursor", "Send the `next_cursor` of the page before."))?;
    let distribution = &app.backend.distribution;
    let mut found = distribution
        .versions(caller.account, of, below, VERSIONS_LISTED + 1)
        .await?;
    let more = found.len() > VERSIONS_LISTED as usize;
    found.truncate(VERSIONS_LISTED as usize);
    let last = found.last().filter(|_| more);
    Ok(Json(Page {
        next_cursor: last.map(|version| version.version.to_string()),
        items: found.iter().map(VersionItem::new).collect(),
    }))
}

/// What somebody saw.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TermsSeen, example = json!({"seen": 4}))]
struct SeenInput {
    /// The newest version you saw, one to come included.
    seen: Option<u32>,
}

/// Makes what an earlier version said the next version, in force at once.
#[utoipa::path(post, path = "/terms/{id}/versions/{version}/restore", tag = "routing", operation_id = "restoreTerms", params(("id" = String, Path), ("version" = u32, Path)), request_body = SeenInput, responses((status = 200, body = TermsItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn restore(
    State(app): State<App>,
    caller: Caller,
    Path((id, version)): Path<(String, String)>,
    Body(input): Body<SeenInput>,
) -> Result<Json<TermsItem>, Problem> {
    caller.may(Need::Write)?;
    let of = parse(&app, &caller, &id)?;
    let version = version.parse().map_err(|_| Problem::not_found("version"))?;
    let seen = needed("seen", input.seen, "Send the newest version that you saw.")?;
    let (by, now) = (caller.person().ok().map(|p| p.0), app.backend.moment.now());
    let distribution = &app.backend.distribution;
    distribution
        .restore_terms(caller.account, of, version, (seen, by), now)
        .await?;
    item(&app, &caller, of)
}

/// Gives up the version to come.
#[utoipa::path(delete, path = "/terms/{id}/staged", tag = "routing", operation_id = "withdrawTerms", params(("id" = String, Path)), responses((status = 200, body = TermsItem), (status = 404, body = Problem)))]
async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<TermsItem>, Problem> {
    caller.may(Need::Write)?;
    let of = parse(&app, &caller, &id)?;
    let distribution = &app.backend.distribution;
    distribution.withdraw_terms(caller.account, of).await?;
    item(&app, &caller, of)
}
