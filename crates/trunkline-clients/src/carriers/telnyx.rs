//! Telnyx's API v2: JSON, a bearer key, pages by number. Numbers are ordered, and an order is known by our own reference.
//! Calls go to a connection: the SIP connection, or the TeXML application that names our voice webhook.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use trunkline_core::base::PhoneNumber;
use trunkline_engine::ports::carriers::{
    CarrierAccount, CarrierError, HeldNumber, HeldNumbers, Identity, LineKind, NumberOffer,
    NumberOrder, NumberSearch, Ordered, Pointing,
};
use url::Url;

use super::http::{Answer, Http, Proof, Request, Sent, refused, unknown};
use super::{PAGE_SIZE, PAGES_MAX, plain_name, price};

const API: &str = "https://api.telnyx.com";

/// An account.
pub(super) struct Telnyx<'a> {
    http: &'a Http,
    carrier: &'a CarrierAccount,
    base: String,
}

impl<'a> Telnyx<'a> {
    #[expect(clippy::unnecessary_wraps, reason = "as its neighbour")]
    pub(super) fn new(http: &'a Http, carrier: &'a CarrierAccount) -> Result<Self, CarrierError> {
        let own = carrier.api_url.as_deref().unwrap_or(API);
        Ok(Self {
            http,
            carrier,
            base: format!("{}/v2", own.trim_end_matches('/')),
        })
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        sent: Option<&Value>,
    ) -> Result<Answer, CarrierError> {
        let mut url = Url::parse(&format!("{}{path}", self.base))
            .map_err(|_| unknown(false, "its address cannot be read"))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let changes = method != Method::GET;
        let request = Request {
            method,
            url,
            proof: Proof::Bearer(self.carrier.key.reveal()),
            sent: sent.map_or(Sent::Nothing, Sent::Json),
            changes,
        };
        self.http.send(request).await
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, CarrierError> {
        let answer = self.ask(Method::GET, path, query, None).await?;
        if answer.status.is_success() {
            return Ok(answer.json);
        }
        Err(refused(&answer))
    }

    pub(super) async fn identity(&self) -> Result<Identity, CarrierError> {
        let told = self.get("/whoami", &[]).await;
        let told = match told {
            Ok(told) => told,
            // Keys with few rights may not ask who they are; the balance they may.
            Err(CarrierError::NotLetIn(_) | CarrierError::Refused(_)) => {
                self.get("/balance", &[]).await?
            }
            Err(error) => return Err(error),
        };
        let data = &told["data"];
        let name = ["organization_name", "email", "user_email", "id"]
            .iter()
            .find_map(|field| data[*field].as_str().filter(|text| !text.is_empty()));
        Ok(Identity {
            name: name.unwrap_or("Telnyx account").chars().take(200).collect(),
            trouble: None,
        })
    }

    pub(super) async fn offers(
        &self,
        search: &NumberSearch,
    ) -> Result<Vec<NumberOffer>, CarrierError> {
        let kind = match search.kind {
            LineKind::Local => "local",
            LineKind::TollFree => "toll_free",
            LineKind::Mobile => "mobile",
        };
        let limit = search.limit.to_string();
        let mut query = vec![
            ("filter[country_code]", search.country.code()),
            ("filter[phone_number_type]", kind),
            ("filter[features]", "voice"),
            ("filter[limit]", limit.as_str()),
        ];
        if let Some(area) = &search.area_code {
            query.push(("filter[national_destination_code]", area));
        }
        if let Some(digits) = &search.contains {
            query.push(("filter[phone_number][contains]", digits));
        }
        let told = self.get("/available_phone_numbers", &query).await?;
        let offer = |item: &Value| {
            let number = PhoneNumber::parse_e164(item["phone_number"].as_str()?).ok()?;
            let cost = &item["cost_information"];
            let currency = cost["currency"].as_str().unwrap_or_default();
            Some(NumberOffer {
                number,
                place: place(&item["region_information"]),
                monthly: price(&cost["monthly_cost"], currency),
                setup: price(&cost["upfront_cost"], currency),
            })
        };
        Ok(list(&told)?.iter().filter_map(offer).collect())
    }

    pub(super) async fn held(&self) -> Result<HeldNumbers, CarrierError> {
        let mut held = HeldNumbers::default();
        let size = PAGE_SIZE.to_string();
        for page in 1..=PAGES_MAX {
            let page = page.to_string();
            let query = [
                ("page[number]", page.as_str()),
                ("page[size]", size.as_str()),
            ];
            let told = self.get("/phone_numbers", &query).await?;
            held.numbers.extend(list(&told)?.iter().filter_map(number));
            let pages = told["meta"]["total_pages"].as_u64().unwrap_or(1);
            if told["meta"]["page_number"].as_u64().unwrap_or(1) >= pages {
                return Ok(held);
            }
        }
        held.more = true;
        Ok(held)
    }

    pub(super) async fn find(
        &self,
        wanted: PhoneNumber,
    ) -> Result<Option<HeldNumber>, CarrierError> {
        let text = wanted.to_string();
        let query = [("filter[phone_number]", text.as_str())];
        let told = self.get("/phone_numbers", &query).await?;
        Ok(list(&told)?
            .iter()
            .filter_map(number)
            .find(|held| held.number == wanted))
    }

    pub(super) async fn buy(&self, order: &NumberOrder) -> Result<Ordered, CarrierError> {
        // Nothing was ordered yet if this breaks off.
        let connection = self.connection(&order.pointing).await.map_err(harmless)?;
        let body = json!({
            "phone_numbers": [{"phone_number": order.number.to_string()}],
            "connection_id": connection,
            "customer_reference": order.reference,
        });
        let answer = self
            .ask(Method::POST, "/number_orders", &[], Some(&body))
            .await?;
        if !answer.status.is_success() {
            // Why is told in words alone; whether the number is still offered can be asked.
            return Err(match self.is_offered(order).await {
                Ok(false) => CarrierError::NotOffered,
                Ok(true) | Err(_) => refused(&answer),
            });
        }
        self.standing(&answer.json["data"], order.number).await
    }

    /// Whether a number is still offered. It is searched for without its country's code.
    async fn is_offered(&self, order: &NumberOrder) -> Result<bool, CarrierError> {
        let national = order.number.national_digits();
        let query = [
            ("filter[country_code]", order.country.code()),
            ("filter[phone_number][contains]", national.as_str()),
        ];
        let told = self.get("/available_phone_numbers", &query).await?;
        let e164 = order.number.to_string();
        Ok(list(&told)?
            .iter()
            .any(|each| each["phone_number"] == e164.as_str()))
    }

    /// Where an order stands.
    async fn standing(&self, data: &Value, number: PhoneNumber) -> Result<Ordered, CarrierError> {
        match data["status"].as_str() {
            // The list follows the order a moment later.
            Some("success") => match self.find(number).await {
                Ok(Some(held)) => Ok(Ordered::Done(held)),
                Ok(None) => Ok(Ordered::Pending),
                Err(error) => Err(CarrierError::Unclear(error.to_string())),
            },
            Some("failure" | "failed" | "cancelled" | "canceled") => {
                Ok(Ordered::Refused("the order failed there".to_owned()))
            }
            Some(_) => Ok(Ordered::Pending),
            None => Err(unknown(true, "its answer names no order")),
        }
    }

    pub(super) async fn ordered(
        &self,
        reference: &str,
        number: PhoneNumber,
    ) -> Result<Ordered, CarrierError> {
        let query = [("filter[customer_reference]", reference)];
        let told = self.get("/number_orders", &query).await?;
        let ours = list(&told)?
            .iter()
            .find(|each| each["customer_reference"] == reference);
        match ours {
            Some(data) => self.standing(data, number).await,
            None => Ok(Ordered::Nothing),
        }
    }

    pub(super) async fn point(&self, name: &str, to: &Pointing) -> Result<(), CarrierError> {
        let connection = self.connection(to).await?;
        let path = format!("/phone_numbers/{}", plain_name(name)?);
        let body = json!({"connection_id": connection});
        let answer = self.ask(Method::PATCH, &path, &[], Some(&body)).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        Err(refused(&answer))
    }

    /// The connection that leads calls here: a TeXML application with our addresses is made when there is none.
    async fn connection(&self, to: &Pointing) -> Result<String, CarrierError> {
        let (call_url, status_url) = match to {
            Pointing::Sip(connection) => return Ok(connection.clone()),
            Pointing::Webhook {
                call_url,
                status_url,
            } => (call_url, status_url),
        };
        let size = PAGE_SIZE.to_string();
        for page in 1..=PAGES_MAX {
            let page = page.to_string();
            let query = [
                ("page[number]", page.as_str()),
                ("page[size]", size.as_str()),
            ];
            let told = self.get("/texml_applications", &query).await?;
            let ours = list(&told)?
                .iter()
                .find(|each| each["voice_url"] == call_url.as_str());
            if let Some(id) = ours.and_then(|each| each["id"].as_str()) {
                return Ok(plain_name(id)?.to_owned());
            }
            let pages = told["meta"]["total_pages"].as_u64().unwrap_or(1);
            if told["meta"]["page_number"].as_u64().unwrap_or(1) >= pages {
                break;
            }
        }
        let body = json!({
            "friendly_name": "Trunkline",
            "voice_url": call_url,
            "voice_method": "post",
            "status_callback": status_url,
            "status_callback_method": "post",
        });
        let answer = self
            .ask(Method::POST, "/texml_applications", &[], Some(&body))
            .await?;
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        let id = answer.json["data"]["id"].as_str();
        let id = id.ok_or_else(|| unknown(false, "its answer names no application"))?;
        Ok(plain_name(id)?.to_owned())
    }

    pub(super) async fn give_back(&self, name: &str) -> Result<(), CarrierError> {
        let path = format!("/phone_numbers/{}", plain_name(name)?);
        let answer = self.ask(Method::DELETE, &path, &[], None).await?;
        if answer.status.is_success() || answer.status == StatusCode::NOT_FOUND {
            return Ok(());
        }
        Err(refused(&answer))
    }
}

/// An application that may have been made costs nothing, and is found by the next try.
fn harmless(error: CarrierError) -> CarrierError {
    match error {
        CarrierError::Unclear(words) => CarrierError::Unreachable(words),
        other => other,
    }
}

fn number(item: &Value) -> Option<HeldNumber> {
    Some(HeldNumber {
        name: plain_name(item["id"].as_str()?).ok()?.to_owned(),
        number: PhoneNumber::parse_e164(item["phone_number"].as_str()?).ok()?,
    })
}

fn list(told: &Value) -> Result<&Vec<Value>, CarrierError> {
    let items = told["data"].as_array();
    items.ok_or_else(|| unknown(false, "its answer holds no list"))
}

/// City and state of Telnyx's list of regions.
fn place(regions: &Value) -> String {
    let regions = regions.as_array().map(Vec::as_slice).unwrap_or_default();
    let named = |kinds: &[&str]| {
        let of_kind = |each: &&Value| {
            each["region_type"]
                .as_str()
                .is_some_and(|kind| kinds.contains(&kind))
        };
        let region = regions.iter().find(of_kind);
        region.and_then(|each| each["region_name"].as_str())
    };
    let parts = [named(&["rate_center", "location"]), named(&["state"])];
    let told: Vec<&str> = parts
        .into_iter()
        .flatten()
        .filter(|p| !p.is_empty())
        .collect();
    told.join(", ").chars().take(100).collect()
}
