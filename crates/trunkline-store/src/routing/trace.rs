//! How a trace, a plan and what filters could ask are written down: short, because there is a line for every contract.
//!
//! Money is in micro-units of the opportunity's currency.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trunkline_core::base::id::{BuyerId, CapId, ContractId, ItemListId, OpportunityId};
use trunkline_core::base::{Currency, Money, Timestamp};
use trunkline_core::call::screening::Vouched;
use trunkline_core::routing::{
    Attempt, CapUnit, ComplianceRefusal, Earlier, FailedTest, Level, Live, MostPrice, NoRoom,
    Outcome, Owner, Places, Refusal, Taker, TraceLine,
};
use trunkline_core::visitor::{Channel, Source};
use trunkline_engine::ports::routing::Asked;

use crate::convert::{from_json, json, opt_json};
use crate::db::{DbError, Row, Val};

/// Contract, version, what became of it.
#[derive(Serialize, Deserialize)]
struct Line(i64, u32, Fate);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Fate {
    /// Rule and amount of the price, unpaid, attempt.
    Eligible(Option<(u16, i64)>, bool, Option<u16>),
    Paused(Level),
    Closed(By, bool),
    Filter(By, u16),
    Duplicate(u16, EarlierOne),
    Suppressed(i64),
    PriorConnects(u32, u32),
    NoPrice,
    /// Available, price.
    Balance(i64, i64),
    /// Whose, cap, unit, used, reserved, adds, max, paced.
    Cap(By, i64, CapUnit, i64, i64, i64, i64, bool),
    /// Whose, legs, reserved, places, what a bid takes of one.
    Concurrency(By, u32, u32, u32, u8),
    /// Price, floor.
    BelowFloor(i64, i64),
    WeightZero,
}

/// The word of a level, or the number of a group.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum By {
    Level(Level),
    Group(u16),
}

/// Opportunity, when, and who had it: contract, buyer, company.
#[derive(Serialize, Deserialize)]
struct EarlierOne(i64, i64, Option<(i64, i64, i64)>);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Planned {
    One(i64),
    Together(u16, Vec<i64>),
    Auction(u16, Vec<i64>),
}

/// What stopped it before any contract was asked.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stopped {
    DoNotCall(i64),
    Litigator(i64),
    /// What was vouched for, the least.
    AttestationLow(Vouched, Vouched),
}

#[derive(Serialize, Deserialize)]
struct AskedDocument {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<SourceDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    score: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attestation: Option<Vouched>,
    #[serde(default)]
    times_before: u32,
}

#[derive(Serialize, Deserialize)]
struct SourceDocument {
    channel: Channel,
    medium: String,
    source: String,
    ad_campaign: Option<String>,
    term: Option<String>,
    content: Option<String>,
    rule: String,
}

pub(super) fn write_stopped(by: Option<ComplianceRefusal>) -> Result<Val, DbError> {
    let stopped = by.map(|by| match by {
        ComplianceRefusal::DoNotCall(list) => Stopped::DoNotCall(list.raw()),
        ComplianceRefusal::Litigator(list) => Stopped::Litigator(list.raw()),
        ComplianceRefusal::AttestationLow { vouched, least } => {
            Stopped::AttestationLow(vouched, least)
        }
    });
    stopped.as_ref().map_or(Ok(Val::Null), json)
}

pub(super) fn read_stopped(row: &Row) -> Result<Option<ComplianceRefusal>, DbError> {
    let stopped: Option<Stopped> = opt_json(row, "stopped_by")?;
    Ok(stopped.map(|stopped| match stopped {
        Stopped::DoNotCall(list) => ComplianceRefusal::DoNotCall(ItemListId::from_raw(list)),
        Stopped::Litigator(list) => ComplianceRefusal::Litigator(ItemListId::from_raw(list)),
        Stopped::AttestationLow(vouched, least) => {
            ComplianceRefusal::AttestationLow { vouched, least }
        }
    }))
}

pub(super) fn write_trace(trace: &[TraceLine]) -> Result<Val, DbError> {
    let line = |line: &TraceLine| Line(line.contract.raw(), line.version, fate(&line.outcome));
    json(&trace.iter().map(line).collect::<Vec<_>>())
}

pub(super) fn read_trace(row: &Row, currency: Currency) -> Result<Vec<TraceLine>, DbError> {
    let lines: Vec<Line> = from_json(row, "trace")?;
    let line = |Line(contract, version, fate)| TraceLine {
        contract: ContractId::from_raw(contract),
        version,
        outcome: outcome(fate, currency),
    };
    Ok(lines.into_iter().map(line).collect())
}

const fn by(of: Owner) -> By {
    match of {
        Owner::Terms(level) => By::Level(level),
        Owner::Group(number) => By::Group(number),
    }
}

const fn of(by: &By) -> Owner {
    match by {
        By::Level(level) => Owner::Terms(*level),
        By::Group(number) => Owner::Group(*number),
    }
}

fn fate(outcome: &Outcome) -> Fate {
    let refusal = match outcome {
        Outcome::Eligible {
            price,
            unpaid,
            attempt,
        } => {
            let price = price.map(|most| (most.rule, most.amount.micros()));
            return Fate::Eligible(price, *unpaid, *attempt);
        }
        Outcome::Refused(refusal) => refusal,
    };
    match *refusal {
        Refusal::Paused(level) => Fate::Paused(level),
        Refusal::Closed { of, last_call } => Fate::Closed(by(of), last_call),
        Refusal::Filter { of, failed } => Fate::Filter(by(of), failed.0),
        Refusal::Duplicate { rule, earlier } => {
            let taker = |to: Taker| (to.contract.raw(), to.buyer.raw(), to.company.raw());
            let (opportunity, at) = (earlier.opportunity.raw(), earlier.at.as_millis());
            Fate::Duplicate(rule, EarlierOne(opportunity, at, earlier.to.map(taker)))
        }
        Refusal::Suppressed(list) => Fate::Suppressed(list.raw()),
        Refusal::PriorConnects { connects, max } => Fate::PriorConnects(connects, max),
        Refusal::NoPrice => Fate::NoPrice,
        Refusal::Balance { available, price } => Fate::Balance(available.micros(), price.micros()),
        Refusal::Cap { of, room } => Fate::Cap(
            by(of),
            room.cap.raw(),
            room.counts,
            room.used,
            room.reserved,
            room.adds,
            room.max,
            room.paced,
        ),
        Refusal::Concurrency { of, live, places } => {
            let percent = places.reservation_percent;
            Fate::Concurrency(by(of), live.legs, live.reserved, places.max, percent)
        }
        Refusal::BelowFloor { price, floor } => Fate::BelowFloor(price.micros(), floor.micros()),
        Refusal::WeightZero => Fate::WeightZero,
    }
}

fn outcome(fate: Fate, currency: Currency) -> Outcome {
    let money = |micros| Money::from_micros(micros, currency);
    Outcome::Refused(match fate {
        Fate::Eligible(price, unpaid, attempt) => {
            let price = price.map(|(rule, amount)| MostPrice {
                rule,
                amount: money(amount),
            });
            return Outcome::Eligible {
                price,
                unpaid,
                attempt,
            };
        }
        Fate::Paused(level) => Refusal::Paused(level),
        Fate::Closed(by, last_call) => Refusal::Closed {
            of: of(&by),
            last_call,
        },
        Fate::Filter(by, failed) => Refusal::Filter {
            of: of(&by),
            failed: FailedTest(failed),
        },
        Fate::Duplicate(rule, EarlierOne(opportunity, at, to)) => Refusal::Duplicate {
            rule,
            earlier: Earlier {
                opportunity: OpportunityId::from_raw(opportunity),
                at: Timestamp::from_millis(at),
                to: to.map(|(contract, buyer, company)| Taker {
                    contract: ContractId::from_raw(contract),
                    buyer: BuyerId::from_raw(buyer),
                    company: BuyerId::from_raw(company),
                }),
            },
        },
        Fate::Suppressed(list) => Refusal::Suppressed(ItemListId::from_raw(list)),
        Fate::PriorConnects(connects, max) => Refusal::PriorConnects { connects, max },
        Fate::NoPrice => Refusal::NoPrice,
        Fate::Balance(available, price) => Refusal::Balance {
            available: money(available),
            price: money(price),
        },
        Fate::Cap(by, cap, counts, used, reserved, adds, max, paced) => Refusal::Cap {
            of: of(&by),
            room: NoRoom {
                cap: CapId::from_raw(cap),
                counts,
                used,
                reserved,
                adds,
                max,
                paced,
            },
        },
        Fate::Concurrency(by, legs, reserved, max, reservation_percent) => Refusal::Concurrency {
            of: of(&by),
            live: Live { legs, reserved },
            places: Places {
                max,
                reservation_percent,
            },
        },
        Fate::BelowFloor(price, floor) => Refusal::BelowFloor {
            price: money(price),
            floor: money(floor),
        },
        Fate::WeightZero => Refusal::WeightZero,
    })
}

pub(super) fn write_planned(planned: &[Attempt]) -> Result<Val, DbError> {
    let raw = |ids: &[ContractId]| ids.iter().map(|id| id.raw()).collect();
    let one = |attempt: &Attempt| match attempt {
        Attempt::One(contract) => Planned::One(contract.raw()),
        Attempt::Together { group, contracts } => Planned::Together(*group, raw(contracts)),
        Attempt::Auction { group, contracts } => Planned::Auction(*group, raw(contracts)),
    };
    json(&planned.iter().map(one).collect::<Vec<_>>())
}

pub(super) fn read_planned(row: &Row) -> Result<Vec<Attempt>, DbError> {
    let planned: Vec<Planned> = from_json(row, "planned")?;
    let ids = |raw: Vec<i64>| raw.into_iter().map(ContractId::from_raw).collect();
    let one = |planned| match planned {
        Planned::One(contract) => Attempt::One(ContractId::from_raw(contract)),
        Planned::Together(group, raw) => Attempt::Together {
            group,
            contracts: ids(raw),
        },
        Planned::Auction(group, raw) => Attempt::Auction {
            group,
            contracts: ids(raw),
        },
    };
    Ok(planned.into_iter().map(one).collect())
}

pub(super) fn write_asked(asked: &Asked) -> Result<Val, DbError> {
    let Asked {
        tags,
        zip,
        state,
        country,
        source,
        score,
        attestation,
        times_before,
    } = asked.clone();
    json(&AskedDocument {
        tags,
        zip,
        state,
        country: country.map(|country| country.code().to_owned()),
        source: source.map(|source| SourceDocument {
            channel: source.channel,
            medium: source.medium,
            source: source.source,
            ad_campaign: source.ad_campaign,
            term: source.term,
            content: source.content,
            rule: source.rule,
        }),
        score,
        attestation,
        times_before,
    })
}

pub(super) fn read_asked(row: &Row) -> Result<Asked, DbError> {
    let asked: AskedDocument = from_json(row, "asked")?;
    Ok(Asked {
        tags: asked.tags,
        zip: asked.zip,
        state: asked.state,
        // A country that this version does not know is none.
        country: asked.country.and_then(|code| code.parse().ok()),
        source: asked.source.map(|source| Source {
            channel: source.channel,
            medium: source.medium,
            source: source.source,
            ad_campaign: source.ad_campaign,
            term: source.term,
            content: source.content,
            rule: source.rule,
        }),
        score: asked.score,
        attestation: asked.attestation,
        times_before: asked.times_before,
    })
}
