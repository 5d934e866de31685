//! The server tests itself: a visitor asks for numbers through the public address as a browser does, a caller
//! dials the number it was shown, and the call must be credited to that very visit.
//!
//! Visit and call are marked, part of no figure, and gone when the test ends. The call comes to the server's own
//! SIP address from a port of this machine, is attributed and recorded like every call, and then refused: nobody's
//! phone rings and no minute is used.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use reqwest::header::{CONTENT_TYPE, HeaderName, ORIGIN, USER_AGENT};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};
use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::{SessionId, SiteId};
use trunkline_core::visitor::Source;
use trunkline_engine::check::CheckResult;
use trunkline_engine::directory::SiteEntry;
use trunkline_engine::page_check::request_for;
use trunkline_engine::ports::CheckRecords;
use trunkline_engine::ports::calls::{CallFilter, CallRow};
use trunkline_engine::ports::pages::{PageRefusal, PageRequest};
use trunkline_sim::audio::Voice;
use trunkline_sim::carrier::{Carrier, CarrierConfig, DialPlan, HangsUp, Why};
use trunkline_web::Backend;

use crate::config::CheckedSite;
use crate::keys;

/// Longest wait for an answer over the public address.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// Longest wait for the end of the call.
const CALL_WAIT: Duration = Duration::from_secs(15);
/// How often, and how many times, the record of the call is looked for.
const RECORD_POLL: Duration = Duration::from_millis(100);
const RECORD_POLLS_MAX: u32 = 100;
/// The caller: a number of the range kept for fiction.
const CALLER: PhoneNumber = PhoneNumber::from_digits(12_025_550_199);
/// What the page's address says; the owner's rules may name the source otherwise.
const QUERY: &str = "/?utm_source=trunkline-check&utm_medium=test";
/// A phone's browser.
const AGENT: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Trunkline check";
/// What every block has on its page, whosever it is.
const BLOCK_ELEMENT: &str = "trunkline-config";
const KEY_HEADER: HeaderName = HeaderName::from_static("trunkline-check");

/// Tests sites of a running server.
#[derive(Clone)]
pub(crate) struct Checker {
    pub(crate) backend: Backend,
    /// Address under which browsers reach the server.
    pub(crate) public_url: String,
    /// Where SIP over UDP listens.
    pub(crate) sip: SocketAddr,
    /// The sites of the configuration, with the page of each.
    pub(crate) sites: Arc<[CheckedSite]>,
    /// Keeps what was found.
    pub(crate) records: Arc<dyn CheckRecords>,
    /// Tests wait for each other.
    pub(crate) turn: Arc<Mutex<()>>,
}

/// What the page was given.
struct Given {
    token: String,
    number: PhoneNumber,
}

impl Checker {
    /// Tests a site, by its id or name, or the only one when that is empty. What was wrong is part of the result.
    ///
    /// # Errors
    /// When there is no such site or no port is free.
    pub(crate) async fn run(&self, site: &str) -> anyhow::Result<(Arc<SiteEntry>, CheckResult)> {
        let site = self.site(site)?;
        let _turn = self.turn.lock().await;
        let began = self.backend.moment.now();
        let own = loopback(self.sip);
        let carrier = Carrier::start(CarrierConfig {
            bind: own.ip(),
            calls_max: 1,
            keeps_audio: false,
            ..CarrierConfig::new(own)
        })
        .await?;
        let key: [u8; 16] = keys::random()?;
        let key = key.map(|byte| format!("{byte:02x}")).concat();
        let running = self
            .backend
            .checks
            .begin(key.clone(), carrier.address())
            .context("another test runs; try again in a minute")?;
        let (mut number, mut call) = (None, None);
        let page = self.page_of(&site);
        let tested = match self.look_at(&site, &page).await {
            Ok(()) => {
                let test = self.test(&site, &key, &carrier, &mut number, &mut call);
                test.await
            }
            wrong => wrong,
        };
        if let Some(session) = self.backend.checks.session() {
            self.backend
                .assignments
                .end_synthetic(site.site.id, session);
        }
        carrier.stop().await;
        drop(running);
        let result = CheckResult {
            at: began,
            took_ms: self.backend.moment.now().millis_since(began),
            page,
            number,
            call: call.map(|c: CallRow| c.id),
            wrong: tested.err().map(|error| format!("{error:#}")),
        };
        report(site.site.id, &site.site.name, &result);
        self.backend.checks.keep(site.site.id, result.clone());
        if let Err(error) = self.records.put_check(site.site.id, &result).await {
            tracing::warn!(site = %site.site.id, %error, "what a test found is known until the end of the server only");
        }
        Ok((site, result))
    }

    /// The page of a site that the configuration names; empty for none.
    fn page_of(&self, site: &SiteEntry) -> String {
        let id = site.site.id.to_string();
        let named = |one: &&CheckedSite| one.site == site.site.name || one.site == id;
        let named = self.sites.iter().find(named);
        named.map_or_else(String::new, |one| one.page.clone())
    }

    /// Reads the page and looks for the site's block on it; an error says what was wrong.
    async fn look_at(&self, site: &SiteEntry, page: &str) -> anyhow::Result<()> {
        if page.is_empty() {
            return Ok(());
        }
        let key = &site.site.key;
        let own = request_for(site, page);
        let read = self.backend.pages.read(&own).await;
        let read = read.map_err(|why| anyhow!("the page {page} cannot be read: {}", bare(&why)))?;
        if read.status != 200 {
            bail!("the page {page} answers {}", read.status);
        }
        if read.holds {
            return Ok(());
        }
        let any = PageRequest {
            look_for: BLOCK_ELEMENT.to_owned(),
            ..own
        };
        if self
            .backend
            .pages
            .read(&any)
            .await
            .is_ok_and(|read| read.holds)
        {
            bail!(
                "the block on the page {page} is not this site's, whose key is {key}; paste the block of this site there"
            );
        }
        bail!(
            "the block of this site is not on the page {page}; paste it there, or name a page that carries it"
        )
    }

    fn site(&self, name: &str) -> anyhow::Result<Arc<SiteEntry>> {
        let directory = self.backend.directory.now();
        let mut fits = directory.sites().filter(|entry| {
            name.is_empty() || entry.site.name == name || entry.site.id.to_string() == name
        });
        match (fits.next(), fits.next()) {
            (Some(site), None) => Ok(Arc::clone(site)),
            (None, _) => bail!("there is no site `{name}`; write its name or its id"),
            (Some(_), Some(_)) => bail!("more than one site fits `{name}`; write the id of one"),
        }
    }

    /// Visits, calls and compares; an error says what was wrong.
    async fn test(
        &self,
        site: &SiteEntry,
        key: &str,
        carrier: &Carrier,
        number: &mut Option<PhoneNumber>,
        found: &mut Option<CallRow>,
    ) -> anyhow::Result<()> {
        let given = self.visit(site, key).await?;
        *number = Some(given.number);
        self.confirm(site, &given).await?;
        let session = self.backend.checks.session().context(
            "the request did not reach this server with its headers; does public_url lead here?",
        )?;
        let call = dial(carrier, given.number).await;
        // Also a call that was turned away may have left a record.
        *found = self.record(site, session).await?;
        call?;
        let call = found
            .as_ref()
            .context("the call was answered, but there is no record of it")?;
        let story = self.backend.history.session_story(session).await?;
        let story = story.context("the visit was not recorded")?;
        right(call, session, story.latest_source())
    }

    /// Asks for the numbers of a page.
    async fn visit(&self, site: &SiteEntry, key: &str) -> anyhow::Result<Given> {
        let host = site.site.hosts.first().context("the site has no host")?;
        let body = json!({"v": 1, "c": site.site.config_version, "page": format!("https://{host}{QUERY}"), "ref": "", "consent": 1});
        let answer = self.post(site, "assign", Some(key), &body).await?;
        let answer: Value = answer
            .json()
            .await
            .context("the answer to the page cannot be read")?;
        let kind = answer["kind"].as_str().unwrap_or_default();
        if kind != "pool" {
            bail!(
                "the visit was given no number of its own (but of the kind `{kind}`): is a pool number free?"
            );
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let number = text(&answer["numbers"][0]["n"]);
        let number = number.and_then(|n| PhoneNumber::parse_e164(&n).ok());
        Ok(Given {
            token: text(&answer["token"]).context("the visit was given no token")?,
            number: number.context("the visit was given no number")?,
        })
    }

    /// Tells that the number is on the page.
    async fn confirm(&self, site: &SiteEntry, given: &Given) -> anyhow::Result<()> {
        let host = site.site.hosts.first().context("the site has no host")?;
        let shown = json!({"k": "shown", "swaps": 1, "page": format!("https://{host}{QUERY}")});
        let body =
            json!({"v": 1, "c": site.site.config_version, "token": given.token, "events": [shown]});
        self.post(site, "event", None, &body).await.map(drop)
    }

    async fn post(
        &self,
        site: &SiteEntry,
        what: &str,
        key: Option<&str>,
        body: &Value,
    ) -> anyhow::Result<reqwest::Response> {
        let client = reqwest::Client::builder().timeout(ANSWER_WAIT).build()?;
        let address = format!("{}/t/{}/{what}", self.public_url, site.site.key);
        let host = site.site.hosts.first().context("the site has no host")?;
        let mut request = client
            .post(&address)
            .header(ORIGIN, format!("https://{host}"))
            .header(USER_AGENT, AGENT)
            .header(CONTENT_TYPE, "text/plain;charset=UTF-8");
        if let Some(key) = key {
            request = request.header(KEY_HEADER, key);
        }
        let answer = request.body(body.to_string()).send().await;
        let answer = answer.with_context(|| format!("{} does not answer", self.public_url))?;
        if !answer.status().is_success() {
            bail!(
                "{} answers {} to `{what}`",
                self.public_url,
                answer.status()
            );
        }
        Ok(answer)
    }

    /// The record of the call once it has ended.
    async fn record(
        &self,
        site: &SiteEntry,
        session: SessionId,
    ) -> anyhow::Result<Option<CallRow>> {
        let story = self.backend.history.session(session).await?;
        let since = story.context("the visit was not recorded")?.started_at;
        let filter = CallFilter {
            account: Some(site.site.account),
            site: Some(site.site.id),
            from: Some(since),
            synthetic: true,
            limit: 1,
            ..CallFilter::default()
        };
        for _ in 0..RECORD_POLLS_MAX {
            let calls = self.backend.records.calls(&filter).await?;
            if let Some(call) = calls.into_iter().find(|c| c.ended_at.is_some()) {
                return Ok(Some(call));
            }
            sleep(RECORD_POLL).await;
        }
        Ok(None)
    }
}

/// Dials the number. The flow of a test refuses the call after its attribution.
async fn dial(carrier: &Carrier, number: PhoneNumber) -> anyhow::Result<()> {
    let call = carrier
        .dial(DialPlan {
            from: CALLER,
            to: number,
            voice: Voice::Tone { hz: 440.0 },
            talk_ms: 0,
            hang_up: HangsUp::Caller,
            patience_ms: u64::try_from(CALL_WAIT.as_millis())?,
            meets: Vec::new(),
        })
        .await?;
    let ending = timeout(CALL_WAIT, call.ended())
        .await
        .map_err(|_| anyhow!("the call did not end"))?;
    match (ending.why, ending.status) {
        (Why::Refused, Some(404)) => bail!("SIP does not know the number; is it in use?"),
        (Why::Refused, Some(503)) => bail!("SIP is overloaded and did not take the call"),
        (Why::Lost | Why::Cancelled, _) => bail!("SIP does not answer"),
        _ => Ok(()),
    }
}

/// Compares what is recorded with what is true.
fn right(call: &CallRow, session: SessionId, of_visit: &Source) -> anyhow::Result<()> {
    match call.session {
        Some(credited) if credited == session => {}
        Some(other) => bail!("the call was credited to another visit, {other}"),
        None => bail!("the call was credited to no visit"),
    }
    if call.ambiguous {
        let percent = call.probability.unwrap_or(0.0) * 100.0;
        bail!("the call was credited to its visit with {percent:.0} % only");
    }
    match &call.source {
        Some(source) if source == of_visit => Ok(()),
        Some(source) => bail!(
            "the call was given the source {}, the visit has {}",
            source.label(),
            of_visit.label()
        ),
        None => bail!("the call was given no source"),
    }
}

/// The address under which this machine reaches its own port.
fn loopback(listens: SocketAddr) -> SocketAddr {
    let ip = match listens.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        own => own,
    };
    SocketAddr::new(ip, listens.port())
}

/// A refusal inside a sentence of ours: without its full stop.
fn bare(why: &PageRefusal) -> String {
    why.to_string().trim_end_matches('.').to_owned()
}

/// Puts what was found last into the metrics.
pub(crate) fn count_check(site: SiteId, result: &CheckResult) {
    let right = f64::from(u8::from(result.wrong.is_none()));
    metrics::gauge!("trunkline_check_right", "site" => site.to_string()).set(right);
    let seconds = result.at.as_millis() as f64 / 1_000.0;
    metrics::gauge!("trunkline_check_timestamp_seconds", "site" => site.to_string()).set(seconds);
}

fn report(site: SiteId, name: &str, result: &CheckResult) {
    count_check(site, result);
    match &result.wrong {
        None => {
            tracing::info!(%site, name, took_ms = result.took_ms, "a test call was credited right");
        }
        Some(wrong) => tracing::warn!(%site, name, wrong, "a test call was not credited right"),
    }
}
