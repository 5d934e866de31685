//! The test caller: walks a draft with a made-up call and tells the path in words.

use std::collections::{BTreeMap, VecDeque};

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::call::DialOutcome;
use trunkline_core::call::flow::{
    Behaviour, Facts, FlowDocument, Lines, Rehearsal, RouteTarget, Script, rehearse,
};
use trunkline_core::visitor::{Channel, Source};
use trunkline_engine::ports::configuration::Flow;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::flows::{ProblemItem, find};
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

/// Most answers of the made-up caller, and most destinations that behave.
const SCRIPT_MAX: usize = 200;
/// Whom the plan of a campaign names: a number that is never given out.
const BUYER: PhoneNumber = PhoneNumber::from_digits(12_025_550_102);
/// How long a buyer may ring, in milliseconds.
const BUYER_RING_MS: u32 = 30_000;
/// Lines of a flow that no number uses yet: numbers that are never given out.
const LINES_UNUSED: Lines = Lines {
    business_line: PhoneNumber::from_digits(12_025_550_100),
    second_line: Some(PhoneNumber::from_digits(12_025_550_101)),
};

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(try_out))
}

/// A made-up call; everything may be left out.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = FlowTryInput)]
struct TryInput {
    /// The document to walk; the flow's draft when left out.
    #[schema(value_type = Option<Object>)]
    document: Option<FlowDocument>,
    /// The caller's number; withheld when left out.
    caller: Option<String>,
    /// When the call comes; now when left out.
    at: Option<i64>,
    /// Where it comes from.
    source: Option<TrySource>,
    /// 0 to 100.
    score: Option<u8>,
    /// How often the caller called before.
    #[serde(default)]
    calls_before: u32,
    /// Who answered the caller's last call that was answered.
    answered_before: Option<String>,
    /// Counts the calls of the flow, for taking turns.
    #[serde(default)]
    turn: u32,
    /// Chance is drawn from it; the same draws the same.
    #[serde(default)]
    seed: u32,
    /// What the caller presses, an entry for each time they are asked; after the last they press nothing.
    #[serde(default)]
    digits: Vec<String>,
    /// What destinations do, by number, `business_line`, `second_line`, or `buyer` for the one whom the plan of a campaign
    /// names: `talks`, `keeps_talking`, or how the attempt fails, such as `busy`. Those left out do not answer; without a
    /// `buyer` a plan names nobody.
    #[serde(default)]
    destinations: BTreeMap<String, String>,
    /// Whether the caller leaves a message when asked to.
    #[serde(default)]
    leaves_message: bool,
    /// The outcome that webhooks are taken to name; they are taken to fail when left out. No server is asked.
    webhook: Option<String>,
}

/// A source of a made-up call.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = FlowTrySource)]
struct TrySource {
    channel: Option<String>,
    medium: Option<String>,
    source: Option<String>,
    ad_campaign: Option<String>,
    term: Option<String>,
    content: Option<String>,
}

/// How the made-up call went.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlowTry)]
struct TryOutput {
    steps: Vec<TryStep>,
    /// `caller`, `destination` or `system`.
    ended_by: &'static str,
    /// Nodes that were entered.
    depth: u32,
    tags: BTreeMap<String, String>,
    /// What keeps the document from being published, and warnings.
    problems: Vec<ProblemItem>,
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlowTryStep)]
struct TryStep {
    /// The node it happened in.
    node: String,
    /// Milliseconds from the start, as the rehearsal counts.
    at_ms: i64,
    words: String,
    /// Of the entry into a node: the way out of the node before that led there, as `on:` with an outcome, `choice:` with a
    /// key, `case:` or `arm:` with its place counted from 0, or `to`.
    way: Option<String>,
}

/// Walks a draft with a made-up call. Nobody is rung, and nothing is changed.
#[utoipa::path(post, path = "/flows/{id}/try", tag = "call", operation_id = "tryFlow", params(("id" = String, Path)), request_body = TryInput, responses((status = 200, body = TryOutput), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn try_out(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<TryInput>,
) -> Result<Json<TryOutput>, Problem> {
    caller.may(Need::Write)?;
    let flow = find(&app, &caller, &id)?;
    let document = input.document.as_ref().unwrap_or(&flow.draft);
    let problems = app
        .backend
        .setup
        .flow_problems(flow.account, Some(flow.id), document);
    let source = input.source.as_ref().map(source).transpose()?;
    let lines = lines(&app, &flow);
    let number = |text: Option<&String>, field| text.map(|t| phone(t, field)).transpose();
    let facts = Facts {
        lines,
        caller: number(input.caller.as_ref(), "caller")?,
        source: source.as_ref(),
        score: input.score,
        calls_before: input.calls_before,
        answered_before: number(input.answered_before.as_ref(), "answered_before")?,
        turn: input.turn.into(),
        recording_consent: app
            .backend
            .directory
            .now()
            .account(flow.account)
            .map(|a| a.recording_consent)
            .unwrap_or_default(),
        now: input
            .at
            .map_or_else(|| app.backend.moment.now(), Timestamp::from_millis),
        seed: input.seed.into(),
    };
    let script = script(&input, lines)?;
    let went = rehearse(document, &facts, script);
    Ok(Json(output(
        went,
        problems.into_iter().map(Into::into).collect(),
    )))
}

/// A line that stands for that of whichever number will use the flow is called so.
fn named(words: &str) -> String {
    let unused = [
        (
            Some(LINES_UNUSED.business_line),
            "The number's business line",
        ),
        (LINES_UNUSED.second_line, "The number's second line"),
    ];
    let unused = unused
        .into_iter()
        .filter_map(|(line, name)| Some((line?, name)));
    unused.fold(words.to_owned(), |words, (line, name)| {
        words.replace(&line.international(), name)
    })
}

fn output(went: Rehearsal, problems: Vec<ProblemItem>) -> TryOutput {
    let steps = went.steps.into_iter().map(|step| TryStep {
        node: step.node,
        at_ms: step.at_ms,
        words: named(&step.words),
        way: step.way,
    });
    TryOutput {
        steps: steps.collect(),
        ended_by: went.ended_by.word(),
        depth: went.depth,
        tags: went.tags,
        problems,
    }
}

/// The lines of the first number that uses the flow.
fn lines(app: &Web, flow: &Flow) -> Lines {
    let directory = app.backend.directory.now();
    let (numbers, _) = directory.users_of_flow(flow.id);
    numbers.first().map_or(LINES_UNUSED, |number| Lines {
        business_line: number.business_line,
        second_line: number.second_line,
    })
}

fn phone(text: &str, field: &'static str) -> Result<PhoneNumber, Problem> {
    PhoneNumber::parse_e164(text).map_err(|error| Problem::invalid(field, error.to_string()))
}

fn script(input: &TryInput, lines: Lines) -> Result<Script, Problem> {
    if input.digits.len() > SCRIPT_MAX || input.destinations.len() > SCRIPT_MAX {
        return Err(Problem::invalid(
            "digits",
            format!("Write at most {SCRIPT_MAX} answers and destinations."),
        ));
    }
    let mut destinations = BTreeMap::new();
    let mut routed = VecDeque::new();
    for (name, word) in &input.destinations {
        let number = match name.as_str() {
            "business_line" => Some(lines.business_line),
            "second_line" => lines.second_line,
            "buyer" => {
                routed.push_back(vec![RouteTarget {
                    to: BUYER.into(),
                    ring_timeout_ms: BUYER_RING_MS,
                }]);
                Some(BUYER)
            }
            number => Some(phone(number, "destinations")?),
        };
        let behaviour = match word.as_str() {
            "talks" => Some(Behaviour::Talks),
            "keeps_talking" => Some(Behaviour::KeepsTalking),
            word => DialOutcome::from_word(word).map(Behaviour::Fails),
        };
        let behaviour = behaviour.ok_or_else(|| {
            let known: Vec<&str> = DialOutcome::ALL.iter().map(|o| o.word()).collect();
            let known = known.join(", ");
            Problem::invalid(
                "destinations",
                format!(
                    "`{word}` is nothing a destination does; write talks, keeps_talking, {known}."
                ),
            )
        })?;
        destinations.extend(number.map(|number| (number, behaviour)));
    }
    Ok(Script {
        digits: input.digits.iter().cloned().collect(),
        destinations,
        routed,
        leaves_message: input.leaves_message,
        webhook: input.webhook.clone(),
    })
}

fn source(given: &TrySource) -> Result<Source, Problem> {
    let nothing = Source::direct();
    let channel = match &given.channel {
        None => nothing.channel,
        Some(word) => Channel::from_word(word).ok_or_else(|| {
            Problem::invalid(
                "source",
                format!("`{word}` is no channel; write one such as paid_search."),
            )
        })?,
    };
    Ok(Source {
        channel,
        medium: given.medium.clone().unwrap_or(nothing.medium),
        source: given.source.clone().unwrap_or(nothing.source),
        ad_campaign: given.ad_campaign.clone(),
        term: given.term.clone(),
        content: given.content.clone(),
        rule: nothing.rule,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_no_number_gave_yet_is_not_told_as_one_that_exists() {
        let line = LINES_UNUSED.business_line.international();
        assert_eq!(
            named(&format!("{line} is rung: busy")),
            "The number's business line is rung: busy"
        );
        let other = "+1 214-555-0190 is rung: busy";
        assert_eq!(named(other), other);
    }
}
