//! `attribution`: how often calls are credited to the right visit, beside two usual ways, and whether the
//! probabilities keep what they say. The work is `crates/trunkline-sim/examples/attribution.rs`.

use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{machine, target};
use crate::shell::say;

/// Runs the benchmark and prints its line.
pub(super) fn run() -> anyhow::Result<()> {
    let load = machine::load();
    let out = Command::new(target()?.join("release/examples/attribution"))
        .output()
        .context("the simulation could not be started")?;
    ensure!(
        out.status.success(),
        "the simulation failed: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    let text = String::from_utf8(out.stdout)?;
    let (cells, line) = text
        .trim_end()
        .rsplit_once('\n')
        .context("the simulation told nothing")?;
    say(cells);
    let mut line: Value = serde_json::from_str(line)?;
    line["bench"] = "attribution".into();
    line["load"] = load.into();
    line["machine"] = machine::describe().into();
    say(&line.to_string());
    Ok(())
}
