//! The simulated browser says what the real snippet says, the way a real browser sends it.

use serde_json::json;
use trunkline_sim::visitor::{Browser, Person, client};

use crate::stub::{AGENT, ASSIGNED, PRINTED, start};

async fn browser(site: &str, consent: u8) -> Browser {
    let person = Person {
        agent: AGENT.to_owned(),
        consent,
    };
    Browser::new(client().expect("a client"), site, person).expect("a browser")
}

#[tokio::test]
async fn an_arrival_is_told_as_the_snippet_tells_it() {
    let (site, seen) = start().await;
    let browser = browser(&site, 2).await;
    browser
        .arrive("/?utm_source=google&gclid=x", "https://www.google.com/")
        .await
        .expect("arrived");
    assert_eq!(browser.number(), Some(ASSIGNED));
    assert_eq!(browser.kind(), "pool");
    let told = seen.told();
    let [page, assign, event] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(page.header("referer"), "https://www.google.com/");
    for told in [assign, event] {
        assert_eq!(told.header("origin"), site);
        assert_eq!(told.header("user-agent"), AGENT);
        assert!(told.header("content-type").starts_with("text/plain"));
    }
    let address = format!("{site}/?utm_source=google&gclid=x");
    assert_eq!(
        assign.body,
        json!({"v": 1, "c": 7, "page": address, "ref": "https://www.google.com/", "token": null, "consent": 2})
    );
    assert_eq!(
        event.body,
        json!({"v": 1, "c": 7, "token": "token", "events": [{"k": "shown", "swaps": 2, "page": address}]})
    );
}

#[tokio::test]
async fn a_later_page_asks_for_nothing_and_a_forgotten_visitor_asks_anew() {
    let (site, seen) = start().await;
    let browser = browser(&site, 2).await;
    browser.arrive("/", "").await.expect("arrived");
    browser.go_on("/contact").await.expect("went on");
    let assigns = || seen.told().iter().filter(|t| t.path == "assign").count();
    assert_eq!(assigns(), 1);
    let told = seen.told();
    let last = told.last().expect("an event");
    assert_eq!(
        last.body["events"][0],
        json!({"k": "page", "page": format!("{site}/contact"), "ref": format!("{site}/")})
    );
    assert_eq!(last.body["events"][1]["k"], "shown");
    *seen.forgets.lock().expect("a lock") = true;
    browser.go_on("/").await.expect("went on");
    assert_eq!(assigns(), 2);
    browser.tap(ASSIGNED).await.expect("tapped");
    let told = seen.told();
    assert_eq!(
        told.last().expect("an event").body["events"][0],
        json!({"k": "tap", "n": ASSIGNED.to_string(), "ago": 0})
    );
}

#[tokio::test]
async fn without_consent_there_is_a_number_but_nothing_is_told() {
    let (site, seen) = start().await;
    let browser = browser(&site, 0).await;
    browser.arrive("/", "").await.expect("arrived");
    browser.beat().await.expect("nothing to do");
    assert_eq!(browser.number(), Some(ASSIGNED));
    assert!(seen.told().iter().all(|t| t.path != "event"));
}

#[tokio::test]
async fn a_page_without_block_and_an_unassigned_one_keep_their_numbers() {
    let (site, _seen) = start().await;
    let browser = browser(&site, 2).await;
    browser.arrive("/bare", "").await.expect("arrived");
    assert_eq!(browser.number(), None);
    let blocked = self::browser(&site, 2).await;
    assert!(blocked.arrive("/t/key/none", "").await.is_ok());
    assert_ne!(blocked.number(), Some(PRINTED));
}
