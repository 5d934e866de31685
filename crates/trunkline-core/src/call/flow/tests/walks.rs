//! Walks through flows, node by node.

use super::*;
use crate::base::id::PromptId;
use crate::visitor::{Channel, Source};

#[test]
fn a_menu_goes_where_the_key_leads_and_asks_again_until_its_tries_are_used_up() {
    let menu = flow(&[
        r##""start": {"kind": "menu", "text": "1 or 2", "choices": {"1": "sales", "#": "care"}, "tries": 2,
                     "on": {"invalid": "wrong", "timeout": "silent"}}"##,
        &says("sales"), &says("care"), &says("wrong"), &says("silent"),
    ].join(","));
    for (pressed, heard) in [
        (&["1"][..], "sales"),
        (&["#"], "care"),
        (&["9", "1"], "sales"),
        (&["9", "8"], "wrong"),
        (&["", "8"], "wrong"),
        (&["8", ""], "silent"),
        (&["", ""], "silent"),
        (&["17"], "sales"),
    ] {
        let mut call = Walking::new(&menu, facts());
        let mut last = call.start();
        assert_eq!(Walking::hears(&last), "1 or 2");
        for keys in pressed {
            last = call.press(keys);
        }
        assert_eq!(Walking::hears(&last), heard, "{pressed:?}");
    }
}

#[test]
fn digits_are_kept_under_their_name_once_there_are_enough() {
    let gather = flow(
        r##""start": {"kind": "gather", "text": "Order?", "digits_min": 3, "digits_max": 6, "terminator": "#",
                     "tag": "order", "timeout_s": 9, "between_s": 2, "tries": 2,
                     "on": {"collected": "zip", "default": "end"}},
           "zip": {"kind": "collect_zip", "text": "ZIP?", "tries": 2, "on": {"collected": "end", "invalid": "bad", "timeout": "end"}},
           "bad": {"kind": "say", "text": "bad"}, "end": {"kind": "hang_up"}"##,
    );
    let mut call = Walking::new(&gather, facts());
    let asked = call.start();
    let expected = Gather {
        action: 1,
        prompt: Some(Prompt::text("Order?")),
        digits_min: 3,
        digits_max: 6,
        terminator: Some('#'),
        timeout_ms: 9_000,
        between_ms: 2_000,
        barge_in: true,
    };
    assert_eq!(asked, [FlowAction::Gather(expected)]);
    assert_eq!(Walking::hears(&call.press("12")), "Order?");
    assert_eq!(Walking::hears(&call.press("1234")), "ZIP?");
    assert_eq!(Walking::hears(&call.press("00000")), "ZIP?");
    assert_eq!(Walking::hears(&call.press("75201")), "end 480");
    assert_eq!(
        call.state.tags,
        tags(&[("order", "1234"), ("zip", "75201")])
    );
    let mut call = Walking::new(&gather, facts());
    call.start();
    call.press("123456789");
    assert_eq!(call.state.tags, tags(&[("order", "123456")]));
    call.press("7520");
    assert_eq!(Walking::hears(&call.press("99999")), "bad");
}

#[test]
fn prompts_are_played_whole_and_late_news_of_them_changes_nothing() {
    let id = PromptId::from_raw(77);
    let play = flow(&format!(
        r#""start": {{"kind": "recording_notice", "text": "Recorded.", "on": {{"done": "hello"}}}},
           "hello": {{"kind": "play", "prompt": "{id}", "on": {{"done": "tell"}}}},
           "tell": {{"kind": "say", "text": "Hallo", "voice": "anna", "language": "de-DE", "on": {{"done": "ring"}}}},
           "ring": {{"kind": "dial", "destinations": [{{"to": "business_line"}}], "recording": "on"}}"#
    ));
    let mut call = Walking::new(&play, facts());
    assert_eq!(Walking::hears(&call.start()), "Recorded.");
    assert!(call.start().is_empty(), "it starts once");
    assert!(call.tell(FlowEvent::Played { action: 7 }).is_empty());
    assert_eq!(
        Walking::hears(&call.tell(FlowEvent::Played { action: 1 })),
        id.to_string()
    );
    assert!(call.tell(FlowEvent::Played { action: 1 }).is_empty());
    let said = call.tell(FlowEvent::Played { action: 2 });
    let spoken = Spoken {
        text: "Hallo".to_owned(),
        voice: Some("anna".to_owned()),
        language: Some("de-DE".to_owned()),
    };
    assert!(
        matches!(&said[..], [FlowAction::Play { prompt: Prompt::Spoken(s), .. }] if *s == spoken)
    );
    let rung = call.tell(FlowEvent::Played { action: 3 });
    assert!(
        matches!(&rung[..], [FlowAction::Dial(dial)] if dial.record),
        "{rung:?}"
    );
}

#[test]
fn the_clock_decides_at_the_moment_the_call_gets_there() {
    let hours = flow(&[
        r#""start": {"kind": "schedule", "zone": "America/Chicago",
             "weekly": [{"days": ["mon"], "from": "09:00", "to": "17:00"}], "on": {"open": "open", "closed": "closed"}}"#,
        &says("open"), &says("closed"),
    ].join(","));
    for (hours_later, heard) in [(0, "open"), (6, "open"), (7, "closed"), (24, "closed")] {
        let mut facts = facts();
        facts.now = facts.now.plus_millis(hours_later * 3_600_000);
        let mut call = Walking::new(&hours, facts);
        assert_eq!(Walking::hears(&call.start()), heard, "{hours_later}");
    }
}

#[test]
fn a_branch_takes_the_first_case_that_is_true() {
    let source = Source {
        channel: Channel::PaidSearch,
        medium: "CPC".to_owned(),
        source: "google".to_owned(),
        ad_campaign: Some("Roof repair".to_owned()),
        ..Source::direct()
    };
    for (when, holds) in [
        (
            r#"{"tag": {"name": "zip", "value": {"starts_with": "75"}}}"#,
            true,
        ),
        (
            r#"{"tag": {"name": "zip", "value": {"is_one_of": ["1", "75201"]}}}"#,
            true,
        ),
        (
            r#"{"tag": {"name": "city", "value": {"present": true}}}"#,
            false,
        ),
        (
            r#"{"tag": {"name": "city", "value": {"present": false}}}"#,
            true,
        ),
        (
            r#"{"source": {"field": "medium", "value": {"is": "cpc"}}}"#,
            true,
        ),
        (
            r#"{"source": {"field": "channel", "value": {"is": "paid_search"}}}"#,
            true,
        ),
        (
            r#"{"source": {"field": "ad_campaign", "value": {"contains": "roof"}}}"#,
            true,
        ),
        (
            r#"{"source": {"field": "term", "value": {"contains": "roof"}}}"#,
            false,
        ),
        (r#"{"caller": {"withheld": false}}"#, true),
        (r#"{"caller": {"withheld": true}}"#, false),
        (r#"{"caller": {"number": ["+12145551234"]}}"#, true),
        (r#"{"caller": {"prefix": "+1214"}}"#, true),
        (r#"{"caller": {"country": ["CA", "us"]}}"#, true),
        (r#"{"caller": {"area_code": ["972"]}}"#, false),
        (r#"{"geo": {"state": ["TX"]}}"#, true),
        (r#"{"geo": {"place": ["dallas"]}}"#, true),
        (r#"{"score": {"at_least": 60}}"#, true),
        (r#"{"score": {"below": 60}}"#, false),
        (r#"{"score": "absent"}"#, false),
        (r#"{"repeat": "first_time"}"#, false),
        (r#"{"repeat": "called_before"}"#, true),
        (r#"{"repeat": {"calls_at_least": 3}}"#, false),
        (r#"{"all": []}"#, true),
        (r#"{"any": []}"#, false),
        (
            r#"{"all": [{"repeat": "called_before"}, {"not": {"score": "absent"}}]}"#,
            true,
        ),
        (
            r#"{"any": [{"repeat": "first_time"}, {"score": {"at_least": 99}}]}"#,
            false,
        ),
    ] {
        let document = flow(
            &[
                &format!(
                    r#""start": {{"kind": "branch", "cases": [{{"when": {when}, "to": "yes"}},
                        {{"when": {{"all": []}}, "to": "no"}}], "on": {{"default": "no"}}}}"#
                ),
                says("yes").as_str(),
                &says("no"),
            ]
            .join(","),
        );
        let mut facts = facts();
        facts.source = Some(&source);
        facts.score = Some(60);
        facts.calls_before = 2;
        let mut call = Walking::new(&document, facts);
        call.state.tags = tags(&[("zip", "75201")]);
        let heard = Walking::hears(&call.start());
        assert_eq!(heard, if holds { "yes" } else { "no" }, "{when}");
    }
}

#[test]
fn nothing_is_true_of_a_caller_who_is_withheld_but_that() {
    let tests = [
        r#"{"caller": {"number": ["+12145551234"]}}"#,
        r#"{"caller": {"prefix": ""}}"#,
        r#"{"caller": {"country": ["US"]}}"#,
        r#"{"caller": {"withheld": false}}"#,
        r#"{"geo": {"state": ["TX", ""]}}"#,
    ];
    let mut facts = facts();
    facts.caller = None;
    for text in tests {
        let test: Test = serde_json::from_str(text).expect(text);
        assert!(!test.holds(&facts, &BTreeMap::new()), "{text}");
    }
    assert!(Test::Caller(CallerTest::Withheld(true)).holds(&facts, &BTreeMap::new()));
}

#[test]
fn a_splitter_shares_calls_out_and_draws_the_same_again() {
    let split = flow(&[
        r#""start": {"kind": "splitter", "arms": [{"percent": 20, "to": "a"}, {"percent": 0, "to": "c"}, {"percent": 80, "to": "b"}]}"#,
        &says("a"), &says("b"), &says("c"),
    ].join(","));
    let arm = |seed| {
        let mut call = Walking::new(&split, Facts { seed, ..facts() });
        Walking::hears(&call.start())
    };
    let drawn: Vec<String> = (0..10_000).map(arm).collect();
    let share = |name: &str| drawn.iter().filter(|arm| *arm == name).count();
    assert!((1_800..2_200).contains(&share("a")), "{}", share("a"));
    assert_eq!((share("c"), share("a") + share("b")), (0, 10_000));
    assert_eq!(drawn, (0..10_000).map(arm).collect::<Vec<_>>());
}

#[test]
fn a_voicemail_tells_a_message_from_silence() {
    let document = flow(&[
        r#""start": {"kind": "voicemail", "greeting": {"text": "Speak"}, "max_s": 60, "silence_s": 4, "beep": false,
             "on": {"recorded": "thanks", "empty": "bye"}}"#,
        &says("thanks"), &says("bye"),
    ].join(","));
    for (ms, heard, message) in [(999, "bye", false), (1_000, "thanks", true)] {
        let mut call = Walking::new(&document, facts());
        let asked = FlowAction::Voicemail {
            action: 1,
            greeting: Some(Prompt::text("Speak")),
            max_ms: 60_000,
            silence_ms: 4_000,
            beep: false,
        };
        assert_eq!(call.start(), [asked]);
        let next = call.tell(FlowEvent::VoicemailRecorded { action: 1, ms });
        assert_eq!(Walking::hears(&next), heard);
        assert_eq!(call.state.message, message);
    }
}

#[test]
fn a_webhook_may_set_tags_and_name_a_way_that_is_linked() {
    let document = flow(
        &[
            r#""start": {"kind": "webhook", "url": "https://crm.example.com/", "timeout_ms": 1500,
             "on": {"vip": "vip", "ok": "ok", "failed": "failed"}}"#,
            &says("vip"),
            &says("ok"),
            &says("failed"),
        ]
        .join(","),
    );
    let many: BTreeMap<String, String> = (0..99)
        .map(|n| (format!("t{n}"), "x".repeat(999)))
        .collect();
    for (outcome, heard) in [(Some("vip"), "vip"), (Some("unheard"), "ok"), (None, "ok")] {
        let mut call = Walking::new(&document, facts());
        assert_eq!(Walking::hears(&call.start()), "https://crm.example.com/");
        let next = call.tell(FlowEvent::WebhookAnswered {
            action: 1,
            outcome: outcome.map(str::to_owned),
            tags: many.clone(),
        });
        assert_eq!(Walking::hears(&next), heard);
        assert_eq!(call.state.tags.len(), TAGS_MAX);
        assert!(call.state.tags.values().all(|v| v.len() == TAG_VALUE_MAX));
    }
    let mut call = Walking::new(&document, facts());
    call.start();
    let bad = tags(&[("Name", "x"), ("", "x"), ("ok", "a\nb")]);
    call.tell(FlowEvent::WebhookAnswered {
        action: 1,
        outcome: None,
        tags: bad,
    });
    assert_eq!(call.state.tags, tags(&[("ok", "ab")]));
    let mut call = Walking::new(&document, facts());
    call.start();
    assert_eq!(
        Walking::hears(&call.tell(FlowEvent::WebhookFailed { action: 1 })),
        "failed"
    );
}

#[test]
fn a_challenge_lets_on_who_presses_the_digit_it_names() {
    let document = flow(&[
        r#""start": {"kind": "challenge", "text": "Press {digit}", "on": {"passed": "in", "failed": "out"}}"#,
        &says("in"),
        r#""out": {"kind": "hang_up", "reason": "rejected"}"#,
    ].join(","));
    let mut named = std::collections::BTreeSet::new();
    for seed in 0..100 {
        let mut call = Walking::new(&document, Facts { seed, ..facts() });
        let asked = Walking::hears(&call.start());
        let digit = asked.strip_prefix("Press ").expect("the digit").to_owned();
        assert_eq!(Walking::hears(&call.press(&digit)), "in");
        named.insert(digit);
        let mut call = Walking::new(&document, Facts { seed, ..facts() });
        call.start();
        assert_eq!(Walking::hears(&call.press("*")), asked);
        assert_eq!(Walking::hears(&call.press("")), "end 603");
    }
    assert_eq!(named.len(), 10, "every digit is drawn");
    assert_eq!(
        document.spoken().len(),
        11,
        "every text that may be said is rendered"
    );
}

#[test]
fn a_caller_who_hangs_up_ends_the_call_where_they_are() {
    let document = flow(&[
        r#""start": {"kind": "set_tag", "name": "lang", "value": "en", "on": {"done": "go"}}"#,
        r#""go": {"kind": "go_to", "to": "hello"}"#,
        r#""hello": {"kind": "say", "text": "hello", "on": {"done": "end"}}, "end": {"kind": "hang_up", "reason": "busy"}"#,
    ].join(","));
    let mut call = Walking::new(&document, facts());
    assert_eq!(Walking::hears(&call.start()), "hello");
    let mut other = Walking::new(&document, facts());
    other.state = call.state.clone();
    assert!(call.tell(FlowEvent::CallerHungUp).is_empty());
    assert_eq!(call.state.ended, Some(EndedBy::Caller));
    assert_eq!((call.state.node.as_str(), call.state.steps), ("hello", 3));
    assert!(call.tell(FlowEvent::Played { action: 1 }).is_empty());
    assert_eq!(
        Walking::hears(&other.tell(FlowEvent::Played { action: 1 })),
        "end 486"
    );
    assert_eq!(other.state.tags, tags(&[("lang", "en")]));
}

#[test]
fn a_circle_ends() {
    for document in [
        flow(r#""start": {"kind": "go_to", "to": "start"}"#),
        flow(r#""start": {"kind": "say", "text": "again", "on": {"done": "start"}}"#),
        flow(
            r#""start": {"kind": "dial", "destinations": [{"to": "business_line"}], "on": {"default": "start"}}"#,
        ),
    ] {
        let mut call = Walking::new(&document, facts());
        let mut last = call.start();
        for round in 1.. {
            assert!(round <= 2 * STEPS_MAX);
            if call.state.ended.is_some() {
                break;
            }
            let action = call.state.action;
            last = call.tell(FlowEvent::Played { action });
            last.extend(call.fail(call.state.attempt, DialOutcome::Busy));
        }
        assert!(matches!(last.last(), Some(FlowAction::HangUp { .. })));
        assert_eq!(call.state.steps, STEPS_MAX);
    }
}

#[test]
fn the_timeline_tells_each_node_and_each_tag() {
    let document = flow(
        r#""start": {"kind": "set_tag", "name": "lang", "value": "en", "on": {"done": "end"}}, "end": {"kind": "hang_up"}"#,
    );
    let (_, actions) = step(
        &document,
        &facts(),
        FlowState::default(),
        FlowEvent::Started,
    );
    let enter = |node: &str, kind, way: Option<&str>| FlowAction::Enter {
        node: node.to_owned(),
        kind,
        way: way.map(str::to_owned),
    };
    let tag = FlowAction::Tag {
        name: "lang".to_owned(),
        value: "en".to_owned(),
    };
    let end = FlowAction::HangUp { sip_status: 480 };
    assert_eq!(
        actions,
        [
            enter("start", "set_tag", None),
            tag,
            enter("end", "hang_up", Some("on:done")),
            end
        ]
    );
}
