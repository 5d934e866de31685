//! The work of the benchmark `attribution`: every shape, tap share and pool size, and the searches for pools
//! that are as right as a baseline's. Prints the cells, then one JSON line.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Value, json};
use trunkline_core::attribution::{
    CallFacts, Known, Model, NumberHistory, PageKind, Showing, calibration_error, reliability,
};
use trunkline_core::base::id::{SessionId, VisitorId};
use trunkline_core::base::{Area, PhoneNumber, Timestamp};
use trunkline_core::visitor::Device;
use trunkline_sim::simulate::{BINS, Chosen, Outcomes, Policy, SHAPES, Shape, Sites};

/// Days of each history; the first half is for learning, the second is counted.
const DAYS: i64 = 60;
/// Calls to be counted in each cell, about.
const CALLS: f64 = 3_000.0;
/// Shares of the callers who tap.
const TAPS: [f64; 3] = [0.0, 0.3, 0.6];
/// The share the bar is about.
const BAR_TAPS: f64 = 0.3;
/// Daily visitors for each number: the market's rule, two more generous ones, and two thriftier ones that nobody sells.
const VISITORS_PER_NUMBER: [f64; 5] = [5.0, 10.0, MARKET, 40.0, 80.0];
/// The market's rule. The bar is about pools of this size and the larger ones, which a site may have today and could halve.
const MARKET: f64 = 20.0;
/// Share of the calls that the person who answers confirms.
const CONFIRMED: f64 = 0.1;
/// Candidates of the call whose time is taken, and how often it is repeated.
const CANDIDATES: i64 = 200;
const REPEATS: u32 = 2_000;
const SEED: u64 = 20_261_123;

/// What the server lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Full,
    /// Nobody confirms a call: labels come from taps alone.
    Unconfirmed,
    /// It does not know where visitors are.
    Unlocated,
}

/// A shape, a tap share, and what is lacking.
type Job = (&'static Shape, f64, Kind);

/// What one cell came to.
struct Cell {
    shape: &'static Shape,
    taps: f64,
    rule: f64,
    numbers: usize,
    at_once: f64,
    outcomes: Vec<(Policy, Outcomes)>,
    /// Numbers ours needs to be as right as the best baseline, and as the one that knows callers.
    fewest: Option<usize>,
    /// Only where a bar asks for it.
    fewest_known: Option<usize>,
}

impl Cell {
    fn measure(shape: &'static Shape, taps: f64, rule: f64, sites: &Sites) -> Self {
        let numbers = sites.numbers_at(rule);
        let outcomes: Vec<_> = Policy::ALL
            .into_iter()
            .map(|policy| (policy, sites.run(policy, numbers)))
            .collect();
        let accuracy = |policy: Policy| {
            let found = outcomes.iter().find(|(p, _)| *p == policy);
            found.map_or(0.0, |(_, o)| o.accuracy())
        };
        let best = Policy::BASELINES
            .map(accuracy)
            .into_iter()
            .fold(0.0, f64::max);
        let known = accuracy(Policy::KnownCaller).max(best);
        let most = numbers * 3 / 2 + 1;
        let search_known = taps == BAR_TAPS && rule == MARKET;
        Self {
            shape,
            taps,
            rule,
            numbers,
            at_once: sites.at_once(),
            fewest: sites.fewest(Policy::Ours, best, most),
            fewest_known: search_known
                .then(|| sites.fewest(Policy::Ours, known, most))
                .flatten(),
            outcomes,
        }
    }

    /// Numbers ours needs, as a share; a pool half as large again that is not enough counts as 2.
    fn ratio(&self, fewest: Option<usize>) -> f64 {
        fewest.map_or(2.0, |n| n as f64 / self.numbers as f64)
    }

    fn of(&self, policy: Policy) -> Option<&Outcomes> {
        let found = self.outcomes.iter().find(|(p, _)| *p == policy);
        found.map(|(_, outcomes)| outcomes)
    }

    fn line(&self) -> String {
        let accuracy = |policy| self.of(policy).map_or(0.0, Outcomes::accuracy) * 100.0;
        let ours = self.of(Policy::Ours);
        let part = |tapped| ours.map_or(0.0, |o| o.accuracy_tapped(tapped)) * 100.0;
        let error = ours.and_then(Outcomes::calibration_error).unwrap_or(1.0);
        let needs = |fewest: Option<usize>| {
            let share = |n| format!("{n:>4} {:>5.2}", self.ratio(fewest));
            fewest.map_or_else(|| format!("{:>10}", "-"), share)
        };
        format!(
            "{:7} {:>4.0} % 1:{:<3} {:>4} {:>6.1} | {:>5.1} {:>5.1} {:>5.1} | {:>5.1} {:>5.1} {:>5.1} | {} | {} | {:.4}",
            self.shape.name,
            self.taps * 100.0,
            self.rule,
            self.numbers,
            self.at_once,
            accuracy(Policy::Ours),
            part(true),
            part(false),
            accuracy(Policy::LastHolder),
            accuracy(Policy::Lock),
            accuracy(Policy::KnownCaller),
            needs(self.fewest),
            needs(self.fewest_known),
            error,
        )
    }
}

fn main() -> std::io::Result<()> {
    let started = Instant::now();
    let attribute_us = attribute_us();
    let mut out = std::io::stdout();
    writeln!(
        out,
        "one call with {CANDIDATES} candidates: {attribute_us:.0} µs"
    )?;
    let extra = |kind| SHAPES.iter().map(move |shape| (shape, BAR_TAPS, kind));
    let jobs: Vec<Job> = SHAPES
        .iter()
        .flat_map(|shape| TAPS.map(|taps| (shape, taps, Kind::Full)))
        .chain(extra(Kind::Unconfirmed))
        .chain(extra(Kind::Unlocated))
        .collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { break };
                    let cells = cells(*job);
                    let mut done = done
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner);
                    done.insert(index, cells);
                }
            });
        }
    });
    let done = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let of = |kind: Kind| -> Vec<&Cell> {
        let jobs = done.iter().filter(|(index, _)| jobs[**index].2 == kind);
        jobs.flat_map(|(_, cells)| cells).collect()
    };
    let (cells, unconfirmed) = (of(Kind::Full), of(Kind::Unconfirmed));
    let unlocated = of(Kind::Unlocated);
    let head = "shape    taps rule numbers at once | ours, tapped, read | last holder, lock, known callers | needs, ratio | needs, ratio (known callers) | calibration error";
    writeln!(out, "{head}")?;
    for cell in &cells {
        writeln!(out, "{}", cell.line())?;
    }
    writeln!(out, "without any confirmed call, labels from taps alone:")?;
    for cell in &unconfirmed {
        writeln!(out, "{}", cell.line())?;
    }
    writeln!(out, "without knowing where visitors are:")?;
    for cell in &unlocated {
        writeln!(out, "{}", cell.line())?;
    }
    let mut line = result(&cells, &unconfirmed, &unlocated);
    line["attribute_200_us"] = json!(rounded(attribute_us, 0));
    line["seconds"] = json!(started.elapsed().as_secs());
    writeln!(out, "{line}")
}

/// The cells of one shape and tap share; of what lacks something only the one of the market's rule.
fn cells((shape, taps, kind): Job) -> Vec<Cell> {
    let chosen = Chosen {
        seed: SEED,
        days: DAYS,
        taps,
        confirmed: if kind == Kind::Unconfirmed {
            0.0
        } else {
            CONFIRMED
        },
        located: kind != Kind::Unlocated,
    };
    let per_site = shape.visits_per_day * shape.calls * (DAYS / 2) as f64;
    let sites = Sites::draw(shape, chosen, (CALLS / per_site).ceil() as u64);
    let rules = if kind == Kind::Full {
        &VISITORS_PER_NUMBER[..]
    } else {
        &[MARKET]
    };
    rules
        .iter()
        .map(|rule| Cell::measure(shape, taps, *rule, &sites))
        .collect()
}

/// The calibration error of all rated calls of some cells, and how many they are.
fn calibration<'a>(cells: impl Iterator<Item = &'a &'a Cell>) -> (f64, usize) {
    let rated: Vec<(f64, bool)> = cells
        .filter_map(|c| c.of(Policy::Ours))
        .flat_map(Outcomes::rated)
        .collect();
    (calibration_error(&reliability(&rated, BINS)), rated.len())
}

/// Microseconds to credit one call with [`CANDIDATES`] candidates, in the mean.
fn attribute_us() -> f64 {
    let at = Timestamp::from_millis(1_800_000_000_000);
    let showing = |n: i64| Showing {
        session: SessionId::from_raw(n + 1),
        visitor: VisitorId::from_raw(n + 1),
        first_visible: at.plus_millis(-n * 600_000 - 60_000),
        last_visible: at.plus_millis(-n * 600_000),
        confirmed: n % 5 > 0,
        device: Device::Phone,
        area: Area::new("TX", "Dallas"),
        page: PageKind::Contact,
    };
    let showings: Vec<Showing> = (0..CANDIDATES).map(showing).collect();
    let known = Known {
        call: CallFacts {
            at,
            caller: Some(PhoneNumber::from_digits(12_145_550_100)),
            number: NumberHistory::default(),
        },
        showings: &showings,
        taps: &[],
        earlier: None,
        form: None,
    };
    let model = Model::default();
    let started = Instant::now();
    for _ in 0..REPEATS {
        std::hint::black_box(model.attribute(std::hint::black_box(&known)));
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(REPEATS)
}

fn rounded(x: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (x * scale).round() / scale
}

fn result(cells: &[&Cell], unconfirmed: &[&Cell], unlocated: &[&Cell]) -> Value {
    let worst_of = |counts: &dyn Fn(f64) -> bool, of: fn(&Cell) -> Option<usize>| {
        let ratios = cells
            .iter()
            .filter(|c| c.taps == BAR_TAPS && counts(c.rule))
            .map(|c| c.ratio(of(c)));
        rounded(ratios.fold(0.0, f64::max), 3)
    };
    let worst = |rule: f64| worst_of(&|r| r == rule, |c| c.fewest);
    let shapes: Vec<(f64, usize)> = SHAPES
        .iter()
        .map(|shape| calibration(cells.iter().filter(|c| c.shape.name == shape.name)))
        .collect();
    let worst_shape = shapes.iter().map(|s| s.0).fold(0.0, f64::max);
    let fewest_calls = shapes.iter().map(|s| s.1).min().unwrap_or(0);
    let of = |cells: &[&Cell]| {
        let ratios = cells.iter().map(|c| c.ratio(c.fewest));
        rounded(ratios.fold(0.0, f64::max), 3)
    };
    json!({
        "numbers_ratio": worst_of(&|rule| rule <= MARKET, |c| c.fewest),
        "numbers_ratio_at_1_5": worst(5.0),
        "numbers_ratio_at_1_10": worst(10.0),
        "numbers_ratio_at_1_20": worst(MARKET),
        "numbers_ratio_at_1_40": worst(40.0),
        "numbers_ratio_at_1_80": worst(80.0),
        "numbers_ratio_known_callers": worst_of(&|rule| rule == MARKET, |c| c.fewest_known),
        "numbers_ratio_unconfirmed": of(unconfirmed),
        "numbers_ratio_unlocated": of(unlocated),
        "calibration_error": rounded(worst_shape, 4),
        "calibration_error_unconfirmed": rounded(calibration(unconfirmed.iter()).0, 4),
        "calibration_error_unlocated": rounded(calibration(unlocated.iter()).0, 4),
        "calls": fewest_calls,
        "bins": BINS,
    })
}
