//! Rows of leads and how they become the engine's types.

use trunkline_core::base::{Currency, Money, Sha256, Timestamp};
use trunkline_core::lead::{
    ConsentRecord, Leg, LegState, Link, Ping, PingOffer, Post, Return, Run, Waits,
};
use trunkline_engine::ports::leads::{
    ConsentRow, LeadEvent, LeadEventRow, LeadRow, LegFacts, ReturnRow,
};

use super::document::{read_held, read_lead, write_held, write_lead};
use crate::args;
use crate::call::some_source;
use crate::convert::{from_json, json, source};
use crate::db::{DbError, Row, Val};

fn blob(hash: Option<Sha256>) -> Option<Vec<u8>> {
    hash.map(Vec::from)
}

pub(super) fn opt_hash(row: &Row, column: &'static str) -> Result<Option<Sha256>, DbError> {
    let bytes: Option<Vec<u8>> = row.get(column)?;
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    let hash = Sha256::try_from(bytes);
    hash.map(Some)
        .map_err(|_| DbError::other(format!("read {column}"), "it is no hash"))
}

fn hash(row: &Row, column: &'static str) -> Result<Sha256, DbError> {
    opt_hash(row, column)?.ok_or_else(|| DbError::other(format!("read {column}"), "it is missing"))
}

fn micros(money: Option<Money>) -> Option<i64> {
    money.map(Money::micros)
}

fn money(row: &Row, column: &'static str, currency: Currency) -> Result<Option<Money>, DbError> {
    let micros: Option<i64> = row.get(column)?;
    Ok(micros.map(|micros| Money::from_micros(micros, currency)))
}

/// The parts of a lead that change, in the order in which both statements have them.
struct Changing {
    phone_sha256: Option<Vec<u8>>,
    email_sha256: Option<Vec<u8>>,
    offer: Option<PingOffer>,
    posted: Option<Val>,
    posted_at: Option<Timestamp>,
    waits: Option<Waits>,
}

impl Changing {
    fn of(lead: &LeadRow) -> Result<Self, DbError> {
        let run = &lead.run;
        let ping = run.ping.as_ref();
        let told = run.post.as_ref().map(|post| &post.lead);
        let told = told.or_else(|| ping.map(|ping| &ping.lead));
        let posted = run.post.as_ref().map(|post| write_lead(&post.lead));
        Ok(Self {
            phone_sha256: blob(told.and_then(|lead| lead.phone_sha256)),
            email_sha256: blob(told.and_then(|lead| lead.email_sha256)),
            offer: ping.and_then(|ping| ping.offer),
            posted: posted.transpose()?,
            posted_at: run.post.as_ref().map(|post| post.at),
            waits: run.waits,
        })
    }
}

pub(super) fn add_values(lead: &LeadRow) -> Result<Vec<Val>, DbError> {
    let changing = Changing::of(lead)?;
    let (run, offer) = (&lead.run, changing.offer);
    let ping = run.ping.as_ref();
    let pinged = ping.map(|ping| write_lead(&ping.lead)).transpose()?;
    let mut values = args![
        lead.id,
        lead.account,
        lead.campaign,
        lead.feed,
        lead.publisher,
        lead.came_by,
        lead.test,
        run.state,
        lead.reason.as_ref(),
        changing.phone_sha256,
        changing.email_sha256,
        pinged,
        ping.map(|ping| Vec::from(ping.fingerprint)),
        ping.map(|ping| ping.at),
        offer.is_some(),
        offer.and_then(|offer| micros(offer.quoted)),
        offer.map(|offer| offer.expires_at),
        changing.posted,
        changing.posted_at,
        run.legs_max,
        changing.waits.map(|waits| waits.tries),
        changing.waits.map(|waits| waits.next_at),
        run.pending,
        write_held(&lead.held)?,
        lead.key.as_ref(),
        lead.asked.as_slice(),
        micros(lead.price_min),
        lead.came_at,
        lead.changed_at,
        lead.due_at,
        &lead.currency,
        micros(lead.revenue),
        micros(lead.payout),
        lead.session,
    ];
    values.extend(some_source(lead.source.as_ref()));
    values.extend(args![number(lead.consent)?]);
    Ok(values)
}

pub(super) fn change_values(lead: &LeadRow) -> Result<Vec<Val>, DbError> {
    let changing = Changing::of(lead)?;
    let (run, offer) = (&lead.run, changing.offer);
    Ok(args![
        lead.id,
        lead.account,
        lead.revision,
        run.state,
        lead.reason.as_ref(),
        changing.phone_sha256,
        changing.email_sha256,
        offer.is_some(),
        offer.and_then(|offer| micros(offer.quoted)),
        offer.map(|offer| offer.expires_at),
        changing.posted,
        changing.posted_at,
        run.legs_max,
        changing.waits.map(|waits| waits.tries),
        changing.waits.map(|waits| waits.next_at),
        run.pending,
        write_held(&lead.held)?,
        micros(lead.price_min),
        lead.changed_at,
        lead.due_at,
        micros(lead.revenue),
        micros(lead.payout),
        number(lead.consent)?,
    ])
}

/// A number of a chain as it is stored.
fn number(number: Option<u64>) -> Result<Option<i64>, DbError> {
    let number = number.map(i64::try_from).transpose();
    number.map_err(|_| DbError::other("write a consent", "its number is too large"))
}

/// Since when, or until when, a leg stands where it does.
const fn stands(state: LegState) -> (&'static str, Option<Timestamp>) {
    match state {
        LegState::Sending { since } => ("sending", Some(since)),
        LegState::Unknown { until } => ("unknown", Some(until)),
        LegState::Accepted { at } => ("accepted", Some(at)),
        LegState::Rejected => ("rejected", None),
        LegState::Returned { at } => ("returned", Some(at)),
    }
}

pub(super) fn leg_values(lead: &LeadRow, n: usize, leg: &Leg, facts: &LegFacts) -> Vec<Val> {
    let (word, at) = stands(leg.state);
    let accepted = matches!(leg.state, LegState::Accepted { .. });
    args![
        lead.id,
        u32::try_from(n).unwrap_or(u32::MAX),
        lead.account,
        leg.contract,
        facts.buyer,
        leg.company,
        facts.destination,
        leg.round,
        word,
        at,
        at.filter(|_| accepted),
        facts.reservation,
        facts.outbox,
        micros(facts.bid),
        facts.ping_name.as_ref(),
        micros(facts.price),
        facts.buyers_name.as_ref(),
        facts.redirect_url.as_ref(),
        &facts.told,
    ]
}

pub(super) fn read_leg(row: &Row, currency: Currency) -> Result<(Leg, LegFacts), DbError> {
    let word: String = row.get("stands")?;
    let at: Option<Timestamp> = row.get("stands_at")?;
    let state = match (word.as_str(), at) {
        ("sending", Some(since)) => LegState::Sending { since },
        ("unknown", Some(until)) => LegState::Unknown { until },
        ("accepted", Some(at)) => LegState::Accepted { at },
        ("returned", Some(at)) => LegState::Returned { at },
        ("rejected", _) => LegState::Rejected,
        _ => return Err(DbError::other("read a leg of a lead", "its state is none")),
    };
    let leg = Leg {
        contract: row.get("contract")?,
        company: row.get("company")?,
        round: row.get("round")?,
        state,
    };
    let facts = LegFacts {
        buyer: row.get("buyer")?,
        destination: row.get("destination")?,
        reservation: row.get("reservation")?,
        outbox: row.get("outbox")?,
        bid: money(row, "bid", currency)?,
        ping_name: row.get("ping_name")?,
        price: money(row, "price", currency)?,
        buyers_name: row.get("buyers_name")?,
        redirect_url: row.get("redirect_url")?,
        told: row.get("told")?,
    };
    Ok((leg, facts))
}

/// A lead without its legs, which are rows of their own.
pub(super) fn lead(row: &Row) -> Result<LeadRow, DbError> {
    let currency: Currency = row.get("currency")?;
    let ping = match (read_lead(row, "pinged")?, opt_hash(row, "fingerprint")?) {
        (Some(lead), Some(fingerprint)) => Some(Ping {
            lead,
            fingerprint,
            at: row.get("pinged_at")?,
            offer: offer(row, currency)?,
        }),
        _ => None,
    };
    let post = match read_lead(row, "posted")? {
        Some(lead) => Some(Post {
            lead,
            at: row.get("posted_at")?,
        }),
        None => None,
    };
    let tries: Option<u16> = row.get("waited")?;
    let next_at: Option<Timestamp> = row.get("next_at")?;
    let has_source = row.get::<Option<String>>("channel")?.is_some();
    let consent: Option<u64> = row.get("consent")?;
    Ok(LeadRow {
        id: row.get("id")?,
        account: row.get("account")?,
        campaign: row.get("campaign")?,
        feed: row.get("feed")?,
        publisher: row.get("publisher")?,
        came_by: row.get("came_by")?,
        test: row.get("test")?,
        run: Run {
            state: row.get("stands")?,
            ping,
            post,
            legs_max: row.get("legs_max")?,
            legs: Vec::new(),
            waits: tries
                .zip(next_at)
                .map(|(tries, next_at)| Waits { tries, next_at }),
            pending: row.get("pending")?,
        },
        legs: Vec::new(),
        held: read_held(row, currency)?,
        key: row.get("asked_key")?,
        asked: hash(row, "asked")?,
        reason: row.get("reason")?,
        price_min: money(row, "price_min", currency)?,
        came_at: row.get("came_at")?,
        changed_at: row.get("changed_at")?,
        due_at: row.get("due_at")?,
        currency,
        revenue: money(row, "revenue", currency)?,
        payout: money(row, "payout", currency)?,
        session: row.get("session")?,
        source: if has_source { Some(source(row)?) } else { None },
        consent,
        revision: row.get("revision")?,
    })
}

fn offer(row: &Row, currency: Currency) -> Result<Option<PingOffer>, DbError> {
    if !row.get::<bool>("has_offer")? {
        return Ok(None);
    }
    Ok(Some(PingOffer {
        quoted: money(row, "quoted", currency)?,
        expires_at: row.get("expires_at")?,
    }))
}

pub(super) fn event_values(lead: &LeadRow, n: i64, event: &LeadEvent) -> Vec<Val> {
    args![
        lead.id,
        n,
        lead.account,
        event.at,
        event.kind,
        event.contract,
        &event.told,
    ]
}

pub(super) fn event(row: &Row) -> Result<LeadEventRow, DbError> {
    Ok(LeadEventRow {
        n: row.get("n")?,
        event: LeadEvent {
            at: row.get("at")?,
            kind: row.get("kind")?,
            contract: row.get("contract")?,
            told: row.get("told")?,
        },
    })
}

pub(super) fn consent_values(row: &ConsentRow) -> Result<Vec<Val>, DbError> {
    let record = &row.record;
    Ok(args![
        row.account,
        number(Some(row.link.number))?,
        row.lead,
        row.link.previous.as_slice(),
        row.link.hash.as_slice(),
        row.signature.as_slice(),
        record.given_at,
        &record.page_url,
        &record.text,
        record.text_sha256.as_slice(),
        record.ip.map(|ip| ip.to_string()),
        &record.user_agent,
        blob(record.phone_sha256),
        blob(record.email_sha256),
        json(&record.sellers)?,
        record.replay.as_ref(),
    ])
}

pub(super) fn link(row: &Row) -> Result<Link, DbError> {
    Ok(Link {
        number: row.get("number")?,
        previous: hash(row, "previous")?,
        hash: hash(row, "hash")?,
    })
}

pub(super) fn consent(row: &Row) -> Result<ConsentRow, DbError> {
    let ip: Option<String> = row.get("ip")?;
    Ok(ConsentRow {
        account: row.get("account")?,
        lead: row.get("lead")?,
        record: ConsentRecord {
            given_at: row.get("given_at")?,
            page_url: row.get("page_url")?,
            text: row.get("words")?,
            text_sha256: hash(row, "words_sha256")?,
            ip: ip.and_then(|ip| ip.parse().ok()),
            user_agent: row.get("user_agent")?,
            phone_sha256: opt_hash(row, "phone_sha256")?,
            email_sha256: opt_hash(row, "email_sha256")?,
            sellers: from_json(row, "sellers")?,
            replay: row.get("replay")?,
        },
        link: link(row)?,
        signature: row.get("signature")?,
    })
}

pub(super) fn return_values(row: &ReturnRow) -> Vec<Val> {
    args![
        row.lead,
        row.contract,
        row.account,
        row.buyer,
        row.of.state,
        row.of.reason,
        &row.note,
        row.proved,
        row.of.asked_at,
        row.of.decide_by,
        row.of.percent,
        row.decided_by,
        row.decided_at,
        &row.answer,
    ]
}

pub(super) fn return_row(row: &Row) -> Result<ReturnRow, DbError> {
    Ok(ReturnRow {
        lead: row.get("lead")?,
        contract: row.get("contract")?,
        account: row.get("account")?,
        buyer: row.get("buyer")?,
        of: Return {
            state: row.get("stands")?,
            reason: row.get("reason")?,
            asked_at: row.get("asked_at")?,
            decide_by: row.get("decide_by")?,
            percent: row.get("percent")?,
        },
        note: row.get("note")?,
        proved: row.get("proved")?,
        decided_by: row.get("decided_by")?,
        decided_at: row.get("decided_at")?,
        answer: row.get("answer")?,
    })
}
