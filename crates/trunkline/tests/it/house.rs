//! A running Trunkline for a test, set up through its own API.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use trunkline_store::testing::TestDatabase;

/// The site's host in tests.
pub(crate) const HOST: &str = "www.lone-star.example";
/// The number printed on the site.
pub(crate) const MAIN_NUMBER: &str = "+12145550100";
/// The destination of every tracking number.
pub(crate) const BUSINESS_LINE: &str = "+12142345678";
/// The first owner, and the password that everybody here chooses.
pub(crate) const OWNER: &str = "owner@localhost";
const PASSWORD: &str = "a password for tests";
const USER_AGENT: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1";
/// Longest wait for the program to be ready: a loaded machine may be slow, a broken program never is.
const START_WAIT: Duration = Duration::from_secs(60);

/// How often, and how many times, the API is asked for a state that will come.
const POLL: Duration = Duration::from_millis(50);
const POLLS_MAX: usize = 600;

/// A running program with its data folder.
pub(crate) struct House {
    child: Option<Child>,
    folder: TempDir,
    database: TestDatabase,
    pub(crate) http: SocketAddr,
    pub(crate) sip: SocketAddr,
    pub(crate) client: Client,
    /// The certificate that its browsers trust; it is spoken to over TLS then.
    certificate: Option<String>,
    cookie: String,
}

/// A site with its key and targets, as the API answers it.
pub(crate) struct Site {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) target: String,
}

impl House {
    /// Starts the program on a fresh SQLite database and signs in.
    pub(crate) async fn start() -> Self {
        Self::start_on(TestDatabase::sqlite()).await
    }

    /// Starts the program on this database and signs in.
    pub(crate) async fn start_on(database: TestDatabase) -> Self {
        Self::start_with(database, |_, settings| settings).await
    }

    /// As above, with its configuration changed; the change is told the folder of the test.
    pub(crate) async fn start_with(
        database: TestDatabase,
        change: impl FnOnce(&Path, String) -> String,
    ) -> Self {
        Self::start_trusting(None, database, change).await
    }

    /// As above, over TLS when a certificate (PEM) is given, which is trusted as no other is.
    pub(crate) async fn start_trusting(
        certificate: Option<String>,
        database: TestDatabase,
        change: impl FnOnce(&Path, String) -> String,
    ) -> Self {
        let folder = TempDir::new().expect("a folder");
        std::fs::write(
            folder.path().join("trunkline.toml"),
            change(folder.path(), settings(&folder, &database)),
        )
        .expect("a configuration");
        let (child, http, sip, password) = spawn(&folder);
        let password = password.expect("the first start tells a password");
        let mut house = Self {
            child: Some(child),
            folder,
            database,
            http,
            sip,
            client: client(certificate.as_deref()),
            certificate,
            cookie: String::new(),
        };
        house.cookie = house.first_sign_in(OWNER, &password).await;
        house
    }

    /// Kills the program at once.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("killed");
            child.wait().expect("ended");
        }
    }

    /// Starts the killed program again and kills it when it says this, or at once when that is empty.
    pub(crate) fn die_while_starting(&mut self, says: &str) {
        let mut child = launch(&self.folder);
        let lines = read_lines(&mut child);
        self.child = Some(child);
        while !says.is_empty() {
            let line = lines.recv_timeout(START_WAIT);
            if line.expect("the program says it").contains(says) {
                break;
            }
        }
        self.kill();
    }

    /// Starts the killed program again on the same data.
    pub(crate) async fn start_again(&mut self) {
        let (child, http, sip, _) = spawn(&self.folder);
        self.child = Some(child);
        self.http = http;
        self.sip = sip;
        self.client = client(self.certificate.as_deref());
        self.cookie = self.sign_in(OWNER, PASSWORD).await;
    }

    /// From its next start on its configuration is changed so.
    pub(crate) fn configure(&mut self, change: impl FnOnce(String) -> String) {
        let file = self.folder.path().join("trunkline.toml");
        let changed = change(settings(&self.folder, &self.database));
        std::fs::write(file, changed).expect("a configuration");
    }

    /// From its next start on it runs on this database.
    pub(crate) fn move_to(&mut self, database: TestDatabase) {
        let file = self.folder.path().join("trunkline.toml");
        std::fs::write(file, settings(&self.folder, &database)).expect("a configuration");
        self.database = database;
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where its database is, for whoever looks at it while the program does not run.
    pub(crate) fn database_url(&self) -> String {
        if self.database.url.starts_with("postgres") {
            return self.database.url.clone();
        }
        format!("sqlite:{}", self.data().join("trunkline.db").display())
    }

    /// Which database it runs on, for messages.
    pub(crate) fn database(&self) -> &str {
        if self.database.url.starts_with("postgres") {
            "postgres"
        } else {
            "sqlite"
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    fn origin(&self) -> String {
        let scheme = self.certificate.as_ref().map_or("http", |_| "https");
        format!("{scheme}://{}", self.http)
    }

    /// The cookie of a user.
    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> String {
        let body = json!({"email": email, "password": password});
        let answer = self
            .send_as("", Method::POST, "/api/v1/login", Some(body))
            .await;
        assert_eq!(answer.status(), StatusCode::OK, "signing in as {email}");
        let cookie = answer.headers()["set-cookie"].to_str().expect("a cookie");
        cookie.split(';').next().expect("a pair").to_owned()
    }

    /// The owner's cookie.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// A request with this cookie (none when empty).
    pub(crate) async fn send_as(
        &self,
        cookie: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Response {
        let mut request = self
            .client
            .request(method, self.url(path))
            .header("origin", self.origin());
        if !cookie.is_empty() {
            request = request.header("cookie", cookie);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.expect("an answer")
    }

    /// A request of the owner that must succeed; its JSON.
    pub(crate) async fn api(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let answer = self.send_as(&self.cookie, method.clone(), path, body).await;
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).expect("JSON")
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.api(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.api(Method::POST, path, Some(body)).await
    }

    /// Runs a command of the program on this data folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
        command
            .arg("--config")
            .arg(self.folder.path().join("trunkline.toml"))
            .args(arguments);
        command.output().expect("the program runs")
    }

    /// Adds a user by the command line, who chooses a password; the cookie of their login.
    pub(crate) async fn add_user(&self, email: &str, more: &[&str]) -> String {
        let printed = self.user_with_password(email, more);
        self.first_sign_in(email, &printed).await
    }

    /// Signs in with a printed password and chooses [`PASSWORD`]; the cookie.
    pub(crate) async fn first_sign_in(&self, email: &str, printed: &str) -> String {
        let cookie = self.sign_in(email, printed).await;
        let body = json!({"current": printed, "new": PASSWORD});
        let answer = self
            .send_as(&cookie, Method::POST, "/api/v1/me/password", Some(body))
            .await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        cookie
    }

    /// Adds a user by the command line; the password that it prints.
    pub(crate) fn user_with_password(&self, email: &str, more: &[&str]) -> String {
        let added = self.command(&[&["user", "add", email], more].concat());
        let told = String::from_utf8_lossy(&added.stdout).into_owned();
        let password = told
            .split("with the password ")
            .nth(1)
            .and_then(|t| t.lines().next());
        password.expect("a password").to_owned()
    }

    /// Adds a site with one swap target.
    pub(crate) async fn add_site(&self) -> Site {
        let body = json!({"name": "Lone Star Roofing", "hosts": [HOST], "targets": [{"number": MAIN_NUMBER}]});
        let site = self.post("/api/v1/sites", body).await;
        let text = |v: &Value| v.as_str().expect("text").to_owned();
        Site {
            id: text(&site["id"]),
            key: text(&site["key"]),
            target: text(&site["targets"][0]["id"]),
        }
    }

    /// Adds a trunk for a carrier on loopback.
    pub(crate) async fn add_trunk(&self, peer: SocketAddr) -> String {
        let body = json!({"name": "Carrier", "addresses": ["127.0.0.1"], "host": peer.ip().to_string(), "port": peer.port()});
        self.post("/api/v1/trunks", body).await["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    /// Adds a pool with numbers `+1312555xxxx`; the numbers in order.
    pub(crate) async fn add_pool(&self, site: &Site, trunk: &str, size: usize) -> Vec<String> {
        let pool = self
            .post(
                "/api/v1/pools",
                json!({"name": "Visitors", "site": site.id}),
            )
            .await;
        let mut numbers = Vec::new();
        for index in 0..size {
            let number = format!("+1312555{:04}", 1_000 + index);
            let body = json!({"number": number, "kind": "pool", "pool": pool["id"], "trunk": trunk, "business_line": BUSINESS_LINE});
            self.post("/api/v1/numbers", body).await;
            numbers.push(number);
        }
        numbers
    }

    /// A page asks for its numbers.
    pub(crate) async fn assign(
        &self,
        site: &Site,
        page: &str,
        token: Option<&str>,
        more: Value,
    ) -> Value {
        let mut body = json!({"v": 1, "c": 1, "page": format!("https://{HOST}{page}"), "ref": "", "consent": 2, "token": token});
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        let answer = self.page_post(site, "assign", &body.to_string()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.expect("JSON")
    }

    /// A page of the site in a browser that outlives the program.
    pub(crate) fn page(&self, site: &Site) -> Page {
        Page {
            client: self.client.clone(),
            base: self.url(&format!("/t/{}", site.key)),
        }
    }

    /// The headers of a page of the site.
    pub(crate) fn page_headers() -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            "origin",
            HeaderValue::from_str(&format!("https://{HOST}")).expect("a value"),
        );
        headers.insert("user-agent", HeaderValue::from_static(USER_AGENT));
        headers.insert("content-type", HeaderValue::from_static("text/plain"));
        headers
    }

    /// Waits until so many calls have ended and are saved.
    pub(crate) async fn calls_ended(&self, wanted: usize) {
        for _ in 0..POLLS_MAX {
            let all = self.get("/api/v1/calls?limit=100").await;
            let items = all["items"].as_array().expect("calls");
            if items.iter().filter(|c| c["state"] == "ended").count() >= wanted {
                return;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("{wanted} calls did not end");
    }

    /// Waits until no call is in progress; the id of the newest call.
    pub(crate) async fn newest_ended_call(&self) -> String {
        for _ in 0..POLLS_MAX {
            let newest = self.get("/api/v1/calls?limit=1").await;
            if newest["items"][0]["state"] == "ended" {
                return newest["items"][0]["id"].as_str().expect("an id").to_owned();
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("the call did not end");
    }

    /// Asks for something until it is as wanted; gives it.
    pub(crate) async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..POLLS_MAX {
            let told = self.get(path).await;
            if wanted(&told) {
                return told;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("{path} did not become as wanted");
    }

    /// A page tells what happened; the status.
    pub(crate) async fn event(&self, site: &Site, token: &str, events: Value) -> StatusCode {
        let body = json!({"v": 1, "c": 1, "token": token, "events": events}).to_string();
        self.page_post(site, "event", &body).await.status()
    }

    /// A page that shows its number says so.
    pub(crate) async fn shown(&self, site: &Site, token: &str) -> StatusCode {
        self.event(
            site,
            token,
            json!([{"k": "shown", "swaps": 2, "page": format!("https://{HOST}/")}]),
        )
        .await
    }

    /// A request of a page of the site.
    pub(crate) async fn page_post(&self, site: &Site, what: &str, body: &str) -> Response {
        self.page_post_from(None, site, what, body).await
    }

    /// As above, through a proxy that says whom it is from.
    pub(crate) async fn page_post_from(
        &self,
        address: Option<&str>,
        site: &Site,
        what: &str,
        body: &str,
    ) -> Response {
        let mut headers = Self::page_headers();
        if let Some(address) = address {
            let address = HeaderValue::from_str(address).expect("a value");
            headers.insert("x-forwarded-for", address);
        }
        let request = self
            .client
            .post(self.url(&format!("/t/{}/{what}", site.key)));
        let request = request.headers(headers).body(body.to_owned());
        request.send().await.expect("an answer")
    }

    /// Arrives as a new visitor from an address; the answer.
    pub(crate) async fn assign_from(
        &self,
        address: &str,
        site: &Site,
        query: &str,
        token: Option<&str>,
    ) -> Value {
        let page = format!("https://{HOST}/{query}");
        let body = json!({"v": 1, "c": 1, "page": page, "ref": "", "consent": 2, "token": token});
        let answer = self
            .page_post_from(Some(address), site, "assign", &body.to_string())
            .await;
        answer.json().await.expect("JSON")
    }
}

/// A page of the site; see [`House::page`].
#[derive(Clone)]
pub(crate) struct Page {
    client: Client,
    base: String,
}

impl Page {
    /// Asks for numbers as a visitor without a past; `None` when nobody answers any more.
    pub(crate) async fn assign(&self) -> Option<Value> {
        let body =
            json!({"v": 1, "c": 1, "page": format!("https://{HOST}/"), "ref": "", "consent": 2});
        self.post("assign", &body).await?.json().await.ok()
    }

    /// Says that the number is on the page: whether that was acknowledged, `None` when nobody answers.
    pub(crate) async fn shown(&self, token: &str) -> Option<bool> {
        self.tell(
            token,
            json!([{"k": "shown", "swaps": 2, "page": format!("https://{HOST}/")}]),
        )
        .await
    }

    /// Says that the number was tapped: as above.
    pub(crate) async fn tapped(&self, token: &str, number: &str) -> Option<bool> {
        self.tell(token, json!([{"k": "tap", "n": number}])).await
    }

    async fn tell(&self, token: &str, events: Value) -> Option<bool> {
        let body = json!({"v": 1, "c": 1, "token": token, "events": events});
        Some(self.post("event", &body).await?.status().is_success())
    }

    async fn post(&self, what: &str, body: &Value) -> Option<Response> {
        let request = self.client.post(format!("{}/{what}", self.base));
        let request = request
            .headers(House::page_headers())
            .body(body.to_string());
        request.send().await.ok()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn client(certificate: Option<&str>) -> Client {
    // The program under test mostly speaks plain HTTP; a TLS provider is still needed to make a client.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(30));
    if let Some(pem) = certificate {
        let trusted = reqwest::Certificate::from_pem(pem.as_bytes()).expect("a certificate");
        client = client.tls_certs_only([trusted]);
    }
    client.build().expect("a client")
}

fn settings(folder: &TempDir, database: &TestDatabase) -> String {
    let postgres = database.url.starts_with("postgres");
    let url = if postgres { database.url.as_str() } else { "" };
    format!(
        "data_dir = {:?}\n[http]\nlisten = \"127.0.0.1:0\"\n[database]\nurl = {url:?}\n[voice]\nudp = \"127.0.0.1:0\"\ntcp = \"\"\nrtp_port_first = 0\nrtp_port_last = 0\nstore_wait_ms = 10000\n[log]\nformat = \"json\"\nlevel = \"info\"\n",
        folder.path().join("data"),
    )
}

/// Starts the program and waits until it says that it is ready; gives its addresses and, at the first
/// start, the owner's password.
fn spawn(folder: &TempDir) -> (Child, SocketAddr, SocketAddr, Option<String>) {
    let mut child = launch(folder);
    let lines = read_lines(&mut child);
    let (mut addresses, mut password) = (None, None);
    let mut told = Vec::new();
    while addresses.is_none() || password.is_none() {
        let Ok(line) = lines.recv_timeout(START_WAIT) else {
            panic!("the program did not become ready: {told:#?}")
        };
        if let Some((_, secret)) = line.split_once("with the password ") {
            password = Some(Some(secret.trim().to_owned()));
        }
        if let Some(found) = ready(&line) {
            addresses = Some(found);
            if folder.path().join("data/started").exists() {
                password = Some(None);
            }
        }
        told.push(line);
    }
    std::fs::write(folder.path().join("data/started"), "").expect("a mark");
    let (http, sip) = addresses.expect("addresses");
    (child, http, sip, password.flatten())
}

fn launch(folder: &TempDir) -> Child {
    Command::new(env!("CARGO_BIN_EXE_trunkline"))
        .arg("--config")
        .arg(folder.path().join("trunkline.toml"))
        .arg("serve")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

fn read_lines(child: &mut Child) -> mpsc::Receiver<String> {
    let (tell, lines) = mpsc::channel();
    pass_on(child.stdout.take().expect("standard output"), tell.clone());
    pass_on(child.stderr.take().expect("standard error"), tell);
    lines
}

/// Reads to the end, so that the program never waits for its reader.
fn pass_on(from: impl std::io::Read + Send + 'static, to: mpsc::Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            // After the start nobody listens any more.
            let _ = to.send(line);
        }
    });
}

fn ready(line: &str) -> Option<(SocketAddr, SocketAddr)> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let fields = &entry["fields"];
    (fields["message"] == "trunkline is ready").then_some(())?;
    Some((
        fields["http"].as_str()?.parse().ok()?,
        fields["sip"].as_str()?.parse().ok()?,
    ))
}
