//! The trace for people: a line for every contract, with names instead of ids, and the numbers that were compared.

use serde::Serialize;
use trunkline_core::base::id::{AccountId, BuyerId, CapKind, ContractId, ContractKind, IdMap};
use trunkline_core::base::{Currency, Money, Timestamp, Zone};
use trunkline_core::routing::{
    Attempt, AttemptOutcome, Cap, Facts, FailedTest, GateRefusal, Level, MemberOf, NoRoom, Outcome,
    Owner, Refusal, RoutePlan, Sieve, TraceLine,
};
use trunkline_engine::distribution::Market;
use trunkline_engine::ports::distribution::{TermsDocument, TermsOf, TermsVersion};
use trunkline_engine::ports::routing::{AttemptRow, OpportunityRecord};
use trunkline_engine::standing::caps_of;
use trunkline_engine::what_if::facts_of;
use utoipa::ToSchema;

use super::super::numbers::Named;
use super::view::{Names, ReasonItem};
use crate::app::Web;
use crate::problem::Problem;

/// What became of a contract.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TraceLine)]
pub(super) struct TraceItem {
    contract: Named,
    buyer: Option<Named>,
    destination: Option<Named>,
    /// The version of the contract's terms that was looked at.
    version: u32,
    /// `sold`: it has it; `tried`: it was asked and has it not; `planned`: it was to be asked; `could`: it could have taken
    /// it, and others come first; `stopped`: a rule stopped it.
    became: &'static str,
    /// In which attempt it was to be asked, from 1.
    attempt: Option<u16>,
    /// What came of the attempt, such as `no_answer`.
    outcome: Option<&'static str>,
    /// What it would pay at most, in millionths; null: what it bids, or nothing.
    price_micros: Option<i64>,
    /// Whether it would not pay, because it had the person before.
    unpaid: bool,
    /// The rule that stopped it.
    pub(super) reason: Option<ReasonItem>,
    /// What stopped it, with whose rule it is.
    told: String,
    /// The numbers that were compared.
    compared: Vec<ComparedItem>,
}

/// A number that was compared.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Compared)]
pub(super) struct ComparedItem {
    /// What it is, such as `used`, `reserved` or `at most`.
    name: &'static str,
    /// A number, millionths of money, or a time in milliseconds.
    value: i64,
    /// `number`, `money` or `time`.
    unit: &'static str,
}

fn number(name: &'static str, value: i64) -> ComparedItem {
    let unit = "number";
    ComparedItem { name, value, unit }
}

fn money(name: &'static str, value: Money) -> ComparedItem {
    ComparedItem {
        name,
        value: value.micros(),
        unit: "money",
    }
}

fn time(name: &'static str, value: Timestamp) -> ComparedItem {
    ComparedItem {
        name,
        value: value.as_millis(),
        unit: "time",
    }
}

/// What lines are told with: the names, the plan and terms of that time, and what was known of the opportunity.
pub(super) struct Told<'a> {
    names: &'a Names,
    facts: Facts<'a>,
    caps: IdMap<CapKind, &'a Cap>,
    /// Names of groups by their numbers, with their filters.
    groups: Vec<String>,
    group_sieves: Vec<Option<Sieve>>,
    campaign: String,
    /// Filters of contracts whose terms were changed since.
    earlier: IdMap<ContractKind, Sieve>,
}

/// Most contracts whose terms of that time are read.
const EARLIER_MAX: usize = 50;

impl<'a> Told<'a> {
    /// Reads what is not in memory: the plan, and the filters that stopped contracts, as they were.
    pub(super) async fn of(
        app: &Web,
        names: &'a Names,
        record: &'a OpportunityRecord,
    ) -> Result<Self, Problem> {
        let market = &names.market;
        let opportunity = &record.opportunity;
        let zone = zone(app, market.account)?;
        let mut told = Self {
            names,
            facts: facts_of(record, &zone, opportunity.came_at),
            caps: caps_of(market),
            groups: Vec::new(),
            group_sieves: Vec::new(),
            campaign: names.campaign(opportunity.campaign).name,
            earlier: IdMap::default(),
        };
        let campaign = market.campaign(opportunity.campaign);
        if let Some((entry, version)) = campaign.zip(opportunity.plan_version) {
            let plan = entry.campaign.plan;
            let found = version_of(app, market, plan.into(), version).await?;
            if let Some(TermsDocument::Plan(plan)) = found.map(|v| v.document) {
                told.read_plan(&plan);
            }
        }
        let changed = record.trace.iter().filter(|line| {
            let by_own_filter = matches!(
                line.outcome,
                Outcome::Refused(Refusal::Filter {
                    of: Owner::Terms(Level::Contract),
                    ..
                })
            );
            let live = market.terms(line.contract).live.as_ref();
            by_own_filter && live.is_none_or(|live| live.version != line.version)
        });
        for line in changed.take(EARLIER_MAX) {
            let found = version_of(app, market, line.contract.into(), line.version).await?;
            let Some(TermsDocument::Layer(layer)) = found.map(|v| v.document) else {
                continue;
            };
            let filter = layer.filter.as_ref();
            if let Some(Ok(sieve)) = filter.map(|filter| filter.compile(market.shelf())) {
                told.earlier.insert(line.contract, sieve);
            }
        }
        Ok(told)
    }

    /// The same with a plan of today.
    pub(super) fn today(mut self) -> Self {
        self.groups.clear();
        self.group_sieves.clear();
        self.earlier.clear();
        self
    }

    /// Numbers the groups of a plan as plans do: each before its members.
    pub(super) fn read_plan(&mut self, plan: &RoutePlan) {
        self.group(plan, &plan.start, plan.groups.len());
    }

    fn group(&mut self, plan: &RoutePlan, name: &str, depth: usize) {
        let Some(group) = plan.groups.get(name).filter(|_| depth > 0) else {
            return;
        };
        let shelf = self.names.market.shelf();
        let sieve = group.filter.as_ref().and_then(|f| f.compile(shelf).ok());
        self.groups.push(name.to_owned());
        self.group_sieves.push(sieve);
        for member in &group.members {
            if let MemberOf::Group(inner) = &member.to {
                self.group(plan, inner, depth - 1);
            }
        }
    }

    /// The names of the plan's groups, by their numbers.
    pub(super) fn groups(&self) -> &[String] {
        &self.groups
    }

    /// A line for every contract: who has it, who was tried, who was to be, who could, who could not.
    pub(super) fn lines(
        &self,
        trace: &[TraceLine],
        planned: &[Attempt],
        attempts: &[AttemptRow],
        sold_to: Option<(ContractId, BuyerId)>,
    ) -> Vec<TraceItem> {
        let mut lines: Vec<(u8, u16, TraceItem)> = trace
            .iter()
            .map(|line| {
                let row = attempts.iter().rev().find(|a| a.contract == line.contract);
                let sold = sold_to.is_some_and(|(contract, _)| contract == line.contract);
                let item = self.line(line, planned, row, sold);
                let rank = match item.became {
                    "sold" => 0,
                    "tried" => 1,
                    "planned" => 2,
                    "could" => 3,
                    _ => 4,
                };
                (rank, item.attempt.unwrap_or(u16::MAX), item)
            })
            .collect();
        lines.sort_by_key(|(rank, attempt, _)| (*rank, *attempt));
        lines.into_iter().map(|(.., item)| item).collect()
    }

    fn line(
        &self,
        line: &TraceLine,
        planned: &[Attempt],
        row: Option<&AttemptRow>,
        sold: bool,
    ) -> TraceItem {
        let market = &self.names.market;
        let destination = market.destination_of(line.contract);
        let mut item = TraceItem {
            contract: self.names.contract(line.contract),
            buyer: destination.map(|d| self.names.buyer(d.buyer)),
            destination: destination.map(|d| self.names.destination(d.id)),
            version: line.version,
            became: "stopped",
            attempt: None,
            outcome: row.and_then(|row| row.outcome).map(AttemptOutcome::word),
            price_micros: row.and_then(|row| row.bid.or(row.price)).map(Money::micros),
            unpaid: false,
            reason: row.and_then(|row| row.reason).map(ReasonItem::from),
            told: String::new(),
            compared: Vec::new(),
        };
        match &line.outcome {
            Outcome::Eligible {
                price,
                unpaid,
                attempt,
            } => {
                let auction = attempt.and_then(|n| planned.get(usize::from(n)));
                let auction = matches!(auction, Some(Attempt::Auction { .. }));
                item.price_micros = item.price_micros.or(price.map(|p| p.amount.micros()));
                item.unpaid = *unpaid;
                item.attempt = attempt.map(|n| n + 1);
                (item.became, item.told) = match (sold, row.is_some(), attempt) {
                    (true, ..) => ("sold", "It has it.".to_owned()),
                    (_, true, _) => ("tried", tried(row)),
                    (_, _, Some(_)) if auction => {
                        ("planned", "Was to be asked for a bid.".to_owned())
                    }
                    (_, _, Some(n)) => {
                        ("planned", format!("Was to be asked, as number {}.", n + 1))
                    }
                    (_, _, None) => (
                        "could",
                        "Could have taken it; others come first.".to_owned(),
                    ),
                };
                if *unpaid && !sold {
                    item.told
                        .push_str(" It would not pay, because it had the person before.");
                }
            }
            Outcome::Refused(refusal) => {
                item.reason = Some(refusal.reason().into());
                (item.told, item.compared) = self.refusal(line, refusal);
            }
        }
        item
    }

    fn refusal(&self, line: &TraceLine, refusal: &Refusal) -> (String, Vec<ComparedItem>) {
        let whose = |owner: Owner| self.whose(line.contract, owner);
        match refusal {
            Refusal::Paused(level) => {
                let who = capital(&whose(Owner::Terms(*level)));
                (format!("{who} is paused."), Vec::new())
            }
            Refusal::Closed { of, last_call } => {
                let why = if *last_call {
                    "Closes too soon by the hours of"
                } else {
                    "Closed by the hours of"
                };
                (format!("{why} {}.", whose(*of)), Vec::new())
            }
            Refusal::Filter { of, failed } => {
                let test = self.failed(line, *of, *failed);
                (format!("The filter of {}: {test}.", whose(*of)), Vec::new())
            }
            Refusal::Duplicate { earlier, .. } => {
                let had = earlier.to.map(|to| self.names.buyer(to.buyer).name);
                let to = had.map_or_else(String::new, |buyer| format!(" and went to {buyer}"));
                let compared = vec![time("came before", earlier.at)];
                (format!("The same person came before{to}."), compared)
            }
            Refusal::Suppressed(list) => {
                let list = self.names.market.list(*list);
                let name = list.map_or("a list that was deleted", |l| l.name.as_str());
                (format!("It is on the suppression list {name}."), Vec::new())
            }
            Refusal::PriorConnects { connects, max } => (
                "It was connected before more often than the contract accepts.".to_owned(),
                vec![
                    number("connected before", i64::from(*connects)),
                    number("at most", i64::from(*max)),
                ],
            ),
            Refusal::NoPrice => ("No price rule fits.".to_owned(), Vec::new()),
            Refusal::Balance { available, price } => {
                let who = whose(Owner::Terms(Level::Buyer));
                (
                    format!("The balance of {who} does not cover the price."),
                    vec![money("available", *available), money("price", *price)],
                )
            }
            Refusal::Cap { of, room } => (
                format!("Over {} of {}.", self.cap(room), whose(*of)),
                counted(room, self.names.market.currency),
            ),
            Refusal::Concurrency { of, live, places } => (
                format!("Every place for calls of {} is taken.", whose(*of)),
                vec![
                    number("on calls", i64::from(live.legs)),
                    number("reserved", i64::from(live.reserved)),
                    number("at most", i64::from(places.max)),
                ],
            ),
            Refusal::BelowFloor { price, floor } => (
                "The price is below what is asked for.".to_owned(),
                vec![money("price", *price), money("asked for", *floor)],
            ),
            Refusal::WeightZero => (
                "Its weight is 0, and others could take it.".to_owned(),
                Vec::new(),
            ),
        }
    }

    /// What kept it from every contract, as a sentence with the list that says so.
    pub(super) fn stopped(&self, record: &OpportunityRecord) -> Option<String> {
        let by = record.stopped_by.as_ref()?;
        Some(self.names.market.tell_stopped(by))
    }

    /// Why it would not be let in.
    pub(super) fn gate_refusal(&self, refusal: &GateRefusal) -> (String, Vec<ComparedItem>) {
        match refusal {
            GateRefusal::FeedPaused => ("The feed is paused.".to_owned(), Vec::new()),
            GateRefusal::CampaignPaused => (
                format!("The campaign {} is paused.", self.campaign),
                Vec::new(),
            ),
            GateRefusal::Compliance(by) => (self.names.market.tell_stopped(by), Vec::new()),
            GateRefusal::Blocked => (
                "The account's screening refuses the caller.".to_owned(),
                Vec::new(),
            ),
            GateRefusal::Closed => ("The feed is outside its hours.".to_owned(), Vec::new()),
            GateRefusal::Capped(room) => (
                format!("Over {} of the feed.", self.cap(room)),
                counted(room, self.names.market.currency),
            ),
            GateRefusal::Duplicate { earlier, .. } => (
                "The campaign had the same person before.".to_owned(),
                vec![time("came before", earlier.at)],
            ),
        }
    }

    fn whose(&self, contract: ContractId, owner: Owner) -> String {
        let level = match owner {
            Owner::Group(number) => {
                let name = self.groups.get(usize::from(number));
                return name.map_or_else(
                    || "a group of the route plan".to_owned(),
                    |name| format!("the group {name}"),
                );
            }
            Owner::Terms(level) => level,
        };
        let destination = self.names.market.destination_of(contract);
        match level {
            Level::Contract => "the contract".to_owned(),
            Level::Campaign => format!("the campaign {}", self.campaign),
            Level::Buyer => destination.map_or_else(
                || "the buyer".to_owned(),
                |d| format!("the buyer {}", self.names.buyer(d.buyer).name),
            ),
            Level::Destination => destination.map_or_else(
                || "the destination".to_owned(),
                |d| format!("the destination {}", d.name),
            ),
            Level::Account | Level::Default => "the account".to_owned(),
        }
    }

    fn failed(&self, line: &TraceLine, of: Owner, failed: FailedTest) -> String {
        let market = &self.names.market;
        let terms = market
            .contract(line.contract)
            .and_then(|entry| entry.terms.as_deref());
        let sieve = match of {
            Owner::Group(number) => self
                .group_sieves
                .get(usize::from(number))
                .and_then(Option::as_ref),
            Owner::Terms(Level::Contract) if self.earlier.contains_key(&line.contract) => {
                self.earlier.get(&line.contract)
            }
            Owner::Terms(level) => terms.and_then(|terms| {
                let mut sieves = terms.sieves.iter();
                sieves.find(|(at, _)| *at == level).map(|(_, sieve)| sieve)
            }),
        };
        sieve.map_or_else(
            || "a test that is not there any more".to_owned(),
            |sieve| sieve.explain(failed, &self.facts),
        )
    }

    /// What a cap is called: its name, or what it says.
    fn cap(&self, room: &NoRoom) -> String {
        let cap = self.caps.get(&room.cap);
        let paced = if room.paced { "the pace of " } else { "" };
        match cap {
            Some(cap) if !cap.name.is_empty() => format!("{paced}the cap {}", cap.name),
            Some(cap) => {
                let period = cap.window.period.word();
                format!(
                    "{paced}the cap of {} {} a {period}",
                    cap.max,
                    cap.counts.word()
                )
            }
            None => format!("{paced}a cap"),
        }
    }
}

/// What came of an attempt, as a sentence.
fn tried(row: Option<&AttemptRow>) -> String {
    let outcome = row.and_then(|row| row.outcome);
    match outcome {
        None => "Is being asked.",
        Some(AttemptOutcome::Taken) => "Took it, and does not have it any more.",
        Some(AttemptOutcome::NoAnswer) => "Did not answer.",
        Some(AttemptOutcome::Busy) => "Was busy.",
        Some(AttemptOutcome::Failed) => "Could not be reached.",
        Some(AttemptOutcome::Declined) => "Said no.",
        Some(AttemptOutcome::GivenBack) => "Hung up at once; the next was tried.",
        Some(AttemptOutcome::Abandoned) => "The caller hung up before it answered.",
        Some(AttemptOutcome::Lost) => "Another one was faster or bid better.",
        Some(AttemptOutcome::NoRoom) => "Had no room any more when it was its turn.",
        Some(AttemptOutcome::Unknown) => {
            "Nobody knows whether it took it: its answer did not come."
        }
    }
    .to_owned()
}

fn counted(room: &NoRoom, currency: Currency) -> Vec<ComparedItem> {
    let item = |name, value| {
        if room.counts.is_money() {
            money(name, Money::from_micros(value, currency))
        } else {
            number(name, value)
        }
    };
    vec![
        item("used", room.used),
        item("reserved", room.reserved),
        item("more", room.adds),
        item("at most", room.max),
    ]
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|l| l.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// The time zone of an account.
pub(super) fn zone(app: &Web, account: AccountId) -> Result<Zone, Problem> {
    let directory = app.backend.directory.now();
    let account = directory.account(account);
    let account = account.ok_or_else(|| Problem::not_found("account"))?;
    Ok(account.zone.clone())
}

/// One version of what something says.
async fn version_of(
    app: &Web,
    market: &Market,
    of: TermsOf,
    version: u32,
) -> Result<Option<TermsVersion>, Problem> {
    let distribution = &app.backend.distribution;
    if !market.has(of) {
        return Ok(None);
    }
    let below = version.saturating_add(1);
    let found = distribution.versions(market.account, of, Some(below), 1);
    let found = found.await?.into_iter().next();
    Ok(found.filter(|found| found.version == version))
}
