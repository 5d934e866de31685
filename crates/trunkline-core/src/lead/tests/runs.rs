//! The way of a lead, step by step.

use super::*;
use crate::base::{Currency, Money};

fn contract(n: i64) -> ContractId {
    ContractId::from_raw(n)
}

fn company(n: i64) -> BuyerId {
    BuyerId::from_raw(n)
}

fn sending(n: i64) -> Event {
    Event::Sending {
        contract: contract(n),
        company: company(n),
    }
}

fn after(seconds: i64) -> Timestamp {
    NOW.plus_millis(seconds * 1_000)
}

/// Walks a run from event to event, each so many seconds after [`NOW`].
fn walk(run: Run, rules: &SaleRules, events: Vec<(i64, Event)>) -> Run {
    events.into_iter().fold(run, |run, (seconds, event)| {
        let told = format!("{event:?} at {seconds} s");
        step(&run, event, rules, after(seconds)).unwrap_or_else(|why| panic!("{told}: {why}"))
    })
}

fn refused(run: &Run, rules: &SaleRules, seconds: i64, event: Event) -> StepRefusal {
    step(run, event, rules, after(seconds)).expect_err("a refusal")
}

fn feed() -> FeedId {
    FeedId::from_raw(7)
}

fn pinged() -> Run {
    let lead = ping(&[("zip", "75201"), ("age", "42"), ("phone", "2145550100")]);
    let same = fingerprint(feed(), &lead, sha256);
    Run::pinged(lead, same, NOW)
}

fn bid(valid_ms: i64) -> Event {
    Event::Bid {
        quoted: Money::parse("12.50", Currency::USD).ok(),
        valid_ms,
    }
}

fn whole() -> Lead {
    post(&[
        ("zip", "75201"),
        ("age", "42"),
        ("phone", "2145550100"),
        ("fname", "Ann"),
    ])
}

fn posted(lead: Lead) -> Event {
    Event::Posted(Box::new(lead))
}

/// A lead that is offered to so many buyers.
fn selling(legs_max: u8) -> Run {
    let events = vec![(0, Event::Validating), (0, Event::Selling { legs_max })];
    walk(Run::posted(whole(), NOW), &SaleRules::default(), events)
}

#[test]
fn a_ping_is_posted_and_sold() {
    let rules = SaleRules::default();
    let run = walk(
        pinged(),
        &rules,
        vec![
            (0, bid(60_000)),
            (59, posted(whole())),
            (59, Event::Validating),
            (59, Event::Selling { legs_max: 1 }),
            (59, sending(1)),
            (60, Event::Took(contract(1))),
        ],
    );
    assert_eq!(
        (run.state, run.accepted(), run.pending),
        (RunState::Sold, 1, false)
    );
    // The same post again gets the same answer, also when the ping is long over.
    assert_eq!(step(&run, posted(whole()), &rules, after(9_999)), Ok(run));
}

#[test]
fn the_same_ping_gets_the_same_offer_while_it_is_valid() {
    let rules = SaleRules::default();
    let run = walk(pinged(), &rules, vec![(0, bid(60_000))]);
    let lead = ping(&[
        ("AGE", "42.0"),
        ("Phone", "+1 214 555 0100"),
        ("Zip", "75201"),
    ]);
    let same = fingerprint(feed(), &lead, sha256);
    let offer = run.same_offer(&same, after(59)).expect("the same offer");
    assert_eq!(offer.expires_at, after(60));
    assert_eq!(run.same_offer(&same, after(60)), None);
    for other in [
        fingerprint(FeedId::from_raw(8), &lead, sha256),
        fingerprint(feed(), &ping(&[("zip", "75201"), ("age", "43")]), sha256),
        fingerprint(feed(), &ping(&[("zip", "75201"), ("age", "42")]), sha256),
    ] {
        assert_eq!(run.same_offer(&other, after(1)), None);
    }
    let run = walk(run, &rules, vec![(1, posted(whole()))]);
    assert_eq!(run.same_offer(&same, after(2)), None, "it was used");
}

#[test]
fn an_offer_is_valid_within_the_bounds_and_not_behind_them() {
    let rules = SaleRules::default();
    for (asked_ms, valid_s) in [(0, 10), (60_000, 60), (i64::MAX, 600)] {
        let run = walk(pinged(), &rules, vec![(0, bid(asked_ms))]);
        assert!(step(&run, posted(whole()), &rules, after(valid_s - 1)).is_ok());
        let late = refused(&run, &rules, valid_s, posted(whole()));
        assert_eq!(late, StepRefusal::Expired(after(valid_s)));
        assert_eq!(late.code(), Some(RefusalCode::Expired));
    }
}

#[test]
fn a_post_that_differs_from_its_ping_is_refused_with_the_field() {
    let rules = SaleRules::default();
    let run = walk(pinged(), &rules, vec![(0, bid(60_000))]);
    for (form, field) in [
        (
            [("zip", "75202"), ("age", "42"), ("phone", "2145550100")],
            "zip",
        ),
        (
            [("zip", "75201"), ("age", "43"), ("phone", "2145550100")],
            "age",
        ),
        (
            [("zip", "75201"), ("age", ""), ("phone", "2145550100")],
            "age",
        ),
        (
            [("zip", "75201"), ("age", "42"), ("phone", "2145550101")],
            "phone_sha256",
        ),
    ] {
        let why = refused(&run, &rules, 1, posted(post(&form)));
        assert_eq!(why.code(), Some(RefusalCode::PingMismatch));
        assert_eq!(
            why,
            StepRefusal::Changed {
                field: field.to_owned()
            }
        );
    }
    let run = walk(run, &rules, vec![(1, posted(whole()))]);
    let other = post(&[
        ("zip", "75201"),
        ("age", "42"),
        ("phone", "2145550100"),
        ("fname", "Bob"),
    ]);
    let why = refused(&run, &rules, 2, posted(other));
    assert_eq!(
        why,
        StepRefusal::Changed {
            field: "first_name".to_owned()
        }
    );
    let other = post(&[("zip", "75201"), ("age", "42"), ("phone", "2145550100")]);
    assert!(matches!(
        refused(&run, &rules, 2, posted(other)),
        StepRefusal::Changed { .. }
    ));
}

#[test]
fn nothing_is_posted_to_a_ping_that_nobody_bid_on() {
    let rules = SaleRules::default();
    let run = walk(pinged(), &rules, vec![(0, Event::NoBid)]);
    let why = refused(&run, &rules, 1, posted(whole()));
    assert_eq!(
        (why.code(), why),
        (None, StepRefusal::NotNow(RunState::PingRejected))
    );
    assert_eq!(
        refused(&pinged(), &rules, 1, posted(whole())),
        StepRefusal::NotNow(RunState::PingReceived)
    );
}

#[test]
fn a_buyer_who_did_not_answer_holds_the_lead_until_the_window_is_over() {
    let rules = SaleRules::default();
    let run = walk(
        selling(1),
        &rules,
        vec![
            (0, sending(1)),
            (10, Event::NoAnswer(contract(1))),
            (11, Event::NoAnswer(contract(1))),
        ],
    );
    let until = after(40);
    assert_eq!(
        refused(&run, &rules, 39, sending(2)),
        StepRefusal::StillUnknown(until)
    );
    assert_eq!(
        refused(&run, &rules, 39, Event::NobodyLeft),
        StepRefusal::StillUnknown(until)
    );
    // They took it after all: nobody else gets it.
    let late = walk(run.clone(), &rules, vec![(39, Event::Took(contract(1)))]);
    assert_eq!((late.state, late.accepted()), (RunState::Sold, 1));
    // They never had it: the next may be asked at once.
    let free = walk(
        run.clone(),
        &rules,
        vec![(12, Event::Declined(contract(1))), (12, sending(2))],
    );
    assert_eq!(free.legs.len(), 2);
    // Nobody ever says: it is sold to the next, and who says too late that they took it does not have it.
    let sold = walk(
        run,
        &rules,
        vec![(40, sending(2)), (41, Event::Took(contract(2)))],
    );
    assert_eq!(
        refused(&sold, &rules, 50, Event::Took(contract(1))),
        StepRefusal::SoldElsewhere(contract(1))
    );
    assert_eq!(sold.accepted(), 1);
}

#[test]
fn a_lead_is_shared_among_companies_up_to_its_most() {
    let rules = SaleRules::default();
    let run = walk(
        selling(2),
        &rules,
        vec![(0, sending(1)), (0, Event::Took(contract(1)))],
    );
    assert_eq!(run.state, RunState::Selling);
    let same = Event::Sending {
        contract: contract(9),
        company: company(1),
    };
    assert_eq!(
        refused(&run, &rules, 1, same),
        StepRefusal::SameCompany(company(1))
    );
    assert_eq!(
        refused(&run, &rules, 1, sending(1)),
        StepRefusal::SentAlready(contract(1))
    );
    let one = walk(run.clone(), &rules, vec![(1, Event::NobodyLeft)]);
    assert_eq!((one.state, one.accepted()), (RunState::Sold, 1));
    let two = walk(run, &rules, vec![(1, sending(2))]);
    assert_eq!(refused(&two, &rules, 1, sending(3)), StepRefusal::Full(2));
    assert_eq!(
        refused(&two, &rules, 1, Event::NobodyLeft),
        StepRefusal::StillSending
    );
    let two = walk(two, &rules, vec![(2, Event::Took(contract(2)))]);
    assert_eq!((two.state, two.accepted()), (RunState::Sold, 2));
}

#[test]
fn an_answer_that_was_given_is_not_taken_back_and_may_come_again() {
    let rules = SaleRules::default();
    let both = vec![
        (0, sending(1)),
        (0, Event::Declined(contract(1))),
        (0, sending(2)),
        (0, Event::Took(contract(2))),
    ];
    let run = walk(selling(1), &rules, both);
    for event in [Event::Declined(contract(1)), Event::Took(contract(2))] {
        assert_eq!(step(&run, event, &rules, after(1)), Ok(run.clone()));
    }
    for (event, who) in [
        (Event::Took(contract(1)), 1),
        (Event::NoAnswer(contract(1)), 1),
        (Event::Declined(contract(2)), 2),
        (Event::NoAnswer(contract(2)), 2),
    ] {
        let why = refused(&run, &rules, 1, event);
        assert_eq!(why, StepRefusal::AnsweredBefore(contract(who)));
    }
    let why = refused(&run, &rules, 1, Event::Took(contract(5)));
    assert_eq!(why, StepRefusal::NeverSent(contract(5)));
}

#[test]
fn a_publisher_who_waited_long_enough_is_told_to_ask_again() {
    let rules = SaleRules::default();
    let run = walk(selling(1), &rules, vec![(0, sending(1)), (14, Event::Tick)]);
    assert!(!run.pending);
    let run = walk(run, &rules, vec![(15, Event::Tick)]);
    assert!(run.pending);
    let run = walk(
        run,
        &rules,
        vec![(16, Event::Took(contract(1))), (17, Event::Tick)],
    );
    assert_eq!(run.state, RunState::Sold);
    let quick = walk(
        selling(1),
        &rules,
        vec![
            (0, sending(1)),
            (1, Event::Took(contract(1))),
            (99, Event::Tick),
        ],
    );
    assert!(!quick.pending);
}

#[test]
fn what_nobody_took_waits_and_is_offered_again_until_it_is_too_old() {
    let queue: QueueRules = read(r#"{"keep_h": 2, "every_min": 45, "tries_max": 2}"#);
    assert_eq!(messages(&queue.problems()), [""; 0]);
    let rules = SaleRules {
        queue: Some(queue),
        ..SaleRules::default()
    };
    let minutes = |n: i64| n * 60;
    let refuse = |at: i64, n| {
        vec![
            (at, sending(n)),
            (at, Event::Declined(contract(n))),
            (at, Event::NobodyLeft),
        ]
    };
    let run = walk(selling(1), &rules, refuse(0, 1));
    assert_eq!(run.state, RunState::Queued);
    let early = refused(&run, &rules, minutes(44), Event::Again);
    assert_eq!(early, StepRefusal::TooEarly(after(minutes(45))));
    let run = walk(run, &rules, vec![(minutes(45), Event::Again)]);
    // Who refused it in an earlier round may be asked again, once in each.
    let run = walk(
        run,
        &rules,
        vec![
            (minutes(45), sending(1)),
            (minutes(45), Event::Declined(contract(1))),
        ],
    );
    assert_eq!(
        refused(&run, &rules, minutes(45), sending(1)),
        StepRefusal::SentAlready(contract(1))
    );
    let run = walk(run, &rules, vec![(minutes(46), Event::NobodyLeft)]);
    assert_eq!(run.state, RunState::Queued);
    // The second time it is offered a third time only if that is within two hours of its post.
    let last = walk(
        run.clone(),
        &rules,
        vec![
            (minutes(91), Event::Again),
            (minutes(91), Event::NobodyLeft),
        ],
    );
    assert_eq!(last.state, RunState::Unsold);
    let forgotten = walk(run.clone(), &rules, vec![(minutes(121), Event::Tick)]);
    assert_eq!(forgotten.state, RunState::Unsold);
    let late = walk(run, &rules, vec![(minutes(121), Event::Again)]);
    assert_eq!(late.state, RunState::Unsold);
    // Without rules nothing waits.
    let run = walk(selling(1), &SaleRules::default(), refuse(0, 1));
    assert_eq!(run.state, RunState::Unsold);
    for wrong in [
        r#"{"keep_h": 0, "every_min": 45, "tries_max": 2}"#,
        r#"{"keep_h": 1, "every_min": 61, "tries_max": 2}"#,
        r#"{"keep_h": 1, "every_min": 30, "tries_max": 0}"#,
    ] {
        assert!(!read::<QueueRules>(wrong).problems().is_empty(), "{wrong}");
    }
}

#[test]
fn buyers_give_it_back_one_by_one() {
    let rules = SaleRules::default();
    let both = vec![
        (0, sending(1)),
        (0, sending(2)),
        (0, Event::Took(contract(1))),
        (0, Event::Took(contract(2))),
    ];
    let run = walk(selling(2), &rules, both);
    assert_eq!(run.returned_by_all(), None);
    let run = walk(run, &rules, vec![(9, Event::Returned(contract(1)))]);
    assert_eq!(
        (run.state, run.returned_by_all()),
        (RunState::Returned, Some(false))
    );
    assert_eq!(
        step(&run, Event::Returned(contract(1)), &rules, after(10)),
        Ok(run.clone())
    );
    let run = walk(run, &rules, vec![(9, Event::Returned(contract(2)))]);
    assert_eq!(run.returned_by_all(), Some(true));
    assert_eq!(
        refused(&selling(1), &rules, 1, Event::Returned(contract(1))),
        StepRefusal::NotNow(RunState::Selling)
    );
}

#[test]
fn what_is_refused_goes_nowhere() {
    let rules = SaleRules::default();
    let run = walk(
        Run::posted(whole(), NOW),
        &rules,
        vec![(0, Event::Validating), (0, Event::Refused)],
    );
    for event in [
        Event::Validating,
        Event::Selling { legs_max: 1 },
        sending(1),
        Event::Again,
        Event::NobodyLeft,
    ] {
        let why = refused(&run, &rules, 1, event);
        assert_eq!(why, StepRefusal::NotNow(RunState::Rejected));
    }
}
