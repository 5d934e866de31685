//! Lists: what was put in is in, and nothing else.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[test]
fn items_are_found_however_they_are_written() {
    let hash = "ab".repeat(32);
    for (kind, items, inside, outside) in [
        (
            ItemKind::Numbers,
            vec!["(214) 555-0100", "+442079460018"],
            vec!["+12145550100", "12145550100", "+442079460018"],
            vec!["+12145550101", "2145550100", "x", ""],
        ),
        (
            ItemKind::Zips,
            vec!["75201", "00501", "90210-1234"],
            vec!["75201-9999", "00501", "90210"],
            vec!["75202", "7520", "752011", "abcde"],
        ),
        (
            ItemKind::Texts,
            vec!["Ford", " Škoda ", "ford"],
            vec!["FORD", "ŠKODA", "škoda "],
            vec!["for", "fords", ""],
        ),
        (
            ItemKind::Hashes,
            vec![hash.as_str()],
            vec![hash.as_str()],
            vec!["ab", ""],
        ),
    ] {
        let list = ItemList::read(kind, items.iter().copied(), Country::US).expect("a list");
        for item in inside {
            assert!(list.contains(item), "{kind:?} {item}");
        }
        for item in outside {
            assert!(!list.contains(item), "{kind:?} {item}");
        }
    }
    let upper = "AB".repeat(32);
    let list = ItemList::read(ItemKind::Hashes, [hash.as_str()], Country::US).expect("a list");
    assert!(list.contains(&upper), "hexadecimal digits have no case");
    assert_eq!(list.len(), 1);
    assert!(ItemList::empty(ItemKind::Texts).is_empty());
}

#[test]
fn what_is_no_item_is_named_by_its_line() {
    for (kind, bad) in [
        (ItemKind::Numbers, "hello"),
        (ItemKind::Zips, "1234"),
        (ItemKind::Hashes, "abc"),
    ] {
        let read = ItemList::read(kind, ["", bad], Country::US);
        let Err(ListError::BadItems(items)) = read else {
            panic!("{kind:?}: {read:?}");
        };
        assert_eq!(items[0].line, 2);
        assert!(items[0].message.contains(bad), "{}", items[0].message);
    }
    let long = "x".repeat(ITEM_BYTES_MAX + 1);
    assert!(ItemList::read(ItemKind::Texts, [long.as_str()], Country::US).is_err());
}

#[test]
fn a_list_is_no_longer_than_the_most() {
    let items = vec!["75201"; ITEMS_MAX + 1];
    let read = ItemList::read(ItemKind::Zips, items, Country::US);
    assert_eq!(read, Err(ListError::TooLong));
}

proptest! {
    #[test]
    fn a_list_holds_what_a_set_holds(
        items in prop::collection::vec(2_000_000_000_u64..2_000_000_400, 0..300),
        asked in prop::collection::vec(2_000_000_000_u64..2_000_000_400, 0..50),
    ) {
        let set: BTreeSet<u64> = items.iter().copied().collect();
        let numbers: Vec<String> = items.iter().map(|n| format!("+44{n}")).collect();
        let texts: Vec<String> = items.iter().map(|n| format!("Item {n}")).collect();
        let hash = |n: u64| format!("{:064x}", n << 60 | n);
        let hashes: Vec<String> = items.iter().map(|n| hash(*n)).collect();
        let list = |kind, items: &[String]| {
            ItemList::read(kind, items.iter().map(String::as_str), Country::US).expect("a list")
        };
        let numbers = list(ItemKind::Numbers, &numbers);
        let texts = list(ItemKind::Texts, &texts);
        let hashes = list(ItemKind::Hashes, &hashes);
        prop_assert_eq!(numbers.len(), set.len());
        prop_assert_eq!(texts.len(), set.len());
        for n in items.iter().chain(&asked) {
            let is_in = set.contains(n);
            prop_assert_eq!(numbers.contains(&format!("+44{n}")), is_in);
            prop_assert_eq!(texts.contains(&format!("ITEM {n}")), is_in);
            prop_assert_eq!(hashes.contains(&hash(*n)), is_in);
        }
    }
}

#[test]
fn letters_beyond_ascii_compare_like_the_others() {
    let tags = tags(&[("city", "MÜNCHEN"), ("plain", "Munich")]);
    let facts = facts(&known(&tags));
    for (name, value, holds) in [
        ("city", r#"{"is": "münchen"}"#, true),
        ("city", r#"{"is": "munchen"}"#, false),
        ("city", r#"{"starts_with": "mü"}"#, true),
        ("city", r#"{"ends_with": "Ünchen"}"#, true),
        ("city", r#"{"contains": "ÜNC"}"#, true),
        ("plain", r#"{"is": "munich"}"#, true),
        ("plain", r#"{"is": "münich"}"#, false),
        ("plain", r#"{"starts_with": "mü"}"#, false),
        ("plain", r#"{"starts_with": "munich!"}"#, false),
    ] {
        let json = format!(r#"{{"tag": {{"name": "{name}", "value": {value}}}}}"#);
        assert_eq!(
            sieve(&json, &Shelf::default()).passes(&facts),
            holds,
            "{json}"
        );
    }
}

#[test]
fn a_list_is_written_item_by_item_and_read_back_the_same() {
    let hash = "ab".repeat(32);
    for (kind, items) in [
        (
            ItemKind::Numbers,
            vec!["(214) 555-0100", "+442079460018", "214 555 0100"],
        ),
        (ItemKind::Zips, vec!["99999", "00000", "75201-1234"]),
        (ItemKind::Texts, vec!["Ford", " Škoda ", "ford", "a, b"]),
        (ItemKind::Hashes, vec![hash.as_str()]),
        (ItemKind::Texts, vec![]),
    ] {
        let list = ItemList::read(kind, items.iter().copied(), Country::US).expect("a list");
        let written: Vec<_> = list.items().collect();
        assert_eq!(written.len(), list.len(), "{kind:?}: every item once");
        let again = ItemList::stored(kind, written.iter().map(AsRef::as_ref));
        assert_eq!(again, Ok(list), "{kind:?}");
    }
    assert!(ItemList::stored(ItemKind::Numbers, ["2145550100"]).is_err());
}

proptest! {
    #[test]
    fn every_number_of_a_list_comes_back(digits in proptest::collection::btree_set(1_000_000_u64..1_000_000_000_000_000, 0..200)) {
        let items: Vec<String> = digits.iter().map(|d| format!("+{d}")).collect();
        let list = ItemList::stored(ItemKind::Numbers, items.iter().map(String::as_str)).expect("a list");
        let back: BTreeSet<String> = list.items().map(std::borrow::Cow::into_owned).collect();
        prop_assert_eq!(back, items.into_iter().collect());
    }
}
