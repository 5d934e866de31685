//! The admission limits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::admission::{Busy, Gate};

#[test]
fn a_repetition_of_an_admitted_invite_is_never_refused() {
    let start = Instant::now();
    let gate = Gate::new(10, 2, start);
    assert_eq!(gate.admit(1, start), Ok(()));
    assert_eq!(gate.admit(2, start), Ok(()));
    assert_eq!(gate.admit(3, start), Err(Busy::Overload));
    for later_s in [0, 1, 20, 31] {
        assert_eq!(gate.admit(1, start + Duration::from_secs(later_s)), Ok(()));
    }
    gate.drain();
    assert_eq!(gate.admit(1, start), Ok(()));
    assert_eq!(
        gate.admit(9, start + Duration::from_secs(5)),
        Err(Busy::Draining)
    );
}

#[test]
fn a_repetition_of_a_refused_invite_makes_no_call_that_its_sender_has_given_up() {
    let start = Instant::now();
    let gate = Gate::new(10, 1, start);
    assert_eq!(gate.admit(1, start), Ok(()));
    assert_eq!(gate.admit(2, start), Err(Busy::Overload));
    let later = start + Duration::from_secs(4);
    assert_eq!(gate.admit(2, later), Err(Busy::Overload));
    assert_eq!(gate.admit(3, later), Ok(()), "a new attempt");
}

#[test]
fn the_rate_is_kept_over_time() {
    let start = Instant::now();
    let gate = Gate::new(1_000_000, 100, start);
    let admitted = (0..10_000u64)
        .filter(|n| gate.admit(*n, start + Duration::from_millis(*n)).is_ok())
        .count();
    // Ten seconds at a hundred a second, and the burst at the start.
    assert!((1090..=1110).contains(&admitted), "{admitted}");
}

#[test]
fn an_ended_call_makes_room_for_another() {
    let gate = Arc::new(Gate::new(1, 100, Instant::now()));
    let place = gate.enter().expect("a place");
    assert!(gate.enter().is_none());
    assert_eq!(gate.admit(1, Instant::now()), Err(Busy::Overload));
    drop(place);
    assert_eq!(gate.calls(), 0);
    assert!(gate.enter().is_some());
}

#[test]
fn a_station_that_stays_late_takes_no_new_call_until_it_is_in_time_again() {
    let (start, late) = (Instant::now(), Duration::from_millis(1_100));
    let gate = Gate::new(10, 100, start);
    assert_eq!(gate.admit(1, start), Ok(()));
    // Once may be the system's doing.
    gate.look(late);
    gate.look(late);
    assert_eq!(gate.admit(2, start), Ok(()));
    gate.look(late);
    assert_eq!(gate.admit(3, start), Err(Busy::Overload));
    assert_eq!(gate.admit(1, start), Ok(()), "a repetition");
    gate.look(Duration::from_millis(20));
    assert_eq!(gate.admit(4, start), Ok(()));
    gate.look(late);
    assert_eq!(gate.admit(5, start), Ok(()));
}
