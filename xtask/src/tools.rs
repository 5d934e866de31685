//! Debian packages and Python libraries that tests and benchmarks need; installed when they are missing.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::shell::{has, root, run, run_with, say, succeeds, target};

/// A program and the package that brings it.
type Tool = (&'static str, &'static str);

/// For `make test`: the browsers of the three engines, the SIP peer, a telephone, a registrar, and a speech engine.
pub(crate) const FOR_TESTS: &[Tool] = &[
    ("chromium", "chromium"),
    ("firefox-esr", "firefox-esr"),
    ("WebKitWebDriver", "webkit2gtk-driver"),
    ("Xvfb", "xvfb"),
    ("sipp", "sip-tester"),
    ("baresip", "baresip-core"),
    ("kamailio", "kamailio"),
    ("flite", "flite"),
];
/// For `make bench`: the peers and the load tools.
pub(crate) const FOR_BENCH: &[Tool] = &[
    ("chromium", "chromium"),
    ("sipp", "sip-tester"),
    ("kamailio", "kamailio"),
    ("rtpengine", "rtpengine-daemon"),
    ("sqlite3", "sqlite3"),
];

/// Packages that start a service of their own, which the benchmarks do not use: they start the program themselves.
const SERVICES: &[(&str, &str)] = &[
    ("kamailio", "kamailio.service"),
    ("rtpengine-daemon", "rtpengine-daemon.service"),
];

/// Installs what is missing, through apt.
pub(crate) fn install(tools: &[Tool]) -> anyhow::Result<()> {
    let mut packages: Vec<&str> = tools
        .iter()
        .filter(|(program, _)| !has(program))
        .map(|(_, package)| *package)
        .collect();
    if !std::path::Path::new("/usr/lib/postgresql").exists() && !has("postgres") {
        packages.push("postgresql");
    }
    // Python is there on most machines; on Debian what makes environments of its own is not.
    if !succeeds("python3", &["-c", "import ensurepip, venv"]) {
        packages.push("python3-venv");
    }
    if packages.is_empty() {
        return Ok(());
    }
    if !has("apt-get") {
        bail!("install these first: {}", packages.join(", "));
    }
    say(&format!("installing {}", packages.join(", ")));
    run("apt-get", &["update", "-qq"])?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(&packages);
    run_with(
        "apt-get",
        &arguments,
        &[("DEBIAN_FRONTEND", "noninteractive")],
    )?;
    // Containers have no systemd, and start nothing.
    if std::path::Path::new("/run/systemd/system").exists() {
        for (package, service) in SERVICES {
            if packages.contains(package) {
                run("systemctl", &["disable", "--now", service])?;
            }
        }
    }
    Ok(())
}

/// Makes the Python environment of the tests in the target folder: libraries of carriers, pinned.
pub(crate) fn python() -> anyhow::Result<()> {
    let wanted = "crates/trunkline/tests/carrier/requirements.txt";
    environment("python", wanted, "what carriers give their customers")?;
    Ok(())
}

/// Makes the Python environment of the benchmark `score`: scikit-learn and XGBoost, pinned. Tells where its Python is.
pub(crate) fn peers_of_scores() -> anyhow::Result<PathBuf> {
    let wanted = "xtask/scripts/score_peers.txt";
    environment("python-score", wanted, "what scores are judged beside")
}

/// Makes a Python environment in the target folder, unless it is there as it is wanted. Tells where its Python is.
fn environment(name: &str, wanted: &str, what: &str) -> anyhow::Result<PathBuf> {
    let text = fs::read_to_string(root().join(wanted)).context(wanted.to_owned())?;
    let folder = target()?.join(name);
    let python = folder.join("bin/python");
    // Written last, so that an environment that is half made is made again.
    let mark = folder.join("requirements.txt");
    if fs::read_to_string(&mark).is_ok_and(|made| made == text) {
        return Ok(python);
    }
    say(&format!("installing {what} (Python)"));
    let path = folder.to_string_lossy();
    run("python3", &["-m", "venv", "--clear", &path])?;
    let quiet = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    let arguments = [&quiet[..], &["--requirement", wanted]].concat();
    run(&python.to_string_lossy(), &arguments)?;
    fs::write(mark, text)?;
    Ok(python)
}
