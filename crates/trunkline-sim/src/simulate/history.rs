//! What happened: visits and calls over some weeks, drawn from a seed. Who calls when depends on the people
//! alone, never on the numbers they are shown, so every policy meets the same people.
//!
//! The truth of each call is in here and nowhere else; attribution sees only what a server sees.

use trunkline_core::attribution::PageKind;
use trunkline_core::base::{Area, PhoneNumber};
use trunkline_core::visitor::Device;

use super::people::{People, Person};
use super::shape::Shape;
use crate::chance::Chance;

pub(super) const MINUTE_MS: i64 = 60_000;
pub(super) const HOUR_MS: i64 = 60 * MINUTE_MS;
/// A day, in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// The time between heartbeats of a visible page.
const BEAT_MS: i64 = 20_000;
/// Length of a burst.
const BURST_MS: i64 = 10 * MINUTE_MS;
/// Longest visible time of a page.
const VISIBLE_MAX_MS: i64 = 3 * HOUR_MS;
/// Calls more than this after the visit are not made.
const LATER_MAX_MS: i64 = 20 * DAY_MS;
/// Share of last beacons that get lost.
const LAST_BEACON_LOST: f64 = 0.1;
/// Share of visitors on a telephone who tap and do not call.
const IDLE_TAPS: f64 = 0.02;
/// Most numbers that strangers know.
const STRAY_NUMBERS: usize = 400;
/// Median calls of strangers on a number in a day, and the spread of its logarithm: few numbers get most.
const STRAY_PER_DAY: (f64, f64) = (0.008, 1.4);

/// A visit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Visit {
    pub(super) at: i64,
    /// The cookie: the same for returns of a person who kept it.
    pub(super) visitor: i64,
    pub(super) device: Device,
    pub(super) area: Option<Area>,
    pub(super) page: PageKind,
    /// When the number is on the screen; `None`: never.
    pub(super) view: Option<(i64, i64)>,
    /// The last beacon got lost.
    pub(super) last_lost: bool,
    /// The tab is looked at once more.
    pub(super) second: Option<(i64, i64)>,
    /// Taps that no call follows.
    pub(super) idle_tap: Option<i64>,
}

/// A call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Call {
    pub(super) at: i64,
    pub(super) talk_ms: i64,
    pub(super) caller: PhoneNumber,
    /// Who: the visit it comes from, or the number a stranger dials.
    pub(super) from: From,
    /// When the link was tapped.
    pub(super) tapped_at: Option<i64>,
    /// The one who answers says who it was.
    pub(super) confirmed: bool,
}

/// Where a call comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Visit(usize),
    /// The place of the dialled number in the pool.
    Stranger(usize),
}

/// What happens at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Moment {
    HangUp(usize),
    /// The page loads.
    Load(usize),
    /// The tab is looked at again.
    Return(usize),
    /// The page says that the number is visible.
    Seen(usize),
    Tap(usize),
    Ring(usize),
}

/// Some weeks of a site.
pub struct History {
    pub(super) visits: Vec<Visit>,
    pub(super) calls: Vec<Call>,
    pub(super) moments: Vec<(i64, Moment)>,
    /// How many days.
    pub days: i64,
}

/// What differs between runs of one shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chosen {
    /// The seed.
    pub seed: u64,
    /// Days.
    pub days: i64,
    /// Share of the callers who tap; the others read and dial.
    pub taps: f64,
    /// Share of the calls whose caller is confirmed by the person who answers.
    pub confirmed: f64,
    /// Whether the server knows where visitors are.
    pub located: bool,
}

struct Maker {
    shape: Shape,
    chosen: Chosen,
    chance: Chance,
    people: People,
    visits: Vec<Visit>,
    calls: Vec<Call>,
    cookies: i64,
}

impl History {
    /// Draws it.
    #[must_use]
    pub fn draw(shape: &Shape, chosen: Chosen) -> Self {
        let mut chance = Chance::new(chosen.seed);
        let people = People::new(shape, chance.branch());
        let mut maker = Maker {
            shape: *shape,
            chosen,
            chance,
            people,
            visits: Vec::new(),
            calls: Vec::new(),
            cookies: 0,
        };
        maker.visits();
        maker.strangers();
        let Maker { visits, calls, .. } = maker;
        let mut history = Self {
            visits,
            calls,
            moments: Vec::new(),
            days: chosen.days,
        };
        history.lay_out();
        history
    }

    /// How many visits there are.
    #[must_use]
    pub fn visits(&self) -> usize {
        self.visits.len()
    }

    fn lay_out(&mut self) {
        let end = self.days * DAY_MS;
        let mut moments = Vec::new();
        for (index, visit) in self.visits.iter().enumerate() {
            moments.push((visit.at, Moment::Load(index)));
            if let Some(view) = visit.view {
                beats(&mut moments, index, view, visit.last_lost);
                if let Some(second) = visit.second {
                    moments.push((second.0, Moment::Return(index)));
                    beats(&mut moments, index, second, false);
                }
            }
            moments.extend(visit.idle_tap.map(|at| (at, Moment::Tap(index))));
        }
        for (index, call) in self.calls.iter().enumerate() {
            if let (Some(at), From::Visit(visit)) = (call.tapped_at, call.from) {
                moments.push((at, Moment::Tap(visit)));
            }
            moments.push((call.at, Moment::Ring(index)));
            moments.push((call.at + call.talk_ms, Moment::HangUp(index)));
        }
        moments.retain(|(at, _)| *at < end);
        moments.sort_unstable();
        self.moments = moments;
    }
}

/// Beacons of one sight: at its start, every heartbeat, and at its end.
fn beats(moments: &mut Vec<(i64, Moment)>, visit: usize, view: (i64, i64), last_lost: bool) {
    let mut at = view.0;
    while at < view.1 {
        moments.push((at, Moment::Seen(visit)));
        at += BEAT_MS;
    }
    if !last_lost {
        moments.push((view.1, Moment::Seen(visit)));
    }
}

impl Maker {
    /// How busy a moment is against the mean.
    fn busy(&self, at: i64, loud: bool) -> f64 {
        let hour = (at % DAY_MS / HOUR_MS) as usize;
        let weekday = (at / DAY_MS % 7) as usize;
        let mean = |list: &[f64]| list.iter().sum::<f64>() / list.len() as f64;
        let shape = &self.shape;
        let even = shape.hours[hour] / mean(&shape.hours) * shape.weekdays[weekday]
            / mean(&shape.weekdays);
        if loud { even * shape.bursts.1 } else { even }
    }

    fn visits(&mut self) {
        let mut bursts = Vec::new();
        for day in 0..self.chosen.days {
            for _ in 0..self.shape.bursts.0 as usize {
                // Spots run in the daytime.
                let hour = self.chance.between(7, 20) as i64;
                let minute = self.chance.between(0, 59) as i64;
                bursts.push(day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS);
            }
        }
        bursts.sort_unstable();
        let busiest = 4.0 * self.shape.bursts.1;
        let wait = DAY_MS as f64 / (self.shape.visits_per_day * busiest);
        let mut at = 0.0;
        loop {
            at += self.chance.wait(wait);
            let now = at as i64;
            if now >= self.chosen.days * DAY_MS {
                break;
            }
            let first = bursts.partition_point(|start| start + BURST_MS <= now);
            let busy = self.busy(now, bursts.get(first).is_some_and(|start| *start <= now));
            if self.chance.happens(busy / busiest) {
                let person = self.people.draw();
                self.cookies += 1;
                self.visit(now, &person, self.cookies);
                if self.chance.happens(self.shape.returns) {
                    let later = now + self.chance.around(2.0 * DAY_MS as f64, 1.2) as i64;
                    // Some cookies are gone.
                    let kept = self.chance.happens(0.75);
                    if !kept {
                        self.cookies += 1;
                    }
                    self.visit(later, &person, self.cookies);
                }
            }
        }
    }

    fn visit(&mut self, at: i64, person: &Person, visitor: i64) {
        let shape = self.shape;
        let chance = &mut self.chance;
        let length = chance.around(shape.visit_ms.0, shape.visit_ms.1) as i64;
        let mut end = at + length.clamp(3_000, VISIBLE_MAX_MS);
        let seen = chance.happens(shape.views);
        let calls = seen && chance.happens(shape.calls / shape.views);
        let taps = calls && chance.happens(self.chosen.taps);
        let device = if taps || chance.happens(shape.phones) {
            Device::Phone
        } else {
            Device::Desktop
        };
        if device == Device::Desktop && chance.happens(shape.left_open) {
            end += (chance.around(25.0 * MINUTE_MS as f64, 1.0) as i64).min(VISIBLE_MAX_MS);
        }
        // The number is in the head of the page, or further down.
        let first = if chance.happens(0.6) {
            at + 400
        } else {
            at + 400 + (chance.fraction() * 0.7 * (end - at) as f64) as i64
        };
        let on_contact = chance.happens(if calls { 0.4 } else { 0.2 });
        let mut visit = Visit {
            at,
            visitor,
            device,
            area: person
                .located(device, chance)
                .filter(|_| self.chosen.located),
            page: if on_contact {
                PageKind::Contact
            } else {
                PageKind::Other
            },
            view: seen.then_some((first, end.max(first + 1_000))),
            last_lost: chance.happens(LAST_BEACON_LOST),
            second: None,
            idle_tap: None,
        };
        let index = self.visits.len();
        if calls {
            self.call(index, &mut visit, person, taps);
        } else if seen && device == Device::Phone && self.chance.happens(IDLE_TAPS) {
            visit.idle_tap = Some(first + (self.chance.fraction() * (end - first) as f64) as i64);
        }
        if let Some((_, end)) = visit.view.filter(|_| self.chance.happens(0.12)) {
            let back = end + self.chance.around(12.0 * MINUTE_MS as f64, 1.3) as i64;
            visit.second = Some((back, back + self.chance.around(30_000.0, 0.7) as i64));
        }
        self.visits.push(visit);
    }

    fn call(&mut self, index: usize, visit: &mut Visit, person: &Person, taps: bool) {
        let Some((first, end)) = visit.view else {
            return;
        };
        let shape = self.shape;
        let chance = &mut self.chance;
        let decides = first + chance.around(45_000.0, 0.95) as i64;
        let mut tapped_at = None;
        let at = if taps {
            // The page goes behind the dialler.
            visit.view = Some((first, decides));
            tapped_at = Some(decides);
            let hesitates = chance.happens(0.08);
            let more = if hesitates {
                chance.wait(40_000.0)
            } else {
                0.0
            };
            decides + (chance.around(4_000.0, 0.45) + more) as i64
        } else if chance.happens(shape.later.0) {
            let later = end + chance.around(shape.later.1, shape.later.2) as i64;
            daytime(later, chance)
        } else {
            let dials = decides + chance.around(12_000.0, 0.4) as i64;
            if visit.device == Device::Phone {
                visit.view = Some((first, decides));
            } else if chance.happens(0.8) {
                // The page stays open while they dial.
                let open = dials + chance.between(5_000, 90_000) as i64;
                visit.view = Some((first, end.max(open)));
            } else {
                visit.view = Some((first, decides));
            }
            dials
        };
        if at - end > LATER_MAX_MS {
            return;
        }
        let own = self.conversation(at, person.number, From::Visit(index), tapped_at);
        if self.chance.happens(shape.again) {
            let ended = own.at + own.talk_ms;
            let wait = if self.chance.happens(0.5) {
                self.chance.wait(4.0 * MINUTE_MS as f64)
            } else {
                self.chance.around(1.5 * DAY_MS as f64, 1.0)
            };
            let at = daytime(ended + 10_000 + wait as i64, &mut self.chance);
            // Some call from another line.
            let caller = if self.chance.happens(0.08) {
                self.people.draw().number
            } else {
                person.number
            };
            self.conversation(at, caller, From::Visit(index), None);
        }
    }

    fn conversation(
        &mut self,
        at: i64,
        caller: PhoneNumber,
        from: From,
        tapped_at: Option<i64>,
    ) -> Call {
        let talk_ms = self.chance.around(170_000.0, 0.85).clamp(14_000.0, 3e6) as i64;
        let call = Call {
            at,
            talk_ms,
            caller,
            from,
            tapped_at,
            confirmed: self.chance.happens(self.chosen.confirmed),
        };
        self.calls.push(call);
        call
    }

    fn strangers(&mut self) {
        for slot in 0..STRAY_NUMBERS {
            let per_day = self.chance.around(STRAY_PER_DAY.0, STRAY_PER_DAY.1);
            let mut at = 0.0;
            loop {
                at += self.chance.wait(DAY_MS as f64 / per_day);
                if at as i64 >= self.chosen.days * DAY_MS {
                    break;
                }
                let caller = self.people.draw().number;
                let at = daytime(at as i64, &mut self.chance);
                self.conversation(at, caller, From::Stranger(slot), None);
            }
        }
    }
}

/// Nobody calls at night: those who would, call in the morning.
fn daytime(at: i64, chance: &mut Chance) -> i64 {
    let hour = at % DAY_MS / HOUR_MS;
    if (8..21).contains(&hour) {
        return at;
    }
    let midnight = at / DAY_MS * DAY_MS;
    let morning = if hour < 8 {
        midnight
    } else {
        midnight + DAY_MS
    };
    morning + 8 * HOUR_MS + chance.wait(HOUR_MS as f64) as i64
}
