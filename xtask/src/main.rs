//! `cargo xtask`: the chores of the repository. The Makefile is a list of them.

mod arrows;
mod bench;
mod fuzz;
mod shell;
mod tests;
mod tools;
mod web;

use anyhow::bail;

use crate::shell::{run, say};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["demo", rest @ ..] => demo(rest),
        ["test"] => tests::all(),
        ["tidy"] => arrows::check(),
        ["web"] => web::build(),
        ["dev"] => dev(),
        ["lint"] => tests::lint(),
        ["generate"] => web::generate(),
        ["soak"] => tests::soak(),
        ["python"] => tools::python(),
        ["fuzz"] => fuzz::all(fuzz::SECONDS),
        ["fuzz", seconds] => fuzz::all(seconds.parse()?),
        ["bench"] => bench::all(),
        ["bench", name] => bench::one(name),
        _ => bail!(
            "write one of: demo, test, tidy, web, dev, lint, generate, soak, fuzz [SECONDS], python, bench [NAME]"
        ),
    }
}

/// Builds what is missing and runs the demo until Ctrl-C.
fn demo(rest: &[&str]) -> anyhow::Result<()> {
    web::build()?;
    say("building trunkline (a few minutes the first time)");
    run("cargo", &["build", "--locked", "--package", "trunkline"])?;
    let mut arguments = vec!["demo"];
    arguments.extend(rest);
    let program = shell::target()?.join("debug/trunkline");
    shell::become_program(&program, &arguments)
}

/// The server on its own data folder, and the dashboard's development server in front of it.
fn dev() -> anyhow::Result<()> {
    web::install()?;
    run("cargo", &["build", "--package", "trunkline"])?;
    let mut server = shell::start(
        &shell::target()?.join("debug/trunkline").to_string_lossy(),
        &["serve"],
    )?;
    let ended = run(
        "npm",
        &[
            "run",
            "dev",
            "--workspace",
            "@trunkline/dashboard",
            "--prefix",
            "web",
        ],
    );
    server.kill()?;
    server.wait()?;
    ended
}
