//! What the model says about calls, and that its probabilities are probabilities.

use proptest::prelude::*;

use super::*;
use crate::base::Timestamp;
use crate::base::id::{SessionId, VisitorId};
use crate::visitor::Device;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn showing(who: i64, first_s: i64, last_s: i64) -> Showing {
    Showing {
        session: SessionId::from_raw(who),
        visitor: VisitorId::from_raw(who * 10),
        first_visible: NOW.plus_millis(-first_s * 1_000),
        last_visible: NOW.plus_millis(-last_s * 1_000),
        confirmed: true,
        device: Device::Desktop,
        area: None,
        page: PageKind::Other,
    }
}

fn tap(who: i64, ago_s: i64) -> Tap {
    Tap {
        session: SessionId::from_raw(who),
        at: NOW.plus_millis(-ago_s * 1_000),
        times: 1,
        late: false,
    }
}

fn run(showings: &[Showing], taps: &[Tap], earlier: Option<EarlierCall>) -> Credit {
    let call = CallFacts {
        at: NOW,
        caller: None,
        number: NumberHistory::default(),
    };
    Model::default().attribute(&Known {
        call,
        showings,
        taps,
        earlier,
        form: None,
    })
}

fn credited(credit: &Credit) -> Option<i64> {
    credit
        .credited()
        .and_then(|c| c.session)
        .map(SessionId::raw)
}

#[test]
fn a_form_with_somebody_elses_number_does_not_take_that_callers_calls() {
    let form = |who: i64| Form {
        session: SessionId::from_raw(who),
        visitor: VisitorId::from_raw(who * 10),
        at: NOW.plus_millis(-600_000),
    };
    let with = |showings: &[Showing], form| {
        Model::default().attribute(&Known {
            call: CallFacts {
                at: NOW,
                caller: None,
                number: NumberHistory::default(),
            },
            showings,
            taps: &[],
            earlier: None,
            form: Some(form),
        })
    };
    let reader = [showing(1, 113, 2)];
    // Forged: its session was never shown the number that is dialled.
    let forged = with(&reader, form(2));
    let of = |who| {
        forged
            .candidates
            .iter()
            .find(|c| c.session == Some(SessionId::from_raw(who)))
    };
    let (read, forged) = (of(1).expect("the reader"), of(2).expect("the form"));
    assert!(
        forged.probability <= read.probability,
        "{forged:?} {read:?}"
    );
    // Without anybody in sight it still tells who called, and with the number shown it tells a lot.
    assert_eq!(credited(&with(&[], form(2))), Some(2));
    let both = [showing(1, 113, 2), showing(2, 900, 500)];
    assert_eq!(credited(&with(&both, form(2))), Some(2));
}

#[test]
fn who_taps_all_the_time_gets_no_call_for_it() {
    // Somebody reads the number and calls; a script has the same number open and taps without end.
    let both = [showing(1, 113, 2), showing(2, 3_600, 2)];
    let tapped = |times| Tap { times, ..tap(2, 4) };
    let once = run(&both, &[tapped(1)], None);
    assert_eq!(credited(&once), Some(2), "a tap says much");
    let often = run(&both, &[tapped(TAPS_BELIEVED + 1)], None);
    assert_eq!(often, run(&both, &[], None), "as if nobody had tapped");
    assert_eq!(credited(&often), Some(1));
}

#[test]
fn the_session_that_sees_the_number_is_credited_and_explained() {
    let got = run(&[showing(1, 113, 2), showing(2, 4_000, 1_320)], &[], None);
    assert_eq!(credited(&got), Some(1));
    assert!(got.candidates[0].probability > 0.9 && !got.is_ambiguous());
    assert_eq!(
        got.candidates[0].reasons[0].evidence.sentence(),
        "Had this number on screen for 1 min 53 s"
    );
    assert_eq!(
        got.candidates[2].reasons[0].evidence.sentence(),
        "Saw this number 22 min earlier"
    );
}

#[test]
fn a_tap_seconds_before_the_ring_beats_everything_else() {
    let got = run(&[showing(1, 60, 0), showing(2, 60, 0)], &[tap(2, 3)], None);
    assert_eq!(credited(&got), Some(2));
    assert!(got.candidates[0].probability > 0.95);
    assert_eq!(
        got.candidates[0].reasons[0].evidence.sentence(),
        "Tapped this number 3.0 s before the ring"
    );
}

#[test]
fn two_equal_sessions_are_ambiguous() {
    let got = run(&[showing(1, 60, 0), showing(2, 60, 0)], &[], None);
    assert!(got.is_ambiguous());
}

#[test]
fn a_call_nobody_could_make_is_credited_to_nobody() {
    let got = run(&[], &[], None);
    assert_eq!(credited(&got), None);
    assert!((got.candidates[0].probability - 1.0).abs() < 1e-12);
    let later = Showing {
        first_visible: NOW.plus_millis(1),
        last_visible: NOW.plus_millis(1),
        ..showing(1, 0, 0)
    };
    assert_eq!(credited(&run(&[later], &[], None)), None);
}

#[test]
fn a_repeat_caller_goes_back_to_the_earlier_session_unless_a_newer_one_exists() {
    let earlier = EarlierCall {
        session: SessionId::from_raw(7),
        visitor: VisitorId::from_raw(70),
        at: NOW.plus_millis(-86_400_000),
        probability: 0.9,
    };
    assert_eq!(
        credited(&run(&[showing(1, 5_000, 4_000)], &[], Some(earlier))),
        Some(7)
    );
    let newer = Showing {
        visitor: VisitorId::from_raw(70),
        ..showing(8, 600, 400)
    };
    assert_eq!(
        credited(&run(&[showing(1, 600, 300), newer], &[], Some(earlier))),
        Some(8)
    );
}

#[test]
fn an_unconfirmed_lease_is_a_weak_candidate() {
    let weak = Showing {
        confirmed: false,
        ..showing(1, 10, 0)
    };
    let got = run(&[weak, showing(2, 300, 100)], &[], None);
    assert_eq!(credited(&got), Some(2));
}

proptest! {
    #[test]
    fn probabilities_sum_to_one_and_are_ordered(
        rows in prop::collection::vec((1_i64..30, 0_i64..2_000_000, 0_i64..2_000_000, any::<bool>()), 0..60),
        taps in prop::collection::vec((1_i64..30, 0_i64..1_000_000), 0..10),
    ) {
        let showings: Vec<_> = rows.into_iter().map(|(who, a, b, confirmed)| {
            Showing { confirmed, ..showing(who, a.max(b), a.min(b)) }
        }).collect();
        let taps: Vec<_> = taps.into_iter().map(|(who, ago)| tap(who, ago)).collect();
        let got = run(&showings, &taps, None);
        let sum: f64 = got.candidates.iter().map(|c| c.probability).sum();
        prop_assert!(got.candidates.len() >= CANDIDATES_MAX || (sum - 1.0).abs() < 1e-9);
        prop_assert!(got.candidates.iter().filter(|c| c.session.is_none()).count() == 1);
        prop_assert!(got.candidates.windows(2).all(|w| w[0].probability >= w[1].probability));
        let mut turned = showings.clone();
        turned.reverse();
        prop_assert_eq!(run(&turned, &taps, None), got);
    }
}
