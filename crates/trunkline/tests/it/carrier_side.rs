//! The carrier's side of voice webhooks: requests signed by the code Twilio gives its customers, sent to the program as a
//! proxy would, and the program's documents read back.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use trunkline_sim::carrier::{Behaviour, Carrier};
use trunkline_store::testing::TestDatabase;

use crate::calls::carrier;
use crate::house::{BUSINESS_LINE, House};

/// Under which address the world knows the program; a proxy stands between.
pub(crate) const PUBLIC_URL: &str = "https://calls.lone-star.example";
/// What the carrier signs with.
pub(crate) const TOKEN: &str = "12345678901234567890123456789012";
/// The tracking number.
pub(crate) const NUMBER: &str = "+13125551000";
/// Who calls.
pub(crate) const CALLER: &str = "+12145551234";

/// Twilio's own code in a process of its own.
struct Twilio {
    child: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Twilio {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/carrier/twilio_side.py");
        // Where `cargo xtask python` puts it: beside the folder of this test's scratch files.
        let python = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("python");
        let python: PathBuf = python.join("bin/python");
        assert!(
            python.exists(),
            "{} is missing; run `cargo xtask python` once",
            python.display()
        );
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Twilio's code runs");
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let pipes = (
            input.expect("a pipe"),
            BufReader::new(output.expect("a pipe")),
        );
        Self {
            child,
            pipes: Mutex::new(pipes),
        }
    }

    fn ask(&self, what: &Value) -> Value {
        let mut pipes = self.pipes.lock().expect("one question at a time");
        writeln!(pipes.0, "{what}").expect("asked");
        let mut line = String::new();
        pipes.1.read_line(&mut line).expect("an answer");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Twilio {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program whose trunk is a carrier that talks by webhooks, with one tracking number.
pub(crate) struct CarrierSide {
    pub(crate) house: House,
    pub(crate) trunk: String,
    twilio: Twilio,
}

/// Parameters of a request.
pub(crate) type Pairs<'a> = &'a [(&'a str, &'a str)];

impl CarrierSide {
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// As above, with more in its configuration.
    pub(crate) async fn start_with(more: &str) -> Self {
        let twilio = Twilio::start();
        let house = House::start_with(TestDatabase::sqlite(), |_, settings| {
            let settings = settings.replace("[http]\n", "[http]\nwebhooks_loopback = true\n");
            let settings =
                settings.replace("[voice]\n", "[voice]\nsip_hosts = [\"pbx.example\"]\n");
            format!("public_url = \"{PUBLIC_URL}\"\n{settings}{more}")
        })
        .await;
        let trunk = house
            .post("/api/v1/trunks", json!({"name": "Twilio", "addresses": []}))
            .await;
        let trunk = trunk["id"].as_str().expect("an id").to_owned();
        let side = Self {
            house,
            trunk,
            twilio,
        };
        side.speak("twilio", TOKEN).await;
        let body = json!({"number": NUMBER, "kind": "static", "trunk": side.trunk, "business_line": BUSINESS_LINE,
            "label": "Print"});
        side.house.post("/api/v1/numbers", body).await;
        side
    }

    /// Sets how the carrier of the trunk talks; the answer of the API.
    pub(crate) async fn speak(&self, dialect: &str, key: &str) -> Value {
        let body = json!({"dialect": dialect, "account_sid": "AC1", "signing_key": key});
        let path = format!("/api/v1/trunks/{}/webhook", self.trunk);
        self.house.api(Method::PUT, &path, Some(body)).await
    }

    /// The address of calls that come in, or of their status.
    pub(crate) fn url(&self, what: &str) -> String {
        format!("{PUBLIC_URL}/voice/twilio/{}/{what}", self.trunk)
    }

    /// A second number, on a trunk over SIP whose business line does this.
    pub(crate) async fn over_sip_too(&self, behaviour: Behaviour) -> (Carrier, String) {
        let carrier = carrier(self.house.sip, behaviour).await;
        let trunk = self.house.add_trunk(carrier.address()).await;
        let number = "+13125552000";
        let body = json!({"number": number, "kind": "static", "trunk": trunk, "business_line": BUSINESS_LINE,
            "label": "Radio"});
        self.house.post("/api/v1/numbers", body).await;
        (carrier, number.to_owned())
    }

    /// Publishes a flow and gives it to every number; its id.
    pub(crate) async fn flow(&self, start: &str, nodes: Value) -> String {
        let document = json!({"schema": 1, "start": start, "nodes": nodes});
        let body = json!({"name": "Reception", "document": document});
        let made = self.house.post("/api/v1/flows", body).await;
        let id = made["id"].as_str().expect("an id").to_owned();
        let path = format!("/api/v1/flows/{id}/publish");
        self.house.post(&path, json!({"edits": 1})).await;
        let numbers = self.house.get("/api/v1/numbers").await;
        let numbers = numbers["items"].as_array().expect("numbers").iter();
        for number in numbers.filter_map(|n| n["id"].as_str()) {
            let path = format!("/api/v1/numbers/{number}");
            self.house
                .api(Method::PATCH, &path, Some(json!({"flow": id})))
                .await;
        }
        id
    }

    /// What Twilio's code signs for a form.
    pub(crate) fn sign(&self, url: &str, params: Pairs<'_>) -> String {
        let asked = json!({"sign": {"token": TOKEN, "url": url, "params": params}});
        let told = self.twilio.ask(&asked);
        told["signature"].as_str().expect("a signature").to_owned()
    }

    /// The address and signature of a JSON body.
    pub(crate) fn sign_json(&self, url: &str, body: &str) -> (String, String) {
        let told = self
            .twilio
            .ask(&json!({"sign_json": {"token": TOKEN, "url": url, "body": body}}));
        let text = |name: &str| told[name].as_str().expect("text").to_owned();
        (text("url"), text("signature"))
    }

    /// Sends a body with headers to where a proxy would bring it.
    pub(crate) async fn send(
        &self,
        url: &str,
        headers: Pairs<'_>,
        body: String,
    ) -> (StatusCode, String) {
        let path = url.splitn(4, '/').nth(3).expect("a path");
        let request = self.house.client.post(self.house.url(&format!("/{path}")));
        let request = headers.iter().fold(request, |r, (n, v)| r.header(*n, *v));
        let answer = request.body(body).send().await.expect("an answer");
        let status = answer.status();
        (status, answer.text().await.expect("text"))
    }

    /// A form that Twilio signs for this address.
    pub(crate) async fn post(&self, url: &str, params: Pairs<'_>) -> (StatusCode, String) {
        let signature = self.sign(url, params);
        let headers = [
            ("x-twilio-signature", signature.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.send(url, &headers, form(params)).await
    }

    /// The same, with an answer that must be a document.
    pub(crate) async fn ask(&self, url: &str, params: Pairs<'_>) -> String {
        let (status, document) = self.post(url, params).await;
        assert_eq!(status, StatusCode::OK, "{url}: {document}");
        document
    }

    /// The same, with news that must be taken in.
    pub(crate) async fn tell(&self, url: &str, params: Pairs<'_>) {
        let (status, text) = self.post(url, params).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{url}: {text}");
    }

    /// A call comes in; its first document.
    pub(crate) async fn call(&self, name: &str) -> String {
        let params = incoming(name);
        self.ask(&self.url("call"), &params).await
    }

    /// Compares a document with what Twilio's builder makes of the same verbs.
    pub(crate) fn assert_built(&self, document: &str, verbs: &Value) {
        let asked = json!({"same": {"document": document, "verbs": verbs}});
        let told = self.twilio.ask(&asked);
        assert_eq!(
            told["same"], true,
            "ours:   {document}\nTwilio: {}",
            told["built"]
        );
    }

    /// The newest call, once it ended.
    pub(crate) async fn ended(&self) -> Value {
        let id = self.house.newest_ended_call().await;
        self.house.get(&format!("/api/v1/calls/{id}")).await
    }
}

/// What Twilio tells of a call that comes in.
pub(crate) fn incoming(name: &str) -> [(&'static str, &str); 6] {
    [
        ("CallSid", name),
        ("AccountSid", "AC1"),
        ("From", CALLER),
        ("To", NUMBER),
        ("CallStatus", "ringing"),
        ("StirVerstat", "TN-Validation-Passed-A"),
    ]
}

pub(crate) fn form(params: Pairs<'_>) -> String {
    let encode = |text: &str| {
        let plain = |b: &u8| b.is_ascii_alphanumeric();
        let each = text.bytes();
        each.map(|b| match b {
            b if plain(&b) => char::from(b).to_string(),
            b' ' => "+".to_owned(),
            b => format!("%{b:02X}"),
        })
        .collect::<String>()
    };
    let pairs = params.iter();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

/// The values of an attribute in a document, or the texts of an element, in order.
pub(crate) fn found(document: &str, before: &str, after: &str) -> Vec<String> {
    let parts = document.split(before).skip(1);
    let values = parts.map(|part| part.split(after).next().expect("a value"));
    values.map(|v| v.replace("&amp;", "&")).collect()
}

/// The address that a document's action or redirect goes to.
pub(crate) fn next(document: &str) -> String {
    let action = found(document, " action=\"", "\"").into_iter().next();
    let redirect = || {
        found(document, "<Redirect method=\"POST\">", "<")
            .into_iter()
            .next()
    };
    action.or_else(redirect).expect(document)
}
