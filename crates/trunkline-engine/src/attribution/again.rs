//! Weighs past calls again under the model in force: how many would be credited otherwise, and, when asked to,
//! credits them so. Calls that a person confirmed keep what that person said.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use trunkline_core::assignment::Site;
use trunkline_core::attribution::{EarlierCall, NumberHistory};
use trunkline_core::base::id::NumberId;
use trunkline_core::base::{PhoneNumber, Timestamp};

use super::{Asked, DAY_MS, EARLIER_CALL_DAYS, Evidence, NUMBER_CALLS, SharedModels, verdict};
use crate::directory::SharedDirectory;
use crate::ports::calls::CallRow;
use crate::ports::history::SessionRow;
use crate::ports::past_calls::PastCallFilter;
use crate::ports::{CallRecords, History, PastCalls, PortResult};
use crate::visit_retention::VisitDays;

/// Most calls of one run; a longer past takes another run.
pub const AGAIN_CALLS_MAX: u64 = 20_000;
/// Calls read, and credited in one transaction, at once.
const PAGE_CALLS: u32 = 200;

/// What weighing again found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reweighed {
    /// Calls that were looked at.
    pub calls: u64,
    /// Of those, calls a person confirmed; they keep their credit.
    pub confirmed: u64,
    /// Calls that get another session, or one in place of none, or none.
    pub changed: u64,
    /// Calls credited to a session before.
    pub credited_before: u64,
    /// Calls credited to a session after.
    pub credited_after: u64,
    /// Ambiguous calls before.
    pub ambiguous_before: u64,
    /// Ambiguous calls after.
    pub ambiguous_after: u64,
    /// Where it stopped for its limit; `None`: it looked at all.
    pub stopped_at: Option<Timestamp>,
}

/// Weighs past calls again.
pub struct Again {
    past: Arc<dyn PastCalls>,
    evidence: Evidence,
    directory: SharedDirectory,
    models: SharedModels,
    days: VisitDays,
}

impl Again {
    /// Over these stores. `history` and `calls` are read for every call, so they should be readers that nothing
    /// urgent waits for.
    #[must_use]
    pub fn new(
        past: Arc<dyn PastCalls>,
        history: Arc<dyn History>,
        calls: Arc<dyn CallRecords>,
        directory: SharedDirectory,
        models: SharedModels,
        days: VisitDays,
    ) -> Self {
        Self {
            past,
            evidence: Evidence { history, calls },
            directory,
            models,
            days,
        }
    }

    /// Calls before this are not weighed again: some of those who saw their number are not known any more.
    #[must_use]
    pub fn whole_since(&self, now: Timestamp) -> Timestamp {
        self.days.whole_since(now)
    }

    /// Weighs the ended calls of a site from `from` until `to` again, oldest first, so that a repeat call
    /// follows its caller's earlier one; and credits them so when `apply` is set.
    ///
    /// # Errors
    /// When the store fails; what was credited until then stays, and a second run does the rest.
    pub async fn run(
        &self,
        site: &Site,
        from: Timestamp,
        to: Timestamp,
        apply: bool,
    ) -> PortResult<Reweighed> {
        let filter = PastCallFilter {
            account: site.account,
            site: Some(site.id),
            from,
            to,
        };
        let mut found = Reweighed::default();
        let mut run = Run::new(from);
        let mut after = None;
        loop {
            let page = self.past.past_calls(filter, after, PAGE_CALLS).await?;
            let full = page.len() == PAGE_CALLS as usize;
            let mut credited = Vec::new();
            for call in page {
                after = Some((call.started_at, call.id));
                found.before(&call);
                if call.confirmed_at.is_some() {
                    found.confirmed += 1;
                    found.after(&call);
                    run.credited(&call);
                    self.keep(&call, &mut run).await?;
                    continue;
                }
                let again = self.weigh(&call, &mut run).await?;
                run.credited(&again);
                found.changed += u64::from(again.session != call.session);
                found.after(&again);
                if again != call {
                    credited.push(again);
                }
            }
            if apply && !credited.is_empty() {
                self.past.recredit(&credited).await?;
            }
            if !full {
                return Ok(found);
            }
            if found.calls >= AGAIN_CALLS_MAX {
                found.stopped_at = after.map(|(at, _)| at);
                return Ok(found);
            }
        }
    }

    /// What earlier calls say about the number: those of the run as they are credited in it, and stored ones
    /// before it.
    async fn number_history(&self, call: &CallRow, run: &Run) -> PortResult<NumberHistory> {
        let in_run = run.numbers.get(&call.number);
        let count = in_run.map_or(0, VecDeque::len);
        let stray = in_run.map_or(0, |latest| latest.iter().filter(|c| !**c).count());
        let left = NUMBER_CALLS.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX));
        let before = self
            .evidence
            .calls
            .number_history(call.number, run.from, left)
            .await?;
        Ok(NumberHistory {
            calls: before.calls + count as f64,
            stray: before.stray + stray as f64,
        })
    }

    /// A call that keeps its credit: what a person said of it tells who the caller is when they call again.
    async fn keep(&self, call: &CallRow, run: &mut Run) -> PortResult<()> {
        let Some(id) = call.session else {
            return Ok(());
        };
        let found = self.evidence.history.sessions_by_id(&[id]).await?;
        if let Some(session) = found.first() {
            run.follow(call, session, call.probability);
        }
        Ok(())
    }

    /// The call as it would be credited today, after the calls of the run before it.
    async fn weigh(&self, call: &CallRow, run: &mut Run) -> PortResult<CallRow> {
        let directory = self.directory.now();
        let Some(number) = directory.number(call.number) else {
            // A number that was removed says nothing any more about the source of its calls.
            self.keep(call, run).await?;
            return Ok(call.clone());
        };
        let asked = Asked {
            account: call.account,
            site: call.site,
            number: call.number,
            caller: call.caller,
            at: call.started_at,
        };
        let mut knowledge = self.evidence.gather(asked).await?;
        knowledge.earlier = run.earlier(call).or(knowledge.earlier);
        knowledge.call.number = self.number_history(call, run).await?;
        let in_force = self.models.of(call.site);
        let credit = in_force.model.attribute(&knowledge.known());
        let sessions = self.evidence.sessions(&credit, call.started_at).await?;
        let verdict = verdict(number, &credit, &sessions, call.first_time);
        if let Some(session) = verdict.session.and_then(|id| sessions.get(&id)) {
            run.follow(call, session, verdict.probability);
        }
        Ok(CallRow {
            session: verdict.session,
            probability: verdict.probability,
            ambiguous: verdict.ambiguous,
            source: verdict.source,
            candidates: verdict.candidates,
            model: in_force.id,
            ..call.clone()
        })
    }
}

/// What the calls of a run so far say about those after them, whether they are credited anew or only tried.
struct Run {
    from: Timestamp,
    /// The latest credit of each caller.
    callers: HashMap<PhoneNumber, EarlierCall>,
    /// Whether the latest calls of each number were credited, at most [`NUMBER_CALLS`] of each.
    numbers: HashMap<NumberId, VecDeque<bool>>,
}

impl Run {
    fn new(from: Timestamp) -> Self {
        Self {
            from,
            callers: HashMap::new(),
            numbers: HashMap::new(),
        }
    }

    fn earlier(&self, call: &CallRow) -> Option<EarlierCall> {
        let earlier = self.callers.get(&call.caller?)?;
        let ago_ms = call.started_at.millis_since(earlier.at);
        (ago_ms < EARLIER_CALL_DAYS * DAY_MS).then_some(*earlier)
    }

    /// The caller's later calls follow this one, when it is credited to a visit of their site.
    fn follow(&mut self, call: &CallRow, session: &SessionRow, probability: Option<f64>) {
        let of_site = call.site.is_none_or(|site| site == session.site);
        if let Some(caller) = call.caller.filter(|_| of_site) {
            let earlier = EarlierCall {
                session: session.id,
                visitor: session.visitor,
                at: call.started_at,
                probability: probability.unwrap_or(0.0),
            };
            self.callers.insert(caller, earlier);
        }
    }

    fn credited(&mut self, call: &CallRow) {
        let latest = self.numbers.entry(call.number).or_default();
        if latest.len() == NUMBER_CALLS as usize {
            latest.pop_front();
        }
        latest.push_back(call.session.is_some());
    }
}

impl Reweighed {
    fn before(&mut self, call: &CallRow) {
        self.calls += 1;
        self.credited_before += u64::from(call.session.is_some());
        self.ambiguous_before += u64::from(call.ambiguous);
    }

    fn after(&mut self, call: &CallRow) {
        self.credited_after += u64::from(call.session.is_some());
        self.ambiguous_after += u64::from(call.ambiguous);
    }
}
