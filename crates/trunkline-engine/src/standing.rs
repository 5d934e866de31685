//! How caps stand: what is used, reserved and left of each cap, and of calls at the same time, with whom it belongs to.
//!
//! What counts is what the store says; the transaction that reserves decides. This is for people.

use std::sync::Arc;

use trunkline_core::base::id::{BuyerId, CampaignId, CapKind, FeedId, IdMap};
use trunkline_core::base::{Schedule, Timestamp};
use trunkline_core::routing::{
    Cap, CapTake, Counting, Layer, Live, PlaceOwner, Shelf, SlotUse, Window,
};

use crate::distribution::Market;
use crate::ports::distribution::{TermsDocument, TermsOf};
use crate::ports::routing::Stock;

/// Whose a cap is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belongs {
    /// What it is: an account, campaign, feed, buyer, destination or contract, or the plan of a campaign.
    pub of: TermsOf,
    /// Its name for people.
    pub name: String,
    /// The group of a plan.
    pub group: Option<String>,
    /// The campaign, when it belongs to one.
    pub campaign: Option<CampaignId>,
    /// The buyer, when it belongs to one.
    pub buyer: Option<BuyerId>,
}

/// How a cap stands.
#[derive(Debug, Clone)]
pub struct CapStanding {
    /// Whose it is.
    pub of: Belongs,
    /// The cap, as it is written.
    pub cap: Cap,
    /// The feed, where each is counted by itself; `None` for all, and while no feed has used any.
    pub feed: Option<FeedId>,
    /// In which span it counts now; a rolling one ends now.
    pub window: Window,
    /// Used, in its unit: a number, or micro-units of money.
    pub used: i64,
    /// Reserved and not yet used or released.
    pub reserved: i64,
    /// The most.
    pub max: i64,
    /// What a cap that is spread over the day still lets through in this hour.
    pub left_now: Option<i64>,
}

impl CapStanding {
    /// What is left; never below 0, also when the most was lowered.
    #[must_use]
    pub fn left(&self) -> i64 {
        let taken = self.used.saturating_add(self.reserved);
        self.max.saturating_sub(taken).max(0)
    }
}

/// How calls at the same time stand.
#[derive(Debug, Clone)]
pub struct PlaceStanding {
    /// Whose they are.
    pub of: Belongs,
    /// Those that are dialled, ring or talk, and bids that wait for their call.
    pub live: Live,
    /// The most.
    pub max: u32,
}

impl PlaceStanding {
    /// How many whole places are left.
    #[must_use]
    pub const fn left(&self) -> u32 {
        self.max
            .saturating_sub(self.live.legs)
            .saturating_sub(self.live.reserved)
    }
}

/// How everything of an account stands.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Caps, by whom they belong to: the account, campaigns, plans, feeds, buyers, destinations, contracts.
    pub caps: Vec<CapStanding>,
    /// Calls at the same time, where there is a most.
    pub places: Vec<PlaceStanding>,
}

/// How everything that is set up in a market stands. What is put away is left out.
#[must_use]
pub fn standing(market: &Market, stock: &Stock, now: Timestamp) -> Standing {
    let mut look = Look {
        market,
        stock,
        now,
        found: Standing::default(),
    };
    look.account();
    look.campaigns();
    look.feeds();
    look.buyers();
    look.contracts();
    look.found
}

struct Look<'a> {
    market: &'a Market,
    stock: &'a Stock,
    now: Timestamp,
    found: Standing,
}

fn belongs(of: impl Into<TermsOf>, name: &str) -> Belongs {
    Belongs {
        of: of.into(),
        name: name.to_owned(),
        group: None,
        campaign: None,
        buyer: None,
    }
}

impl Look<'_> {
    fn account(&mut self) {
        let account = self.market.account;
        let of = belongs(account, "");
        self.layer(&of, &PlaceOwner::Account(account), None);
    }

    fn campaigns(&mut self) {
        let market = self.market;
        let campaigns = market.campaigns().map(|entry| &entry.campaign);
        for campaign in campaigns.filter(|c| c.archived_at.is_none()) {
            let of = Belongs {
                campaign: Some(campaign.id),
                ..belongs(campaign.id, &campaign.name)
            };
            self.layer(&of, &PlaceOwner::Campaign(campaign.id), None);
            let Some(plan) = market.plan(campaign.id) else {
                continue;
            };
            for (name, group) in &plan.groups {
                let of = Belongs {
                    group: Some(name.clone()),
                    of: campaign.plan.into(),
                    ..of.clone()
                };
                self.caps(&of, &group.caps, group.schedule.as_ref());
                if let Some(max) = group.concurrency_max {
                    let owner = PlaceOwner::Group(campaign.id, Arc::from(name.as_str()));
                    self.place(&of, &owner, max);
                }
            }
        }
    }

    fn feeds(&mut self) {
        let market = self.market;
        for entry in market.feeds().filter(|f| f.terms.is_some()) {
            let feed = &entry.feed;
            let live = market.terms(feed.id).live.as_ref();
            let Some(TermsDocument::Feed(document)) = live.map(|live| &live.document) else {
                continue;
            };
            let publisher = market.publisher(feed.publisher);
            let of = Belongs {
                campaign: Some(feed.campaign),
                ..belongs(feed.id, publisher.map_or("", |p| &p.name))
            };
            self.caps(&of, &document.caps, document.schedule.as_ref());
        }
    }

    fn buyers(&mut self) {
        let market = self.market;
        for buyer in market.buyers().filter(|b| b.archived_at.is_none()) {
            let of = Belongs {
                buyer: Some(buyer.id),
                ..belongs(buyer.id, &buyer.name)
            };
            self.layer(&of, &PlaceOwner::Buyer(buyer.id), None);
        }
        let destinations = market.destinations();
        for destination in destinations.filter(|d| d.archived_at.is_none()) {
            let of = Belongs {
                buyer: Some(destination.buyer),
                ..belongs(destination.id, &destination.name)
            };
            self.layer(&of, &PlaceOwner::Destination(destination.id), None);
        }
    }

    fn contracts(&mut self) {
        let market = self.market;
        for entry in market.contracts() {
            let contract = &entry.contract;
            let Some(terms) = &entry.terms else { continue };
            let of = Belongs {
                campaign: Some(contract.campaign),
                buyer: Some(terms.parties.buyer),
                ..belongs(contract.id, &contract.name)
            };
            let hours = terms.schedule.as_ref().map(|schedule| &schedule.value);
            self.layer(&of, &PlaceOwner::Contract(contract.id), hours);
        }
    }

    /// What a level of the terms of contracts limits. A paced cap is spread over `hours`, else over those of the level.
    fn layer(&mut self, of: &Belongs, owner: &PlaceOwner, hours: Option<&Schedule>) {
        let market = self.market;
        let live = market.terms(of.of).live.as_ref();
        let Some(TermsDocument::Layer(layer)) = live.map(|live| &live.document) else {
            return;
        };
        let layer: &Layer = layer;
        self.caps(of, &layer.caps, hours.or(layer.schedule.as_ref()));
        if let Some(max) = layer.concurrency_max {
            self.place(of, owner, max);
        }
    }

    fn place(&mut self, of: &Belongs, owner: &PlaceOwner, max: u32) {
        let live = self.stock.places.iter().find(|(who, _)| who == owner);
        self.found.places.push(PlaceStanding {
            of: of.clone(),
            live: live.map_or_else(Live::default, |(_, live)| *live),
            max,
        });
    }

    fn caps(&mut self, of: &Belongs, caps: &[Cap], hours: Option<&Schedule>) {
        for cap in caps {
            self.cap(of, cap, hours);
            self.caps(of, &cap.caps, hours);
        }
    }

    fn cap(&mut self, of: &Belongs, cap: &Cap, hours: Option<&Schedule>) {
        // Only its counters are asked, so that what it is about and what is inside it need not be made ready.
        let bare = Cap {
            when: None,
            caps: Vec::new(),
            ..cap.clone()
        };
        let Ok(limit) = bare.compile(&Shelf::default()) else {
            return;
        };
        let counting = limit.counting(hours, self.now);
        let feeds = self.feeds_of(cap, &counting);
        for feed in feeds {
            let take = CapTake {
                of: None,
                cap: cap.id,
                feed,
                counts: cap.counts,
                adds: 0,
                max: limit.max,
                counting,
            };
            let taken = take.used(self.now, &self.stock.slots);
            let left_now = taken.slice.map(|slice| {
                let by_end = slice.most_by_end - taken.used - taken.reserved;
                by_end.min(slice.most_in_slice - slice.taken).max(0)
            });
            self.found.caps.push(CapStanding {
                of: of.clone(),
                cap: cap.clone(),
                feed,
                window: match counting {
                    Counting::Calendar(window) | Counting::Paced { day: window, .. } => window,
                    Counting::Rolling { slice, span_ms } => Window {
                        from: self.now.plus_millis(-span_ms),
                        to: slice.to,
                    },
                },
                used: taken.used,
                reserved: taken.reserved,
                max: limit.max,
                left_now,
            });
        }
    }

    /// The feeds that a cap counts by themselves and that used some of it; once `None` for a cap of all, and for one that
    /// nobody used.
    fn feeds_of(&self, cap: &Cap, counting: &Counting) -> Vec<Option<FeedId>> {
        if !cap.per_feed {
            return vec![None];
        }
        let counts = |slot: &&SlotUse| {
            slot.slot.cap == cap.id
                && match counting {
                    Counting::Calendar(window) | Counting::Paced { day: window, .. } => {
                        slot.slot.window == *window
                    }
                    Counting::Rolling { .. } => slot.slot.counts_until > self.now,
                }
        };
        let slots = self.stock.slots.iter().filter(counts);
        let mut feeds: Vec<_> = slots.map(|slot| slot.slot.feed).collect();
        feeds.sort_unstable();
        feeds.dedup();
        if feeds.is_empty() {
            feeds.push(None);
        }
        feeds
    }
}

/// Every cap that is written in a market, by its id.
#[must_use]
pub fn caps_of(market: &Market) -> IdMap<CapKind, &Cap> {
    let mut found = IdMap::default();
    for version in market.all_terms() {
        match &version.document {
            TermsDocument::Layer(layer) => gather(&layer.caps, &mut found),
            TermsDocument::Feed(feed) => gather(&feed.caps, &mut found),
            TermsDocument::Plan(plan) => {
                let groups = plan.groups.values();
                groups.for_each(|group| gather(&group.caps, &mut found));
            }
        }
    }
    found
}

fn gather<'a>(caps: &'a [Cap], to: &mut IdMap<CapKind, &'a Cap>) {
    for cap in caps {
        to.insert(cap.id, cap);
        gather(&cap.caps, to);
    }
}
