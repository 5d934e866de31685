//! The browser side: installs its packages, builds it, and generates the typed client.

use std::path::PathBuf;

use anyhow::bail;

use crate::shell::{has, output, root, run, say};

fn web() -> PathBuf {
    root().join("web")
}

/// Installs the packages of the lockfile, when they are not.
pub(crate) fn install() -> anyhow::Result<()> {
    if !has("npm") {
        bail!("npm is missing; install Node.js 20 or later");
    }
    let lock = std::fs::read(web().join("package-lock.json"))?;
    // npm writes its own lockfile last, so a copy of ours beside it says what is installed.
    let installed = web().join("node_modules/.trunkline-lock");
    if std::fs::read(&installed).is_ok_and(|done| done == lock) {
        return Ok(());
    }
    say("installing the packages of web/");
    run("npm", &["ci", "--prefix", "web", "--no-audit", "--no-fund"])?;
    std::fs::write(installed, lock)?;
    Ok(())
}

/// Builds the snippet and the dashboard.
pub(crate) fn build() -> anyhow::Result<()> {
    install()?;
    say("building the snippet and the dashboard");
    run("npm", &["run", "--prefix", "web", "build"])
}

/// Makes the OpenAPI file from the code, and the client's types from the file.
pub(crate) fn generate() -> anyhow::Result<()> {
    let description = output(
        "cargo",
        &["run", "--quiet", "--package", "trunkline", "--", "openapi"],
    )?;
    std::fs::create_dir_all(root().join("docs/api"))?;
    std::fs::write(root().join("docs/api/openapi.json"), description)?;
    install()?;
    run("npm", &["run", "--prefix", "web", "generate"])
}
