//! Where calls may be led: numbers that the toll rules never let be dialled are refused when they are set up.

use trunkline_core::assignment::TrackingNumber;
use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::{AccountId, FlowId, NumberId};
use trunkline_engine::ports::configuration::Everything;
use trunkline_engine::setup::SetupError;

use crate::configuration::furnished;
use crate::flows::{document, flow};

const ACCOUNT: AccountId = AccountId::from_raw(9);
const ABROAD: PhoneNumber = PhoneNumber::from_digits(442_079_460_018);
const PREMIUM: PhoneNumber = PhoneNumber::from_digits(19_002_345_678);
const PHONE: PhoneNumber = PhoneNumber::from_digits(12_142_345_670);

fn message(refused: Result<(), SetupError>) -> (&'static str, String) {
    match refused {
        Err(SetupError::Invalid { field, message }) => (field, message),
        other => panic!("expected a field that is wrong, got {other:?}"),
    }
}

#[tokio::test]
async fn a_number_takes_no_line_that_can_never_be_dialled() {
    let (desk, setup) = furnished(Everything::default()).await;
    let number = TrackingNumber::clone(desk.directory.now().numbers_of(ACCOUNT)[0]);
    let with = |business_line, second_line| TrackingNumber {
        business_line,
        second_line,
        ..number.clone()
    };
    let abroad = message(setup.put_number(&with(ABROAD, None)).await);
    assert_eq!(abroad.0, "business_line");
    assert!(
        abroad
            .1
            .starts_with("calls to the United Kingdom are not allowed for this account; ")
            && abroad.1.ends_with("the account's settings"),
        "{}",
        abroad.1
    );
    let premium = message(setup.put_number(&with(PHONE, Some(PREMIUM))).await);
    assert_eq!(premium.0, "second_line");
    let expected = "premium-rate numbers are never dialled; write the number of an ordinary phone";
    assert_eq!(premium.1, expected);
    // The same before money is spent on a number.
    let new = TrackingNumber {
        id: NumberId::from_raw(177),
        number: PhoneNumber::from_digits(13_125_550_177),
        ..with(ABROAD, None)
    };
    assert_eq!(message(setup.check_new_number(&new)).0, "business_line");
    setup.put_number(&with(PHONE, None)).await.expect("a phone");
}

#[tokio::test]
async fn a_number_keeps_a_line_that_was_allowed_once() {
    let (desk, _) = furnished(Everything::default()).await;
    let number = TrackingNumber::clone(desk.directory.now().numbers_of(ACCOUNT)[0]);
    // As if the United Kingdom was taken off the account's countries since.
    let led_abroad = TrackingNumber {
        id: NumberId::from_raw(178),
        number: PhoneNumber::from_digits(13_125_550_178),
        business_line: ABROAD,
        ..number
    };
    let mut all = Everything::default();
    all.numbers.push(led_abroad.clone());
    let (_desk, setup) = furnished(all).await;
    let labelled = TrackingNumber {
        label: "North office".to_owned(),
        ..led_abroad
    };
    setup.put_number(&labelled).await.expect("another change");
}

#[tokio::test]
async fn a_flow_that_rings_what_can_never_be_dialled_is_not_published() {
    let nodes = r#""start": {"kind": "dial", "destinations": [{"to": "business_line"}, {"to": "+442079460018"}],
            "on": {"default": "late"}},
        "late": {"kind": "dial", "destinations": [{"to": "+19002345678"}, {"to": "+12142345670"}]}"#;
    let draft = flow(FlowId::from_raw(77), document(nodes), false);
    let mut all = Everything::default();
    all.flows.push(draft.clone());
    let (_desk, setup) = furnished(all).await;
    let problems = setup.flow_problems(ACCOUNT, Some(draft.id), &draft.draft);
    let told: Vec<(&str, &str)> = problems
        .iter()
        .filter(|p| p.message.starts_with("rings "))
        .map(|p| (p.node.as_str(), p.message.as_str()))
        .collect();
    assert_eq!(told.len(), 2, "{problems:?}");
    assert_eq!(
        told[0],
        (
            "late",
            "rings (900) 234-5678: premium-rate numbers are never dialled; write the number of an ordinary phone"
        )
    );
    assert!(told[1].0 == "start" && told[1].1.contains("the United Kingdom"));
    let by = None;
    let now = draft.created_at;
    let published = setup.publish_flow(draft.id, draft.edits, by, now).await;
    assert_eq!(message(published).0, "document");
}
