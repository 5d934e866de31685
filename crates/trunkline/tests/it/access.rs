//! Who may do what: every endpoint of the API, found through its own description.

use std::collections::BTreeSet;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use trunkline_sim::carrier::Behaviour;

use crate::calls::{dial, ready};
use crate::house::House;

/// Every endpoint with its method, ids filled in with one that exists nowhere.
async fn endpoints(house: &House) -> Vec<(Method, String)> {
    let description: Value = house
        .client
        .get(house.url("/api/openapi.json"))
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let mut found = Vec::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("methods").keys() {
            let method = method.to_uppercase().parse().expect("a method");
            found.push((method, path.replace("{id}", "nothing_0000000000000")));
        }
    }
    assert!(found.len() > 30, "the description lists the endpoints");
    found
}

/// A body the endpoint can read, so that only the missing right can stop it.
fn body(method: &Method, path: &str) -> Option<Value> {
    if method == Method::GET || method == Method::DELETE {
        return None;
    }
    Some(match path {
        "/api/v1/api-keys" => json!({"name": "a", "scopes": ["read"]}),
        "/api/v1/me/account" => json!({"account": "acc_0000000000000"}),
        "/api/v1/me/password" => json!({"current": "a", "new": "b"}),
        _ if path.ends_with("/webhook") => json!({"dialect": "twilio", "account_sid": "a"}),
        _ if path.ends_with("/make-static") => json!({"label": "a"}),
        _ if path.ends_with("/confirmation") => json!({"session": null}),
        _ if path.starts_with("/api/v1/prompts") => json!({"name": "a", "text": "a"}),
        _ if path.starts_with("/api/v1/flows") => {
            json!({"name": "a", "edits": 1, "archived": true,
                "document": {"schema": 1, "start": "a", "nodes": {"a": {"kind": "hang_up"}}}})
        }
        _ => json!({}),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_refuses_strangers() {
    let house = House::start().await;
    for (method, path) in endpoints(&house).await {
        if path == "/api/v1/login" {
            continue;
        }
        let answer = house
            .send_as("", method.clone(), &path, body(&method, &path))
            .await;
        assert_eq!(
            answer.status(),
            StatusCode::UNAUTHORIZED,
            "{method} {path} without a login"
        );
        let answer = house
            .send_as(
                "trunkline_login=forged",
                method.clone(),
                &path,
                body(&method, &path),
            )
            .await;
        assert_eq!(
            answer.status(),
            StatusCode::UNAUTHORIZED,
            "{method} {path} with a forged login"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_changes_nothing() {
    let house = House::start().await;
    let viewer = house
        .add_user("viewer@example.com", &["--role", "viewer"])
        .await;
    let own: BTreeSet<&str> = [
        "/api/v1/login",
        "/api/v1/logout",
        "/api/v1/me/account",
        "/api/v1/me/password",
    ]
    .into();
    for (method, path) in endpoints(&house).await {
        if own.contains(path.as_str()) || method == Method::GET {
            continue;
        }
        let answer = house
            .send_as(&viewer, method.clone(), &path, body(&method, &path))
            .await;
        assert_eq!(
            answer.status(),
            StatusCode::FORBIDDEN,
            "{method} {path} as a viewer"
        );
    }
    let site =
        json!({"name": "A", "hosts": ["a.example"], "targets": [{"number": "+12145550100"}]});
    let answer = house
        .send_as(&viewer, Method::POST, "/api/v1/sites", Some(site))
        .await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let answer = house
        .send_as(&viewer, Method::GET, "/api/v1/sites", None)
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_never_see_each_other() {
    let (house, carrier, site, number) = ready(Behaviour::Answer { after_ms: 0 }).await;
    let flow = json!({"name": "a", "document": {"schema": 1, "start": "a", "nodes": {"a": {"kind": "hang_up"}}}});
    house.post("/api/v1/flows", flow).await;
    house.assign(&site, "/", None, json!({})).await;
    assert!(house.command(&["account", "add", "Other"]).status.success());
    let cookie = house
        .add_user("owner@other.example", &["--account", "Other"])
        .await;
    let key = json!({"name": "reports", "scopes": ["read"]});
    house.post("/api/v1/api-keys", key).await;
    let live = |cookie| house.send_as(cookie, Method::GET, "/api/v1/live", None);
    let (mut own_live, their_live) = (live(house.cookie()).await, live(&cookie).await);
    let caller = dial(&carrier, &number).await;
    assert!(caller.hears(500).await, "a call with a recording");
    caller.hang_up();
    let call = house.newest_ended_call().await;
    let recording = format!("/api/v1/calls/{call}/recording");
    let own = house
        .send_as(house.cookie(), Method::GET, &recording, None)
        .await;
    assert_eq!(own.status(), StatusCode::OK);
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).contains(&call) {
        let more = own_live.chunk().await.expect("a stream");
        heard.extend(more.expect("the owner hears of the call"));
    }

    crate::distribution::one_of_each(&house).await;
    let lists = [
        "sites",
        "numbers",
        "pools",
        "flows",
        "sessions",
        "calls",
        "api-keys",
        "publishers",
        "campaigns",
        "feeds",
        "buyers",
        "destinations",
        "contracts",
        "lists",
    ];
    for list in lists {
        let theirs: Value = house
            .send_as(&cookie, Method::GET, &format!("/api/v1/{list}"), None)
            .await
            .json()
            .await
            .expect("JSON");
        assert_eq!(theirs["items"], json!([]), "{list} of another account");
        let own = house.get(&format!("/api/v1/{list}")).await;
        let own = own["items"][0]["id"].as_str().expect("there is one");
        for method in [Method::GET, Method::PATCH, Method::PUT, Method::DELETE] {
            let path = format!("/api/v1/{list}/{own}");
            let answer = house
                .send_as(&cookie, method.clone(), &path, body(&method, &path))
                .await;
            // What only the operator may do is refused before it is looked for.
            let hidden = [
                StatusCode::NOT_FOUND,
                StatusCode::METHOD_NOT_ALLOWED,
                StatusCode::FORBIDDEN,
            ];
            assert!(
                hidden.contains(&answer.status()),
                "{method} {path}: {}",
                answer.status()
            );
        }
        for more in [
            "snippet",
            "leases",
            "recording",
            "peaks",
            "matches",
            "reliability",
            "versions",
            "plan",
            "effective",
            "items",
        ] {
            let path = format!("/api/v1/{list}/{own}/{more}");
            let answer = house.send_as(&cookie, Method::GET, &path, None).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
    let own = house.get("/api/v1/flows").await;
    let own = own["items"][0]["id"].as_str().expect("there is one");
    for (method, change) in [
        (Method::PUT, "draft"),
        (Method::POST, "publish"),
        (Method::POST, "archive"),
        (Method::POST, "try"),
        (Method::POST, "versions/1/restore"),
    ] {
        let path = format!("/api/v1/flows/{own}/{change}");
        let answer = house
            .send_as(&cookie, method.clone(), &path, body(&method, &path))
            .await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let taken = json!({"name": "Mine now", "site": site.id});
    let answer = house
        .send_as(&cookie, Method::POST, "/api/v1/pools", Some(taken))
        .await;
    assert_eq!(
        answer.status(),
        StatusCode::NOT_FOUND,
        "a pool on another account's site"
    );
    assert_eq!(
        house.get("/api/v1/sites").await["items"]
            .as_array()
            .map(Vec::len),
        Some(1),
        "nothing was taken away"
    );
    house
        .send_as(&cookie, Method::POST, "/api/v1/logout", None)
        .await;
    let theirs = their_live.text().await.expect("their stream ends");
    assert!(!theirs.contains("event: call"), "{theirs}");
    carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_cookie_from_another_site_is_refused() {
    let house = House::start().await;
    let cookie = house.add_user("second@example.com", &[]).await;
    let request = house
        .client
        .post(house.url("/api/v1/logout"))
        .header("cookie", &cookie);
    let answer = request
        .header("origin", "https://evil.example")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let answer = house
        .send_as(&cookie, Method::GET, "/api/v1/me", None)
        .await;
    assert_eq!(answer.status(), StatusCode::OK, "the login still stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_passwords_is_slowed_down() {
    let house = House::start().await;
    let mut statuses = BTreeSet::new();
    for _ in 0..8 {
        let body = json!({"email": "owner@localhost", "password": "a wrong password"});
        let answer = house
            .send_as("", Method::POST, "/api/v1/login", Some(body))
            .await;
        statuses.insert(answer.status().as_u16());
    }
    assert_eq!(statuses, BTreeSet::from([401, 429]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_printed_password_opens_nothing_but_the_choice_of_another() {
    let house = House::start().await;
    let printed = house.user_with_password("second@example.com", &["--operator"]);
    let cookie = house.sign_in("second@example.com", &printed).await;
    let own = [
        "/api/v1/login",
        "/api/v1/logout",
        "/api/v1/me",
        "/api/v1/me/password",
    ];
    for (method, path) in endpoints(&house).await {
        if own.contains(&path.as_str()) {
            continue;
        }
        let answer = house
            .send_as(&cookie, method.clone(), &path, body(&method, &path))
            .await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{method} {path}");
        let problem: Value = answer.json().await.expect("a problem");
        assert_eq!(problem["type"], "password_first", "{method} {path}");
    }
    let change = |current: &str, new: &str| {
        let body = json!({"current": current, "new": new});
        let (house, cookie) = (&house, &cookie);
        async move {
            let path = "/api/v1/me/password";
            let answer = house.send_as(cookie, Method::POST, path, Some(body)).await;
            answer.status()
        }
    };
    let me = |cookie: String| {
        let house = &house;
        async move {
            let answer = house.send_as(&cookie, Method::GET, "/api/v1/me", None);
            answer.await.json::<Value>().await.expect("JSON")
        }
    };
    assert_eq!(me(cookie.clone()).await["user"]["password_once"], true);
    let same = change(&printed, &printed).await;
    assert_eq!(same, StatusCode::UNPROCESSABLE_ENTITY);
    let changed = change(&printed, "one of my own").await;
    assert_eq!(changed, StatusCode::NO_CONTENT);
    assert_eq!(me(cookie.clone()).await["user"]["password_once"], false);
    let answer = house
        .send_as(&cookie, Method::GET, "/api/v1/sites", None)
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_guessed_at_still_signs_in_on_a_device_it_has_signed_in_on() {
    let house = House::start().await;
    let (email, password) = (
        "second@example.com",
        house.user_with_password("second@example.com", &[]),
    );
    let attempt = |cookie: &str, password: &str| {
        let body = json!({"email": email, "password": password});
        let (house, cookie) = (&house, cookie.to_owned());
        async move {
            house
                .send_as(&cookie, Method::POST, "/api/v1/login", Some(body))
                .await
        }
    };
    let first = attempt("", &password).await;
    let set = first.headers().get_all("set-cookie").iter();
    let mut pairs = set.filter_map(|value| value.to_str().ok()?.split(';').next());
    let mark = pairs.find(|pair| pair.starts_with("trunkline_device_"));
    let mark = mark.expect("a mark of the device").to_owned();
    while attempt("", "a wrong password").await.status() != StatusCode::TOO_MANY_REQUESTS {}
    let stranger = attempt("", &password).await;
    assert_eq!(stranger.status(), StatusCode::TOO_MANY_REQUESTS);
    let forged = format!("{mark}A");
    let stranger = attempt(&forged, &password).await;
    assert_eq!(stranger.status(), StatusCode::TOO_MANY_REQUESTS);
    let known = attempt(&mark, &password).await;
    assert_eq!(known.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_what_its_scopes_say_and_nothing_after_it_is_removed() {
    let house = House::start().await;
    let key = house
        .post(
            "/api/v1/api-keys",
            json!({"name": "reports", "scopes": ["read"]}),
        )
        .await;
    let secret = key["key"].as_str().expect("the key").to_owned();
    let with_key = |method: Method, path: &'static str| {
        house
            .client
            .request(method, house.url(path))
            .bearer_auth(&secret)
    };
    let answer = with_key(Method::GET, "/api/v1/calls")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    let site =
        json!({"name": "A", "hosts": ["a.example"], "targets": [{"number": "+12145550100"}]});
    let answer = with_key(Method::POST, "/api/v1/sites")
        .json(&site)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let listed = house.get("/api/v1/api-keys").await;
    assert!(
        listed["items"][0].get("key").is_none(),
        "the key is shown once"
    );
    house
        .api(
            Method::DELETE,
            &format!("/api/v1/api-keys/{}", key["id"].as_str().expect("an id")),
            None,
        )
        .await;
    let answer = with_key(Method::GET, "/api/v1/calls")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn bogus_keys_are_refused_before_they_cost_and_keep_nobody_else_out() {
    let house = House::start().await;
    let bogus = |n: usize| {
        house
            .client
            .get(house.url("/api/v1/calls"))
            .bearer_auth(format!("tlk_bogus_{n}"))
    };
    let mut refused = None;
    for n in 0..10_000 {
        let answer = bogus(n).send().await.expect("an answer");
        if answer.status() != StatusCode::UNAUTHORIZED {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("there is a limit");
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key("retry-after"));
    let own = house
        .send_as(house.cookie(), Method::GET, "/api/v1/calls", None)
        .await;
    assert_eq!(own.status(), StatusCode::OK, "behind the same address");
    // A key that was just made works at once.
    let key = json!({"name": "reports", "scopes": ["read"]});
    let key = house.post("/api/v1/api-keys", key).await;
    let with_key = house
        .client
        .get(house.url("/api/v1/calls"))
        .bearer_auth(key["key"].as_str().expect("the key"));
    assert_eq!(
        with_key.send().await.expect("an answer").status(),
        StatusCode::OK
    );
}

/// Reads a live stream to its end; the client gives up on one that does not end, sooner than streams look by themselves.
async fn ends(mut stream: Response) {
    while stream.chunk().await.expect("the stream ends").is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_stream_ends_with_the_login_or_key_it_was_opened_with() {
    let house = House::start().await;
    let cookie = house.add_user("second@example.com", &[]).await;
    let by_login = house
        .send_as(&cookie, Method::GET, "/api/v1/live", None)
        .await;
    assert_eq!(by_login.status(), StatusCode::OK);
    let answer = house
        .send_as(&cookie, Method::POST, "/api/v1/logout", None)
        .await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    ends(by_login).await;

    let key = json!({"name": "wall", "scopes": ["read"]});
    let key = house.post("/api/v1/api-keys", key).await;
    let by_key = house
        .client
        .get(house.url("/api/v1/live"))
        .bearer_auth(key["key"].as_str().expect("the key"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(by_key.status(), StatusCode::OK);
    let path = format!("/api/v1/api-keys/{}", key["id"].as_str().expect("an id"));
    house.api(Method::DELETE, &path, None).await;
    ends(by_key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_taken_out_of_an_account_is_signed_out_and_the_last_owner_stays() {
    let house = House::start().await;
    let cookie = house
        .add_user("second@example.com", &["--role", "viewer"])
        .await;
    let stream = house
        .send_as(&cookie, Method::GET, "/api/v1/live", None)
        .await;
    assert_eq!(stream.status(), StatusCode::OK);
    let members = house.get("/api/v1/members").await;
    let find = |email: &str| {
        let items = members["items"].as_array().expect("members").iter();
        let mut found = items.filter(|m| m["email"] == email);
        found.next().expect("the member")["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    };
    let (owner, second) = (find("owner@localhost"), find("second@example.com"));
    let remove = |cookie: &str, id: &str| {
        let (cookie, path) = (cookie.to_owned(), format!("/api/v1/members/{id}"));
        let house = &house;
        async move {
            let answer = house.send_as(&cookie, Method::DELETE, &path, None).await;
            answer.status()
        }
    };
    assert_eq!(remove(&cookie, &owner).await, StatusCode::FORBIDDEN);
    assert_eq!(remove(house.cookie(), &owner).await, StatusCode::CONFLICT);

    // An owner of another account finds nobody here.
    assert!(house.command(&["account", "add", "Other"]).status.success());
    let stranger = house
        .add_user("owner@other.example", &["--account", "Other"])
        .await;
    assert_eq!(remove(&stranger, &second).await, StatusCode::NOT_FOUND);

    // Who runs the server is put out of an account by no owner of it.
    let added = house.command(&[
        "user",
        "add",
        "runs@example.com",
        "--account",
        "Other",
        "--role",
        "manager",
        "--operator",
    ]);
    assert!(added.status.success());
    let there = house.send_as(&stranger, Method::GET, "/api/v1/members", None);
    let there: Value = there.await.json().await.expect("members");
    let items = there["items"].as_array().expect("members");
    let operator = items.iter().find(|m| m["operator"] == true);
    let operator = operator.expect("the operator")["id"].as_str();
    let refused = remove(&stranger, operator.expect("an id")).await;
    assert_eq!(refused, StatusCode::FORBIDDEN);

    let removed = remove(house.cookie(), &second).await;
    assert_eq!(removed, StatusCode::NO_CONTENT);
    ends(stream).await;
    let answer = house
        .send_as(&cookie, Method::GET, "/api/v1/me", None)
        .await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);

    // By the command line: the only owner of an account stays, another user goes.
    let refused = house.command(&["user", "remove", "owner@other.example"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && told.contains("keeps an owner"),
        "{told}"
    );
    let lowered = ["user", "add", "owner@localhost", "--role", "viewer"];
    assert!(!house.command(&lowered).status.success());
    // What was refused changed nothing: the owner's login, and so the password, still stand.
    assert_eq!(house.get("/api/v1/me").await["role"], "owner");
    house.user_with_password("heir@other.example", &["--account", "Other"]);
    let stream = house
        .send_as(&stranger, Method::GET, "/api/v1/live", None)
        .await;
    assert_eq!(stream.status(), StatusCode::OK);
    let gone = house.command(&["user", "remove", "owner@other.example"]);
    assert!(gone.status.success());
    ends(stream).await;
    let answer = house
        .send_as(&stranger, Method::GET, "/api/v1/me", None)
        .await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let unknown = house.command(&["user", "remove", "nobody@example.com"]);
    assert!(!unknown.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_opens_so_many_live_streams_and_no_more() {
    let house = House::start().await;
    let cookie = house.add_user("second@example.com", &[]).await;
    let open = || house.send_as(&cookie, Method::GET, "/api/v1/live", None);
    let mut streams = Vec::new();
    let refused = loop {
        let stream = open().await;
        if stream.status() != StatusCode::OK {
            break stream;
        }
        streams.push(stream);
        assert!(streams.len() < 100, "there is a limit");
    };
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let owner = house
        .send_as(house.cookie(), Method::GET, "/api/v1/live", None)
        .await;
    assert_eq!(owner.status(), StatusCode::OK, "others still may");
}

#[test]
fn the_description_in_the_repository_is_that_of_the_code() {
    let told = std::process::Command::new(env!("CARGO_BIN_EXE_trunkline"))
        .arg("openapi")
        .output()
        .expect("the program runs");
    let stored = include_str!("../../../../docs/api/openapi.json");
    let same = String::from_utf8_lossy(&told.stdout).trim_end() == stored.trim_end();
    assert!(same, "docs/api/openapi.json is stale: run `make generate`");
}
