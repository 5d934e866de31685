//! `trunkline migrate`, `trunkline db copy` and `trunkline db verify`.

use anyhow::{Context, bail};
use trunkline_engine::ports::books::Discrepancy;
use trunkline_engine::ports::{Books, Configuration};
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
    alone(config, "copied").await?;
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

/// Nobody else writes meanwhile.
async fn alone(config: &Config, what: &str) -> anyhow::Result<()> {
    let server = control::send(&config.control_socket(), &Request::Ping).await?;
    if server.is_some() {
        bail!(
            "a server runs on {}; end it first, so that nothing changes while it is {what}",
            config.data_dir.display()
        );
    }
    Ok(())
}

/// Adds up what is stored and tells what does not agree.
///
/// # Errors
/// When a server runs, the database cannot be read, or something does not agree.
pub(crate) async fn verify(config: &Config) -> anyhow::Result<()> {
    alone(config, "added up").await?;
    let store = wiring::open_store(config).await?;
    let accounts = store.load().await?.accounts;
    let mut wrong = 0_usize;
    for account in &accounts {
        for found in store.verify(account.id).await? {
            say(&format!("{}: {}", account.name, sentence(&found)));
            wrong += 1;
        }
    }
    store.db().close().await;
    if wrong > 0 {
        bail!("{wrong} sums do not agree; nothing was changed");
    }
    say(&format!(
        "postings, balances, holds and counters agree; accounts: {}",
        accounts.len()
    ));
    Ok(())
}

fn sentence(found: &Discrepancy) -> String {
    match found {
        Discrepancy::Posting(id, left) => {
            format!("the entries of posting {id} come to {left} millionths instead of nothing")
        }
        Discrepancy::Balance {
            book,
            stored,
            added_up,
        } => format!(
            "the balance {book} is stored as {} with {} held, its entries and holds add up to {} with {} (millionths)",
            stored.0, stored.1, added_up.0, added_up.1
        ),
        Discrepancy::Counter {
            name,
            stored,
            added_up,
        } => format!(
            "the counter {name} is stored as {} and {}, what was taken adds up to {} and {}",
            stored.0, stored.1, added_up.0, added_up.1
        ),
    }
}
