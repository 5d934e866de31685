//! Returns: what may be asked for, what is granted, and what a person decides.

use super::*;

const HOUR_MS: i64 = 3_600_000;

fn rules() -> ReturnRules {
    read(r#"{"age_max_h": 96, "percent_max": 10, "granted": ["duplicate", "disconnected"]}"#)
}

#[test]
fn a_return_is_asked_for_in_time_and_within_the_share() {
    let used = |received, asked| ReturnUse { received, asked };
    let ask = |reason, proved, hours: i64, used| {
        let sold_at = NOW.plus_millis(-hours * HOUR_MS);
        rules().ask(reason, proved, sold_at, used, NOW)
    };
    let state = |asked: Result<Return, ReturnRefusal>| asked.map(|r| (r.state, r.percent));
    let wrong = ReturnReason::WrongNumber;
    assert_eq!(
        state(ask(wrong, false, 96, used(10, 0))),
        Ok((ReturnState::Requested, 0))
    );
    assert_eq!(
        state(ask(wrong, false, 97, used(10, 0))),
        Err(ReturnRefusal::TooLate {
            age_h: 97,
            most_h: 96
        })
    );
    assert_eq!(
        state(ask(wrong, false, 1, used(19, 1))),
        Err(ReturnRefusal::TooMany {
            asked: 1,
            received: 19,
            percent_max: 10
        })
    );
    assert_eq!(
        state(ask(wrong, false, 1, used(20, 1))),
        Ok((ReturnState::Requested, 0))
    );
    // What our own data proves is granted, and not counted against the buyer.
    let twice = ReturnReason::Duplicate;
    assert_eq!(
        state(ask(twice, true, 1, used(1, 1))),
        Ok((ReturnState::AutoApproved, 100))
    );
    assert_eq!(
        state(ask(twice, false, 1, used(10, 0))),
        Ok((ReturnState::Requested, 0))
    );
    assert_eq!(
        state(ask(wrong, true, 1, used(0, 0))),
        Ok((ReturnState::Requested, 0))
    );
    let asked = ask(wrong, false, 1, used(10, 0)).expect("a return");
    assert_eq!(asked.decide_by.millis_since(NOW), 48 * HOUR_MS);
}

#[test]
fn a_return_goes_its_way_and_no_other() {
    use ReturnEvent::{Approve, Close, Reject, Review};
    use ReturnState::{Approved, AutoApproved, Closed, InReview, Rejected, Requested};
    let half = Approve { percent: 50 };
    for (from, event, to) in [
        (Requested, Review, Some(InReview)),
        (InReview, Review, Some(InReview)),
        (Requested, half, Some(Approved)),
        (InReview, half, Some(Approved)),
        (Approved, half, None),
        (Rejected, half, None),
        (Closed, half, None),
        (AutoApproved, half, None),
        (InReview, Reject, Some(Rejected)),
        (Rejected, Reject, Some(Rejected)),
        (Approved, Reject, None),
        (AutoApproved, Reject, None),
        (Requested, Close, None),
        (InReview, Close, None),
        (Approved, Close, Some(Closed)),
        (AutoApproved, Close, Some(Closed)),
        (Rejected, Close, Some(Closed)),
        (Closed, Close, Some(Closed)),
        (Approved, Review, None),
        (Closed, Review, None),
    ] {
        let before = Return {
            state: from,
            reason: ReturnReason::Other,
            asked_at: NOW,
            decide_by: NOW,
            percent: 100,
        };
        let after = before.step(event).ok().map(|after| after.state);
        assert_eq!(after, to, "{from:?} {event:?}");
    }
    let asked = rules().ask(
        ReturnReason::Other,
        false,
        NOW,
        ReturnUse {
            received: 50,
            asked: 0,
        },
        NOW,
    );
    let asked = asked.expect("a return");
    for percent in [0, 101] {
        let refused = asked.step(Approve { percent });
        assert_eq!(refused, Err(ReturnRefusal::BadPercent(percent)));
    }
    let granted = asked
        .step(half)
        .and_then(|r| r.step(half))
        .expect("granted twice is granted");
    assert_eq!(granted.percent, 50);
}

#[test]
fn rules_that_mean_nothing_are_said() {
    assert_eq!(messages(&rules().problems()), [""; 0]);
    assert_eq!(messages(&ReturnRules::default().problems()), [""; 0]);
    let wrong: ReturnRules =
        read(r#"{"age_max_h": 0, "percent_max": 101, "granted": ["other"], "review_h": 10000}"#);
    assert_eq!(wrong.problems().len(), 4);
}
