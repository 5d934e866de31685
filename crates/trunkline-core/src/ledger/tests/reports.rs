//! What buyers report afterwards: set or added, once for each name, inside the window.

use super::*;

const DAY_MS: i64 = 86_400_000;

fn external(text: &str) -> ExternalId {
    ExternalId::read(text).expect("a name")
}

fn report<'a>(price: &'a PriceBook, name: &str, amount: &str, mode: ReportMode) -> Report<'a> {
    Report {
        subject: Subject::Call(CALL),
        offered_at: OFFERED,
        occurred_at: ENDED,
        buyer: buyer(1, price),
        connected_ms: Some(100_000),
        publisher_ms: Some(100_000),
        external: external(name),
        amount: usd(amount),
        mode,
    }
}

fn reported() -> PriceBook {
    price(60, r#"{"reported": {"most": 500}}"#)
}

fn counted(n: u32, name: &str) -> Reported {
    Reported {
        buyer: buyer_id(1),
        external: external(name),
        n,
    }
}

#[test]
fn reports_are_set_or_added_and_the_publisher_follows() {
    use ReportMode::{Add, Set};
    let pays = reported();
    let gets = price(60, r#"{"percent_of_other": 40}"#);
    let terms = terms(by_rule(&gets));
    let legs = [leg(1, &pays, Some(100_000))];
    let mut postings = first(&call(&legs), &terms).postings;
    assert_eq!(postings, [], "it is open until the buyer reports");
    let mut reports: Vec<Reported> = Vec::new();
    for (n, (amount, mode, owed, payout)) in (0_u32..).zip([
        ("100", Set, "100", "40"),
        ("50.01", Add, "150.01", "60"),
        ("80", Set, "80", "32"),
        ("80", Set, "80", "32"),
        ("600", Add, "500", "200"),
        ("0", Set, "0", "0"),
    ]) {
        let name = format!("order-{n}");
        let event = Event::Reported(report(&pays, &name, amount, mode));
        let came = booked(&event, &terms, &past(&postings, &reports));
        postings.extend(came.postings);
        reports.push(counted(n, &name));
        let case = format!("{} {amount}", mode.word());
        assert_eq!(owes(&postings, 1), usd(owed), "{case}");
        assert_eq!(earned(&postings), usd(payout), "{case}");
        // The same name is the same report, whatever it says now.
        let again = Event::Reported(report(&pays, &name, "499", Set));
        let again = post(&again, &terms, &past(&postings, &reports), BOOKED);
        let key = Cause::Conversion(Subject::Call(CALL)).key(n);
        assert_eq!(again, Ok(Answer::Already(key)), "{case}");
    }
    assert!(postings.iter().all(|p| p.occurred_at() == ENDED));
}

#[test]
fn a_report_counts_to_the_last_millisecond_of_the_window_and_on_its_own_day() {
    let pays = reported();
    let event = Event::Reported(report(&pays, "a", "10", ReportMode::Set));
    let at = |late_ms| {
        let now = ENDED.plus_millis(30 * DAY_MS + late_ms);
        post(&event, &terms(None), &History::default(), now).expect("an answer")
    };
    let Answer::Booked(came) = at(0) else {
        panic!("{:?}", at(0));
    };
    assert_eq!(came.postings[0].occurred_at(), ENDED);
    assert_eq!(came.postings[0].booked_at(), ENDED.plus_millis(30 * DAY_MS));
    let late = NotCounted::TooLate { by_ms: 1 };
    assert_eq!(at(1), Answer::NotCounted(late));
}

#[test]
fn what_was_not_asked_for_or_makes_no_sense_is_not_counted() {
    let pays = reported();
    let agreed = fixed(60, "45");
    let answer = |report: Report<'_>| {
        let event = Event::Reported(report);
        post(&event, &terms(None), &History::default(), BOOKED).expect("an answer")
    };
    let bad = answer(report(&pays, "a", "-1", ReportMode::Set));
    assert_eq!(bad, Answer::NotCounted(NotCounted::BadAmount(usd("-1"))));
    let fixed = answer(report(&agreed, "a", "100", ReportMode::Set));
    let side = Side::Amount {
        rule: Some(0),
        asked: usd("45"),
        amount: usd("45"),
    };
    assert_eq!(fixed, Answer::NotCounted(NotCounted::NotAsked(side)));
    let short = answer(Report {
        connected_ms: Some(59_999),
        ..report(&pays, "a", "100", ReportMode::Set)
    });
    let side = Side::TooShort {
        connected_ms: 59_999,
        needed_ms: 60_000,
    };
    assert_eq!(short, Answer::NotCounted(NotCounted::NotAsked(side)));
}

#[test]
fn names_of_reports_are_bounded() {
    for (text, reads) in [
        ("", false),
        ("order 12/é", true),
        ("a\nb", false),
        (&"x".repeat(EXTERNAL_ID_MAX), true),
        (&"x".repeat(EXTERNAL_ID_MAX + 1), false),
    ] {
        assert_eq!(ExternalId::read(text).is_some(), reads, "{text}");
    }
}

#[test]
fn a_report_on_one_leg_leaves_the_publishers_clock_where_the_call_left_it() {
    let pays = reported();
    let agreed = fixed(60, "45");
    let tiers = r#"{"tiered": [{"from_s": 60, "amount": 10}, {"from_s": 120, "amount": 25}]}"#;
    let gets = price(0, tiers);
    let terms = terms(by_rule(&gets));
    let legs = [leg(1, &pays, Some(70_000)), leg(2, &agreed, Some(130_000))];
    let came = first(&call(&legs), &terms);
    assert_eq!(earned(&came.postings), usd("25"));
    let event = Event::Reported(Report {
        connected_ms: Some(70_000),
        publisher_ms: came.publisher_ms,
        ..report(&pays, "a", "100", ReportMode::Set)
    });
    let more = booked(&event, &terms, &past(&came.postings, &[]));
    assert_eq!(keys(&more.postings), ["conversion:call_0000000000007:0"]);
}
