//! Running programs from the root of the repository.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Where cargo puts what it builds, whoever decides that.
pub(crate) fn target() -> anyhow::Result<PathBuf> {
    let told = output("cargo", &["metadata", "--no-deps", "--format-version", "1"])?;
    let told: serde_json::Value = serde_json::from_str(&told)?;
    let folder = told["target_directory"].as_str();
    folder
        .map(PathBuf::from)
        .context("cargo told no target folder")
}

/// Tells what happens now.
pub(crate) fn say(text: &str) {
    // A closed pipe is the reader's choice.
    let _ = writeln!(std::io::stdout(), "==> {text}");
}

/// Runs a program to its end.
pub(crate) fn run(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    run_with(program, arguments, &[])
}

/// What cargo tells a program that it runs about that program. Another cargo would take it for a change of its
/// surroundings and compile again what asks for such variables.
const TOLD_BY_CARGO: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

/// A program that starts with what this one was started with, but for what cargo added.
fn clean(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let told = |start| name.to_string_lossy().starts_with(start);
        if TOLD_BY_CARGO.into_iter().any(told) {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a program to its end with variables of its own.
pub(crate) fn run_with(
    program: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> anyhow::Result<()> {
    let status = clean(program)
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(root())
        .status()
        .with_context(|| format!("{program} could not be started"))?;
    if !status.success() {
        bail!("`{program} {}` failed", arguments.join(" "));
    }
    Ok(())
}

/// Whether a program can be started and ends well; what it prints is of no interest.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let run = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    run.is_ok_and(|status| status.success())
}

/// What a program prints.
pub(crate) fn output(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let out = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()?;
    if !out.status.success() {
        bail!("`{program} {}` failed", arguments.join(" "));
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// Whether a program is there.
pub(crate) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Starts a program that goes on beside this one.
pub(crate) fn start(program: &str, arguments: &[&str]) -> anyhow::Result<Child> {
    Command::new(program)
        .args(arguments)
        .current_dir(root())
        .spawn()
        .with_context(|| format!("{program} could not be started"))
}

/// Runs a program in place of this one, so that Ctrl-C reaches it alone.
pub(crate) fn become_program(program: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    use std::os::unix::process::CommandExt;
    let error = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .exec();
    Err(error).with_context(|| format!("{} could not be started", program.display()))
}
