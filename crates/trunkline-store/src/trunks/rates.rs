//! A trunk's rate card in its column, as JSON: what is in it is only ever read together.

use serde::{Deserialize, Serialize};
use trunkline_core::base::{Currency, Money};
use trunkline_core::call::trunk::{Increments, LegRate, Prefix, RateCard, RateError};

use crate::db::{DbError, Row};

#[derive(Serialize, Deserialize)]
struct StoredCard {
    currency: String,
    inbound: Option<StoredRate>,
    outbound: Option<StoredRate>,
    prefixes: Vec<(String, StoredRate)>,
}

#[derive(Serialize, Deserialize)]
struct StoredRate {
    per_minute_micros: i64,
    first_s: u16,
    next_s: u16,
}

impl From<LegRate> for StoredRate {
    fn from(rate: LegRate) -> Self {
        Self {
            per_minute_micros: rate.per_minute().micros(),
            first_s: rate.increments().first_s(),
            next_s: rate.increments().next_s(),
        }
    }
}

impl StoredRate {
    fn rate(&self, currency: Currency) -> Result<LegRate, RateError> {
        let per_minute = Money::from_micros(self.per_minute_micros, currency);
        LegRate::new(per_minute, Increments::new(self.first_s, self.next_s)?)
    }
}

impl StoredCard {
    fn card(&self, currency: Currency) -> Result<RateCard, RateError> {
        let rate = |stored: &Option<StoredRate>| {
            let stored = stored.as_ref();
            stored.map(|stored| stored.rate(currency)).transpose()
        };
        let prefixes = self.prefixes.iter().map(|(prefix, stored)| {
            let rate = stored.rate(currency)?;
            Ok((Prefix::parse(prefix)?, rate))
        });
        let prefixes = prefixes.collect::<Result<Vec<_>, RateError>>()?;
        RateCard::new(
            currency,
            rate(&self.inbound)?,
            rate(&self.outbound)?,
            prefixes,
        )
    }
}

/// A card as its column holds it.
pub(super) fn text_of(card: &RateCard) -> Result<String, DbError> {
    let prefixes = card.prefixes().iter();
    let stored = StoredCard {
        currency: card.currency().code().to_owned(),
        inbound: card.inbound().map(StoredRate::from),
        outbound: card.outbound().map(StoredRate::from),
        prefixes: prefixes
            .map(|(prefix, rate)| (prefix.to_string(), (*rate).into()))
            .collect(),
    };
    serde_json::to_string(&stored).map_err(|error| DbError::other("write a rate card", error))
}

/// The card of a trunk's row.
pub(super) fn read(row: &Row) -> Result<Option<RateCard>, DbError> {
    let Some(text) = row.get::<Option<String>>("rate_card")? else {
        return Ok(None);
    };
    let bad = |error: String| DbError::other("read a rate card", error);
    let stored: StoredCard = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
    let currency = stored.currency.parse::<Currency>();
    let currency = currency.map_err(|error| bad(error.to_string()))?;
    let card = stored.card(currency).map_err(|e| bad(e.to_string()))?;
    Ok(Some(card))
}
