//! All tests, in the order that fails soonest.

use crate::shell::{has, run, run_with, say, target};
use crate::{arrows, fuzz, tools, web};

/// Lets others have the processor first.
const NICE: [&str; 4] = ["nice", "-n", "10", "cargo"];

/// What `make test` runs.
pub(crate) fn all() -> anyhow::Result<()> {
    arrows::check()?;
    tools::install(tools::FOR_TESTS)?;
    tools::python()?;
    say("checking the format");
    run("cargo", &["fmt", "--all", "--check"])?;
    web::build()?;
    // The browser side waits more than it works: what it leaves of the processor builds the Rust side meanwhile.
    let built = std::thread::spawn(|| rust_tests(&NICE, &["--no-run"]));
    let browser_side = browser_side();
    let broken = |_| anyhow::bail!("the build broke off; what it printed says why");
    browser_side.and(built.join().unwrap_or_else(broken))?;
    say("testing the Rust side");
    rust_tests(&["cargo"], &[])?;
    say("testing the whole in a browser, and that what must not compile does not");
    let examples = ["test", "--doc", "--package", "trunkline-core", "--locked"];
    let examples = std::thread::spawn(move || run_words(&[&NICE[..], &examples].concat()));
    // The tests before have built the program.
    let program = target()?.join("debug/trunkline");
    let program = program.to_string_lossy();
    let browser = run_with(
        "npm",
        &["run", "--prefix", "web", "e2e"],
        &[("TRUNKLINE_PROGRAM", &program)],
    );
    browser.and(examples.join().unwrap_or_else(broken))?;
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
    say("checking the lints, those that keep clock, chance and I/O out of the core among them");
    let warnings = ["--", "-D", "warnings"];
    let workspace = ["clippy", "--workspace", "--all-targets", "--locked"];
    run("cargo", &[&workspace[..], &warnings].concat())?;
    web::install()?;
    run("npm", &["run", "--prefix", "web", "lint"])
}

fn run_words(words: &[&str]) -> anyhow::Result<()> {
    let Some((program, arguments)) = words.split_first() else {
        anyhow::bail!("no command was named");
    };
    run(program, arguments)
}

/// The long tests, which are marked as ignored, and the fuzzing of the parsers.
pub(crate) fn soak() -> anyhow::Result<()> {
    tools::install(tools::FOR_TESTS)?;
    rust_tests(&["cargo"], &["--run-ignored", "ignored-only"])?;
    fuzz::all(fuzz::SECONDS)
}

/// The tests of the Rust side, by a command that ends with `cargo`.
fn rust_tests(cargo: &[&str], more: &[&str]) -> anyhow::Result<()> {
    let workspace = ["--workspace", "--locked"];
    if has("cargo-nextest") {
        return run_words(&[cargo, &["nextest", "run"], &workspace, more].concat());
    }
    let more: &[&str] = match more {
        [] | ["--no-run"] => more,
        _ => &["--", "--ignored"],
    };
    run_words(&[cargo, &["test"], &workspace, more].concat())
}
