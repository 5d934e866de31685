//! `trunkline`: the command line, the configuration, and the wiring of everything.

mod atlas;
mod check;
mod check_call;
mod commands;
mod config;
mod control;
mod demo;
mod jobs;
mod keys;
mod metrics;
mod recordings;
mod serve;
mod telemetry;
mod wiring;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{anyhow, bail};
use clap::{Parser, Subcommand};

use crate::commands::account::NewAccount;
use crate::commands::user::{Leaver, NewUser};
use crate::config::Config;

/// The allocator of the whole program: fewer cycles per request than the system's under load.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// File that is read when no other is named and it exists.
const CONFIG_FILE: &str = "trunkline.toml";

/// Dynamic number insertion, call tracking, call routing and lead distribution.
#[derive(Debug, Parser)]
#[command(name = "trunkline", version, max_term_width = 100)]
struct Cli {
    /// Configuration file; `trunkline.toml` in the current folder when it exists.
    #[arg(long, short, global = true, env = "TRUNKLINE_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve,
    /// Run everything with a demo account, a demo web site, and a simulated carrier and visitors.
    Demo(demo::Options),
    /// Simulate a business: what pools of several sizes would get right, beside the usual ways.
    Simulate(commands::simulate::Options),
    /// Check the configuration and explain what is wrong with it.
    CheckConfig,
    /// Visit a site and call the number it shows, on the running server; tell whether the call was credited right.
    CheckCall {
        /// Name or id of the site; not needed when there is one.
        #[arg(default_value = "")]
        site: String,
    },
    /// Bring the database's schema up to date.
    Migrate,
    /// Copy the data folder into a new folder; the server may run.
    Backup {
        /// The new folder.
        to: PathBuf,
    },
    /// Put a backup into an empty data folder.
    Restore {
        /// The folder of the backup.
        from: PathBuf,
    },
    /// Accounts: the tenants of this server.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Users of the dashboard.
    #[command(subcommand)]
    User(UserCommand),
    /// The database.
    #[command(subcommand)]
    Db(DbCommand),
    /// Print the OpenAPI description of the management API.
    Openapi,
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    /// Add an account.
    Add {
        /// Name for people.
        name: String,
        /// IANA time zone.
        #[arg(long, default_value = "America/New_York")]
        zone: String,
        /// Currency of its books; fixed from then on.
        #[arg(long, default_value = "USD")]
        currency: String,
        /// Home country.
        #[arg(long, default_value = "US")]
        country: String,
    },
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a user with a one-time password, or give one a new password.
    Add {
        /// E-mail address to sign in with.
        email: String,
        /// Name for people.
        #[arg(long, default_value = "")]
        name: String,
        /// viewer, manager or owner.
        #[arg(long, default_value = "owner")]
        role: String,
        /// The user runs the server: may set up trunks and claim numbers.
        #[arg(long)]
        operator: bool,
        /// Name of the account; the first when left out.
        #[arg(long, default_value = "")]
        account: String,
    },
    /// Remove a user, or with --account only take one out of that account. An account keeps an owner.
    Remove {
        /// E-mail address.
        email: String,
        /// Name of the account to take them out of; when left out they are removed altogether.
        #[arg(long, default_value = "")]
        account: String,
    },
}

#[derive(Debug, Subcommand)]
enum DbCommand {
    /// Copy everything into an empty database and compare; for moving from SQLite to PostgreSQL.
    Copy {
        /// Address of the new database, such as postgres://user:password@host/database.
        #[arg(long)]
        to: String,
    },
    /// Add up the books and counters of every account again, and tell what does not agree.
    Verify,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody reads standard error when it is closed.
            let _ = writeln!(std::io::stderr(), "trunkline: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let cli = Cli::parse();
    if matches!(cli.command, Command::Openapi) {
        say(&trunkline_web::openapi().to_pretty_json()?);
        return Ok(());
    }
    if let Command::Simulate(options) = &cli.command {
        return commands::simulate::run(options);
    }
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow!("a TLS provider is installed already"))?;
    if let Command::Demo(options) = cli.command {
        // Whatever is configured here is not the demo's.
        telemetry::log(&demo::log())?;
        return runtime()?.block_on(demo::run(&options));
    }
    let file = cli
        .config
        .or_else(|| Some(PathBuf::from(CONFIG_FILE)).filter(|p| p.exists()));
    let config = Config::load(file.as_deref())?;
    if matches!(cli.command, Command::CheckConfig) {
        return commands::check_config::run(&config, file.as_deref());
    }
    if let Some(finding) = check::findings(&config).iter().find(|f| f.fatal) {
        bail!(
            "{}: {}; `trunkline check-config` says more",
            finding.setting,
            finding.message
        );
    }
    telemetry::log(&config.log)?;
    runtime()?.block_on(perform(cli.command, &config))
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}

async fn perform(command: Command, config: &Config) -> anyhow::Result<()> {
    match command {
        Command::Serve => serve::run(config).await,
        Command::CheckCall { site } => commands::check_call::run(config, site).await,
        Command::Migrate => commands::db::migrate(config).await,
        Command::Backup { to } => commands::backup::run(config, &to).await,
        Command::Restore { from } => commands::backup::restore(config, &from).await,
        Command::Account(AccountCommand::Add {
            name,
            zone,
            currency,
            country,
        }) => {
            let account = NewAccount {
                name,
                zone,
                currency,
                country,
            };
            commands::account::run_add(config, account).await
        }
        Command::User(UserCommand::Add {
            email,
            name,
            role,
            operator,
            account,
        }) => {
            commands::user::run_add(
                config,
                NewUser {
                    email,
                    name,
                    role,
                    operator,
                    account,
                },
            )
            .await
        }
        Command::User(UserCommand::Remove { email, account }) => {
            commands::user::run_remove(config, Leaver { email, account }).await
        }
        Command::Db(DbCommand::Copy { to }) => commands::db::copy(config, &to).await,
        Command::Db(DbCommand::Verify) => commands::db::verify(config).await,
        Command::CheckConfig | Command::Openapi | Command::Demo(_) | Command::Simulate(_) => Ok(()),
    }
}

/// Prints a line for a person.
pub(crate) fn say(text: &str) {
    // A closed pipe is the reader's choice.
    let _ = writeln!(std::io::stdout(), "{text}");
}
