//! The six buyers of the demo: their telephones, their servers, and their terms.

use std::net::SocketAddr;

use anyhow::Context;
use serde_json::{Value, json};
use trunkline_core::base::PhoneNumber;
use trunkline_sim::trade::{BuyerServer, Manners, Temper};

use super::account::number;
use super::api::Api;

/// Where calls go that nobody buys.
pub(super) const OFFICE: PhoneNumber = number(214, 192);

const SUMMIT: PhoneNumber = number(214, 170);
const BLUEBONNET: PhoneNumber = number(214, 171);
const CEDAR: PhoneNumber = number(214, 172);
const HARBORLINE: PhoneNumber = number(214, 173);
const PRAIRIE: PhoneNumber = number(214, 174);
const QUOTERIVER: PhoneNumber = number(214, 175);

/// Their telephones: each has its way with calls.
pub(super) fn manners() -> Vec<Manners> {
    let steady = Manners {
        number: OFFICE,
        busy: 0.0,
        absent: 0.0,
        rings_ms: (1_500, 4_000),
        leaves: 0.0,
    };
    let of = |number| Manners { number, ..steady };
    vec![
        steady,
        Manners {
            busy: 0.3,
            ..of(SUMMIT)
        },
        Manners {
            rings_ms: (7_000, 16_000),
            absent: 0.15,
            ..of(BLUEBONNET)
        },
        Manners {
            leaves: 0.25,
            ..of(CEDAR)
        },
        of(HARBORLINE),
        Manners {
            rings_ms: (3_000, 9_000),
            ..of(PRAIRIE)
        },
        Manners {
            busy: 0.25,
            ..of(QUOTERIVER)
        },
    ]
}

/// Their servers, as long as they are there.
pub(super) struct Servers {
    summit: BuyerServer,
    harborline: BuyerServer,
    prairie: BuyerServer,
    quoteriver: BuyerServer,
}

impl Servers {
    /// Opens them.
    ///
    /// # Errors
    /// When no port is free.
    pub(super) async fn open(seed: u64) -> anyhow::Result<Self> {
        let steady = Temper {
            bids: (1_400, 2_600),
            thinks_ms: (20, 140),
            passes: 0.08,
            refuses: 0.0,
            silent: 0.0,
            phone: Some(HARBORLINE),
            min_seconds: 20,
        };
        let open = async |temper, more: u64| {
            let opened = BuyerServer::open(temper, seed.wrapping_mul(31).wrapping_add(more)).await;
            opened.context("a buyer's server cannot be opened")
        };
        let takes_leads = Temper {
            refuses: 0.1,
            phone: None,
            ..steady
        };
        // The best bids, when they come in time.
        let slow = Temper {
            bids: (1_800, 3_400),
            thinks_ms: (350, 720),
            passes: 0.25,
            phone: Some(PRAIRIE),
            min_seconds: 25,
            ..steady
        };
        let unsteady = Temper {
            bids: (900, 3_800),
            thinks_ms: (60, 300),
            refuses: 0.3,
            silent: 0.15,
            phone: Some(QUOTERIVER),
            ..steady
        };
        Ok(Self {
            summit: open(takes_leads, 1).await?,
            harborline: open(steady, 2).await?,
            prairie: open(slow, 3).await?,
            quoteriver: open(unsteady, 4).await?,
        })
    }

    /// Ends them.
    pub(super) async fn stop(self) {
        for server in [self.summit, self.harborline, self.prairie, self.quoteriver] {
            server.stop().await;
        }
    }
}

/// Destinations by what they take.
pub(super) struct Destinations {
    pub(super) summit_phone: String,
    pub(super) summit_server: String,
    pub(super) bluebonnet_phone: String,
    pub(super) bluebonnet_inbox: String,
    pub(super) cedar_phone: String,
    pub(super) cedar_inbox: String,
    pub(super) harborline: String,
    pub(super) prairie: String,
    pub(super) quoteriver: String,
}

/// Makes buyers and destinations. One of them has a telephone system of its own, which is called at its address: it is in
/// the same exchange, at `exchange`.
///
/// # Errors
/// When something is refused.
pub(super) async fn put(
    api: &Api,
    servers: &Servers,
    exchange: SocketAddr,
) -> anyhow::Result<Destinations> {
    let buyer = async |name: &str, note: &str, terms: Value| {
        let body = json!({"name": name, "note": note, "credit_limit": "25000", "terms": terms});
        api.id_of("buyers", &body).await
    };
    let phone = async |buyer: &str, name: &str, number: PhoneNumber| {
        let body =
            json!({"buyer": buyer, "name": name, "kind": "phone", "address": number.to_string()});
        api.id_of("destinations", &body).await
    };
    let pbx = async |buyer: &str, name: &str, number: PhoneNumber| {
        let address = format!("sip:{number}@{exchange}");
        let body = json!({"buyer": buyer, "name": name, "kind": "sip", "address": address});
        api.id_of("destinations", &body).await
    };
    let server = async |buyer: &str, name: &str, endpoint: Value| {
        let body = json!({"buyer": buyer, "name": name, "kind": "http", "endpoint": endpoint});
        api.id_of("destinations", &body).await
    };
    let inbox = async |buyer: &str, name: &str| {
        let body = json!({"buyer": buyer, "name": name, "kind": "none"});
        api.id_of("destinations", &body).await
    };
    let once = json!([{"scope": "buyer", "within_h": 720, "action": "skip"}]);
    let terms = || json!({"payment": "net_terms", "duplicates": once});
    let summit = buyer(
        "Summit Exteriors",
        "Pays best; two crews answer, and are often on the phone.",
        json!({"payment": "net_terms", "duplicates": once, "concurrency_max": 2}),
    )
    .await?;
    let bluebonnet = buyer(
        "Bluebonnet Home Services",
        "Slow to pick up, open in the daytime.",
        terms(),
    )
    .await?;
    let cedar = buyer(
        "Cedar Ridge Contractors",
        "Day and night, at a telephone system of its own; hangs up early now and then.",
        terms(),
    )
    .await?;
    let harborline = buyer("Harborline Insurance", "Steady bids.", terms()).await?;
    let prairie = buyer(
        "Prairie Mutual Agency",
        "High bids from a slow server.",
        terms(),
    )
    .await?;
    let quoteriver = buyer(
        "QuoteRiver Network",
        "Bids a lot, refuses some, and sometimes says nothing at all.",
        terms(),
    )
    .await?;
    Ok(Destinations {
        summit_phone: phone(&summit, "Dispatch", SUMMIT).await?,
        summit_server: server(&summit, "Job board", takes_posts(&servers.summit.url())).await?,
        bluebonnet_phone: phone(&bluebonnet, "Front desk", BLUEBONNET).await?,
        bluebonnet_inbox: inbox(&bluebonnet, "Looks in the dashboard").await?,
        cedar_phone: pbx(&cedar, "Telephone system", CEDAR).await?,
        cedar_inbox: inbox(&cedar, "Looks in the dashboard").await?,
        harborline: server(&harborline, "Quote server", bids(&servers.harborline.url())).await?,
        prairie: server(&prairie, "Quote server", bids(&servers.prairie.url())).await?,
        quoteriver: server(&quoteriver, "Exchange", bids(&servers.quoteriver.url())).await?,
    })
}

/// What a server is posted, and how it is understood.
fn post(url: &str) -> Value {
    json!({
        "request": {"method": "POST", "url": format!("{url}/post"), "body": {"json": {
            "quote": "{bid_id}",
            "phone": "{phone}",
            "first_name": "{lead.first_name}",
            "last_name": "{lead.last_name}",
            "email": "{lead.email}",
            "zip": "{zip}",
        }}},
        "answer": {
            "accept_when": {"read": {"from": {"json": "$.status"}, "value": {"is": "accepted"}}},
            "refused_when": [{
                "when": {"read": {"from": {"json": "$.reason"}, "value": {"contains": "duplicate"}}},
                "as": "duplicate",
            }],
            "id": [{"json": "$.id"}],
            "reason": [{"json": "$.reason"}],
        },
    })
}

fn takes_posts(url: &str) -> Value {
    json!({"schema": 1, "post": post(url)})
}

/// Asked first, then posted or called.
fn bids(url: &str) -> Value {
    json!({
        "schema": 1,
        "ping": {
            "request": {"method": "POST", "url": format!("{url}/ping"), "body": {"json": {
                "phone_sha256": "{phone_sha256}",
                "zip": "{zip}",
                "state": "{state}",
                "age": "{lead.age|tag.age}",
                "insured": "{lead.insured|tag.insured}",
            }}},
            "answer": {
                "accept_when": {"read": {"from": {"json": "$.bid"}, "value": {"above": 0}}},
                "price": [{"json": "$.bid"}],
                "id": [{"json": "$.id"}],
                "min_seconds": [{"json": "$.seconds"}],
                "deliver_to": {"phone": [{"json": "$.number"}]},
                "reason": [{"json": "$.reason"}],
            },
        },
        "post": post(url),
    })
}
