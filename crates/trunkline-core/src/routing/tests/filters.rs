//! Filters: every operator on what is there, and on what is not.

use super::*;
use crate::routing::filter::{Alike, Answers};

fn passes(json: &str, facts: &Facts<'_>) -> bool {
    sieve(json, &Shelf::default()).passes(facts)
}

#[test]
fn every_comparison_is_true_of_what_it_says() {
    let tags = tags(&[
        ("zip_home", "75201"),
        ("age", "42"),
        ("make", "Ford F-150"),
        ("ratio", "2.5"),
        ("empty", " "),
    ]);
    let mut known = known(&tags);
    known.score = Some(71);
    known.zip = Some("75201-1234");
    known.times_before = 2;
    let facts = facts(&known);
    for (value, holds) in [
        (
            r#"{"tag": {"name": "make", "value": {"present": true}}}"#,
            true,
        ),
        (
            r#"{"tag": {"name": "make", "value": {"present": false}}}"#,
            false,
        ),
        (
            r#"{"tag": {"name": "make", "value": {"is": "FORD f-150"}}}"#,
            true,
        ),
        (
            r#"{"tag": {"name": "make", "value": {"is": "Ford"}}}"#,
            false,
        ),
        (
            r#"{"tag": {"name": "make", "value": {"is_one_of": ["BMW", "ford F-150"]}}}"#,
            true,
        ),
        (
            r#"{"tag": {"name": "make", "value": {"contains": "D F"}}}"#,
            true,
        ),
        (
            r#"{"tag": {"name": "make", "value": {"starts_with": "fo"}}}"#,
            true,
        ),
        (
            r#"{"tag": {"name": "make", "value": {"starts_with": "or"}}}"#,
            false,
        ),
        (
            r#"{"tag": {"name": "make", "value": {"ends_with": "-150"}}}"#,
            true,
        ),
        (
            r#"{"tag": {"name": "make", "value": {"ends_with": "-15"}}}"#,
            false,
        ),
        (
            r#"{"tag": {"name": "make", "value": {"matches": "^ford .-\\d+$"}}}"#,
            true,
        ),
        (
            r#"{"tag": {"name": "make", "value": {"matches": "^\\d"}}}"#,
            false,
        ),
        (r#"{"tag": {"name": "age", "value": {"below": 42}}}"#, false),
        (
            r#"{"tag": {"name": "age", "value": {"at_most": 42}}}"#,
            true,
        ),
        (r#"{"tag": {"name": "age", "value": {"above": 42}}}"#, false),
        (
            r#"{"tag": {"name": "age", "value": {"at_least": 42}}}"#,
            true,
        ),
        (
            r#"{"tag": {"name": "age", "value": {"between": [42, 43]}}}"#,
            true,
        ),
        (
            r#"{"tag": {"name": "age", "value": {"between": [43, 50]}}}"#,
            false,
        ),
        (
            r#"{"tag": {"name": "ratio", "value": {"above": 2.499999}}}"#,
            true,
        ),
        (
            r#"{"tag": {"name": "ratio", "value": {"above": "2.5"}}}"#,
            false,
        ),
        (
            r#"{"tag": {"name": "make", "value": {"at_least": 0}}}"#,
            false,
        ),
        (
            r#"{"tag": {"name": "none|empty|age", "value": {"is": "42"}}}"#,
            true,
        ),
        (
            r#"{"field": {"name": "score", "value": {"at_least": 70}}}"#,
            true,
        ),
        (
            r#"{"field": {"name": "state", "value": {"is_one_of": ["ok", "tx"]}}}"#,
            true,
        ),
        (
            r#"{"field": {"name": "area_code", "value": {"is": "214"}}}"#,
            true,
        ),
        (
            r#"{"field": {"name": "country", "value": {"is": "us"}}}"#,
            true,
        ),
        (
            r#"{"field": {"name": "phone", "value": {"starts_with": "+1214"}}}"#,
            true,
        ),
        (
            r#"{"field": {"name": "zip", "value": {"is": "75201"}}}"#,
            true,
        ),
        (
            r#"{"field": {"name": "kind", "value": {"is": "lead"}}}"#,
            false,
        ),
        (
            r#"{"field": {"name": "times_before", "value": {"above": 1}}}"#,
            true,
        ),
        (
            r#"{"when": {"days": ["mon"], "from": "10:00", "to": "10:01"}}"#,
            true,
        ),
        (
            r#"{"when": {"days": ["tue"], "from": "10:00", "to": "10:01"}}"#,
            false,
        ),
        (
            r#"{"when": {"days": ["sun"], "from": "22:00", "to": "11:00"}}"#,
            true,
        ),
        (
            r#"{"all": [{"field": {"name": "kind", "value": {"is": "call"}}}, {"tag": {"name": "age", "value": {"is": "1"}}}]}"#,
            false,
        ),
        (
            r#"{"any": [{"field": {"name": "kind", "value": {"is": "lead"}}}, {"tag": {"name": "age", "value": {"is": "42"}}}]}"#,
            true,
        ),
        (
            r#"{"not": {"tag": {"name": "age", "value": {"is": "42"}}}}"#,
            false,
        ),
    ] {
        assert_eq!(passes(value, &facts), holds, "{value}");
    }
}

#[test]
fn what_is_missing_or_empty_makes_every_comparison_false_but_that_it_is_not_there() {
    let tags = tags(&[("empty", ""), ("blank", "  ")]);
    let facts = facts(&known(&tags));
    let list = ItemList::read(ItemKind::Hashes, [], Country::US).expect("a list");
    let shelf = Shelf {
        lists: [(ItemListId::from_raw(1), Arc::new(list))].into(),
        ..Shelf::default()
    };
    let id = ItemListId::from_raw(1);
    for name in ["none", "empty", "blank", "none|empty|blank"] {
        for value in [
            r#"{"present": true}"#.to_owned(),
            r#"{"is": "x"}"#.to_owned(),
            r#"{"is_one_of": ["x"]}"#.to_owned(),
            r#"{"contains": "x"}"#.to_owned(),
            r#"{"starts_with": "x"}"#.to_owned(),
            r#"{"ends_with": "x"}"#.to_owned(),
            r#"{"matches": ".*"}"#.to_owned(),
            r#"{"below": 1}"#.to_owned(),
            r#"{"at_most": 0}"#.to_owned(),
            r#"{"above": -1}"#.to_owned(),
            r#"{"at_least": 0}"#.to_owned(),
            r#"{"between": [-1, 1]}"#.to_owned(),
            format!(r#"{{"in_list": "{id}"}}"#),
            format!(r#"{{"hash_in_list": "{id}"}}"#),
        ] {
            let json = format!(r#"{{"tag": {{"name": "{name}", "value": {value}}}}}"#);
            assert!(!sieve(&json, &shelf).passes(&facts), "{json}");
        }
        let absent = format!(r#"{{"tag": {{"name": "{name}", "value": {{"present": false}}}}}}"#);
        assert!(sieve(&absent, &shelf).passes(&facts), "{absent}");
    }
}

#[test]
fn a_zip_code_is_near_by_the_ground_and_an_unknown_one_is_not() {
    // Dallas downtown, Irving (about 9 miles), Fort Worth (about 31 miles).
    let map = ZipMap::new([
        (75_201, (32_788_000, -96_799_000)),
        (75_061, (32_826_000, -96_960_000)),
        (76_102, (32_757_000, -97_330_000)),
    ]);
    let shelf = Shelf {
        zips: Arc::new(map),
        ..Shelf::default()
    };
    let near = |zip, miles: &str| {
        let mut known = known(&NO_TAGS);
        known.zip = zip;
        let json = format!(r#"{{"zip_within": {{"zip": "75201", "miles": {miles}}}}}"#);
        sieve(&json, &shelf).passes(&facts(&known))
    };
    for (zip, miles, is_near) in [
        (Some("75201"), "0.1", true),
        (Some("75061"), "10", true),
        (Some("75061"), "9", false),
        (Some("76102-0001"), "31", true),
        (Some("76102"), "30", false),
        (Some("99999"), "500", false),
        (None, "500", false),
    ] {
        assert_eq!(near(zip, miles), is_near, "{zip:?} {miles}");
    }
}

#[test]
fn what_failed_is_said_with_what_was_compared() {
    let tags = tags(&[("age", "24")]);
    let facts = facts(&known(&tags));
    for (json, said) in [
        (
            r#"{"all": [{"tag": {"name": "age", "value": {"above": 1}}}, {"tag": {"name": "age", "value": {"at_least": 25}}}]}"#,
            "the tag age of at least 25 is wanted; it is `24`",
        ),
        (
            r#"{"field": {"name": "state", "value": {"is_one_of": ["CA", "NV", "AZ"]}}}"#,
            "state `CA`, `NV` or one of 1 more is wanted; it is `TX`",
        ),
        (
            r#"{"tag": {"name": "zip", "value": {"is": "1"}}}"#,
            "the tag zip `1` is wanted; there is none",
        ),
        (
            r#"{"any": [{"tag": {"name": "a", "value": {"is": "1"}}}, {"tag": {"name": "b", "value": {"is": "1"}}}]}"#,
            "one of 2 tests is wanted, and none of it holds",
        ),
        (
            r#"{"not": {"tag": {"name": "age", "value": {"below": 25}}}}"#,
            "the tag age below 25 is not wanted",
        ),
        (
            r#"{"when": {"days": ["tue", "wed"], "from": "09:00", "to": "17:00"}}"#,
            "tue, wed 09:00 to 17:00 is wanted; it is mon 10:00",
        ),
        (
            r#"{"field": {"name": "phone", "value": {"is": "+12145550199"}}}"#,
            "phone `+12145550199` is wanted; it is `+1••••••••00`",
        ),
    ] {
        let sieve = sieve(json, &Shelf::default());
        let failed = sieve.test(&facts).expect_err(json);
        assert_eq!(sieve.explain(failed, &facts), said);
    }
}

#[test]
fn what_a_filter_cannot_mean_is_said_with_its_place() {
    let deep = format!(
        "{}{}{}",
        r#"{"not": "#.repeat(9),
        r#"{"tag": {"name": "a", "value": {"present": true}}}"#,
        "}".repeat(9)
    );
    let many = format!(
        r#"{{"any": [{}]}}"#,
        vec![r#"{"tag": {"name": "a", "value": {"is": "1"}}}"#; 200].join(",")
    );
    let heavy = format!(
        r#"{{"any": [{}]}}"#,
        [r#"{"tag": {"name": "a", "value": {"matches": "^1"}}}"#; 11].join(",")
    );
    let list = ItemListId::from_raw(7);
    let unknown = format!(r#"{{"tag": {{"name": "a", "value": {{"in_list": "{list}"}}}}}}"#);
    for (json, place, said) in [
        (r#"{"all": []}"#, "", "`all` is empty"),
        (r#"{"all": [{"any": []}]}"#, "all[0]", "`any` is empty"),
        (
            r#"{"tag": {"name": "State", "value": {"is": "TX"}}}"#,
            "tag",
            "small letters",
        ),
        (
            r#"{"tag": {"name": "a|", "value": {"is": "TX"}}}"#,
            "tag",
            "is no name of a tag",
        ),
        (
            r#"{"tag": {"name": "a", "value": {"is": ""}}}"#,
            "tag",
            "present",
        ),
        (
            r#"{"all": [{"tag": {"name": "a", "value": {"is_one_of": []}}}]}"#,
            "all[0].tag",
            "at least one text",
        ),
        (
            r#"{"tag": {"name": "a", "value": {"matches": "("}}}"#,
            "tag",
            "unclosed group",
        ),
        (
            r#"{"tag": {"name": "a", "value": {"matches": "(\\w{1000}){1000}"}}}"#,
            "tag",
            "too large",
        ),
        (
            r#"{"tag": {"name": "a", "value": {"between": [2, 1]}}}"#,
            "tag",
            "smaller number first",
        ),
        (
            r#"{"when": {"days": [], "from": "09:00", "to": "10:00"}}"#,
            "when",
            "no days",
        ),
        (
            r#"{"zip_within": {"zip": "75201", "miles": 10}}"#,
            "zip_within",
            "no ZIP code that is known",
        ),
        (
            r#"{"zip_within": {"zip": "75201", "miles": 501}}"#,
            "zip_within",
            "out of range",
        ),
        (&unknown, "tag", "does not exist"),
        (&deep, "not.not.not.not.not.not.not.not", "nested deeper"),
        (&many, "", "201 comparisons"),
        (&heavy, "", "11 regular expressions"),
    ] {
        let filter: Filter = read(json);
        assert_problem(&filter.problems(&Shelf::default()), place, said);
        assert!(filter.compile(&Shelf::default()).is_err());
    }
    for wrong in [
        r#"{"tag": {"name": "a", "value": {"is": "1"}, "more": 1}}"#,
        r#"{"tag": {"name": "a", "value": {"like": "1"}}}"#,
        r#"{"tag": {"name": "a", "value": {"below": "NaN"}}}"#,
        r#"{"tag": {"name": "a", "value": {"below": "1e3"}}}"#,
        r#"{"field": {"name": "colour", "value": {"is": "1"}}}"#,
        r#"{"all": [], "any": []}"#,
    ] {
        assert!(serde_json::from_str::<Filter>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_filter_is_written_as_it_was_read() {
    for json in [
        r#"{"all":[{"tag":{"name":"debt|amount","value":{"between":[1,"2.5"]}}},{"not":{"field":{"name":"state","value":{"is_one_of":["TX"]}}}}]}"#,
        r#"{"when":{"days":["mon"],"from":"09:00","to":"17:00"}}"#,
        r#"{"zip_within":{"zip":"75201","miles":25}}"#,
    ] {
        assert_eq!(
            serde_json::to_string(&read::<Filter>(json)).expect("JSON"),
            json
        );
    }
}

#[test]
fn what_many_sieves_ask_is_asked_once_and_answers_as_each_of_them_alone() {
    let written = [
        r#"{"all": [{"tag": {"name": "age", "value": {"at_least": 30}}}, {"tag": {"name": "make", "value": {"is": "ford"}}}]}"#,
        r#"{"all": [{"tag": {"name": "age", "value": {"at_least": 40}}}, {"tag": {"name": "make", "value": {"is": "ford"}}}]}"#,
        r#"{"not": {"tag": {"name": "make", "value": {"is": "ford"}}}}"#,
        r#"{"any": [{"field": {"name": "state", "value": {"is": "TX"}}}, {"tag": {"name": "age", "value": {"at_least": 30}}}]}"#,
        r#"{"all": [{"field": {"name": "state", "value": {"is": "TX"}}}, {"tag": {"name": "make", "value": {"present": false}}}]}"#,
    ];
    let sieves: Vec<Sieve> = written
        .iter()
        .map(|json| sieve(json, &Shelf::default()))
        .collect();
    let alike = Alike::among(sieves.iter());
    for age in ["", "25", "35", "45"] {
        for make in ["", "Ford", "BMW"] {
            for state in ["TX", "OK"] {
                let tags = tags(&[("age", age), ("make", make)]);
                let mut known = known(&tags);
                known.state = Some(state);
                let facts = facts(&known);
                let mut answers = Answers::new(&alike);
                for (number, sieve) in sieves.iter().enumerate() {
                    let said = answers.test(number, sieve, &facts);
                    assert_eq!(said, sieve.test(&facts), "{age} {make} {state}, {number}");
                }
            }
        }
    }
}
