//! The shop as Telnyx's API v2.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ACCOUNT_NAME, Asked, Inner, KEY, Sold, Told};

pub(super) fn answer(inner: &mut Inner, asked: &Asked) -> Told {
    let told = asked.headers.get("authorization");
    if told.is_none_or(|told| told.as_bytes() != format!("Bearer {KEY}").as_bytes()) {
        let told = json!({"errors": [{"code": "10009", "title": "Authentication failed",
            "detail": "The API key looks malformed or is not valid."}]});
        return (StatusCode::UNAUTHORIZED, told);
    }
    let rest = asked.path.strip_prefix("/v2").unwrap_or_default();
    match (asked.method.as_str(), rest) {
        ("GET", "/whoami") => {
            let told =
                json!({"data": {"organization_name": ACCOUNT_NAME, "record_type": "whoami"}});
            (StatusCode::OK, told)
        }
        ("GET", "/available_phone_numbers") => available(inner, asked),
        ("GET", "/number_orders") => orders(inner, asked),
        ("POST", "/number_orders") => order(inner, asked),
        ("GET", "/phone_numbers") => list(inner, asked),
        ("GET", "/texml_applications") => {
            let all = inner
                .applications
                .iter()
                .map(|(_, app)| app.clone())
                .collect();
            paged(all, asked, inner.page_size)
        }
        ("POST", "/texml_applications") => {
            let mut app: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            let id = inner.name("15");
            app["id"] = json!(id);
            inner.applications.push((id, app.clone()));
            (StatusCode::CREATED, json!({"data": app}))
        }
        _ => match rest.strip_prefix("/phone_numbers/") {
            Some(name) => one(inner, asked, name),
            None => missing(),
        },
    }
}

fn missing() -> Told {
    let told = json!({"errors": [{"code": "10005", "title": "Resource not found",
        "detail": "The requested resource or URL could not be found."}]});
    (StatusCode::NOT_FOUND, told)
}

fn available(inner: &Inner, asked: &Asked) -> Told {
    let kind = asked.get("filter[phone_number_type]").unwrap_or("local");
    // Without a country nothing is found.
    let country = asked.get("filter[country_code]").unwrap_or_default();
    let found = inner.fitting(
        (country, kind),
        asked.get("filter[national_destination_code]"),
        asked.get("filter[phone_number][contains]"),
    );
    let limit = asked.page("filter[limit]", 100);
    let items: Vec<Value> = found
        .into_iter()
        .take(limit)
        .map(|each| {
            json!({
                "record_type": "available_phone_number", "phone_number": each.number,
                "region_information": [
                    {"region_type": "country_code", "region_name": country},
                    {"region_type": "rate_center", "region_name": each.city},
                    {"region_type": "state", "region_name": each.state},
                ],
                "cost_information": {"upfront_cost": "1.00000", "monthly_cost": "1.10000", "currency": "USD"},
            })
        })
        .collect();
    let told = json!({"data": items, "meta": {"total_results": items.len()}});
    (StatusCode::OK, told)
}

fn order(inner: &mut Inner, asked: &Asked) -> Told {
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = text(&body["phone_numbers"][0]["phone_number"]);
    let reference = text(&body["customer_reference"]);
    if !inner.stock.iter().any(|each| each.number == number) {
        let told = json!({"errors": [{"code": "10027", "title": "Phone number not available",
            "detail": format!("{number} is no longer available.")}]});
        return (StatusCode::UNPROCESSABLE_ENTITY, told);
    }
    let status = if inner.orders_take_long {
        "pending"
    } else {
        inner.sell(&number, "29");
        if let Some(sold) = inner.sold.last_mut() {
            sold.points
                .insert("connection_id".to_owned(), text(&body["connection_id"]));
        }
        "success"
    };
    let order = (reference, number, status.to_owned());
    inner.orders.push(order.clone());
    (StatusCode::OK, json!({"data": order_resource(&order)}))
}

fn order_resource((reference, number, status): &(String, String, String)) -> Value {
    json!({
        "record_type": "number_order", "status": status, "customer_reference": reference,
        "phone_numbers": [{"phone_number": number, "status": status}],
    })
}

fn orders(inner: &Inner, asked: &Asked) -> Told {
    let wanted = asked.get("filter[customer_reference]");
    let all = inner
        .orders
        .iter()
        .filter(|(reference, ..)| wanted.is_none_or(|wanted| reference == wanted))
        .map(order_resource)
        .collect();
    paged(all, asked, inner.page_size)
}

fn list(inner: &Inner, asked: &Asked) -> Told {
    let wanted = asked.get("filter[phone_number]");
    let all = inner
        .sold
        .iter()
        .filter(|sold| wanted.is_none_or(|wanted| sold.number == wanted))
        .map(resource)
        .collect();
    paged(all, asked, inner.page_size)
}

fn paged(all: Vec<Value>, asked: &Asked, most: usize) -> Told {
    let size = asked.page("page[size]", 20).min(most).max(1);
    let page = asked.page("page[number]", 1).max(1);
    let (results, pages) = (all.len(), all.len().div_ceil(size).max(1));
    let items: Vec<Value> = all.into_iter().skip((page - 1) * size).take(size).collect();
    let meta = json!({"page_number": page, "page_size": size, "total_pages": pages, "total_results": results});
    (StatusCode::OK, json!({"data": items, "meta": meta}))
}

fn one(inner: &mut Inner, asked: &Asked, name: &str) -> Told {
    let Some(at) = inner.sold.iter().position(|sold| sold.name == name) else {
        return missing();
    };
    if asked.method == Method::DELETE {
        let gone = inner.sold.remove(at);
        return (StatusCode::OK, json!({"data": resource(&gone)}));
    }
    if asked.method == Method::PATCH {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let connection = body["connection_id"].as_str().unwrap_or_default();
        inner.sold[at]
            .points
            .insert("connection_id".to_owned(), connection.to_owned());
    }
    (StatusCode::OK, json!({"data": resource(&inner.sold[at])}))
}

fn resource(sold: &Sold) -> Value {
    json!({
        "id": sold.name, "record_type": "phone_number", "phone_number": sold.number, "status": "active",
        "connection_id": sold.points.get("connection_id"),
    })
}
