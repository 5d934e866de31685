//! `trunkline backup` and `trunkline restore`: the data folder as one folder that can be kept.

use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use trunkline_store::Store;

use crate::config::Config;
use crate::control::{self, Request};
use crate::{say, wiring};

const DATABASE: &str = "trunkline.db";
/// Files of the data folder that go into a backup beside the database.
const FILES: [&str; 2] = ["sealing.key", "calls.spool"];

/// Copies database, key, recordings and sounds into a new folder; the server may run.
///
/// # Errors
/// When the folder exists, or something cannot be copied.
pub(crate) async fn run(config: &Config, to: &Path) -> anyhow::Result<()> {
    ensure!(
        config.database.url.is_empty(),
        "the database is PostgreSQL: back it up with pg_dump, and copy {} beside it",
        config.data_dir.display()
    );
    ensure!(
        !to.exists(),
        "{} exists already; name a new folder",
        to.display()
    );
    private_folder(to).with_context(|| format!("{} cannot be made", to.display()))?;
    let to = to.canonicalize()?;
    // The spool first: what is saved from it meanwhile is then in both, and saved once.
    for name in FILES {
        let file = config.data_dir.join(name);
        if file.exists() {
            std::fs::copy(&file, to.join(name))
                .with_context(|| format!("{} cannot be copied", file.display()))?;
        }
    }
    let copy = to.join(DATABASE);
    match control::send(
        &config.control_socket(),
        &Request::Backup { to: copy.clone() },
    )
    .await?
    {
        Some(_) => {}
        None => {
            let store = wiring::open_store(config).await?;
            database(&store, &copy).await?;
            store.db().close().await;
        }
    }
    copy_folder(&config.recordings(), &to.join("recordings"))?;
    copy_folder(&config.prompts(), &to.join("prompts"))?;
    say(&format!(
        "backed up to {}; it holds the sealing key, so keep it safe",
        to.display()
    ));
    Ok(())
}

/// Copies the database of an open store.
///
/// # Errors
/// When the copy cannot be written.
pub(crate) async fn database(store: &Store, to: &Path) -> anyhow::Result<String> {
    store.db().backup(to).await?;
    Ok(format!("copied to {}", to.display()))
}

/// Puts a backup into an empty data folder.
///
/// # Errors
/// When a server runs, the data folder holds a database already, or something cannot be copied.
pub(crate) async fn restore(config: &Config, from: &Path) -> anyhow::Result<()> {
    ensure!(
        from.join(DATABASE).exists(),
        "{} is no backup: it holds no {DATABASE}",
        from.display()
    );
    if control::send(&config.control_socket(), &Request::Ping)
        .await?
        .is_some()
    {
        bail!(
            "a server runs on {}; end it first",
            config.data_dir.display()
        );
    }
    let target = config.data_dir.join(DATABASE);
    ensure!(
        !target.exists(),
        "{} holds a database already; restore into an empty folder",
        config.data_dir.display()
    );
    private_folder(&config.data_dir)?;
    for name in FILES.into_iter().chain([DATABASE]) {
        let file = from.join(name);
        if file.exists() {
            std::fs::copy(&file, config.data_dir.join(name))
                .with_context(|| format!("{} cannot be copied", file.display()))?;
        }
    }
    copy_folder(&from.join("recordings"), &config.recordings())?;
    copy_folder(&from.join("prompts"), &config.prompts())?;
    say(&format!("restored into {}", config.data_dir.display()));
    Ok(())
}

/// Makes a folder that only this user can enter: it holds keys and voices.
pub(crate) fn private_folder(path: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    if !from.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            match std::fs::copy(entry.path(), &target) {
                // A running server deletes what is over its time.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                copied => {
                    copied
                        .with_context(|| format!("{} cannot be copied", entry.path().display()))?;
                }
            }
        }
    }
    Ok(())
}
