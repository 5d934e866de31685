//! Twilio's REST API of 2010-04-01, as Twilio and SignalWire speak it: form-encoded, Basic authentication, lists by
//! `next_page_uri`. Prices come from Twilio's pricing API; SignalWire has none.

use reqwest::{Method, StatusCode};
use serde_json::Value;
use trunkline_core::base::{Country, PhoneNumber};
use trunkline_engine::ports::carriers::{
    CarrierAccount, CarrierError, HeldNumber, HeldNumbers, Identity, LineKind, NumberOffer,
    NumberOrder, NumberSearch, Ordered, Pointing,
};
use trunkline_engine::ports::webhooks::Dialect;
use url::Url;

use super::http::{Answer, Http, Proof, Request, Sent, refused, unknown};
use super::{PAGE_SIZE, PAGES_MAX, plain_name, price};

const API: &str = "https://api.twilio.com";
const PRICING: &str = "https://pricing.twilio.com";
/// Twilio's code for a number that is not for sale (any more).
const NOT_AVAILABLE: i64 = 21_422;

/// An account.
pub(super) struct Twilio<'a> {
    http: &'a Http,
    carrier: &'a CarrierAccount,
    /// Where the account lies, without a slash at its end.
    account: String,
    /// Where prices are told, if anywhere.
    pricing: Option<String>,
    user: &'a str,
}

impl<'a> Twilio<'a> {
    pub(super) fn new(http: &'a Http, carrier: &'a CarrierAccount) -> Result<Self, CarrierError> {
        let user = plain_name(&carrier.user)?;
        let own = carrier
            .api_url
            .as_deref()
            .map(|url| url.trim_end_matches('/'));
        let (base, pricing) = match carrier.dialect {
            Dialect::SignalWire => (format!("{}/api/laml", own.unwrap_or_default()), None),
            Dialect::Twilio | Dialect::Telnyx => (
                own.unwrap_or(API).to_owned(),
                Some(own.unwrap_or(PRICING).to_owned()),
            ),
        };
        Ok(Self {
            http,
            carrier,
            account: format!("{base}/2010-04-01/Accounts/{user}"),
            pricing,
            user,
        })
    }

    async fn ask(
        &self,
        method: Method,
        url: Url,
        form: &[(&str, &str)],
    ) -> Result<Answer, CarrierError> {
        let changes = method != Method::GET;
        let request = Request {
            method,
            url,
            proof: Proof::Basic(self.user, self.carrier.key.reveal()),
            sent: if form.is_empty() {
                Sent::Nothing
            } else {
                Sent::Form(form)
            },
            changes,
        };
        self.http.send(request).await
    }

    async fn get(&self, url: Url) -> Result<Value, CarrierError> {
        let answer = self.ask(Method::GET, url, &[]).await?;
        if answer.status.is_success() {
            return Ok(answer.json);
        }
        Err(refused(&answer))
    }

    fn url(&self, path: &str) -> Result<Url, CarrierError> {
        address(&format!("{}{path}", self.account))
    }

    pub(super) async fn identity(&self) -> Result<Identity, CarrierError> {
        let told = self.get(self.url(".json")?).await?;
        let status = told["status"].as_str().unwrap_or("active");
        Ok(Identity {
            name: told["friendly_name"]
                .as_str()
                .unwrap_or(self.user)
                .to_owned(),
            trouble: (status != "active").then(|| status.to_owned()),
        })
    }

    pub(super) async fn offers(
        &self,
        search: &NumberSearch,
    ) -> Result<Vec<NumberOffer>, CarrierError> {
        let kind = match search.kind {
            LineKind::Local => "Local",
            LineKind::TollFree => "TollFree",
            LineKind::Mobile => "Mobile",
        };
        let path = format!(
            "/AvailablePhoneNumbers/{}/{kind}.json",
            search.country.code()
        );
        let mut url = self.url(&path)?;
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("PageSize", &search.limit.to_string());
            query.append_pair("VoiceEnabled", "true");
            if let Some(area) = &search.area_code {
                query.append_pair("AreaCode", area);
            }
            if let Some(digits) = &search.contains {
                query.append_pair("Contains", digits);
            }
        }
        let answer = self.ask(Method::GET, url, &[]).await?;
        // A country, or a kind of number in it, that is not sold has no page.
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(Vec::new());
        }
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        let monthly = self.monthly(search.country, search.kind).await?;
        let listed = list(&answer.json, "available_phone_numbers")?;
        let offer = |item: &Value| {
            let number = PhoneNumber::parse_e164(item["phone_number"].as_str()?).ok()?;
            Some(NumberOffer {
                number,
                place: place(&item["locality"], &item["region"]),
                monthly,
                setup: None,
            })
        };
        Ok(listed.iter().filter_map(offer).collect())
    }

    /// What a number of a kind costs a month in this account.
    async fn monthly(
        &self,
        country: Country,
        kind: LineKind,
    ) -> Result<Option<trunkline_core::base::Money>, CarrierError> {
        let Some(pricing) = &self.pricing else {
            return Ok(None);
        };
        let url = format!("{pricing}/v1/PhoneNumbers/Countries/{}", country.code());
        let told = self.get(address(&url)?).await?;
        let wanted = match kind {
            LineKind::Local => "local",
            LineKind::TollFree => "toll free",
            LineKind::Mobile => "mobile",
        };
        let currency = told["price_unit"].as_str().unwrap_or_default();
        let prices = told["phone_number_prices"].as_array();
        let of_kind = prices.into_iter().flatten().find(|each| {
            let named = each["number_type"].as_str().unwrap_or_default();
            named.replace('_', " ").eq_ignore_ascii_case(wanted)
        });
        Ok(of_kind.and_then(|each| price(&each["current_price"], currency)))
    }

    pub(super) async fn held(&self) -> Result<HeldNumbers, CarrierError> {
        let mut next = self.url("/IncomingPhoneNumbers.json")?;
        next.query_pairs_mut()
            .append_pair("PageSize", &PAGE_SIZE.to_string());
        let mut held = HeldNumbers::default();
        for _ in 0..PAGES_MAX {
            let page = self.get(next.clone()).await?;
            held.numbers.extend(
                list(&page, "incoming_phone_numbers")?
                    .iter()
                    .filter_map(number),
            );
            let Some(uri) = page["next_page_uri"].as_str().filter(|uri| !uri.is_empty()) else {
                return Ok(held);
            };
            let following = next
                .join(uri)
                .map_err(|_| unknown(false, "its next page lies nowhere"))?;
            // The key is for the carrier, not for whom a page names.
            if following.origin() != next.origin() {
                return Err(unknown(false, "its next page lies elsewhere"));
            }
            next = following;
        }
        held.more = true;
        Ok(held)
    }

    pub(super) async fn find(
        &self,
        wanted: PhoneNumber,
    ) -> Result<Option<HeldNumber>, CarrierError> {
        let mut url = self.url("/IncomingPhoneNumbers.json")?;
        url.query_pairs_mut()
            .append_pair("PhoneNumber", &wanted.to_string());
        let page = self.get(url).await?;
        let listed = list(&page, "incoming_phone_numbers")?;
        Ok(listed
            .iter()
            .filter_map(number)
            .find(|held| held.number == wanted))
    }

    pub(super) async fn buy(&self, order: &NumberOrder) -> Result<Ordered, CarrierError> {
        let phone = order.number.to_string();
        let mut form = vec![
            ("PhoneNumber", phone.as_str()),
            ("FriendlyName", order.reference.as_str()),
        ];
        // A field that is empty takes something off, and a new number has nothing yet.
        let to = pointing(&order.pointing);
        form.extend(to.into_iter().filter(|(_, value)| !value.is_empty()));
        let url = self.url("/IncomingPhoneNumbers.json")?;
        let answer = self.ask(Method::POST, url, &form).await?;
        if answer.status.is_success() {
            let held = number(&answer.json).filter(|held| held.number == order.number);
            return held
                .map(Ordered::Done)
                .ok_or_else(|| unknown(true, "its answer names no number"));
        }
        if answer.json["code"].as_i64() == Some(NOT_AVAILABLE) {
            return Err(CarrierError::Sold);
        }
        Err(refused(&answer))
    }

    /// By the number alone: an order has no name there.
    pub(super) async fn ordered(
        &self,
        _reference: &str,
        number: PhoneNumber,
    ) -> Result<Ordered, CarrierError> {
        let held = self.find(number).await?;
        Ok(held.map_or(Ordered::Nothing, Ordered::Done))
    }

    pub(super) async fn point(&self, name: &str, to: &Pointing) -> Result<(), CarrierError> {
        let url = self.url(&format!("/IncomingPhoneNumbers/{}.json", plain_name(name)?))?;
        let answer = self.ask(Method::POST, url, &pointing(to)).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        Err(refused(&answer))
    }

    pub(super) async fn give_back(&self, name: &str) -> Result<(), CarrierError> {
        let url = self.url(&format!("/IncomingPhoneNumbers/{}.json", plain_name(name)?))?;
        let answer = self.ask(Method::DELETE, url, &[]).await?;
        if answer.status.is_success() || answer.status == StatusCode::NOT_FOUND {
            return Ok(());
        }
        Err(refused(&answer))
    }
}

/// Where calls go, as fields of a number. At Twilio a SIP trunk goes before an application, and an application before the
/// addresses, so a webhook takes both off.
fn pointing(to: &Pointing) -> Vec<(&str, &str)> {
    match to {
        Pointing::Webhook {
            call_url,
            status_url,
        } => vec![
            ("TrunkSid", ""),
            ("VoiceApplicationSid", ""),
            ("VoiceUrl", call_url),
            ("VoiceMethod", "POST"),
            ("StatusCallback", status_url),
            ("StatusCallbackMethod", "POST"),
        ],
        Pointing::Sip(trunk) => vec![("TrunkSid", trunk)],
    }
}

fn number(item: &Value) -> Option<HeldNumber> {
    Some(HeldNumber {
        name: plain_name(item["sid"].as_str()?).ok()?.to_owned(),
        number: PhoneNumber::parse_e164(item["phone_number"].as_str()?).ok()?,
    })
}

fn list<'v>(page: &'v Value, name: &str) -> Result<&'v Vec<Value>, CarrierError> {
    let items = page[name].as_array();
    items.ok_or_else(|| unknown(false, "its answer holds no list"))
}

fn place(locality: &Value, region: &Value) -> String {
    let parts = [locality, region].map(|part| part.as_str().unwrap_or_default().trim());
    let told: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    told.join(", ").chars().take(100).collect()
}

fn address(text: &str) -> Result<Url, CarrierError> {
    Url::parse(text).map_err(|_| unknown(false, "its address cannot be read"))
}
