//! Terms: who said what is in force, and versions.

use super::*;

fn resolve(layers: [&str; 5]) -> Result<ContractTerms, Vec<Problem>> {
    let [account, campaign, buyer, destination, contract] = layers.map(read::<Layer>);
    let layers = Layers {
        account: &account,
        campaign: &campaign,
        buyer: &buyer,
        destination: &destination,
        contract: &contract,
    };
    ContractTerms::resolve(parties(1), &layers, &Shelf::default(), Currency::USD)
}

#[test]
fn the_most_specific_level_wins_and_is_named() {
    let weight = |layers| resolve(layers).expect("terms").weight;
    let says = |from, value| Effective { value, from };
    let (a, c, b, d, k) = (
        r#"{"weight": 2}"#,
        r#"{"weight": 3}"#,
        r#"{"weight": 4}"#,
        r#"{"weight": 5}"#,
        r#"{"weight": 6}"#,
    );
    assert_eq!(weight(["{}"; 5]), says(Level::Default, 1));
    assert_eq!(weight([a, "{}", "{}", "{}", "{}"]), says(Level::Account, 2));
    assert_eq!(weight([a, c, "{}", "{}", "{}"]), says(Level::Campaign, 3));
    assert_eq!(weight([a, c, b, "{}", "{}"]), says(Level::Buyer, 4));
    assert_eq!(weight([a, c, b, d, "{}"]), says(Level::Destination, 5));
    assert_eq!(weight([a, c, b, d, k]), says(Level::Contract, 6));
    assert_eq!(
        weight([a, c, b, d, r#"{"weight": 0}"#]),
        says(Level::Contract, 0)
    );
}

#[test]
fn filters_caps_and_places_of_every_level_hold_and_any_pause_is_one() {
    let cap = |n| {
        format!(
            r#"[{{"id": "{}", "max": 1, "window": {{"period": "all", "zone": "UTC"}}}}]"#,
            cap_id(n)
        )
    };
    let campaign = format!(
        r#"{{"filter": {{"tag": {{"name": "a", "value": {{"present": true}}}}}}, "caps": {}, "concurrency_max": 9, "paused": true}}"#,
        cap(1)
    );
    let contract = format!(
        r#"{{"filter": {{"tag": {{"name": "b", "value": {{"present": true}}}}}}, "caps": {}, "concurrency_max": 2, "paused": true, "reservation_percent": 50}}"#,
        cap(2)
    );
    let terms = resolve(["{}", &campaign, "{}", "{}", &contract]).expect("terms");
    let levels = [Level::Campaign, Level::Contract];
    assert_eq!(terms.sieves.iter().map(|s| s.0).collect::<Vec<_>>(), levels);
    assert_eq!(terms.limits.iter().map(|l| l.0).collect::<Vec<_>>(), levels);
    let places: Vec<_> = terms
        .places
        .iter()
        .map(|(l, p)| (*l, p.max, p.reservation_percent))
        .collect();
    assert_eq!(places, [(Level::Campaign, 9, 50), (Level::Contract, 2, 50)]);
    assert_eq!(terms.paused, Some(Level::Campaign));
}

#[test]
fn what_a_level_cannot_mean_is_said_with_its_place() {
    let list = ItemListId::from_raw(3);
    let unknown = format!(r#"{{"suppressed_by": ["{list}"]}}"#);
    for (json, place, said) in [
        (r#"{"weight": 1000001}"#, "buyer.weight", "0 to 1000000"),
        (
            r#"{"priority": -1000001}"#,
            "buyer.priority",
            "out of range",
        ),
        (
            r#"{"ring_timeout_s": 2}"#,
            "buyer.ring_timeout_s",
            "5 to 120",
        ),
        (
            r#"{"bid_timeout_ms": 6000}"#,
            "buyer.bid_timeout_ms",
            "100 to 5000",
        ),
        (r#"{"bid_max": 0}"#, "buyer.bid_max", "above 0"),
        (r#"{"filter": {"all": []}}"#, "buyer.filter", "empty"),
        (r#"{"price": {"rules": []}}"#, "buyer.price.rules", "1 to"),
        (
            r#"{"schedule": {"zone": "UTC"}}"#,
            "buyer.schedule",
            "never open",
        ),
        (
            r#"{"duplicates": [{"scope": "buyer", "action": "skip", "fields": []}]}"#,
            "buyer.duplicates[0].fields",
            "recognises nobody",
        ),
        (&unknown, "buyer.suppressed_by", "does not exist"),
    ] {
        let problems = resolve(["{}", "{}", json, "{}", "{}"]).expect_err(json);
        assert_problem(&problems, place, said);
    }
    assert!(serde_json::from_str::<Layer>(r#"{"wieght": 1}"#).is_err());
    let written = serde_json::to_string(&Layer::default()).expect("JSON");
    assert_eq!(written, "{}", "what is not said is not written");
}

#[test]
fn staged_terms_go_live_at_their_time_and_numbers_are_not_used_twice() {
    let later = NOW.plus_millis(1_000);
    let versions = Versions::new("a").stage("b", later, NOW);
    let live = |v: &Versions<&'static str>, at| (v.at(at).number, v.at(at).terms);
    assert_eq!(live(&versions, NOW), (1, "a"));
    assert_eq!(live(&versions, later), (2, "b"));
    assert_eq!(versions.to_come(NOW).map(|(_, v)| v.number), Some(2));
    assert_eq!(versions.to_come(later), None);
    let instead = versions.clone().stage("c", later, NOW);
    assert_eq!(live(&instead, NOW), (1, "a"));
    assert_eq!(
        live(&instead, later),
        (3, "c"),
        "what was staged before is given up"
    );
    let at_once = versions.clone().stage("d", NOW, NOW);
    assert_eq!(live(&at_once, NOW), (3, "d"));
    assert_eq!(live(&at_once, later), (3, "d"));
    let after = versions.stage("e", later.plus_millis(1), later);
    assert_eq!(live(&after, later), (2, "b"));
    assert_eq!(live(&after, later.plus_millis(1)), (3, "e"));
}
