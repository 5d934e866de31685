//! Whether one contract could take an opportunity: rules in a fixed order, cheapest and most final first, and the first
//! that fails is the answer.

use super::caps::{Adds, CapUse, Limit, Live, Places, room};
use super::duplicates::{Comer, DuplicateAction, Past};
use super::facts::{Facts, Field};
use super::filter::{FailedTest, Sieve};
use super::lists::{ItemKind, ItemList};
use super::price::{Before, MostPrice, Quote};
use super::routes::ReadyGroup;
use super::select::Performance;
use super::terms::{ContractTerms, Level, Payment};
use super::trace::{Owner, Refusal};
use crate::base::id::{BuyerKind, CapKind, ContractKind, DestinationKind, IdMap};
use crate::base::{Money, Schedule, Timestamp};

/// A call or a lead on offer.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// What filters may ask.
    pub facts: &'a Facts<'a>,
    /// Who it is, and how it came.
    pub comer: Comer,
    /// Earlier opportunities of the same person, in any order.
    pub past: &'a [Past],
    /// The least that a buyer must pay.
    pub floor: Option<Money>,
    /// The most that the publisher may come to be paid.
    pub payout: Option<Money>,
    /// How often it was connected already and given back.
    pub prior_connects: u32,
}

/// What is left, as the engine fetched it. What is not named is unused; a balance that is not named is nothing.
#[derive(Debug, Clone, Default)]
pub struct Availability {
    /// What is used of caps, each in the window of this opportunity.
    pub caps: IdMap<CapKind, CapUse>,
    /// Calls at the same time of the account.
    pub account_live: Live,
    /// Of the campaign.
    pub campaign_live: Live,
    /// Of buyers.
    pub buyers_live: IdMap<BuyerKind, Live>,
    /// Of destinations.
    pub destinations_live: IdMap<DestinationKind, Live>,
    /// Of contracts.
    pub contracts_live: IdMap<ContractKind, Live>,
    /// Of groups, by name.
    pub groups_live: std::collections::BTreeMap<String, Live>,
    /// Balances of buyers.
    pub balances: IdMap<BuyerKind, Balance>,
    /// What was billed to contracts this month.
    pub sold: IdMap<ContractKind, u32>,
    /// What came of the latest offers to contracts.
    pub performance: IdMap<ContractKind, Performance>,
}

/// What a buyer may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// What is there.
    pub balance: Money,
    /// By how much it may go below zero.
    pub credit: Money,
    /// What is reserved for opportunities that are not settled.
    pub reserved: Money,
}

impl Balance {
    /// Balance and credit, less what is reserved; nothing when that cannot be computed.
    #[must_use]
    pub fn available(&self) -> Money {
        let sum = self
            .balance
            .plus(self.credit)
            .and_then(|m| m.minus(self.reserved));
        sum.unwrap_or(Money::zero(self.balance.currency()))
    }
}

/// What a contract could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Could {
    pub(super) price: Option<MostPrice>,
    pub(super) unpaid: bool,
}

/// What clocks show, read once for each zone.
pub(super) struct Clocks<'a> {
    pub(super) now: Timestamp,
    seen: Vec<Seen<'a>>,
}

/// What the clock of a zone shows at a moment: the date and the minute of the day.
struct Seen<'a> {
    zone: &'a str,
    at: Timestamp,
    clock: Option<(jiff::civil::Date, u16)>,
}

impl<'a> Clocks<'a> {
    pub(super) const fn new(now: Timestamp) -> Self {
        let seen = Vec::new();
        Self { now, seen }
    }

    pub(super) fn is_open(&mut self, schedule: &'a Schedule, at: Timestamp) -> bool {
        let zone = schedule.zone.name();
        let known = self
            .seen
            .iter()
            .find(|seen| seen.at == at && seen.zone == zone);
        let clock = if let Some(seen) = known {
            seen.clock
        } else {
            let clock = schedule.zone.wall_clock(at);
            self.seen.push(Seen { zone, at, clock });
            clock
        };
        clock.is_some_and(|(today, minute)| schedule.is_open_by_clock(today, minute))
    }
}

/// Whether a contract could take the offer. `ask` tests the sieves of its terms, by their place.
pub(super) fn eligible<'a>(
    terms: &'a ContractTerms,
    in_auction: bool,
    offer: &Offer<'_>,
    availability: &Availability,
    clocks: &mut Clocks<'a>,
    ask: &mut impl FnMut(usize, &Sieve) -> Result<(), FailedTest>,
) -> Result<Could, Refusal> {
    if let Some(level) = terms.paused {
        return Err(Refusal::Paused(level));
    }
    open(terms, clocks)?;
    for (place, (level, sieve)) in terms.sieves.iter().enumerate() {
        ask(place, sieve).map_err(|failed| Refusal::Filter {
            of: Owner::Terms(*level),
            failed,
        })?;
    }
    let unpaid = duplicate(terms, offer, clocks.now)?;
    for (_, id, list) in &terms.suppressed_by {
        if is_suppressed(list, offer.facts) {
            return Err(Refusal::Suppressed(*id));
        }
    }
    let max = terms.prior_connects_max.value;
    if offer.prior_connects > max {
        let connects = offer.prior_connects;
        return Err(Refusal::PriorConnects { connects, max });
    }
    let price = price(terms, in_auction, unpaid, offer, availability, clocks.now)?;
    balance(terms, price.most, availability)?;
    let adds = adds(price.most, offer);
    for (level, limits) in &terms.limits {
        under(
            limits,
            Owner::Terms(*level),
            offer.facts,
            availability,
            adds,
        )?;
    }
    for (level, places) in &terms.places {
        let live = live(terms, *level, availability);
        fits(*places, live, Owner::Terms(*level))?;
    }
    // What is bid is compared with the floor when it is known.
    if let Some(floor) = offer.floor.filter(|_| !price.is_bid) {
        let free = Money::zero(terms.currency);
        let price = price.most.map_or(free, |most| most.amount);
        if price.micros() < floor.micros() {
            return Err(Refusal::BelowFloor { price, floor });
        }
    }
    Ok(Could {
        price: price.most,
        unpaid,
    })
}

fn open<'a>(terms: &'a ContractTerms, clocks: &mut Clocks<'a>) -> Result<(), Refusal> {
    let Some(schedule) = &terms.schedule else {
        return Ok(());
    };
    let of = Owner::Terms(schedule.from);
    let now = clocks.now;
    if !clocks.is_open(&schedule.value, now) {
        let last_call = false;
        return Err(Refusal::Closed { of, last_call });
    }
    let margin = terms.last_call_ms.value;
    if margin > 0 && !clocks.is_open(&schedule.value, now.plus_millis(margin)) {
        let last_call = true;
        return Err(Refusal::Closed { of, last_call });
    }
    Ok(())
}

/// Whether it would be unpaid; rules that block or change the flow are the campaign's.
fn duplicate(terms: &ContractTerms, offer: &Offer<'_>, now: Timestamp) -> Result<bool, Refusal> {
    let taker = Some(terms.parties.taker());
    let mut unpaid = false;
    for (place, rule) in terms.duplicates.value.iter().enumerate() {
        let own = |past: &Past| past.to.is_some_and(|to| to.buyer == terms.parties.buyer);
        let counts = |past: &Past| rule.action != DuplicateAction::OtherBuyer || own(past);
        let found = rule.find_among(&offer.comer, taker, offer.past, now, counts);
        let Some(earlier) = found else {
            continue;
        };
        let stops = rule.action != DuplicateAction::Unpaid;
        unpaid |= !stops;
        if stops {
            let rule = u16::try_from(place).unwrap_or(u16::MAX);
            return Err(Refusal::Duplicate { rule, earlier });
        }
    }
    Ok(unpaid)
}

fn is_suppressed(list: &ItemList, facts: &Facts<'_>) -> bool {
    let has = |field| facts.field(field).is_some_and(|value| list.contains(value));
    match list.kind() {
        ItemKind::Numbers => has(Field::Phone),
        ItemKind::Zips => has(Field::Zip),
        ItemKind::Hashes => has(Field::PhoneSha256) || has(Field::EmailSha256),
        ItemKind::Texts => false,
    }
}

/// What it would pay at most, and whether that is bid.
#[derive(Clone, Copy)]
struct Price {
    most: Option<MostPrice>,
    is_bid: bool,
}

fn price(
    terms: &ContractTerms,
    in_auction: bool,
    unpaid: bool,
    offer: &Offer<'_>,
    availability: &Availability,
    now: Timestamp,
) -> Result<Price, Refusal> {
    let Some(book) = &terms.price else {
        return Ok(Price {
            most: None,
            is_bid: false,
        });
    };
    let sold = availability.sold.get(&terms.parties.contract);
    let before = Before {
        bid: terms.bid_max.map(|most| most.value),
        other: offer.payout,
        sold: sold.copied().unwrap_or(0),
    };
    let quote = book.value.quote(offer.facts, now, &before);
    let Some(Quote { rule, is_bid, most }) = quote else {
        return Err(Refusal::NoPrice);
    };
    // A bid without a limit is compared when it is known; every other price is known now.
    if (is_bid && !in_auction) || (!is_bid && most.is_none()) {
        return Err(Refusal::NoPrice);
    }
    let paid = |amount| {
        if unpaid {
            Money::zero(terms.currency)
        } else {
            amount
        }
    };
    let most = most.map(|most| MostPrice {
        rule,
        amount: paid(most),
    });
    Ok(Price { most, is_bid })
}

fn balance(
    terms: &ContractTerms,
    price: Option<MostPrice>,
    availability: &Availability,
) -> Result<(), Refusal> {
    let Some(MostPrice { amount: price, .. }) = price else {
        return Ok(());
    };
    if terms.payment.value == Payment::NetTerms {
        return Ok(());
    }
    let balance = availability.balances.get(&terms.parties.buyer);
    let available = balance.map_or(Money::zero(terms.currency), Balance::available);
    let covers = available.currency() == price.currency() && available.micros() >= price.micros();
    if covers {
        Ok(())
    } else {
        Err(Refusal::Balance { available, price })
    }
}

fn adds(price: Option<MostPrice>, offer: &Offer<'_>) -> Adds {
    Adds {
        revenue: price.map_or(0, |price| price.amount.micros()),
        payout: offer.payout.map_or(0, Money::micros),
    }
}

fn under(
    limits: &[Limit],
    of: Owner,
    facts: &Facts<'_>,
    availability: &Availability,
    adds: Adds,
) -> Result<(), Refusal> {
    room(limits, facts, &availability.caps, adds).map_err(|room| Refusal::Cap { of, room })
}

fn live(terms: &ContractTerms, level: Level, availability: &Availability) -> Live {
    let parties = &terms.parties;
    let known = match level {
        Level::Default | Level::Account => Some(&availability.account_live),
        Level::Campaign => Some(&availability.campaign_live),
        Level::Buyer => availability.buyers_live.get(&parties.buyer),
        Level::Destination => availability.destinations_live.get(&parties.destination),
        Level::Contract => availability.contracts_live.get(&parties.contract),
    };
    known.copied().unwrap_or_default()
}

fn fits(places: Places, live: Live, of: Owner) -> Result<(), Refusal> {
    if places.fit(live) {
        Ok(())
    } else {
        Err(Refusal::Concurrency { of, live, places })
    }
}

/// Whether what a contract would pay fits under the caps of a group around it.
pub(super) fn fits_in_group(
    group: &ReadyGroup,
    number: usize,
    could: &Could,
    offer: &Offer<'_>,
    availability: &Availability,
) -> Result<(), Refusal> {
    let of = Owner::Group(u16::try_from(number).unwrap_or(u16::MAX));
    under(
        &group.limits,
        of,
        offer.facts,
        availability,
        adds(could.price, offer),
    )
}

/// Whether a group lets the offer in; what it says holds for everything in it.
pub(super) fn group_lets_in<'a>(
    group: &'a ReadyGroup,
    number: usize,
    offer: &Offer<'_>,
    availability: &Availability,
    clocks: &mut Clocks<'a>,
) -> Result<(), Refusal> {
    let of = Owner::Group(u16::try_from(number).unwrap_or(u16::MAX));
    if let Some(schedule) = &group.schedule {
        let now = clocks.now;
        if !clocks.is_open(schedule, now) {
            let last_call = false;
            return Err(Refusal::Closed { of, last_call });
        }
    }
    if let Some(sieve) = &group.sieve {
        let tested = sieve.test(offer.facts);
        tested.map_err(|failed| Refusal::Filter { of, failed })?;
    }
    // What members would pay differs, so money is compared at each.
    under(
        &group.limits,
        of,
        offer.facts,
        availability,
        adds(None, offer),
    )?;
    group.places.map_or(Ok(()), |places| {
        let live = availability
            .groups_live
            .get(&*group.name)
            .copied()
            .unwrap_or_default();
        fits(places, live, of)
    })
}
