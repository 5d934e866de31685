//! The terms of a contract as the plan needs them: what account, campaign, buyer, destination and contract say, put
//! together, each value with where it comes from.
//!
//! Of most values the most specific level wins, in the order account < campaign < buyer < destination < contract. Filters,
//! suppression lists, caps and places for calls at the same time do not replace each other: those of every level hold. A
//! pause on any level is a pause.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::caps::{Cap, Limit, Places, ids_of, problems_of_all};
use super::document::{Decimal, Problem, Problems, id_list};
use super::duplicates::{DuplicateRule, Taker, problems_of_duplicates};
use super::filter::{Filter, Sieve};
use super::lists::{ItemKind, ItemList, Shelf};
use super::price::{PriceBook, PriceRules};
use crate::base::id::{BuyerId, CampaignId, CapId, ContractId, DestinationId, ItemListId};
use crate::base::{Currency, Money, Schedule, words};

/// Largest weight.
pub const WEIGHT_MAX: u32 = 1_000_000;
/// Priorities lie between this and its negative.
pub const PRIORITY_MAX: i32 = 1_000_000;
/// Most suppression lists of one level.
const SUPPRESSIONS_MAX: usize = 20;

words! {
    /// Where a value comes from.
    Level {
        /// Nobody said anything.
        Default = "default",
        /// The account.
        Account = "account",
        /// The campaign.
        Campaign = "campaign",
        /// The buyer.
        Buyer = "buyer",
        /// The destination.
        Destination = "destination",
        /// The contract itself.
        Contract = "contract",
    }
}

/// A value that is in force, and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effective<T> {
    /// The value.
    pub value: T,
    /// Who said it.
    pub from: Level,
}

words! {
    /// How a buyer pays.
    Payment {
        /// From a balance that is there before.
        Prepaid = "prepaid",
        /// By invoice.
        NetTerms = "net_terms",
    }
}

words! {
    /// How a destination takes what it is offered.
    DeliveryKind {
        /// A call to a phone number.
        Phone = "phone",
        /// A call to a SIP address.
        Sip = "sip",
        /// A request to a server.
        Http = "http",
        /// A mail.
        Email = "email",
        /// Nothing is delivered; the buyer looks here.
        None = "none",
    }
}

/// What one level says, as people write it. What is left out is said by a level before, or is the default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Layer {
    /// Nothing is offered while it is set.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// When offers are taken; always when nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Seconds before closing in which nothing is offered any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_call_s: Option<u32>,
    /// What is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// Lists of people who are not taken.
    #[serde(with = "id_list", skip_serializing_if = "Vec::is_empty")]
    pub suppressed_by: Vec<ItemListId>,
    /// Caps of this level.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Cap>,
    /// Most calls at the same time of this level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency_max: Option<u32>,
    /// How much of a place a bid that was given takes, in per cent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_percent: Option<u8>,
    /// What the buyer pays; nothing when nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceRules>,
    /// How the buyer pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<Payment>,
    /// What happens with people who came before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<Vec<DuplicateRule>>,
    /// The smaller, the sooner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// The share among contracts of the same priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// How long it rings, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring_timeout_s: Option<u32>,
    /// A destination that hangs up earlier than this did not take the call, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_s: Option<u32>,
    /// How often the same call may have been connected before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prior_connects_max: Option<u32>,
    /// How long a bid is waited for, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bid_timeout_ms: Option<u32>,
    /// The most that is believed of a bid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bid_max: Option<Decimal>,
}

/// What each level says.
#[derive(Debug, Clone, Copy)]
pub struct Layers<'a> {
    /// The account.
    pub account: &'a Layer,
    /// The campaign.
    pub campaign: &'a Layer,
    /// The buyer.
    pub buyer: &'a Layer,
    /// The destination.
    pub destination: &'a Layer,
    /// The contract.
    pub contract: &'a Layer,
}

impl<'a> Layers<'a> {
    const fn rising(&self) -> [(Level, &'a Layer); 5] {
        [
            (Level::Account, self.account),
            (Level::Campaign, self.campaign),
            (Level::Buyer, self.buyer),
            (Level::Destination, self.destination),
            (Level::Contract, self.contract),
        ]
    }

    /// What the most specific level says.
    fn last<T>(&self, read: impl Fn(&'a Layer) -> Option<T>) -> Option<Effective<T>> {
        let said = |(from, layer)| read(layer).map(|value| Effective { value, from });
        self.rising().into_iter().rev().find_map(said)
    }

    fn or<T>(&self, read: impl Fn(&'a Layer) -> Option<T>, default: T) -> Effective<T> {
        self.last(read).unwrap_or(Effective {
            value: default,
            from: Level::Default,
        })
    }
}

/// Whose terms they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parties {
    /// The contract.
    pub contract: ContractId,
    /// Where it leads.
    pub destination: DestinationId,
    /// Who pays.
    pub buyer: BuyerId,
    /// The buyer that stands for the company; the buyer itself when it stands alone.
    pub company: BuyerId,
    /// What is sold.
    pub campaign: CampaignId,
    /// Which version of the contract's terms these are; kept with every opportunity.
    pub version: u32,
}

impl Parties {
    /// Who would have an opportunity.
    #[must_use]
    pub const fn taker(&self) -> Taker {
        Taker {
            contract: self.contract,
            buyer: self.buyer,
            company: self.company,
        }
    }
}

/// The terms of a contract, made ready.
#[derive(Debug, Clone)]
pub struct ContractTerms {
    /// Whose they are.
    pub parties: Parties,
    /// The first level that is paused.
    pub paused: Option<Level>,
    /// When offers are taken.
    pub schedule: Option<Effective<Schedule>>,
    /// Milliseconds before closing in which nothing is offered any more.
    pub last_call_ms: Effective<i64>,
    /// What is taken, by level.
    pub sieves: Box<[(Level, Sieve)]>,
    /// Who is not taken, by level.
    pub suppressed_by: Box<[(Level, ItemListId, Arc<ItemList>)]>,
    /// Caps, by level.
    pub limits: Box<[(Level, Box<[Limit]>)]>,
    /// Calls at the same time, by level.
    pub places: Box<[(Level, Places)]>,
    /// What the buyer pays.
    pub price: Option<Effective<PriceBook>>,
    /// How the buyer pays.
    pub payment: Effective<Payment>,
    /// What happens with people who came before.
    pub duplicates: Effective<Box<[DuplicateRule]>>,
    /// The smaller, the sooner.
    pub priority: Effective<i32>,
    /// The share among contracts of the same priority.
    pub weight: Effective<u32>,
    /// How long it rings, in seconds.
    pub ring_timeout_s: Effective<u32>,
    /// A destination that hangs up earlier than this did not take the call, in seconds.
    pub recovery_s: Effective<u32>,
    /// How often the same call may have been connected before.
    pub prior_connects_max: Effective<u32>,
    /// How long a bid is waited for, in milliseconds.
    pub bid_timeout_ms: Effective<u32>,
    /// The most that is believed of a bid.
    pub bid_max: Option<Effective<Money>>,
    /// The currency of every amount.
    pub currency: Currency,
}

impl Layer {
    /// The ids of its caps, nested ones included.
    #[must_use]
    pub fn cap_ids(&self) -> Vec<CapId> {
        ids_of(&self.caps)
    }

    /// Everything that keeps what the level says from being used.
    #[must_use]
    pub fn problems(&self, shelf: &Shelf) -> Vec<Problem> {
        let mut found = Problems::default();
        for problem in self.schedule.iter().flat_map(Schedule::problems) {
            found.add("schedule", problem);
        }
        if let Some(filter) = &self.filter {
            found.within("filter", filter.problems(shelf));
        }
        if self.suppressed_by.len() > SUPPRESSIONS_MAX {
            let message = format!("names more than {SUPPRESSIONS_MAX} lists; put them together");
            found.add("suppressed_by", message);
        }
        for id in &self.suppressed_by {
            match shelf.lists.get(id) {
                None => {
                    let message = format!("the list `{id}` does not exist; choose another");
                    found.add("suppressed_by", message);
                }
                Some(list) if list.kind() == ItemKind::Texts => {
                    let message =
                        format!("`{id}` is a list of texts; choose one of numbers, hashes or zips");
                    found.add("suppressed_by", message);
                }
                Some(_) => {}
            }
        }
        found.within("", problems_of_all(&self.caps, shelf));
        if let Some(price) = &self.price {
            found.within("price", price.problems(shelf));
        }
        self.numbers(&mut found);
        let rules = self.duplicates.as_deref().unwrap_or_default();
        found.within("", problems_of_duplicates(rules));
        found.0
    }

    fn numbers(&self, found: &mut Problems) {
        let mut range = |place: &str, value: Option<u32>, least: u32, most: u32| {
            if let Some(value) = value.filter(|v| !(least..=most).contains(v)) {
                found.add(
                    place,
                    format!("{value} is out of range; write {least} to {most}"),
                );
            }
        };
        range("last_call_s", self.last_call_s, 0, 24 * 3_600);
        range("concurrency_max", self.concurrency_max, 0, 1_000_000);
        let percent = self.reservation_percent.map(u32::from);
        range("reservation_percent", percent, 0, 100);
        range("weight", self.weight, 0, WEIGHT_MAX);
        range("ring_timeout_s", self.ring_timeout_s, 5, 120);
        range("recovery_s", self.recovery_s, 0, 300);
        range("prior_connects_max", self.prior_connects_max, 0, 100);
        range("bid_timeout_ms", self.bid_timeout_ms, 100, 5_000);
        if self
            .priority
            .is_some_and(|p| p.unsigned_abs() > PRIORITY_MAX.unsigned_abs())
        {
            let message = format!("is out of range; write -{PRIORITY_MAX} to {PRIORITY_MAX}");
            found.add("priority", message);
        }
        if let Some(most) = self.bid_max.filter(|most| *most <= Decimal::default()) {
            found.add(
                "bid_max",
                format!("{most} allows no bid; write an amount above 0"),
            );
        }
    }
}

impl ContractTerms {
    /// Puts together what the levels say.
    ///
    /// # Errors
    /// With the problems of any level, which begin with the level's word.
    pub fn resolve(
        parties: Parties,
        layers: &Layers<'_>,
        shelf: &Shelf,
        currency: Currency,
    ) -> Result<Self, Vec<Problem>> {
        let mut found = Problems::default();
        for (level, layer) in layers.rising() {
            found.within(level.word(), layer.problems(shelf));
        }
        if !found.0.is_empty() {
            return Err(found.0);
        }
        let mut sieves = Vec::new();
        let mut limits = Vec::new();
        let mut suppressed_by = Vec::new();
        let mut places = Vec::new();
        let reservation_percent = layers.or(|l| l.reservation_percent, 100).value;
        for (level, layer) in layers.rising() {
            if let Some(filter) = &layer.filter {
                sieves.push((level, filter.compile(shelf)?));
            }
            let ready: Result<Vec<_>, _> = layer.caps.iter().map(|c| c.compile(shelf)).collect();
            limits.push((level, ready?.into_boxed_slice()));
            for id in &layer.suppressed_by {
                let list = shelf.lists.get(id).cloned();
                suppressed_by.extend(list.map(|list| (level, *id, list)));
            }
            places.extend(layer.concurrency_max.map(|max| {
                let places = Places {
                    max,
                    reservation_percent,
                };
                (level, places)
            }));
        }
        limits.retain(|(_, limits)| !limits.is_empty());
        let price = layers.last(|l| l.price.as_ref());
        let price = price.map(|p| {
            p.value.compile(shelf, currency).map(|value| Effective {
                value,
                from: p.from,
            })
        });
        let duplicates = layers.or(|l| l.duplicates.as_deref(), &[][..]);
        let last_call_s = layers.or(|l| l.last_call_s, 0);
        let bid_max = layers.last(|l| l.bid_max);
        Ok(Self {
            parties,
            paused: layers
                .rising()
                .into_iter()
                .find_map(|(level, layer)| layer.paused.then_some(level)),
            schedule: layers.last(|l| l.schedule.clone()),
            last_call_ms: Effective {
                value: i64::from(last_call_s.value) * 1_000,
                from: last_call_s.from,
            },
            sieves: sieves.into(),
            suppressed_by: suppressed_by.into(),
            limits: limits.into(),
            places: places.into(),
            price: price.transpose()?,
            payment: layers.or(|l| l.payment, Payment::NetTerms),
            duplicates: Effective {
                value: duplicates.value.into(),
                from: duplicates.from,
            },
            priority: layers.or(|l| l.priority, 0),
            weight: layers.or(|l| l.weight, 1),
            ring_timeout_s: layers.or(|l| l.ring_timeout_s, 30),
            recovery_s: layers.or(|l| l.recovery_s, 10),
            prior_connects_max: layers.or(|l| l.prior_connects_max, 5),
            bid_timeout_ms: layers.or(|l| l.bid_timeout_ms, 800),
            bid_max: bid_max.map(|most| Effective {
                value: most.value.money(currency),
                from: most.from,
            }),
            currency,
        })
    }
}
