//! Makes a plan happen: real pages and beacons over HTTP, real calls over SIP and RTP.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_core::base::PhoneNumber;

use super::people::Conversation;
use super::plan::{CallIntent, Happening, Plan, Stranger, Visit};
use crate::carrier::{Carrier, CarrierError, DialPlan};
use crate::visitor::{Browser, Person, VisitError};

/// Most people who visit or call at one time; more are left out.
const PEOPLE_MAX: usize = 200;

/// What a world is made of.
pub struct WorldConfig {
    /// What happens.
    pub plan: Plan,
    /// Makes the calls.
    pub carrier: Arc<Carrier>,
    /// Makes the requests.
    pub client: Client,
    /// The site that is visited, such as `http://127.0.0.1:8090`.
    pub site: String,
    /// Numbers that people without a visit call.
    pub printed: Vec<PhoneNumber>,
}

/// A world that goes on until it is stopped. Dropping it stops it too.
pub struct World {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Life {
    config: WorldConfig,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl World {
    /// Starts the plan now.
    #[must_use]
    pub fn start(config: WorldConfig) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let life = Life {
            config,
            places: Arc::new(Semaphore::new(PEOPLE_MAX)),
            tasks: tasks.clone(),
            stop: stop.clone(),
        };
        tasks.spawn(life.run());
        Self { tasks, stop }
    }

    /// Ends it: nobody arrives any more, and everybody leaves. Calls are the carrier's to end.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Life {
    async fn run(self) {
        let start = Instant::now();
        let life = Shared {
            carrier: Arc::clone(&self.config.carrier),
            client: self.config.client.clone(),
            site: self.config.site.clone().into(),
        };
        for entry in self.config.plan {
            tokio::select! {
                () = sleep_until(start + Duration::from_millis(entry.at_ms)) => {}
                () = self.stop.cancelled() => return,
            }
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                tracing::debug!("the simulated world is full; somebody is left out");
                continue;
            };
            let (life, stop) = (life.clone(), self.stop.clone());
            let printed = self.config.printed.clone();
            self.tasks.spawn(async move {
                let course = async {
                    match entry.what {
                        Happening::Visit(visit) => life.visit(&visit).await,
                        Happening::Stranger(stranger) => life.stranger(&stranger, &printed).await,
                    }
                };
                tokio::select! {
                    () = course => {}
                    () = stop.cancelled() => {}
                }
                drop(place);
            });
        }
    }
}

#[derive(Clone)]
struct Shared {
    carrier: Arc<Carrier>,
    client: Client,
    site: Arc<str>,
}

impl Shared {
    async fn visit(&self, visit: &Visit) {
        let person = Person {
            agent: visit.agent.to_owned(),
            consent: visit.consent,
        };
        let browser = match Browser::new(self.client.clone(), &self.site, person) {
            Ok(browser) => browser,
            Err(error) => return tracing::warn!(%error, "a simulated visit could not start"),
        };
        let Some(landing) = visit.pages.first() else {
            return;
        };
        if let Err(error) = browser.arrive(&landing.path, visit.referrer).await {
            return tracing::warn!(%error, "a simulated visit ended early");
        }
        let arrived = Instant::now();
        let call = async {
            if let Some(intent) = &visit.call {
                self.call(&browser, intent, arrived).await;
            }
        };
        let browse = async {
            if let Err(error) = browse(&browser, visit, arrived).await {
                tracing::warn!(%error, "a simulated visit ended early");
            }
        };
        tokio::join!(browse, call);
    }

    async fn call(&self, browser: &Browser, intent: &CallIntent, arrived: Instant) {
        let after = |ms: u64| arrived + Duration::from_millis(ms);
        sleep_until(after(
            intent
                .after_ms
                .saturating_sub(intent.tapped_ms.unwrap_or(0)),
        ))
        .await;
        let Some(number) = browser.number() else {
            return;
        };
        if intent.tapped_ms.is_some()
            && let Err(error) = browser.tap(number).await
        {
            tracing::warn!(%error, "a simulated tap was not taken");
        }
        sleep_until(after(intent.after_ms)).await;
        self.dial(intent.caller, number, &intent.conversation).await;
        if let Some((wait_ms, conversation)) = &intent.again {
            tokio::time::sleep(Duration::from_millis(*wait_ms)).await;
            self.dial(intent.caller, number, conversation).await;
        }
    }

    async fn stranger(&self, stranger: &Stranger, printed: &[PhoneNumber]) {
        let index = stranger
            .printed
            .checked_rem(printed.len() as u64)
            .and_then(|i| usize::try_from(i).ok());
        if let Some(&number) = index.and_then(|i| printed.get(i)) {
            self.dial(stranger.caller, number, &stranger.conversation)
                .await;
        }
    }

    /// Makes a call and waits for its end.
    async fn dial(&self, from: PhoneNumber, to: PhoneNumber, how: &Conversation) {
        let plan = DialPlan {
            from,
            to,
            voice: how.voice(),
            talk_ms: how.talk_ms,
            hang_up: how.hang_up,
            patience_ms: how.patience_ms,
            meets: how.meets.clone(),
        };
        match self.carrier.dial(plan).await {
            Ok(call) => {
                let ending = call.ended().await;
                tracing::debug!(?ending, "a simulated call ended");
            }
            Err(CarrierError::Stopped) => {}
            Err(error) => tracing::warn!(%error, "a simulated call was not placed"),
        }
    }
}

/// Looks at the pages of a visit, in sight all the time.
async fn browse(browser: &Browser, visit: &Visit, arrived: Instant) -> Result<(), VisitError> {
    let mut until = arrived;
    for (index, stay) in visit.pages.iter().enumerate() {
        if index > 0 {
            browser.go_on(&stay.path).await?;
        }
        until += Duration::from_millis(stay.ms);
        loop {
            let next_beat = Instant::now() + browser.beat_every();
            if next_beat >= until {
                break;
            }
            sleep_until(next_beat).await;
            browser.beat().await?;
        }
        sleep_until(until).await;
    }
    // A page that is left beats once more.
    browser.beat().await
}
