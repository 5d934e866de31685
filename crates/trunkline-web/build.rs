//! Builds this crate again when the pages it carries were built: `rust-embed` reads the folders while compiling, and cargo
//! would not know that they came or changed.

use std::env::var_os;
use std::path::{Path, PathBuf};

/// What `make web` builds, from the root of the repository.
const BUILT: [&str; 2] = ["web/snippet/dist", "web/dashboard/dist"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // A program for development reads the folders while it runs.
    if var_os("PROFILE").is_some_and(|profile| profile == "debug") {
        return;
    }
    let Some(package) = var_os("CARGO_MANIFEST_DIR") else {
        return;
    };
    let root = Path::new(&package).join("../..");
    for built in BUILT {
        println!(
            "cargo:rerun-if-changed={}",
            watched(root.join(built)).display()
        );
    }
}

/// The folder, or what is there of its path. A path that does not exist counts as changed at every build; its parent
/// changes when it comes.
fn watched(mut path: PathBuf) -> PathBuf {
    while !path.exists() && path.pop() {}
    path
}
