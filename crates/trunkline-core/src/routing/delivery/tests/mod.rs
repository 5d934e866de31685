//! What delivery promises: values stay values, answers are read as they say, and presets fit.

mod answers;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::markup::Element;
use super::paths::{JsonPath, XmlPath};
use super::*;
use crate::base::{Country, Currency, Money, PhoneNumber, Timestamp};

const NOW: Timestamp = Timestamp::from_millis(1_795_449_600_000);
const WITH: ReadWith = ReadWith {
    currency: Currency::USD,
    bid_max: Some(Money::from_micros(500_000_000, Currency::USD)),
    home: Country::US,
    now: NOW,
};

fn document(body: &str, extra: &str) -> EndpointDocument {
    let text = format!(
        r#"{{"schema": 1, "post": {{"request": {{"method": "POST", "url": "https://a.com/{{tag.p}}"{extra}, "body": {body}}},
            "answer": {{"accept_when": {{"read": {{"from": {{"json": "$.ok"}}, "value": {{"is": "true"}}}}}}}}}}}}"#
    );
    serde_json::from_str(&text).expect(&text)
}

fn values(value: &str) -> Values {
    let mut values = Values::default();
    values.tags.insert("p".to_owned(), "x".to_owned());
    values.lead.insert("v".to_owned(), value.to_owned());
    values.set_phone(PhoneNumber::from_digits(12_145_551_234));
    values
}

fn secrets() -> BTreeMap<String, String> {
    [("key".to_owned(), "s3cr3t&x".to_owned())].into()
}

fn prepare(document: &EndpointDocument, values: &Values) -> Prepared {
    let endpoint = document.compile().expect("no problems");
    let prepared = endpoint.prepare(Step::Post, values, &secrets());
    prepared.expect("a request")
}

#[test]
fn a_value_stays_a_value_wherever_it_stands() {
    for evil in [
        "\",\"price\":\"999",
        "</v><price>9</price><v>",
        "a&price=9",
        "x\r\nX-Evil: 1",
        "../../admin",
        "?a=b#c",
        "]]>",
        "{zip}",
        "%00%0d%0a",
        "a\u{2028}\\u0022",
        "' or 1=1 --",
    ] {
        let json = prepare(
            &document(r#"{"json": {"v": "{lead.v}", "n": 1}}"#, ""),
            &values(evil),
        );
        let read: serde_json::Value =
            serde_json::from_str(&json.body.expect("a body")).expect(evil);
        assert_eq!(read, serde_json::json!({"v": evil, "n": 1}), "{evil}");
        let form = prepare(
            &document(r#"{"form": {"v": "{lead.v}", "n": "1"}}"#, ""),
            &values(evil),
        );
        let form = form.body.expect("a body");
        assert_eq!(form.matches(['&', '=']).count(), 3, "{evil}: {form}");
        let xml = document(r#"{"xml": "<r a='{lead.v}'><v>{lead.v}</v></r>"}"#, "");
        let xml = prepare(&xml, &values(evil)).body.expect("a body");
        let read = Element::read(&xml).expect(evil);
        assert_eq!(read.attribute("a"), Some(evil));
        assert_eq!((read.elements().count(), read.text()), (1, evil.to_owned()));
        let header = document(
            r#"{"form": {}}"#,
            r#", "headers": {"x-v": "{lead.v}"}, "query": {"v": "{lead.v}"}"#,
        );
        let header = prepare(&header, &values(evil));
        assert!(
            header
                .headers
                .iter()
                .all(|(_, v)| v.bytes().all(|b| (32..127).contains(&b))),
            "{evil}"
        );
        let query = header.url.strip_prefix("https://a.com/x?v=").expect(evil);
        assert!(!query.contains(['&', '#', '?', ' ', '"', '/']), "{query}");
    }
}

#[test]
fn a_path_goes_nowhere_else() {
    let endpoint = document(r#"{"form": {}}"#, "").compile().expect("ready");
    for (value, wrong) in [
        ("..", true),
        (".", true),
        ("", true),
        ("a/../b", false),
        ("x", false),
    ] {
        let mut values = values("v");
        values.tags.insert("p".to_owned(), value.to_owned());
        let made = endpoint.prepare(Step::Post, &values, &secrets());
        assert_eq!(made.is_err(), wrong, "{value}: {made:?}");
    }
}

#[test]
fn no_log_shows_secrets_or_people() {
    let text = document(
        r#"{"json": {"key": "{secret.key}", "phone": "{phone}", "n": "{phone_national:number}", "mail": "{lead.email}", "zip": "{zip}"}}"#,
        r#", "auth": {"basic": {"user": "us", "secret": "key"}}"#,
    );
    let mut values = values("v");
    values.set(Slot::Zip, "75201");
    values
        .lead
        .insert("email".to_owned(), "Ann.Lee@x.org".to_owned());
    let made = prepare(&text, &values);
    let body = made.body.clone().expect("a body");
    assert!(
        body.contains("s3cr3t&x")
            && body.contains("+12145551234")
            && body.contains("\"n\":2145551234")
    );
    let answer = br#"{"echo": "ann.lee@x.org", "tel": "2145551234", "k": "s3cr3t%26x"}"#;
    let shown = show_answer(200, &[], answer, &values, &secrets());
    for log in [
        &made.shown,
        &shown,
        &format!("{made:?}"),
        &format!("{values:?}"),
    ] {
        for hidden in ["s3cr3t", "2145551234", "nn.", "nn.lee"] {
            assert!(
                !log.to_ascii_lowercase().contains(hidden),
                "{hidden}: {log}"
            );
        }
    }
    assert!(made.shown.contains("75201"));
}

#[test]
fn a_ping_says_who_it_is_only_when_that_is_allowed() {
    let mut text = document(
        r#"{"form": {"p": "{phone}", "f": "{lead.first_name}", "h": "{phone_sha256}"}}"#,
        "",
    );
    text.ping = text.post.take();
    let problems = text.problems();
    assert_eq!(problems.len(), 2, "{problems:?}");
    text.share_identity = true;
    assert_eq!(text.problems(), []);
    // A field whose name does not tell, but that the campaign says is of the person, stays out at sending.
    let mut text = document(r#"{"form": {"v": "{lead.v}", "n": "1"}}"#, "");
    text.ping = text.post.take();
    let mut values = values("who");
    values.identity.insert("v".to_owned());
    let endpoint = text.compile().expect("ready");
    let made = endpoint
        .prepare(Step::Ping, &values, &secrets())
        .expect("a request");
    assert_eq!(made.body.as_deref(), Some("n=1"));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let with = |extra: &str| document(r#"{"form": {"a": "1"}}"#, extra);
    let url = |to: &str| {
        let mut text = with("");
        text.post.as_mut().expect("a post").request.url = to.to_owned();
        text
    };
    for (text, place) in [
        (url("ftp://a.com/"), "post.request.url"),
        (url("https://{tag.host}/"), "post.request.url"),
        (url("https://u:p@a.com/"), "post.request.url"),
        (url("https://buyer.example/x"), "post.request.url"),
        (url("https://a.com/../x"), "post.request.url"),
        (url("https://a.com/{nothing}"), "post.request.url"),
        (
            with(r#", "headers": {"Host": "b.com"}"#),
            "post.request.headers.Host",
        ),
        (
            with(r#", "headers": {"x": "a\r\nb"}"#),
            "post.request.headers.x",
        ),
        (with(r#", "timeout_ms": 60000"#), "post.request.timeout_ms"),
        (
            with(r#", "query": {"q": "{setting.none}"}"#),
            "post.request.query.q",
        ),
        (
            document(r#"{"xml": "<a><b></a>"}"#, ""),
            "post.request.body.xml",
        ),
        (
            document(r#"{"json": {"a": ["{phone"]}}"#, ""),
            "post.request.body.json.a[0]",
        ),
    ] {
        let problems = text.problems();
        assert!(
            problems.iter().any(|p| p.place == place),
            "{place}: {problems:?}"
        );
    }
    for bad in [
        "a",
        "$.",
        "$.a[?(@.b)]",
        "$..a..b",
        "$.a[",
        "$[a]",
        "$.a b",
        "$a",
    ] {
        assert!(JsonPath::parse(bad).is_err(), "{bad}");
    }
    for bad in [
        "a", "/", "/a/b()", "//a//b", "/a[b>1]", "/@a", "/a/@b/c", "/a[0]",
    ] {
        assert!(XmlPath::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_path_finds_the_first_thing_that_is_there() {
    let json = Json::read(
        r#"{"a": [{"b": null}, {"b": 4.20}], "c d": {"e": "x"}, "n": {"m": {"k": true}}}"#,
    );
    let json = json.expect("JSON");
    for (path, found) in [
        ("$.a[*].b", Some("4.20")),
        ("$.a[-1].b", Some("4.20")),
        ("$.a[0].b", None),
        ("$['c d'].e", Some("x")),
        ("$..k", Some("true")),
        ("$.n", Some(r#"{"m":{"k":true}}"#)),
        ("$.a[9]", None),
    ] {
        let at = JsonPath::parse(path).expect(path);
        assert_eq!(at.find(&json).as_deref(), found, "{path}");
    }
    let xml = "<?xml version='1.0'?><s:r xmlns:s='u'><!-- c --><bid k='1'>5</bid><bid k='2'><p>6 &amp; 7</p><![CDATA[<8>]]></bid></s:r>";
    let xml = Element::read(xml).expect("XML");
    for (path, found) in [
        ("/r/bid", Some("5")),
        ("/r/bid[2]/p", Some("6 & 7")),
        ("/r/bid[@k='2']/text()", Some("<8>")),
        ("//p", Some("6 & 7")),
        ("/r/bid[p='6 & 7']/@k", Some("2")),
        ("/*/bid[3]", None),
        ("/x", None),
    ] {
        let at = XmlPath::parse(path).expect(path);
        assert_eq!(at.find(&xml).as_deref(), found, "{path}");
    }
    let bombs = [
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<a>&b;</a>",
        "<a><b></a></b>",
        "<a/><b/>",
        "<a b='<'/>",
        "",
    ];
    for bomb in bombs
        .map(str::to_owned)
        .into_iter()
        .chain(["<a>".repeat(10_000)])
    {
        assert!(Element::read(&bomb).is_err());
    }
    assert!(Json::read(&"[".repeat(100_000)).is_err());
}

#[test]
fn a_breaker_rests_after_failures_and_tries_once() {
    let mut breaker = Breaker::new();
    let mut now = NOW;
    for round in 0..5 {
        assert_eq!(breaker.view(now).state, BreakerState::Closed, "{round}");
        let ticket = breaker.admit(now).expect("closed");
        breaker.tell(
            ticket,
            if round == 2 {
                Happened::TimedOut
            } else {
                Happened::Failed
            },
            now,
        );
    }
    let until = now.plus_millis(REST_MS);
    assert_eq!(breaker.admit(now), Err(until));
    now = until;
    let probe = breaker.admit(now).expect("a probe");
    assert!(breaker.admit(now).is_err(), "one probe at a time");
    breaker.tell(probe, Happened::Failed, now);
    assert_eq!(breaker.view(now).state, BreakerState::Open);
    now = now.plus_millis(REST_MS);
    let probe = breaker.admit(now).expect("a probe");
    breaker.tell(probe, Happened::Answered, now);
    assert_eq!(breaker.view(now).state, BreakerState::Closed);
    breaker.tell(probe, Happened::Failed, now);
    assert_eq!(
        breaker.view(now).failures,
        0,
        "what was before a change is not counted after it"
    );
    // More than half too late, never five in a row.
    for round in 0..30 {
        let Ok(ticket) = breaker.admit(now) else {
            break;
        };
        let late = round % 3 != 0;
        breaker.tell(
            ticket,
            if late {
                Happened::TimedOut
            } else {
                Happened::Answered
            },
            now,
        );
    }
    assert_eq!(breaker.view(now).state, BreakerState::Open);
    assert_eq!(breaker.view(now).asked, 20);
}

#[test]
fn a_mail_has_one_line_for_a_subject() {
    let text = r#"{"to": ["a@b.com"], "subject": "Lead {lead.v}", "body": "{phone}\n{lead.v}"}"#;
    let document: MailDocument = serde_json::from_str(text).expect("a document");
    let made = document
        .compile()
        .expect("ready")
        .prepare(&values("x\r\nBcc: z@y.com"));
    assert_eq!(made.subject, "Lead x  Bcc: z@y.com");
    assert!(made.body.contains("+12145551234") && !made.shown.contains("2145551234"));
    for bad in [
        "a",
        "a@b",
        "a b@c.com",
        "A <a@b.com>",
        "a@b.com\r\nx@y.com",
        "a..b@c.com",
    ] {
        let document = MailDocument {
            to: vec![bad.to_owned()],
            ..document.clone()
        };
        assert_eq!(document.problems()[0].place, "to[0]", "{bad}");
    }
}

proptest! {
    #[test]
    fn any_value_survives_json_form_and_xml(value in "\\PC{1,40}", raw in any::<String>()) {
        let json = Json::Map(vec![(raw.clone(), Json::List(vec![Json::Text(raw.clone())]))]);
        let text = json.to_string();
        prop_assert_eq!(&Json::read(&text).expect("JSON"), &json);
        let other: serde_json::Value = serde_json::from_str(&text).expect("JSON of others");
        prop_assert_eq!(&other[raw.as_str()][0], &serde_json::Value::from(raw));
        let value = value.trim();
        prop_assume!(!value.is_empty());
        let made = prepare(&document(r#"{"form": {"v": "{lead.v}"}}"#, ""), &values(value));
        let body = made.body.expect("a body");
        let plain = body.strip_prefix("v=").expect("its name").replace('+', " ");
        let mut bytes = Vec::new();
        let mut rest = plain.as_bytes();
        while let [first, behind @ ..] = rest {
            rest = behind;
            if *first == b'%' {
                let digits = std::str::from_utf8(&rest[..2]).expect("digits");
                bytes.push(u8::from_str_radix(digits, 16).expect("a byte"));
                rest = &rest[2..];
            } else {
                bytes.push(*first);
            }
        }
        prop_assert_eq!(String::from_utf8(bytes).expect("text"), value);
        let xml = prepare(&document(r#"{"xml": "<r a=\"{lead.v}\">{lead.v}</r>"}"#, ""), &values(value));
        let read = Element::read(&xml.body.expect("a body")).expect("XML");
        prop_assert_eq!(read.attribute("a"), Some(value));
        prop_assert_eq!(read.text(), value);
    }

    #[test]
    fn no_answer_breaks_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300), status in 100u16..600) {
        for preset in presets() {
            let text = preset.document.replace("buyer.example", "buyer.test").replace(": \"\"", ": \"1\"");
            let document: EndpointDocument = serde_json::from_str(&text).expect("a document");
            let endpoint = document.compile().expect("ready");
            let answer = Answer { status, headers: &[], body: &bytes };
            let _ = endpoint.inspect(Step::Ping, answer, &WITH);
            let _ = Element::read(&String::from_utf8_lossy(&bytes));
        }
    }
}
