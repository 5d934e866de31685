//! Debian packages that tests and benchmarks need; installed when they are missing.

use anyhow::bail;

use crate::shell::{has, run, run_with, say};

/// A program and the package that brings it.
type Tool = (&'static str, &'static str);

/// For `make test`: the browsers of the three engines, the SIP peer, and a registrar.
pub(crate) const FOR_TESTS: &[Tool] = &[
    ("chromium", "chromium"),
    ("firefox-esr", "firefox-esr"),
    ("WebKitWebDriver", "webkit2gtk-driver"),
    ("Xvfb", "xvfb"),
    ("sipp", "sip-tester"),
    ("kamailio", "kamailio"),
];
/// For `make bench`: the peers and the load tools.
pub(crate) const FOR_BENCH: &[Tool] = &[
    ("chromium", "chromium"),
    ("sipp", "sip-tester"),
    ("kamailio", "kamailio"),
    ("sqlite3", "sqlite3"),
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
    if packages.is_empty() {
        return Ok(());
    }
    if !has("apt-get") {
        bail!("install these first: {}", packages.join(", "));
    }
    say(&format!("installing {}", packages.join(", ")));
    run("apt-get", &["update", "-qq"])?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(packages);
    run_with(
        "apt-get",
        &arguments,
        &[("DEBIAN_FRONTEND", "noninteractive")],
    )
}
