//! The browser side: installs its packages, builds it, and generates the typed client.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

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
    let lock = fs::read(web().join("package-lock.json"))?;
    // npm writes its own lockfile last, so a copy of ours beside it says what is installed.
    let installed = web().join("node_modules/.trunkline-lock");
    if fs::read(&installed).is_ok_and(|done| done == lock) {
        return Ok(());
    }
    say("installing the packages of web/");
    run("npm", &["ci", "--prefix", "web", "--no-audit", "--no-fund"])?;
    fs::write(installed, lock)?;
    Ok(())
}

/// Builds the snippet and the dashboard, unless what was built is newer than everything it is made of: the program carries
/// the files, and would be linked again for nothing.
pub(crate) fn build() -> anyhow::Result<()> {
    install()?;
    let sources = ["snippet", "dashboard", "api-client", "package-lock.json"];
    let source = sources
        .iter()
        .filter_map(|name| newest(&web().join(name), &NOT_SOURCES))
        .max();
    let built = ["snippet/dist", "dashboard/dist"].map(|name| newest(&web().join(name), &[]));
    let [Some(snippet), Some(dashboard)] = built else {
        return make();
    };
    if source.is_some_and(|source| source < snippet.min(dashboard)) {
        return Ok(());
    }
    make()
}

fn make() -> anyhow::Result<()> {
    say("building the snippet and the dashboard");
    run("npm", &["run", "--prefix", "web", "build"])
}

/// Folders beside the sources that are none.
const NOT_SOURCES: [&str; 2] = ["node_modules", "dist"];

/// When the newest file of a file or folder was written; `None` when there is none.
fn newest(path: &Path, but: &[&str]) -> Option<SystemTime> {
    let Ok(entries) = fs::read_dir(path) else {
        return fs::metadata(path).and_then(|m| m.modified()).ok();
    };
    let skipped = |name: &OsStr| but.iter().any(|skipped| name == *skipped);
    let inside = entries.filter_map(Result::ok);
    let inside = inside.filter(|entry| !skipped(&entry.file_name()));
    inside.filter_map(|e| newest(&e.path(), but)).max()
}

/// Makes the OpenAPI file from the code, and the client's types from the file.
pub(crate) fn generate() -> anyhow::Result<()> {
    let description = output(
        "cargo",
        &["run", "--quiet", "--package", "trunkline", "--", "openapi"],
    )?;
    fs::create_dir_all(root().join("docs/api"))?;
    fs::write(root().join("docs/api/openapi.json"), description)?;
    install()?;
    run("npm", &["run", "--prefix", "web", "generate"])
}
