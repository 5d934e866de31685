//! What answers of buyers' servers say, by presets, rules and statuses.

use super::*;

/// The verdict, price and id of each stored answer, with what fills a preset's blanks.
#[test]
fn presets_read_the_answers_of_their_systems() {
    let cases: &[(&str, Step, &str, Verdict, &str, &str)] = &[
        (
            "ringba",
            Step::Ping,
            r#"{"bidId":"b1","bidAmount":4.2,"expireInSeconds":39,"phoneNumber":"+18005551212","phoneNumberNoPlus":"18005551212","bidTerms":[{"code":100,"callMinDuration":90}],"warnings":[{"code":230}]}"#,
            Verdict::Accepted,
            "4.2",
            "b1",
        ),
        (
            "ringba",
            Step::Ping,
            r#"{"bidAmount":0,"rejectReason":"Final capacity check (Code: 1006)"}"#,
            Verdict::Refused(RefusedAs::Capped),
            "",
            "",
        ),
        (
            "boberdoo",
            Step::Ping,
            r#"{"response":{"status":"Matched","lead_id":"77","price":"13.00"}}"#,
            Verdict::Accepted,
            "13",
            "77",
        ),
        (
            "boberdoo",
            Step::Post,
            r#"{"response":{"status":"Unmatched"}}"#,
            Verdict::Refused(RefusedAs::NoCoverage),
            "",
            "",
        ),
        (
            "leadspedia",
            Step::Ping,
            r#"{"result":"success","price":"22.50","ping_id":"p9"}"#,
            Verdict::Accepted,
            "22.5",
            "p9",
        ),
        (
            "leadspedia",
            Step::Post,
            r#"{"result":"failed","msg":"Duplicate lead"}"#,
            Verdict::Refused(RefusedAs::Duplicate),
            "",
            "",
        ),
        (
            "lead_prosper",
            Step::Ping,
            r#"{"status":"ACCEPTED","ping_id":"q","payout":23.799999999999997}"#,
            Verdict::Accepted,
            "23.8",
            "q",
        ),
        (
            "lead_prosper",
            Step::Post,
            r#"{"status":"DUPLICATED","message":"seen"}"#,
            Verdict::Refused(RefusedAs::Duplicate),
            "",
            "",
        ),
        (
            "trackdrive",
            Step::Ping,
            r#"{"success":true,"status":"accepted","try_all_buyers_ping_id":"t","ping_ids_expiry_in_seconds":60,"buyers":[{"id":1,"bid_price":"30.0","ping_id":"u"}]}"#,
            Verdict::Accepted,
            "30",
            "t",
        ),
        (
            "trackdrive",
            Step::Ping,
            r#"{"success":false,"status":"caller_number_suppressed"}"#,
            Verdict::Refused(RefusedAs::Suppressed),
            "",
            "",
        ),
        (
            "retreaver",
            Step::Ping,
            r#"{"uuid":"r","status":"reserved","retreaver_payout":90.0,"retreaver_seconds":120,"inbound_number":"+18665551212","expires_at":"2026-11-23T16:00:30Z"}"#,
            Verdict::Accepted,
            "90",
            "r",
        ),
        (
            "retreaver",
            Step::Ping,
            "<html>busy</html>",
            Verdict::Unknown,
            "",
            "",
        ),
    ];
    for preset in presets() {
        let text = preset.document.replace("buyer.example", "buyer.test");
        let mut document: EndpointDocument = serde_json::from_str(&text).expect(preset.word);
        for value in document.settings.values_mut() {
            *value = "1".to_owned();
        }
        let endpoint = document.compile().expect(preset.word);
        let own: Vec<_> = cases.iter().filter(|case| case.0 == preset.word).collect();
        assert!(!own.is_empty(), "{} has no stored answer", preset.word);
        for (_, step, body, verdict, price, id) in own {
            let answer = Answer {
                status: 200,
                headers: &[],
                body: body.as_bytes(),
            };
            let (reading, seen) = endpoint.inspect(*step, answer, &WITH);
            assert_eq!(reading, endpoint.read(*step, answer, &WITH));
            assert_eq!(reading.verdict, *verdict, "{body}: {seen:?}");
            let amount =
                (!price.is_empty()).then(|| Money::parse(price, Currency::USD).expect("an amount"));
            assert_eq!(
                (reading.price, reading.faults.as_slice()),
                (amount, &[][..]),
                "{body}"
            );
            assert_eq!(reading.id.as_deref().unwrap_or(""), *id, "{body}");
            assert!(seen.iter().any(|rule| rule.rule.starts_with("accept_when")));
        }
    }
}

#[test]
fn an_answer_says_where_the_call_is_to_ring_by_number_or_by_sip_address() {
    let text = presets()[0]
        .document
        .replace("\"rtb_id\": \"\"", "\"rtb_id\": \"1\"");
    let document: EndpointDocument = serde_json::from_str(&text).expect("a document");
    let endpoint = document.compile().expect("ready");
    for (said, rings, faults) in [
        (r#""phoneNumber": "+18005551212""#, "+18005551212", &[][..]),
        (
            r#""sipAddress": "sip:b1@rtb.example""#,
            "sip:b1@rtb.example",
            &[],
        ),
        (
            r#""sipAddress": "<SIP:b1@RTB.example>""#,
            "sip:b1@rtb.example",
            &[],
        ),
        (
            r#""sipAddress": "b1@rtb.example:5080""#,
            "sip:b1@rtb.example:5080",
            &[],
        ),
        (
            r#""phoneNumber": "+18005551212", "sipAddress": "sip:b1@rtb.example""#,
            "+18005551212",
            &[],
        ),
        (
            r#""phoneNumber": "+18005551212", "sipAddress": "sip:b1@rtb.example?X=1""#,
            "+18005551212",
            &[],
        ),
        (
            r#""sipAddress": "sip:b1@rtb.example?X=1""#,
            "",
            &[Fault::DeliverToInvalid],
        ),
        (
            r#""sipAddress": "tel:+18005551212""#,
            "",
            &[Fault::DeliverToInvalid],
        ),
        (r#""phoneNumber": "soon""#, "", &[Fault::DeliverToInvalid]),
        (r#""other": 1"#, "", &[]),
    ] {
        let body = format!("{{\"bidAmount\": 4, {said}}}");
        let answer = Answer {
            status: 200,
            headers: &[],
            body: body.as_bytes(),
        };
        let reading = endpoint.read(Step::Ping, answer, &WITH);
        let callee = reading.deliver_to.callee();
        let callee = callee.map(|to| to.to_string()).unwrap_or_default();
        assert_eq!(
            (callee.as_str(), &reading.faults[..]),
            (rings, faults),
            "{said}"
        );
    }
}

#[test]
fn a_yes_with_a_price_that_cannot_be_has_a_fault() {
    let text = presets()[0]
        .document
        .replace("\"rtb_id\": \"\"", "\"rtb_id\": \"1\"");
    let document: EndpointDocument = serde_json::from_str(&text).expect("a document");
    let mut document = document;
    let ping = document.ping.as_mut().expect("a ping");
    ping.answer.accept_when =
        serde_json::from_str(r#"{"read": {"from": "status", "value": {"is": "200"}}}"#)
            .expect("a test");
    let endpoint = document.compile().expect("ready");
    for (amount, fault) in [
        ("\"NaN\"", Fault::PriceInvalid),
        ("-1", Fault::PriceInvalid),
        ("1e3", Fault::PriceInvalid),
        ("501", Fault::PriceAboveMax),
        ("null", Fault::PriceMissing),
        ("99999999999999999999", Fault::PriceInvalid),
        ("\"1,5\"", Fault::PriceInvalid),
    ] {
        let body = format!("{{\"bidAmount\": {amount}}}");
        let answer = Answer {
            status: 200,
            headers: &[],
            body: body.as_bytes(),
        };
        let reading = endpoint.read(Step::Ping, answer, &WITH);
        assert_eq!(
            (reading.price, reading.faults),
            (None, vec![fault]),
            "{amount}"
        );
    }
}

#[test]
fn a_status_says_what_no_rule_says() {
    let endpoint = document(r#"{"form": {}}"#, "").compile().expect("ready");
    for (status, body, verdict) in [
        (200, r#"{"ok": true}"#, Verdict::Accepted),
        (
            200,
            r#"{"ok": false}"#,
            Verdict::Refused(RefusedAs::NoCoverage),
        ),
        (200, "{}", Verdict::Unknown),
        (200, "{\"ok\"", Verdict::Unknown),
        (302, "", Verdict::Unknown),
        (502, "", Verdict::Unknown),
        (429, "", Verdict::Refused(RefusedAs::RateLimited)),
        (404, "", Verdict::Refused(RefusedAs::Error)),
        (408, "", Verdict::Unknown),
    ] {
        let answer = Answer {
            status,
            headers: &[],
            body: body.as_bytes(),
        };
        assert_eq!(
            endpoint.read(Step::Post, answer, &WITH).verdict,
            verdict,
            "{status} {body}"
        );
    }
}
