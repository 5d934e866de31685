//! `trunkline simulate`: what a pool of so many numbers would get right, beside the usual ways, on a simulated
//! business. Needs no server and changes nothing.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use clap::Args;
use trunkline_sim::simulate::{Chosen, Policy, Row, SHAPES, Shape, Sites, picture, table};

use crate::say;

/// Longest history: the model learns in its first half.
const DAYS_MAX: i64 = 365;
/// Most numbers in a pool.
const NUMBERS_MAX: usize = 5_000;
/// Most sites that are simulated.
const SITES_MAX: u64 = 50;
/// Daily visitors for each number when no sizes are named: the market's rule first.
const VISITORS_PER_NUMBER: [f64; 4] = [20.0, 40.0, 80.0, 160.0];

/// What to simulate.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Traffic shape: town, nation, office or bursts.
    #[arg(long, default_value = "town")]
    shape: String,
    /// Sizes of the pool, separated by commas; by daily visitors when left out.
    #[arg(long, value_delimiter = ',')]
    numbers: Vec<usize>,
    /// Visits on a mean day, in place of the shape's own.
    #[arg(long)]
    visits: Option<f64>,
    /// Percentage of the callers who tap the number; the others read and dial.
    #[arg(long, default_value_t = 30.0)]
    taps: f64,
    /// Percentage of the calls that the person who answers confirms.
    #[arg(long, default_value_t = 10.0)]
    confirmed: f64,
    /// The server does not know where visitors are.
    #[arg(long)]
    unlocated: bool,
    /// Days; the first half is for learning, the second is counted.
    #[arg(long, default_value_t = 60)]
    days: i64,
    /// Sites of that shape, for steadier figures.
    #[arg(long, default_value_t = 5)]
    sites: u64,
    /// What a number costs a month.
    #[arg(long, default_value_t = 1.0)]
    price: f64,
    /// The same seed gives the same figures.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Draws the figures into this SVG file.
    #[arg(long)]
    svg: Option<PathBuf>,
}

/// Simulates and prints the table.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let shape = chosen_shape(options)?;
    let chosen = Chosen {
        seed: options.seed,
        days: options.days,
        taps: options.taps / 100.0,
        confirmed: options.confirmed / 100.0,
        located: !options.unlocated,
    };
    let sites = Sites::draw(&shape, chosen, options.sites);
    let sizes = if options.numbers.is_empty() {
        VISITORS_PER_NUMBER
            .map(|visitors| sites.numbers_at(visitors))
            .to_vec()
    } else {
        options.numbers.clone()
    };
    say(&format!(
        "{}: {}. {:.0} visits a day with returns, at most {:.1} see a number at once on a mean day; {:.0} % of the callers tap.\n",
        shape.name,
        shape.about,
        sites.visits_per_day(),
        sites.at_once(),
        options.taps
    ));
    let mut rows = Vec::new();
    for numbers in sizes {
        for policy in Policy::ALL {
            let outcomes = sites.run(policy, numbers);
            rows.push(Row { policy, outcomes });
        }
    }
    say(&table(&rows, options.price));
    say(
        "right: calls of visits credited to their visit; a call on the common number counts as wrong. wrong: calls \
         credited to a visit they did not come from. calibration: how far probabilities are from what was right.",
    );
    if let Some(file) = &options.svg {
        let title = format!("Right credits, shape {}", shape.name);
        std::fs::write(file, picture(&title, &rows))
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

fn chosen_shape(options: &Options) -> anyhow::Result<Shape> {
    let Some(shape) = Shape::named(&options.shape) else {
        let names: Vec<_> = SHAPES.iter().map(|s| s.name).collect();
        bail!(
            "there is no shape `{}`; write one of {}",
            options.shape,
            names.join(", ")
        );
    };
    let percentages = [options.taps, options.confirmed];
    ensure!(
        percentages.iter().all(|p| (0.0..=100.0).contains(p)),
        "percentages are from 0 to 100"
    );
    ensure!(
        (2..=DAYS_MAX).contains(&options.days),
        "days are from 2 to {DAYS_MAX}"
    );
    ensure!(
        (1..=SITES_MAX).contains(&options.sites),
        "sites are from 1 to {SITES_MAX}"
    );
    ensure!(
        options
            .numbers
            .iter()
            .all(|n| (1..=NUMBERS_MAX).contains(n)),
        "a pool has 1 to {NUMBERS_MAX} numbers"
    );
    let visits_per_day = options.visits.unwrap_or(shape.visits_per_day);
    ensure!(
        (1.0..=20_000.0).contains(&visits_per_day),
        "visits are from 1 to 20,000 a day"
    );
    Ok(Shape {
        visits_per_day,
        ..*shape
    })
}
