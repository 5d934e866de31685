//! Trunks through the API: a registered one with a password that nobody can read, and the tests of a trunk.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use crate::house::House;

const PASSWORD: &str = "correct-horse-battery";
/// Registrations that wait for a test to look at them.
const ANSWERS_MAX: usize = 64;
const WAIT: Duration = Duration::from_secs(60);

/// A registrar that challenges every REGISTER with the same nonce, so that the same password gives the same answer.
struct Registrar {
    addr: SocketAddr,
    answers: mpsc::Receiver<String>,
}

impl Registrar {
    async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let addr = socket.local_addr().expect("an address");
        let (tell, answers) = mpsc::channel(ANSWERS_MAX);
        tokio::spawn(async move {
            let mut buffer = vec![0; 8192];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let (status, more) = match response_of(&request) {
                    _ if request.starts_with("INVITE") => ("486 Busy Here", String::new()),
                    _ if !request.starts_with("REGISTER") => ("200 OK", String::new()),
                    None => (
                        "401 Unauthorized",
                        "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"fixed\"\r\n"
                            .to_owned(),
                    ),
                    Some(response) => {
                        // Refreshes that nobody waits for; a test looks at the first ones.
                        let _ = tell.try_send(response);
                        ("200 OK", "Expires: 600\r\n".to_owned())
                    }
                };
                let mut text = format!("SIP/2.0 {status}\r\n");
                for line in request.split("\r\n").skip(1).take_while(|l| !l.is_empty()) {
                    let name = line.split(':').next().unwrap_or_default().to_lowercase();
                    if ["via", "from", "call-id", "cseq"].contains(&name.as_str()) {
                        text.push_str(&format!("{line}\r\n"));
                    } else if name == "to" {
                        text.push_str(&format!("{line};tag=registrar\r\n"));
                    }
                }
                text.push_str(&format!("{more}Content-Length: 0\r\n\r\n"));
                let _ = socket.send_to(text.as_bytes(), from).await;
            }
        });
        Self { addr, answers }
    }

    /// The next answer to its challenge.
    async fn answered(&mut self) -> String {
        let answer = tokio::time::timeout(WAIT, self.answers.recv()).await;
        answer
            .expect("a registration in time")
            .expect("a registrar")
    }
}

fn response_of(request: &str) -> Option<String> {
    let line = request
        .split("\r\n")
        .find(|l| l.starts_with("Authorization:"))?;
    let (_, rest) = line.split_once("response=\"")?;
    Some(rest.split('"').next()?.to_owned())
}

/// Files below `folder` that hold `text`.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if let Ok(bytes) = std::fs::read(&path) {
            let mut parts = bytes.windows(text.len());
            if parts.any(|part| part == text.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

fn registered(registrar: SocketAddr) -> Value {
    json!({
        "name": "Registered", "kind": "registered", "host": "127.0.0.1", "port": registrar.port(),
        "user": "acme-user", "password": PASSWORD, "priority": 5,
        "formats": {"style": "national", "country": "US", "international_prefix": "011"},
        "caller_id": {"shown": "fixed", "number": "+12145550111", "asserted": true, "trusted": false},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_a_trunk_is_used_and_never_read_and_a_backup_keeps_it() {
    let mut registrar = Registrar::start().await;
    let mut house = House::start().await;
    let made = house
        .post("/api/v1/trunks", registered(registrar.addr))
        .await;
    let answer = registrar.answered().await;
    let path = format!("/api/v1/trunks/{}", made["id"].as_str().expect("an id"));
    let trunk = house
        .until(&path, |t| {
            t["registration"]["state"] == "registered" && t["health"]["state"] == "ok"
        })
        .await;
    assert_eq!(trunk["user"], "acme-user");
    assert_eq!(trunk["has_password"], true);
    assert!(trunk["registration"]["expires_at"].is_i64(), "{trunk}");
    assert_eq!(trunk["formats"]["international_prefix"], "011");
    assert_eq!(trunk["caller_id"]["number"], "+12145550111");
    let list = house.get("/api/v1/trunks").await;
    for shown in [&made, &trunk, &list] {
        assert!(!shown.to_string().contains(PASSWORD));
    }
    // Not on disk either, and whoever does not run the server does not see the user name.
    assert_eq!(holding(&house.data(), PASSWORD), Vec::<String>::new());
    let viewer = house
        .add_user("viewer@example.com", &["--role", "viewer"])
        .await;
    let own = json!({"name": "Own", "addresses": ["192.0.2.1"], "host": "192.0.2.1", "user": "acme-user", "password": PASSWORD, "shared": false});
    let own = house.post("/api/v1/trunks", own).await;
    let own = format!("/api/v1/trunks/{}", own["id"].as_str().expect("an id"));
    let seen = house.send_as(&viewer, Method::GET, &own, None).await;
    let seen: Value = seen.json().await.expect("JSON");
    assert_eq!(
        (&seen["user"], &seen["has_password"], &seen["host"]),
        (&Value::Null, &json!(true), &json!("192.0.2.1"))
    );
    house.api(Method::DELETE, &own, None).await;

    // A change that does not touch it leaves it; one that would send it elsewhere asks for it again.
    house
        .api(
            Method::PATCH,
            &path,
            Some(json!({"name": "Renamed", "priority": 6})),
        )
        .await;
    let moved = json!({"proxy": "192.0.2.7"});
    let refused = house
        .send_as(house.cookie(), Method::PATCH, &path, Some(moved))
        .await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let refused: Value = refused.json().await.expect("JSON");
    assert!(
        refused.to_string().contains("Write the password again"),
        "{refused}"
    );

    // The same password answers after a restart, and from a backup.
    house.kill();
    house.start_again().await;
    assert_eq!(registrar.answered().await, answer);
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy");
    let done = house.command(&["backup", &copy.display().to_string()]);
    assert!(done.status.success(), "{done:?}");
    assert!(holding(&copy, PASSWORD).is_empty());
    house.kill();
    std::fs::remove_dir_all(house.data()).expect("removed");
    let done = house.command(&["restore", &copy.display().to_string()]);
    assert!(done.status.success(), "{done:?}");
    // The mark of a start that told a password before.
    std::fs::write(house.data().join("started"), "").expect("a mark");
    house.start_again().await;
    assert_eq!(registrar.answered().await, answer);

    house.api(Method::DELETE, &path, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_shared_trunk_is_set_up_only_the_operator_sees() {
    let registrar = Registrar::start().await;
    let house = House::start().await;
    let made = house
        .post("/api/v1/trunks", registered(registrar.addr))
        .await;
    let path = format!("/api/v1/trunks/{}", made["id"].as_str().expect("an id"));
    let webhook = json!({"dialect": "twilio", "account_sid": "AC0123456789abcdef", "signing_key": "0123456789abcdef"});
    house
        .api(Method::PUT, &format!("{path}/webhook"), Some(webhook))
        .await;
    house.until(&path, |t| t["health"]["state"] == "ok").await;
    assert!(house.command(&["account", "add", "Other"]).status.success());
    let tenant = house
        .add_user("owner@other.example", &["--account", "Other"])
        .await;
    let member = house
        .add_user("second@example.com", &["--role", "owner"])
        .await;
    for cookie in [&tenant, &member] {
        let list = house.send_as(cookie, Method::GET, "/api/v1/trunks", None);
        let list: Value = list.await.json().await.expect("JSON");
        let one = house.send_as(cookie, Method::GET, &path, None).await;
        let one: Value = one.json().await.expect("JSON");
        assert_eq!(list["items"][0]["id"], one["id"]);
        for trunk in [&list["items"][0], &one] {
            assert_eq!(trunk["name"], "Registered");
            assert_eq!(trunk["health"]["state"], "ok");
            assert_eq!(trunk["dials"], true);
            let fields = trunk.as_object().expect("fields").iter();
            let told = fields.filter(|(_, value)| !value.is_null());
            let mut told: Vec<_> = told.map(|(name, _)| name.as_str()).collect();
            told.sort_unstable();
            let outline = [
                "created_at",
                "dials",
                "health",
                "id",
                "name",
                "registration",
                "shared",
            ];
            assert_eq!(told, outline, "{trunk}");
        }
        let webhook = format!("{path}/webhook");
        let answer = house.send_as(cookie, Method::GET, &webhook, None).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_trunk_is_said_beside_its_field() {
    let house = House::start().await;
    let base = |more: Value| {
        let mut body = json!({"name": "Carrier", "addresses": ["192.0.2.1"], "host": "192.0.2.1"});
        let fields = more.as_object().expect("fields").clone();
        body.as_object_mut().expect("an object").extend(fields);
        body
    };
    let formats = |more: Value| json!({"formats": more});
    for (more, field) in [
        (json!({"addresses": []}), "addresses"),
        (json!({"kind": "registered"}), "user"),
        (json!({"kind": "registered", "user": "u"}), "password"),
        (
            json!({"kind": "registered", "user": "u", "password": "p", "host": ""}),
            "host",
        ),
        (json!({"kind": "other"}), "kind"),
        (json!({"password": "p"}), "user"),
        (json!({"user": "a\"b", "password": "p"}), "user"),
        (json!({"host": "sip:carrier"}), "host"),
        (json!({"proxy": "a b"}), "proxy"),
        (json!({"transport": "sctp"}), "transport"),
        (json!({"tls_ca": "-----BEGIN CERTIFICATE-----"}), "tls_ca"),
        (formats(json!({"style": "roman"})), "formats"),
        (
            formats(json!({"style": "e164", "country": "usa"})),
            "country",
        ),
        (
            formats(json!({"style": "e164", "prefix_out": "abc"})),
            "prefix_out",
        ),
        (
            json!({"caller_id": {"shown": "fixed", "trusted": true}}),
            "caller_id_number",
        ),
    ] {
        let body = Some(base(more.clone()));
        let answer = house
            .send_as(house.cookie(), Method::POST, "/api/v1/trunks", body)
            .await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{more}");
        let problem: Value = answer.json().await.expect("JSON");
        assert!(
            problem.to_string().contains(&format!("\"{field}\"")),
            "{more}: {problem}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_is_checked_and_rings_a_phone_at_a_wish_within_limits() {
    let registrar = Registrar::start().await;
    let house = House::start().await;
    let trunk = house.add_trunk(registrar.addr).await;
    let checked = house
        .post(&format!("/api/v1/trunks/{trunk}/check"), json!({}))
        .await;
    assert_eq!(checked["state"], "ok");
    let call_me = format!("/api/v1/trunks/{trunk}/call-me");
    let ring = |number: &str| {
        let body = Some(json!({"number": number}));
        house.send_as(house.cookie(), Method::POST, &call_me, body)
    };
    // No number to show yet, then a forbidden one, then one that is busy.
    assert_eq!(
        ring("+12142345678").await.status(),
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let site = house.add_site().await;
    house.add_pool(&site, &trunk, 1).await;
    assert_eq!(
        ring("+19002345678").await.status(),
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let busy = ring("+12142345678").await;
    assert_eq!(busy.status(), StatusCode::OK);
    let busy: Value = busy.json().await.expect("JSON");
    assert_eq!(
        (&busy["outcome"], &busy["sip_status"]),
        (&json!("refused"), &json!(486)),
        "{busy}"
    );
    // Three at once, then one in two minutes.
    assert_eq!(
        ring("+12142345678").await.status(),
        StatusCode::TOO_MANY_REQUESTS
    );
    let manager = house
        .add_user("manager@example.com", &["--role", "manager"])
        .await;
    let body = Some(json!({"number": "+12142345678"}));
    let refused = house.send_as(&manager, Method::POST, &call_me, body).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
}
