//! Distribution as the API shows it: publishers, campaigns, feeds, buyers, destinations, contracts, lists, and every version
//! of what they say.

mod buyers;
mod campaigns;
mod contracts;
mod destinations;
mod effective;
mod feeds;
mod lists;
mod publishers;
mod terms;
mod try_answer;
mod verticals;

use std::sync::Arc;

use serde::Deserialize;
use trunkline_core::base::{Id, IdKind, Timestamp};
use trunkline_engine::distribution::{DistributionError, Market, Thing};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::page::{Page, after, cursor, limit};
use crate::app::{App, Web};
use crate::auth::Caller;
use crate::problem::{Problem, ProblemPlace, sentence};

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(publishers::router())
        .merge(campaigns::router())
        .merge(feeds::router())
        .merge(buyers::router())
        .merge(destinations::router())
        .merge(try_answer::router())
        .merge(contracts::router())
        .merge(terms::router())
        .merge(lists::router())
        .merge(verticals::router())
}

/// Whether something is put away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PutAwayInput, example = json!({"archived": true}))]
struct ArchiveInput {
    /// True puts it away, when nothing uses it; false takes it out again.
    archived: Option<bool>,
}

impl ArchiveInput {
    /// Since when it is put away.
    fn read(&self, app: &Web) -> Result<Option<Timestamp>, Problem> {
        let archived = self
            .archived
            .ok_or_else(|| Problem::invalid("archived", "Write true or false."))?;
        Ok(archived.then(|| app.backend.moment.now()))
    }
}

/// Which things of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Those that are put away instead of the others.
    #[serde(default)]
    archived: bool,
    /// Only those of this campaign.
    campaign: Option<String>,
    /// Only those of this publisher.
    publisher: Option<String>,
    /// Only those of this buyer.
    buyer: Option<String>,
    /// Only those of this destination.
    destination: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Whether the text of a filter names this id; no filter names everything.
fn is_of<K: IdKind>(filter: Option<&String>, id: Id<K>) -> bool {
    filter.is_none_or(|text| Id::<K>::parse(text) == Ok(id))
}

/// A page of things, oldest first.
fn page<'a, T, K: IdKind, I>(
    all: impl Iterator<Item = &'a Arc<T>>,
    params: &ListParams,
    item: impl Fn(&T) -> I,
) -> Result<Page<I>, Problem>
where
    T: Thing<Id = Id<K>>,
{
    let wanted = limit(params.limit)? as usize;
    let after = after::<K>(params.cursor.as_deref())?;
    let mut left = all
        .filter(|t| t.archived_at().is_some() == params.archived)
        .filter(|t| after.is_none_or(|(_, id)| t.id() > id));
    let found: Vec<&Arc<T>> = left.by_ref().take(wanted).collect();
    let last = found.last().filter(|_| left.next().is_some());
    Ok(Page {
        next_cursor: last.map(|t| cursor(t.id().drawn_at(), t.id())),
        items: found.iter().map(|t| item(t)).collect(),
    })
}

/// Something of the caller's account.
fn find<T: Thing<Id = Id<K>>, K: IdKind>(
    app: &Web,
    caller: &Caller,
    text: &str,
) -> Result<(Arc<Market>, Arc<T>), Problem> {
    let missing = || Problem::not_found(T::NOUN);
    let id = Id::<K>::parse(text).map_err(|_| missing())?;
    let market = app.backend.distribution.market(caller.account)?;
    let thing = T::find(&market, id).cloned().ok_or_else(missing)?;
    Ok((market, thing))
}

/// A name as it is stored.
fn name(text: Option<String>) -> String {
    text.unwrap_or_default().trim().to_owned()
}

/// A field that must be given.
fn needed<T>(field: &'static str, given: Option<T>, what: &str) -> Result<T, Problem> {
    given.ok_or_else(|| Problem::invalid(field, what))
}

impl From<DistributionError> for Problem {
    fn from(error: DistributionError) -> Self {
        let detail = sentence(&error.to_string());
        match error {
            DistributionError::Invalid { field, message } => {
                Self::invalid(field, sentence(&message))
            }
            DistributionError::Problems(problems) => {
                let places = problems.into_iter().map(|p| ProblemPlace {
                    place: p.place,
                    message: p.message,
                });
                Self::document(places.collect())
            }
            DistributionError::BadItems(items) => {
                let places = items.into_iter().map(|item| ProblemPlace {
                    place: format!("line {}", item.line),
                    message: item.message,
                });
                let items = places.collect();
                let problem = Self::document(items);
                Self {
                    field: Some("items".to_owned()),
                    ..problem
                }
            }
            DistributionError::NotFound(what) => Self::not_found(what),
            DistributionError::Conflict(_) => Self::conflict(detail),
            DistributionError::Port(error) => error.into(),
        }
    }
}

/// Terms have versions and are not changed with the rest.
fn terms_stay(terms: Option<&serde_json::Value>) -> Result<(), Problem> {
    match terms {
        None => Ok(()),
        Some(_) => Err(Problem::invalid(
            "terms",
            "Terms have versions: change them with PUT /api/v1/terms/{id}.",
        )),
    }
}
