//! Fetches one web page for a test of a site's settings: each hop checked and pinned to the address it resolved to, no
//! proxy, no cookies, no compression, bounded in time and size.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use trunkline_engine::ports::pages::{PageRead, PageRefusal, PageRequest, Pages};
use url::Url;

use crate::guard::{Checked, URL_MAX, check};
use crate::markup;

/// How long a page may take in all.
const PAGE_WAIT: Duration = Duration::from_secs(12);
/// How long a connection may take.
const CONNECT_WAIT: Duration = Duration::from_secs(4);
/// Redirects that are followed.
const REDIRECTS_MAX: usize = 5;
/// Bytes of a page that are read.
const PAGE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Pages that are read at one time.
const PAGES_AT_ONCE: usize = 4;

const AGENT: &str = concat!("Trunkline/", env!("CARGO_PKG_VERSION"), " (page test)");

/// Reads pages.
#[derive(Debug)]
pub struct PageClient {
    /// Whether pages of this machine may be read: for a server that is tried out.
    loopback: bool,
    places: Arc<Semaphore>,
}

impl PageClient {
    /// Reaches the open Internet, and this machine only when `loopback` says so.
    #[must_use]
    pub fn new(loopback: bool) -> Self {
        Self {
            loopback,
            places: Arc::new(Semaphore::new(PAGES_AT_ONCE)),
        }
    }

    /// The answer after redirects, each checked like the first address.
    async fn fetch(&self, address: &str) -> Result<(Url, Response), PageRefusal> {
        if address.len() > URL_MAX {
            return Err(PageRefusal::Address(format!(
                "Write an address of at most {URL_MAX} characters."
            )));
        }
        let mut url = Url::parse(address).map_err(|_| {
            PageRefusal::Address(
                "Write the page's whole address, such as https://www.example.com/contact."
                    .to_owned(),
            )
        })?;
        for _ in 0..=REDIRECTS_MAX {
            let checked = check(url, self.loopback).await?;
            let response = ask(&checked).await?;
            let Some(next) = response
                .headers()
                .get(LOCATION)
                .filter(|_| response.status().is_redirection())
            else {
                return Ok((checked.url, response));
            };
            let next = next
                .to_str()
                .ok()
                .and_then(|next| checked.url.join(next).ok());
            url = next.ok_or_else(|| {
                unreadable("The page redirects to an address that cannot be read.")
            })?;
        }
        Err(unreadable("The page redirects too often."))
    }

    async fn read_whole(
        &self,
        request: &PageRequest,
        place: OwnedSemaphorePermit,
    ) -> Result<PageRead, PageRefusal> {
        let (url, response) = self.fetch(&request.url).await?;
        let status = response.status().as_u16();
        let plain = |name| {
            response
                .headers()
                .get(name)
                .and_then(|v: &reqwest::header::HeaderValue| v.to_str().ok())
        };
        if plain(CONTENT_ENCODING).is_some_and(|e| !e.trim().eq_ignore_ascii_case("identity")) {
            return Err(unreadable(
                "The page came compressed although it was asked for as it is.",
            ));
        }
        let kind = plain(CONTENT_TYPE).unwrap_or("text/html");
        if !kind.starts_with("text/html") && !kind.starts_with("application/xhtml") {
            return Err(unreadable("The address is no HTML page."));
        }
        let (bytes, cut) = body(response).await?;
        let request = request.clone();
        let read = tokio::task::spawn_blocking(move || {
            // A page that is slow to take apart keeps its place until it is done, whoever still waits for it.
            let _place = place;
            let html = String::from_utf8_lossy(&bytes);
            let holds = html.contains(&request.look_for);
            (markup::passages(&html, &request), holds)
        });
        let (passages, holds) = read
            .await
            .map_err(|_| unreadable("The page could not be taken apart."))?;
        Ok(PageRead {
            url: url.into(),
            status,
            passages,
            cut,
            holds,
        })
    }
}

#[async_trait]
impl Pages for PageClient {
    async fn read(&self, request: &PageRequest) -> Result<PageRead, PageRefusal> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            unreadable("Several pages are being tested right now. Try again in a moment.")
        })?;
        timeout(PAGE_WAIT, self.read_whole(request, place))
            .await
            .map_err(|_| unreadable("The page took too long to answer."))?
    }
}

/// One request to the checked address and no other.
async fn ask(checked: &Checked) -> Result<Response, PageRefusal> {
    let client = Client::builder()
        .resolve(&checked.host, checked.address)
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_WAIT)
        .user_agent(AGENT)
        .build()
        .map_err(|_| unreadable("The page cannot be asked for."))?;
    let request = client.get(checked.url.clone()).header(ACCEPT, "text/html");
    request.send().await.map_err(|error| {
        tracing::debug!(host = checked.host, %error, "a page could not be read");
        unreadable("The page's server did not answer.")
    })
}

/// At most [`PAGE_BYTES_MAX`] of a body, and whether it is longer.
async fn body(mut response: Response) -> Result<(Vec<u8>, bool), PageRefusal> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|_| unreadable("The page broke off."))?
    {
        let room = PAGE_BYTES_MAX - bytes.len();
        if chunk.len() > room {
            bytes.extend_from_slice(&chunk[..room]);
            return Ok((bytes, true));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((bytes, false))
}

fn unreadable(why: &str) -> PageRefusal {
    PageRefusal::Unreadable(why.to_owned())
}
