//! All tests, in the order that fails soonest.

use crate::shell::{has, run, run_with, say, target};
use crate::{arrows, fuzz, tools, web};

/// What `make test` runs.
pub(crate) fn all() -> anyhow::Result<()> {
    arrows::check()?;
    tools::install(tools::FOR_TESTS)?;
    tools::python()?;
    say("checking the format");
    run("cargo", &["fmt", "--all", "--check"])?;
    web::build()?;
    say("testing the browser side");
    run("npm", &["test", "--prefix", "web"])?;
    run("npm", &["run", "--prefix", "web", "engines"])?;
    say("testing the Rust side (a few minutes of building the first time)");
    rust_tests(&[])?;
    clippy()?;
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
    clippy()?;
    web::install()?;
    run("npm", &["run", "--prefix", "web", "lint"])
}

/// The lints, those that keep clock, chance and I/O out of the core among them.
fn clippy() -> anyhow::Result<()> {
    say("checking the lints");
    let warnings = ["--", "-D", "warnings"];
    let workspace = ["clippy", "--workspace", "--all-targets", "--locked"];
    run("cargo", &[&workspace[..], &warnings].concat())
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
