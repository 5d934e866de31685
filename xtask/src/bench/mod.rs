//! The benchmarks: each measures beside its peer in one run and ends with one JSON line.

mod api;
mod assign;
mod attribution;
mod examples;
mod house;
mod machine;
mod media;
mod process;
mod score;
mod sip;

use std::path::PathBuf;

use anyhow::bail;

use crate::shell::{run, say, target};
use crate::{tools, web};

/// Every benchmark by name.
const NAMES: &[&str] = &[
    "assign",
    "attribution",
    "auction",
    "caps",
    "media",
    "route",
    "score",
    "sip",
    "snippet",
];

/// Runs every benchmark.
pub(crate) fn all() -> anyhow::Result<()> {
    for name in NAMES {
        one(name)?;
    }
    Ok(())
}

/// Runs one.
pub(crate) fn one(name: &str) -> anyhow::Result<()> {
    if !NAMES.contains(&name) {
        bail!(
            "there is no benchmark `{name}`; write one of {}",
            NAMES.join(", ")
        );
    }
    if name == "attribution" {
        // Simulated time: no server, no page, no tool.
        say("building the simulation");
        let example = ["--package", "trunkline-sim", "--example", "attribution"];
        run(
            "cargo",
            &[&["build", "--locked", "--release"][..], &example].concat(),
        )?;
        say("benchmark attribution (some minutes)");
        return attribution::run();
    }
    if name == "score" {
        return score::run();
    }
    if let Some(example) = examples::example(name) {
        return example.run();
    }
    tools::install(tools::FOR_BENCH)?;
    web::build()?;
    match name {
        "assign" => {
            build()?;
            say("benchmark assign");
            assign::run()
        }
        "media" => {
            build()?;
            say("benchmark media");
            media::run()
        }
        "sip" => {
            build()?;
            say("benchmark sip");
            sip::run()
        }
        _ => {
            say("benchmark snippet");
            run("node", &["web/e2e/bench/snippet.mjs"])
        }
    }
}

/// Builds the program as it is shipped, and the load tools with it: together every time, so that the benchmarks
/// measure one and the same program and it is built once.
fn build() -> anyhow::Result<()> {
    say("building the release (several minutes the first time)");
    let program = ["--package", "trunkline", "--bin", "trunkline"];
    let load_tools = [
        "--package",
        "xtask",
        "--example",
        "visitors",
        "--example",
        "calls",
    ];
    run(
        "cargo",
        &[
            &["build", "--locked", "--release"][..],
            &program,
            &load_tools,
        ]
        .concat(),
    )
}

/// A folder of its own for one run, empty; on the disk the repository is on.
fn folder(name: &str) -> anyhow::Result<PathBuf> {
    let folder = target()?
        .join("bench")
        .join(format!("{name}-{}", std::process::id()));
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The middle of some figures; 0 of none.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    match figures.len() {
        0 => 0.0,
        n if n % 2 == 1 => figures[n / 2],
        n => f64::midpoint(figures[n / 2 - 1], figures[n / 2]),
    }
}

/// Rounded to so many digits after the point.
fn rounded(figure: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (figure * scale).round() / scale
}
