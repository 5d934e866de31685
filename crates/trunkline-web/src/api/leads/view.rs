//! A lead in JSON: short for the log, and with everything that happened to it.

use std::collections::BTreeMap;

use serde::Serialize;
use trunkline_core::base::{Timestamp, sha256_text};
use trunkline_core::lead::{Lead, LegState};
use trunkline_engine::distribution::Market;
use trunkline_engine::ports::leads::{ConsentRow, LeadEventRow, LeadRow, ReturnRow};
use utoipa::ToSchema;

use crate::api::calls::csv_cell;
use crate::app::Web;
use crate::auth::Caller;
use crate::intake::answer::{amount, status};
use crate::problem::Problem;

/// Something with its name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadNamed)]
struct Named {
    id: String,
    name: String,
}

/// A lead in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadSummary)]
pub(super) struct LeadSummary {
    /// Its id, which is that of its opportunity.
    id: String,
    came_at: i64,
    /// Where it stands on its way.
    state: &'static str,
    /// What its publisher is told: `sold`, `unsold`, `queued`, `pending`, `rejected`, `returned`.
    status: &'static str,
    /// The code of why it stands there.
    reason: Option<String>,
    campaign: Named,
    feed: String,
    publisher: Named,
    /// `ping`, `post`, `form`, `snippet` or `import`.
    came_by: &'static str,
    test: bool,
    phone: Option<String>,
    zip: Option<String>,
    state_code: Option<String>,
    /// Buyers who have it.
    buyers: Vec<Named>,
    /// What buyers pay.
    revenue: Option<String>,
    /// What the publisher is paid.
    payout: Option<String>,
    /// What the publisher was promised.
    quoted: Option<String>,
    currency: String,
    channel: Option<&'static str>,
    source: Option<String>,
}

fn told(row: &LeadRow) -> Option<&Lead> {
    let posted = row.run.post.as_ref().map(|post| &post.lead);
    posted.or_else(|| row.run.ping.as_ref().map(|ping| &ping.lead))
}

impl LeadSummary {
    pub(super) fn new(market: &Market, row: &LeadRow) -> Self {
        let lead = told(row);
        let campaign = market.campaign(row.campaign);
        let publisher = market.publisher(row.publisher);
        let legs = row.run.legs.iter().zip(&row.legs);
        let has = legs.filter(|(leg, _)| matches!(leg.state, LegState::Accepted { .. }));
        let buyers = has.map(|(_, facts)| buyer(market, facts.buyer));
        let offer = row.run.ping.as_ref().and_then(|ping| ping.offer);
        Self {
            id: row.id.to_string(),
            came_at: row.came_at.as_millis(),
            state: row.run.state.word(),
            status: status(row),
            reason: row.reason.clone(),
            campaign: Named {
                id: row.campaign.to_string(),
                name: campaign.map_or_else(String::new, |c| c.campaign.name.clone()),
            },
            feed: row.feed.to_string(),
            publisher: Named {
                id: row.publisher.to_string(),
                name: publisher.map_or_else(String::new, |p| p.name.clone()),
            },
            came_by: row.came_by.word(),
            test: row.test,
            phone: lead.and_then(|lead| lead.phone).map(|p| p.to_string()),
            zip: lead.and_then(|lead| lead.zip.clone()),
            state_code: lead.and_then(|lead| lead.state.clone()),
            buyers: buyers.collect(),
            revenue: row.revenue.map(amount),
            payout: row.payout.map(amount),
            quoted: offer.and_then(|offer| offer.quoted).map(amount),
            currency: row.currency.code().to_owned(),
            channel: row.source.as_ref().map(|source| source.channel.word()),
            source: row.source.as_ref().map(|source| source.source.clone()),
        }
    }
}

fn buyer(market: &Market, id: trunkline_core::base::id::BuyerId) -> Named {
    Named {
        id: id.to_string(),
        name: market
            .buyer(id)
            .map_or_else(String::new, |b| b.name.clone()),
    }
}

pub(super) fn csv_row(out: &mut String, lead: &LeadSummary) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let buyers: Vec<&str> = lead.buyers.iter().map(|b| b.name.as_str()).collect();
    let cells = [
        lead.id.clone(),
        Timestamp::from_millis(lead.came_at).to_rfc3339(),
        lead.state.to_owned(),
        text(&lead.reason),
        lead.campaign.name.clone(),
        lead.publisher.name.clone(),
        lead.came_by.to_owned(),
        lead.test.to_string(),
        text(&lead.phone),
        text(&lead.zip),
        text(&lead.state_code),
        buyers.join("|"),
        text(&lead.revenue),
        text(&lead.payout),
        lead.currency.clone(),
    ];
    let quoted: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
    out.push_str(&quoted.join(","));
    out.push_str("\r\n");
}

/// A buyer who was sent a lead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadLeg)]
struct LegItem {
    contract: Named,
    buyer: Named,
    /// `sending`, `unknown`, `accepted`, `rejected` or `returned`.
    state: &'static str,
    /// Since when; for `unknown`: until when nobody else has it.
    at: Option<i64>,
    bid: Option<String>,
    price: Option<String>,
    /// What the buyer calls it.
    buyers_name: Option<String>,
    redirect_url: Option<String>,
    /// What the buyer said, or what went wrong.
    told: String,
}

/// Something that happened to a lead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadEvent)]
struct EventItem {
    at: i64,
    kind: &'static str,
    contract: Option<Named>,
    told: String,
}

/// A record of consent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadConsent)]
struct ConsentItem {
    /// Its place in the account's chain.
    number: u64,
    given_at: i64,
    page_url: String,
    /// The words that were shown; empty when they were too long to be kept.
    text: String,
    text_sha256: String,
    ip: Option<String>,
    user_agent: String,
    sellers: Vec<String>,
    previous_sha256: String,
    hash_sha256: String,
    /// Ed25519, in hexadecimal digits.
    signature: String,
    public_key: String,
    /// Whether the record is what was signed.
    intact: bool,
}

/// A return.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadReturn)]
pub(super) struct ReturnItem {
    lead: String,
    contract: Named,
    buyer: Named,
    /// `requested`, `auto_approved`, `in_review`, `approved`, `rejected` or `closed`.
    state: &'static str,
    reason: &'static str,
    note: String,
    /// Whether our own data proves the reason.
    proved: bool,
    asked_at: i64,
    decide_by: i64,
    /// How much of the price is given back, in per cent.
    percent: u8,
    decided_at: Option<i64>,
    answer: String,
}

/// A lead with everything that happened to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lead)]
pub(super) struct LeadDetail {
    #[serde(flatten)]
    lead: LeadSummary,
    /// Values of the campaign's fields.
    fields: BTreeMap<String, String>,
    /// What came beside them.
    extra: BTreeMap<String, String>,
    /// Names of fields that tell who somebody is.
    personal: Vec<String>,
    pinged_at: Option<i64>,
    /// Until when the ping's answer is valid.
    expires_at: Option<i64>,
    posted_at: Option<i64>,
    /// Among how many buyers at most.
    buyers_max: u8,
    /// Whether its publisher was told to ask again.
    pending: bool,
    /// How often it was offered again, and when it is next.
    offered_again: Option<u16>,
    next_at: Option<i64>,
    session: Option<String>,
    legs: Vec<LegItem>,
    events: Vec<EventItem>,
    consent: Option<ConsentItem>,
    returns: Vec<ReturnItem>,
    /// Where its opportunity is, with the trace of every contract.
    opportunity: String,
}

fn contract(market: &Market, id: trunkline_core::base::id::ContractId) -> Named {
    let name = market.contract(id).map(|c| c.contract.name.clone());
    Named {
        id: id.to_string(),
        name: name.unwrap_or_default(),
    }
}

const fn leg_state(state: LegState) -> (&'static str, Option<Timestamp>) {
    match state {
        LegState::Sending { since } => ("sending", Some(since)),
        LegState::Unknown { until } => ("unknown", Some(until)),
        LegState::Accepted { at } => ("accepted", Some(at)),
        LegState::Rejected => ("rejected", None),
        LegState::Returned { at } => ("returned", Some(at)),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl ReturnItem {
    pub(super) fn new(market: &Market, row: &ReturnRow) -> Self {
        Self {
            lead: row.lead.to_string(),
            contract: contract(market, row.contract),
            buyer: buyer(market, row.buyer),
            state: row.of.state.word(),
            reason: row.of.reason.word(),
            note: row.note.clone(),
            proved: row.proved,
            asked_at: row.of.asked_at.as_millis(),
            decide_by: row.of.decide_by.as_millis(),
            percent: row.of.percent,
            decided_at: row.decided_at.map(Timestamp::as_millis),
            answer: row.answer.clone(),
        }
    }
}

fn event(market: &Market, row: &LeadEventRow) -> EventItem {
    EventItem {
        at: row.event.at.as_millis(),
        kind: row.event.kind.word(),
        contract: row.event.contract.map(|id| contract(market, id)),
        told: row.event.told.clone(),
    }
}

fn consent(app: &Web, row: &ConsentRow) -> ConsentItem {
    let signer = app.backend.leads.signer();
    let (record, link) = (&row.record, &row.link);
    let before = (link.number > 1).then(|| trunkline_core::lead::Link {
        number: link.number - 1,
        previous: [0; 32],
        hash: link.previous,
    });
    let again = record.link(before.as_ref(), trunkline_engine::lead::sha256);
    ConsentItem {
        number: link.number,
        given_at: record.given_at.as_millis(),
        page_url: record.page_url.clone(),
        text: record.text.clone(),
        text_sha256: sha256_text(record.text_sha256),
        ip: record.ip.map(|ip| ip.to_string()),
        user_agent: record.user_agent.clone(),
        sellers: record.sellers.clone(),
        previous_sha256: sha256_text(link.previous),
        hash_sha256: sha256_text(link.hash),
        signature: hex(&row.signature),
        public_key: hex(signer.public_key()),
        intact: again.hash == link.hash
            && record.text_is_true(trunkline_engine::lead::sha256)
            && signer.is_ours(row.account, link, &row.signature),
    }
}

impl LeadDetail {
    pub(super) async fn of(app: &Web, caller: &Caller, row: &LeadRow) -> Result<Self, Problem> {
        let market = app.backend.distribution.market(caller.account)?;
        let records = &app.backend.lead_records;
        let events = records.lead_events(row.id).await?;
        let returns = records.lead_returns(row.id).await?;
        let recorded = match row.consent {
            Some(number) => records.consents(row.account, number, 1).await?,
            None => Vec::new(),
        };
        let recorded = recorded.iter().find(|record| record.lead == row.id);
        let lead = told(row).cloned().unwrap_or_default();
        let legs = row.run.legs.iter().zip(&row.legs).map(|(leg, facts)| {
            let (state, at) = leg_state(leg.state);
            LegItem {
                contract: contract(&market, leg.contract),
                buyer: buyer(&market, facts.buyer),
                state,
                at: at.map(Timestamp::as_millis),
                bid: facts.bid.map(amount),
                price: facts.price.map(amount),
                buyers_name: facts.buyers_name.clone(),
                redirect_url: facts.redirect_url.clone(),
                told: facts.told.clone(),
            }
        });
        let ping = row.run.ping.as_ref();
        let offer = ping.and_then(|ping| ping.offer);
        Ok(Self {
            lead: LeadSummary::new(&market, row),
            personal: lead.personal().map(str::to_owned).collect(),
            fields: lead.values.0,
            extra: lead.extra.0,
            pinged_at: ping.map(|ping| ping.at.as_millis()),
            expires_at: offer.map(|offer| offer.expires_at.as_millis()),
            posted_at: row.run.post.as_ref().map(|post| post.at.as_millis()),
            buyers_max: row.run.legs_max,
            pending: row.run.pending,
            offered_again: row.run.waits.map(|waits| waits.tries),
            next_at: row.run.waits.map(|waits| waits.next_at.as_millis()),
            session: row.session.map(|session| session.to_string()),
            legs: legs.collect(),
            events: events.iter().map(|row| event(&market, row)).collect(),
            consent: recorded.map(|record| consent(app, record)),
            returns: returns
                .iter()
                .map(|row| ReturnItem::new(&market, row))
                .collect(),
            opportunity: format!("/api/v1/opportunities/{}", row.id),
        })
    }
}
