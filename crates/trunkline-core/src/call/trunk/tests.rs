//! Tables of how trunks write numbers, are ordered, fail over and fare.

use super::state::EXPIRES_S;
use super::*;
use crate::base::id::TrunkId;
use crate::base::{Country, PhoneNumber, Timestamp};
use crate::call::DialOutcome;

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse_e164(text).expect("a number")
}

fn country(code: &str) -> Country {
    code.parse().expect("a country")
}

fn formats(style: NumberStyle, home: &str, international_prefix: &str) -> NumberFormats {
    NumberFormats {
        style,
        country: Some(country(home)),
        international_prefix: international_prefix.to_owned(),
        ..NumberFormats::default()
    }
}

#[test]
fn numbers_are_written_as_the_carrier_wants_them() {
    use NumberStyle::{E164, E164Plus, National};
    for (style, home, abroad, to, written) in [
        (E164Plus, "US", "", "+12145550100", "+12145550100"),
        (E164, "US", "", "+12145550100", "12145550100"),
        (National, "US", "011", "+12145550100", "2145550100"),
        (National, "US", "011", "+14165550100", "4165550100"),
        (National, "US", "011", "+18005550100", "8005550100"),
        (National, "US", "011", "+18765550100", "01118765550100"),
        (National, "US", "011", "+442079460018", "011442079460018"),
        (National, "US", "", "+442079460018", "+442079460018"),
        (National, "GB", "00", "+442079460018", "02079460018"),
        (National, "GB", "00", "+12145550100", "0012145550100"),
        (National, "DE", "00", "+493012345678", "03012345678"),
    ] {
        let formats = formats(style, home, abroad);
        assert_eq!(
            formats.write(number(to), Country::US),
            written,
            "{style:?} {home} {to}"
        );
    }
    let prefixed = NumberFormats {
        prefix_out: "7799#".to_owned(),
        ..formats(E164, "US", "")
    };
    assert_eq!(
        prefixed.write_dialled(number("+12145550100"), Country::US),
        "7799#12145550100"
    );
    assert_eq!(
        prefixed.write(number("+12145550100"), Country::US),
        "12145550100",
        "a caller has no prefix"
    );
}

#[test]
fn numbers_are_read_as_the_carrier_writes_them() {
    use NumberStyle::{E164, E164Plus, National};
    for (style, home, abroad, text, read) in [
        (E164Plus, "US", "", "+12145550100", Some("+12145550100")),
        (E164Plus, "US", "", "12145550100", Some("+12145550100")),
        (E164Plus, "US", "", "2145550100", Some("+12145550100")),
        (E164Plus, "US", "", "442079460018", Some("+442079460018")),
        (E164, "GB", "", "442079460018", Some("+442079460018")),
        (E164, "GB", "", "02079460018", Some("+442079460018")),
        (National, "GB", "00", "02079460018", Some("+442079460018")),
        (National, "GB", "00", "0012145550100", Some("+12145550100")),
        (National, "US", "011", "2145550100", Some("+12145550100")),
        (National, "US", "011", "12145550100", Some("+12145550100")),
        (
            National,
            "US",
            "011",
            "011442079460018",
            Some("+442079460018"),
        ),
        (E164Plus, "US", "", "214-555-0100", Some("+12145550100")),
        (E164Plus, "US", "", "911", None),
        (E164Plus, "US", "", "anonymous", None),
        (E164Plus, "US", "", "+0123456789", None),
        (E164Plus, "US", "", "", None),
    ] {
        let formats = formats(style, home, abroad);
        assert_eq!(
            formats.read(text, Country::US),
            read.map(number),
            "{style:?} {home} {text}"
        );
    }
    let prefixed = NumberFormats {
        prefix_in: "55".to_owned(),
        ..formats(E164, "US", "")
    };
    for text in ["5512145550100", "12145550100"] {
        assert_eq!(
            prefixed.read_dialled(text, Country::US),
            Some(number("+12145550100"))
        );
    }
}

#[test]
fn what_is_written_is_read_back() {
    let homes = [("US", "011"), ("GB", "00"), ("DE", "00"), ("CA", "011")];
    let numbers = ["+12145550100", "+442079460018", "+493012345678"];
    for style in NumberStyle::ALL {
        for (home, abroad) in homes {
            for to in numbers {
                let formats = formats(*style, home, abroad);
                let written = formats.write(number(to), Country::US);
                let read = formats.read(&written, Country::US);
                assert_eq!(read, Some(number(to)), "{style:?} {home} {written}");
            }
        }
    }
}

#[test]
fn a_trunk_shows_what_its_policy_says() {
    let (own, dialled, fixed) = (
        ShownCaller::Own,
        number("+12145550100"),
        number("+12145550111"),
    );
    let policy = |shown, fixed| CallerIdPolicy {
        shown,
        fixed,
        ..CallerIdPolicy::default()
    };
    let shows = |shown, fixed, wanted| policy(shown, fixed).shows(wanted, dialled);
    assert_eq!(shows(CallerShown::Flow, None, own), own);
    let tracking = ShownCaller::Number(dialled);
    assert_eq!(shows(CallerShown::Flow, None, tracking), tracking);
    assert_eq!(shows(CallerShown::TrackingNumber, None, own), tracking);
    let always = ShownCaller::Number(fixed);
    assert_eq!(shows(CallerShown::Fixed, Some(fixed), own), always);
    assert_eq!(shows(CallerShown::Fixed, None, own), own);
}

#[test]
fn trunks_are_tried_healthy_own_and_prior_first() {
    let trunk = |id: i64, own, priority, failing| Candidate {
        trunk: TrunkId::from_raw(id),
        own,
        priority,
        failing,
    };
    let order = |candidates| -> Vec<i64> {
        in_order(candidates)
            .into_iter()
            .map(|trunk: TrunkId| trunk.raw())
            .collect()
    };
    let three = vec![
        trunk(1, false, 20, false),
        trunk(2, false, 10, false),
        trunk(3, true, 30, false),
    ];
    assert_eq!(order(three), [3, 2, 1]);
    let sick = vec![
        trunk(1, false, 20, false),
        trunk(2, false, 10, true),
        trunk(3, true, 30, true),
    ];
    assert_eq!(order(sick), [1, 3, 2]);
    assert_eq!(order(vec![]), [0_i64; 0]);
    let many = (1..=9).map(|id| trunk(id, false, 10, false)).collect();
    assert_eq!(order(many), [1, 2, 3, 4]);
}

#[test]
fn only_the_trunks_own_failures_fail_over() {
    for (outcome, status, over) in [
        (DialOutcome::Failed, None, true),
        (DialOutcome::Failed, Some(408), true),
        (DialOutcome::Failed, Some(407), true),
        (DialOutcome::Failed, Some(500), true),
        (DialOutcome::Failed, Some(503), true),
        (DialOutcome::Failed, Some(488), false),
        (DialOutcome::Failed, Some(302), false),
        (DialOutcome::NoAnswer, Some(408), false),
        (DialOutcome::NoAnswer, Some(480), false),
        (DialOutcome::Busy, Some(486), false),
        (DialOutcome::Busy, Some(600), false),
        (DialOutcome::Declined, Some(603), false),
        (DialOutcome::Declined, Some(403), false),
        (DialOutcome::Unreachable, Some(404), false),
        (DialOutcome::Refused, None, false),
        (DialOutcome::NotAccepted, None, false),
    ] {
        assert_eq!(fails_over(outcome, status), over, "{outcome:?} {status:?}");
    }
}

#[test]
fn health_says_since_when() {
    let at = Timestamp::from_millis;
    let ok = Ping::Answered {
        status: 404,
        rtt_ms: 12,
    };
    let silent = Ping::Failed {
        error: "no answer within 5 s".to_owned(),
    };
    let busy = Ping::Answered {
        status: 503,
        rtt_ms: 3,
    };
    let mut health = Health::default();
    let mut told = Vec::new();
    for (ping, now) in [(&ok, 1), (&ok, 2), (&silent, 3), (&busy, 4), (&ok, 5)] {
        health = health.after(ping, at(now));
        let since = health.since.map(Timestamp::as_millis);
        told.push((
            health.state.word(),
            since,
            health.rtt_ms,
            health.error.is_some(),
        ));
    }
    assert_eq!(
        told,
        [
            ("ok", Some(1), Some(12), false),
            ("ok", Some(1), Some(12), false),
            ("failing", Some(3), None, true),
            ("failing", Some(3), Some(3), true),
            ("ok", Some(5), Some(12), false),
        ]
    );
}

#[test]
fn a_registration_is_refreshed_in_time_and_backs_off() {
    let now = Timestamp::from_millis(1_000);
    let fresh = Registration::default();
    let taken = fresh.after(&RegistrationNews::Accepted { expires_s: 60 }, now);
    assert_eq!(taken.state, RegistrationState::Registered);
    assert_eq!(taken.expires_at, Some(Timestamp::from_millis(61_000)));
    assert_eq!(taken.wait_ms(60, 0.3), 45_000);
    assert_eq!(taken.wait_ms(1, 0.3), 5_000, "never in a tight loop");
    assert_eq!(taken.wait_ms(u32::MAX, 0.3), 3_600_000);
    assert_eq!(taken.wait_ms(EXPIRES_S, 0.3), 450_000);

    let silent = RegistrationNews::Failed {
        error: "no answer".to_owned(),
    };
    let mut failing = taken;
    let mut waits = Vec::new();
    for _ in 0..9 {
        failing = failing.after(&silent, now);
        waits.push(failing.wait_ms(60, 0.5));
    }
    assert_eq!(waits[..4], [5_000, 10_000, 20_000, 40_000]);
    assert_eq!(waits[8], 300_000);
    assert_eq!(failing.state, RegistrationState::Failing);
    assert_eq!(failing.expires_at, Some(Timestamp::from_millis(61_000)));
    let late = failing.after(&silent, Timestamp::from_millis(70_000));
    assert_eq!(late.expires_at, None);
    assert_eq!(
        (failing.wait_ms(60, 0.0), failing.wait_ms(60, 1.0)),
        (240_000, 360_000)
    );
}

#[test]
fn a_refused_registration_says_what_to_look_at() {
    let now = Timestamp::from_millis(0);
    for (status, state, words) in [
        (
            403,
            RegistrationState::Refused,
            "the carrier refused the user name or password (403)",
        ),
        (
            401,
            RegistrationState::Refused,
            "the carrier refused the user name or password (401)",
        ),
        (
            404,
            RegistrationState::Refused,
            "the carrier knows no such user (404)",
        ),
        (
            503,
            RegistrationState::Failing,
            "the carrier answers that it cannot register us now (503)",
        ),
    ] {
        let got = Registration::default().after(&RegistrationNews::Refused { status }, now);
        assert_eq!((got.state, got.error.as_deref()), (state, Some(words)));
    }
    let refused = Registration::default().after(&RegistrationNews::Refused { status: 403 }, now);
    assert_eq!(
        refused.wait_ms(60, 0.5),
        300_000,
        "carriers lock those who insist"
    );
}
