//! The server tests itself: a visit, a call, and the credit; and nothing of it counts.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use trunkline_sim::carrier::Behaviour;
use trunkline_store::testing::TestDatabase;

use crate::calls::furnish;
use crate::house::House;

/// A house whose public address is that of a proxy before it.
async fn proxied() -> House {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let public = listener.local_addr().expect("an address");
    let (tell, told) = watch::channel(None);
    tokio::spawn(async move {
        while let Ok((mut outside, _)) = listener.accept().await {
            let mut told = told.clone();
            tokio::spawn(async move {
                let to = *told.wait_for(Option::is_some).await.expect("an address");
                let inside = TcpStream::connect(to.expect("an address")).await;
                let _ = copy_bidirectional(&mut outside, &mut inside.expect("the house")).await;
            });
        }
    });
    let database = TestDatabase::sqlite();
    let change = |_: &_, settings: String| format!("public_url = \"http://{public}\"\n{settings}");
    let house = House::start_with(database, change).await;
    tell.send_replace(Some(house.http));
    house
}

fn told(output: &std::process::Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_call_is_credited_to_its_visit_and_counts_in_no_figure() {
    let house = proxied().await;
    let (house, carrier, site, number) = furnish(house, Behaviour::Answer { after_ms: 0 }).await;
    let mut rung = carrier.arrivals();
    let tested = tokio::task::block_in_place(|| house.command(&["check-call"]));
    assert!(tested.status.success(), "{}", told(&tested));
    assert!(
        told(&tested).contains("credited to its visit"),
        "{}",
        told(&tested)
    );

    let check = house.get(&format!("/api/v1/sites/{}/check", site.id)).await;
    let last = &check["last"];
    assert_eq!(
        (&last["right"], &last["wrong"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(last["number"], json!(number));
    let calls = house.get("/api/v1/calls?synthetic=true").await;
    let call = &calls["items"][0];
    assert_eq!(
        (&call["id"], &call["synthetic"]),
        (&last["call"], &json!(true))
    );
    assert_eq!(call["source"]["source"], "trunkline-check");
    assert_eq!(
        (&call["recorded"], &call["first_time"]),
        (&json!(false), &json!(false))
    );

    assert!(rung.try_recv().is_err(), "nobody's phone rang");
    assert_eq!(house.get("/api/v1/calls").await["items"], json!([]));
    assert_eq!(house.get("/api/v1/sessions").await["items"], json!([]));
    let report = house.get("/api/v1/reports/sources").await;
    assert_eq!(report["sources"], json!([]));
    let reliability = house
        .get(&format!("/api/v1/sites/{}/reliability", site.id))
        .await;
    assert_eq!(reliability["untapped"]["calls"], 0);
    for kind in reliability["labels"].as_array().expect("kinds") {
        assert_eq!(kind["calls"], 0, "{reliability}");
    }
    let numbers = house.get("/api/v1/numbers").await.to_string();
    assert!(
        numbers.contains(&number) && !numbers.contains("\"holder\":{"),
        "{numbers}"
    );
    carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_tells_what_is_wrong() {
    let house = proxied().await;
    let site = house.add_site().await;
    let tested =
        tokio::task::block_in_place(|| house.command(&["check-call", "Lone Star Roofing"]));
    assert!(!tested.status.success());
    assert!(
        told(&tested).contains("no number of its own"),
        "{}",
        told(&tested)
    );
    let check = house.get(&format!("/api/v1/sites/{}/check", site.id)).await;
    assert_eq!(check["last"]["right"], false);
    let unknown = tokio::task::block_in_place(|| house.command(&["check-call", "Nowhere"]));
    assert!(
        told(&unknown).contains("there is no site `Nowhere`"),
        "{}",
        told(&unknown)
    );
}

/// A page that says this, on a port of its own.
async fn page_that_says(markup: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n";
            let answer = format!("{head}content-length: {}\r\n\r\n{markup}", markup.len());
            let mut asked = [0; 4_096];
            let _ = stream.read(&mut asked).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}/contact")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_site_must_carry_its_block_and_what_was_found_outlives_a_restart() {
    let mut house = House::start().await;
    let site = house.add_site().await;
    for (markup, wrong) in [
        (
            String::from("<p>(214) 555-0100</p>"),
            "the block of this site is not on the page",
        ),
        (
            String::from("<script type=application/json id=trunkline-config>{}</script>"),
            "is not this site's",
        ),
        // The block is right; the next step is what fails.
        (
            format!(
                "<script async src=\"https://t.example/t/{}/loader.js\"></script>",
                site.key
            ),
            "does not answer",
        ),
    ] {
        let page = page_that_says(markup).await;
        house.kill();
        house.configure(|settings| {
            let settings = settings.replace("[http]", "[http]\npage_tests_loopback = true");
            let also = format!("also = [{{ site = \"{}\", page = \"{page}\" }}]", site.id);
            format!("public_url = \"http://127.0.0.1:1\"\n{settings}[check]\nsite = \"Nowhere\"\n{also}\n")
        });
        house.start_again().await;
        let tested = tokio::task::block_in_place(|| house.command(&["check-call", &site.id]));
        assert!(!tested.status.success());
        assert!(told(&tested).contains(wrong), "{wrong}: {}", told(&tested));
    }
    let path = format!("/api/v1/sites/{}/check", site.id);
    house.kill();
    house.configure(|settings| settings);
    house.start_again().await;
    let after = house.get(&path).await;
    let last = &after["last"];
    let wrong = last["wrong"].as_str().expect("what was wrong");
    assert!(wrong.contains("does not answer"), "{wrong}");
    assert!(
        last["page"]
            .as_str()
            .is_some_and(|p| p.ends_with("/contact")),
        "{last}"
    );
    let metrics = house.client.get(house.url("/metrics")).send().await;
    let metrics = metrics.expect("metrics").text().await.expect("a text");
    // It is tested no more, so nothing alarms.
    assert!(!metrics.contains("trunkline_check_right{"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_that_only_says_it_is_a_test_is_a_visit_like_any_other() {
    let house = House::start().await;
    let site = house.add_site().await;
    let mut headers = House::page_headers();
    headers.insert("trunkline-check", "guess".parse().expect("a value"));
    let page = format!("https://{}/", crate::house::HOST);
    let body = json!({"v": 1, "c": 1, "page": page, "ref": "", "consent": 2}).to_string();
    let address = house.url(&format!("/t/{}/assign", site.key));
    let answer = house
        .client
        .post(address)
        .headers(headers)
        .body(body)
        .send();
    assert!(answer.await.expect("an answer").status().is_success());
    let visits = house.get("/api/v1/sessions").await;
    assert_eq!(visits["items"].as_array().map(Vec::len), Some(1));
}
