//! The settings of the account.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use trunkline_core::base::{Country, Currency, Money, PhoneNumber, Zone};
use trunkline_core::call::RecordingConsent;
use trunkline_engine::directory::Directory;
use trunkline_engine::ports::configuration::Account;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::Problem;

/// Most that the limit of money for a day may be, in micro-units: a million of the currency.
const SPEND_MICROS_MAX: i64 = 1_000_000_000_000;
/// Most lines that are named as never dialled.
const LINES_NAMED_MAX: usize = 20;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read, change))
}

/// Settings of the account.
#[derive(Debug, Serialize, ToSchema)]
struct AccountSettings {
    name: String,
    /// IANA time zone.
    zone: String,
    /// ISO 4217; fixed once the account exists.
    currency: String,
    /// ISO 3166 home country of the account.
    country: String,
    /// Countries that may be dialled; the operator's to change, as are the three limits below.
    countries_allowed: Vec<String>,
    /// Most calls at one time.
    max_calls: u32,
    /// Most minutes of outgoing legs in one day.
    daily_minutes_max: u32,
    /// Most that outgoing legs may cost in one day, in millionths of the currency's unit, as far as the trunks' rate cards
    /// tell; null when there is no such limit.
    daily_spend_max_micros: Option<i64>,
    /// When talks may be recorded: `notice` (once the caller heard a recording notice in the flow), `by_law` (without one
    /// too, when the law of both ends is known to allow it) or `waiver` (always, on the account's own responsibility).
    recording_consent: &'static str,
    /// Whether `recording_consent` is `waiver`.
    recording_waiver: bool,
    /// Days after which recordings are deleted; 0 keeps them until somebody deletes them.
    recording_keep_days: u32,
    /// A call that was connected for so many seconds is qualified.
    qualified_seconds: u32,
    /// Lines that numbers forward to and that these settings never let be dialled: calls that come to them are refused.
    /// At most 20.
    lines_refused: Vec<RefusedLine>,
}

/// A line of a number that is never dialled.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefusedLine)]
struct RefusedLine {
    line: String,
    line_display: String,
    /// Why, in words.
    reason: String,
}

/// Settings to change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
struct AccountSettingsInput {
    name: Option<String>,
    zone: Option<String>,
    country: Option<String>,
    countries_allowed: Option<Vec<String>>,
    max_calls: Option<u32>,
    daily_minutes_max: Option<u32>,
    /// 1 to 1000000000000 millionths; 0 for no limit.
    daily_spend_max_micros: Option<i64>,
    /// `notice`, `by_law` or `waiver`.
    recording_consent: Option<String>,
    /// True is `waiver`; false, where that was so, `notice`. `recording_consent` says it better.
    recording_waiver: Option<bool>,
    /// 1 to 3650; 0 keeps recordings until somebody deletes them.
    recording_keep_days: Option<u32>,
    /// 1 to 7200.
    qualified_seconds: Option<u32>,
}

/// The settings of the account.
#[utoipa::path(get, path = "/settings/account", tag = "access", operation_id = "accountSettings", responses((status = 200, body = AccountSettings)))]
async fn read(State(app): State<App>, caller: Caller) -> Result<Json<AccountSettings>, Problem> {
    caller.may(Need::Read)?;
    let directory = app.backend.directory.now();
    let account = directory
        .account(caller.account)
        .ok_or_else(|| Problem::not_found("account"))?;
    Ok(Json(settings(account, &directory)))
}

/// Changes the settings of the account.
#[utoipa::path(patch, path = "/settings/account", tag = "access", operation_id = "changeAccountSettings", request_body = AccountSettingsInput, responses((status = 200, body = AccountSettings), (status = 422, body = Problem)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<AccountSettingsInput>,
) -> Result<Json<AccountSettings>, Problem> {
    caller.may(Need::Own)?;
    let directory = app.backend.directory.now();
    let mut account = Account::clone(
        directory
            .account(caller.account)
            .ok_or_else(|| Problem::not_found("account"))?,
    );
    if let Some(name) = &input.name {
        account.name = name.trim().to_owned();
    }
    if let Some(zone) = &input.zone {
        account.zone = Zone::parse(zone).map_err(|e| Problem::invalid("zone", e.to_string()))?;
    }
    if let Some(code) = &input.country {
        account.country = country("country", code)?;
    }
    if let Some(codes) = &input.countries_allowed {
        account.toll.countries_allowed = codes
            .iter()
            .map(|c| country("countries_allowed", c))
            .collect::<Result<_, _>>()?;
    }
    account.toll.concurrent_calls_max =
        input.max_calls.unwrap_or(account.toll.concurrent_calls_max);
    account.toll.daily_minutes_max = input
        .daily_minutes_max
        .unwrap_or(account.toll.daily_minutes_max);
    if let Some(micros) = input.daily_spend_max_micros {
        account.toll.daily_spend_max = spend_max(micros, account.currency)?;
    }
    account.recording_consent = consent(&input, account.recording_consent)?;
    if let Some(days) = input.recording_keep_days {
        account.recording_keep_days = Some(days).filter(|days| *days > 0);
    }
    account.qualified_seconds = input.qualified_seconds.unwrap_or(account.qualified_seconds);
    // What may be dialled is the operator's risk: an owner alone cannot widen it.
    if directory
        .account(caller.account)
        .is_some_and(|before| before.toll != account.toll)
    {
        caller.may(Need::Operate)?;
    }
    app.backend.setup.put_account(&account).await?;
    Ok(Json(settings(&account, &app.backend.directory.now())))
}

/// The limit of money for a day; nothing for none.
fn spend_max(micros: i64, currency: Currency) -> Result<Option<Money>, Problem> {
    if !(0..=SPEND_MICROS_MAX).contains(&micros) {
        return Err(Problem::invalid(
            "daily_spend_max_micros",
            format!(
                "Write 1 to {SPEND_MICROS_MAX} millionths of the currency's unit, or 0 for no limit."
            ),
        ));
    }
    Ok((micros > 0).then(|| Money::from_micros(micros, currency)))
}

fn consent(
    input: &AccountSettingsInput,
    before: RecordingConsent,
) -> Result<RecordingConsent, Problem> {
    if let Some(word) = &input.recording_consent {
        return RecordingConsent::from_word(word).ok_or_else(|| {
            let message = format!("`{word}` is not known; write notice, by_law or waiver.");
            Problem::invalid("recording_consent", message)
        });
    }
    Ok(match input.recording_waiver {
        Some(true) => RecordingConsent::Waiver,
        Some(false) if before == RecordingConsent::Waiver => RecordingConsent::Notice,
        Some(false) | None => before,
    })
}

fn country(field: &'static str, code: &str) -> Result<Country, Problem> {
    code.parse()
        .map_err(|_| Problem::invalid(field, format!("`{code}` is not a country code such as US.")))
}

/// The lines of an account's numbers that its toll rules never let be dialled, each once.
fn lines_refused(account: &Account, directory: &Directory) -> Vec<RefusedLine> {
    let numbers = directory.numbers_of(account.id);
    let lines: BTreeSet<PhoneNumber> = numbers
        .into_iter()
        .flat_map(|number| [Some(number.business_line), number.second_line])
        .flatten()
        .collect();
    let refused = lines.into_iter().filter_map(|line| {
        let refusal = account.toll.allows(line).err()?;
        Some(RefusedLine {
            line: line.to_string(),
            line_display: line.display_for(account.country),
            reason: refusal.to_string(),
        })
    });
    refused.take(LINES_NAMED_MAX).collect()
}

fn settings(account: &Account, directory: &Directory) -> AccountSettings {
    AccountSettings {
        name: account.name.clone(),
        zone: account.zone.name().to_owned(),
        currency: account.currency.code().to_owned(),
        country: account.country.code().to_owned(),
        countries_allowed: account
            .toll
            .countries_allowed
            .iter()
            .map(|c| c.code().to_owned())
            .collect(),
        max_calls: account.toll.concurrent_calls_max,
        daily_minutes_max: account.toll.daily_minutes_max,
        daily_spend_max_micros: account.toll.daily_spend_max.map(Money::micros),
        recording_consent: account.recording_consent.word(),
        recording_waiver: account.recording_consent == RecordingConsent::Waiver,
        recording_keep_days: account.recording_keep_days.unwrap_or(0),
        qualified_seconds: account.qualified_seconds,
        lines_refused: lines_refused(account, directory),
    }
}
