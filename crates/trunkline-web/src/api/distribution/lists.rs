//! Lists of numbers, ZIP codes, texts or hashes that filters and suppressions name, up to a million items each.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body as RawBody;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use trunkline_core::base::id::{ItemListId, ItemListKind};
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::routing::{ItemKind, ItemList, ListError};
use trunkline_engine::distribution::{DistributionError, ListUse, Market};
use trunkline_engine::lead::sha256;
use trunkline_engine::ports::distribution::ListRow;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::{Body, Params};
use super::super::page::{Page, after, cursor, limit};
use super::super::sites::account_defaults;
use super::super::upload::whole;
use super::{name, needed};
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

/// Largest file of items, in bytes: a million hashes are 65 MB.
const ITEMS_BYTES_MAX: usize = 72 * 1024 * 1024;
/// Most uses of a list that are named.
const USES_SHOWN: usize = 20;
/// Longest an upload may take.
const ITEMS_WAIT: Duration = Duration::from_secs(300);

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change, delete))
        .routes(routes!(read_items, fill))
        .routes(routes!(contains))
}

/// A list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ItemList)]
struct ListItem {
    id: String,
    name: String,
    /// `numbers`, `zips`, `texts` or `hashes`.
    kind: &'static str,
    /// How many different items it has.
    items: u32,
    filled_at: Option<i64>,
    created_at: i64,
    /// What it is used for, at most 20.
    used: Vec<UseItem>,
    /// How many use it.
    uses: usize,
}

/// A use of a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ItemListUse)]
struct UseItem {
    /// `do_not_call` or `litigators`: a campaign sells nobody who is on it; `terms`: filters, suppressions, caps or prices
    /// name it.
    role: &'static str,
    /// Who uses it, such as `the campaign Solar`.
    by: String,
}

type Uses = BTreeMap<ItemListId, BTreeSet<ListUse>>;

impl ListItem {
    fn new(list: &ListRow, uses: &Uses) -> Self {
        let own = uses.get(&list.id);
        let used = own
            .into_iter()
            .flatten()
            .take(USES_SHOWN)
            .map(|one| UseItem {
                role: one.role.word(),
                by: one.by.clone(),
            });
        Self {
            used: used.collect(),
            uses: own.map_or(0, BTreeSet::len),
            id: list.id.to_string(),
            name: list.name.clone(),
            kind: list.kind.word(),
            items: list.items,
            filled_at: list.filled_at.map(Timestamp::as_millis),
            created_at: list.created_at.as_millis(),
        }
    }
}

/// A list to make, or another name for one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ItemListInput, example = json!({"name": "Do not call", "kind": "numbers"}))]
struct ListInput {
    name: Option<String>,
    /// `numbers`, `zips`, `texts` or `hashes`; stays what it is.
    kind: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PageParams {
    limit: Option<u32>,
    cursor: Option<String>,
}

/// The lists of the account, oldest first.
#[utoipa::path(get, path = "/lists", tag = "routing", operation_id = "listLists", params(PageParams), responses((status = 200, body = Page<ListItem>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<PageParams>,
) -> Result<Json<Page<ListItem>>, Problem> {
    caller.may(Need::Read)?;
    let wanted = limit(params.limit)? as usize;
    let after = after::<ItemListKind>(params.cursor.as_deref())?;
    let market = app.backend.distribution.market(caller.account)?;
    let uses = uses_of(&market).await?;
    let mut left = market
        .lists()
        .filter(|l| after.is_none_or(|(_, id)| l.id > id));
    let found: Vec<_> = left.by_ref().take(wanted).collect();
    let last = found.last().filter(|_| left.next().is_some());
    Ok(Json(Page {
        next_cursor: last.map(|l| cursor(l.created_at, l.id)),
        items: found.iter().map(|l| ListItem::new(l, &uses)).collect(),
    }))
}

/// Makes a list without items.
#[utoipa::path(post, path = "/lists", tag = "routing", operation_id = "createList", request_body = ListInput, responses((status = 201, body = ListItem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<ListInput>,
) -> Result<(StatusCode, Json<ListItem>), Problem> {
    caller.may(Need::Write)?;
    let kinds = "Write numbers, zips, texts or hashes.";
    let kind = needed("kind", input.kind, kinds)?;
    let kind = needed("kind", ItemKind::from_word(&kind), kinds)?;
    let list = ListRow {
        id: app.backend.moment.id(),
        account: caller.account,
        name: name(input.name),
        kind,
        revision: 0,
        items: 0,
        filled_at: None,
        created_at: app.backend.moment.now(),
    };
    app.backend.distribution.put_list(&list).await?;
    let item = ListItem::new(&list, &Uses::new());
    Ok((StatusCode::CREATED, Json(item)))
}

/// A list, without its items.
#[utoipa::path(get, path = "/lists/{id}", tag = "routing", operation_id = "readList", params(("id" = String, Path)), responses((status = 200, body = ListItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ListItem>, Problem> {
    caller.may(Need::Read)?;
    let (market, list) = find(&app, &caller, &id)?;
    Ok(Json(ListItem::new(&list, &uses_of(&market).await?)))
}

/// Gives a list another name.
#[utoipa::path(patch, path = "/lists/{id}", tag = "routing", operation_id = "changeList", params(("id" = String, Path)), request_body = ListInput, responses((status = 200, body = ListItem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<ListInput>,
) -> Result<Json<ListItem>, Problem> {
    caller.may(Need::Write)?;
    let (_, list) = find(&app, &caller, &id)?;
    if input.kind.is_some_and(|kind| kind != list.kind.word()) {
        return Err(Problem::invalid(
            "kind",
            "A list keeps its kind. Make another list instead.",
        ));
    }
    let mut renamed = ListRow::clone(&list);
    if let Some(text) = input.name {
        renamed.name = name(Some(text));
    }
    app.backend.distribution.put_list(&renamed).await?;
    let (market, list) = find(&app, &caller, &id)?;
    Ok(Json(ListItem::new(&list, &uses_of(&market).await?)))
}

/// Removes a list that nothing uses; 409 names what does.
#[utoipa::path(delete, path = "/lists/{id}", tag = "routing", operation_id = "deleteList", params(("id" = String, Path)), responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.may(Need::Write)?;
    let (_, list) = find(&app, &caller, &id)?;
    let now = app.backend.moment.now();
    let distribution = &app.backend.distribution;
    distribution
        .delete_list(caller.account, list.id, now)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Every item of a list, a line each, as it is kept.
#[utoipa::path(get, path = "/lists/{id}/items", tag = "routing", operation_id = "readListItems", params(("id" = String, Path)), responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = Problem), (status = 429, body = Problem)))]
async fn read_items(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    caller.may(Need::Read)?;
    let (market, list) = find(&app, &caller, &id)?;
    let _place = app.lists.take(caller.account).ok_or_else(too_many)?;
    let items = market.shelf().lists.get(&list.id).cloned();
    let items = items.ok_or_else(|| Problem::not_found("list"))?;
    let written = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        for item in items.items() {
            text.push_str(&item);
            text.push('\n');
        }
        text
    });
    let text = written.await.map_err(|_| Problem::internal())?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FillParams {
    /// Whether the first line names the columns and is left out.
    #[serde(default)]
    header: bool,
}

/// Puts items in the place of those that a list has: a text with an item on each line, or CSV, of which the first column
/// counts. Up to a million; when some cannot be read, nothing changes and the first hundred are named with their lines.
#[utoipa::path(put, path = "/lists/{id}/items", tag = "routing", operation_id = "fillList", params(("id" = String, Path), FillParams), request_body(content = String, content_type = "text/plain", description = "An item on each line, or CSV with `Content-Type: text/csv`", example = "+12145550100\n+12145550101\n"), responses((status = 200, body = ListItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn fill(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Params(params): Params<FillParams>,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Json<ListItem>, Problem> {
    caller.may(Need::Write)?;
    let (_, list) = find(&app, &caller, &id)?;
    let csv = is_csv(&headers)?;
    let (_, home) = account_defaults(&app, &caller)?;
    let _place = app.lists.take(caller.account).ok_or_else(too_many)?;
    let file = whole(&headers, body, ITEMS_BYTES_MAX, ITEMS_WAIT).await?;
    let text = String::from_utf8(file)
        .map_err(|_| Problem::invalid("items", "Send the items as UTF-8 text."))?;
    let kind = list.kind;
    // A million items are read: not on a thread that answers requests.
    let read = tokio::task::spawn_blocking(move || {
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let first = usize::from(params.header);
        let cells: Vec<Cow<'_, str>> = text
            .lines()
            .enumerate()
            // Lines keep their numbers, so that they are named as they stand in the file.
            .map(|(place, line)| match (place < first, csv) {
                (true, _) => Cow::Borrowed(""),
                (false, true) => first_cell(line),
                (false, false) => Cow::Borrowed(line),
            })
            .collect();
        ItemList::read(kind, cells.iter().map(AsRef::as_ref), home)
    });
    let items = read.await.map_err(|_| Problem::internal())?;
    let items = items.map_err(|error| match error {
        ListError::BadItems(items) => DistributionError::BadItems(items).into(),
        ListError::TooLong => {
            Problem::invalid("items", crate::problem::sentence(&error.to_string()))
        }
    });
    let now = app.backend.moment.now();
    let distribution = &app.backend.distribution;
    let filled = distribution.fill_list(caller.account, list.id, items?, now);
    let filled = filled.await?;
    let (market, _) = find(&app, &caller, &id)?;
    Ok(Json(ListItem::new(&filled, &uses_of(&market).await?)))
}

fn is_csv(headers: &HeaderMap) -> Result<bool, Problem> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|v| v.to_str().ok()).unwrap_or("text/plain");
    match kind.split(';').next().unwrap_or_default().trim() {
        "text/csv" => Ok(true),
        "text/plain" => Ok(false),
        _ => Err(Problem::unsupported(
            "Send the items with `Content-Type: text/plain`, one on each line, or as `text/csv`.",
        )),
    }
}

/// The first cell of a line of CSV (RFC 4180). Items have no line breaks in them.
fn first_cell(line: &str) -> Cow<'_, str> {
    let line = line.trim();
    let Some(quoted) = line.strip_prefix('"') else {
        return Cow::Borrowed(line.split([',', ';', '\t']).next().unwrap_or_default());
    };
    let mut cell = String::new();
    let mut letters = quoted.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '"' {
            cell.push(letter);
        } else if letters.next_if_eq(&'"').is_some() {
            cell.push('"');
        } else {
            break;
        }
    }
    Cow::Owned(cell)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ContainsParams {
    /// An item, written as items are. Of a list of hashes a number such as +12145550100 may be asked as well.
    item: String,
}

/// Whether something is in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ItemListContains)]
struct ContainsItem {
    contains: bool,
}

/// Whether an item is in a list.
#[utoipa::path(get, path = "/lists/{id}/contains", tag = "routing", operation_id = "listContains", params(("id" = String, Path), ContainsParams), responses((status = 200, body = ContainsItem), (status = 404, body = Problem)))]
async fn contains(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Params(params): Params<ContainsParams>,
) -> Result<Json<ContainsItem>, Problem> {
    caller.may(Need::Read)?;
    let (market, list) = find(&app, &caller, &id)?;
    let items = market.shelf().lists.get(&list.id);
    let item = params.item.trim();
    // Of a list of hashes people ask whether it has a number.
    let hash = PhoneNumber::parse_e164(item).map(|number| sha256(number.to_string().as_bytes()));
    let contains = items.is_some_and(|items| {
        let hashed = hash.is_ok_and(|hash| items.contains_hash(&hash));
        hashed || items.contains(item)
    });
    Ok(Json(ContainsItem { contains }))
}

/// What the lists of a market are used for. Thousands of documents are read through: not on a thread that answers requests.
async fn uses_of(market: &Arc<Market>) -> Result<Uses, Problem> {
    let market = Arc::clone(market);
    let uses = tokio::task::spawn_blocking(move || market.list_uses());
    uses.await.map_err(|_| Problem::internal())
}

fn too_many() -> Problem {
    Problem::too_many_at_once("Another list is being filled or read. Send this one after it.")
}

fn find(app: &Web, caller: &Caller, text: &str) -> Result<(Arc<Market>, Arc<ListRow>), Problem> {
    let missing = || Problem::not_found("list");
    let id = ItemListId::parse(text).map_err(|_| missing())?;
    let market = app.backend.distribution.market(caller.account)?;
    let list = market.list(id).cloned().ok_or_else(missing)?;
    Ok((market, list))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cell_of_a_line_is_the_item() {
        for (line, item) in [
            ("+12145550100,Ann", "+12145550100"),
            ("\"Ford, Henry\",x", "Ford, Henry"),
            ("\"say \"\"hi\"\"\"", "say \"hi\""),
            ("75201", "75201"),
            ("75201;Dallas", "75201"),
            ("", ""),
        ] {
            assert_eq!(first_cell(line), item, "{line}");
        }
    }
}
