//! Reasons: one word and one sentence each, and decimal numbers as people write them.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_reason_has_a_word_for_machines_and_a_sentence_of_its_own() {
    let mut sentences = BTreeSet::new();
    for reason in ReasonCode::ALL {
        let word = reason.word();
        assert!(
            word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'),
            "{word}"
        );
        assert_eq!(ReasonCode::from_word(word), Some(*reason));
        assert!(
            reason.sentence().ends_with('.') && sentences.insert(reason.sentence()),
            "{word}"
        );
    }
    // Words that partners know already never change.
    for word in [
        "BAD_KEY",
        "FEED_PAUSED",
        "CAMPAIGN_PAUSED",
        "RATE_LIMITED",
        "MISSING_FIELD",
        "INVALID_FIELD",
        "CONSENT_MISSING",
        "DNC",
        "LITIGATOR",
        "ATTESTATION_LOW",
        "BLOCKED",
        "FEED_CLOSED",
        "FEED_CAPPED",
        "DUPLICATE",
        "PING_MISMATCH",
        "BELOW_FLOOR",
    ] {
        assert!(ReasonCode::from_word(word).is_some(), "{word}");
    }
}

#[test]
fn decimal_numbers_are_read_exactly_and_written_as_they_were() {
    for (text, micros) in [
        ("0", 0),
        ("-2.5", -2_500_000),
        ("0.000001", 1),
        ("9223372036854.775807", i64::MAX),
        ("007", 7_000_000),
    ] {
        assert_eq!(
            Decimal::parse(text),
            Some(Decimal::from_micros(micros)),
            "{text}"
        );
    }
    for wrong in [
        "",
        "-",
        ".5",
        "5.",
        "1e3",
        "NaN",
        "inf",
        "+1",
        " 1",
        "1 ",
        "1,5",
        "0.0000001",
        "9223372036854.775808",
        "--1",
        "1.2.3",
        "١",
    ] {
        assert_eq!(Decimal::parse(wrong), None, "{wrong}");
    }
    for (json, written) in [
        ("48", "48"),
        ("2.5", "\"2.5\""),
        ("\"2.50\"", "\"2.5\""),
        ("-3", "-3"),
        ("0.1", "\"0.1\""),
    ] {
        let decimal: Decimal = read(json);
        assert_eq!(
            serde_json::to_string(&decimal).expect("JSON"),
            written,
            "{json}"
        );
    }
    for wrong in ["true", "null", "\"a\"", "1e300", "[1]"] {
        assert!(serde_json::from_str::<Decimal>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn zip_codes_and_hashes_are_read_strictly() {
    for (text, zip) in [
        ("75201", Some("75201")),
        (" 75201-1234 ", Some("75201")),
        ("752011234", Some("75201")),
        ("7520", None),
        ("75201-", None),
        ("75201-12", None),
        ("7520a", None),
        ("7520é1", None),
    ] {
        assert_eq!(zip_digits(text), zip, "{text}");
    }
    let hash = "0a".repeat(32);
    assert_eq!(parse_sha256(&hash), Some([10; 32]));
    for wrong in [
        "",
        "0a",
        &"0g".repeat(32),
        &"é".repeat(32),
        &"0a".repeat(33),
    ] {
        assert_eq!(parse_sha256(wrong), None, "{wrong}");
    }
}

#[test]
fn what_a_lead_is_refused_for_is_a_reason_of_the_same_word() {
    for code in crate::lead::RefusalCode::ALL {
        assert_eq!(ReasonCode::from(*code).word(), code.word());
    }
}
