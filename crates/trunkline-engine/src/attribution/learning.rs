//! Learning: when a site's labels are worth a new model, the labelled calls with what was known when they
//! came, and the model put into force.

use std::sync::Arc;
use std::time::Duration;

use trunkline_core::attribution::{LABELS_MAX, Label, Learner, Model};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::SiteId;

use super::{Asked, DAY_MS, Evidence, SharedModels};
use crate::clock::Moment;
use crate::directory::SharedDirectory;
use crate::ports::labels::{FittedModel, LabelCount};
use crate::ports::{CallRecords, History, Labels, PastCalls, PortResult};
use crate::visit_retention::VisitDays;

/// How often to look for sites that have something to learn.
pub const LEARN_EVERY: Duration = Duration::from_secs(300);
/// Labels a site needs for a model of its own. Below it the model for new sites knows better.
pub const LABELS_MIN: u64 = 50;
/// New labels after which a site does not wait for the night.
pub const FRESH_MIN: u64 = 100;
/// Labels are of calls of the last so many days: who calls and how long they wait changes.
const LABEL_DAYS: i64 = 180;
/// Calls that tell where callers come from.
const CALLERS_MAX: u32 = 10_000;

/// Learns from labels, in jobs that may take their time.
pub struct Learning {
    labels: Arc<dyn Labels>,
    past: Arc<dyn PastCalls>,
    evidence: Evidence,
    directory: SharedDirectory,
    models: SharedModels,
    moment: Moment,
    days: VisitDays,
}

impl Learning {
    /// Over these stores. Visits and calls, the `evidence`, are read for every label, so they should be readers that
    /// nothing urgent waits for.
    #[must_use]
    pub fn new(
        labels: Arc<dyn Labels>,
        past: Arc<dyn PastCalls>,
        (history, calls): (Arc<dyn History>, Arc<dyn CallRecords>),
        directory: SharedDirectory,
        models: SharedModels,
        moment: Moment,
        days: VisitDays,
    ) -> Self {
        Self {
            labels,
            past,
            evidence: Evidence { history, calls },
            directory,
            models,
            moment,
            days,
        }
    }

    /// Puts the stored models into force; gives how many there are. Call it at the start.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn load(&self) -> PortResult<usize> {
        let stored = self.labels.models().await?;
        let count = stored.len();
        self.models.put(stored);
        Ok(count)
    }

    /// Sites that have something to learn at `now`: enough labels for a first model, many new ones, or some
    /// new ones and a new day in the site's zone.
    ///
    /// # Errors
    /// When the labels cannot be counted.
    pub async fn due(&self, now: Timestamp) -> PortResult<Vec<SiteId>> {
        let counts = self.labels.label_counts(self.learns_since(now)).await?;
        let due = counts.into_iter().filter(|count| self.is_due(count, now));
        Ok(due.map(|count| count.site).collect())
    }

    /// Calls from then on teach. Of those that came before visits are kept it is not known any more who else saw the number.
    fn learns_since(&self, now: Timestamp) -> Timestamp {
        let whole = self.days.whole_since(now);
        now.plus_millis(-LABEL_DAYS * DAY_MS).max(whole)
    }

    fn is_due(&self, count: &LabelCount, now: Timestamp) -> bool {
        let directory = self.directory.now();
        let Some(entry) = directory.site(count.site) else {
            return false;
        };
        if count.labels < LABELS_MIN || count.fresh == 0 {
            return false;
        }
        let Some(fitted_at) = self.models.fitted_at(count.site) else {
            return true;
        };
        count.fresh >= FRESH_MIN || fitted_at < entry.site.zone.start_of_day(now)
    }

    /// The latest labelled calls of a site, with what was known when each came. [`Learner::fit`] is then
    /// arithmetic alone, for a moment.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn lessons(&self, site: SiteId, now: Timestamp) -> PortResult<Option<Learner>> {
        let directory = self.directory.now();
        let Some(entry) = directory.site(site) else {
            return Ok(None);
        };
        let since = self.learns_since(now);
        let limit = u32::try_from(LABELS_MAX).unwrap_or(u32::MAX);
        let mut labels = self.labels.labels(site, since, now, limit).await?;
        if (labels.len() as u64) < LABELS_MIN {
            return Ok(None);
        }
        // The learner keeps back every so manieth, in the order of time.
        labels.reverse();
        let account = entry.site.account;
        let callers = self.past.callers(account, site, since, CALLERS_MAX).await?;
        let mut learner = Learner::new(Model::default(), Learner::areas_of(callers.into_iter()));
        for label in labels {
            let Some(call) = self.evidence.calls.call(label.call).await? else {
                continue;
            };
            let asked = Asked {
                account: call.account,
                site: call.site,
                number: call.number,
                caller: call.caller,
                at: call.started_at,
            };
            let knowledge = self.evidence.gather(asked).await?;
            let truth = Label {
                session: label.session,
                kind: label.kind,
            };
            learner.add(&knowledge.known(), truth);
        }
        Ok(Some(learner))
    }

    /// Stores a fitted model and puts it into force.
    ///
    /// # Errors
    /// When it cannot be stored; the one before then stays in force.
    pub async fn adopt(&self, site: SiteId, model: Model, now: Timestamp) -> PortResult<()> {
        let fitted = FittedModel {
            id: self.moment.id_at(now),
            site,
            fitted_at: now,
            model,
        };
        self.labels.add_model(&fitted).await?;
        self.models.put(vec![fitted]);
        Ok(())
    }
}
