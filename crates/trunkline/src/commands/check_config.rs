//! `trunkline check-config`.

use std::path::Path;

use anyhow::bail;

use crate::check::{findings, line_of};
use crate::config::Config;
use crate::say;

/// Prints what is wrong with a configuration; fails when the server could not start with it.
///
/// # Errors
/// When a setting is wrong.
pub(crate) fn run(config: &Config, file: Option<&Path>) -> anyhow::Result<()> {
    let text = file
        .map(std::fs::read_to_string)
        .transpose()?
        .unwrap_or_default();
    let name = file.map_or_else(
        || "defaults and variables".to_owned(),
        |p| p.display().to_string(),
    );
    let found = findings(config);
    for finding in &found {
        let place = line_of(&text, finding.setting)
            .map_or_else(|| name.clone(), |line| format!("{name}:{line}"));
        let kind = if finding.fatal { "error" } else { "warning" };
        say(&format!(
            "{place}: {kind}: {}: {}",
            finding.setting, finding.message
        ));
    }
    if found.iter().any(|f| f.fatal) {
        bail!("the server cannot start with this configuration");
    }
    say(&format!(
        "{name}: fine, with {} warning{}",
        found.len(),
        if found.len() == 1 { "" } else { "s" }
    ));
    Ok(())
}
