//! A browser on a site with the snippet: opens pages, reads the pasted block, asks for its numbers, and
//! tells what was shown, seen and tapped, in the snippet's real HTTP protocol.

mod block;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, ORIGIN, REFERER, USER_AGENT};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use trunkline_core::base::PhoneNumber;

use block::Block;

/// Longest wait for any answer.
const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// Largest page or answer that is read.
const BODY_MAX: usize = 1 << 20;
/// Format version of the protocol.
const FORMAT: u32 = 1;

/// Why a visit did not go on.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    /// A request failed.
    #[error("no answer: {0}")]
    Http(#[from] reqwest::Error),
    /// An answer with another status than was to be expected.
    #[error("{what} was answered with {status}")]
    Status {
        /// The request.
        what: &'static str,
        /// The answer's status.
        status: StatusCode,
    },
    /// The page has no block, or the answer cannot be read.
    #[error("{0}")]
    Content(String),
}

/// Who sits in front of the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The browser's `User-Agent`.
    pub agent: String,
    /// What they allow to be stored: 0 nothing, 1 in memory, 2 in the browser.
    pub consent: u8,
}

/// What `assign` answers.
#[derive(Debug, Clone, Deserialize)]
struct Answer {
    token: Option<String>,
    numbers: Vec<Number>,
    kind: String,
    beat: u64,
}

#[derive(Debug, Clone, Deserialize)]
struct Number {
    t: String,
    n: String,
}

/// What the browser knows at a moment.
#[derive(Debug, Clone, Default)]
struct State {
    page: String,
    block: Option<Block>,
    answer: Option<Answer>,
}

/// A browser with one window.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    site: Url,
    person: Person,
    state: Mutex<State>,
}

/// A client for any number of browsers. Needs the process's TLS provider to be installed.
///
/// # Errors
/// When the client cannot be made.
pub fn client() -> Result<Client, VisitError> {
    Ok(Client::builder().timeout(ANSWER_WAIT).build()?)
}

impl Browser {
    /// For the site at `site`, such as `http://127.0.0.1:8090`.
    ///
    /// # Errors
    /// When that is no address.
    pub fn new(client: Client, site: &str, person: Person) -> Result<Self, VisitError> {
        let site = Url::parse(site)
            .map_err(|e| VisitError::Content(format!("`{site}` is no address: {e}")))?;
        Ok(Self {
            client,
            site,
            person,
            state: Mutex::default(),
        })
    }

    /// Arrives on a page of the site: opens it, asks for its numbers, tells that they are shown. An
    /// assignment of an earlier page is remembered.
    ///
    /// # Errors
    /// When the page or the server does not answer as it must.
    pub async fn arrive(&self, path: &str, referrer: &str) -> Result<(), VisitError> {
        let (page, swaps) = self.open(path, referrer).await?;
        let Some(block) = self.hold().block.clone() else {
            return Ok(());
        };
        let token = self.hold().answer.as_ref().and_then(|a| a.token.clone());
        let body = json!({"v": FORMAT, "c": block.version, "page": page, "ref": referrer, "token": token, "consent": self.person.consent});
        let response = self.post(&format!("{}/assign", block.base), &body).await?;
        let answer: Answer =
            serde_json::from_slice(&read(expect("assign", response, StatusCode::OK)?).await?)
                .map_err(|e| VisitError::Content(format!("assign: {e}")))?;
        let swapped = !answer.numbers.is_empty();
        self.hold().answer = Some(answer);
        if swapped {
            self.tell(&[json!({"k": "shown", "swaps": swaps, "page": page})])
                .await
        } else {
            Ok(())
        }
    }

    /// Goes on to another page of the site. When the server does not know the visitor any more, it is
    /// asked anew.
    ///
    /// # Errors
    /// When the page or the server does not answer as it must.
    pub async fn go_on(&self, path: &str) -> Result<(), VisitError> {
        let before = self.hold().page.clone();
        if self
            .hold()
            .answer
            .as_ref()
            .is_none_or(|a| a.token.is_none())
        {
            return self.arrive(path, &before).await;
        }
        let (page, swaps) = self.open(path, &before).await?;
        let events = [
            json!({"k": "page", "page": page, "ref": before}),
            json!({"k": "shown", "swaps": swaps, "page": page}),
        ];
        match self.tell(&events).await {
            Err(VisitError::Status {
                status: StatusCode::UNAUTHORIZED,
                ..
            }) => {
                self.hold().answer = None;
                self.arrive(path, &before).await
            }
            other => other,
        }
    }

    /// Tells that the page is still in sight.
    ///
    /// # Errors
    /// When the server does not take it.
    pub async fn beat(&self) -> Result<(), VisitError> {
        self.tell(&[json!({"k": "beat"})]).await
    }

    /// Tells that the link of the number was tapped.
    ///
    /// # Errors
    /// When the server does not take it.
    pub async fn tap(&self, number: PhoneNumber) -> Result<(), VisitError> {
        self.tell(&[json!({"k": "tap", "n": number.to_string(), "ago": 0})])
            .await
    }

    /// Time between two beats.
    #[must_use]
    pub fn beat_every(&self) -> Duration {
        let seconds = self.hold().answer.as_ref().map_or(20, |a| a.beat);
        Duration::from_secs(seconds.clamp(1, 600))
    }

    /// The number the page shows for the site's first target: the assigned one, or the printed one.
    #[must_use]
    pub fn number(&self) -> Option<PhoneNumber> {
        let state = self.hold();
        let (target, printed) = state.block.as_ref()?.targets.first()?;
        let assigned = state
            .answer
            .iter()
            .flat_map(|a| &a.numbers)
            .find(|n| n.t == *target)
            .map(|n| n.n.as_str());
        PhoneNumber::parse_e164(assigned.unwrap_or(printed)).ok()
    }

    /// What kind of assignment the page has: `pool`, `source`, `static` or `none`.
    #[must_use]
    pub fn kind(&self) -> String {
        self.hold()
            .answer
            .as_ref()
            .map_or_else(|| "none".to_owned(), |a| a.kind.clone())
    }

    fn hold(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a page; its whole address, and how many places of it show a number.
    async fn open(&self, path: &str, referrer: &str) -> Result<(String, usize), VisitError> {
        let address = self
            .site
            .join(path)
            .map_err(|e| VisitError::Content(format!("`{path}` is no address: {e}")))?;
        let mut request = self
            .client
            .get(address.clone())
            .header(USER_AGENT, &self.person.agent);
        if !referrer.is_empty() {
            request = request.header(REFERER, referrer);
        }
        let html = read(expect("the page", request.send().await?, StatusCode::OK)?).await?;
        let html = String::from_utf8_lossy(&html);
        let swaps = html.matches("href=\"tel:").count().max(1);
        let mut state = self.hold();
        state.block = Block::find(&html).map_err(VisitError::Content)?;
        address.as_str().clone_into(&mut state.page);
        Ok((address.into(), swaps))
    }

    async fn tell(&self, events: &[Value]) -> Result<(), VisitError> {
        let (block, token) = {
            let state = self.hold();
            (
                state.block.clone(),
                state.answer.as_ref().and_then(|a| a.token.clone()),
            )
        };
        // Without a token there is nobody to speak for.
        let (Some(block), Some(token)) = (block, token) else {
            return Ok(());
        };
        let body = json!({"v": FORMAT, "c": block.version, "token": token, "events": events});
        expect(
            "event",
            self.post(&format!("{}/event", block.base), &body).await?,
            StatusCode::NO_CONTENT,
        )
        .map(drop)
    }

    /// A request as a browser sends it to another origin without a preflight.
    async fn post(&self, address: &str, body: &Value) -> Result<Response, VisitError> {
        let origin = self.site.origin().ascii_serialization();
        let request = self
            .client
            .post(address)
            .header(ORIGIN, &origin)
            .header(REFERER, format!("{origin}/"));
        let request = request
            .header(USER_AGENT, &self.person.agent)
            .header(CONTENT_TYPE, "text/plain;charset=UTF-8");
        Ok(request.body(body.to_string()).send().await?)
    }
}

fn expect(
    what: &'static str,
    response: Response,
    status: StatusCode,
) -> Result<Response, VisitError> {
    if response.status() == status {
        Ok(response)
    } else {
        Err(VisitError::Status {
            what,
            status: response.status(),
        })
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, VisitError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > BODY_MAX {
            return Err(VisitError::Content(format!("more than {BODY_MAX} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
