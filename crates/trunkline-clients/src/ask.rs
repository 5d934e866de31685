//! Asks another server what to do with a call: one JSON request to an address that a person set, guarded like every other,
//! without redirects, bounded in time and size.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use trunkline_core::call::flow::TAGS_MAX;
use trunkline_core::visitor::Source;
use trunkline_engine::ports::Asks;
use trunkline_engine::ports::asks::{AskAnswer, AskRequest};
use url::Url;

use crate::guard::{URL_MAX, check};

/// Bytes of an answer that are read; a longer one is none.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Requests at one time; one more is not made.
const AT_ONCE_MAX: usize = 200;

const AGENT: &str = concat!("Trunkline/", env!("CARGO_PKG_VERSION"), " (call flow)");

/// Asks other servers.
#[derive(Debug)]
pub struct AskClient {
    /// Whether this machine may be asked: for a server that is tried out.
    loopback: bool,
    places: Arc<Semaphore>,
}

impl AskClient {
    /// Reaches the open Internet, and this machine only when `loopback` says so.
    #[must_use]
    pub fn new(loopback: bool) -> Self {
        Self {
            loopback,
            places: Arc::new(Semaphore::new(AT_ONCE_MAX)),
        }
    }

    async fn post(&self, request: &AskRequest) -> Result<AskAnswer, String> {
        let _place = self
            .places
            .try_acquire()
            .map_err(|error| error.to_string())?;
        if request.url.len() > URL_MAX {
            return Err("the address is too long".to_owned());
        }
        let url = Url::parse(&request.url).map_err(|error| error.to_string())?;
        let checked = check(url, self.loopback)
            .await
            .map_err(|refusal| format!("{refusal:?}"))?;
        let client = Client::builder()
            .resolve(&checked.host, checked.address)
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(AGENT)
            .build()
            .map_err(|error| error.to_string())?;
        let asked = client.post(checked.url.clone()).json(&body(request));
        let mut response = asked.send().await.map_err(|error| error.to_string())?;
        if !response.status().is_success() {
            return Err(format!("answered with status {}", response.status()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| error.to_string())? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(format!("answered more than {ANSWER_BYTES_MAX} bytes"));
            }
            bytes.extend_from_slice(&chunk);
        }
        answer(&bytes)
    }
}

#[async_trait]
impl Asks for AskClient {
    async fn ask(&self, request: &AskRequest) -> Option<AskAnswer> {
        let trouble = match timeout(request.wait, self.post(request)).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(trouble)) => trouble,
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(call = %request.call, node = request.node, trouble, "a webhook of a call flow failed");
        None
    }
}

/// What the other server gets.
fn body(request: &AskRequest) -> Value {
    json!({
        "call": request.call.to_string(),
        "node": request.node,
        "caller": request.caller.map(|number| number.to_string()),
        "dialled": request.dialled.to_string(),
        "started_at": request.started_at.as_millis(),
        "source": request.source.as_ref().map(source),
        "tags": request.tags,
    })
}

fn source(source: &Source) -> Value {
    json!({
        "channel": source.channel.word(),
        "medium": source.medium,
        "source": source.source,
        "ad_campaign": source.ad_campaign,
        "term": source.term,
        "content": source.content,
    })
}

/// Reads `{"outcome": "…", "tags": {"name": "text, number or truth"}}`; nothing at all says nothing.
fn answer(bytes: &[u8]) -> Result<AskAnswer, String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(AskAnswer::default());
    }
    let said: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let said = said.as_object().ok_or("the answer is no JSON object")?;
    let word = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let tags: BTreeMap<String, String> = said
        .get("tags")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .take(TAGS_MAX)
        .filter_map(|(name, value)| Some((name.clone(), word(value)?)))
        .collect();
    Ok(AskAnswer {
        outcome: said.get("outcome").and_then(word),
        tags,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use trunkline_core::base::id::CallId;
    use trunkline_core::base::{PhoneNumber, Timestamp};

    use super::*;

    #[test]
    fn an_answer_may_say_nothing_or_an_outcome_and_tags() {
        assert_eq!(answer(b" \n").expect("an answer"), AskAnswer::default());
        assert_eq!(answer(b"{}").expect("an answer"), AskAnswer::default());
        let said = br#"{"outcome": "vip", "tags": {"tier": "gold", "age": 7, "old": true, "list": [1]}, "more": 1}"#;
        let said = answer(said).expect("an answer");
        assert_eq!(said.outcome.as_deref(), Some("vip"));
        let tags: Vec<_> = said.tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(tags, ["age=7", "old=true", "tier=gold"]);
        for bad in [&b"vip"[..], b"[]", b"{"] {
            assert!(answer(bad).is_err());
        }
    }

    /// A server that answers one request; what it was asked comes back.
    async fn server(
        status: &'static str,
        said: &'static str,
    ) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a request");
            let mut asked = Vec::new();
            while !asked.ends_with(b"}") {
                let mut buffer = [0; 4096];
                let read = stream.read(&mut buffer).await.expect("bytes");
                assert!(read > 0, "the request breaks off");
                asked.extend_from_slice(&buffer[..read]);
            }
            let length = said.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nLocation: http://127.0.0.1:1/\r\nConnection: close\r\n\r\n{said}"
            );
            stream.write_all(answer.as_bytes()).await.expect("sent");
            String::from_utf8(asked).expect("text")
        });
        (format!("http://{address}/flow"), serving)
    }

    fn request(url: String) -> AskRequest {
        AskRequest {
            url,
            wait: Duration::from_secs(30),
            call: CallId::from_raw(1),
            node: "crm".to_owned(),
            caller: Some(PhoneNumber::from_digits(12_145_551_234)),
            dialled: PhoneNumber::from_digits(12_145_550_100),
            started_at: Timestamp::from_millis(7),
            source: Some(Source::direct()),
            tags: [("zip".to_owned(), "75201".to_owned())].into(),
        }
    }

    fn client(loopback: bool) -> AskClient {
        // Whichever test comes first installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        AskClient::new(loopback)
    }

    #[tokio::test]
    async fn a_server_is_told_of_the_call_and_its_answer_is_read() {
        let (url, serving) = server("200 OK", r#"{"outcome": "vip"}"#).await;
        let said = client(true).ask(&request(url)).await.expect("an answer");
        assert_eq!(said.outcome.as_deref(), Some("vip"));
        let asked = serving.await.expect("served");
        assert!(asked.starts_with("POST /flow HTTP/1.1\r\n"), "{asked}");
        let body = asked.split("\r\n\r\n").nth(1).expect("a body");
        let body: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(body["caller"], "+12145551234");
        assert_eq!(body["tags"]["zip"], "75201");
        assert_eq!(body["source"]["channel"], "direct");
    }

    #[tokio::test]
    async fn redirects_failures_and_private_addresses_are_no_answers() {
        for (status, said) in [("302 Found", ""), ("500 Oops", "{}"), ("200 OK", "no JSON")] {
            let (url, serving) = server(status, said).await;
            assert_eq!(client(true).ask(&request(url)).await, None, "{status}");
            serving.await.expect("served");
        }
        for url in [
            "http://127.0.0.1:9/",
            "http://169.254.169.254/",
            "ftp://1.1.1.1/",
            "no address",
        ] {
            assert_eq!(
                client(false).ask(&request(url.to_owned())).await,
                None,
                "{url}"
            );
        }
    }
}
