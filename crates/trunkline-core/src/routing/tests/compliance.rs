//! Compliance: who must not be sold is found by number and by hash alike, and the first rule in the order says why.

use proptest::prelude::*;

use super::*;
use crate::base::sha256_text;
use crate::call::screening::Vouched;

fn hash(bytes: &[u8]) -> Sha256 {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().try_into().expect("32 bytes")
}

fn hash_of(number: &str) -> Sha256 {
    hash(number.as_bytes())
}

const CALLER: &str = "+12145550100";
const OTHER: &str = "+12145550199";

fn list_id(n: i64) -> ItemListId {
    ItemListId::from_raw(n)
}

/// 1: numbers with the caller; 2: hashes with the caller's; 3: numbers without; 4: hashes without; 5: texts; 6: ZIP codes.
fn shelf() -> Shelf {
    let hashes = |number: &str| sha256_text(hash_of(number));
    let (own, others) = (hashes(CALLER), hashes(OTHER));
    let lists = [
        (1, ItemKind::Numbers, CALLER),
        (2, ItemKind::Hashes, own.as_str()),
        (3, ItemKind::Numbers, OTHER),
        (4, ItemKind::Hashes, others.as_str()),
        (5, ItemKind::Texts, CALLER),
        (6, ItemKind::Zips, "75201"),
    ];
    let list = |(n, kind, item)| {
        let list = ItemList::read(kind, [item], Country::US).expect("a list");
        (list_id(n), Arc::new(list))
    };
    Shelf {
        lists: lists.into_iter().map(list).collect(),
        ..Shelf::default()
    }
}

/// Rules in which `@1` stands for the id of list 1.
fn rules(json: &str) -> ComplianceRules {
    let mut json = json.to_owned();
    for n in 1..=9 {
        json = json.replace(&format!("@{n}"), &list_id(n).to_string());
    }
    read(&json)
}

pub(super) fn ready(json: &str) -> Compliance {
    let rules = rules(json);
    let problems = rules.problems(&shelf());
    assert_eq!(problems, [], "{json}");
    rules.compile(&shelf(), hash)
}

fn plain_person() -> Person {
    Person {
        phone: Some(number(CALLER)),
        phone_sha256: Some(hash_of(CALLER)),
        email_sha256: None,
    }
}

fn hashed_person() -> Person {
    Person {
        phone: None,
        ..plain_person()
    }
}

#[test]
fn who_must_not_be_sold_is_found_by_number_and_by_hash_on_lists_of_both_kinds() {
    for (json, refusal) in [
        (r"{}", None),
        (r#"{"do_not_call": ["@3", "@4"]}"#, None),
        (
            r#"{"do_not_call": ["@3", "@1"]}"#,
            Some(ComplianceRefusal::DoNotCall(list_id(1))),
        ),
        (
            r#"{"do_not_call": ["@4", "@2"]}"#,
            Some(ComplianceRefusal::DoNotCall(list_id(2))),
        ),
        (
            r#"{"litigators": ["@3", "@2", "@1"]}"#,
            Some(ComplianceRefusal::Litigator(list_id(2))),
        ),
        (
            r#"{"do_not_call": ["@3", "@1"], "litigators": ["@2"]}"#,
            Some(ComplianceRefusal::DoNotCall(list_id(1))),
        ),
    ] {
        let compliance = ready(json);
        for person in [plain_person(), hashed_person()] {
            let found = compliance.allows(&plain(), &person);
            assert_eq!(found.err(), refusal, "{json} {person:?}");
        }
        // Of whom nothing is known, nothing is found.
        assert_eq!(compliance.allows(&plain(), &Person::default()), Ok(()));
    }
}

#[test]
fn a_number_is_found_on_a_list_of_hashes_and_a_hash_on_a_list_of_numbers_by_itself() {
    let only_hash = hashed_person();
    let only_number = Person {
        phone_sha256: None,
        ..plain_person()
    };
    let on = |json: &str, person: &Person| ready(json).allows(&plain(), person).is_err();
    assert!(on(r#"{"litigators": ["@1"]}"#, &only_hash));
    assert!(on(r#"{"litigators": ["@1"]}"#, &only_number));
    assert!(on(r#"{"litigators": ["@2"]}"#, &only_hash));
    // Whoever knows a number knows its hash: one without the other is not looked for.
    assert!(!on(r#"{"litigators": ["@2"]}"#, &only_number));
}

#[test]
fn a_caller_is_vouched_for_as_far_as_the_campaign_asks() {
    use Vouched::{Forged, Full, Gateway, Nothing, Partial};
    for (least, enough) in [
        (None, &[Full, Partial, Gateway, Nothing, Forged][..]),
        (Some(Gateway), &[Full, Partial, Gateway]),
        (Some(Partial), &[Full, Partial]),
        (Some(Full), &[Full]),
    ] {
        let compliance = match least {
            None => ready("{}"),
            Some(least) => ready(&format!(r#"{{"attestation_min": "{}"}}"#, least.word())),
        };
        for vouched in Vouched::ALL {
            let call = facts(&Known {
                attestation: Some(*vouched),
                ..known(&NO_TAGS)
            });
            let refusal = (!enough.contains(vouched)).then(|| ComplianceRefusal::AttestationLow {
                vouched: *vouched,
                least: least.expect("a least"),
            });
            let found = compliance.allows(&call, &plain_person());
            assert_eq!(found.err(), refusal, "{least:?} {vouched:?}");
        }
        // A lead, and a call that is only announced, have none.
        assert_eq!(compliance.allows(&plain(), &plain_person()), Ok(()));
    }
    let low = facts(&Known {
        attestation: Some(Nothing),
        ..known(&NO_TAGS)
    });
    let both = ready(r#"{"litigators": ["@1"], "attestation_min": "full"}"#);
    let found = both.allows(&low, &plain_person()).map_err(|r| r.reason());
    assert_eq!(found, Err(ReasonCode::Litigator), "lists are asked first");
    let found = both.allows(&low, &Person::default());
    let found = found.map_err(|r| r.reason());
    assert_eq!(found, Err(ReasonCode::AttestationLow));
}

#[test]
fn what_cannot_be_meant_is_named_with_its_place() {
    let many = vec![r#""@1""#; COMPLIANCE_LISTS_MAX + 1].join(",");
    for (json, place, said) in [
        (
            r#"{"do_not_call": ["@9"]}"#.to_owned(),
            "do_not_call",
            "does not exist",
        ),
        (
            r#"{"litigators": ["@5"]}"#.to_owned(),
            "litigators",
            "texts; choose one of numbers or hashes",
        ),
        (r#"{"litigators": ["@6"]}"#.to_owned(), "litigators", "zips"),
        (
            format!(r#"{{"do_not_call": [{many}]}}"#),
            "do_not_call",
            "more than 20",
        ),
        (
            r#"{"attestation_min": "nothing"}"#.to_owned(),
            "attestation_min",
            "leave it out",
        ),
        (
            r#"{"attestation_min": "forged"}"#.to_owned(),
            "attestation_min",
            "leave it out",
        ),
    ] {
        assert_problem(&rules(&json).problems(&shelf()), place, said);
    }
    assert!(serde_json::from_str::<ComplianceRules>(r#"{"dnc": []}"#).is_err());
    let nothing = serde_json::to_string(&ComplianceRules::default());
    assert_eq!(nothing.expect("JSON"), "{}");
}

proptest! {
    #[test]
    fn hashes_of_a_list_of_numbers_are_those_of_its_numbers_and_no_others(
        inside in prop::collection::btree_set(2_000_000_000_u64..9_999_999_999, 0..200),
        asked in 2_000_000_000_u64..9_999_999_999,
    ) {
        let written: Vec<String> = inside.iter().map(|n| format!("+1{n}")).collect();
        let list = ItemList::stored(ItemKind::Numbers, written.iter().map(String::as_str));
        let list = list.expect("a list");
        prop_assert!(written.iter().all(|n| !list.contains_hash(&hash_of(n))), "nobody asked yet");
        list.learn_hashes(hash);
        prop_assert!(written.iter().all(|n| list.contains_hash(&hash_of(n))));
        let found = list.contains_hash(&hash_of(&format!("+1{asked}")));
        prop_assert_eq!(found, inside.contains(&asked));
    }
}
