//! A tracking number as the API shows it: what it is used for, who sees it now, what it costs.

use std::collections::HashMap;

use serde::Serialize;
use trunkline_core::assignment::{Hold, NumberUse, SlotUse, TrackingNumber};
use trunkline_core::base::id::NumberId;
use trunkline_core::base::{Country, Timestamp};
use trunkline_engine::assignment::PoolView;
use trunkline_engine::directory::Directory;
use trunkline_engine::inventory::Health;
use trunkline_engine::ports::carriers::Holding;
use utoipa::ToSchema;

use super::numbers::{Named, Selector};
use super::sites::account_defaults;
use crate::app::Web;
use crate::auth::Caller;
use crate::problem::Problem;

/// A tracking number.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrackingNumber)]
pub(super) struct NumberItem {
    id: String,
    number: String,
    number_display: String,
    /// `static`, `source` or `pool`.
    kind: &'static str,
    label: String,
    site: Option<Named>,
    /// The swap target it stands for; the site's first when null.
    target: Option<String>,
    pool: Option<Named>,
    source: Option<Selector>,
    trunk: Named,
    business_line: String,
    business_line_display: String,
    second_line: Option<String>,
    second_line_display: Option<String>,
    flow: Option<Named>,
    /// The feed its calls come through; null: that of its pool, if any.
    feed: Option<String>,
    /// Where it is in its life: `warming` (takes calls, not shown yet), `in_use`, `quarantine` (takes calls, not shown
    /// any more) or `released` (takes no calls).
    stage: &'static str,
    stage_since_at: i64,
    holder: Option<HolderItem>,
    calls_30d: i64,
    /// Different callers within 30 days; each call with a withheld number counts as one.
    callers_30d: i64,
    /// Those of them with a call that belonged to no visit.
    strangers_30d: i64,
    /// Whether so many strangers call it that it was probably published somewhere.
    leaked: bool,
    last_call_at: Option<i64>,
    /// Why no pool and no other site may have the number, and until when; null: anybody may.
    held: Option<HoldItem>,
    created_at: i64,
    /// What it costs at its carrier; null for a number that was not bought here.
    cost: Option<NumberCost>,
}

/// What a number costs at its carrier, in millionths of the currency's unit.
#[derive(Debug, Serialize, ToSchema)]
struct NumberCost {
    monthly_micros: i64,
    setup_micros: i64,
    currency: String,
    bought_at: i64,
    /// When it was given back to the carrier.
    given_back_at: Option<i64>,
}

impl From<&Holding> for NumberCost {
    fn from(holding: &Holding) -> Self {
        Self {
            monthly_micros: holding.monthly.micros(),
            setup_micros: holding.setup.micros(),
            currency: holding.monthly.currency().to_string(),
            bought_at: holding.bought_at.as_millis(),
            given_back_at: holding.given_back_at.map(Timestamp::as_millis),
        }
    }
}

/// Pages may still show the number to everybody, because it was published in a block.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NumberHold)]
struct HoldItem {
    /// Whose block carries it, or carried it.
    site: Named,
    /// Whether the block in force still does.
    in_block: bool,
    /// When a page last told that it carries such a block.
    seen_at: i64,
    /// When the number is free, if no page tells of it any more.
    until_at: i64,
}

/// Who holds a pool number.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Holder)]
struct HolderItem {
    session: String,
    source_label: String,
    since_at: i64,
    /// Null: the page has not confirmed yet that it shows the number.
    last_visible_at: Option<i64>,
    /// `in_call`, `cooling`, `provisional` or `held`.
    state: &'static str,
}

/// What the items are made of, read once for a list.
pub(super) struct View {
    directory: std::sync::Arc<Directory>,
    home: Country,
    health: HashMap<NumberId, Health>,
    held: HashMap<NumberId, (PoolView, SlotUse)>,
    holds: HashMap<NumberId, Hold>,
}

impl View {
    pub(super) async fn load(app: &Web, caller: &Caller) -> Result<Self, Problem> {
        let directory = app.backend.directory.now();
        let health = app.backend.inventory.health(caller.account).await?;
        let (_, home) = account_defaults(app, caller)?;
        let now = app.backend.moment.now();
        let mut held = HashMap::new();
        for pool in directory.pools_of(caller.account) {
            for view in app
                .backend
                .assignments
                .pool_view(pool.settings.site, pool.settings.id)
            {
                let use_now = view.slot.use_now(pool.settings.strict, now);
                held.insert(view.slot.number.id, (view, use_now));
            }
        }
        let holds = directory.numbers_of(caller.account).into_iter();
        let holds = holds.filter_map(|n| Some((n.id, app.backend.assignments.hold(n.id)?)));
        let holds = holds.collect();
        Ok(Self {
            holds,
            directory,
            home,
            health,
            held,
        })
    }

    /// With the directory as it is after a change.
    pub(super) fn renewed(mut self, app: &Web) -> Self {
        self.directory = app.backend.directory.now();
        self
    }

    fn hold(&self, number: NumberId, hold: Hold) -> HoldItem {
        let site = self.directory.site(hold.site);
        let name = site.map_or("Removed site", |s| s.site.name.as_str());
        HoldItem {
            site: Named {
                id: hold.site.to_string(),
                name: name.to_owned(),
            },
            in_block: site.is_some_and(|s| s.block_numbers().contains(&number)),
            seen_at: hold.seen_at.as_millis(),
            until_at: hold.until.as_millis(),
        }
    }

    pub(super) fn item(&self, number: &TrackingNumber) -> NumberItem {
        let Health { counted, leaked } = self.health.get(&number.id).copied().unwrap_or_default();
        let named = |id: String, name: &str| Named {
            id,
            name: name.to_owned(),
        };
        let directory = &self.directory;
        NumberItem {
            id: number.id.to_string(),
            number: number.number.to_string(),
            number_display: number.number.display_for(self.home),
            kind: number.kind.word(),
            label: number.label.clone(),
            site: number
                .site
                .and_then(|id| directory.site(id))
                .map(|s| named(s.site.id.to_string(), &s.site.name)),
            target: number.target.map(|t| t.to_string()),
            pool: number
                .pool
                .and_then(|id| directory.pool(id))
                .map(|p| named(p.settings.id.to_string(), &p.settings.name)),
            source: (!number.selector.is_empty()).then(|| Selector::from(&number.selector)),
            trunk: directory.trunk(number.trunk).map_or_else(
                || named(number.trunk.to_string(), "Removed trunk"),
                |t| named(t.profile.id.to_string(), &t.profile.name),
            ),
            business_line: number.business_line.to_string(),
            business_line_display: number.business_line.display_for(self.home),
            second_line: number.second_line.map(|l| l.to_string()),
            second_line_display: number.second_line.map(|l| l.display_for(self.home)),
            flow: number
                .flow
                .and_then(|id| directory.flow(id))
                .map(|f| named(f.id.to_string(), &f.name)),
            feed: number.feed.map(|id| id.to_string()),
            stage: number.stage.word(),
            stage_since_at: number.stage_since.as_millis(),
            holder: self
                .held
                .get(&number.id)
                .and_then(|(view, use_now)| holder(view, *use_now)),
            calls_30d: counted.calls,
            callers_30d: counted.callers,
            strangers_30d: counted.strangers,
            leaked: leaked && number.kind == NumberUse::Pool,
            last_call_at: counted.last_call_at.map(Timestamp::as_millis),
            held: self
                .holds
                .get(&number.id)
                .map(|hold| self.hold(number.id, *hold)),
            created_at: number.created_at.as_millis(),
            cost: directory.holding(number.id).map(NumberCost::from),
        }
    }
}

fn holder(view: &PoolView, use_now: SlotUse) -> Option<HolderItem> {
    let holder = view.slot.holder.filter(|_| use_now != SlotUse::Idle)?;
    Some(HolderItem {
        session: holder.session.to_string(),
        source_label: view
            .holder
            .as_ref()
            .map_or_else(String::new, |(source, _)| source.label()),
        since_at: holder.since.as_millis(),
        last_visible_at: holder
            .confirmed_at
            .map(|_| view.slot.last_visible.as_millis()),
        state: use_now.word(),
    })
}
