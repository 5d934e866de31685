//! The number APIs of carriers: Twilio's, which SignalWire speaks too (`twilio`), and Telnyx's (`telnyx`).

mod http;
mod telnyx;
mod twilio;

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use trunkline_core::base::{Money, PhoneNumber};
use trunkline_engine::ports::NumberSupply;
use trunkline_engine::ports::carriers::{
    CarrierAccount, CarrierError, HeldNumber, HeldNumbers, Identity, NumberOffer, NumberOrder,
    NumberSearch, Ordered, Pointing,
};
use trunkline_engine::ports::webhooks::Dialect;

use http::Http;
use telnyx::Telnyx;
use twilio::Twilio;

/// Longest wait for one answer.
const ANSWER_WAIT: Duration = Duration::from_secs(20);
/// Pages of a list that are read; an account with more has more than is shown.
const PAGES_MAX: usize = 20;
/// Numbers asked for in one page.
const PAGE_SIZE: usize = 100;
/// Carriers asked at one time; one more waits, and no longer than for an answer.
const AT_ONCE_MAX: usize = 8;

/// Asks carriers for numbers.
#[derive(Debug)]
pub struct CarrierClient {
    http: Http,
    places: Semaphore,
}

impl CarrierClient {
    /// Reaches the open Internet, and this machine only when `loopback` says so.
    #[must_use]
    pub const fn new(loopback: bool) -> Self {
        Self::waiting(loopback, ANSWER_WAIT)
    }

    /// As above, with another longest wait for one answer.
    #[must_use]
    pub const fn waiting(loopback: bool, wait: Duration) -> Self {
        Self {
            http: Http { loopback, wait },
            places: Semaphore::const_new(AT_ONCE_MAX),
        }
    }

    /// A place among those that ask; without one nothing was sent.
    async fn place(&self) -> Result<tokio::sync::SemaphorePermit<'_>, CarrierError> {
        let place = tokio::time::timeout(self.http.wait, self.places.acquire()).await;
        match place {
            Ok(Ok(place)) => Ok(place),
            _ => Err(CarrierError::Unreachable(
                "too many carriers are being asked".to_owned(),
            )),
        }
    }
}

/// Asks the carrier of an account in its own way.
macro_rules! asked {
    ($self:ident, $carrier:ident, $api:ident => $asked:expr) => {{
        let _place = $self.place().await?;
        match $carrier.dialect {
            Dialect::Twilio | Dialect::SignalWire => {
                let $api = Twilio::new(&$self.http, $carrier)?;
                $asked.await
            }
            Dialect::Telnyx => {
                let $api = Telnyx::new(&$self.http, $carrier)?;
                $asked.await
            }
        }
    }};
}

#[async_trait]
impl NumberSupply for CarrierClient {
    async fn identity(&self, carrier: &CarrierAccount) -> Result<Identity, CarrierError> {
        asked!(self, carrier, api => api.identity())
    }

    async fn offers(
        &self,
        carrier: &CarrierAccount,
        search: &NumberSearch,
    ) -> Result<Vec<NumberOffer>, CarrierError> {
        asked!(self, carrier, api => api.offers(search))
    }

    async fn held(&self, carrier: &CarrierAccount) -> Result<HeldNumbers, CarrierError> {
        asked!(self, carrier, api => api.held())
    }

    async fn find(
        &self,
        carrier: &CarrierAccount,
        number: PhoneNumber,
    ) -> Result<Option<HeldNumber>, CarrierError> {
        asked!(self, carrier, api => api.find(number))
    }

    async fn buy(
        &self,
        carrier: &CarrierAccount,
        order: &NumberOrder,
    ) -> Result<Ordered, CarrierError> {
        asked!(self, carrier, api => api.buy(order))
    }

    async fn ordered(
        &self,
        carrier: &CarrierAccount,
        reference: &str,
        number: PhoneNumber,
    ) -> Result<Ordered, CarrierError> {
        asked!(self, carrier, api => api.ordered(reference, number))
    }

    async fn point(
        &self,
        carrier: &CarrierAccount,
        name: &str,
        to: &Pointing,
    ) -> Result<(), CarrierError> {
        asked!(self, carrier, api => api.point(name, to))
    }

    async fn give_back(&self, carrier: &CarrierAccount, name: &str) -> Result<(), CarrierError> {
        asked!(self, carrier, api => api.give_back(name))
    }
}

/// A price as carriers write it: a decimal text, sometimes with more places than there are micro-units, sometimes a number.
fn price(value: &serde_json::Value, currency: &str) -> Option<Money> {
    let currency = currency.to_ascii_uppercase().parse().ok()?;
    let text = match value {
        serde_json::Value::String(text) => text.trim().to_owned(),
        serde_json::Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let kept = fraction.trim_end_matches('0');
    let plain = if kept.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{kept}")
    };
    Money::parse(&plain, currency)
        .ok()
        .filter(|price| price.micros() >= 0)
}

/// A carrier's name of a thing, fit to stand in an address.
fn plain_name(name: &str) -> Result<&str, CarrierError> {
    let fits = (1..=100).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    fits.then_some(name)
        .ok_or_else(|| CarrierError::Unreachable("it gives things names that cannot be".to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn prices_are_read_as_carriers_write_them_and_never_rounded() {
        for (written, micros) in [
            (json!("1.15"), Some(1_150_000)),
            (json!("1.00000000"), Some(1_000_000)),
            (json!("0"), Some(0)),
            (json!("2.000001"), Some(2_000_001)),
            (json!(3), Some(3_000_000)),
            (json!("2.0000001"), None),
            (json!("-1"), None),
            (json!("free"), None),
            (json!(null), None),
        ] {
            let told = price(&written, "usd").map(Money::micros);
            assert_eq!(told, micros, "{written}");
        }
        assert_eq!(price(&json!("1"), "dollars"), None);
    }

    #[test]
    fn names_that_would_lead_elsewhere_are_refused() {
        assert!(plain_name("PN0123abc").is_ok());
        for bad in ["", "../Accounts", "a/b", "a?b", "a b"] {
            assert!(plain_name(bad).is_err(), "{bad}");
        }
    }
}
