//! A lead comes in: what was sent is read against the campaign's fields, the same again gets the same answer, and what is
//! good is stored before anybody is asked.

use std::net::IpAddr;
use std::sync::Arc;

use trunkline_core::base::id::{OpportunityId, SessionId};
use trunkline_core::base::{Country, Money, Sha256, Timestamp, Zone};
use trunkline_core::lead::{
    Accepted, ConsentRecord, Context, Event, Fields, Lead, Run, RunState, Stage, StepRefusal, Way,
    accept, fingerprint, step, way,
};
use trunkline_core::routing::ReasonCode;
use trunkline_core::visitor::Source;

use super::desk::{Answered, LeadDesk, LeadError};
use super::{consent, sha256};
use crate::distribution::{CampaignEntry, FeedEntry, Market};
use crate::ports::leads::{
    CameBy, ConsentRow, KEY_BYTES_MAX, LeadChange, LeadEvent, LeadEventKind, LeadRow, LeadStored,
};

/// How often storing a record of consent is tried while others are stored in the same chain.
const CHAIN_TRIES_MAX: usize = 8;
/// How long after its last change a lead that is not decided is looked at by the job, in milliseconds: the one who takes
/// it through its plan stores something at least this often, so that only a crash leaves one behind.
pub(super) const LOOK_AFTER_MS: i64 = 60_000;

/// The page and the browser from which a form came.
#[derive(Debug, Clone)]
pub struct PageSeen {
    /// The person's address.
    pub ip: IpAddr,
    /// The browser, as it calls itself.
    pub user_agent: String,
    /// The page, as the browser names it.
    pub url: Option<String>,
}

/// The visit from which a form came.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The session.
    pub session: SessionId,
    /// Where it came from, when that is known.
    pub source: Option<Source>,
}

/// What was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Everything of the feed's account.
    pub market: Arc<Market>,
    /// The feed it came through.
    pub feed: FeedEntry,
    /// How it came.
    pub by: CameBy,
    /// Names and values.
    pub form: Vec<(String, String)>,
    /// The partner's own key for the request.
    pub key: Option<String>,
    /// Whether it is a test.
    pub test: bool,
    /// The least that the publisher wants for it.
    pub price_min: Option<Money>,
    /// The page, when a browser sent it.
    pub page: Option<PageSeen>,
    /// The visit, when it is known.
    pub visit: Option<Visit>,
}

/// What holds for the feed that something came through.
pub(super) struct Ground {
    pub(super) home: Country,
    pub(super) zone: Zone,
    pub(super) campaign: CampaignEntry,
    pub(super) fields: Arc<Fields>,
}

impl Sent {
    /// What makes another request under the same key the same.
    fn asked(&self) -> Sha256 {
        let mut form: Vec<&(String, String)> = self.form.iter().collect();
        form.sort_unstable();
        let mut bytes = format!("{} {}\n", self.by.word(), self.test).into_bytes();
        for (name, value) in form {
            for part in [name, value] {
                bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
                bytes.extend_from_slice(part.as_bytes());
            }
        }
        sha256(&bytes)
    }

    /// A row for what was sent.
    fn row(&self, id: OpportunityId, run: Run, now: Timestamp) -> LeadRow {
        let feed = &self.feed.feed;
        let visit = self.visit.as_ref();
        LeadRow {
            id,
            account: feed.account,
            campaign: feed.campaign,
            feed: feed.id,
            publisher: feed.publisher,
            came_by: self.by,
            test: self.test,
            run,
            legs: Vec::new(),
            held: Vec::new(),
            key: self.key.clone(),
            asked: self.asked(),
            reason: None,
            price_min: self.price_min,
            came_at: now,
            changed_at: now,
            due_at: None,
            currency: self.market.currency,
            revenue: None,
            payout: None,
            session: visit.map(|visit| visit.session),
            source: visit.and_then(|visit| visit.source.clone()),
            consent: None,
            revision: 0,
        }
    }
}

/// An event of a lead that is about no contract.
pub(super) fn event(at: Timestamp, kind: LeadEventKind, told: impl Into<String>) -> LeadEvent {
    LeadEvent {
        at,
        kind,
        contract: None,
        told: told.into(),
    }
}

/// What came of a step that the machine allows here, whatever it holds: a refusal would be a fault of ours.
pub(super) fn must(step: Result<Run, StepRefusal>) -> Result<Run, LeadError> {
    step.map_err(LeadError::Step)
}

impl LeadDesk {
    /// What holds for a feed; whether it takes anything at all.
    pub(super) fn ground(&self, market: &Market, feed: &FeedEntry) -> Result<Ground, LeadError> {
        let terms = feed.terms.as_ref();
        let terms = terms.ok_or(LeadError::Closed(ReasonCode::FeedPaused))?;
        if terms.paused {
            return Err(LeadError::Closed(ReasonCode::FeedPaused));
        }
        if terms.campaign_paused {
            return Err(LeadError::Closed(ReasonCode::CampaignPaused));
        }
        let campaign = market.campaign(feed.feed.campaign);
        let campaign = campaign.ok_or(LeadError::NoFields)?.clone();
        let fields = Arc::clone(&campaign.fields);
        if fields.defs().next().is_none() {
            return Err(LeadError::NoFields);
        }
        let directory = self.directory.peek();
        let account = directory.account(market.account);
        let account = account.ok_or(LeadError::NoFields)?;
        Ok(Ground {
            home: account.country,
            zone: account.zone.clone(),
            fields,
            campaign,
        })
    }

    pub(super) fn read(
        &self,
        sent: &Sent,
        ground: &Ground,
        stage: Stage,
    ) -> Result<Accepted, LeadError> {
        if let Some(key) = &sent.key
            && (key.is_empty() || key.len() > KEY_BYTES_MAX)
        {
            return Err(LeadError::BadKey);
        }
        let context = Context {
            home: ground.home,
            zone: &ground.zone,
            now: self.moment.now(),
            sha256,
        };
        accept(&sent.form, &ground.fields, stage, &context).map_err(|refusal| {
            let code = refusal.code().word();
            metrics::counter!("trunkline_leads_refused_total", "code" => code).increment(1);
            LeadError::Fields(refusal)
        })
    }

    /// The lead that was sent under this key before; an error when it was another.
    async fn known(&self, sent: &Sent) -> Result<Option<LeadRow>, LeadError> {
        let Some(key) = &sent.key else {
            return Ok(None);
        };
        let found = self.leads.lead_by_key(sent.feed.feed.id, key).await?;
        match found {
            Some(lead) if lead.asked != sent.asked() => Err(LeadError::KeyUsed),
            found => Ok(found),
        }
    }

    /// Takes a ping in. The same ping again gets the same offer while it is valid.
    ///
    /// # Errors
    /// When it cannot be read, or the store fails.
    pub async fn ping(self: &Arc<Self>, sent: Sent) -> Result<Answered, LeadError> {
        let ground = self.ground(&sent.market, &sent.feed)?;
        let lead = self.read(&sent, &ground, Stage::Ping)?.lead;
        let feed = sent.feed.feed.id;
        let mark = fingerprint(feed, &lead, sha256);
        let _one = self.pings.lock((feed, mark)).await;
        if let Some(known) = self.known(&sent).await? {
            return Ok(Answered::again(known));
        }
        let before = self.leads.lead_by_ping(feed, &mark).await?;
        let now = self.moment.now();
        let same = |row: &LeadRow| row.test == sent.test && row.price_min == sent.price_min;
        if let Some(row) = before.filter(|row| same(row))
            && row.run.same_offer(&mark, now).is_some()
        {
            return Ok(Answered::again(row));
        }
        let zip = lead.zip.clone();
        let row = sent.row(self.moment.id_at(now), Run::pinged(lead, mark, now), now);
        let decided = match way(sent.test, zip.as_deref()) {
            Way::Test(outcome) => self.test_ping(row, outcome, &sent.feed.pings).await?,
            Way::Real => self.bid_on(row, &sent).await?,
        };
        Ok(Answered::new(decided))
    }

    /// Takes a lead in that was posted without a ping, and offers it; answers when it is decided, or when the publisher
    /// must have an answer.
    ///
    /// # Errors
    /// When it cannot be read, or the store fails.
    pub async fn post(self: &Arc<Self>, sent: Sent) -> Result<Answered, LeadError> {
        let (row, fresh) = self.keep(sent).await?;
        if !fresh {
            return Ok(Answered::again(row));
        }
        Ok(Answered::new(self.sold_in_time(row).await))
    }

    /// The same without waiting for anybody to buy it.
    ///
    /// # Errors
    /// When it cannot be read, or the store fails.
    pub async fn take(self: &Arc<Self>, sent: Sent) -> Result<Answered, LeadError> {
        let (row, fresh) = self.keep(sent).await?;
        if fresh && row.run.state == RunState::Validating {
            // It is kept: when as many as may are being sold, the job goes on with it.
            let _ = self.begin(&row);
        }
        Ok(Answered {
            lead: row,
            cached: !fresh,
        })
    }

    /// Stores what was posted; whether it is new.
    async fn keep(self: &Arc<Self>, sent: Sent) -> Result<(LeadRow, bool), LeadError> {
        let ground = self.ground(&sent.market, &sent.feed)?;
        let lead = self.read(&sent, &ground, Stage::Post)?.lead;
        let feed = sent.feed.feed.id;
        let _one = match &sent.key {
            Some(key) => Some(self.keys.lock((feed, key.clone())).await),
            None => None,
        };
        if let Some(known) = self.known(&sent).await? {
            return Ok((known, false));
        }
        self.has_room()?;
        let now = self.moment.now();
        let zip = lead.zip.clone();
        let record = sent
            .page
            .as_ref()
            .and_then(|seen| consent::record(&lead, &ground.fields, seen, now));
        let run = Run::posted(lead, now);
        let mut change = LeadChange::new(sent.row(self.moment.id_at(now), run, now));
        let by = sent.by.word();
        change.events.push(event(now, LeadEventKind::Posted, by));
        metrics::counter!("trunkline_leads_total", "by" => by).increment(1);
        if let Way::Test(outcome) = way(sent.test, zip.as_deref()) {
            let row = self.test_post(change, outcome, now).await?;
            return Ok((row, true));
        }
        self.validate(&mut change, &ground, record.as_ref(), now)?;
        self.store_new(&mut change, record).await?;
        Ok((change.lead, true))
    }

    /// Posts what was pinged. The same post again gets the same answer.
    ///
    /// # Errors
    /// When there is no such ping of the feed, the post cannot be read or is not that of its ping, or the store fails.
    pub async fn post_of_ping(
        self: &Arc<Self>,
        ping: OpportunityId,
        sent: Sent,
    ) -> Result<Answered, LeadError> {
        let ground = self.ground(&sent.market, &sent.feed)?;
        let posted = self.read(&sent, &ground, Stage::Post)?.lead;
        let feed = sent.feed.feed.id;
        let of_feed = |row: &LeadRow| row.feed == feed && row.run.ping.is_some();
        for _ in 0..super::desk::TRIES_MAX {
            let row = self.leads.lead(ping).await?;
            let row = row.filter(of_feed).ok_or(LeadError::NoSuchPing)?;
            let now = self.moment.now();
            let rules = ground.campaign.campaign.leads.sale_rules();
            let was_posted = row.run.post.is_some();
            let event_of = Event::Posted(Box::new(posted.clone()));
            let run = match step(&row.run, event_of, &rules, now) {
                Ok(run) => run,
                Err(StepRefusal::NotNow(_)) => return Ok(Answered::again(row)),
                Err(why) => return Err(LeadError::Step(why)),
            };
            if was_posted {
                return Ok(Answered::again(row));
            }
            self.has_room()?;
            let zip = posted.zip.clone();
            let test = row.test;
            let mut change = LeadChange::new(LeadRow { run, ..row });
            let by = CameBy::Ping.word();
            change.events.push(event(now, LeadEventKind::Posted, by));
            if let Way::Test(outcome) = way(test, zip.as_deref()) {
                match self.test_post(change, outcome, now).await {
                    Err(LeadError::Moved) => continue,
                    decided => return Ok(Answered::new(decided?)),
                }
            }
            self.validate(&mut change, &ground, None, now)?;
            match self.leads.put_lead(&change).await? {
                LeadStored::Moved => {}
                LeadStored::Yes => {
                    change.lead.revision += 1;
                    metrics::counter!("trunkline_leads_total", "by" => by).increment(1);
                    return Ok(Answered::new(self.sold_in_time(change.lead).await));
                }
            }
        }
        Err(LeadError::Moved)
    }

    /// Looks at the consent of what was posted: it goes on to be offered, or is refused.
    fn validate(
        &self,
        change: &mut LeadChange,
        ground: &Ground,
        record: Option<&ConsentRecord>,
        now: Timestamp,
    ) -> Result<(), LeadError> {
        let terms = &ground.campaign.campaign.leads;
        let rules = terms.sale_rules();
        let row = &mut change.lead;
        row.changed_at = now;
        row.run = must(step(&row.run, Event::Validating, &rules, now))?;
        let posted = row.run.post.as_ref().map(|post| &post.lead);
        let posted: &Lead = posted.ok_or(LeadError::NoSuchPing)?;
        let checked = consent::check(&terms.consent, posted, &ground.fields, record, now);
        match checked {
            Ok(()) => row.due_at = Some(now.plus_millis(LOOK_AFTER_MS)),
            Err(fault) => {
                row.run = must(step(&row.run, Event::Refused, &rules, now))?;
                row.reason = Some(ReasonCode::ConsentMissing.word().to_owned());
                let told = fault.to_string();
                change.events.push(event(now, LeadEventKind::Refused, told));
            }
        }
        Ok(())
    }

    /// Stores a new lead with its record of consent, which takes the next place in the account's chain.
    async fn store_new(
        &self,
        change: &mut LeadChange,
        record: Option<ConsentRecord>,
    ) -> Result<(), LeadError> {
        let account = change.lead.account;
        let Some(record) = record else {
            return match self.leads.put_lead(change).await? {
                LeadStored::Yes => {
                    change.lead.revision += 1;
                    Ok(())
                }
                LeadStored::Moved => Err(LeadError::Moved),
            };
        };
        let _chain = self.chains.lock(account).await;
        for _ in 0..CHAIN_TRIES_MAX {
            let last = self.leads.last_consent(account).await?;
            let link = record.link(last.as_ref(), sha256);
            change.lead.consent = Some(link.number);
            change.consent = Some(ConsentRow {
                account,
                lead: change.lead.id,
                record: record.clone(),
                link,
                signature: self.signer.sign(account, &link),
            });
            if self.leads.put_lead(change).await? == LeadStored::Yes {
                change.lead.revision += 1;
                return Ok(());
            }
        }
        Err(LeadError::Moved)
    }
}
