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
    // The browser side waits more than it works, and lints are content with what it leaves of the processor.
    let lints = std::thread::spawn(|| clippy(&["nice", "-n", "10", "cargo"]));
    let browser_side = browser_side();
    let lints = lints
        .join()
        .unwrap_or_else(|_| anyhow::bail!("the lints broke off; run `make lint` to see why"));
    browser_side.and(lints)?;
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

fn browser_side() -> anyhow::Result<()> {
    say("testing the browser side");
    run("npm", &["test", "--prefix", "web"])?;
    run("npm", &["run", "--prefix", "web", "engines"])
}

/// Format, lints and types.
pub(crate) fn lint() -> anyhow::Result<()> {
    arrows::check()?;
    run("cargo", &["fmt", "--all", "--check"])?;
    clippy(&["cargo"])?;
    web::install()?;
    run("npm", &["run", "--prefix", "web", "lint"])
}

/// The lints, those that keep clock, chance and I/O out of the core among them, by a command that ends with `cargo`.
fn clippy(cargo: &[&str]) -> anyhow::Result<()> {
    say("checking the lints");
    let warnings = ["--", "-D", "warnings"];
    let workspace = ["clippy", "--workspace", "--all-targets", "--locked"];
    let words = [cargo, &workspace, &warnings].concat();
    let Some((program, arguments)) = words.split_first() else {
        anyhow::bail!("no command was named");
    };
    run(program, arguments)
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
