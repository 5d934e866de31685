//! The number APIs of carriers, against a shop on loopback that speaks them as they are documented, and misbehaves.

use std::time::Duration;

use http::Method;
use trunkline_clients::CarrierClient;
use trunkline_core::base::id::TrunkId;
use trunkline_core::base::{Country, Currency, Money, PhoneNumber, Timestamp};
use trunkline_engine::ports::NumberSupply;
use trunkline_engine::ports::carriers::{
    CarrierAccount, CarrierError, LineKind, NumberOrder, NumberSearch, Ordered, Pointing,
};
use trunkline_engine::ports::webhooks::{Dialect, Secret};
use trunkline_sim::number_shop::{ACCOUNT, ACCOUNT_NAME, KEY, Manner, NumberShop, Stock};

/// Far longer than any answer of the shop takes.
const PATIENT: Duration = Duration::from_secs(60);
const CALL_URL: &str = "https://calls.example/voice/twilio/trk_1/call";
const STATUS_URL: &str = "https://calls.example/voice/twilio/trk_1/status";

fn client() -> CarrierClient {
    waiting(true, PATIENT)
}

fn waiting(loopback: bool, wait: Duration) -> CarrierClient {
    // Whichever test comes first installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    CarrierClient::waiting(loopback, wait)
}

async fn shop() -> NumberShop {
    let toll_free = Stock {
        kind: "toll_free",
        ..Stock::local("+18885550123", "", "")
    };
    let stock = vec![
        Stock::local("+12145550701", "Dallas", "TX"),
        Stock::local("+12145550702", "Dallas", "TX"),
        Stock::local("+13125550703", "Chicago", "IL"),
        toll_free,
    ];
    NumberShop::open(stock).await.expect("a shop")
}

fn account(shop: &NumberShop, dialect: Dialect) -> CarrierAccount {
    CarrierAccount {
        trunk: TrunkId::from_raw(1),
        dialect,
        api_url: Some(shop.url()),
        user: ACCOUNT.to_owned(),
        key: Secret::new(KEY),
        sip_connection: None,
        own_price: None,
        set_at: Timestamp::EPOCH,
    }
}

fn search(kind: LineKind) -> NumberSearch {
    NumberSearch {
        country: Country::US,
        kind,
        area_code: None,
        contains: None,
        limit: 50,
    }
}

fn phone(text: &str) -> PhoneNumber {
    PhoneNumber::parse_e164(text).expect("a number")
}

fn order(number: &str) -> NumberOrder {
    NumberOrder {
        reference: "pur_1".to_owned(),
        number: phone(number),
        country: Country::US,
        pointing: Pointing::Webhook {
            call_url: CALL_URL.to_owned(),
            status_url: STATUS_URL.to_owned(),
        },
    }
}

fn usd(micros: i64) -> Option<Money> {
    Some(Money::from_micros(micros, Currency::USD))
}

#[tokio::test]
async fn an_account_tells_its_name_and_a_wrong_key_is_told_in_the_carriers_words() {
    let shop = shop().await;
    for (dialect, words) in [
        (Dialect::Twilio, "Authenticate"),
        (Dialect::SignalWire, "Authenticate"),
        (Dialect::Telnyx, "The API key looks malformed"),
    ] {
        let mut account = account(&shop, dialect);
        let told = client().identity(&account).await.expect("a name");
        assert_eq!((told.name.as_str(), told.trouble), (ACCOUNT_NAME, None));
        account.key = Secret::new("wrong");
        match client().identity(&account).await {
            Err(CarrierError::NotLetIn(told)) => assert!(told.contains(words), "{told}"),
            other => panic!("{dialect:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn offers_have_place_and_price_and_fit_what_was_looked_for() {
    let shop = shop().await;
    for (dialect, monthly, setup) in [
        (Dialect::Twilio, usd(1_150_000), None),
        // It tells no prices.
        (Dialect::SignalWire, None, None),
        (Dialect::Telnyx, usd(1_100_000), usd(1_000_000)),
    ] {
        let account = account(&shop, dialect);
        let offers = client().offers(&account, &search(LineKind::Local)).await;
        let offers = offers.expect("offers");
        assert_eq!(offers.len(), 3, "{dialect:?}");
        assert_eq!(offers[0].place, "Dallas, TX");
        assert_eq!((offers[0].monthly, offers[0].setup), (monthly, setup));
        let narrow = NumberSearch {
            area_code: Some("214".to_owned()),
            contains: Some("702".to_owned()),
            ..search(LineKind::Local)
        };
        let offers = client().offers(&account, &narrow).await.expect("offers");
        let numbers: Vec<String> = offers.iter().map(|o| o.number.to_string()).collect();
        assert_eq!(numbers, ["+12145550702"], "{dialect:?}");
        let free = client().offers(&account, &search(LineKind::TollFree)).await;
        assert_eq!(free.expect("offers")[0].number, phone("+18885550123"));
    }
    // Where nothing is sold, nothing is found.
    let nowhere = NumberSearch {
        country: "DE".parse().expect("a country"),
        ..search(LineKind::Local)
    };
    let account = account(&shop, Dialect::Twilio);
    assert_eq!(client().offers(&account, &nowhere).await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_number_is_bought_pointed_at_us_found_and_given_back() {
    for dialect in Dialect::ALL {
        let shop = shop().await;
        let account = account(&shop, dialect);
        let client = client();
        let Ok(Ordered::Done(held)) = client.buy(&account, &order("+12145550701")).await else {
            panic!("{dialect:?}: not bought");
        };
        let sold = shop.sold();
        assert_eq!(sold.len(), 1);
        assert_eq!(sold[0].name, held.name);
        let points = &sold[0].points;
        if dialect == Dialect::Telnyx {
            // A TeXML application is made once, and used again.
            assert_eq!(shop.times(&Method::POST, "/texml_applications"), 1);
            client
                .point(&account, &held.name, &order("+12145550701").pointing)
                .await
                .expect("pointed");
            assert_eq!(shop.times(&Method::POST, "/texml_applications"), 1);
            assert!(points["connection_id"].starts_with("15"), "{points:?}");
        } else {
            assert_eq!(points["VoiceUrl"], CALL_URL);
            assert_eq!(points["VoiceMethod"], "POST");
            assert_eq!(points["StatusCallback"], STATUS_URL);
        }
        let sip = Pointing::Sip("sip-9".to_owned());
        let pointed = client.point(&account, &held.name, &sip).await;
        pointed.expect("pointed");
        let field = if dialect == Dialect::Telnyx {
            "connection_id"
        } else {
            "TrunkSid"
        };
        assert_eq!(shop.sold()[0].points[field], "sip-9");

        let found = client.find(&account, phone("+12145550701")).await;
        assert_eq!(found, Ok(Some(held.clone())));
        let other = client.find(&account, phone("+12145550702")).await;
        assert_eq!(other, Ok(None));
        let gone = client.give_back(&account, &held.name).await;
        gone.expect("given back");
        assert!(shop.sold().is_empty());
        // Told twice it is the same.
        let gone = client.give_back(&account, &held.name).await;
        gone.expect("given back");
    }
}

#[tokio::test]
async fn a_number_that_was_sold_meanwhile_is_told_as_such() {
    for (dialect, path, error) in [
        (Dialect::Twilio, "/IncomingPhoneNumbers", CarrierError::Sold),
        (
            Dialect::SignalWire,
            "/IncomingPhoneNumbers",
            CarrierError::Sold,
        ),
        // It says no more than that it does not sell the number.
        (Dialect::Telnyx, "/number_orders", CarrierError::NotOffered),
    ] {
        let shop = shop().await;
        shop.answer_next(Method::POST, path, Manner::SoldMeanwhile);
        let told = client()
            .buy(&account(&shop, dialect), &order("+12145550701"))
            .await;
        assert_eq!(told, Err(error), "{dialect:?}");
        assert!(shop.sold().is_empty());
    }
}

#[tokio::test]
async fn a_number_that_is_refused_and_still_offered_was_not_sold() {
    for (number, country) in [("+12145550701", "US"), ("+4930555070", "DE")] {
        let stock = vec![Stock::local(number, "", "")];
        let shop = NumberShop::open(stock).await.expect("a shop");
        shop.answer_next(Method::POST, "/number_orders", Manner::Fails(422));
        let order = NumberOrder {
            country: country.parse().expect("a country"),
            ..order(number)
        };
        let told = client().buy(&account(&shop, Dialect::Telnyx), &order).await;
        assert!(matches!(told, Err(CarrierError::Refused(_))), "{told:?}");
    }
}

#[tokio::test]
async fn a_number_that_was_led_elsewhere_is_brought_back() {
    for dialect in [Dialect::Twilio, Dialect::SignalWire] {
        let shop = shop().await;
        let account = account(&shop, dialect);
        let number = "+12145550799";
        shop.give(number);
        let name = shop.sold()[0].name.clone();
        let webhook = order(number).pointing;
        for (field, says) in [
            ("VoiceUrl", "https://other.example/voice"),
            ("VoiceApplicationSid", "AP1"),
            ("TrunkSid", "TK1"),
        ] {
            shop.point(number, field, says);
            assert_eq!(shop.sold()[0].leads_to(), Some((field, says)));
            let pointed = client().point(&account, &name, &webhook).await;
            pointed.expect("pointed");
            let sold = shop.sold();
            assert_eq!(sold[0].leads_to(), Some(("VoiceUrl", CALL_URL)), "{field}");
        }
        shop.point(number, "VoiceApplicationSid", "AP1");
        let sip = Pointing::Sip("TK9".to_owned());
        let pointed = client().point(&account, &name, &sip).await;
        pointed.expect("pointed");
        assert_eq!(shop.sold()[0].leads_to(), Some(("TrunkSid", "TK9")));
    }
}

#[tokio::test]
async fn whether_a_number_may_have_been_bought_is_never_guessed() {
    for (dialect, path) in [
        (Dialect::Twilio, "/IncomingPhoneNumbers"),
        (Dialect::Telnyx, "/number_orders"),
    ] {
        let bought = |manner, wait| async move {
            let shop = shop().await;
            shop.answer_next(Method::POST, path, manner);
            let client = waiting(true, wait);
            let account = account(&shop, dialect);
            // Over SIP nothing but the order itself is asked, and nothing but it can be late.
            let order = NumberOrder {
                pointing: Pointing::Sip("TK1".to_owned()),
                ..order("+12145550701")
            };
            let told = client.buy(&account, &order).await;
            (shop, account, told)
        };
        // No answer at all.
        let (_, _, told) = bought(Manner::Silent, Duration::from_secs(1)).await;
        assert!(matches!(told, Err(CarrierError::Unclear(_))), "{told:?}");
        // Done and not heard of.
        let (shop, account, told) = bought(Manner::BreaksOff, PATIENT).await;
        assert!(matches!(told, Err(CarrierError::Unclear(_))), "{told:?}");
        assert_eq!(shop.sold().len(), 1);
        let ordered = client()
            .ordered(&account, "pur_1", phone("+12145550701"))
            .await;
        assert!(matches!(ordered, Ok(Ordered::Done(_))), "{ordered:?}");
        // Not done, and that is not known either.
        let (shop, account, told) = bought(Manner::Fails(503), PATIENT).await;
        assert!(matches!(told, Err(CarrierError::Unclear(_))), "{told:?}");
        let ordered = client()
            .ordered(&account, "pur_1", phone("+12145550701"))
            .await;
        assert_eq!(ordered, Ok(Ordered::Nothing));
        assert!(shop.sold().is_empty());
        // Certainly not done.
        let (_, _, told) = bought(Manner::Busy { retry_after_s: 7 }, PATIENT).await;
        assert_eq!(told, Err(CarrierError::Busy { retry_after_s: 7 }));
    }
    // Nobody is there at all: nothing left this machine.
    let closed = shop().await;
    let mut account = account(&closed, Dialect::Twilio);
    // Nothing listens on the discard port of loopback.
    account.api_url = Some("http://127.0.0.1:9".to_owned());
    let told = client().buy(&account, &order("+12145550701")).await;
    assert!(
        matches!(told, Err(CarrierError::Unreachable(_))),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_question_without_an_answer_leaves_no_doubt() {
    let shop = shop().await;
    for (dialect, path) in [
        (Dialect::Twilio, "/AvailablePhoneNumbers"),
        (Dialect::Telnyx, "/available_phone_numbers"),
    ] {
        let account = account(&shop, dialect);
        shop.answer_next(Method::GET, path, Manner::BreaksOff);
        let told = client().offers(&account, &search(LineKind::Local)).await;
        assert!(
            matches!(told, Err(CarrierError::Unreachable(_))),
            "{told:?}"
        );
        shop.answer_next(Method::GET, path, Manner::Busy { retry_after_s: 90 });
        let told = client().offers(&account, &search(LineKind::Local)).await;
        assert_eq!(told, Err(CarrierError::Busy { retry_after_s: 90 }));
    }
}

#[tokio::test]
async fn an_order_that_takes_long_is_pending_until_it_is_decided() {
    for (end, bought) in [("success", true), ("failure", false)] {
        let shop = shop().await;
        let account = account(&shop, Dialect::Telnyx);
        shop.take_long(true);
        let order = order("+12145550701");
        assert_eq!(client().buy(&account, &order).await, Ok(Ordered::Pending));
        let ordered = client()
            .ordered(&account, &order.reference, order.number)
            .await;
        assert_eq!(ordered, Ok(Ordered::Pending));
        shop.finish_orders(end);
        let ordered = client()
            .ordered(&account, &order.reference, order.number)
            .await
            .expect("an answer");
        assert_eq!(matches!(ordered, Ordered::Done(_)), bought, "{ordered:?}");
        assert_eq!(matches!(ordered, Ordered::Refused(_)), !bought);
        let strange = NumberOrder {
            reference: "pur_2".to_owned(),
            ..order
        };
        let ordered = client()
            .ordered(&account, &strange.reference, strange.number)
            .await;
        assert_eq!(ordered, Ok(Ordered::Nothing), "another order");
    }
}

#[tokio::test]
async fn a_long_list_is_read_page_by_page_to_a_limit() {
    for dialect in Dialect::ALL {
        let shop = shop().await;
        for last in 0..25 {
            shop.give(&format!("+121455508{last:02}"));
        }
        let account = account(&shop, dialect);
        shop.page_by(2);
        let held = client().held(&account).await.expect("numbers");
        assert_eq!((held.numbers.len(), held.more), (25, false), "{dialect:?}");
        shop.page_by(1);
        let held = client().held(&account).await.expect("numbers");
        assert_eq!((held.numbers.len(), held.more), (20, true), "{dialect:?}");
    }
}

#[tokio::test]
async fn a_key_leaves_this_machine_only_over_tls_and_to_the_open_internet() {
    let outside = "write the carrier's own";
    for (url, loopback, words) in [
        ("http://93.184.215.14", true, "not https"),
        ("https://127.0.0.1:1", false, outside),
        ("https://169.254.169.254", true, outside),
        ("https://10.0.0.1", true, outside),
    ] {
        let shop = shop().await;
        let mut account = account(&shop, Dialect::Twilio);
        account.api_url = Some(url.to_owned());
        let client = waiting(loopback, PATIENT);
        let told = client.identity(&account).await;
        match told {
            Err(CarrierError::Unreachable(told)) => assert!(told.contains(words), "{url}: {told}"),
            other => panic!("{url}: {other:?}"),
        }
    }
}
