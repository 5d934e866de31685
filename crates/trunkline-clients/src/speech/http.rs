//! A speech engine that is a server, at an address of the operator's: JSON goes in, a sound comes back.

use async_trait::async_trait;
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::json;
use trunkline_core::call::flow::Spoken;
use trunkline_engine::ports::Speech;
use trunkline_engine::ports::sounds::SpeechError;
use url::Url;

use super::{SOUND_BYTES_MAX, SPEAK_WAIT, Usual};

const AGENT: &str = concat!("Trunkline/", env!("CARGO_PKG_VERSION"), " (speech)");

/// A server that speaks.
#[derive(Debug)]
pub(super) struct HttpSpeech {
    client: Client,
    url: Url,
    /// Names it apart from another server.
    engine: String,
    usual: Usual,
}

impl HttpSpeech {
    /// At this address.
    pub(super) fn new(url: &str, usual: Usual) -> Result<Self, String> {
        let parsed = Url::parse(url).ok();
        let url = parsed
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| format!("`{url}` is no address that begins with https:// or http://"))?;
        let client = Client::builder()
            .timeout(SPEAK_WAIT)
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(AGENT)
            .build()
            .map_err(|error| error.to_string())?;
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        Ok(Self {
            engine: format!("http {host}:{port}{}", url.path()),
            client,
            url,
            usual,
        })
    }

    async fn post(&self, spoken: &Spoken) -> Result<Vec<u8>, String> {
        let body = json!({
            "text": spoken.text,
            "voice": spoken.voice,
            "language": spoken.language,
        });
        // The address may hold a key, so it is left out of what is told.
        let failed = |error: reqwest::Error| error.without_url().to_string();
        let asked = self.client.post(self.url.clone()).json(&body).send();
        let mut response = asked.await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(format!("it answered with status {}", response.status()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > SOUND_BYTES_MAX {
                return Err(format!("it answered more than {SOUND_BYTES_MAX} bytes"));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

#[async_trait]
impl Speech for HttpSpeech {
    fn engine(&self) -> &str {
        &self.engine
    }

    fn resolved(&self, spoken: &Spoken) -> Spoken {
        let usual = self.usual.clone();
        Spoken {
            text: spoken.text.clone(),
            voice: spoken.voice.clone().or(usual.voice),
            language: spoken.language.clone().or(usual.language),
        }
    }

    async fn speak(&self, spoken: &Spoken) -> Result<Vec<u8>, SpeechError> {
        self.post(spoken).await.map_err(SpeechError::Failed)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn spoken() -> Spoken {
        Spoken {
            text: "Hello".to_owned(),
            voice: None,
            language: Some("en-GB".to_owned()),
        }
    }

    /// Serves one request with this answer; what was asked.
    async fn server(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
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
            stream.write_all(answer.as_bytes()).await.expect("sent");
            String::from_utf8(asked).expect("text")
        });
        (format!("http://{address}/speak?key=secret"), serving)
    }

    fn speech(url: &str) -> HttpSpeech {
        // Whichever test comes first installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let usual = Usual {
            voice: Some("amy".to_owned()),
            language: None,
        };
        HttpSpeech::new(url, usual).expect("an engine")
    }

    #[tokio::test]
    async fn a_server_is_told_text_voice_and_language_and_its_sound_is_read() {
        let (url, serving) =
            server("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nRIFF").await;
        let speech = speech(&url);
        let sound = speech.speak(&speech.resolved(&spoken())).await;
        assert_eq!(sound, Ok(b"RIFF".to_vec()));
        assert!(!speech.engine().contains("secret"));
        let asked = serving.await.expect("served");
        let body = asked.split("\r\n\r\n").nth(1).expect("a body");
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(
            body,
            json!({"text": "Hello", "voice": "amy", "language": "en-GB"})
        );
    }

    #[tokio::test]
    async fn a_server_that_fails_is_told_without_its_address() {
        for answer in [
            "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nRIFF",
        ] {
            let (url, serving) = server(answer).await;
            let told = speech(&url).speak(&spoken()).await.expect_err(answer);
            assert!(!told.to_string().contains("secret"), "{told}");
            serving.await.expect("served");
        }
        for url in ["ftp://a.example/", "nowhere", "http://"] {
            assert!(HttpSpeech::new(url, Usual::default()).is_err(), "{url}");
        }
    }
}
