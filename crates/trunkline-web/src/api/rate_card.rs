//! The rate card of a trunk on the wire, and what the minutes of a call cost by it.

use serde::{Deserialize, Serialize};
use trunkline_core::base::{Currency, Money};
use trunkline_core::call::trunk::rates::PREFIXES_MAX;
use trunkline_core::call::trunk::{Increments, LegRate, Prefix, RateCard, RateError};
use trunkline_engine::directory::Directory;
use trunkline_engine::ports::calls::{CallRow, LegRow};
use utoipa::ToSchema;

use crate::problem::Problem;

/// What a trunk's carrier takes for minutes. A caller's leg has one rate; a dialled leg that of the longest prefix which its
/// number begins with, else `outbound`. What has no rate costs something that nobody knows.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = TrunkRateCard)]
pub(super) struct RateCardItem {
    /// ISO 4217; left out, that of the account. On calls of accounts with another currency the card says nothing.
    #[serde(default)]
    currency: Option<String>,
    /// For callers' legs.
    inbound: Option<RateItem>,
    /// For dialled numbers that no prefix is for.
    outbound: Option<RateItem>,
    /// At most 1000.
    #[serde(default)]
    prefixes: Vec<PrefixItem>,
}

/// What a minute costs. Time that is begun is counted whole: the first step of every answered leg, then in the next ones. A
/// cost is rounded up to the millionth.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = TrunkRate)]
pub(super) struct RateItem {
    /// In millionths of the currency's unit: 6000 is 0.006.
    per_minute_micros: i64,
    /// The first step, in seconds: 1 to 3600.
    first_s: u16,
    /// The steps after it, in seconds: 1 to 3600.
    next_s: u16,
}

/// The rate of numbers with a prefix.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = TrunkPrefixRate)]
pub(super) struct PrefixItem {
    /// First digits with the country code, such as +1 or +4477.
    prefix: String,
    #[serde(flatten)]
    rate: RateItem,
}

impl From<LegRate> for RateItem {
    fn from(rate: LegRate) -> Self {
        Self {
            per_minute_micros: rate.per_minute().micros(),
            first_s: rate.increments().first_s(),
            next_s: rate.increments().next_s(),
        }
    }
}

impl RateItem {
    fn rate(&self, currency: Currency) -> Result<LegRate, RateError> {
        let per_minute = Money::from_micros(self.per_minute_micros, currency);
        LegRate::new(per_minute, Increments::new(self.first_s, self.next_s)?)
    }
}

impl From<&RateCard> for RateCardItem {
    fn from(card: &RateCard) -> Self {
        let prefixes = card.prefixes().iter();
        Self {
            currency: Some(card.currency().code().to_owned()),
            inbound: card.inbound().map(RateItem::from),
            outbound: card.outbound().map(RateItem::from),
            prefixes: prefixes
                .map(|(prefix, rate)| PrefixItem {
                    prefix: prefix.to_string(),
                    rate: (*rate).into(),
                })
                .collect(),
        }
    }
}

/// Reads a card; one that says nothing is none. `own` is the currency of the account.
pub(super) fn read(input: &RateCardItem, own: Currency) -> Result<Option<RateCard>, Problem> {
    let currency = match input.currency.as_deref().map(str::trim) {
        None | Some("") => own,
        Some(code) => code.parse().map_err(|_| {
            wrong(
                "currency",
                "Write a currency of three capitals, such as USD.",
            )
        })?,
    };
    let rate = |field: &'static str, item: &Option<RateItem>| {
        let rate = item.as_ref().map(|item| item.rate(currency)).transpose();
        rate.map_err(|error| wrong(field, sentence(&error)))
    };
    let inbound = rate("inbound", &input.inbound)?;
    let outbound = rate("outbound", &input.outbound)?;
    let mut prefixes = Vec::with_capacity(input.prefixes.len().min(PREFIXES_MAX));
    for (row, item) in (1..).zip(&input.prefixes) {
        let told = |error: RateError| wrong("prefixes", format!("Row {row}: {error}."));
        let prefix = Prefix::parse(&item.prefix).map_err(told)?;
        prefixes.push((prefix, item.rate.rate(currency).map_err(told)?));
    }
    let card = RateCard::new(currency, inbound, outbound, prefixes);
    let card = card.map_err(|error| wrong("prefixes", sentence(&error)))?;
    Ok((!card.is_empty()).then_some(card))
}

fn wrong(field: &str, detail: impl Into<String>) -> Problem {
    Problem::invalid(format!("rate_card.{field}"), detail)
}

fn sentence(error: &RateError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// What the minutes of a call cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallCost)]
pub(super) struct CallCostItem {
    currency: String,
    /// All that is known, in millionths.
    micros: i64,
    /// Whether the rate of each leg is known.
    whole: bool,
    legs: Vec<CallCostLeg>,
}

/// A leg that used minutes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallCostLeg)]
pub(super) struct CallCostLeg {
    /// Its trunk.
    trunk: String,
    trunk_name: String,
    /// The dialled number; null for the caller's own leg.
    to_display: Option<String>,
    connected_ms: i64,
    /// In millionths; null when its trunk has no rate for it.
    micros: Option<i64>,
}

/// What a call cost, once it ended and when that is known.
pub(super) fn cost_of(
    call: &CallRow,
    directory: &Directory,
    display: impl Fn(trunkline_core::base::PhoneNumber) -> String,
) -> Option<CallCostItem> {
    let cost = call.cost?;
    let leg = |leg: &LegRow| CallCostLeg {
        trunk: leg.trunk.to_string(),
        trunk_name: directory
            .profile(leg.trunk)
            .map_or_else(|| "Removed trunk".to_owned(), |trunk| trunk.name.clone()),
        to_display: leg.to.map(&display),
        connected_ms: leg.connected_ms.unwrap_or(0),
        micros: leg.cost.map(Money::micros),
    };
    Some(CallCostItem {
        currency: cost.total.currency().code().to_owned(),
        micros: cost.total.micros(),
        whole: call.legs.iter().all(|leg| leg.cost.is_some()),
        legs: call.legs.iter().map(leg).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const USD: Currency = Currency::USD;

    fn told(json: &str) -> String {
        let input: RateCardItem = serde_json::from_str(json).expect(json);
        let problem = read(&input, USD).expect_err(json);
        serde_json::to_string(&problem).expect("a problem")
    }

    #[test]
    fn a_card_is_read_as_it_was_shown() {
        let json = r#"{"inbound": {"per_minute_micros": 5500, "first_s": 6, "next_s": 6}, "prefixes":
            [{"prefix": "44 77", "per_minute_micros": 40000, "first_s": 30, "next_s": 6}]}"#;
        let input: RateCardItem = serde_json::from_str(json).expect(json);
        let card = read(&input, USD).expect("no problem").expect("a card");
        assert_eq!(card.currency(), USD);
        let shown = RateCardItem::from(&card);
        let again = read(&shown, "EUR".parse().expect("a currency"));
        assert_eq!(again.expect("no problem"), Some(card));
        assert_eq!(shown.prefixes[0].prefix, "+4477");
    }

    #[test]
    fn a_card_that_says_nothing_is_none() {
        let input: RateCardItem = serde_json::from_str("{}").expect("a card");
        assert_eq!(read(&input, USD).expect("no problem"), None);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_field_and_row() {
        let rate = r#""per_minute_micros": 5500, "first_s": 6, "next_s": 6"#;
        for (json, field, words) in [
            (
                r#"{"currency": "dollars"}"#.to_owned(),
                "rate_card.currency",
                "such as USD",
            ),
            (
                r#"{"inbound": {"per_minute_micros": -1, "first_s": 6, "next_s": 6}}"#.to_owned(),
                "rate_card.inbound",
                "for a minute",
            ),
            (
                r#"{"outbound": {"per_minute_micros": 1, "first_s": 0, "next_s": 6}}"#.to_owned(),
                "rate_card.outbound",
                "1 to 3600 seconds",
            ),
            (
                format!(
                    r#"{{"prefixes": [{{"prefix": "1", {rate}}}, {{"prefix": "0", {rate}}}]}}"#
                ),
                "rate_card.prefixes",
                "Row 2: `0` begins no number",
            ),
            (
                format!(
                    r#"{{"prefixes": [{{"prefix": "1", {rate}}}, {{"prefix": "+1", {rate}}}]}}"#
                ),
                "rate_card.prefixes",
                "+1 is there twice",
            ),
        ] {
            let told = told(&json);
            assert!(
                told.contains(field) && told.contains(words),
                "{json}: {told}"
            );
        }
    }
}
