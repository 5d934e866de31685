//! Makes a plan of deals happen: real calls over SIP and RTP, real posts and pings over HTTP with the keys of feeds.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_core::base::PhoneNumber;

use super::people::Prospect;
use super::phones::Phones;
use super::plan::{Deal, Deals, Talk};
use crate::audio::{self, Part, Speaker, Voice};
use crate::carrier::{Carrier, CarrierError, DialPlan, HangsUp};

/// Most deals at one time; more are left out.
const DEALS_MAX: usize = 40;
/// How long an answer of the server is waited for: longer than it takes to say that a lead is not decided.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// The least that a ping asks for.
const PRICE_MIN: &str = "6.00";

/// A publisher's program: the keys of its feeds.
#[derive(Debug, Clone)]
pub struct Partner {
    /// Where the server is, such as `http://127.0.0.1:8080`.
    pub server: String,
    /// Keys of the feeds that leads are posted to, by their place in the plan.
    pub lead_keys: Vec<String>,
    /// The key of the feed that is asked for bids.
    pub bid_key: String,
}

/// What publishers are made of.
pub struct TradeConfig {
    /// What happens.
    pub deals: Deals,
    /// Makes the calls.
    pub carrier: Arc<Carrier>,
    /// Makes the requests.
    pub client: Client,
    /// The telephones of buyers.
    pub phones: Phones,
    /// The numbers of each feed that people call.
    pub numbers: Vec<Vec<PhoneNumber>>,
    /// The program.
    pub partner: Partner,
}

/// Publishers who go on until they are stopped. Dropping it stops them too.
pub struct Trade {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Drop for Trade {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Trade {
    /// Starts now.
    #[must_use]
    pub fn start(config: TradeConfig) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(run(config, tasks.clone(), stop.clone()));
        Self { tasks, stop }
    }

    /// Ends it: nobody brings anything any more. Calls are the carrier's to end.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn run(config: TradeConfig, tasks: TaskTracker, stop: CancellationToken) {
    let start = Instant::now();
    let places = Arc::new(Semaphore::new(DEALS_MAX));
    let deals = config.deals.clone();
    let config = Arc::new(config);
    for entry in deals {
        tokio::select! {
            () = sleep_until(start + Duration::from_millis(entry.at_ms)) => {}
            () = stop.cancelled() => return,
        }
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::debug!("the simulated publishers have enough to do; one deal is left out");
            continue;
        };
        let (config, stop) = (Arc::clone(&config), stop.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = config.bring(&entry.who, &entry.what) => {}
                () = stop.cancelled() => {}
            }
            drop(place);
        });
    }
}

impl TradeConfig {
    async fn bring(&self, who: &Prospect, what: &Deal) {
        match what {
            Deal::Call { feed, number, talk } => {
                let numbers = self.numbers.get(*feed).map_or(&[][..], Vec::as_slice);
                let index = number.checked_rem(numbers.len() as u64);
                let number = index.and_then(|i| numbers.get(usize::try_from(i).ok()?));
                if let Some(number) = number {
                    self.dial(who.phone, *number, talk).await;
                }
            }
            Deal::Lead { feed } => {
                if let Some(key) = self.partner.lead_keys.get(*feed) {
                    self.send("/in/lead", key, &lead(who)).await;
                }
            }
            Deal::PingPost => self.ping_post(who).await,
            Deal::Bid {
                dials_after_ms,
                talk,
            } => self.bid(who, *dials_after_ms, talk).await,
        }
    }

    async fn ping_post(&self, who: &Prospect) {
        let key = &self.partner.bid_key;
        let mut ping = asked(who);
        ping["min_price"] = json!(PRICE_MIN);
        let Some(told) = self.send("/in/ping", key, &ping).await else {
            return;
        };
        if told["status"] == "accepted" {
            let mut post = lead(who);
            post["ping_id"] = told["ping_id"].clone();
            self.send("/in/post", key, &post).await;
        }
    }

    async fn bid(&self, who: &Prospect, dials_after_ms: u64, talk: &Talk) {
        let ask = json!({"caller": who.phone.to_string(), "tags": asked(who)});
        let Some(told) = self.send("/in/rtb", &self.partner.bid_key, &ask).await else {
            return;
        };
        let number = told["deliver_to"]["e164"].as_str();
        if let Some(number) = number.and_then(|number| PhoneNumber::parse_e164(number).ok()) {
            sleep(Duration::from_millis(dials_after_ms)).await;
            self.dial(who.phone, number, talk).await;
        }
    }

    /// The answer of a face of the server; a refusal is an answer too.
    async fn send(&self, path: &str, key: &str, body: &Value) -> Option<Value> {
        let request = self.client.post(format!("{}{path}", self.partner.server));
        let request = request.bearer_auth(key).timeout(ANSWER_WAIT).json(body);
        let answer = async { request.send().await?.json::<Value>().await };
        match answer.await {
            Ok(told) => {
                tracing::debug!(path, told = %told["status"], decision = %told["decision"], "a publisher was answered");
                Some(told)
            }
            Err(error) => {
                tracing::warn!(path, %error, "a simulated publisher was not answered");
                None
            }
        }
    }

    /// Makes a call and waits for its end.
    async fn dial(&self, from: PhoneNumber, to: PhoneNumber, talk: &Talk) {
        self.phones.change(talk.met_well);
        let plan = DialPlan {
            from,
            to,
            voice: Voice::Speech(Speaker {
                talk: audio::Talk(talk.turns),
                part: Part::Caller,
                person: talk.person,
            }),
            talk_ms: talk.talk_ms,
            hang_up: HangsUp::Caller,
            patience_ms: talk.patience_ms,
            // Buyers do what they always do.
            meets: Vec::new(),
        };
        match self.carrier.dial(plan).await {
            Ok(call) => {
                let ending = call.ended().await;
                tracing::debug!(?ending, "a call of a feed ended");
            }
            Err(CarrierError::Stopped) => {}
            Err(error) => tracing::warn!(%error, "a call of a feed was not placed"),
        }
    }
}

/// What a ping says: nothing of who it is.
fn asked(who: &Prospect) -> Value {
    let yes_no = if who.insured { "yes" } else { "no" };
    json!({
        "zip": who.zip,
        "age": who.age.to_string(),
        "insured": yes_no,
        "vehicle_year": who.car.0.to_string(),
        "vehicle_make": who.car.1,
    })
}

/// What a post says.
fn lead(who: &Prospect) -> Value {
    let mut lead = asked(who);
    lead["phone"] = json!(who.phone.to_string());
    lead["first_name"] = json!(who.first);
    lead["last_name"] = json!(who.last);
    lead["email"] = json!(format!("{}.{}@example.com", who.first, who.last).to_lowercase());
    lead
}
