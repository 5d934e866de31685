//! The breaker of an endpoint: one that fails again and again, or is too slow for most, is left alone for a while, then
//! tried once.
//!
//! Closed until five failures come one after the other, or more than half of at least twenty requests of the last minute
//! were too late; then open for thirty seconds; then one request is let through, and what comes of it decides.

use crate::base::{Timestamp, words};

/// Failures one after the other that open it. A time-out is one.
pub const FAILURES_MAX: u8 = 5;
/// The time over which time-outs are counted, in milliseconds.
const WINDOW_MS: i64 = 60_000;
/// How many requests there must be before a share of them says anything.
const COUNT_MIN: u32 = 20;
/// How long it stays open, in milliseconds.
pub const REST_MS: i64 = 30_000;
/// After which a probe whose end nobody told is forgotten, in milliseconds.
const PROBE_MS: i64 = 60_000;
/// Parts of the window.
const SLICES: usize = 12;
const SLICE_MS: i64 = WINDOW_MS / SLICES as i64;

words! {
    /// How a breaker stands.
    BreakerState {
        /// Requests go through.
        Closed = "closed",
        /// None does.
        Open = "open",
        /// One is tried.
        HalfOpen = "half_open",
    }
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// It was answered, with whatever: the endpoint is there.
    Answered,
    /// It was not answered, or with a failure of the server.
    Failed,
    /// It was not answered in time.
    TimedOut,
}

/// What may be done. [`Breaker::tell`] takes it back with what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// A result of before a change says nothing about after it.
    turn: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open { until: Timestamp },
    HalfOpen { since: Timestamp },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Slice {
    /// Which slice of time it is.
    number: i64,
    asked: u32,
    timed_out: u32,
}

/// The breaker of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    state: State,
    turn: u32,
    failures: u8,
    slices: [Slice; SLICES],
}

/// What a page shows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerView {
    /// How it stands.
    pub state: BreakerState,
    /// Until when it rests.
    pub until: Option<Timestamp>,
    /// Failures one after the other.
    pub failures: u8,
    /// Requests of the last minute.
    pub asked: u32,
    /// Those of them that were too late.
    pub timed_out: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new()
    }
}

impl Breaker {
    /// A closed one.
    #[must_use]
    pub const fn new() -> Self {
        const NONE: Slice = Slice {
            number: i64::MIN,
            asked: 0,
            timed_out: 0,
        };
        Self {
            state: State::Closed,
            turn: 0,
            failures: 0,
            slices: [NONE; SLICES],
        }
    }

    /// Whether a request may be sent now; `Err` says until when not.
    ///
    /// # Errors
    /// While it rests, and while a probe is on its way.
    pub fn admit(&mut self, now: Timestamp) -> Result<Ticket, Timestamp> {
        match self.state {
            State::Closed => {}
            State::Open { until } if now < until => return Err(until),
            State::HalfOpen { since } if now < since.plus_millis(PROBE_MS) => {
                return Err(since.plus_millis(PROBE_MS));
            }
            State::Open { .. } | State::HalfOpen { .. } => {
                self.turn(State::HalfOpen { since: now });
            }
        }
        Ok(Ticket { turn: self.turn })
    }

    /// What came of a request that was admitted.
    pub fn tell(&mut self, ticket: Ticket, happened: Happened, now: Timestamp) {
        if ticket.turn != self.turn {
            return;
        }
        let good = happened == Happened::Answered;
        if matches!(self.state, State::HalfOpen { .. }) {
            self.failures = 0;
            self.slices = Self::new().slices;
            self.turn(if good {
                State::Closed
            } else {
                State::Open {
                    until: now.plus_millis(REST_MS),
                }
            });
            return;
        }
        self.count(happened, now);
        self.failures = if good {
            0
        } else {
            self.failures.saturating_add(1)
        };
        let (asked, timed_out) = self.counted(now);
        let slow = asked >= COUNT_MIN && timed_out.saturating_mul(2) > asked;
        if self.failures >= FAILURES_MAX || slow {
            self.turn(State::Open {
                until: now.plus_millis(REST_MS),
            });
        }
    }

    /// A request that was admitted and never sent, for reasons of ours. A probe is given back.
    pub fn give_back(&mut self, ticket: Ticket, now: Timestamp) {
        if ticket.turn == self.turn && matches!(self.state, State::HalfOpen { .. }) {
            self.turn(State::Open { until: now });
        }
    }

    /// What a page shows.
    #[must_use]
    pub fn view(&self, now: Timestamp) -> BreakerView {
        let (state, until) = match self.state {
            State::Closed => (BreakerState::Closed, None),
            State::Open { until } if now < until => (BreakerState::Open, Some(until)),
            State::Open { .. } | State::HalfOpen { .. } => (BreakerState::HalfOpen, None),
        };
        let (asked, timed_out) = self.counted(now);
        BreakerView {
            state,
            until,
            failures: self.failures,
            asked,
            timed_out,
        }
    }

    fn turn(&mut self, state: State) {
        self.state = state;
        self.turn = self.turn.wrapping_add(1);
    }

    fn count(&mut self, happened: Happened, now: Timestamp) {
        let number = now.as_millis().div_euclid(SLICE_MS);
        let place = usize::try_from(number.rem_euclid(SLICES as i64)).unwrap_or(0);
        let slice = &mut self.slices[place];
        if slice.number != number {
            *slice = Slice {
                number,
                ..Slice::default()
            };
        }
        slice.asked = slice.asked.saturating_add(1);
        if happened == Happened::TimedOut {
            slice.timed_out = slice.timed_out.saturating_add(1);
        }
    }

    fn counted(&self, now: Timestamp) -> (u32, u32) {
        let last = now.as_millis().div_euclid(SLICE_MS);
        let first = last - SLICES as i64;
        let live = self.slices.iter();
        let live = live.filter(|slice| slice.number > first && slice.number <= last);
        live.fold((0, 0), |(asked, timed_out), slice| {
            (asked + slice.asked, timed_out + slice.timed_out)
        })
    }
}
