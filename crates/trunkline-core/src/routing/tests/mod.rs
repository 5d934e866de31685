//! What routing promises, one file of promises for each room.

mod arrivals;
mod auctions;
mod caps;
mod compliance;
mod duplicates;
mod feed_documents;
mod feeds;
mod filters;
mod lists;
mod plans;
mod prices;
mod reasons;
mod recordings;
mod reserving;
mod terms;
mod trees;
mod turns;
mod windows;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::*;
use crate::base::id::{
    BuyerId, CampaignId, CapId, ContractId, DestinationId, FeedId, ItemListId, OpportunityId,
};
use crate::base::{Country, Currency, Money, PhoneNumber, Timestamp, Zone};

/// 2026-11-23, a Monday, 10:00 in Chicago.
const NOW: Timestamp = Timestamp::from_millis(1_795_449_600_000);

static NO_TAGS: LazyLock<BTreeMap<String, String>> = LazyLock::new(BTreeMap::new);

fn at(text: &str) -> Timestamp {
    let moment: jiff::Timestamp = text.parse().expect("a moment");
    Timestamp::from_millis(moment.as_millisecond())
}

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).expect("an amount")
}

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse_e164(text).expect("a number")
}

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

/// A call from Dallas with nothing else known.
fn known(tags: &BTreeMap<String, String>) -> Known<'_> {
    Known {
        kind: OpportunityKind::Call,
        tags,
        phone: Some(number("+12145550100")),
        phone_sha256: None,
        email_sha256: None,
        zip: None,
        state: None,
        country: None,
        source: None,
        score: None,
        attestation: None,
        times_before: 0,
    }
}

fn facts<'a>(known: &Known<'a>) -> Facts<'a> {
    let zone = Zone::parse("America/Chicago").expect("a zone");
    Facts::of(known, &zone, NOW)
}

fn plain() -> Facts<'static> {
    facts(&known(&NO_TAGS))
}

fn read<T: serde::de::DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn sieve(json: &str, shelf: &Shelf) -> Sieve {
    let filter: Filter = read(json);
    filter.compile(shelf).expect(json)
}

fn messages(problems: &[Problem]) -> Vec<String> {
    let line = |p: &Problem| format!("{}: {}", p.place, p.message);
    problems.iter().map(line).collect()
}

/// Each problem names its place and what to write.
fn assert_problem(found: &[Problem], place: &str, said: &str) {
    let is = |p: &&Problem| p.place == place && p.message.contains(said);
    assert!(
        found.iter().any(|p| is(&p)),
        "{place} {said}: {:?}",
        messages(found)
    );
}

fn contract(n: i64) -> ContractId {
    ContractId::from_raw(n)
}

fn cap_id(n: i64) -> CapId {
    CapId::from_raw(n)
}

/// Contracts 1, 2, … each of a buyer of its own, with what it says.
fn contracts(layers: &[&str]) -> BTreeMap<ContractId, Arc<ContractTerms>> {
    let layers = layers.iter().map(|json| read::<Layer>(json));
    (1..)
        .zip(layers)
        .map(|(n, layer)| (contract(n), Arc::new(terms(n, &layer))))
        .collect()
}

fn terms(n: i64, layer: &Layer) -> ContractTerms {
    let nothing = Layer::default();
    let layers = Layers {
        account: &nothing,
        campaign: &nothing,
        buyer: &nothing,
        destination: &nothing,
        contract: layer,
    };
    let resolved = ContractTerms::resolve(parties(n), &layers, &Shelf::default(), Currency::USD);
    resolved.unwrap_or_else(|problems| panic!("{:?}", messages(&problems)))
}

fn parties(n: i64) -> Parties {
    Parties {
        contract: contract(n),
        destination: DestinationId::from_raw(n),
        buyer: BuyerId::from_raw(n),
        company: BuyerId::from_raw(n),
        campaign: CampaignId::from_raw(1),
        version: 1,
    }
}

fn routes(plan: &str, contracts: &BTreeMap<ContractId, Arc<ContractTerms>>) -> Routes {
    let things = PlanThings {
        contracts,
        shelf: &Shelf::default(),
        currency: Currency::USD,
    };
    let compiled = read::<RoutePlan>(plan).compile(&things);
    compiled.unwrap_or_else(|problems| panic!("{:?}", messages(&problems)))
}

/// A plan of one group with all contracts in it.
fn one_group(method: &str, layers: &[&str]) -> Routes {
    let all = contracts(layers);
    let members: Vec<String> = all.keys().map(|id| member(*id)).collect();
    let members = members.join(",");
    let plan = format!(
        r#"{{"schema": 1, "start": "main", "attempts_max": 100,
            "groups": {{"main": {{"method": "{method}", "members": [{members}]}}}}}}"#
    );
    routes(&plan, &all)
}

fn member(id: ContractId) -> String {
    format!(r#"{{"to": {{"contract": "{id}"}}}}"#)
}

fn comer() -> Comer {
    Comer {
        opportunity: OpportunityId::from_raw(100),
        person: Person {
            phone: Some(number("+12145550100")),
            ..Person::default()
        },
        campaign: CampaignId::from_raw(1),
        feed: FeedId::from_raw(1),
    }
}

fn offer<'a>(facts: &'a Facts<'a>, past: &'a [Past]) -> Offer<'a> {
    Offer {
        facts,
        comer: comer(),
        past,
        floor: None,
        payout: None,
        prior_connects: 0,
    }
}

/// The numbers of the contracts that are asked, in their order.
fn asked(plan: &Plan) -> Vec<i64> {
    let contracts = plan.attempts.iter().flat_map(Attempt::contracts);
    contracts.map(|id| id.raw()).collect()
}

fn reasons(plan: &Plan) -> Vec<Option<ReasonCode>> {
    let reason = |line: &TraceLine| match line.outcome {
        Outcome::Eligible { .. } => None,
        Outcome::Refused(refusal) => Some(refusal.reason()),
    };
    plan.trace.iter().map(reason).collect()
}
