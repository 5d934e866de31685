//! `trunkline account add`: another tenant of this server.

use anyhow::bail;
use serde::{Deserialize, Serialize};
use trunkline_core::base::{Country, Currency, Zone};
use trunkline_core::call::{RecordingConsent, TollPolicy};
use trunkline_core::report::QUALIFIED_SECONDS;
use trunkline_engine::clock::Moment;
use trunkline_engine::ports::Configuration;
use trunkline_engine::ports::configuration::Account;
use trunkline_engine::setup::NAME_MAX;
use trunkline_store::Store;

use crate::config::Config;
use crate::control::{self, Request};
use crate::{say, wiring};

/// An account to add.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NewAccount {
    /// Name for people; unique, so that commands can name it.
    pub(crate) name: String,
    /// IANA time zone.
    pub(crate) zone: String,
    /// ISO 4217 currency of its books; fixed from then on.
    pub(crate) currency: String,
    /// ISO 3166 home country; the only one it may dial until its settings say more.
    pub(crate) country: String,
}

/// `trunkline account add`: through the running server, or on the database when none runs.
///
/// # Errors
/// When the input is wrong or the store refuses.
pub(crate) async fn run_add(config: &Config, account: NewAccount) -> anyhow::Result<()> {
    let sent = control::send(
        &config.control_socket(),
        &Request::AddAccount(account.clone()),
    )
    .await?;
    let answer = match sent {
        Some(answer) => answer,
        None => {
            let store = wiring::open_store(config).await?;
            let answer = add(&store, &wiring::moment(&store).await?, account).await?;
            store.db().close().await;
            answer
        }
    };
    say(&answer);
    Ok(())
}

/// Adds an account. A running server must read its directory again afterwards.
///
/// # Errors
/// When the input is wrong or the store refuses.
pub(crate) async fn add(store: &Store, moment: &Moment, new: NewAccount) -> anyhow::Result<String> {
    let name = new.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > NAME_MAX {
        bail!("write a name of 1 to {NAME_MAX} characters");
    }
    let existing = store.load().await?.accounts;
    if existing.iter().any(|a| a.name.eq_ignore_ascii_case(&name)) {
        bail!("there is an account named `{name}` already");
    }
    let country: Country = new.country.parse()?;
    let account = Account {
        id: moment.id(),
        name: name.clone(),
        zone: Zone::parse(&new.zone)?,
        currency: new.currency.parse::<Currency>()?,
        country,
        toll: TollPolicy {
            countries_allowed: vec![country],
            ..TollPolicy::default()
        },
        recording_consent: RecordingConsent::Notice,
        recording_keep_days: None,
        qualified_seconds: QUALIFIED_SECONDS,
        created_at: moment.now(),
    };
    store.put_account(&account).await?;
    Ok(format!(
        "{name} is ready; add its owner with `trunkline user add ADDRESS --account \"{name}\"`"
    ))
}
