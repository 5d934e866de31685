//! "Test a page": the server reads a page as visitors get it and tells every number on it.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use trunkline_core::assignment::find::LeftAlone;
use trunkline_core::base::Country;
use trunkline_core::visitor::{Landing, Source, host_of};
use trunkline_engine::page_check::{Finding, Outcome, findings, request_for, sample_numbers};
use trunkline_engine::ports::pages::Place;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::sites::{account_defaults, find, parse};
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::Problem;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(check_page))
}

/// The page to test.
#[derive(Debug, Deserialize, ToSchema)]
struct PageCheckInput {
    /// The page's whole address.
    #[serde(default)]
    url: String,
    /// Whether to test the draft instead of what is published.
    #[serde(default)]
    draft: bool,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
struct PageCheck {
    /// The page's address after redirects.
    url: String,
    /// The status it came with.
    status: u16,
    /// Whether its host is one of the site's; the snippet does nothing on others.
    on_site: bool,
    /// Whether the site's snippet is on it.
    has_snippet: bool,
    /// Whether it is longer than what was read.
    cut: bool,
    /// The numbers, in the order of the page.
    findings: Vec<FindingItem>,
}

/// A number on the page.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PageFinding)]
struct FindingItem {
    /// The number as it is printed.
    printed: String,
    number: String,
    number_display: String,
    /// `text`, the name of an attribute, or `json-ld`.
    place: String,
    /// The element, such as `header > a.phone`.
    element: String,
    /// `swapped`, `nothing_to_show`, `part_of_longer`, `json_ld_off`, `excluded_number`, `not_a_target`, or why the place
    /// is left alone: `field`, `code`, `editable`, `skipped`, `excluded`, `outside`.
    outcome: &'static str,
    /// The outcome in a sentence.
    why: String,
    /// Label of the target it stands for.
    target: Option<String>,
    /// What stands there for a visitor.
    becomes: Option<String>,
}

/// Reads a page as visitors get it and tells every number found on it, and what it would become. Numbers that scripts
/// write are seen with a preview link.
#[utoipa::path(post, path = "/sites/{id}/page-check", tag = "assignment", operation_id = "checkPage", params(("id" = String, Path)), request_body = PageCheckInput, responses((status = 200, body = PageCheck), (status = 404, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn check_page(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<PageCheckInput>,
) -> Result<Json<PageCheck>, Problem> {
    caller.may(Need::Write)?;
    let site = find(&app, &caller, parse(&id)?)?;
    let (_, home) = account_defaults(&app, &caller)?;
    let now = app.backend.moment.now();
    app.page_checks
        .attempt(caller.account, now)
        .map_err(Problem::too_many)?;
    let directory = app.backend.directory.now();
    let drafted = if input.draft {
        directory.draft_of(site.site.id)
    } else {
        None
    };
    let tested = drafted.as_ref().unwrap_or(&site);
    let request = request_for(tested, input.url.trim());
    let page = app.backend.pages.read(&request).await;
    let page = page.map_err(|refusal| Problem::invalid("url", refusal.to_string()))?;
    let landing = Landing::parse(&page.url);
    let path = landing.as_ref().map_or("/", |l| &l.path);
    let shown = sample_numbers(&directory, tested, &Source::direct(), path);
    let found = findings(tested, &shown, &page.passages);
    Ok(Json(PageCheck {
        on_site: host_of(&page.url).is_some_and(|host| site.site.has_host(&host)),
        url: page.url,
        status: page.status,
        has_snippet: page.holds,
        cut: page.cut,
        findings: found
            .into_iter()
            .map(|f| FindingItem::new(f, home))
            .collect(),
    }))
}

impl FindingItem {
    fn new(finding: Finding, home: Country) -> Self {
        let (outcome, why) = told(&finding.outcome);
        let (target, becomes) = match finding.outcome {
            Outcome::Swapped { target, becomes } => (Some(target.label), Some(becomes)),
            Outcome::NothingToShow(target) => (Some(target.label), None),
            _ => (None, None),
        };
        Self {
            printed: finding.printed,
            number: finding.number.to_string(),
            number_display: finding.number.display_for(home),
            place: match finding.place {
                Place::Text => "text".to_owned(),
                Place::Attribute(name) => name,
                Place::JsonLd => "json-ld".to_owned(),
            },
            element: finding.element,
            outcome,
            why: why.to_owned(),
            target,
            becomes,
        }
    }
}

/// The outcome in a word and a sentence.
fn told(outcome: &Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Swapped { .. } => ("swapped", "Visitors see a tracking number here."),
        Outcome::NothingToShow(_) => (
            "nothing_to_show",
            "Stays: the target has no tracking number yet.",
        ),
        Outcome::PartOfLonger => ("part_of_longer", "Stays: it is part of a longer number."),
        Outcome::JsonLdOff => (
            "json_ld_off",
            "Stays: structured data is not swapped on this site.",
        ),
        Outcome::ExcludedNumber => (
            "excluded_number",
            "Stays: the site leaves this number alone.",
        ),
        Outcome::NotATarget => ("not_a_target", "Stays: it is none of the numbers to swap."),
        Outcome::LeftAlone(left) => (left.word(), sentence(*left)),
    }
}

fn sentence(left: LeftAlone) -> &'static str {
    match left {
        LeftAlone::Field => "Stays: it is in a field of a form.",
        LeftAlone::Code => "Stays: it is in code or preformatted text.",
        LeftAlone::Editable => "Stays: somebody may be writing here.",
        LeftAlone::Skipped => "Stays: the page marks it with data-tl-skip.",
        LeftAlone::Excluded => "Stays: the site leaves this part of the page alone.",
        LeftAlone::Outside => "Stays: it is in none of the elements the site names.",
    }
}
