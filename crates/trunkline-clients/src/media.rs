//! Fetches recordings from carriers: guarded like every other address that comes from outside, bounded in time and size,
//! to a file that is whole or not there.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use trunkline_engine::ports::CarrierMedia;
use trunkline_engine::ports::webhooks::FetchError;
use url::{Host, Url};

use crate::guard::{URL_MAX, check};

/// Largest recording: four hours of two channels, twice over, in bytes.
const BYTES_MAX: u64 = 1 << 30;
/// Longest fetch.
const FETCH_WAIT: Duration = Duration::from_secs(300);
/// Longest wait for the next bytes.
const BYTES_WAIT: Duration = Duration::from_secs(30);
/// Addresses that are followed from one to the next.
const REDIRECTS_MAX: usize = 3;

const AGENT: &str = concat!("Trunkline/", env!("CARGO_PKG_VERSION"), " (recordings)");

/// Fetches recordings.
#[derive(Debug)]
pub struct MediaClient {
    /// Whether this machine may be asked: for a server that is tried out.
    loopback: bool,
}

impl MediaClient {
    /// Reaches the open Internet, and this machine only when `loopback` says so.
    #[must_use]
    pub const fn new(loopback: bool) -> Self {
        Self { loopback }
    }

    async fn get(&self, url: &str, login: Option<(&str, &str)>) -> Result<Response, FetchError> {
        let mut next = url.to_owned();
        let mut login = login;
        for _ in 0..=REDIRECTS_MAX {
            if next.len() > URL_MAX {
                return Err(never("the address is too long"));
            }
            let url = Url::parse(&next).map_err(|error| FetchError::Never(error.to_string()))?;
            let response = self.get_one(url.clone(), login.take()).await?;
            if !response.status().is_redirection() {
                return Ok(response);
            }
            let place = response.headers().get("location");
            let place = place.and_then(|p| url.join(p.to_str().ok()?).ok());
            let place = place.ok_or_else(|| never("it redirects to nowhere"))?;
            // Credentials are for the carrier, not for whom it sends us to.
            place.as_str().clone_into(&mut next);
        }
        Err(never("it redirects too often"))
    }

    async fn get_one(&self, url: Url, login: Option<(&str, &str)>) -> Result<Response, FetchError> {
        let local = match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            _ => false,
        };
        if url.scheme() != "https" && !(self.loopback && local) {
            return Err(never("the address is not https"));
        }
        let checked = check(url, self.loopback)
            .await
            .map_err(|refusal| FetchError::Later(format!("{refusal:?}")))?;
        let client = Client::builder()
            .resolve(&checked.host, checked.address)
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(AGENT)
            .read_timeout(BYTES_WAIT)
            .build()
            .map_err(later)?;
        let mut request = client.get(checked.url.clone());
        if let Some((user, password)) = login {
            request = request.basic_auth(user, Some(password));
        }
        let response = request.send().await.map_err(later)?;
        let status = response.status();
        if status.is_success() || status.is_redirection() {
            return Ok(response);
        }
        let trouble = format!("answered with status {status}");
        Err(match status {
            StatusCode::GONE => FetchError::Never(trouble),
            // Carriers tell of a recording a moment before it can be fetched.
            _ => FetchError::Later(trouble),
        })
    }
}

#[async_trait]
impl CarrierMedia for MediaClient {
    async fn fetch(
        &self,
        url: &str,
        login: Option<(&str, &str)>,
        to: &Path,
    ) -> Result<(), FetchError> {
        let whole = async {
            let mut response = self.get(url, login).await?;
            if let Some(folder) = to.parent() {
                tokio::fs::create_dir_all(folder).await.map_err(disk)?;
            }
            let mut file = tokio::fs::File::create(to).await.map_err(disk)?;
            let mut length = 0;
            while let Some(chunk) = response.chunk().await.map_err(later)? {
                length += chunk.len() as u64;
                if length > BYTES_MAX {
                    return Err(never("the recording is too large"));
                }
                file.write_all(&chunk).await.map_err(disk)?;
            }
            file.sync_all().await.map_err(disk)
        };
        let done = timeout(FETCH_WAIT, whole).await;
        let done = done.unwrap_or_else(|_| Err(FetchError::Later("no end in time".to_owned())));
        if done.is_err() {
            // It may not be there.
            let _ = tokio::fs::remove_file(to).await;
        }
        done
    }
}

fn never(trouble: &str) -> FetchError {
    FetchError::Never(trouble.to_owned())
}

fn later(error: reqwest::Error) -> FetchError {
    // The address may hold a key.
    FetchError::Later(error.without_url().to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn disk(error: std::io::Error) -> FetchError {
    FetchError::Later(error.to_string())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    /// Answers requests one after the other; gives the heads of them.
    async fn server(answers: Vec<String>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(async move {
            let mut heads = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().await.expect("a request");
                let mut asked = Vec::new();
                while !asked.ends_with(b"\r\n\r\n") {
                    let mut buffer = [0; 4096];
                    let read = stream.read(&mut buffer).await.expect("bytes");
                    assert!(read > 0, "the request breaks off");
                    asked.extend_from_slice(&buffer[..read]);
                }
                stream.write_all(answer.as_bytes()).await.expect("sent");
                heads.push(String::from_utf8(asked).expect("text"));
            }
            heads
        });
        (format!("http://{address}"), serving)
    }

    fn answer(status: &str, more: &str, body: &str) -> String {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{more}Connection: close\r\n\r\n{body}"
        )
    }

    #[tokio::test]
    async fn a_recording_is_fetched_with_the_accounts_login_which_no_redirect_gets() {
        let folder = tempfile::tempdir().expect("a folder");
        let to = folder.path().join("deep/one.wav");
        let answers = vec![
            answer("302 Found", "Location: /elsewhere\r\n", ""),
            answer("200 OK", "", "sound"),
        ];
        let (url, serving) = server(answers).await;
        let (client, url) = (MediaClient::new(true), format!("{url}/RE1.wav"));
        let fetched = client.fetch(&url, Some(("AC1", "secret")), &to).await;
        fetched.expect("fetched");
        assert_eq!(std::fs::read(&to).expect("a file"), b"sound");
        let heads = serving.await.expect("served");
        assert!(
            heads[0]
                .to_lowercase()
                .contains("authorization: basic qumxonnly3jlda=="),
            "{heads:?}"
        );
        assert!(
            !heads[1].to_lowercase().contains("authorization"),
            "{heads:?}"
        );
        assert!(heads[1].starts_with("GET /elsewhere "), "{heads:?}");
    }

    #[tokio::test]
    async fn a_failed_fetch_leaves_no_file_and_says_whether_to_come_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let to = folder.path().join("one.wav");
        let client = MediaClient::new(true);
        for (status, again) in [
            ("404 Not Found", true),
            ("410 Gone", false),
            ("500 Oops", true),
        ] {
            let (url, serving) = server(vec![answer(status, "", "no")]).await;
            let failed = client.fetch(&url, None, &to).await.expect_err(status);
            assert_eq!(matches!(failed, FetchError::Later(_)), again, "{status}");
            serving.await.expect("served");
            assert!(!to.exists(), "{status}");
        }
        let (url, serving) = server(vec![
            "HTTP/1.1 200 OK\r\nContent-Length: 50\r\nConnection: close\r\n\r\nhalf".to_owned(),
        ])
        .await;
        let cut = client.fetch(&url, None, &to).await;
        assert!(matches!(cut, Err(FetchError::Later(_))), "{cut:?}");
        serving.await.expect("served");
        assert!(!to.exists());
    }

    #[tokio::test]
    async fn only_https_and_the_open_internet_are_asked() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let to = std::env::temp_dir().join("trunkline-never");
        for url in [
            "http://1.1.1.1/RE1.wav",
            "http://127.0.0.1:9/",
            "https://127.0.0.1:9/",
            "https://169.254.169.254/",
            "file:///etc/passwd",
            "no address",
        ] {
            let refused = MediaClient::new(false).fetch(url, None, &to).await;
            assert!(refused.is_err(), "{url}");
        }
    }
}
