//! Route plans as documents: one tree, or a sentence that says why not.

use super::*;

fn problems(plan: &str) -> Vec<Problem> {
    let all = contracts(&["{}", "{}"]);
    let things = PlanThings {
        contracts: &all,
        shelf: &Shelf::default(),
        currency: Currency::USD,
    };
    read::<RoutePlan>(plan).problems(&things)
}

fn plan(groups: &str) -> String {
    format!(r#"{{"schema": 1, "start": "main", "groups": {{{groups}}}}}"#)
}

fn group(name: &str, members: &[String]) -> String {
    format!(
        r#""{name}": {{"method": "waterfall", "members": [{}]}}"#,
        members.join(",")
    )
}

fn to(group: &str) -> String {
    format!(r#"{{"to": {{"group": "{group}"}}}}"#)
}

#[test]
fn circles_depth_and_what_stands_twice_are_rejected_by_name() {
    let one = member(contract(1));
    let names: Vec<String> = (0..6)
        .map(|n| {
            if n == 0 {
                "main".to_owned()
            } else {
                format!("g{n}")
            }
        })
        .collect();
    let chain: Vec<String> = names
        .windows(2)
        .map(|pair| group(&pair[0], &[to(&pair[1])]))
        .collect();
    let deep = format!(
        "{}, {}",
        chain.join(","),
        group("g5", std::slice::from_ref(&one))
    );
    for (groups, place, said) in [
        (
            group("main", &[to("a")]) + "," + &group("a", &[to("main")]),
            "groups.main",
            "main -> a -> main",
        ),
        (
            group("main", &[to("main")]),
            "groups.main",
            "goes round: main -> main",
        ),
        (
            group("main", &[to("a"), to("a")]) + "," + &group("a", std::slice::from_ref(&one)),
            "groups.a",
            "two groups",
        ),
        (
            group("main", &[one.clone(), one.clone()]),
            "groups.main",
            "name it once",
        ),
        (
            group("main", &[to("a"), one.clone()]) + "," + &group("a", std::slice::from_ref(&one)),
            "groups.main",
            "name it once",
        ),
        (deep, "groups.g5", "nested deeper"),
        (
            group("main", &[to("b")]),
            "groups.main",
            "`b`, which does not exist",
        ),
        (
            group("main", &[member(contract(9))]),
            "",
            "does not exist in this campaign",
        ),
        (
            group("main", std::slice::from_ref(&one)) + "," + &group("a", &[member(contract(2))]),
            "groups.a",
            "no way leads here",
        ),
        (group("main", &[]), "groups.main", "no members"),
        (
            group("other", std::slice::from_ref(&one)),
            "start",
            "does not exist",
        ),
    ] {
        assert_problem(&problems(&plan(&groups)), place, said);
    }
}

#[test]
fn what_a_group_cannot_mean_is_said_with_its_place() {
    let one = member(contract(1));
    let with = |more: &str| {
        plan(&format!(
            r#""main": {{"method": "weighted", "members": [{one}]{more}}}"#
        ))
    };
    let heavy = format!(
        r#""main": {{"method": "weighted", "members": [{{"to": {{"contract": "{}"}}, "weight": 1000001}}]}}"#,
        contract(1)
    );
    let flat = format!(
        r#""main": {{"method": "weighted", "members": [{{"to": {{"contract": "{}"}}, "flat": true}}]}}"#,
        contract(1)
    );
    let flat_auction = format!(
        r#""main": {{"method": "weighted", "members": [{{"to": {{"group": "a"}}, "flat": true}}]}}, "a": {{"method": "auction", "members": [{one}]}}"#
    );
    for (json, place, said) in [
        (
            with(r#", "filter": {"all": []}"#),
            "groups.main.filter",
            "empty",
        ),
        (
            with(r#", "schedule": {"zone": "UTC"}"#),
            "groups.main.schedule",
            "never open",
        ),
        (
            with(r#", "performance": {"mode": "strict", "explore_percent": 101}"#),
            "groups.main.performance.explore_percent",
            "0 to 100",
        ),
        (
            with(r#", "auction": {"legs_max": 11}"#),
            "groups.main.auction.legs_max",
            "1 to 10",
        ),
        (
            with(r#", "auction": {"legs_max": 2, "pays": "second_price"}"#),
            "groups.main.auction.pays",
            "one buyer",
        ),
        (
            with(r#", "auction": {"timeout_ms": 5001}"#),
            "groups.main.auction.timeout_ms",
            "100 to 5000",
        ),
        (
            with(r#", "auction": {"modifiers": [{"change": {"multiply": -1}}]}"#),
            "groups.main.auction.modifiers[0]",
            "out of range",
        ),
        (
            plan(&heavy),
            "groups.main.members[0]",
            "weight out of range",
        ),
        (plan(&flat), "groups.main.members[0]", "only groups"),
        (plan(&flat_auction), "groups.main", "cannot be flat"),
        (
            with("").replace(r#""schema": 1"#, r#""schema": 2"#),
            "schema",
            "write 1",
        ),
        (
            with("").replace(r#""schema": 1"#, r#""schema": 1, "attempts_max": 0"#),
            "attempts_max",
            "1 to 100",
        ),
    ] {
        assert_problem(&problems(&json), place, said);
    }
    assert_eq!(messages(&problems(&with(""))), [""; 0]);
    for wrong in [
        with(r#", "metod": 1"#),
        with("").replace("weighted", "lottery"),
    ] {
        assert!(
            serde_json::from_str::<RoutePlan>(&wrong).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn a_plan_is_written_as_it_was_read() {
    let json = format!(
        r#"{{"schema":1,"start":"main","attempts_max":5,"groups":{{"main":{{"method":"waterfall","members":[{{"to":{{"contract":"{}"}},"priority":-2}}]}}}}}}"#,
        contract(1)
    );
    assert_eq!(
        serde_json::to_string(&read::<RoutePlan>(&json)).expect("JSON"),
        json
    );
}
