//! From what is stored to a market that is ready. Nothing is stored that cannot be made ready; should it happen all the
//! same, such as with the file of an older server, what cannot be is left out and named in the log, and everything else works.

use std::collections::BTreeMap;
use std::sync::Arc;

use trunkline_core::base::id::{AccountId, ContractId, ItemListId};
use trunkline_core::base::{Currency, Id, IdKind};
use trunkline_core::lead::Fields;
use trunkline_core::routing::{
    Compliance, ContractTerms, FeedParties, FeedTerms, ItemList, Layers, Parties, PingRules,
    Problem, RateLimit, Routes, Shelf, VersionState,
};

use super::documents;
use super::market::{CampaignEntry, ContractEntry, FeedEntry, Market, Reach, Terms};
use crate::lead::sha256;
use crate::ports::distribution::{
    AllDistribution, Campaign, Delivery, Feed, TermsDocument, TermsVersion,
};

/// Items of lists by the list's id.
pub(super) type Items = BTreeMap<ItemListId, Arc<ItemList>>;

/// Makes a market ready.
pub(super) fn market(
    account: AccountId,
    currency: Currency,
    all: AllDistribution,
    items: Items,
    before: Option<&Market>,
) -> Market {
    let mut market = Market::empty(account, currency);
    market.shelf = Shelf {
        lists: items,
        ..Shelf::default()
    };
    market.publishers = by_id(all.publishers, |p| p.id);
    market.buyers = by_id(all.buyers, |b| b.id);
    market.destinations = by_id(all.destinations, |d| d.id);
    let secrets = all.secrets.into_iter();
    market.secrets = secrets
        .map(|own| (own.destination, Arc::new(own.secrets)))
        .collect();
    reaches(&mut market, before);
    market.lists = by_id(all.lists, |l| l.id);
    all.terms
        .into_iter()
        .for_each(|version| add(&mut market, version));
    market.campaigns = all
        .campaigns
        .into_iter()
        .map(|campaign| {
            let entry = CampaignEntry {
                fields: Arc::new(fields(&campaign)),
                compliance: Arc::new(compliance(&campaign, &market.shelf)),
                campaign: Arc::new(campaign),
                routes: None,
                plan_version: 0,
            };
            (entry.campaign.id, entry)
        })
        .collect();
    market.contracts = all
        .contracts
        .into_iter()
        .map(|contract| {
            let entry = ContractEntry {
                contract: Arc::new(contract),
                terms: None,
            };
            (entry.contract.id, entry)
        })
        .collect();
    offers(&mut market);
    plans(&mut market);
    let ready: Vec<_> = all
        .feeds
        .into_iter()
        .map(|feed| ready_feed(&market, feed))
        .collect();
    market.feeds = ready.into_iter().map(|f| (f.feed.id, f)).collect();
    market
}

fn by_id<T, K: IdKind>(all: Vec<T>, id: impl Fn(&T) -> Id<K>) -> BTreeMap<Id<K>, Arc<T>> {
    let pairs = all.into_iter().map(|thing| (id(&thing), Arc::new(thing)));
    pairs.collect()
}

/// The fields of a campaign's leads; none when they cannot be read.
fn fields(campaign: &Campaign) -> Fields {
    let ready = documents::fields(&campaign.fields);
    ready.unwrap_or_else(|problems| {
        log("fields", &campaign.id.to_string(), &problems);
        Fields::default()
    })
}

/// What a campaign says of people who must not be sold; a list that cannot be used is left out.
fn compliance(campaign: &Campaign, shelf: &Shelf) -> Compliance {
    let problems = campaign.compliance.problems(shelf);
    if !problems.is_empty() {
        log("compliance", &campaign.id.to_string(), &problems);
    }
    campaign.compliance.compile(shelf, sha256)
}

/// How each destination is spoken or written to. What did not change is not made ready again.
fn reaches(market: &mut Market, before: Option<&Market>) {
    let mut reaches = BTreeMap::new();
    for (id, destination) in &market.destinations {
        let secrets = market.secrets(*id);
        let known = before.and_then(|before| {
            let same = before.destinations.get(id)?.delivery == destination.delivery;
            before.reaches.get(id).filter(|_| same)
        });
        let reach = match (known, &destination.delivery) {
            (Some(Reach::Server { endpoint, .. }), _) => Ok(Reach::Server {
                endpoint: Arc::clone(endpoint),
                secrets,
            }),
            (Some(known @ Reach::Mailbox(_)), _) => Ok(known.clone()),
            (None, Delivery::Http(text)) => {
                documents::endpoint(text).map(|endpoint| Reach::Server {
                    endpoint: Arc::new(endpoint),
                    secrets,
                })
            }
            (None, Delivery::Email(address, text)) => {
                let mail = documents::mail(address, text.as_deref());
                mail.map(|mail| Reach::Mailbox(Arc::new(mail)))
            }
            (None, Delivery::Phone(_) | Delivery::Sip(_) | Delivery::None) => continue,
        };
        match reach {
            Ok(reach) => {
                reaches.insert(*id, reach);
            }
            Err(problems) => log("endpoint", &id.to_string(), &problems),
        }
    }
    market.reaches = reaches;
}

fn add(market: &mut Market, version: TermsVersion) {
    let terms = market.terms.entry(version.of).or_insert(Terms::NONE);
    match version.state {
        VersionState::Live => terms.live = Some(Arc::new(version)),
        VersionState::Staged => terms.staged = Some(Arc::new(version)),
        VersionState::Past | VersionState::Withdrawn => {}
    }
}

/// The terms of every contract that a plan may name. Those of a campaign that is put away are kept for when it is taken out
/// again, and offered to nobody.
fn offers(market: &mut Market) {
    let ids: Vec<ContractId> = market.contracts.keys().copied().collect();
    for id in ids {
        let Some(resolved) = resolve(market, id) else {
            continue;
        };
        match resolved {
            Ok(terms) => {
                let terms = Arc::new(terms);
                let campaign = terms.parties.campaign;
                let offers = market.offers.entry(campaign).or_default();
                offers.insert(id, Arc::clone(&terms));
                let put_away = market
                    .campaigns
                    .get(&campaign)
                    .is_none_or(|c| c.campaign.archived_at.is_some());
                if let Some(entry) = market.contracts.get_mut(&id).filter(|_| !put_away) {
                    entry.terms = Some(terms);
                }
            }
            Err(problems) => log("contract", &id.to_string(), &problems),
        }
    }
}

/// The terms of a contract; `None` when it, its destination or its buyer is put away.
fn resolve(market: &Market, id: ContractId) -> Option<Result<ContractTerms, Vec<Problem>>> {
    let contract = &market.contracts.get(&id)?.contract;
    let campaign = &market.campaigns.get(&contract.campaign)?.campaign;
    let destination = market.destinations.get(&contract.destination)?;
    let buyer = market.buyers.get(&destination.buyer)?;
    let put_away = [
        contract.archived_at,
        destination.archived_at,
        buyer.archived_at,
    ];
    if put_away.iter().any(Option::is_some) {
        return None;
    }
    let levels = market.layers(id)?;
    let [account, of_campaign, of_buyer, of_destination, own] = &levels;
    let parties = Parties {
        contract: id,
        destination: destination.id,
        buyer: buyer.id,
        company: buyer.company.unwrap_or(buyer.id),
        campaign: campaign.id,
        version: own.2,
    };
    let layers = Layers {
        account: &account.1,
        campaign: &of_campaign.1,
        buyer: &of_buyer.1,
        destination: &of_destination.1,
        contract: &own.1,
    };
    Some(ContractTerms::resolve(
        parties,
        &layers,
        &market.shelf,
        market.currency,
    ))
}

fn plans(market: &mut Market) {
    let mut ready: Vec<(_, Arc<Routes>, u32)> = Vec::new();
    let nothing = BTreeMap::new();
    for (id, entry) in &market.campaigns {
        let Some(live) = &market.terms(entry.campaign.plan).live else {
            continue;
        };
        let TermsDocument::Plan(plan) = &live.document else {
            continue;
        };
        if entry.campaign.archived_at.is_some() {
            continue;
        }
        let contracts = market.offers.get(id).unwrap_or(&nothing);
        match plan.compile(&market.plan_things(contracts, &market.shelf)) {
            Ok(routes) => ready.push((*id, Arc::new(routes), live.version)),
            Err(problems) => log("route plan", &entry.campaign.plan.to_string(), &problems),
        }
    }
    for (id, routes, version) in ready {
        if let Some(entry) = market.campaigns.get_mut(&id) {
            entry.routes = Some(routes);
            entry.plan_version = version;
        }
    }
}

fn ready_feed(market: &Market, feed: Feed) -> FeedEntry {
    let (terms, rate, pings) = feed_terms(market, &feed);
    FeedEntry {
        feed: Arc::new(feed),
        terms: terms.map(Arc::new),
        rate,
        pings,
    }
}

fn feed_terms(market: &Market, feed: &Feed) -> (Option<FeedTerms>, Option<RateLimit>, PingRules) {
    let nothing = (None, None, PingRules::default());
    let (Some(campaign), Some(publisher)) = (
        market.campaigns.get(&feed.campaign),
        market.publishers.get(&feed.publisher),
    ) else {
        return nothing;
    };
    let campaign = &campaign.campaign;
    let put_away = [
        feed.archived_at,
        campaign.archived_at,
        publisher.archived_at,
    ];
    let Some(live) = &market.terms(feed.id).live else {
        return nothing;
    };
    let TermsDocument::Feed(document) = &live.document else {
        return nothing;
    };
    if put_away.iter().any(Option::is_some) {
        return (None, document.rate, document.pings);
    }
    let of_campaign = market.layer(campaign.id).is_some_and(|l| l.paused);
    let of_account = market.layer(market.account).is_some_and(|l| l.paused);
    let parties = FeedParties {
        feed: feed.id,
        publisher: feed.publisher,
        campaign: feed.campaign,
        version: live.version,
        paused: feed.paused,
        campaign_paused: campaign.paused || of_campaign || of_account,
        campaign_duplicates: &campaign.duplicates,
    };
    let compiled = document.compile(&parties, &market.shelf, market.currency);
    let terms = compiled.map_err(|problems| log("feed", &feed.id.to_string(), &problems));
    (terms.ok(), document.rate, document.pings)
}

fn log(what: &'static str, id: &str, problems: &[Problem]) {
    let first = problems.first();
    let place = first.map_or("", |p| p.place.as_str());
    let problem = first.map_or("", |p| p.message.as_str());
    tracing::error!(what, id, place, problem, "what is stored cannot be used");
}
