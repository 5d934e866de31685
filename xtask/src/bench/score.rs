//! `score`: how good, how calibrated and how fast scores are, beside what scikit-learn and XGBoost make of the same rows. The
//! work is `crates/trunkline-core/examples/score/` and `xtask/scripts/score_peers.py`.
//!
//! The tables are not ours to give away: they are read from the folder in `TRUNKLINE_BENCH_DATA`. Without it a table of our own
//! is made, and the line says so.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{folder, machine, target};
use crate::shell::{root, run as run_command, say};
use crate::tools;

/// Builds it, has the peers judge, judges, and prints the table and the line.
pub(super) fn run() -> anyhow::Result<()> {
    say("building score");
    let which = ["--package", "trunkline-core", "--example", "score"];
    run_command(
        "cargo",
        &[&["build", "--locked", "--release"][..], &which].concat(),
    )?;
    let python = tools::peers_of_scores()?;
    let example = target()?.join("release/examples/score");
    let peers = folder("score")?;
    let tables = match std::env::var_os("TRUNKLINE_BENCH_DATA") {
        Some(given) => PathBuf::from(given),
        None => {
            say("TRUNKLINE_BENCH_DATA names no folder of tables: judging on one of our own");
            let made = Command::new(&example)
                .arg("synthetic")
                .arg(&peers)
                .status()?;
            ensure!(made.success(), "the table could not be made");
            peers.clone()
        }
    };
    say("benchmark score: the peers learn (some minutes)");
    let load = machine::load();
    let script = root().join("xtask/scripts/score_peers.py");
    let judged = Command::new(python)
        .arg(script)
        .args([&tables, &peers])
        .status()
        .context("Python could not be started")?;
    ensure!(judged.success(), "the peers failed");
    say("benchmark score: ours");
    let out = Command::new(example)
        .args([&tables, &peers])
        .output()
        .context("score could not be started")?;
    let told = String::from_utf8_lossy(&out.stderr);
    ensure!(out.status.success(), "score failed: {told}");
    let text = String::from_utf8(out.stdout)?;
    let (table, line) = text
        .trim_end()
        .rsplit_once('\n')
        .context("score told nothing")?;
    say(table);
    let mut line: Value = serde_json::from_str(line)?;
    line["bench"] = "score".into();
    line["load"] = load.into();
    line["machine"] = machine::describe().into();
    say(&line.to_string());
    Ok(std::fs::remove_dir_all(peers)?)
}
