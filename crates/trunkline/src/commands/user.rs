//! `trunkline user add` and `user remove`, and the owner of the first start.

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use trunkline_core::base::{Country, Currency, Zone};
use trunkline_core::call::{RecordingConsent, TollPolicy};
use trunkline_core::report::QUALIFIED_SECONDS;
use trunkline_engine::clock::Moment;
use trunkline_engine::ports::access::{Membership, NewPassword, Role, User};
use trunkline_engine::ports::configuration::Account;
use trunkline_engine::ports::{Access, Configuration};
use trunkline_store::Store;
use trunkline_web::password;

use crate::config::Config;
use crate::control::{self, Request};
use crate::wiring::{self, House};
use crate::{keys, say};

/// Address of the owner that the first start makes.
const FIRST_OWNER: &str = "owner@localhost";

/// A user to add.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NewUser {
    /// Address to sign in with.
    pub(crate) email: String,
    /// Name for people; the address when empty.
    pub(crate) name: String,
    /// `viewer`, `manager` or `owner`.
    pub(crate) role: String,
    /// Whether the user runs the server.
    pub(crate) operator: bool,
    /// Name of the account; the first when empty.
    pub(crate) account: String,
}

/// A user to remove.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Leaver {
    /// Address they sign in with.
    pub(crate) email: String,
    /// Name of the account to take them out of; all, and the user too, when empty.
    pub(crate) account: String,
}

/// `trunkline user add`: through the running server, or on the database when none runs.
///
/// # Errors
/// When the input is wrong or the store refuses.
pub(crate) async fn run_add(config: &Config, user: NewUser) -> anyhow::Result<()> {
    let answer =
        match control::send(&config.control_socket(), &Request::AddUser(user.clone())).await? {
            Some(answer) => answer,
            None => {
                let store = wiring::open_store(config).await?;
                let answer = add(&store, &wiring::moment(&store).await?, user).await?;
                store.db().close().await;
                answer
            }
        };
    say(&answer);
    Ok(())
}

/// Adds a user with a one-time password, or gives an existing one a new password.
///
/// # Errors
/// When the input is wrong or the store refuses.
pub(crate) async fn add(store: &Store, moment: &Moment, new: NewUser) -> anyhow::Result<String> {
    let email = new.email.trim().to_lowercase();
    if email.len() > 254 || !email.contains('@') || email.contains(char::is_whitespace) {
        bail!("`{}` is not an e-mail address", new.email);
    }
    let role = Role::from_word(&new.role)
        .with_context(|| format!("`{}` is no role; write viewer, manager or owner", new.role))?;
    let account = find_account(store, &new.account).await?;
    let secret = keys::password()?;
    let password = NewPassword {
        hash: password::hash(&secret)?,
        once: true,
    };
    let known = store.user_by_email(&email).await?;
    let is_new = known.is_none();
    let user = match known {
        Some(user) => user,
        None => User {
            id: moment.id(),
            name: if new.name.trim().is_empty() {
                email.clone()
            } else {
                new.name.trim().to_owned()
            },
            email: email.clone(),
            password_hash: password.hash.clone(),
            password_once: password.once,
            totp_secret: None,
            operator: new.operator,
            created_at: moment.now(),
        },
    };
    // Of somebody who is there, the place in the account comes first: when it is refused, their password stays.
    if is_new {
        store.put_user(&user).await?;
    }
    let member = store
        .memberships(user.id)
        .await?
        .into_iter()
        .find(|m| m.account == account.id);
    let id = member.map_or_else(|| moment.id(), |m| m.id);
    store
        .put_membership(&Membership {
            id,
            user: user.id,
            account: account.id,
            role,
        })
        .await?;
    if !is_new {
        let changed = store.change_password(user.id, &user.password_hash, &password);
        if !changed.await? {
            bail!("the password of {email} was changed at the same moment; run the command again");
        }
        if new.operator {
            store.make_operator(user.id).await?;
        }
        // A new password ends what the old one opened; no login has this fresh id.
        store.delete_other_logins(user.id, moment.id()).await?;
    }
    Ok(format!(
        "{email} may sign in to {} with the password {secret}\nIt is shown only now, and the first sign-in asks for another.",
        account.name
    ))
}

/// `trunkline user remove`: through the running server, or on the database when none runs.
///
/// # Errors
/// When there is no such user, or an account would lose its only owner.
pub(crate) async fn run_remove(config: &Config, leaver: Leaver) -> anyhow::Result<()> {
    let request = Request::RemoveUser(leaver.clone());
    let answer = match control::send(&config.control_socket(), &request).await? {
        Some(answer) => answer,
        None => {
            let store = wiring::open_store(config).await?;
            let answer = remove(&store, leaver).await;
            store.db().close().await;
            answer?
        }
    };
    say(&answer);
    Ok(())
}

/// Removes a user with their logins, or takes one out of an account.
///
/// # Errors
/// When there is no such user, or an account would lose its only owner.
pub(crate) async fn remove(store: &Store, leaver: Leaver) -> anyhow::Result<String> {
    let email = leaver.email.trim().to_lowercase();
    let user = store
        .user_by_email(&email)
        .await?
        .with_context(|| format!("nobody signs in as `{email}`"))?;
    if leaver.account.trim().is_empty() {
        store.delete_user(user.id).await?;
        return Ok(format!("{email} is removed and signed out everywhere"));
    }
    let account = find_account(store, &leaver.account).await?;
    let memberships = store.memberships(user.id).await?;
    let membership = memberships
        .iter()
        .find(|m| m.account == account.id)
        .with_context(|| format!("{email} is not a member of {}", account.name))?;
    store.delete_membership(membership).await?;
    Ok(format!("{email} is no member of {} any more", account.name))
}

async fn find_account(store: &Store, name: &str) -> anyhow::Result<Account> {
    let mut accounts = store.load().await?.accounts;
    accounts.sort_by_key(|a| a.id);
    let wanted = name.trim();
    let found = accounts.iter().position(|a| {
        wanted.is_empty() || a.name.eq_ignore_ascii_case(wanted) || a.id.to_string() == wanted
    });
    match found {
        Some(index) => Ok(accounts.swap_remove(index)),
        None if accounts.is_empty() => bail!("there is no account yet; start the server once"),
        None => bail!("there is no account named `{wanted}`"),
    }
}

/// Makes an account and its owner when nobody can sign in yet, and prints the one-time password.
///
/// # Errors
/// When the store refuses.
pub(crate) async fn first_start(house: &House, public_url: &str) -> anyhow::Result<()> {
    if house.store.has_users().await? {
        return Ok(());
    }
    if house.backend.directory.now().accounts().is_empty() {
        let account = Account {
            id: house.backend.moment.id(),
            name: "My account".to_owned(),
            zone: Zone::parse("America/New_York")?,
            currency: Currency::USD,
            country: Country::US,
            toll: TollPolicy::default(),
            recording_consent: RecordingConsent::Notice,
            recording_keep_days: None,
            qualified_seconds: QUALIFIED_SECONDS,
            created_at: house.backend.moment.now(),
        };
        house.backend.setup.put_account(&account).await?;
    }
    let owner = NewUser {
        email: FIRST_OWNER.to_owned(),
        name: "Owner".to_owned(),
        role: Role::Owner.word().to_owned(),
        operator: true,
        account: String::new(),
    };
    let told = add(&house.store, &house.backend.moment, owner).await?;
    say(&format!(
        "\n  First start. Open {public_url} to set up.\n  {}\n",
        told.replace('\n', "\n  ")
    ));
    Ok(())
}
