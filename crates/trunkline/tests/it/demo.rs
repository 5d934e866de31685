//! The demo's market: it moves by itself, sells calls and leads by every method, and its books balance.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

const POLL: Duration = Duration::from_millis(250);
/// Calls ring, and people talk; the rest of it is for slow machines.
const POLLS_MAX: usize = 1_600;
const CAMPAIGNS: [(&str, usize); 3] = [
    ("Auto insurance quotes", 3),
    ("Plumbing, Dallas and around", 5),
    ("Roof repair, Texas", 5),
];

/// A running demo in a folder of its own.
struct Demo {
    folder: TempDir,
    child: Child,
    client: Client,
    url: String,
    cookie: String,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_trunkline"))
}

async fn told(path: &Path, child: &mut Child) -> Value {
    for _ in 0..POLLS_MAX {
        if let Ok(text) = std::fs::read_to_string(path) {
            return serde_json::from_str(&text).expect("JSON");
        }
        let ended = child.try_wait().expect("a state");
        assert!(ended.is_none(), "the demo ended before it was ready");
        tokio::time::sleep(POLL).await;
    }
    panic!("the demo did not become ready");
}

impl Demo {
    async fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let ready = folder.path().join("ready.json");
        let any = "127.0.0.1:0";
        let mut demo = program();
        demo.args(["demo", "--http", any, "--site", any, "--sip", any]);
        demo.arg("--keep").arg(folder.path().join("data"));
        demo.arg("--ready-file").arg(&ready);
        let mut child = demo.spawn().expect("the program starts");
        let told = told(&ready, &mut child).await;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().build().expect("a client");
        let url = told["dashboard"].as_str().expect("an address").to_owned();
        let sign_in = json!({"email": told["email"], "password": told["password"]});
        let request = client.post(format!("{url}/api/v1/login"));
        let answer = request.header("origin", &url).json(&sign_in).send().await;
        let answer = answer.expect("an answer");
        let cookie = answer.headers()["set-cookie"].to_str().expect("a cookie");
        let cookie = cookie.split(';').next().expect("a pair").to_owned();
        Self {
            folder,
            child,
            client,
            url,
            cookie,
        }
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}/api/v1/{path}", self.url));
        let answer = request.header("cookie", &self.cookie).send().await;
        let answer = answer.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON")
    }

    /// One that is sold and paid for, of each campaign and kind.
    async fn sold(&self) -> BTreeMap<(String, String), String> {
        let mut sold = BTreeMap::new();
        for _ in 0..POLLS_MAX {
            let page = self.get("opportunities?limit=100").await;
            for one in page["items"].as_array().expect("opportunities") {
                let text = |value: &Value| value.as_str().expect("a text").to_owned();
                if one["state"] == "sold" && one["revenue_micros"].as_i64() > Some(0) {
                    let of = (text(&one["campaign"]["name"]), text(&one["kind"]));
                    sold.entry(of).or_insert_with(|| text(&one["id"]));
                }
            }
            if sold.len() == 2 * CAMPAIGNS.len() {
                return sold;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("not every campaign sold a call and a lead: {sold:?}");
    }

    /// As a person does, with Ctrl-C.
    fn end(&mut self) {
        let interrupt = format!("kill -INT {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &interrupt]).status();
        assert!(sent.expect("a shell").success());
        let ended = self.child.wait().expect("an end");
        assert!(ended.success(), "{ended}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_campaign_of_the_demo_sells_calls_and_leads_and_the_books_balance() {
    let mut demo = Demo::start().await;
    let sold = demo.sold().await;
    let names: Vec<_> = sold.keys().map(|(name, _)| name.as_str()).collect();
    let expected = CAMPAIGNS.map(|(name, _)| [name, name]).concat();
    assert_eq!(names, expected);
    for ((campaign, kind), id) in &sold {
        let one = demo.get(&format!("opportunities/{id}")).await;
        let trace = one["trace"].as_array().expect("a trace");
        let contracts = CAMPAIGNS.iter().find(|(name, _)| name == campaign);
        let contracts = contracts.expect("one of them").1;
        assert_eq!(trace.len(), contracts, "{campaign}, {kind}: {trace:#?}");
        let became = |word: &str| trace.iter().filter(|line| line["became"] == word).count();
        assert_eq!(became("sold"), 1, "{campaign}, {kind}: {trace:#?}");
        for line in trace.iter().filter(|line| line["became"] == "stopped") {
            assert!(line["told"].as_str().is_some_and(|told| !told.is_empty()));
        }
        let paid = one["payout_micros"].as_i64().expect("a payout");
        let revenue = one["revenue_micros"].as_i64().expect("a revenue");
        assert!(0 < paid && paid < revenue, "{campaign}, {kind}: {one:#?}");
    }
    let caps = demo.get("caps").await;
    let caps = caps["caps"].as_array().expect("caps");
    assert!(caps.iter().any(|cap| cap["used"].as_i64() > Some(0)), "{caps:#?}");

    let kept = TempDir::new().expect("a folder");
    let settings = kept.path().join("trunkline.toml");
    let toml = format!("data_dir = {:?}\n", demo.folder.path().join("data"));
    std::fs::write(&settings, toml).expect("a file");
    let verify = || {
        let mut verify = program();
        verify.arg("--config").arg(&settings);
        verify.args(["db", "verify"]).output().expect("it runs")
    };
    let while_it_runs = verify();
    assert!(!while_it_runs.status.success());
    let said = String::from_utf8_lossy(&while_it_runs.stderr).into_owned();
    assert!(said.contains("a server runs on"), "{said}");
    demo.end();
    let verified = verify();
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    let more = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success(), "{said}{more}");
    assert!(said.contains("agree"), "{said}");
}
