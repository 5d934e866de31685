//! `trunkline migrate` and `trunkline db copy`.

use anyhow::{Context, bail};
use trunkline_store::db::{Db, DbOptions, Location};
use trunkline_store::schema;

use crate::config::Config;
use crate::control::{self, Request};
use crate::{say, wiring};

/// Brings the schema up to date and ends.
///
/// # Errors
/// When the database cannot be opened or a migration fails.
pub(crate) async fn migrate(config: &Config) -> anyhow::Result<()> {
    let store = wiring::open_store(config).await?;
    store.db().close().await;
    say("the schema is up to date");
    Ok(())
}

/// Copies everything into an empty database of the other kind, and compares.
///
/// # Errors
/// When a server runs, the target is not empty, or counts or sums differ.
pub(crate) async fn copy(config: &Config, to: &str) -> anyhow::Result<()> {
    if control::send(&config.control_socket(), &Request::Ping)
        .await?
        .is_some()
    {
        bail!(
            "a server runs on {}; end it first, so that nothing changes while it is copied",
            config.data_dir.display()
        );
    }
    let store = wiring::open_store(config).await?;
    let location = Location::parse(to)?;
    let target = Db::open(&location, DbOptions::default(), schema::MIGRATIONS)
        .await
        .context("the target cannot be opened")?;
    let copied = trunkline_store::db::copy(store.db(), &target, schema::TABLES).await?;
    for table in &copied {
        say(&format!("{:>10}  {}", table.rows, table.table));
    }
    store.db().close().await;
    target.close().await;
    let then = match &location {
        Location::Postgres(_) => "set database.url to the new address".to_owned(),
        Location::Sqlite(path) => format!(
            "SQLite is used from the data folder alone: move {} there as {} and leave database.url empty",
            path.display(),
            crate::config::SQLITE_FILE
        ),
    };
    say(&format!(
        "copied and compared {} tables; {then}",
        copied.len()
    ));
    Ok(())
}
