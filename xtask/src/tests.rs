//! All tests, in the order that fails soonest.

use crate::shell::{has, run, run_with, say, target};
use crate::{arrows, fuzz, tools, web};

/// What `make test` runs.
pub(crate) fn all() -> anyhow::Result<()> {
    arrows::check()?;
    tools::install(tools::FOR_TESTS)?;
    say("checking the format");
    run("cargo", &["fmt", "--all", "--check"])?;
    web::build()?;
    say("testing the browser side");
    run("npm", &["test", "--prefix", "web"])?;
    run("npm", &["run", "--prefix", "web", "engines"])?;
    say("testing the Rust side (a few minutes of building the first time)");
    rust_tests(&[])?;
    // The tests before have built the program.
    say("testing the whole in a browser");
    let program = target()?.join("debug/trunkline");
    let program = program.to_string_lossy();
    run_with(
        "npm",
        &["run", "--prefix", "web", "e2e"],
        &[("TRUNKLINE_PROGRAM", &program)],
    )?;
    say("all tests passed");
    Ok(())
}

/// Format, lints and types.
pub(crate) fn lint() -> anyhow::Result<()> {
    arrows::check()?;
    run("cargo", &["fmt", "--all", "--check"])?;
    run(
        "cargo",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    web::install()?;
    run("npm", &["run", "--prefix", "web", "lint"])
}

/// The long tests, which are marked as ignored, and the fuzzing of the parsers.
pub(crate) fn soak() -> anyhow::Result<()> {
    tools::install(tools::FOR_TESTS)?;
    rust_tests(&["--run-ignored", "ignored-only"])?;
    fuzz::all(fuzz::SECONDS)
}

fn rust_tests(more: &[&str]) -> anyhow::Result<()> {
    if has("cargo-nextest") {
        let mut arguments = vec!["nextest", "run", "--workspace", "--locked"];
        arguments.extend(more);
        return run("cargo", &arguments);
    }
    let mut arguments = vec!["test", "--workspace", "--locked"];
    if !more.is_empty() {
        arguments.extend(["--", "--ignored"]);
    }
    run("cargo", &arguments)
}
