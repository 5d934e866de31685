//! Campaigns: what is sold under one name, and the plan of who is asked for it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_core::base::Timestamp;
use trunkline_core::lead::{FieldDef, LeadTerms};
use trunkline_core::routing::{ComplianceRules, DuplicateRule, RecordingRules, TermsKind};
use trunkline_engine::distribution::{Market, Written};
use trunkline_engine::ports::distribution::{Campaign, TermsDocument};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::{Body, Params};
use super::super::page::Page;
use super::terms::{TermsInput, TermsItem, document_of, save, written};
use super::{ArchiveInput, ListParams, find, name, page, terms_stay, verticals};
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::{Problem, sentence};

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change))
        .routes(routes!(archive))
        .routes(routes!(read_plan, change_plan))
}

/// A campaign.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Campaign)]
struct CampaignItem {
    id: String,
    name: String,
    /// The trade, such as `solar`.
    vertical: Option<String>,
    /// The fields of its leads.
    #[schema(value_type = Vec<Object>)]
    fields: Value,
    /// What it says of its leads beside their fields: consent, buyers, queue, returns.
    #[schema(value_type = Object)]
    leads: LeadTerms,
    /// What happens with people whom the campaign had before, unless a feed says something else.
    #[schema(value_type = Vec<Object>)]
    duplicates: Vec<DuplicateRule>,
    /// Who must not be sold: lists `do_not_call` and `litigators`, and what carriers must vouch for at least
    /// (`attestation_min`).
    #[schema(value_type = Object)]
    compliance: ComplianceRules,
    /// How long recordings of its calls are kept: `keep` is `as_account`, `{"days": 30}` or `for_ever`.
    #[schema(value_type = Object)]
    recordings: RecordingRules,
    /// Whether somebody paused it; its terms may pause it too.
    paused: bool,
    /// Its terms, in versions; changed by `PUT /terms/{id}` with its id.
    terms: TermsItem,
    /// Its route plan, in versions.
    plan: TermsItem,
    archived_at: Option<i64>,
    created_at: i64,
}

impl CampaignItem {
    fn new(market: &Market, campaign: &Campaign) -> Self {
        Self {
            id: campaign.id.to_string(),
            name: campaign.name.clone(),
            vertical: campaign.vertical.clone(),
            fields: serde_json::from_str(&campaign.fields).unwrap_or_default(),
            leads: campaign.leads.clone(),
            duplicates: campaign.duplicates.clone(),
            compliance: campaign.compliance.clone(),
            recordings: campaign.recordings,
            paused: campaign.paused,
            terms: TermsItem::new(market, campaign.id),
            plan: TermsItem::new(market, campaign.plan),
            archived_at: campaign.archived_at.map(Timestamp::as_millis),
            created_at: campaign.created_at.as_millis(),
        }
    }
}

/// A campaign to make or change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CampaignInput, example = json!({"name": "Solar in Texas", "vertical": "solar", "duplicates": [{"scope": "campaign", "within_h": 720, "action": "block"}]}))]
struct CampaignInput {
    name: Option<String>,
    /// Empty for none.
    vertical: Option<String>,
    #[schema(value_type = Option<Vec<Object>>)]
    fields: Option<Value>,
    /// What it says of its leads beside their fields.
    #[schema(value_type = Option<Object>)]
    leads: Option<Value>,
    #[schema(value_type = Option<Vec<Object>>)]
    duplicates: Option<Value>,
    /// Who must not be sold: `do_not_call` and `litigators` name lists of numbers or of their hashes, `attestation_min` is
    /// `full`, `partial` or `gateway`. Takes the place of what it said before.
    #[schema(value_type = Option<Object>)]
    compliance: Option<Value>,
    /// How long recordings of its calls are kept: `{"keep": "as_account"}`, `{"keep": {"days": 30}}` with 1 to 3650 days, or
    /// `{"keep": "for_ever"}`. Its own word goes before the account's; of several campaigns of one call the longest wins.
    #[schema(value_type = Option<Object>)]
    recordings: Option<Value>,
    paused: Option<bool>,
    /// For a new one: whether it begins with what its vertical offers, its fields, terms, consent and duplicates; what is
    /// written here goes before.
    from_vertical: Option<bool>,
    /// Its first terms; changed by `PUT /terms/{id}` later.
    #[schema(value_type = Option<Object>)]
    terms: Option<Value>,
}

/// The campaigns of the account, oldest first.
#[utoipa::path(get, path = "/campaigns", tag = "routing", operation_id = "listCampaigns", params(ListParams), responses((status = 200, body = Page<CampaignItem>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<CampaignItem>>, Problem> {
    caller.may(Need::Read)?;
    let market = app.backend.distribution.market(caller.account)?;
    let all = market.campaigns().map(|entry| &entry.campaign);
    let item = |campaign: &Campaign| CampaignItem::new(&market, campaign);
    Ok(Json(page(all, &params, item)?))
}

/// Makes a campaign.
#[utoipa::path(post, path = "/campaigns", tag = "routing", operation_id = "createCampaign", request_body = CampaignInput, responses((status = 201, body = CampaignItem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<CampaignInput>,
) -> Result<(StatusCode, Json<CampaignItem>), Problem> {
    caller.may(Need::Write)?;
    let now = app.backend.moment.now();
    let terms = input
        .terms
        .map(|terms| written(&app, &caller, TermsKind::Campaign, terms, "terms"));
    let mut written = terms.transpose()?;
    let mut fields = input.fields.map(read_fields).transpose()?;
    let mut duplicates = input.duplicates.map(read_duplicates).transpose()?;
    let mut leads = input.leads.map(read_leads).transpose()?;
    let compliance = input.compliance.map(read_compliance).transpose()?;
    let recordings = input.recordings.map(read_recordings).transpose()?;
    let plan = app.backend.moment.id();
    let id = app.backend.moment.id();
    if input.from_vertical == Some(true) {
        let word = input.vertical.as_deref().unwrap_or_default().trim();
        let (begun, drawn) = verticals::begun(&app, word, id)?;
        written.get_or_insert_with(|| Written {
            document: TermsDocument::Layer(Arc::new(begun.terms)),
            drawn,
            by: caller.person().ok().map(|person| person.0),
        });
        fields.get_or_insert(written_fields(&begun.fields.fields)?);
        duplicates.get_or_insert(begun.feed_duplicates);
        leads.get_or_insert_with(|| LeadTerms {
            consent: begun.consent,
            ..LeadTerms::default()
        });
    }
    let campaign = Campaign {
        id,
        account: caller.account,
        name: name(input.name),
        vertical: input
            .vertical
            .map(|v| name(Some(v)))
            .filter(|v| !v.is_empty()),
        plan,
        fields: fields.unwrap_or_else(|| "[]".to_owned()),
        leads: leads.unwrap_or_default(),
        duplicates: duplicates.unwrap_or_default(),
        compliance: compliance.unwrap_or_default(),
        recordings: recordings.unwrap_or_default(),
        paused: input.paused.unwrap_or(false),
        archived_at: None,
        created_at: now,
    };
    let distribution = &app.backend.distribution;
    distribution.create(campaign, written, now).await?;
    let (market, campaign) = find::<Campaign, _>(&app, &caller, &id.to_string())?;
    let item = CampaignItem::new(&market, &campaign);
    Ok((StatusCode::CREATED, Json(item)))
}

/// A campaign.
#[utoipa::path(get, path = "/campaigns/{id}", tag = "routing", operation_id = "readCampaign", params(("id" = String, Path)), responses((status = 200, body = CampaignItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CampaignItem>, Problem> {
    caller.may(Need::Read)?;
    let (market, campaign) = find::<Campaign, _>(&app, &caller, &id)?;
    Ok(Json(CampaignItem::new(&market, &campaign)))
}

/// Changes a campaign.
#[utoipa::path(patch, path = "/campaigns/{id}", tag = "routing", operation_id = "changeCampaign", params(("id" = String, Path)), request_body = CampaignInput, responses((status = 200, body = CampaignItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<CampaignInput>,
) -> Result<Json<CampaignItem>, Problem> {
    caller.may(Need::Write)?;
    let (_, campaign) = find::<Campaign, _>(&app, &caller, &id)?;
    terms_stay(input.terms.as_ref())?;
    if input.from_vertical == Some(true) {
        let message = "Only a new campaign begins with what its vertical offers.";
        return Err(Problem::invalid("from_vertical", message));
    }
    let fields = input.fields.map(read_fields).transpose()?;
    let duplicates = input.duplicates.map(read_duplicates).transpose()?;
    let leads = input.leads.map(read_leads).transpose()?;
    let compliance = input.compliance.map(read_compliance).transpose()?;
    let recordings = input.recordings.map(read_recordings).transpose()?;
    let change = |campaign: &mut Campaign| {
        if let Some(text) = input.name {
            campaign.name = name(Some(text));
        }
        if let Some(text) = input.vertical {
            campaign.vertical = Some(name(Some(text))).filter(|v| !v.is_empty());
        }
        campaign.paused = input.paused.unwrap_or(campaign.paused);
        if let Some(fields) = fields {
            campaign.fields = fields;
        }
        if let Some(leads) = leads {
            campaign.leads = leads;
        }
        if let Some(duplicates) = duplicates {
            campaign.duplicates = duplicates;
        }
        if let Some(compliance) = compliance {
            campaign.compliance = compliance;
        }
        campaign.recordings = recordings.unwrap_or(campaign.recordings);
    };
    let distribution = &app.backend.distribution;
    let changed = distribution.change(caller.account, campaign.id, change);
    changed.await?;
    let (market, campaign) = find::<Campaign, _>(&app, &caller, &id)?;
    Ok(Json(CampaignItem::new(&market, &campaign)))
}

/// Puts a campaign without feeds away, or takes it out again.
#[utoipa::path(post, path = "/campaigns/{id}/archive", tag = "routing", operation_id = "archiveCampaign", params(("id" = String, Path)), request_body = ArchiveInput, responses((status = 200, body = CampaignItem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn archive(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<ArchiveInput>,
) -> Result<Json<CampaignItem>, Problem> {
    caller.may(Need::Write)?;
    let (_, campaign) = find::<Campaign, _>(&app, &caller, &id)?;
    let distribution = &app.backend.distribution;
    let changed = distribution.archive::<Campaign>(caller.account, campaign.id, input.read(&app)?);
    changed.await?;
    let (market, campaign) = find::<Campaign, _>(&app, &caller, &id)?;
    Ok(Json(CampaignItem::new(&market, &campaign)))
}

fn read_fields(fields: Value) -> Result<String, Problem> {
    let fields: Vec<FieldDef> = document_of(fields, "fields")?;
    written_fields(&fields)
}

fn written_fields(fields: &[FieldDef]) -> Result<String, Problem> {
    serde_json::to_string(fields)
        .map_err(|error| Problem::invalid("fields", sentence(&error.to_string())))
}

fn read_leads(terms: Value) -> Result<LeadTerms, Problem> {
    document_of(terms, "leads")
}

fn read_duplicates(rules: Value) -> Result<Vec<DuplicateRule>, Problem> {
    document_of(rules, "duplicates")
}

fn read_compliance(rules: Value) -> Result<ComplianceRules, Problem> {
    document_of(rules, "compliance")
}

fn read_recordings(rules: Value) -> Result<RecordingRules, Problem> {
    document_of(rules, "recordings")
}

/// The route plan of a campaign, in versions; `live` is null until there is one.
#[utoipa::path(get, path = "/campaigns/{id}/plan", tag = "routing", operation_id = "readPlan", params(("id" = String, Path)), responses((status = 200, body = TermsItem), (status = 404, body = Problem)))]
async fn read_plan(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<TermsItem>, Problem> {
    caller.may(Need::Read)?;
    let (market, campaign) = find::<Campaign, _>(&app, &caller, &id)?;
    Ok(Json(TermsItem::new(&market, campaign.plan)))
}

/// Changes the route plan of a campaign, as the next version: at once, or from a time on. 409 when somebody changed it
/// since it was seen.
#[utoipa::path(put, path = "/campaigns/{id}/plan", tag = "routing", operation_id = "changePlan", params(("id" = String, Path)), request_body(content = TermsInput, example = json!({"seen": 0, "document": {"schema": 1, "start": "main", "groups": {"main": {"method": "waterfall", "members": [{"to": {"contract": "ctr_01k7g3z9a0b1c"}}]}}}})), responses((status = 200, body = TermsItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn change_plan(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<TermsInput>,
) -> Result<Json<TermsItem>, Problem> {
    caller.may(Need::Write)?;
    let (_, campaign) = find::<Campaign, _>(&app, &caller, &id)?;
    save(&app, &caller, campaign.plan.into(), input).await
}
