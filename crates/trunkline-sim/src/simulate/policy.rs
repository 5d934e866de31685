//! Three ways to give numbers out and to credit calls, and the replay of one history under each.

use std::collections::HashMap;

use trunkline_core::assignment::{Holder, Network, Pool, PoolNumber};
use trunkline_core::base::id::{LeaseId, NumberId, SessionId, VisitorId};
use trunkline_core::base::{PhoneNumber, Timestamp};

use super::analyst::Analyst;
use super::figures::{Outcome, Outcomes};
use super::history::{From, History, Moment};
use super::line::{Line, visit_of};

/// How numbers are given out and calls credited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// Trunkline's own pool and attribution.
    Ours,
    /// The number that was out of sight longest, always; the last who looked at it called.
    LastHolder,
    /// The same, and a caller who was credited before goes back to that visit, unless the visitor is the last
    /// who looked.
    KnownCaller,
    /// A number is locked for 30 minutes after it was visible; who comes when none is free sees a common
    /// number; the last who looked at the dialled number called.
    Lock,
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ours, Self::LastHolder, Self::KnownCaller, Self::Lock];
    /// What [`Self::Ours`] is judged against.
    pub const BASELINES: [Self; 2] = [Self::LastHolder, Self::Lock];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ours => "trunkline",
            Self::LastHolder => "longest idle, last holder",
            Self::KnownCaller => "… and known callers",
            Self::Lock => "30 min lock, overflow",
        }
    }
}

/// Who keeps the numbers.
enum Keeper {
    /// The server's own pool.
    Pool(Box<Pool>),
    /// Per number when it was last used, and by which visitor.
    Idle(Vec<(i64, i64)>),
}

/// A number in a visitor's page.
#[derive(Debug, Clone, Copy)]
struct Given {
    number: usize,
    lease: LeaseId,
    showing: usize,
}

struct Replay<'a> {
    history: &'a History,
    keeper: Keeper,
    lines: Vec<Line>,
    /// Per visit: the number on the page now, and the one a caller has in mind.
    now: Vec<Option<Given>>,
    in_mind: Vec<Option<usize>>,
    /// The number of each call in progress.
    dialled: Vec<Option<usize>>,
    leases: i64,
    /// Who called before, for the policy that remembers callers.
    callers: Option<HashMap<PhoneNumber, SessionId>>,
}

/// Lets a history pass under a policy with so many numbers. Calls before `from_day` are for learning only.
#[must_use]
pub fn replay(history: &History, policy: Policy, numbers: usize, from_day: i64) -> Outcomes {
    let pool = || {
        let number = |index: usize| PoolNumber {
            id: id(index),
            number: PhoneNumber::from_digits(13_122_000_000 + index as u64),
        };
        (0..numbers).map(number).collect()
    };
    let keeper = match policy {
        Policy::Ours => Keeper::Pool(Box::new(Pool::new(false, pool()))),
        Policy::Lock => Keeper::Pool(Box::new(Pool::new(true, pool()))),
        Policy::LastHolder | Policy::KnownCaller => Keeper::Idle(vec![(i64::MIN, 0); numbers]),
    };
    let mut replay = Replay {
        history,
        keeper,
        lines: (0..numbers).map(|_| Line::default()).collect(),
        now: vec![None; history.visits.len()],
        in_mind: vec![None; history.visits.len()],
        dialled: vec![None; history.calls.len()],
        leases: 0,
        callers: (policy == Policy::KnownCaller).then(HashMap::new),
    };
    let mut analyst = (policy == Policy::Ours).then(|| Analyst::new(numbers));
    let mut outcomes = Outcomes::new(numbers);
    for &(at, moment) in &history.moments {
        match moment {
            Moment::Load(visit) => replay.load(visit, at),
            Moment::Return(visit) => replay.comes_back(visit, at, policy),
            Moment::Seen(visit) => replay.seen(visit, at),
            Moment::Tap(visit) => {
                if let Some(given) = replay.now[visit] {
                    replay.lines[given.number].tapped(visit, at);
                }
            }
            Moment::Ring(call) => {
                let outcome = replay.ring(call, at, analyst.as_mut());
                outcomes.extend(outcome.filter(|_| at >= from_day * super::DAY_MS));
            }
            Moment::HangUp(call) => replay.hang_up(call, at),
        }
    }
    outcomes
}

fn id(index: usize) -> NumberId {
    NumberId::from_raw(index as i64 + 1)
}

impl Replay<'_> {
    fn load(&mut self, visit: usize, at: i64) {
        let visitor = self.history.visits[visit].visitor;
        self.leases += 1;
        let lease = LeaseId::from_raw(self.leases);
        let number = match &mut self.keeper {
            Keeper::Pool(pool) => {
                let now = Timestamp::from_millis(at);
                let visitor = VisitorId::from_raw(visitor);
                pool.pick(visitor, None, now).map(|pick| {
                    let holder = Holder {
                        lease,
                        session: super::line::session(visit),
                        visitor,
                        network: Network::UNKNOWN,
                        since: now,
                        confirmed_at: None,
                    };
                    pool.hold(&pick, holder);
                    pick.slot
                })
            }
            Keeper::Idle(numbers) => {
                let held = numbers.iter().position(|n| n.1 == visitor);
                let idle = || {
                    let by_use = numbers.iter().enumerate().min_by_key(|(_, n)| n.0);
                    by_use.map(|(index, _)| index)
                };
                let number = held.or_else(idle);
                if let Some(index) = number {
                    numbers[index] = (at, visitor);
                }
                number
            }
        };
        self.now[visit] = number.map(|number| Given {
            number,
            lease,
            showing: self.lines[number].handed(visit, &self.history.visits[visit], at),
        });
        if self.in_mind[visit].is_none() {
            self.in_mind[visit] = number;
        }
    }

    /// A tab that wakes: ours asks again whether the number is still the visitor's; the others show what
    /// they showed.
    fn comes_back(&mut self, visit: usize, at: i64, policy: Policy) {
        let stale = match (&self.keeper, self.now[visit]) {
            (Keeper::Pool(pool), Some(given)) if policy == Policy::Ours => {
                let slot = pool.slot(id(given.number));
                slot.is_none_or(|s| s.holder.is_none_or(|h| h.lease != given.lease))
            }
            _ => false,
        };
        if stale || (policy == Policy::Ours && self.now[visit].is_none()) {
            self.load(visit, at);
        }
    }

    fn seen(&mut self, visit: usize, at: i64) {
        let Some(given) = self.now[visit] else {
            return;
        };
        match &mut self.keeper {
            Keeper::Pool(pool) => {
                let now = Timestamp::from_millis(at);
                pool.seen(id(given.number), given.lease, true, now);
            }
            Keeper::Idle(numbers) => {
                let visitor = self.history.visits[visit].visitor;
                if numbers[given.number].1 == visitor {
                    numbers[given.number].0 = at;
                }
            }
        }
        self.lines[given.number].seen(given.showing, at);
    }

    fn ring(&mut self, call: usize, at: i64, analyst: Option<&mut Analyst>) -> Option<Outcome> {
        let facts = &self.history.calls[call];
        let truth = match facts.from {
            From::Visit(visit) => Some(visit),
            From::Stranger(_) => None,
        };
        let number = match facts.from {
            From::Visit(visit) => self.in_mind[visit],
            From::Stranger(slot) => Some(slot).filter(|s| *s < self.lines.len()),
        };
        let mut outcome = Outcome {
            truth,
            credited: None,
            probability: None,
            tapped: facts.tapped_at.is_some(),
            overflow: number.is_none(),
        };
        let Some(number) = number else {
            // A stranger's number that this pool does not have.
            return truth.map(|_| outcome);
        };
        self.dialled[call] = Some(number);
        if let Keeper::Pool(pool) = &mut self.keeper {
            pool.call_started(id(number));
        }
        let line = &self.lines[number];
        let credited: Option<SessionId> = match analyst {
            Some(analyst) => {
                let (session, probability) = analyst.credit(facts, number, line, at);
                outcome.probability = Some(probability);
                session
            }
            None => self.remembered(facts.caller, number),
        };
        outcome.credited = credited.map(visit_of);
        Some(outcome)
    }

    /// The last who looked at the number, or the visit the caller was credited to before.
    fn remembered(&mut self, caller: PhoneNumber, number: usize) -> Option<SessionId> {
        let last = self.lines[number].last_viewer();
        let Some(callers) = &mut self.callers else {
            return last;
        };
        let visitor = |session| self.history.visits[visit_of(session)].visitor;
        let before = callers.get(&caller).copied();
        let newer = last.filter(|l| before.is_some_and(|b| visitor(b) == visitor(*l)));
        let credited = newer.or(before).or(last);
        if let Some(credited) = credited {
            callers.insert(caller, credited);
        }
        credited
    }

    fn hang_up(&mut self, call: usize, at: i64) {
        if let (Some(number), Keeper::Pool(pool)) = (self.dialled[call], &mut self.keeper) {
            pool.call_ended(id(number), Timestamp::from_millis(at));
        }
    }
}
