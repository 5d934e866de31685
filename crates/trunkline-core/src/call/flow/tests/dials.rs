//! Walks through nodes that ring destinations.

use super::*;
use crate::base::id::CampaignId;
use crate::base::{Callee, SipAddress};

#[test]
fn plain_forwarding_rings_one_line_after_the_other_and_ends_as_the_last_one_did() {
    let forward = FlowDocument::forward();
    let mut call = Walking::new(&forward, facts());
    let first = call.start();
    let [FlowAction::Dial(dial)] = &first[..] else {
        panic!("{first:?}");
    };
    let target = DialTarget {
        attempt: 1,
        to: BUSINESS.into(),
        ring_timeout_ms: 30_000,
    };
    assert_eq!(dial.targets, [target]);
    assert!(!dial.record && !dial.screens() && dial.caller_id == ShownNumber::Caller);
    assert_eq!(
        Walking::hears(&call.fail(1, DialOutcome::NoAnswer)),
        SECOND.to_string()
    );
    assert!(call.fail(1, DialOutcome::Failed).is_empty(), "late news");
    assert_eq!(Walking::hears(&call.fail(2, DialOutcome::Busy)), "end 486");
    assert_eq!(call.state.ended, Some(EndedBy::System));
    assert!(call.tell(FlowEvent::Answered { attempt: 2 }).is_empty());
}

#[test]
fn a_number_without_second_line_ends_with_what_the_business_line_said() {
    let forward = FlowDocument::forward();
    let mut facts = facts();
    facts.lines.second_line = None;
    let mut call = Walking::new(&forward, facts);
    call.start();
    assert_eq!(
        Walking::hears(&call.fail(1, DialOutcome::Declined)),
        "end 603"
    );
}

#[test]
fn a_talk_ends_the_call_unless_something_is_linked_behind_it() {
    let plain = flow(&format!(
        r#""start": {{"kind": "dial", "destinations": [{{"to": "business_line"}}], "on": {{"default": "sorry"}}}}, {}"#,
        says("sorry")
    ));
    let mut call = Walking::new(&plain, facts());
    call.start();
    assert!(call.tell(FlowEvent::Ringing { attempt: 1 }).is_empty());
    assert!(
        call.tell(FlowEvent::DestinationHungUp).is_empty(),
        "nobody talks yet"
    );
    assert!(call.tell(FlowEvent::Answered { attempt: 1 }).is_empty());
    assert_eq!(call.state.doing, Doing::Talking { attempt: 1 });
    assert!(call.fail(1, DialOutcome::Busy).is_empty(), "late news");
    assert_eq!(
        Walking::hears(&call.tell(FlowEvent::DestinationHungUp)),
        "end 200"
    );
    assert_eq!(call.state.ended, Some(EndedBy::Destination));

    let survey = flow(
        r#""start": {"kind": "dial", "destinations": [{"to": "business_line"}], "on": {"completed": "ask"}},
           "ask": {"kind": "survey", "questions": [{"text": "How was it?", "tag": "rating"},
                                                   {"text": "Your ZIP?", "tag": "home", "digits": 5}]}"#,
    );
    let mut call = Walking::new(&survey, facts());
    call.start();
    call.tell(FlowEvent::Answered { attempt: 1 });
    assert_eq!(
        Walking::hears(&call.tell(FlowEvent::DestinationHungUp)),
        "How was it?"
    );
    assert_eq!(Walking::hears(&call.press("")), "Your ZIP?");
    assert_eq!(Walking::hears(&call.press("75001")), "end 480");
    assert_eq!(call.state.tags, tags(&[("home", "75001")]));
}

#[test]
fn a_talk_is_recorded_after_a_notice_or_on_a_waiver_and_never_when_it_is_switched_off() {
    let (told, by_law, waiver) = (
        RecordingConsent::Notice,
        RecordingConsent::ByLaw,
        RecordingConsent::Waiver,
    );
    let los_angeles = PhoneNumber::from_digits(12_135_550_100);
    for (setting, notice, chosen, caller, record) in [
        ("", false, told, Some(CALLER), false),
        ("", true, told, Some(CALLER), true),
        ("", false, waiver, Some(CALLER), true),
        ("", false, waiver, None, true),
        ("", false, by_law, Some(CALLER), true),
        ("", false, by_law, Some(los_angeles), false),
        ("", true, by_law, Some(los_angeles), true),
        ("", false, by_law, None, false),
        (r#", "recording": "on""#, false, told, Some(CALLER), false),
        (r#", "recording": "off""#, true, waiver, Some(CALLER), false),
    ] {
        let dial = format!(
            r#""start": {{"kind": "dial", "destinations": [{{"to": "business_line"}}]{setting}}}"#
        );
        let document = flow(&dial);
        let mut facts = facts();
        facts.recording_consent = chosen;
        facts.caller = caller;
        let mut call = Walking::new(&document, facts);
        call.state.notice = notice;
        let rung = call.start();
        assert!(
            matches!(&rung[..], [FlowAction::Dial(dial)] if dial.record == record),
            "{setting} {notice} {chosen:?} {caller:?}"
        );
    }
}

#[test]
fn a_notice_that_nobody_heard_lets_no_talk_be_recorded() {
    let document = flow(
        &[
            r#""start": {"kind": "recording_notice", "text": "Recorded.", "on": {"done": "ring"}}"#,
            r#""ring": {"kind": "dial", "destinations": [{"to": "business_line"}]}"#,
        ]
        .join(", "),
    );
    for (event, record) in [
        (FlowEvent::Played { action: 1 }, true),
        (FlowEvent::NotHeard { action: 1 }, false),
    ] {
        let mut call = Walking::new(&document, facts());
        call.start();
        let rung = call.tell(event);
        assert!(
            matches!(&rung[..], [FlowAction::Dial(dial)] if dial.record == record),
            "{rung:?}"
        );
    }
}

#[test]
fn destinations_that_ring_together_are_one_action_and_the_first_to_take_the_call_has_it() {
    let together = flow(&[
        r#""start": {"kind": "dial", "strategy": "simultaneous",
             "destinations": [{"to": "business_line"}, {"to": "second_line", "ring_timeout_s": 20}, {"to": "+12145550102"},
                              {"to": "+12145550100"}],
             "on": {"default": "nobody"}}"#,
        &says("nobody"),
    ].join(","));
    let mut call = Walking::new(&together, facts());
    let rung = call.start();
    let [FlowAction::Dial(dial)] = &rung[..] else {
        panic!("{rung:?}")
    };
    let times: Vec<_> = dial
        .targets
        .iter()
        .map(|t| (t.to.clone(), t.ring_timeout_ms))
        .collect();
    let expected = [(BUSINESS, 30_000), (SECOND, 20_000), (THIRD, 30_000)];
    let expected = expected.map(|(to, ms)| (to.into(), ms));
    assert_eq!(times, expected, "each number once");
    assert!(call.fail(1, DialOutcome::Busy).is_empty());
    assert_eq!(
        call.tell(FlowEvent::Answered { attempt: 3 }),
        [FlowAction::CancelDial { attempts: vec![2] }]
    );
    assert!(
        call.tell(FlowEvent::Answered { attempt: 2 }).is_empty(),
        "too late"
    );
    assert!(call.fail(2, DialOutcome::NoAnswer).is_empty());
    assert_eq!(
        Walking::hears(&call.tell(FlowEvent::DestinationHungUp)),
        "end 200"
    );

    let mut call = Walking::new(&together, facts());
    call.start();
    call.fail(2, DialOutcome::Declined);
    call.fail(1, DialOutcome::Busy);
    assert_eq!(
        Walking::hears(&call.fail(3, DialOutcome::Refused)),
        "nobody"
    );
    assert_eq!(
        call.state.last,
        Some(DialOutcome::Declined),
        "the most telling"
    );
}

#[test]
fn a_screened_destination_has_the_call_only_when_it_accepts() {
    let screened = flow(&[
        r#""start": {"kind": "dial", "destinations": [{"to": "business_line"}, {"to": "second_line"}],
             "whisper": {"text": "A caller from the web"}, "accept": {"digit": "1"}, "detect_machine": true,
             "caller_id": "tracking_number", "on": {"not_accepted": "later", "machine": "later"}}"#,
        &says("later"),
    ].join(","));
    let mut call = Walking::new(&screened, facts());
    let rung = call.start();
    let [FlowAction::Dial(dial)] = &rung[..] else {
        panic!("{rung:?}")
    };
    assert_eq!(dial.whisper, Some(Prompt::text("A caller from the web")));
    assert_eq!(
        dial.accept,
        Some(Accept {
            digit: '1',
            tries: 2
        })
    );
    assert!(dial.detect_machine && dial.screens());
    assert_eq!(dial.caller_id, ShownNumber::TrackingNumber);
    assert!(call.tell(FlowEvent::Answered { attempt: 1 }).is_empty());
    assert!(
        matches!(call.state.doing, Doing::Dialling(_)),
        "not connected yet"
    );
    assert_eq!(
        Walking::hears(&call.fail(1, DialOutcome::Machine)),
        SECOND.to_string()
    );
    assert!(
        call.tell(FlowEvent::Accepted { attempt: 1 }).is_empty(),
        "of an attempt that is over"
    );
    let mut other = Walking::new(&screened, facts());
    other.state = call.state.clone();
    assert!(call.tell(FlowEvent::Accepted { attempt: 2 }).is_empty());
    assert_eq!(call.state.doing, Doing::Talking { attempt: 2 });
    assert_eq!(
        Walking::hears(&other.fail(2, DialOutcome::NotAccepted)),
        "later"
    );
}

#[test]
fn turns_are_taken_and_a_caller_comes_back_to_who_answered_before() {
    let turns = flow(
        r#""start": {"kind": "dial", "strategy": "round_robin",
             "destinations": [{"to": "+12145550100"}, {"to": "+12145550101"}, {"to": "+12145550102"}]}"#,
    );
    for (turn, before, order) in [
        (0, None, [BUSINESS, SECOND, THIRD]),
        (1, None, [SECOND, THIRD, BUSINESS]),
        (5, None, [THIRD, BUSINESS, SECOND]),
        (0, Some(THIRD), [THIRD, BUSINESS, SECOND]),
        (1, Some(CALLER), [SECOND, THIRD, BUSINESS]),
    ] {
        let mut facts = facts();
        facts.turn = turn;
        facts.answered_before = before;
        let mut call = Walking::new(&turns, facts);
        let mut rung = vec![Walking::hears(&call.start())];
        for attempt in 1..=2 {
            rung.push(Walking::hears(&call.fail(attempt, DialOutcome::NoAnswer)));
        }
        assert_eq!(rung, order.map(|n| n.to_string()), "{turn} {before:?}");
    }
}

const CAMPAIGN: CampaignId = CampaignId::from_raw(7);

/// Hands calls to a campaign; whom nobody takes hears about it.
fn routed() -> FlowDocument {
    flow(&format!(
        r#""start": {{"kind": "route", "campaign": "{CAMPAIGN}", "accept": {{"digit": "1"}}, "on": {{"no_buyer": "sorry"}}}}, {}"#,
        says("sorry")
    ))
}

/// What the plan answers to the question that is open.
fn names(call: &mut Walking<'_>, lines: &[PhoneNumber]) -> Vec<FlowAction> {
    let action = call.state.action;
    let target = |to: &PhoneNumber| RouteTarget {
        to: (*to).into(),
        ring_timeout_ms: 20_000,
    };
    let targets = lines.iter().map(target).collect();
    call.tell(FlowEvent::Routed { action, targets })
}

#[test]
fn a_route_asks_its_campaigns_plan_for_the_next_until_somebody_takes_the_call() {
    let document = routed();
    let mut call = Walking::new(&document, facts());
    let asks = |next_attempt, action| {
        vec![FlowAction::Route(Routing {
            action,
            campaign: Some(CAMPAIGN),
            next_attempt,
        })]
    };
    assert_eq!(call.start(), asks(1, 1));
    let rung = names(&mut call, &[BUSINESS]);
    assert_eq!(Walking::hears(&rung), BUSINESS.to_string());
    let Some(FlowAction::Dial(dial)) = rung.last() else {
        panic!("{rung:?}");
    };
    assert!(dial.screens(), "buyers press a key");
    assert!(names(&mut call, &[SECOND]).is_empty(), "nothing is open");
    assert_eq!(call.fail(1, DialOutcome::Busy), asks(2, 2));
    // Two of them at once: the plan is asked again when both have failed.
    names(&mut call, &[SECOND, THIRD]);
    assert!(call.fail(2, DialOutcome::NoAnswer).is_empty());
    assert_eq!(call.fail(3, DialOutcome::NotAccepted), asks(4, 3));
    names(&mut call, &[BUSINESS]);
    call.tell(FlowEvent::Accepted { attempt: 4 });
    assert_eq!(call.state.doing, Doing::Talking { attempt: 4 });
    let over = call.tell(FlowEvent::DestinationHungUp);
    assert_eq!(Walking::hears(&over), "end 200");
}

#[test]
fn a_buyer_at_a_sip_address_is_rung_like_one_with_a_number() {
    let document = routed();
    let mut facts = facts();
    facts.recording_consent = RecordingConsent::ByLaw;
    let mut call = Walking::new(&document, facts);
    call.start();
    let address = SipAddress::parse("sip:sales@pbx.example").expect("an address");
    let to = |to: Callee| RouteTarget {
        to,
        ring_timeout_ms: 20_000,
    };
    let action = call.state.action;
    let rung = call.tell(FlowEvent::Routed {
        action,
        targets: vec![to(address.clone().into()), to(BUSINESS.into())],
    });
    let Some(FlowAction::Dial(dial)) = rung.last() else {
        panic!("{rung:?}");
    };
    let rings: Vec<String> = dial.targets.iter().map(|t| t.to.to_string()).collect();
    assert_eq!(rings, [address.to_string(), BUSINESS.to_string()]);
    assert!(!dial.record, "nobody knows which law holds there");
    assert!(call.fail(2, DialOutcome::Busy).is_empty());
    call.tell(FlowEvent::Accepted { attempt: 1 });
    assert_eq!(call.state.doing, Doing::Talking { attempt: 1 });
}

#[test]
fn a_buyer_who_hangs_up_at_once_did_not_take_the_call() {
    let document = routed();
    let mut call = Walking::new(&document, facts());
    call.start();
    assert!(call.tell(FlowEvent::NotTaken).is_empty(), "nobody talks");
    names(&mut call, &[BUSINESS]);
    call.tell(FlowEvent::Accepted { attempt: 1 });
    let asked = call.tell(FlowEvent::NotTaken);
    assert!(
        matches!(
            asked[..],
            [FlowAction::Route(Routing {
                next_attempt: 2,
                ..
            })]
        ),
        "{asked:?}"
    );
    assert_eq!(Walking::hears(&names(&mut call, &[])), "sorry");
}

#[test]
fn a_plan_that_names_nobody_leads_on() {
    let document = routed();
    let mut call = Walking::new(&document, facts());
    call.start();
    assert_eq!(Walking::hears(&names(&mut call, &[])), "sorry");
    let unset = flow(&format!(
        r#""start": {{"kind": "route", "on": {{"default": "sorry"}}}}, {}"#,
        says("sorry")
    ));
    let mut call = Walking::new(&unset, facts());
    let asked = call.start();
    assert!(
        matches!(
            asked[..],
            [FlowAction::Route(Routing { campaign: None, .. })]
        ),
        "that of the call's feed: {asked:?}"
    );
    assert_eq!(Walking::hears(&names(&mut call, &[])), "sorry");
}
