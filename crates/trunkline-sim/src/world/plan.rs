//! The plan: who arrives when, what they look at, whether and when they call. The same seed and pace
//! give the same plan, byte for byte, whatever the machine does.

use std::collections::VecDeque;

use trunkline_core::base::PhoneNumber;

use super::people::{Callers, Conversation, Device};
use super::sources::Way;
use crate::chance::Chance;

/// Pages of the site that are looked at after the landing page.
const PAGES: &[(f64, &str)] = &[(3.0, "/"), (3.0, "/storm-damage"), (4.0, "/contact")];
/// Share of visits that look at more than one page, and how likely each further one is: 1.84 pages a
/// visit, 40 % of them with one.
const SECOND_PAGE: f64 = 0.6;
const FURTHER_PAGE: f64 = 0.286;
const PAGES_MAX: usize = 8;
/// Calls on each weekday from Monday on, against the mean: most on Tuesday, fewest on Sunday.
const WEEKDAYS: [f64; 7] = [1.12, 1.20, 1.12, 1.05, 0.98, 0.85, 0.68];
/// The busiest day against the mean: how fast arrivals are drawn before some are left out.
const WEEKDAY_MAX: f64 = 1.20;
const DAY_MS: u64 = 86_400_000;

/// How lively the world is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Visitors in a minute.
    pub visitors_per_minute: f64,
    /// Share of the visitors who call.
    pub callers: f64,
    /// Calls in a minute of people who saw a printed number.
    pub strangers_per_minute: f64,
    /// Share of the callers who call once more.
    pub call_again: f64,
    /// Median length of a visit, in milliseconds.
    pub visit_ms: f64,
    /// Median and longest conversation, in milliseconds.
    pub talk_ms: (f64, f64),
    /// How even the arrivals are: 1 as in life (a Poisson process), more for fewer lulls and rushes.
    pub evenness: u32,
    /// Arrivals at once, so that there is something to see from the start.
    pub opening: u64,
    /// When the plan starts, to follow the week; `None`: every moment is alike.
    pub calendar: Option<Calendar>,
}

/// A moment of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    /// 0 is Monday.
    pub weekday: usize,
    /// Milliseconds since midnight.
    pub time_ms: u64,
}

impl Pace {
    /// For a demo: two to three calls a minute, shorter than in life.
    #[must_use]
    pub const fn demo() -> Self {
        Self {
            visitors_per_minute: 3.0,
            callers: 0.45,
            strangers_per_minute: 1.0,
            call_again: 0.13,
            visit_ms: 55_000.0,
            talk_ms: (48_000.0, 120_000.0),
            evenness: 4,
            opening: 6,
            calendar: None,
        }
    }

    /// As published for small businesses: visits of 95 s in the median (two thirds within 120 s, 95 %
    /// within 240 s), conversations of 4 minutes in the mean, one visitor in twenty calls.
    #[must_use]
    pub const fn life(calendar: Calendar) -> Self {
        Self {
            visitors_per_minute: 0.5,
            callers: 0.05,
            strangers_per_minute: 0.01,
            call_again: 0.1,
            visit_ms: 95_000.0,
            talk_ms: (170_000.0, 3_000_000.0),
            evenness: 1,
            opening: 0,
            calendar: Some(calendar),
        }
    }

    fn talk(&self, chance: &mut Chance) -> u64 {
        let (median, longest) = self.talk_ms;
        let spread = if longest > 600_000.0 { 0.85 } else { 0.55 };
        chance.around(median, spread).clamp(14_000.0, longest) as u64
    }

    /// How busy the moment is against the mean, 0 to [`WEEKDAY_MAX`].
    fn rate(&self, at_ms: u64) -> f64 {
        self.calendar.map_or(1.0, |start| {
            let days = (start.time_ms + at_ms) / DAY_MS;
            WEEKDAYS[(start.weekday + usize::try_from(days % 7).unwrap_or(0)) % 7]
        })
    }
}

/// One thing of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, in milliseconds from the start.
    pub at_ms: u64,
    /// What.
    pub what: Happening,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// Somebody visits the site.
    Visit(Box<Visit>),
    /// Somebody calls a printed number.
    Stranger(Stranger),
}

/// A visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Whether it is on a telephone.
    pub phone: bool,
    /// The browser's `User-Agent`.
    pub agent: &'static str,
    /// What is allowed to be stored, 0 to 2.
    pub consent: u8,
    /// Where they come from; empty for nowhere.
    pub referrer: &'static str,
    /// The pages they look at, the landing page with its query first.
    pub pages: Vec<Stay>,
    /// The call they make.
    pub call: Option<CallIntent>,
}

/// Time on one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// Path and query.
    pub path: String,
    /// How long, in milliseconds.
    pub ms: u64,
}

/// A visitor's call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallIntent {
    /// How long after the arrival the number is dialled, in milliseconds.
    pub after_ms: u64,
    /// How long before that the link was tapped, in milliseconds; `None`: the number was read.
    pub tapped_ms: Option<u64>,
    /// The caller's number.
    pub caller: PhoneNumber,
    /// How it goes.
    pub conversation: Conversation,
    /// A second call of the same person: how long after the first one's end, and how it goes.
    pub again: Option<(u64, Conversation)>,
}

/// A call without a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// Chooses the printed number: to be taken modulo how many there are.
    pub printed: u64,
    /// The caller's number.
    pub caller: PhoneNumber,
    /// How it goes.
    pub conversation: Conversation,
}

/// Draws entry after entry, in the order of their time, without end.
#[derive(Debug, Clone)]
pub struct Plan {
    pace: Pace,
    chance: Chance,
    callers: Callers,
    opening: VecDeque<Entry>,
    next_visit_ms: f64,
    next_stranger_ms: f64,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn new(seed: u64, pace: Pace) -> Self {
        let mut plan = Self {
            pace,
            chance: Chance::new(seed),
            callers: Callers::default(),
            opening: VecDeque::new(),
            next_visit_ms: 0.0,
            next_stranger_ms: 0.0,
        };
        for index in 0..pace.opening {
            let at_ms = index * 1_400;
            // Nobody waits in the opening: half of them call within seconds.
            let what = if index == 1 {
                Happening::Stranger(plan.stranger())
            } else {
                Happening::Visit(Box::new(
                    plan.visit(index % 2 == 0, Some(2_500 + index * 1_100)),
                ))
            };
            plan.opening.push_back(Entry { at_ms, what });
        }
        plan.next_visit_ms = plan.wait(pace.visitors_per_minute);
        plan.next_stranger_ms = plan.wait(pace.strangers_per_minute);
        plan
    }

    fn wait(&mut self, per_minute: f64) -> f64 {
        let busiest = if self.pace.calendar.is_some() {
            WEEKDAY_MAX
        } else {
            1.0
        };
        if per_minute <= 0.0 {
            return f64::INFINITY;
        }
        // Waits in stages (Erlang's distribution) have the same mean and a smaller spread.
        let stages = self.pace.evenness.max(1);
        let stage = 60_000.0 / (per_minute * busiest * f64::from(stages));
        (0..stages).map(|_| self.chance.wait(stage)).sum()
    }

    fn stranger(&mut self) -> Stranger {
        let talk_ms = self.pace.talk(&mut self.chance);
        Stranger {
            printed: self.chance.next(),
            caller: self.callers.draw(&mut self.chance),
            conversation: Conversation::draw(&mut self.chance, talk_ms),
        }
    }

    fn visit(&mut self, calls: bool, soon: Option<u64>) -> Visit {
        let device = Device::draw(&mut self.chance);
        let way = Way::draw(&mut self.chance);
        let mut pages = self.pages(way.landing);
        let call = calls.then(|| self.call(device.phone, soon, &mut pages));
        Visit {
            phone: device.phone,
            agent: device.agent,
            consent: device.consent,
            referrer: way.referrer,
            pages,
            call,
        }
    }

    fn pages(&mut self, landing: String) -> Vec<Stay> {
        let mut paths = vec![landing];
        let mut more = SECOND_PAGE;
        while paths.len() < PAGES_MAX && self.chance.happens(more) {
            more = FURTHER_PAGE;
            let here = paths.last().and_then(|p| p.split('?').next()).unwrap_or("");
            let others: Vec<_> = PAGES.iter().filter(|(_, p)| *p != here).copied().collect();
            paths.extend(self.chance.weighted(&others).map(|p| (*p).to_owned()));
        }
        let total = self
            .chance
            .around(self.pace.visit_ms, 0.56)
            .clamp(4_000.0, 1_200_000.0);
        let weights: Vec<f64> = paths.iter().map(|_| self.chance.wait(1.0) + 0.2).collect();
        let sum: f64 = weights.iter().sum();
        paths
            .into_iter()
            .zip(weights)
            .map(|(path, w)| Stay {
                path,
                ms: (total * w / sum) as u64,
            })
            .collect()
    }

    /// When the visitor calls, and how long they stay for it.
    fn call(&mut self, phone: bool, soon: Option<u64>, pages: &mut Vec<Stay>) -> CallIntent {
        let stay: u64 = pages.iter().map(|s| s.ms).sum();
        let chance = &mut self.chance;
        let tapped_ms = phone.then(|| chance.around(2_600.0, 0.4).clamp(900.0, 9_000.0) as u64);
        let after_ms = if let Some(soon) = soon {
            soon + tapped_ms.unwrap_or(0)
        } else if let Some(dialling) = tapped_ms {
            // Whoever taps has read enough.
            (stay.clamp(4_000, 90_000) + dialling).max(dialling + 1)
        } else if chance.happens(0.85) {
            // Read from the screen, dialled by hand, the page still open.
            (chance.around(0.55, 0.3).min(0.95) * stay as f64) as u64 + chance.between(4_000, 9_000)
        } else {
            // Noted down and called later.
            stay + chance.around(120_000.0, 0.6).clamp(30_000.0, 900_000.0) as u64
        };
        match tapped_ms {
            Some(dialling) => cut(pages, after_ms - dialling),
            // The page stays open while they dial.
            None if after_ms < stay + 20_000 => stretch(pages, after_ms + 15_000),
            None => {}
        }
        let talk_ms = self.pace.talk(&mut self.chance);
        let conversation = Conversation::draw(&mut self.chance, talk_ms);
        let again = self.chance.happens(self.pace.call_again).then(|| {
            let wait = self.chance.around(60_000.0, 0.6).clamp(15_000.0, 240_000.0) as u64;
            let talk_ms = self.pace.talk(&mut self.chance);
            let second = Conversation::draw(&mut self.chance, talk_ms);
            // The same person has the same voice.
            (
                wait,
                Conversation {
                    person: conversation.person,
                    ..second
                },
            )
        });
        CallIntent {
            after_ms,
            tapped_ms,
            caller: self.callers.draw(&mut self.chance),
            conversation,
            again,
        }
    }

    fn next_arrival(&mut self) -> Entry {
        loop {
            let visit = self.next_visit_ms <= self.next_stranger_ms;
            let at = if visit {
                self.next_visit_ms
            } else {
                self.next_stranger_ms
            };
            let at_ms = at as u64;
            let per_minute = if visit {
                self.pace.visitors_per_minute
            } else {
                self.pace.strangers_per_minute
            };
            let next = at + self.wait(per_minute);
            *(if visit {
                &mut self.next_visit_ms
            } else {
                &mut self.next_stranger_ms
            }) = next;
            // Drawn at the busiest day's rate; quieter moments leave some out.
            if self.pace.calendar.is_some()
                && !self.chance.happens(self.pace.rate(at_ms) / WEEKDAY_MAX)
            {
                continue;
            }
            let what = if visit {
                let calls = self.chance.happens(self.pace.callers);
                Happening::Visit(Box::new(self.visit(calls, None)))
            } else {
                Happening::Stranger(self.stranger())
            };
            return Entry { at_ms, what };
        }
    }
}

impl Iterator for Plan {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let next_ms = self.next_visit_ms.min(self.next_stranger_ms);
        if let Some(entry) = self
            .opening
            .pop_front_if(|first| first.at_ms as f64 <= next_ms)
        {
            return Some(entry);
        }
        next_ms.is_finite().then(|| self.next_arrival())
    }
}

/// Ends the visit at a moment.
fn cut(pages: &mut Vec<Stay>, end_ms: u64) {
    let mut left = end_ms;
    for stay in pages.iter_mut() {
        stay.ms = stay.ms.min(left);
        left -= stay.ms;
    }
    let mut first = true;
    pages.retain(|stay| std::mem::take(&mut first) || stay.ms > 0);
    stretch(pages, end_ms);
}

/// Stays on the last page until a moment.
fn stretch(pages: &mut [Stay], end_ms: u64) {
    let total: u64 = pages.iter().map(|s| s.ms).sum();
    if let Some(last) = pages.last_mut() {
        last.ms += end_ms.saturating_sub(total);
    }
}
