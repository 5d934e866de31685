//! What the demo sells: three campaigns with the contracts of six buyers, and the feeds of two publishers. All of it is set
//! up over the API, as somebody at the dashboard would.

use reqwest::Method;
use serde_json::{Value, json};
use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::{SiteId, TrunkId};
use trunkline_sim::trade::SUES;

use super::account::number;
use super::api::{Api, text};
use super::buyers::{Destinations, OFFICE};

/// Numbers of the feeds: those that people call, and those that are given with bids.
const ROOFING: [PhoneNumber; 2] = [number(214, 130), number(214, 131)];
const PLUMBING: [PhoneNumber; 2] = [number(214, 132), number(214, 133)];
const INSURANCE: [PhoneNumber; 6] = [
    number(214, 140),
    number(214, 141),
    number(214, 142),
    number(214, 143),
    number(214, 144),
    number(214, 145),
];
const ZONE: &str = "America/Chicago";

/// What publishers need.
pub(super) struct Feeds {
    /// Numbers that people call, by feed.
    pub(super) numbers: Vec<Vec<PhoneNumber>>,
    /// Keys of the feeds that take leads.
    pub(super) lead_keys: Vec<String>,
    /// The key of the feed that is asked for bids.
    pub(super) bid_key: String,
}

/// Sets everything up.
///
/// # Errors
/// When something is refused.
pub(super) async fn open(
    api: &Api,
    to: &Destinations,
    trunk: TrunkId,
    site: SiteId,
) -> anyhow::Result<Feeds> {
    let publisher = async |name: &str| api.id_of("publishers", &json!({"name": name})).await;
    let (lantern, harvest) = (
        publisher("Lantern Media").await?,
        publisher("ClickHarvest Partners").await?,
    );
    let roofing = roofing(api, to).await?;
    let plumbing = plumbing(api, to).await?;
    let insurance = insurance(api, to).await?;
    let feed = async |campaign: &str, publisher: &str, terms: Value| {
        let body = json!({"campaign": campaign, "publisher": publisher, "terms": terms});
        api.make("feeds", &body).await
    };
    let share = |percent: u32| json!({"payout": {"rules": [{"rate": {"percent_of_other": percent.to_string()}}]}});
    let daily = json!({
        "caps": [{"name": "A day", "max": 400, "window": {"period": "day", "zone": ZONE}}],
        "payout": share(65)["payout"],
    });
    let calls_roofing = feed(&roofing, &lantern, daily).await?;
    let calls_plumbing = feed(&plumbing, &lantern, share(60)).await?;
    let leads_roofing = feed(&roofing, &harvest, share(70)).await?;
    let leads_plumbing = feed(&plumbing, &harvest, share(70)).await?;
    // Pings are offered what the auction leaves; a lead without one is paid by the share.
    let pings = json!({
        "payout": share(80)["payout"],
        "pings": {"bid_valid_s": 30, "deadline_ms": 1_200, "on_mismatch": "ordinary"},
    });
    let insurance = feed(&insurance, &harvest, pings).await?;
    let flow = sells_calls(api).await?;
    for (numbers, feed, label) in [
        (&ROOFING[..], &calls_roofing, "Lantern, roofing"),
        (&PLUMBING[..], &calls_plumbing, "Lantern, plumbing"),
        (&INSURANCE[..], &insurance, "ClickHarvest, bids"),
    ] {
        for number in numbers {
            let body = json!({
                "number": number.to_string(), "kind": "static", "label": label, "trunk": trunk.to_string(),
                "business_line": OFFICE.to_string(), "feed": feed["id"], "flow": flow,
            });
            api.make("numbers", &body).await?;
        }
    }
    site_form(api, site, &calls_roofing).await?;
    Ok(Feeds {
        numbers: vec![ROOFING.to_vec(), PLUMBING.to_vec()],
        lead_keys: vec![
            text(&leads_roofing, "key")?,
            text(&leads_plumbing, "key")?,
            text(&insurance, "key")?,
        ],
        bid_key: text(&insurance, "key")?,
    })
}

/// The flow of the feeds' numbers: whoever of the campaign buys the call, and our own desk when nobody does.
async fn sells_calls(api: &Api) -> anyhow::Result<String> {
    let document = json!({"schema": 1, "start": "sell", "nodes": {
        "sell": {"kind": "route", "on": {"no_buyer": "desk"}},
        "desk": {"kind": "dial", "destinations": [{"to": "business_line", "ring_timeout_s": 30}]},
    }});
    let body = json!({"name": "Sell the call", "document": document});
    let flow = api.id_of("flows", &body).await?;
    let publish = format!("flows/{flow}/publish");
    api.make(&publish, &json!({"edits": 1})).await?;
    Ok(flow)
}

/// The form of the business's page is a lead of the roofing campaign.
async fn site_form(api: &Api, site: SiteId, feed: &Value) -> anyhow::Result<()> {
    let swap = json!({
        "forms": [{
            "selector": "form[data-quote]", "phone": "phone", "name": "name", "zip": "zip",
            "consent_text": "By sending this you agree that Tallgrass Roofing and up to two local roofers call or text you about your request at the number you gave.",
        }],
        "lead_feed": feed["id"],
    });
    let path = format!("sites/{site}");
    api.send(Method::PATCH, &path, &json!({"swap": swap}))
        .await?;
    Ok(())
}

fn cap(name: &str, max: u32, period: &str) -> Value {
    json!({"name": name, "max": max, "window": {"period": period, "zone": ZONE}})
}

fn fixed(amount: u32) -> Value {
    json!({"rules": [{"rate": {"fixed": amount}}]})
}

/// A call that lasts so many seconds, for one price.
fn per_call(amount: u32, billable_from_s: u32) -> Value {
    json!({"billable_from_s": billable_from_s, "rules": [{"rate": {"fixed": amount}}]})
}

/// Open by the clock of Dallas.
fn daytime() -> Value {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    json!({"zone": ZONE, "weekly": [{"days": days, "from": "07:00", "to": "21:00"}]})
}

fn lives_in(states: &[&str]) -> Value {
    json!({"field": {"name": "state", "value": {"is_one_of": states}}})
}

/// The fields of both campaigns of home services.
fn home_fields() -> Value {
    json!([
        {"name": "phone", "label": "Phone", "type": "phone", "required": "post"},
        {"name": "email", "label": "E-mail", "type": "email"},
        {"name": "first_name", "label": "First name", "type": "text", "personal": true, "normaliser": "title", "max_length": 60},
        {"name": "last_name", "label": "Last name", "type": "text", "personal": true, "normaliser": "title", "max_length": 60},
        {"name": "zip", "label": "ZIP code", "type": "zip", "required": "post"},
        {"name": "state", "label": "State", "type": "state"},
        {"name": "landing_page", "label": "Page", "type": "url"},
        {"name": "consent_text", "label": "Consent", "type": "consent_text"},
    ])
}

fn insurance_fields() -> Value {
    json!([
        {"name": "phone", "label": "Phone", "type": "phone", "required": "post"},
        {"name": "email", "label": "E-mail", "type": "email", "required": "post"},
        {"name": "first_name", "label": "First name", "type": "text", "required": "post", "personal": true, "normaliser": "title", "max_length": 60},
        {"name": "last_name", "label": "Last name", "type": "text", "required": "post", "personal": true, "normaliser": "title", "max_length": 60},
        {"name": "zip", "label": "ZIP code", "type": "zip", "required": "ping"},
        {"name": "state", "label": "State", "type": "state"},
        {"name": "age", "label": "Age", "type": {"number": {"min": 16, "max": 100, "whole": true}}, "required": "ping"},
        {"name": "insured", "label": "Insured now", "type": "yes_no", "required": "ping"},
        {"name": "vehicle_year", "label": "Year of the car", "type": {"number": {"min": 1960, "max": 2030, "whole": true}}, "required": "ping"},
        {"name": "vehicle_make", "label": "Make", "type": "text", "required": "ping", "max_length": 40, "normaliser": "title"},
    ])
}

/// A campaign whose contracts are made one after the other.
struct Campaign<'a> {
    api: &'a Api,
    id: String,
}

impl<'a> Campaign<'a> {
    async fn make(api: &'a Api, body: Value) -> anyhow::Result<Self> {
        let id = api.id_of("campaigns", &body).await?;
        Ok(Self { api, id })
    }

    /// A member of a group: a contract with a destination.
    async fn contract(&self, name: &str, to: &str, terms: Value) -> anyhow::Result<Value> {
        let body = json!({"campaign": self.id, "destination": to, "name": name, "terms": terms});
        let contract = self.api.id_of("contracts", &body).await?;
        Ok(json!({"to": {"contract": contract}}))
    }

    async fn plan(&self, groups: Value) -> anyhow::Result<()> {
        let document = json!({"schema": 1, "start": "main", "groups": groups});
        let path = format!("campaigns/{}/plan", self.id);
        let body = json!({"seen": 0, "document": document});
        self.api.send(Method::PUT, &path, &body).await?;
        Ok(())
    }

    /// Calls and leads by the same method, each among the contracts that take them.
    async fn both(&self, method: &str, calls: [Value; 3], leads: Vec<Value>) -> anyhow::Result<()> {
        let is = |kind: &str| json!({"field": {"name": "kind", "value": {"is": kind}}});
        self.plan(json!({
            "main": {"method": "waterfall", "members": [{"to": {"group": "calls"}}, {"to": {"group": "leads"}}]},
            "calls": {"method": method, "filter": is("call"), "members": calls},
            "leads": {"method": method, "filter": is("lead"), "members": leads},
        }))
        .await
    }
}

/// The best price first, the next when it is busy, full or closed.
async fn roofing(api: &Api, to: &Destinations) -> anyhow::Result<String> {
    let campaign = Campaign::make(
        api,
        json!({"name": "Roof repair, Texas", "vertical": "home_services", "fields": home_fields(),
            "leads": {"queue": {"keep_h": 2, "every_min": 5, "tries_max": 6}}}),
    )
    .await?;
    let best = json!({
        "priority": 1, "price": per_call(85, 20), "filter": lives_in(&["TX"]),
        "caps": [cap("An hour", 12, "hour"), cap("A day", 90, "day")],
    });
    let by_length = json!({
        "priority": 2, "schedule": daytime(), "ring_timeout_s": 18, "filter": lives_in(&["TX", "OK"]),
        "caps": [cap("An hour", 20, "hour")],
        "price": {"billable_from_s": 15, "rules": [{"rate": {"tiered": [
            {"from_s": 15, "amount": "45"}, {"from_s": 45, "amount": "70"}]}}]},
    });
    let spend = json!({
        "name": "Spend, a day", "counts": "revenue", "max": "2500",
        "window": {"period": "day", "zone": ZONE},
    });
    let last = json!({"priority": 3, "price": per_call(38, 15), "caps": [spend]});
    let calls = [
        campaign
            .contract("Summit, Texas calls", &to.summit_phone, best)
            .await?,
        campaign
            .contract("Bluebonnet, daytime calls", &to.bluebonnet_phone, by_length)
            .await?,
        campaign
            .contract("Cedar Ridge, any call", &to.cedar_phone, last)
            .await?,
    ];
    let first = json!({
        "priority": 1, "price": fixed(42), "filter": lives_in(&["TX"]),
        "caps": [cap("An hour", 25, "hour")],
    });
    let leads = vec![
        campaign
            .contract("Summit, Texas leads", &to.summit_server, first)
            .await?,
        campaign
            .contract(
                "Cedar Ridge, any lead",
                &to.cedar_inbox,
                json!({"priority": 2, "price": fixed(19)}),
            )
            .await?,
    ];
    campaign.both("waterfall", calls, leads).await?;
    Ok(campaign.id)
}

/// A small list of people whom a careful business sells to nobody.
async fn people_who_sue(api: &Api) -> anyhow::Result<String> {
    let body = json!({"name": "Known to sue", "kind": "numbers"});
    let list = api.id_of("lists", &body).await?;
    let numbers = SUES.map(|number| format!("{number}\n"));
    api.fill(&list, numbers.concat()).await?;
    Ok(list)
}

/// Split by weight; whoever is known to sue is sold to nobody.
async fn plumbing(api: &Api, to: &Destinations) -> anyhow::Result<String> {
    let compliance = json!({"litigators": [people_who_sue(api).await?]});
    let campaign = Campaign::make(
        api,
        json!({"name": "Plumbing, Dallas and around", "vertical": "home_services", "fields": home_fields(),
            "compliance": compliance}),
    )
    .await?;
    let terms = |weight: u32, amount: u32| json!({"weight": weight, "price": per_call(amount, 15)});
    let capped = json!({
        "weight": 2, "price": per_call(48, 15), "schedule": daytime(),
        "caps": [cap("An hour", 15, "hour")],
    });
    let calls = [
        campaign
            .contract("Cedar Ridge, half", &to.cedar_phone, terms(3, 44))
            .await?,
        campaign
            .contract("Bluebonnet, a third", &to.bluebonnet_phone, capped)
            .await?,
        campaign
            .contract("Summit, the rest", &to.summit_phone, terms(1, 52))
            .await?,
    ];
    let lead = |weight: u32, amount: u32| json!({"weight": weight, "price": fixed(amount)});
    let leads = vec![
        campaign
            .contract("Cedar Ridge, leads", &to.cedar_inbox, lead(2, 16))
            .await?,
        campaign
            .contract("Bluebonnet, leads", &to.bluebonnet_inbox, lead(1, 18))
            .await?,
    ];
    campaign.both("weighted", calls, leads).await?;
    Ok(campaign.id)
}

/// Everybody is asked; the best bid has the call or the lead.
async fn insurance(api: &Api, to: &Destinations) -> anyhow::Result<String> {
    let campaign = Campaign::make(
        api,
        json!({"name": "Auto insurance quotes", "vertical": "insurance_auto", "fields": insurance_fields()}),
    )
    .await?;
    let per_bid = || json!({"rules": [{"rate": {"per_bid": {}}}]});
    let south = lives_in(&["TX", "OK"]);
    let rolling = json!({"name": "An hour, rolling", "max": 30, "window": {"period": "hour", "rolling": true, "zone": ZONE}});
    let members = [
        campaign
            .contract(
                "Harborline, everywhere",
                &to.harborline,
                json!({"price": per_bid(), "bid_max": "60", "caps": [cap("A day", 500, "day")]}),
            )
            .await?,
        campaign
            .contract(
                "Prairie, Texas and Oklahoma",
                &to.prairie,
                json!({"price": per_bid(), "bid_max": "60", "filter": south, "caps": [rolling]}),
            )
            .await?,
        campaign
            .contract(
                "QuoteRiver, while it lasts",
                &to.quoteriver,
                json!({"price": per_bid(), "bid_max": "60", "caps": [cap("An hour", 20, "hour")]}),
            )
            .await?,
    ];
    let auction = json!({"margin_percent": "20", "timeout_ms": 1_000});
    campaign
        .plan(json!({"main": {"method": "auction", "auction": auction, "members": members}}))
        .await?;
    Ok(campaign.id)
}
