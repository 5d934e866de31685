//! What the model learns from labelled calls, and that it keeps what it says.

use super::*;
use crate::base::id::{SessionId, VisitorId};
use crate::base::{Area, PhoneNumber, Timestamp};
use crate::visitor::Device;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
/// +1 214: Dallas.
const DALLAS: u64 = 12_145_550_100;

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

fn known<'a>(showings: &'a [Showing], taps: &'a [Tap]) -> Known<'a> {
    Known {
        call: CallFacts {
            at: NOW,
            caller: Some(PhoneNumber::from_digits(DALLAS)),
            number: NumberHistory::default(),
        },
        showings,
        taps,
        earlier: None,
        form: None,
    }
}

fn confirmed(who: i64) -> Label {
    Label {
        session: Some(SessionId::from_raw(who)),
        kind: LabelKind::Confirmed,
    }
}

fn probability(credit: &Credit, who: i64) -> f64 {
    let found = credit
        .candidates
        .iter()
        .find(|c| c.session == Some(SessionId::from_raw(who)));
    found.map_or(0.0, |c| c.probability)
}

#[test]
fn a_site_whose_callers_wait_an_hour_teaches_that() {
    let watching = showing(1, 30, 2);
    let left = showing(2, 3_000, 2_400);
    let both = [watching, left];
    let new = Model::default().attribute(&known(&both, &[]));
    assert!(probability(&new, 1) > 0.9);
    let mut learner = Learner::new(Model::default(), AreaShares::default());
    for _ in 0..300 {
        learner.add(&known(&both, &[]), confirmed(2));
    }
    let model = learner.fit();
    assert_eq!(model.labels, 300);
    assert!(model.is_usable());
    assert!(probability(&model.attribute(&known(&both, &[])), 2) > 0.9);
}

#[test]
fn without_labels_the_model_is_that_of_a_new_site() {
    let fitted = Learner::new(Model::default(), AreaShares::default()).fit();
    assert_eq!(fitted, Model::default());
}

#[test]
fn where_the_tap_is_the_label_the_tap_teaches_nothing_about_itself_nor_about_readers() {
    let tapping = showing(1, 30, 4);
    let reading = showing(2, 4_000, 2_000);
    let both = [tapping, reading];
    let taps = [Tap {
        session: SessionId::from_raw(1),
        at: NOW.plus_millis(-4_000),
        times: 1,
        late: false,
    }];
    let label = Label {
        kind: LabelKind::Tap,
        ..confirmed(1)
    };
    let mut learner = Learner::new(Model::default(), AreaShares::default());
    for _ in 0..500 {
        learner.add(&known(&both, &taps), label);
    }
    let model = learner.fit();
    // Only "none of these" and the tappers' own delays were moved.
    let before = Model::default();
    assert_eq!(
        model.delay_curve(Device::Desktop),
        before.delay_curve(Device::Desktop)
    );
    let with_tap =
        |model: &Model| model.attribute(&known(&both, &taps)).candidates[0].reasons[0].weight;
    let none_moved = with_tap(&model) - with_tap(&before);
    assert!(none_moved.abs() < 4.0, "{none_moved}");
}

#[test]
fn the_area_decides_between_two_who_look_at_the_number() {
    let mut here = showing(1, 60, 0);
    here.area = Area::new("TX", "Dallas");
    let mut there = showing(2, 60, 0);
    there.area = Area::new("ME", "Portland");
    let both = [here, there];
    let credit = Model::default().attribute(&known(&both, &[]));
    assert!(probability(&credit, 1) > 0.8);
    let words = |who: usize| -> Vec<String> {
        let reasons = &credit.candidates[who].reasons;
        reasons.iter().map(|r| r.evidence.sentence()).collect()
    };
    assert!(words(0).contains(&"Is in Dallas, TX, where the caller's number is from".to_owned()));
    assert!(words(1).contains(&"Is elsewhere; the caller's number is from Dallas, TX".to_owned()));
}

#[test]
fn abroad_the_country_decides_between_two_who_look_at_the_number() {
    let country = |code: &str| code.parse().expect("a country");
    let mut here = showing(1, 60, 0);
    here.area = Some(Area::abroad(country("FR")));
    let mut there = showing(2, 60, 0);
    there.area = Some(Area::abroad(country("DE")));
    let mut far = showing(3, 60, 0);
    far.area = Area::new("TX", "Dallas");
    let all = [here, there, far];
    let mut facts = known(&all, &[]);
    facts.call.caller = Some(PhoneNumber::from_digits(33_142_685_300));
    let credit = Model::default().attribute(&facts);
    assert!(probability(&credit, 1) > 0.8, "{credit:?}");
    let words: Vec<String> = credit
        .candidates
        .iter()
        .flat_map(|c| &c.reasons)
        .map(|r| r.evidence.sentence())
        .collect();
    for told in [
        "Is in France, where the caller's number is from",
        "Is in Germany; the caller's number is from France",
        "Is in North America; the caller's number is from France",
    ] {
        assert!(words.contains(&told.to_owned()), "{told}: {words:?}");
    }
    for candidate in credit.candidates.iter().filter(|c| c.session.is_some()) {
        let sum: f64 = candidate.reasons.iter().map(|r| r.weight).sum();
        let odds = (candidate.probability / credit.nobody()).ln();
        assert!((sum - odds).abs() < 1e-5, "{sum} {odds}");
    }
}

#[test]
fn the_country_everybody_calls_from_says_nothing_and_speaks_against_nobody() {
    let france = Area::abroad("FR".parse().expect("a country"));
    let share = |area, callers: usize| {
        let mut one = showing(1, 400, 200);
        one.area = area;
        let all = [one];
        let mut facts = known(&all, &[]);
        let caller = PhoneNumber::from_digits(33_142_685_300);
        facts.call.caller = Some(caller);
        let areas = Learner::areas_of(std::iter::repeat_n(caller, callers));
        let model = Learner::new(Model::default(), areas).fit();
        probability(&model.attribute(&facts), 1)
    };
    let (known, unknown) = (share(Some(france), 5_000), share(None, 5_000));
    assert!((known - unknown).abs() < 0.03, "{known} {unknown}");
    // Of a new site it is not known whether its callers are of one country: the weight is held back.
    let (new, none) = (share(Some(france), 0), share(None, 0));
    assert!(new > none && new - none < 0.15, "{new} {none}");
}

#[test]
fn a_model_of_before_countries_is_used_on() {
    let now = Model::default();
    let mut before = now.clone();
    before
        .weights
        .truncate(super::signals::WEIGHTS_BEFORE_COUNTRIES);
    assert!(!before.is_usable());
    assert_eq!(before.with_countries(), now);
}

#[test]
fn a_rare_area_says_more_than_the_one_everybody_is_in() {
    let mut near = showing(1, 400, 300);
    near.area = Area::new("TX", "Dallas");
    let both = [near, showing(2, 200, 100)];
    let share = |digits: u64| {
        let callers = std::iter::repeat_n(PhoneNumber::from_digits(digits), 200);
        let areas = Learner::areas_of(callers);
        let model = Learner::new(Model::default(), areas).fit();
        probability(&model.attribute(&known(&both, &[])), 1)
    };
    assert!(share(12_075_550_100) > share(DALLAS) + 0.2);
}

#[test]
fn a_number_with_many_strays_makes_everybody_less_likely() {
    let one = [showing(1, 400, 200)];
    let mut facts = known(&one, &[]);
    let clean = probability(&Model::default().attribute(&facts), 1);
    facts.call.number = NumberHistory {
        calls: 100.0,
        stray: 80.0,
    };
    assert!(probability(&Model::default().attribute(&facts), 1) < clean / 2.0);
}

#[test]
fn the_weights_of_a_candidate_are_its_logarithmic_odds_against_nobody() {
    let mut here = showing(1, 60, 0);
    here.area = Area::new("TX", "");
    let both = [here, showing(2, 4_000, 3_000)];
    let credit = Model::default().attribute(&known(&both, &[]));
    for candidate in credit.candidates.iter().filter(|c| c.session.is_some()) {
        let sum: f64 = candidate.reasons.iter().map(|r| r.weight).sum();
        let odds = (candidate.probability / credit.nobody()).ln();
        assert!((sum - odds).abs() < 1e-5, "{sum} {odds}");
    }
}

#[test]
fn a_form_with_the_number_names_the_visitor() {
    let both = [showing(1, 600, 300), showing(2, 600, 300)];
    let mut facts = known(&both, &[]);
    facts.form = Some(Form {
        session: SessionId::from_raw(2),
        visitor: VisitorId::from_raw(20),
        at: NOW.plus_millis(-400_000),
    });
    assert!(probability(&Model::default().attribute(&facts), 2) > 0.9);
}

#[test]
fn calibration_mends_what_is_said_too_boldly() {
    // Said 95 %, right 70 %; said 60 %, right 50 %.
    let said = |p: f64, right: usize| (0..1_000).map(move |i| (p, i % 100 < right));
    let outcomes: Vec<_> = said(0.95, 70).chain(said(0.6, 50)).collect();
    let before = calibration_error(&reliability(&outcomes, 2));
    let calibration = Calibration::fitted(&outcomes);
    let mended: Vec<_> = outcomes
        .iter()
        .map(|(p, r)| (calibration.of(*p), *r))
        .collect();
    let after = calibration_error(&reliability(&mended, 2));
    assert!(before > 0.15 && after < 0.02, "{before} {after}");
}

#[test]
fn bins_have_equal_mass_and_lose_no_call() {
    let outcomes: Vec<_> = (0..103)
        .map(|i| (f64::from(i) / 103.0, i % 2 == 0))
        .collect();
    let curve = reliability(&outcomes, 15);
    assert_eq!(curve.iter().map(|b| b.calls).sum::<usize>(), 103);
    assert!(curve.iter().all(|b| (6..=7).contains(&b.calls)));
    assert!(reliability(&[], 15).is_empty());
}

#[test]
fn outcomes_of_one_probability_count_as_their_mean_in_whichever_bin() {
    let outcomes: Vec<_> = (0..100).map(|i| (0.3, i % 10 < 3)).collect();
    let curve = reliability(&outcomes, 10);
    assert!(curve.iter().all(|bin| (bin.right - 0.3).abs() < 1e-9));
    assert!(calibration_error(&curve) < 1e-9);
}

#[test]
fn a_page_to_get_in_touch_is_told_by_its_path() {
    let contact = [
        "https://a.example/contact",
        "/book-now?x=1",
        "https://a.example/de/kontakt.html",
    ];
    let other = [
        "https://contact.example/",
        "/rainbooks",
        "https://a.example/?q=contact",
        "",
    ];
    assert!(contact.iter().all(|p| PageKind::of(p) == PageKind::Contact));
    assert!(other.iter().all(|p| PageKind::of(p) == PageKind::Other));
}

#[test]
fn a_tap_labels_a_call_when_one_session_alone_tapped_seconds_before_it() {
    let tap = |who: i64, before_ms: i64| Tap {
        session: SessionId::from_raw(who),
        at: NOW.plus_millis(-before_ms),
        times: 1,
        late: false,
    };
    let of = |taps: &[Tap]| {
        tap_label(taps, NOW)
            .and_then(|l| l.session)
            .map(SessionId::raw)
    };
    assert_eq!(of(&[tap(1, 3_000)]), Some(1));
    assert_eq!(of(&[tap(1, 3_000), tap(1, 9_000)]), Some(1), "tapped twice");
    assert_eq!(of(&[tap(1, 3_000), tap(2, 9_000)]), None, "two people");
    assert_eq!(of(&[tap(1, 3_000), tap(2, 60_000)]), Some(1), "long before");
    assert_eq!(of(&[tap(1, TAP_LABEL_MS + 1)]), None);
    assert_eq!(of(&[tap(1, -1)]), None, "after the call");
    let often = |times| Tap {
        times,
        ..tap(1, 3_000)
    };
    assert_eq!(of(&[often(TAPS_BELIEVED)]), Some(1));
    assert_eq!(of(&[often(TAPS_BELIEVED + 1)]), None, "a script");
    let late = Tap {
        late: true,
        ..tap(1, 3_000)
    };
    assert_eq!(of(&[late]), None, "the time is the page's word");
    assert_eq!(of(&[tap(2, 9_000), late]), None, "two people");
    assert_eq!(of(&[]), None);
}

#[test]
fn what_is_said_without_taps_does_not_know_them() {
    let both = [showing(1, 30, 2), showing(2, 30, 2)];
    let tapped = [Tap {
        session: SessionId::from_raw(1),
        at: NOW.plus_millis(-4_000),
        times: 1,
        late: false,
    }];
    let model = Model::default();
    let (_, said) = model.without_taps(&known(&both, &tapped));
    assert!(said < 0.6, "two equal sessions: {said}");
    assert_eq!(
        model.without_taps(&known(&both, &tapped)),
        model.without_taps(&known(&both, &[])),
    );
}
