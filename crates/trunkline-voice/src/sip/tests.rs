//! The pure parts of signalling: message splitting, timers, reasons, identities.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use trunkline_core::base::Country;
use trunkline_engine::call::control::{Attestation, Verstat};
use trunkline_engine::call::trunk::TrunkSettings;

use super::identity::{Caller, Claims, dialled};
use super::raw::{self, Raw};
use super::reason::{self, Reasons};
use super::reply::Replies;
use super::session_timer::{Agreed, Due, Refresher, Said, SessionTimer, TooSmall};
use super::validate::{self, Refusal};

const REQUEST: &str = "INVITE sip:+13125550100@192.0.2.1 SIP/2.0\r\n\
     Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK1;rport\r\n\
     From: \"A;B, <C>\" <sip:+12065550111@192.0.2.9>;tag=f1\r\nTo: <sip:+13125550100@192.0.2.1>\r\n\
     Call-ID: id\r\nCSeq: 1 INVITE\r\nContact: <sip:x@192.0.2.9>\r\nMax-Forwards: 70\r\n\
     Content-Length: 0\r\n\r\n";

proptest! {
    #[test]
    fn no_bytes_break_the_judgement(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(raw) = Raw::split(&bytes) {
            let _ = validate::judge(&raw, bytes.len() - raw.body_at);
        }
    }

    #[test]
    fn no_mutation_of_a_request_breaks_the_judgement(
        at in 0usize..400, value in any::<u8>(), cut in 0usize..400,
    ) {
        let mut bytes = REQUEST.as_bytes().to_vec();
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
        bytes.truncate(bytes.len().saturating_sub(cut));
        if let Ok(raw) = Raw::split(&bytes) {
            let judged = validate::judge(&raw, bytes.len() - raw.body_at);
            if let Err(refusal) = judged {
                let remote = "192.0.2.9:5060".parse().expect("an address");
                let _ = Replies::new("t").write(&raw, remote, &refusal);
            }
        }
    }
}

#[test]
fn the_request_the_mutations_start_from_is_sound() {
    let raw = Raw::split(REQUEST.as_bytes()).expect("a message");
    let sound = validate::judge(&raw, 0).expect("sound");
    assert!(!sound.in_dialog && sound.length_stated);
}

#[test]
fn quotes_and_brackets_hide_separators() {
    let parts = raw::split_outside("\"a;b\\\"c;\" <sip:x;y>;tag=1;q", ';').expect("balanced");
    assert_eq!(parts, ["\"a;b\\\"c;\" <sip:x;y>", "tag=1", "q"]);
    assert!(raw::split_outside("\"open", ';').is_none());
    assert!(raw::split_outside("<open", ';').is_none());
    let (uri, parameters) = raw::address("\"<\" <sip:a@b>;tag=7").expect("an address");
    assert_eq!(
        (uri, raw::parameter(&parameters, "TAG")),
        ("sip:a@b", Some("7"))
    );
}

#[test]
fn a_repeated_request_gets_the_very_same_answer() {
    let raw = Raw::split(REQUEST.as_bytes()).expect("a message");
    let remote = "198.51.100.7:6000".parse().expect("an address");
    let replies = Replies::new("Test");
    let refusal = Refusal::new(503, "Service Unavailable");
    let first = replies.write(&raw, remote, &refusal).expect("an answer");
    assert_eq!(Some(&first), replies.write(&raw, remote, &refusal).as_ref());
    let text = String::from_utf8(first).expect("text");
    assert!(text.starts_with("SIP/2.0 503 Service Unavailable\r\nVia: SIP/2.0/UDP 192.0.2.9:5060"));
    assert!(
        text.contains(";branch=z9hG4bK1;received=198.51.100.7;rport=6000\r\n"),
        "{text}"
    );
    assert!(
        text.contains("To: <sip:+13125550100@192.0.2.1>;tag="),
        "{text}"
    );
    let other = Replies::new("Test")
        .write(&raw, remote, &refusal)
        .expect("an answer");
    assert_ne!(text.into_bytes(), other, "tags cannot be guessed");
}

#[test]
fn who_refreshes_is_agreed_as_the_rfc_says() {
    let said = |text: &str| {
        Said {
            supported: true,
            ..Said::default()
        }
        .with_interval(text)
    };
    let plain = Said::default();
    // (what the caller said, interval, whether we refresh)
    let cases = [
        (plain, 1800, true),
        (
            Said {
                supported: true,
                ..plain
            },
            1800,
            false,
        ),
        (said("600;refresher=uac"), 600, false),
        (said("600;refresher=uas"), 600, true),
        (said("7200"), 1800, false),
        (
            Said {
                min_s: Some(3600),
                ..said("3600")
            },
            3600,
            false,
        ),
    ];
    for (said, interval_s, we_refresh) in cases {
        let agreed = Agreed::as_uas(said, 1800, 90).expect("long enough");
        assert_eq!(
            (agreed.interval_s, agreed.we_refresh),
            (interval_s, we_refresh),
            "{said:?}"
        );
    }
    assert_eq!(Agreed::as_uas(said("30"), 1800, 90), Err(TooSmall(90)));
    assert_eq!(said("90;refresher=UAS").refresher, Some(Refresher::Uas));
    let answered = Agreed::as_uac(said("200;refresher=uas"), 1800);
    assert_eq!((answered.interval_s, answered.we_refresh), (200, false));
    assert!(
        Agreed::as_uac(plain, 1800).we_refresh,
        "a far end without timers is refreshed by us"
    );
}

#[test]
fn a_timer_refreshes_at_half_and_expires_a_little_early() {
    let start = Instant::now();
    let seconds = |s: u64| start + Duration::from_secs(s);
    let ours = Agreed {
        interval_s: 1800,
        we_refresh: true,
        supported: true,
    };
    let mut timer = SessionTimer::start(ours, start);
    assert_eq!(timer.next(), (seconds(900), Due::Refresh));
    timer.refreshing();
    assert_eq!(timer.next(), (seconds(1768), Due::Expired));
    timer.retry(seconds(901));
    assert_eq!(timer.next(), (seconds(904), Due::Refresh));
    let theirs = SessionTimer::start(
        Agreed {
            we_refresh: false,
            ..ours
        },
        start,
    );
    assert_eq!(theirs.next(), (seconds(1768), Due::Expired));
}

#[test]
fn causes_are_read_and_kept_until_asked() {
    assert_eq!(reason::q850("Q.850;cause=16;text=\"bye\""), Some(16));
    assert_eq!(reason::q850("SIP;cause=200, Q.850 ;cause= 31"), Some(31));
    assert_eq!(reason::q850("SIP;cause=486"), None);
    assert_eq!(reason::q850("Q.850;cause=999"), None);
    let reasons = Reasons::default();
    for n in 0..3000u32 {
        reasons.note(&format!("call-{n}"), 17);
    }
    assert_eq!(reasons.take("call-2999"), Some(17));
    assert_eq!(reasons.take("call-2999"), None, "asked once");
    assert_eq!(reasons.take("call-0"), None, "old ones are forgotten");
}

#[test]
fn the_caller_is_who_the_trunk_asserts() {
    let passed = "<sip:+13125550111;verstat=TN-Validation-Passed@carrier.example>;tag=1";
    let full = Some((Verstat::Passed, Some(Attestation::A)));
    let part = Some((Verstat::Passed, Some(Attestation::B)));
    type Vouched = Option<(Verstat, Option<Attestation>)>;
    let cases: [(&str, Option<&str>, Vouched); 10] = [
        (
            "<sip:+13125550111@c.example>;tag=1",
            Some("+13125550111"),
            None,
        ),
        ("<sip:13125550111@c.example>", Some("+13125550111"), None),
        ("<sip:3125550111@c.example>", Some("+13125550111"), None),
        (
            "<tel:+442079460018;verstat=TN-Validation-Passed-B>",
            Some("+442079460018"),
            part,
        ),
        (passed, Some("+13125550111"), full),
        (
            "<sip:+13125550111@c.example>;verstat=TN-Validation-Passed-B",
            Some("+13125550111"),
            part,
        ),
        (
            "<sip:+13125550111@c.example;verstat=TN-Validation-Passed-B>",
            Some("+13125550111"),
            part,
        ),
        ("\"Bob\" <sip:bob@c.example>", None, None),
        (
            "<sip:+1312555@c.example>;verstat=TN-Validation-Failed",
            None,
            Some((Verstat::Failed, None)),
        ),
        (
            "<sip:+13125550111@c.example;verstat=No-TN-Validation>",
            Some("+13125550111"),
            Some((Verstat::Unchecked, None)),
        ),
    ];
    for (value, number, vouched) in cases {
        let caller = read(&from(value));
        let printed = caller.number.map(|n| n.to_string());
        assert_eq!(printed.as_deref(), number, "{value}");
        let told = caller.signalled.verstat.map(|v| (v, caller.attestation));
        assert_eq!(told, vouched, "{value}");
    }
    let asserted = Claims {
        asserted: vec!["<sip:+12065550111@c.example>".to_owned()],
        ..from("<sip:anonymous@anonymous.invalid>")
    };
    assert_eq!(
        read(&asserted).number.map(|n| n.to_string()).as_deref(),
        Some("+12065550111")
    );
    let withheld = Claims {
        privacy: Some("id;critical".to_owned()),
        ..asserted.clone()
    };
    let caller = read(&withheld);
    assert_eq!((caller.number, caller.text.as_str()), (None, "anonymous"));
    // A trunk whose word does not count: From is all there is.
    let mut doubted = TrunkSettings::default();
    doubted.caller_id.trusted = false;
    let caller = asserted.caller(&doubted, Country::US);
    assert_eq!((caller.number, caller.attestation), (None, None));
}

#[test]
fn attestation_is_read_wherever_carriers_put_it() {
    // The claims of a PASSporT as RFC 8588 shows them, with another signature.
    let signed = |attest: &str| {
        let claims = format!(
            r#"{{"attest":"{attest}","dest":{{"tn":["12155551213"]}},"iat":1443208345,"orig":{{"tn":"12155551212"}},"origid":"123e4567-e89b-12d3-a456-426655440000"}}"#
        );
        let claims = URL_SAFE_NO_PAD.encode(claims);
        format!(
            "eyJhbGciOiJFUzI1NiJ9.{claims}.c2ln;info=<https://c.example/c.pem>;alg=ES256;ppt=shaken"
        )
    };
    let number = "<sip:+13125550111@c.example>";
    let failed = "<sip:+13125550111;verstat=TN-Validation-Failed@c.example>";
    let with = |value: &str, change: &dyn Fn(&mut Claims)| {
        let mut claims = from(value);
        change(&mut claims);
        let caller = read(&claims);
        (caller.attestation, caller.signalled.verstat)
    };
    let told = |letter: &'static str| move |c: &mut Claims| c.attestation = vec![letter.to_owned()];
    for (got, attestation, verstat) in [
        (with(number, &told("B")), Some(Attestation::B), None),
        (with(number, &told("Z")), None, None),
        (with(failed, &told("A")), None, Some(Verstat::Failed)),
        (
            with(number, &|c| {
                c.verstat = vec!["TN-Validation-Passed-C".to_owned()];
            }),
            Some(Attestation::C),
            Some(Verstat::Passed),
        ),
        (
            with(number, &|c| c.identity = vec![signed("C")]),
            Some(Attestation::C),
            None,
        ),
        (
            with(number, &|c| c.identity = vec![signed("AB")]),
            None,
            None,
        ),
        (
            with(failed, &|c| c.identity = vec![signed("A")]),
            None,
            Some(Verstat::Failed),
        ),
        (
            with(number, &|c| c.identity = vec!["..;;\u{e4}".to_owned()]),
            None,
            None,
        ),
        (
            with(number, &|c| c.identity = vec!["x".repeat(5_000)]),
            None,
            None,
        ),
    ] {
        assert_eq!(got, (attestation, verstat));
    }
}

#[test]
fn who_redirected_a_call_and_whom_it_was_for_are_read() {
    let claims = Claims {
        to: "<sip:+12145550100@c.example>".to_owned(),
        diversion: Some("<sip:2145550122@c.example>;reason=unconditional".to_owned()),
        ..from("<sip:+13125550111@c.example>")
    };
    let diversion = read(&claims).signalled.diversion;
    assert_eq!(
        diversion.map(|n| n.to_string()).as_deref(),
        Some("+12145550122")
    );
    assert_eq!(claims.called(), Some("+12145550100"));
    let called = Claims {
        called_party: Some("<sip:+12145550133@c.example>".to_owned()),
        ..claims
    };
    assert_eq!(called.called(), Some("+12145550133"));
}

fn read(claims: &Claims) -> Caller {
    claims.caller(&TrunkSettings::default(), Country::US)
}

fn from(value: &str) -> Claims {
    Claims {
        from: value.to_owned(),
        ..Claims::default()
    }
}

#[test]
fn the_dialled_number_is_the_user_of_the_uri() {
    assert_eq!(
        dialled("sip:+13125550100@192.0.2.1:5060;user=phone"),
        Some("+13125550100")
    );
    assert_eq!(
        dialled("sip:+13125550100;npdi@192.0.2.1"),
        Some("+13125550100")
    );
    assert_eq!(
        dialled("tel:+13125550100;phone-context=x"),
        Some("+13125550100")
    );
    assert_eq!(dialled("sip:192.0.2.1"), None);
}
