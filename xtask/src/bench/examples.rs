//! `auction`, `caps` and `route`: examples of the crates that they measure, which tell their figures themselves.

use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{machine, target};
use crate::shell::{run as run_command, say};

/// A benchmark that is an example of a crate.
pub(super) struct Example {
    /// The benchmark's and the example's name.
    pub(super) name: &'static str,
    /// The crate.
    package: &'static str,
}

/// All of them: the core alone, buyers on loopback, and the store on databases of its own. None needs the server, a page or
/// a tool.
const EXAMPLES: &[Example] = &[
    Example {
        name: "auction",
        package: "trunkline-clients",
    },
    Example {
        name: "caps",
        package: "trunkline-store",
    },
    Example {
        name: "route",
        package: "trunkline-core",
    },
];

/// The example of a benchmark; `None` when it is none.
pub(super) fn example(name: &str) -> Option<&'static Example> {
    EXAMPLES.iter().find(|example| example.name == name)
}

impl Example {
    /// Builds it, runs it, and prints its line.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let name = self.name;
        say(&format!("building {name}"));
        let which = ["--package", self.package, "--example", name];
        run_command(
            "cargo",
            &[&["build", "--locked", "--release"][..], &which].concat(),
        )?;
        say(&format!("benchmark {name} (some minutes)"));
        let load = machine::load();
        let out = Command::new(target()?.join("release/examples").join(name))
            .output()
            .with_context(|| format!("{name} could not be started"))?;
        ensure!(
            out.status.success(),
            "{name} failed: {}",
            String::from_utf8_lossy(&out.stderr)
        );
        let mut line: Value = serde_json::from_slice(&out.stdout)?;
        line["bench"] = name.into();
        line["load"] = load.into();
        line["machine"] = machine::describe().into();
        say(&line.to_string());
        Ok(())
    }
}
