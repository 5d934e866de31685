//! The order of the house: which crate may use which, and inside the core which station may use which.
//!
//! Reads the manifests and the `use` lines, and names the file that points the wrong way.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::shell::{root, say};

/// Each crate with those of the house it may depend on.
const CRATES: &[(&str, &[&str])] = &[
    ("trunkline-core", &[]),
    ("trunkline-engine", &["trunkline-core"]),
    ("trunkline-store", &["trunkline-core", "trunkline-engine"]),
    ("trunkline-clients", &["trunkline-core", "trunkline-engine"]),
    ("trunkline-voice", &["trunkline-core", "trunkline-engine"]),
    ("trunkline-web", &["trunkline-core", "trunkline-engine"]),
    ("trunkline-sim", &["trunkline-core", "trunkline-engine"]),
    (
        "trunkline",
        &[
            "trunkline-core",
            "trunkline-engine",
            "trunkline-store",
            "trunkline-clients",
            "trunkline-voice",
            "trunkline-web",
            "trunkline-sim",
        ],
    ),
];

/// What the core may depend on besides the standard library.
const CORE_LIBRARIES: &[&str] = &[
    "jiff",
    "thiserror",
    "rlibphonenumber",
    "regex",
    "roaring",
    "serde",
];

/// The stations in their order; a station may use those before it, never those after it.
const STATIONS: &[&str] = &[
    "base",
    "visitor",
    "assignment",
    "call",
    "lead",
    "attribution",
    "scoring",
    "routing",
    "ledger",
    "report",
];

/// Checks every arrow.
///
/// # Errors
/// With each file or manifest that points the wrong way.
pub(crate) fn check() -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    for (name, allowed) in CRATES {
        let folder = root().join("crates").join(name);
        wrong.extend(manifest_arrows(name, &folder, allowed)?);
        wrong.extend(use_arrows(name, &folder.join("src"), allowed)?);
    }
    wrong.extend(station_arrows(&root().join("crates/trunkline-core/src"))?);
    if !wrong.is_empty() {
        bail!("arrows that point the wrong way:\n  {}", wrong.join("\n  "));
    }
    say("every arrow of the house points the right way");
    Ok(())
}

fn manifest_arrows(name: &str, folder: &Path, allowed: &[&str]) -> anyhow::Result<Vec<String>> {
    let path = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let manifest: toml::Table = toml::from_str(&text)?;
    let empty = toml::Table::new();
    let dependencies = manifest
        .get("dependencies")
        .and_then(toml::Value::as_table)
        .unwrap_or(&empty);
    let mut wrong = Vec::new();
    for dependency in dependencies.keys() {
        let own = dependency.starts_with("trunkline");
        if own && !allowed.contains(&dependency.as_str()) {
            wrong.push(format!("crates/{name}/Cargo.toml depends on {dependency}"));
        }
        if !own && name == "trunkline-core" && !CORE_LIBRARIES.contains(&dependency.as_str()) {
            wrong.push(format!(
                "crates/{name}/Cargo.toml depends on {dependency}, which the core may not use"
            ));
        }
    }
    Ok(wrong)
}

fn use_arrows(name: &str, source: &Path, allowed: &[&str]) -> anyhow::Result<Vec<String>> {
    let own = name.replace('-', "_");
    let mut wrong = Vec::new();
    for file in rust_files(source)? {
        let text = std::fs::read_to_string(&file)?;
        for (krate, _) in CRATES {
            let ident = krate.replace('-', "_");
            let used = text.lines().any(|line| uses(line, &ident));
            if used && ident != own && !allowed.contains(krate) {
                wrong.push(format!("{} uses {ident}", short(&file)));
            }
        }
    }
    Ok(wrong)
}

/// Whether a line of code, not of comment, names a crate's path.
fn uses(line: &str, ident: &str) -> bool {
    let code = line.split("//").next().unwrap_or("");
    let path = format!("{ident}::");
    code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
        .any(|word| word.starts_with(&path))
}

fn station_arrows(core: &Path) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (place, station) in STATIONS.iter().enumerate() {
        let later: BTreeSet<&str> = STATIONS[place + 1..].iter().copied().collect();
        let folder = core.join(station);
        if !folder.exists() {
            continue;
        }
        for file in rust_files(&folder)? {
            let text = std::fs::read_to_string(&file)?;
            for used in text.lines().flat_map(stations_used) {
                if later.contains(used.as_str()) {
                    wrong.push(format!("{} uses {used}, a later station", short(&file)));
                }
            }
        }
    }
    Ok(wrong)
}

/// Stations named by `crate::…` in a line.
fn stations_used(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or("");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or("").split(',').collect(),
            None => vec![rest],
        };
        for name in names {
            let word: String = name
                .trim()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            found.push(word);
        }
    }
    found
}

fn rust_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn short(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_in_order() {
        check().expect("every arrow points the right way");
    }

    #[test]
    fn a_wrong_arrow_is_seen() {
        assert!(uses("use trunkline_web::App;", "trunkline_web"));
        assert!(uses(
            "    let x = trunkline_store::Store::open();",
            "trunkline_store"
        ));
        assert!(!uses("// trunkline_web is elsewhere", "trunkline_web"));
        assert!(!uses("use trunkline_website::X;", "trunkline_web"));
        assert_eq!(
            stations_used("use crate::call::flow::step; // crate::ledger"),
            ["call"]
        );
        assert_eq!(
            stations_used("use crate::{base::Id, visitor};"),
            ["base", "visitor"]
        );
    }
}
