//! Fuzzing of the parsers, for a bounded time, with the targets in `fuzz/`.
//!
//! Sanitizers need a nightly compiler, so there are none: Rust's own checks, overflow included, and the assertions of the
//! targets are what can fail. `cargo-fuzz` is installed when it is missing.

use std::process::Command;

use anyhow::bail;

use crate::shell::{has, root, run, say};

/// The targets.
const TARGETS: &[&str] = &["sdp", "rtp", "sip", "flow", "webhook", "intake", "answer"];
/// How long each runs unless said otherwise.
pub(crate) const SECONDS: u32 = 60;
/// Longest input: a datagram, a description, a flow, a request and an answer of usual size.
const BYTES_MAX: u32 = 8192;
/// Longest time one input may take, in seconds.
const INPUT_WAIT_S: u32 = 10;
/// Most memory a target may take, in MiB.
const MEMORY_MIB: u32 = 1024;

/// Runs every target for so many seconds.
///
/// # Errors
/// When a target found an input that breaks it; libFuzzer says where the input lies.
pub(crate) fn all(seconds: u32) -> anyhow::Result<()> {
    let installed = std::env::home_dir().map(|home| home.join(".cargo/bin/cargo-fuzz"));
    if !has("cargo-fuzz") && !installed.is_some_and(|program| program.is_file()) {
        say("installing cargo-fuzz");
        run("cargo", &["install", "--locked", "cargo-fuzz"])?;
    }
    for target in TARGETS {
        say(&format!("fuzzing {target} for {seconds} s"));
        fuzz(target, seconds)?;
    }
    Ok(())
}

/// What is found new is kept under `fuzz/corpus` for the next time; the seeds stay as they are.
fn fuzz(target: &str, seconds: u32) -> anyhow::Result<()> {
    let corpus = root().join("fuzz/corpus").join(target);
    std::fs::create_dir_all(&corpus)?;
    let mut command = Command::new("cargo");
    command.current_dir(root()).args([
        "fuzz",
        "run",
        "--sanitizer",
        "none",
        "--fuzz-dir",
        "fuzz",
        target,
    ]);
    command.arg(corpus).arg(format!("fuzz/seeds/{target}"));
    command.args([
        "--".to_owned(),
        format!("-max_total_time={seconds}"),
        format!("-max_len={BYTES_MAX}"),
        format!("-timeout={INPUT_WAIT_S}"),
        format!("-rss_limit_mb={MEMORY_MIB}"),
        "-print_final_stats=1".to_owned(),
    ]);
    if !command.status()?.success() {
        bail!("fuzzing `{target}` failed; the input that did it is under fuzz/artifacts/{target}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_run_and_has_seeds() {
        let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = toml::from_str(&manifest).expect("TOML");
        let bins = manifest["bin"].as_array().expect("targets");
        let names: Vec<&str> = bins.iter().filter_map(|bin| bin["name"].as_str()).collect();
        assert_eq!(names, TARGETS);
        for target in TARGETS {
            let seeds = root().join("fuzz/seeds").join(target);
            assert!(
                std::fs::read_dir(&seeds).is_ok_and(|mut files| files.next().is_some()),
                "{} is empty",
                seeds.display()
            );
        }
    }
}
