//! Buyers' answers: JSON, XML, texts and headers, read by a mapping that looks everywhere.
#![no_main]

use std::sync::LazyLock;

use trunkline_core::base::{Country, Currency, Money, Timestamp};
use trunkline_core::routing::delivery::{
    Answer, Endpoint, EndpointDocument, ReadWith, SHOWN_BYTES_MAX, Step, Values, Verdict,
    show_answer,
};

static ENDPOINT: LazyLock<Endpoint> = LazyLock::new(|| {
    let document: EndpointDocument =
        serde_json::from_str(include_str!("answer.json")).expect("a document");
    document.compile().expect("no problems")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, body)) = bytes.split_first() else {
        return;
    };
    let most = Money::from_micros(500_000_000, Currency::USD);
    let with = ReadWith {
        currency: Currency::USD,
        bid_max: Some(most),
        home: Country::US,
        now: Timestamp::from_millis(1_795_449_600_000),
    };
    let end = body.len().min(64);
    let headers = [(
        "x-bid".to_owned(),
        String::from_utf8_lossy(&body[..end]).into_owned(),
    )];
    let answer = Answer {
        status: 100 + u16::from(*first) * 2,
        headers: &headers,
        body,
    };
    let reading = ENDPOINT.read(Step::Post, answer, &with);
    let (seen, rules) = ENDPOINT.inspect(Step::Post, answer, &with);
    assert_eq!(reading, seen, "looking changes nothing");
    assert!(!rules.is_empty());
    if let Some(price) = reading.price {
        assert_eq!(reading.verdict, Verdict::Accepted);
        assert!((0..=most.micros()).contains(&price.micros()), "{price}");
    }
    let mut values = Values::default();
    values.lead.insert("email".to_owned(), "ada@example.com".to_owned());
    let secrets = [("key".to_owned(), "t0p-s3cr3t".to_owned())].into();
    let shown = show_answer(answer.status, &headers, body, &values, &secrets);
    assert!(shown.len() < SHOWN_BYTES_MAX + 64);
    let small = shown.to_ascii_lowercase();
    assert!(!small.contains("ada@example.com") && !small.contains("t0p-s3cr3t"));
});
