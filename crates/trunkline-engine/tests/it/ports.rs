//! Ports in memory that can be told to fail, and a clock that is set by hand.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::oneshot;
use trunkline_core::attribution::{EarlierCall, Form, NumberHistory, Showing, Tap};
use trunkline_core::base::id::{
    AccountId, CallId, NumberId, RecordingId, ScreeningEntryId, SessionId, SiteId, VisitorId,
};
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::call::screening::{EarlierTalks, ListEntry, ScreeningSettings};
use trunkline_core::ledger::Posting;
use trunkline_core::routing::Keep;
use trunkline_core::visitor::Source;
use trunkline_engine::call::control::RecordingState;
use trunkline_engine::clock::Clock;
use trunkline_engine::ports::asks::{AskAnswer, AskRequest};
use trunkline_engine::ports::calls::{
    CallChange, CallCounts, CallEventRow, CallFilter, CallRow, CallsBefore, Deletion,
    KeptRecording, NumberUseCount, OutboundUse, RecordingRow, TollRefused,
};
use trunkline_engine::ports::history::{
    Commit, OpenLease, Record, SessionFilter, SessionRow, SessionStory,
};
use trunkline_engine::ports::labels::{Confirmed, FittedModel, LabelCount, LabelRow};
use trunkline_engine::ports::screening::{AllScreening, ScreeningCounts};
use trunkline_engine::ports::{
    Asks, CallRecords, CallSpool, History, Labels, PortError, PortResult, ScreeningRecords,
};

/// A clock set by hand.
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_800_000_000_000)))
    }

    pub(crate) fn forward(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A history in memory.
#[derive(Default)]
pub(crate) struct MemoryHistory {
    pub(crate) records: Mutex<Vec<Record>>,
    /// The queue is full.
    pub(crate) full: AtomicBool,
    /// Commits fail.
    pub(crate) failing: AtomicBool,
    /// What `open_leases` answers.
    pub(crate) open: Mutex<Vec<OpenLease>>,
    /// Taps on any number, besides those that were recorded.
    pub(crate) taps: Mutex<Vec<Tap>>,
    /// Forms of every caller with the site they were sent on, oldest first.
    pub(crate) forms: Mutex<Vec<(SiteId, Form)>>,
    /// What `showings_of` answers.
    pub(crate) showings: Mutex<Vec<Showing>>,
}

impl MemoryHistory {
    pub(crate) fn count(&self, wanted: impl Fn(&Record) -> bool) -> usize {
        self.records
            .lock()
            .expect("records")
            .iter()
            .filter(|r| wanted(r))
            .count()
    }

    pub(crate) fn leases(&self) -> usize {
        self.count(|r| matches!(r, Record::Lease(_)))
    }
}

#[async_trait]
impl History for MemoryHistory {
    fn record(&self, records: Vec<Record>) -> Result<Commit, PortError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(PortError::Overloaded);
        }
        let (tell, commit) = oneshot::channel();
        let answer = if self.failing.load(Ordering::SeqCst) {
            Err(PortError::Unavailable("told to fail".to_owned()))
        } else {
            self.records.lock().expect("records").extend(records);
            Ok(())
        };
        let _ = tell.send(answer);
        Ok(commit)
    }

    async fn open_leases(&self, _since: Timestamp) -> PortResult<Vec<OpenLease>> {
        Ok(self.open.lock().expect("leases").clone())
    }

    async fn blocks_seen(&self, since: Timestamp) -> PortResult<Vec<(SiteId, i64, Timestamp)>> {
        let records = self.records.lock().expect("records");
        let told = records.iter().filter_map(|record| match record {
            Record::BlockSeen(site, version, at) if *at >= since => Some((*site, *version, *at)),
            _ => None,
        });
        Ok(told.collect())
    }

    async fn session(&self, id: SessionId) -> PortResult<Option<SessionRow>> {
        let records = self.records.lock().expect("records");
        Ok(records.iter().find_map(|r| match r {
            Record::Session(row) if row.id == id => Some((**row).clone()),
            _ => None,
        }))
    }

    async fn latest_session(
        &self,
        site: SiteId,
        visitor: VisitorId,
    ) -> PortResult<Option<SessionRow>> {
        let records = self.records.lock().expect("records");
        let rows = records.iter().filter_map(|r| match r {
            Record::Session(row) if row.site == site && row.visitor == visitor => Some(row),
            _ => None,
        });
        let latest = rows.max_by_key(|row| (row.started_at, row.id));
        Ok(latest.map(|row| (**row).clone()))
    }

    async fn sessions_by_id(&self, ids: &[SessionId]) -> PortResult<Vec<SessionRow>> {
        let mut found = Vec::new();
        for id in ids {
            found.extend(self.session(*id).await?);
        }
        Ok(found)
    }

    async fn latest_sources(
        &self,
        ids: &[SessionId],
        until: Timestamp,
    ) -> PortResult<HashMap<SessionId, Source>> {
        let records = self.records.lock().expect("records");
        let touches = records.iter().filter_map(|r| match r {
            Record::Touch(t) if ids.contains(&t.session) && t.at <= until => Some(t),
            _ => None,
        });
        Ok(touches.map(|t| (t.session, t.source.clone())).collect())
    }

    async fn session_story(&self, id: SessionId) -> PortResult<Option<SessionStory>> {
        let session = self.session(id).await?;
        Ok(session.map(|session| SessionStory {
            forms: Vec::new(),
            session,
            further_touches: Vec::new(),
            page_views: Vec::new(),
            showings: Vec::new(),
            taps: Vec::new(),
        }))
    }

    async fn sessions(&self, _filter: &SessionFilter) -> PortResult<Vec<SessionRow>> {
        Ok(Vec::new())
    }

    async fn showings_of(
        &self,
        _: NumberId,
        _: Timestamp,
        _: Timestamp,
        _: u32,
    ) -> PortResult<Vec<Showing>> {
        Ok(self.showings.lock().expect("showings").clone())
    }

    async fn latest_form(
        &self,
        _: AccountId,
        site: Option<SiteId>,
        _: PhoneNumber,
        _: Timestamp,
        _: Timestamp,
    ) -> PortResult<Option<Form>> {
        let forms = self.forms.lock().expect("forms");
        let of_site = forms
            .iter()
            .rev()
            .find(|(at, _)| site.is_none_or(|site| site == *at));
        Ok(of_site.map(|(_, form)| *form))
    }

    async fn taps_on(
        &self,
        number: NumberId,
        since: Timestamp,
        until: Timestamp,
    ) -> PortResult<Vec<Tap>> {
        let mut taps = self.taps.lock().expect("taps").clone();
        let records = self.records.lock().expect("records");
        for record in records.iter() {
            let Record::Tap(row) = record else { continue };
            if row.number != number || row.at < since || row.at > until {
                continue;
            }
            match taps.iter_mut().find(|tap| tap.session == row.session) {
                Some(tap) => {
                    tap.at = tap.at.max(row.at);
                    tap.times += 1;
                    tap.late |= row.late;
                }
                None => taps.push(Tap {
                    session: row.session,
                    at: row.at,
                    times: 1,
                    late: row.late,
                }),
            }
        }
        Ok(taps)
    }
}

/// Calls in memory.
#[derive(Default)]
pub(crate) struct MemoryCalls {
    pub(crate) saved: Mutex<Vec<CallChange>>,
    /// The store is away.
    pub(crate) away: AtomicBool,
    /// The store refuses every save for good.
    pub(crate) refusing: AtomicBool,
    /// The store never answers.
    pub(crate) stuck: AtomicBool,
    /// Calls that did not end.
    pub(crate) open: Mutex<Vec<CallRow>>,
    /// Minutes used today.
    pub(crate) minutes: AtomicI64,
    pub(crate) spent: AtomicI64,
    pub(crate) booked: Mutex<Vec<Posting>>,
    /// Recordings, oldest first.
    pub(crate) recordings: Mutex<Vec<RecordingRow>>,
    /// The campaigns that handled a call, and how long they keep its recording.
    pub(crate) handled: Mutex<HashMap<CallId, Vec<(String, Keep)>>>,
    /// Credited calls of every caller with the site of their visit, oldest first.
    pub(crate) earlier: Mutex<Vec<(SiteId, EarlierCall)>>,
    /// Earlier calls of every caller.
    pub(crate) before: Mutex<CallsBefore>,
}

/// Another server that answers what it was told to, and keeps what it was asked.
#[derive(Default)]
pub(crate) struct MemoryAsks {
    pub(crate) answer: Mutex<Option<AskAnswer>>,
    pub(crate) asked: Mutex<Vec<AskRequest>>,
}

#[async_trait]
impl Asks for MemoryAsks {
    async fn ask(&self, request: &AskRequest) -> Option<AskAnswer> {
        self.asked.lock().expect("asks").push(request.clone());
        self.answer.lock().expect("asks").clone()
    }
}

impl MemoryCalls {
    pub(crate) async fn gate(&self) -> PortResult<()> {
        if self.stuck.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.away.load(Ordering::SeqCst) {
            return Err(PortError::Unavailable("told to be away".to_owned()));
        }
        Ok(())
    }

    pub(crate) fn last(&self) -> CallRow {
        self.saved
            .lock()
            .expect("calls")
            .last()
            .expect("a call")
            .call
            .clone()
    }
}

#[async_trait]
impl CallRecords for MemoryCalls {
    async fn save(&self, change: &CallChange) -> PortResult<()> {
        self.gate().await?;
        if self.refusing.load(Ordering::SeqCst) {
            return Err(PortError::Failed("told to refuse".to_owned()));
        }
        self.saved.lock().expect("calls").push(change.clone());
        Ok(())
    }

    async fn progress(&self, _marks: &[(CallId, Timestamp)]) -> PortResult<()> {
        self.gate().await
    }

    async fn open_calls(&self) -> PortResult<Vec<CallRow>> {
        Ok(self.open.lock().expect("calls").clone())
    }

    async fn last_ends(
        &self,
        started_since: Timestamp,
        ended_since: Timestamp,
    ) -> PortResult<Vec<(NumberId, Timestamp)>> {
        let saved = self.saved.lock().expect("calls");
        let recent = saved
            .iter()
            .map(|change| &change.call)
            .filter(|call| call.started_at >= started_since);
        let ends = recent.filter_map(|call| Some((call.number, call.ended_at?)));
        Ok(ends.filter(|(_, at)| *at >= ended_since).collect())
    }

    async fn call(&self, id: CallId) -> PortResult<Option<CallRow>> {
        Ok(self
            .open
            .lock()
            .expect("calls")
            .iter()
            .find(|c| c.id == id)
            .cloned())
    }

    async fn events(&self, _call: CallId) -> PortResult<Vec<CallEventRow>> {
        Ok(Vec::new())
    }

    async fn calls(&self, _filter: &CallFilter) -> PortResult<Vec<CallRow>> {
        Ok(Vec::new())
    }

    async fn toll_refused(&self, _: AccountId, _: Timestamp) -> PortResult<Vec<TollRefused>> {
        Ok(Vec::new())
    }

    async fn counts(&self, _account: AccountId, _today: Timestamp) -> PortResult<CallCounts> {
        Ok(CallCounts::default())
    }

    async fn by_number(
        &self,
        _: AccountId,
        _: Timestamp,
    ) -> PortResult<Vec<(NumberId, NumberUseCount)>> {
        Ok(Vec::new())
    }

    async fn earlier_call(
        &self,
        _: AccountId,
        site: Option<SiteId>,
        _: PhoneNumber,
        _: Timestamp,
        _: Timestamp,
    ) -> PortResult<(bool, Option<EarlierCall>)> {
        self.gate().await?;
        let earlier = self.earlier.lock().expect("calls");
        let of_site = earlier
            .iter()
            .rev()
            .find(|(at, _)| site.is_none_or(|site| site == *at));
        Ok((!earlier.is_empty(), of_site.map(|(_, call)| *call)))
    }

    async fn calls_before(
        &self,
        _: AccountId,
        _: PhoneNumber,
        _: Timestamp,
    ) -> PortResult<CallsBefore> {
        self.gate().await?;
        Ok(*self.before.lock().expect("calls"))
    }

    async fn number_history(&self, _: NumberId, _: Timestamp, _: u32) -> PortResult<NumberHistory> {
        Ok(NumberHistory::default())
    }

    async fn used_since(&self, _account: AccountId, _since: Timestamp) -> PortResult<OutboundUse> {
        self.gate().await?;
        Ok(OutboundUse {
            minutes: self.minutes.load(Ordering::SeqCst),
            spent_micros: self.spent.load(Ordering::SeqCst),
        })
    }

    async fn recording(&self, _id: RecordingId) -> PortResult<Option<RecordingRow>> {
        Ok(None)
    }

    async fn kept_recordings(
        &self,
        account: AccountId,
        before: Timestamp,
        after: Option<(Timestamp, RecordingId)>,
        limit: u32,
    ) -> PortResult<Vec<KeptRecording>> {
        self.gate().await?;
        let handled = self.handled.lock().expect("campaigns");
        let recordings = self.recordings.lock().expect("recordings");
        let due = recordings.iter().filter(|r| {
            let kept = !matches!(r.state, RecordingState::Writing | RecordingState::Deleted);
            let next = after.is_none_or(|after| (r.started_at, r.id) > after);
            kept && next && r.account == account && r.started_at < before
        });
        let with_campaigns = |recording: &RecordingRow| KeptRecording {
            recording: recording.clone(),
            campaigns: handled.get(&recording.call).cloned().unwrap_or_default(),
        };
        Ok(due.take(limit as usize).map(with_campaigns).collect())
    }

    async fn recording_deleted(
        &self,
        id: RecordingId,
        at: Timestamp,
        because: &str,
    ) -> PortResult<()> {
        let mut recordings = self.recordings.lock().expect("recordings");
        for recording in recordings.iter_mut().filter(|r| r.id == id) {
            recording.state = RecordingState::Deleted;
            recording.deleted = Some(Deletion {
                at,
                because: because.to_owned(),
            });
        }
        Ok(())
    }

    async fn unfinished_recordings(&self) -> PortResult<Vec<RecordingRow>> {
        Ok(Vec::new())
    }
}

/// What accounts say of screening, in memory.
#[derive(Default)]
pub(crate) struct MemoryScreening {
    pub(crate) settings: Mutex<HashMap<AccountId, ScreeningSettings>>,
    pub(crate) entries: Mutex<Vec<ListEntry>>,
    /// What is known of every caller.
    pub(crate) talks: Mutex<EarlierTalks>,
    /// How often that was asked for.
    pub(crate) asked: AtomicUsize,
    /// The store never answers.
    pub(crate) stuck: AtomicBool,
}

#[async_trait]
impl ScreeningRecords for MemoryScreening {
    async fn load_screening(&self) -> PortResult<AllScreening> {
        let settings = self.settings.lock().expect("settings").clone();
        Ok(AllScreening {
            settings: settings.into_iter().collect(),
            entries: self.entries.lock().expect("entries").clone(),
        })
    }

    async fn put_screening(
        &self,
        account: AccountId,
        settings: &ScreeningSettings,
    ) -> PortResult<()> {
        let mut all = self.settings.lock().expect("settings");
        all.insert(account, settings.clone());
        Ok(())
    }

    async fn put_entry(&self, entry: &ListEntry) -> PortResult<()> {
        let mut entries = self.entries.lock().expect("entries");
        entries.retain(|e| (e.account, e.pattern) != (entry.account, entry.pattern));
        entries.push(entry.clone());
        Ok(())
    }

    async fn delete_entry(&self, account: AccountId, id: ScreeningEntryId) -> PortResult<bool> {
        let mut entries = self.entries.lock().expect("entries");
        let before = entries.len();
        entries.retain(|e| (e.account, e.id) != (account, id));
        Ok(entries.len() < before)
    }

    async fn earlier_talks(
        &self,
        _: AccountId,
        _: PhoneNumber,
        _: Timestamp,
        _: i64,
    ) -> PortResult<EarlierTalks> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.stuck.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        Ok(*self.talks.lock().expect("talks"))
    }

    async fn screening_counts(&self, _: AccountId, _: Timestamp) -> PortResult<ScreeningCounts> {
        Ok(ScreeningCounts::default())
    }
}

/// Labels in memory.
#[derive(Default)]
pub(crate) struct MemoryLabels {
    pub(crate) confirmed: Mutex<Vec<Confirmed>>,
    /// The store is away.
    pub(crate) away: AtomicBool,
}

#[async_trait]
impl Labels for MemoryLabels {
    async fn confirm(&self, confirmed: &Confirmed) -> PortResult<()> {
        if self.away.load(Ordering::SeqCst) {
            return Err(PortError::Unavailable("told to be away".to_owned()));
        }
        self.confirmed
            .lock()
            .expect("labels")
            .push(confirmed.clone());
        Ok(())
    }

    async fn label_of(&self, call: CallId) -> PortResult<Option<LabelRow>> {
        let confirmed = self.confirmed.lock().expect("labels");
        let latest = confirmed.iter().rev().find(|c| c.label.call == call);
        Ok(latest.map(|c| c.label.clone()))
    }

    async fn labels(
        &self,
        _: SiteId,
        _: Timestamp,
        _: Timestamp,
        _: u32,
    ) -> PortResult<Vec<LabelRow>> {
        Ok(Vec::new())
    }

    async fn label_counts(&self, _: Timestamp) -> PortResult<Vec<LabelCount>> {
        Ok(Vec::new())
    }

    async fn add_model(&self, _: &FittedModel) -> PortResult<()> {
        Ok(())
    }

    async fn models(&self) -> PortResult<Vec<FittedModel>> {
        Ok(Vec::new())
    }
}

/// A spool in memory.
#[derive(Default)]
pub(crate) struct MemorySpool(pub(crate) Mutex<Vec<CallChange>>, pub(crate) AtomicUsize);

impl CallSpool for MemorySpool {
    fn append(&self, change: &CallChange) -> Result<(), PortError> {
        self.0.lock().expect("spool").push(change.clone());
        Ok(())
    }

    fn pending(&self) -> Result<Vec<CallChange>, PortError> {
        Ok(self.0.lock().expect("spool").clone())
    }

    fn park(&self, _change: &CallChange) -> Result<(), PortError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn forget(&self, count: usize) -> Result<(), PortError> {
        self.0.lock().expect("spool").drain(..count);
        Ok(())
    }
}
