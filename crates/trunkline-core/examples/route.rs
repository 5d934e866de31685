//! The benchmark `route`: who could take a call, of a thousand contracts with ten predicates, hours, a cap and places for
//! calls each, and in which order. What is known of each caller is prepared anew; half of the contracts pass every test, so
//! that few tests are spared. And how long it takes to look for somebody on a list of a million who must not be sold.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_types,
    clippy::disallowed_methods
)] // it measures, and tells what it measured

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use trunkline_core::base::id::{
    BuyerId, CampaignId, CapId, ContractId, DestinationId, FeedId, ItemListId, OpportunityId,
};
use trunkline_core::base::{Country, Currency, PhoneNumber, Timestamp, Zone};
use trunkline_core::routing::{
    Availability, CapUse, Comer, ComplianceRules, ContractTerms, Facts, ItemKind, ItemList, Known,
    Layer, Layers, Offer, OpportunityKind, Outcome, Parties, Person, PlanThings, RoutePlan, Routes,
    Sha256, Shelf, Turns, plan,
};

/// 2026-11-23, a Monday, 10:00 in Chicago.
const NOON: Timestamp = Timestamp::from_millis(1_795_449_600_000);
const CONTRACTS: i64 = 1_000;
const PREDICATES: usize = 10;
const PLANS: usize = 20_000;
const LIST_ITEMS: usize = 100_000;
const LISTED: u64 = 1_000_000;
const LOOKS: usize = 2_000_000;

type AnyError = Box<dyn std::error::Error>;

/// Numbers that look as if by chance, the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

fn main() -> Result<(), AnyError> {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let shelf = shelf(&mut chance)?;
    let routes = routes(&mut chance, &shelf)?;
    let mut availability = Availability::default();
    for n in 1..=CONTRACTS {
        let used = CapUse {
            used: i64::try_from(chance.below(90))?,
            ..CapUse::default()
        };
        availability.caps.insert(CapId::from_raw(n), used);
    }
    let zone = Zone::parse("America/Chicago")?;
    let callers: Vec<_> = (0..500).map(|_| caller(&mut chance)).collect();
    let mut took_us: Vec<u64> = Vec::with_capacity(PLANS);
    let (mut eligible, mut refused_by_filter) = (0_u64, 0_u64);
    for n in 0..PLANS {
        let (tags, phone) = &callers[n % callers.len()];
        let began = Instant::now();
        let known = Known {
            kind: OpportunityKind::Call,
            tags,
            phone: Some(*phone),
            phone_sha256: None,
            email_sha256: None,
            zip: tags.get("zip").map(String::as_str),
            state: None,
            country: None,
            source: None,
            score: Some(70),
            attestation: None,
            times_before: 0,
        };
        let facts = Facts::of(&known, &zone, NOON);
        let offer = Offer {
            facts: &facts,
            comer: Comer {
                opportunity: OpportunityId::from_raw(i64::try_from(n)?),
                person: Person {
                    phone: Some(*phone),
                    ..Person::default()
                },
                campaign: CampaignId::from_raw(1),
                feed: FeedId::from_raw(1),
            },
            past: &[],
            floor: None,
            payout: None,
            prior_connects: 0,
        };
        let turns = Turns::default();
        let made = plan(&routes, &offer, &availability, &turns, NOON, n as u64);
        let made = black_box(made);
        took_us.push(u64::try_from(began.elapsed().as_nanos() / 1_000)?);
        for line in &made.trace {
            match line.outcome {
                Outcome::Eligible { .. } => eligible += 1,
                Outcome::Refused(_) => refused_by_filter += 1,
            }
        }
    }
    took_us.sort_unstable();
    let at = |share: f64| took_us[((took_us.len() - 1) as f64 * share) as usize] as f64 / 1_000.0;
    let (by_number, by_hash) = looks(&mut chance)?;
    let looked_at = (eligible + refused_by_filter) as f64;
    println!(
        "{{\"contracts\": {CONTRACTS}, \"predicates\": {PREDICATES}, \"plans\": {PLANS}, \"eligible_share\": {:.3}, \
         \"p50_ms\": {:.3}, \"p99_ms\": {:.3}, \"max_ms\": {:.3}, \"look_by_number_ns\": {by_number:.0}, \
         \"look_by_hash_ns\": {by_hash:.0}}}",
        eligible as f64 / looked_at,
        at(0.5),
        at(0.99),
        at(1.0),
    );
    Ok(())
}

/// How long it takes to find out that somebody is on none of a million numbers, by the number and by its hash, in
/// nanoseconds.
fn looks(chance: &mut Chance) -> Result<(f64, f64), AnyError> {
    let numbers: Vec<String> = (0..LISTED)
        .map(|n| format!("+1{}", 2_000_000_000 + n * 7))
        .collect();
    let list = ItemList::stored(ItemKind::Numbers, numbers.iter().map(String::as_str));
    let list = Arc::new(list.map_err(|error| format!("{error:?}"))?);
    let id = ItemListId::from_raw(1);
    let shelf = Shelf {
        lists: [(id, list)].into(),
        ..Shelf::default()
    };
    let rules = ComplianceRules {
        do_not_call: vec![id],
        ..ComplianceRules::default()
    };
    let compliance = rules.compile(&shelf, sha256);
    let tags = BTreeMap::new();
    let known = Known {
        kind: OpportunityKind::Lead,
        tags: &tags,
        phone: None,
        phone_sha256: None,
        email_sha256: None,
        zip: None,
        state: None,
        country: None,
        source: None,
        score: None,
        attestation: None,
        times_before: 0,
    };
    let facts = Facts::of(&known, &Zone::parse("UTC")?, NOON);
    let people: Vec<(Person, Person)> = (0..1_024)
        .map(|_| {
            let number = PhoneNumber::from_digits(13_000_000_000 + chance.below(LISTED * 7));
            let phone = Person {
                phone: Some(number),
                ..Person::default()
            };
            let hash = Person {
                phone_sha256: Some(sha256(number.to_string().as_bytes())),
                ..Person::default()
            };
            (phone, hash)
        })
        .collect();
    let measure = |of: fn(&(Person, Person)) -> &Person| {
        let began = Instant::now();
        for n in 0..LOOKS {
            let person = of(&people[n % people.len()]);
            black_box(compliance.allows(&facts, black_box(person)).is_ok());
        }
        began.elapsed().as_nanos() as f64 / LOOKS as f64
    };
    Ok((measure(|both| &both.0), measure(|both| &both.1)))
}

fn sha256(bytes: &[u8]) -> Sha256 {
    let mut hash = Sha256::default();
    hash.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    hash
}

/// A list of ZIP codes that every contract asks.
fn shelf(chance: &mut Chance) -> Result<Shelf, AnyError> {
    let zips: Vec<String> = (0..LIST_ITEMS)
        .map(|_| format!("{:05}", chance.below(100_000)))
        .collect();
    let texts = zips.iter().map(String::as_str);
    let list =
        ItemList::read(ItemKind::Zips, texts, Country::US).map_err(|error| format!("{error:?}"))?;
    Ok(Shelf {
        lists: [(ItemListId::from_raw(1), Arc::new(list))].into(),
        ..Shelf::default()
    })
}

fn routes(chance: &mut Chance, shelf: &Shelf) -> Result<Routes, AnyError> {
    let mut contracts = BTreeMap::new();
    let mut members = Vec::new();
    for n in 1..=CONTRACTS {
        let layer: Layer = serde_json::from_str(&contract(n, chance))?;
        let nothing = Layer::default();
        let layers = Layers {
            account: &nothing,
            campaign: &nothing,
            buyer: &nothing,
            destination: &nothing,
            contract: &layer,
        };
        let id = ContractId::from_raw(n);
        let parties = Parties {
            contract: id,
            destination: DestinationId::from_raw(n),
            buyer: BuyerId::from_raw(n),
            company: BuyerId::from_raw(n),
            campaign: CampaignId::from_raw(1),
            version: 1,
        };
        let terms = ContractTerms::resolve(parties, &layers, shelf, Currency::USD);
        let terms = terms.map_err(|problems| format!("{problems:?}"))?;
        contracts.insert(id, Arc::new(terms));
        members.push(format!(r#"{{"to": {{"contract": "{id}"}}}}"#));
    }
    let members = members.join(",");
    let text = format!(
        r#"{{"schema": 1, "start": "main", "attempts_max": 100,
            "groups": {{"main": {{"method": "weighted", "members": [{members}]}}}}}}"#
    );
    let document: RoutePlan = serde_json::from_str(&text)?;
    let things = PlanThings {
        contracts: &contracts,
        shelf,
        currency: Currency::USD,
    };
    let routes = document.compile(&things);
    Ok(routes.map_err(|problems| format!("{problems:?}"))?)
}

/// What one contract says: ten predicates, hours, a cap, places, a price, a tier and a weight.
fn contract(n: i64, chance: &mut Chance) -> String {
    let age = 18 + chance.below(10);
    let debt = 1_000 + 100 * chance.below(60);
    let not_zip = chance.below(1_000);
    let list = ItemListId::from_raw(1);
    let tests = [
        r#"{"field": {"name": "state", "value": {"is_one_of": ["TX", "OK", "CA", "FL", "NY", "IL"]}}}"#.to_owned(),
        format!(r#"{{"tag": {{"name": "age", "value": {{"between": [{age}, 85]}}}}}}"#),
        format!(r#"{{"tag": {{"name": "debt|amount", "value": {{"at_least": {debt}}}}}}}"#),
        r#"{"tag": {"name": "homeowner", "value": {"is": "yes"}}}"#.to_owned(),
        r#"{"not": {"tag": {"name": "insurer", "value": {"contains": "state farm"}}}}"#.to_owned(),
        r#"{"tag": {"name": "vehicle", "value": {"matches": "^(suv|sedan|truck)( [a-z]+)?$"}}}"#.to_owned(),
        format!(r#"{{"not": {{"field": {{"name": "zip", "value": {{"starts_with": "{not_zip:03}"}}}}}}}}"#),
        format!(r#"{{"not": {{"all": [{{"field": {{"name": "zip", "value": {{"in_list": "{list}"}}}}}},
            {{"tag": {{"name": "renter", "value": {{"present": true}}}}}}]}}}}"#),
        r#"{"field": {"name": "score", "value": {"above": 40}}}"#.to_owned(),
        r#"{"any": [{"tag": {"name": "consent_type", "value": {"is": "trusted_form"}}},
            {"tag": {"name": "consent_type", "value": {"present": false}}}]}"#.to_owned(),
    ];
    assert_eq!(tests.len(), PREDICATES);
    let cap = CapId::from_raw(n);
    let (price, tier, weight) = (
        10 + chance.below(50),
        chance.below(10),
        1 + chance.below(20),
    );
    format!(
        r#"{{"filter": {{"all": [{}]}}, "priority": {tier}, "weight": {weight}, "concurrency_max": 20,
            "schedule": {{"zone": "America/Chicago", "weekly": [{{"days": ["mon", "tue", "wed", "thu", "fri"],
                "from": "08:00", "to": "20:00"}}]}},
            "caps": [{{"id": "{cap}", "max": 100, "window": {{"period": "day", "zone": "America/Chicago"}}}}],
            "price": {{"rules": [{{"rate": {{"fixed": {price}}}}}]}}}}"#,
        tests.join(",")
    )
}

/// Somebody who calls.
fn caller(chance: &mut Chance) -> (BTreeMap<String, String>, PhoneNumber) {
    let owned = |name: &str, value: String| (name.to_owned(), value);
    let vehicle = ["suv", "sedan blue", "truck"][usize::try_from(chance.below(3)).unwrap_or(0)];
    let tags = [
        owned("age", (30 + chance.below(40)).to_string()),
        owned("debt", (1_000 + chance.below(9_000)).to_string()),
        owned("homeowner", "yes".to_owned()),
        owned("insurer", "Progressive".to_owned()),
        owned("vehicle", vehicle.to_owned()),
        owned("zip", format!("{:05}", chance.below(100_000))),
        owned("consent_type", "trusted_form".to_owned()),
        owned("sub_id", chance.below(1_000).to_string()),
    ];
    let phone = PhoneNumber::from_digits(12_145_550_000 + chance.below(10_000));
    (tags.into(), phone)
}
