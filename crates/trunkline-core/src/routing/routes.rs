//! A route plan made ready, with the terms of its contracts.

use std::sync::Arc;

use super::auction::Auction;
use super::caps::{Adds, CapTake, CapUse, Counted, Limit, Places, takes};
use super::document::Problem;
use super::facts::Facts;
use super::filter::{Alike, Sieve};
use super::reserve::PlaceOwner;
use super::select::{Method, PerformanceRules};
use super::terms::{ContractTerms, Level};
use super::trace::Owner;
use super::tree::{MemberOf, PlanThings, RoutePlan};
use crate::base::id::{AccountId, CapKind, ContractId, ContractKind, FeedId, IdMap};
use crate::base::{Schedule, Timestamp};

/// A route plan made ready.
#[derive(Debug, Clone)]
pub struct Routes {
    pub(super) contracts: Vec<Arc<ContractTerms>>,
    /// By the contract's id: its place.
    pub(super) places: IdMap<ContractKind, usize>,
    /// By contract: the group it stands in.
    pub(super) stands_in: Vec<usize>,
    /// Groups, each after the one it is a member of; the first is where it begins.
    pub(super) groups: Vec<ReadyGroup>,
    pub(super) attempts_max: usize,
    /// Comparisons that several contracts make, over the sieves of all contracts one after the other.
    pub(super) alike: Alike,
}

#[derive(Debug, Clone)]
pub(super) struct ReadyGroup {
    pub(super) name: Arc<str>,
    pub(super) within: Option<usize>,
    pub(super) method: Method,
    pub(super) members: Vec<ReadyMember>,
    pub(super) sieve: Option<Sieve>,
    pub(super) schedule: Option<Schedule>,
    pub(super) limits: Box<[Limit]>,
    pub(super) places: Option<Places>,
    pub(super) performance: PerformanceRules,
    pub(super) auction: Option<Auction>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct ReadyMember {
    pub(super) to: ReadyTo,
    pub(super) priority: i32,
    pub(super) weight: u32,
    pub(super) flat: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadyTo {
    Contract(usize),
    Group(usize),
}

impl Routes {
    /// The terms of every contract, in the order of the trace.
    #[must_use]
    pub fn contracts(&self) -> &[Arc<ContractTerms>] {
        &self.contracts
    }

    /// The terms of one contract; `None` when it is not in the plan.
    #[must_use]
    pub fn terms(&self, contract: ContractId) -> Option<&Arc<ContractTerms>> {
        self.contracts.get(*self.places.get(&contract)?)
    }

    /// The names of the groups, in the order in which plans number them.
    pub fn group_names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| &*group.name)
    }

    /// The rules of an auction that an attempt names by its group's number.
    #[must_use]
    pub fn auction(&self, group: u16) -> Option<&Auction> {
        self.groups.get(usize::from(group))?.auction.as_ref()
    }

    /// Every cap that may be asked, so that their uses can be fetched.
    #[must_use]
    pub fn limits(&self) -> Vec<&Limit> {
        let mut found = Vec::new();
        let own = self.groups.iter().flat_map(|group| &group.limits);
        let of_contracts = self.contracts.iter().flat_map(|terms| &terms.limits);
        for limit in own.chain(of_contracts.flat_map(|(_, limits)| limits)) {
            limit.each(&mut |limit| found.push(limit));
        }
        found.sort_by_key(|limit| limit.id);
        found.dedup_by_key(|limit| limit.id);
        found
    }

    /// What is used of every cap that may be asked, for an opportunity of a feed.
    #[must_use]
    pub fn uses(&self, feed: FeedId, now: Timestamp, counted: &Counted) -> IdMap<CapKind, CapUse> {
        let mut uses = IdMap::default();
        for group in &self.groups {
            let hours = group.schedule.as_ref();
            counted.uses(&group.limits, feed, hours, now, &mut uses);
        }
        for terms in &self.contracts {
            let hours = terms.schedule.as_ref().map(|schedule| &schedule.value);
            for (_, limits) in &terms.limits {
                counted.uses(limits, feed, hours, now, &mut uses);
            }
        }
        uses
    }

    /// The contracts whose past results are asked, each with how many of its latest offers count.
    #[must_use]
    pub fn performers(&self) -> Vec<(ContractId, u32)> {
        let wanted = |place: usize| {
            let around = self.around(self.stands_in[place]);
            let mut rules = around.filter(|(_, group)| group.method == Method::Performance);
            Some(rules.next()?.1.performance.attempts_wanted)
        };
        let contracts = self.contracts.iter().enumerate();
        contracts
            .filter_map(|(place, terms)| Some((terms.parties.contract, wanted(place)?)))
            .collect()
    }

    /// What an opportunity takes of the caps of a contract and of the groups around it.
    #[must_use]
    pub fn cap_takes(
        &self,
        contract: ContractId,
        facts: &Facts<'_>,
        feed: FeedId,
        adds: Adds,
        now: Timestamp,
    ) -> Vec<CapTake> {
        let Some(place) = self.places.get(&contract) else {
            return Vec::new();
        };
        let terms = &self.contracts[*place];
        let hours = terms.schedule.as_ref().map(|schedule| &schedule.value);
        let mut found = Vec::new();
        for (level, limits) in &terms.limits {
            let of = Some(Owner::Terms(*level));
            found.extend(takes(limits, of, facts, feed, adds, hours, now));
        }
        for (number, group) in self.around(self.stands_in[*place]) {
            let of = Some(Owner::Group(number));
            let hours = group.schedule.as_ref();
            found.extend(takes(&group.limits, of, facts, feed, adds, hours, now));
        }
        found
    }

    /// The places for calls at the same time that a call to a contract takes.
    #[must_use]
    pub fn place_takes(
        &self,
        account: AccountId,
        contract: ContractId,
    ) -> Vec<(Owner, PlaceOwner, Places)> {
        let Some(place) = self.places.get(&contract) else {
            return Vec::new();
        };
        let terms = &self.contracts[*place];
        let of_level = |level| match level {
            Level::Default | Level::Account => PlaceOwner::Account(account),
            Level::Campaign => PlaceOwner::Campaign(terms.parties.campaign),
            Level::Buyer => PlaceOwner::Buyer(terms.parties.buyer),
            Level::Destination => PlaceOwner::Destination(terms.parties.destination),
            Level::Contract => PlaceOwner::Contract(contract),
        };
        let own = terms.places.iter();
        let own = own.map(|(level, places)| (Owner::Terms(*level), of_level(*level), *places));
        let groups = self
            .around(self.stands_in[*place])
            .filter_map(|(number, group)| {
                let owner = PlaceOwner::Group(terms.parties.campaign, Arc::clone(&group.name));
                Some((Owner::Group(number), owner, group.places?))
            });
        own.chain(groups).collect()
    }

    /// A group and those around it, the nearest first.
    fn around(&self, nearest: usize) -> impl Iterator<Item = (u16, &ReadyGroup)> {
        let numbers = std::iter::successors(Some(nearest), |number| self.groups[*number].within);
        numbers.map(|number| {
            let group = &self.groups[number];
            (u16::try_from(number).unwrap_or(u16::MAX), group)
        })
    }
}

impl RoutePlan {
    /// Makes the plan ready.
    ///
    /// # Errors
    /// With its problems, when it has any.
    pub fn compile(&self, things: &PlanThings<'_>) -> Result<Routes, Vec<Problem>> {
        let problems = self.problems(things);
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut routes = Routes {
            contracts: Vec::new(),
            places: IdMap::default(),
            stands_in: Vec::new(),
            groups: Vec::new(),
            attempts_max: usize::from(self.attempts_max),
            alike: Alike::default(),
        };
        self.ready(&self.start, None, things, &mut routes)?;
        let sieves = routes.contracts.iter().flat_map(|terms| &terms.sieves);
        routes.alike = Alike::among(sieves.map(|(_, sieve)| sieve));
        Ok(routes)
    }

    /// Makes a group ready and everything in it; it has no problems. Answers its number.
    fn ready(
        &self,
        name: &str,
        within: Option<usize>,
        things: &PlanThings<'_>,
        routes: &mut Routes,
    ) -> Result<usize, Vec<Problem>> {
        let number = routes.groups.len();
        let Some(group) = self.groups.get(name) else {
            let message = format!("the group `{name}` does not exist");
            let place = String::new();
            return Err(vec![Problem { place, message }]);
        };
        let limits: Result<Vec<_>, _> =
            group.caps.iter().map(|c| c.compile(things.shelf)).collect();
        let sieve = group.filter.as_ref().map(|f| f.compile(things.shelf));
        let bids = group.method == Method::Auction;
        let rules = bids.then(|| group.auction.clone().unwrap_or_default());
        let auction = rules.map(|rules| rules.compile(things.shelf, things.currency));
        routes.groups.push(ReadyGroup {
            name: name.into(),
            within,
            method: group.method,
            members: Vec::with_capacity(group.members.len()),
            sieve: sieve.transpose()?,
            schedule: group.schedule.clone(),
            limits: limits?.into(),
            places: group.concurrency_max.map(|max| Places {
                max,
                reservation_percent: 100,
            }),
            performance: group.performance.unwrap_or_default(),
            auction: auction.transpose()?,
        });
        for member in &group.members {
            let (to, priority, weight) = match &member.to {
                MemberOf::Group(other) => {
                    let other = self.ready(other, Some(number), things, routes)?;
                    (ReadyTo::Group(other), 0, 1)
                }
                MemberOf::Contract(id) => {
                    let Some(terms) = things.contracts.get(id) else {
                        continue;
                    };
                    let place = routes.contracts.len();
                    routes.contracts.push(Arc::clone(terms));
                    routes.places.insert(*id, place);
                    routes.stands_in.push(number);
                    (
                        ReadyTo::Contract(place),
                        terms.priority.value,
                        terms.weight.value,
                    )
                }
            };
            routes.groups[number].members.push(ReadyMember {
                to,
                priority: member.priority.unwrap_or(priority),
                weight: member.weight.unwrap_or(weight),
                flat: member.flat,
            });
        }
        Ok(number)
    }
}
