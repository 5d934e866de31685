//! `caps`: reservations that race for less than all of them want. The work is
//! `crates/trunkline-store/examples/caps.rs`.

use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{machine, target};
use crate::shell::say;

/// Runs the benchmark and prints its line.
pub(super) fn run() -> anyhow::Result<()> {
    let load = machine::load();
    let out = Command::new(target()?.join("release/examples/caps"))
        .output()
        .context("the race could not be started")?;
    ensure!(
        out.status.success(),
        "the race failed: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    let mut line: Value = serde_json::from_slice(&out.stdout)?;
    line["bench"] = "caps".into();
    line["load"] = load.into();
    line["machine"] = machine::describe().into();
    say(&line.to_string());
    Ok(())
}
