//! The shop as Twilio's API of 2010-04-01, with its pricing API beside it; SignalWire's lies below `/api/laml`.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ACCOUNT, ACCOUNT_NAME, Asked, Inner, KEY, Sold, Told, pairs};

pub(super) fn answer(inner: &mut Inner, asked: &Asked) -> Told {
    if !let_in(asked) {
        let told = json!({"code": 20003, "message": "Authenticate", "status": 401});
        return (StatusCode::UNAUTHORIZED, told);
    }
    let path = asked.path.strip_prefix("/api/laml").unwrap_or(&asked.path);
    if let Some(country) = path.strip_prefix("/v1/PhoneNumbers/Countries/") {
        return prices(country);
    }
    let own = format!("/2010-04-01/Accounts/{ACCOUNT}");
    let Some(rest) = path.strip_prefix(&own) else {
        return missing();
    };
    if rest == ".json" {
        let told = json!({"sid": ACCOUNT, "friendly_name": ACCOUNT_NAME, "status": "active"});
        return (StatusCode::OK, told);
    }
    if let Some(search) = rest.strip_prefix("/AvailablePhoneNumbers/") {
        return available(inner, asked, search);
    }
    if rest == "/IncomingPhoneNumbers.json" {
        return match asked.method {
            Method::POST => buy(inner, asked),
            _ => list(inner, asked),
        };
    }
    let name = rest
        .strip_prefix("/IncomingPhoneNumbers/")
        .and_then(|rest| rest.strip_suffix(".json"));
    match name {
        Some(name) => one(inner, asked, name),
        None => missing(),
    }
}

fn let_in(asked: &Asked) -> bool {
    // `AC5f1e:a-key-of-the-shop`
    let expected = format!("Basic {}", base64(&format!("{ACCOUNT}:{KEY}")));
    let told = asked.headers.get("authorization");
    told.is_some_and(|told| told.as_bytes() == expected.as_bytes())
}

/// RFC 4648, section 4.
fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in text.as_bytes().chunks(3) {
        let all = three
            .iter()
            .chain(&[0, 0])
            .take(3)
            .fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
        for place in 0..4 {
            let letter = LETTERS[(all >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= three.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    out
}

fn missing() -> Told {
    let told =
        json!({"code": 20404, "message": "The requested resource was not found", "status": 404});
    (StatusCode::NOT_FOUND, told)
}

fn prices(country: &str) -> Told {
    let price = |kind: &str, price: &str| json!({"number_type": kind, "base_price": "9.00", "current_price": price});
    let told = json!({
        "country": country, "iso_country": country, "price_unit": "USD",
        "phone_number_prices": [price("local", "1.15"), price("mobile", "3.00"), price("toll free", "2.15")],
    });
    (StatusCode::OK, told)
}

fn available(inner: &Inner, asked: &Asked, search: &str) -> Told {
    let (country, kind) = match search.split_once('/') {
        Some((country @ "US", "Local.json")) => (country, "local"),
        Some((country @ "US", "TollFree.json")) => (country, "toll_free"),
        Some((country @ "US", "Mobile.json")) => (country, "mobile"),
        _ => return missing(),
    };
    if asked
        .get("Contains")
        .is_some_and(|pattern| !(2..=16).contains(&pattern.len()))
    {
        let told = json!({"code": 20001, "message": "Contains must have 2 to 16 characters", "status": 400});
        return (StatusCode::BAD_REQUEST, told);
    }
    let found = inner.fitting(
        (country, kind),
        asked.get("AreaCode"),
        asked.get("Contains"),
    );
    let size = asked.page("PageSize", 50);
    let items: Vec<Value> = found
        .into_iter()
        .take(size)
        .map(|each| {
            json!({
                "friendly_name": each.number, "phone_number": each.number, "locality": each.city,
                "region": each.state, "iso_country": "US", "capabilities": {"voice": true, "SMS": true, "MMS": false},
            })
        })
        .collect();
    (StatusCode::OK, json!({"available_phone_numbers": items}))
}

fn list(inner: &Inner, asked: &Asked) -> Told {
    let wanted = asked.get("PhoneNumber");
    let all: Vec<&Sold> = inner
        .sold
        .iter()
        .filter(|sold| wanted.is_none_or(|wanted| sold.number == wanted))
        .collect();
    let size = asked.page("PageSize", 50).min(inner.page_size).max(1);
    let page = asked.page("Page", 0);
    let items: Vec<Value> = all
        .iter()
        .skip(page * size)
        .take(size)
        .map(|sold| resource(sold))
        .collect();
    let more = (page + 1) * size < all.len();
    let next = more.then(|| format!("{}?PageSize={size}&Page={}", asked.path, page + 1));
    let told = json!({"incoming_phone_numbers": items, "page": page, "page_size": size, "next_page_uri": next});
    (StatusCode::OK, told)
}

fn buy(inner: &mut Inner, asked: &Asked) -> Told {
    let form = pairs(std::str::from_utf8(&asked.body).unwrap_or_default());
    let number = form.get("PhoneNumber").cloned().unwrap_or_default();
    let Some(mut sold) = inner.sell(&number, "PN") else {
        let told =
            json!({"code": 21422, "message": format!("{number} is not available."), "status": 400});
        return (StatusCode::BAD_REQUEST, told);
    };
    sold.point(form);
    if let Some(kept) = inner.sold.last_mut() {
        kept.points.clone_from(&sold.points);
    }
    (StatusCode::CREATED, resource(&sold))
}

fn one(inner: &mut Inner, asked: &Asked, name: &str) -> Told {
    let Some(at) = inner.sold.iter().position(|sold| sold.name == name) else {
        return missing();
    };
    if asked.method == Method::DELETE {
        inner.sold.remove(at);
        return (StatusCode::NO_CONTENT, Value::Null);
    }
    if asked.method == Method::POST {
        let form = pairs(std::str::from_utf8(&asked.body).unwrap_or_default());
        inner.sold[at].point(form);
    }
    (StatusCode::OK, resource(&inner.sold[at]))
}

fn resource(sold: &Sold) -> Value {
    json!({
        "sid": sold.name, "account_sid": ACCOUNT, "phone_number": sold.number,
        "voice_url": sold.points.get("VoiceUrl"), "trunk_sid": sold.points.get("TrunkSid"),
        "voice_application_sid": sold.points.get("VoiceApplicationSid"),
    })
}
