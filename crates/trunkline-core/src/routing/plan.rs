//! The plan: which contracts are asked, in which order, and the trace of all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::duplicates::Past;
use super::eligible::{Availability, Clocks, Could, Offer, eligible, fits_in_group, group_lets_in};
use super::filter::{Answers, Sieve};
use super::routes::{ReadyMember, ReadyTo, Routes};
use super::select::{Method, Performance, Seat, order};
use super::trace::{Outcome, Refusal, TraceLine};
use crate::base::Timestamp;
use crate::base::id::{ContractId, ContractKind, IdMap};

/// What is to be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// One contract.
    One(ContractId),
    /// Several at the same time; the first who answers has it.
    Together {
        /// The group, by its number.
        group: u16,
        /// The contracts.
        contracts: Vec<ContractId>,
    },
    /// A bid is asked of several.
    Auction {
        /// The group, by its number.
        group: u16,
        /// The contracts.
        contracts: Vec<ContractId>,
    },
}

impl Attempt {
    /// Everybody who is asked.
    #[must_use]
    pub fn contracts(&self) -> &[ContractId] {
        match self {
            Self::One(contract) => std::slice::from_ref(contract),
            Self::Together { contracts, .. } | Self::Auction { contracts, .. } => contracts,
        }
    }

    /// The group that is asked as one, by its number.
    #[must_use]
    pub const fn group(&self) -> Option<u16> {
        match self {
            Self::One(_) => None,
            Self::Together { group, .. } | Self::Auction { group, .. } => Some(*group),
        }
    }
}

/// A whole plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// What is tried, in this order, until somebody takes it.
    pub attempts: Vec<Attempt>,
    /// A line for every contract, in the order of [`Routes::contracts`].
    pub trace: Vec<TraceLine>,
    /// What attempts do to turns.
    pub turns: Vec<TurnChange>,
}

/// What making an attempt does to turns. Whoever makes the attempt `from` applies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnChange {
    /// The first attempt that belongs to it, from 0.
    pub from: u16,
    /// What is added to credits; the sum is 0.
    pub credits: Vec<(Turn, i64)>,
}

/// Who has a turn.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// A contract.
    Contract(ContractId),
    /// A group, by its name.
    Group(Arc<str>),
}

/// Credits of everybody who takes turns in one route plan. They survive restarts; whoever is not in it has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Turns {
    contracts: IdMap<ContractKind, i64>,
    groups: BTreeMap<Arc<str>, i64>,
}

impl Turns {
    /// As they are stored.
    #[must_use]
    pub fn stored(credits: impl IntoIterator<Item = (Turn, i64)>) -> Self {
        let mut turns = Self::default();
        for (turn, credit) in credits {
            turns.add(&turn, credit);
        }
        turns
    }

    /// Applies what attempts did to turns: those up to the attempt `last`, which was made.
    pub fn take(&mut self, changes: &[TurnChange], last: u16) {
        for change in changes.iter().filter(|change| change.from <= last) {
            for (turn, credit) in &change.credits {
                self.add(turn, *credit);
            }
        }
    }

    /// Everybody with a credit that is not 0, in a fixed order.
    #[must_use]
    pub fn credits(&self) -> Vec<(Turn, i64)> {
        let contracts = self
            .contracts
            .iter()
            .map(|(id, c)| (Turn::Contract(*id), *c));
        let groups = self
            .groups
            .iter()
            .map(|(name, c)| (Turn::Group(Arc::clone(name)), *c));
        let mut all: Vec<_> = contracts.chain(groups).filter(|(_, c)| *c != 0).collect();
        all.sort();
        all
    }

    fn add(&mut self, turn: &Turn, credit: i64) {
        let slot = match turn {
            Turn::Contract(id) => self.contracts.entry(*id).or_default(),
            Turn::Group(name) => self.groups.entry(Arc::clone(name)).or_default(),
        };
        *slot = slot.saturating_add(credit);
    }
}

/// Plans an opportunity. Same arguments, same plan.
#[must_use]
pub fn plan(
    routes: &Routes,
    offer: &Offer<'_>,
    availability: &Availability,
    turns: &Turns,
    now: Timestamp,
    chance: u64,
) -> Plan {
    // Only the same person's past can matter, and each contract would look at all of it.
    let past: Vec<Past> = offer
        .past
        .iter()
        .filter(|past| past.person.is_like(&offer.comer.person))
        .copied()
        .collect();
    let offer = Offer {
        past: &past,
        ..*offer
    };
    let mut planning = Planning {
        routes,
        availability,
        turns,
        chance,
        could: look(routes, &offer, availability, now),
        attempt_of: vec![None; routes.contracts.len()],
        plan: Plan::default(),
    };
    planning.group(0);
    planning.finish()
}

/// What each contract could do.
fn look(
    routes: &Routes,
    offer: &Offer<'_>,
    availability: &Availability,
    now: Timestamp,
) -> Vec<Result<Could, Refusal>> {
    let mut clocks = Clocks::new(now);
    // Each group comes after the one it stands in, so what holds for that is known.
    let mut groups: Vec<Result<(), Refusal>> = Vec::with_capacity(routes.groups.len());
    let mut auctions: Vec<bool> = Vec::with_capacity(routes.groups.len());
    for (number, group) in routes.groups.iter().enumerate() {
        let around = group.within.map_or(Ok(()), |within| groups[within]);
        groups.push(
            around.and_then(|()| group_lets_in(group, number, offer, availability, &mut clocks)),
        );
        let around = group.within.is_some_and(|within| auctions[within]);
        auctions.push(around || group.method == Method::Auction);
    }
    let mut answers = Answers::new(&routes.alike);
    let mut sieves = 0;
    let contracts = routes.contracts.iter().zip(&routes.stands_in);
    contracts
        .map(|(terms, group)| {
            let first_sieve = sieves;
            sieves += terms.sieves.len();
            groups[*group]?;
            let in_auction = auctions[*group];
            let ask = &mut |place: usize, sieve: &Sieve| {
                answers.test(first_sieve + place, sieve, offer.facts)
            };
            let could = eligible(terms, in_auction, offer, availability, &mut clocks, ask)?;
            let mut around = Some(*group);
            while let Some(number) = around {
                let group = &routes.groups[number];
                fits_in_group(group, number, &could, offer, availability)?;
                around = group.within;
            }
            Ok(could)
        })
        .collect()
}

struct Planning<'a> {
    routes: &'a Routes,
    availability: &'a Availability,
    turns: &'a Turns,
    chance: u64,
    could: Vec<Result<Could, Refusal>>,
    attempt_of: Vec<Option<u16>>,
    plan: Plan,
}

impl Planning<'_> {
    /// Appends the attempts of a group.
    fn group(&mut self, number: usize) {
        let routes = self.routes;
        let group = &routes.groups[number];
        let members = self.members(number);
        if members.is_empty() || self.is_full() {
            return;
        }
        let seats: Vec<Seat> = members.iter().map(|member| self.seat(member)).collect();
        let ordered = order(
            group.method,
            &group.performance,
            &seats,
            &group.name,
            self.chance,
        );
        self.leave_out(&members, &ordered.seats);
        if matches!(group.method, Method::Simultaneous | Method::Auction) {
            let chosen = ordered.seats.iter().map(|place| members[*place].to);
            return self.at_once(number, chosen.collect());
        }
        let mut changes = ordered.turns.into_iter().peekable();
        let mut reached = None;
        for (index, place) in ordered.seats.iter().enumerate() {
            let from = self.next_attempt();
            if let Some(change) = changes.next_if(|change| change.from == index) {
                reached = Some(change);
            }
            match members[*place].to {
                ReadyTo::Contract(contract) => self.one(contract),
                ReadyTo::Group(inner) => self.group(inner),
            }
            // A turn is taken with the first attempt that comes of it.
            if self.next_attempt() > from
                && let Some(change) = reached.take()
            {
                let credits = change.credits.into_iter();
                let credits = credits.map(|(place, by)| (self.turn(members[place].to), by));
                let credits = credits.collect();
                self.plan.turns.push(TurnChange { from, credits });
            }
            if self.is_full() {
                return;
            }
        }
    }

    /// Members of a group that have somebody who could take it, those of flat groups among them.
    fn members(&self, number: usize) -> Vec<ReadyMember> {
        let mut found = Vec::new();
        for member in &self.routes.groups[number].members {
            match member.to {
                ReadyTo::Group(inner) if member.flat => found.extend(self.members(inner)),
                to if self.has_somebody(to) => found.push(*member),
                _ => {}
            }
        }
        found
    }

    fn has_somebody(&self, to: ReadyTo) -> bool {
        match to {
            ReadyTo::Contract(contract) => self.could[contract].is_ok(),
            ReadyTo::Group(group) => {
                let members = &self.routes.groups[group].members;
                members.iter().any(|member| self.has_somebody(member.to))
            }
        }
    }

    fn seat(&self, member: &ReadyMember) -> Seat {
        Seat {
            priority: member.priority,
            weight: member.weight,
            credit: match member.to {
                ReadyTo::Contract(contract) => {
                    let id = self.routes.contracts[contract].parties.contract;
                    self.turns.contracts.get(&id).copied().unwrap_or(0)
                }
                ReadyTo::Group(group) => {
                    let name = &self.routes.groups[group].name;
                    self.turns.groups.get(name).copied().unwrap_or(0)
                }
            },
            performance: self.performance(member.to),
        }
    }

    fn performance(&self, to: ReadyTo) -> Performance {
        match to {
            ReadyTo::Contract(contract) => {
                let id = self.routes.contracts[contract].parties.contract;
                self.availability
                    .performance
                    .get(&id)
                    .copied()
                    .unwrap_or_default()
            }
            ReadyTo::Group(group) => {
                let members = self.routes.groups[group].members.iter();
                members.fold(Performance::default(), |sum, member| {
                    let one = self.performance(member.to);
                    Performance {
                        attempts: sum.attempts.saturating_add(one.attempts),
                        revenue: sum.revenue.saturating_add(one.revenue),
                    }
                })
            }
        }
    }

    /// Members that are not in the order have a weight of zero.
    fn leave_out(&mut self, members: &[ReadyMember], ordered: &[usize]) {
        if members.len() == ordered.len() {
            return;
        }
        let mut is_in = vec![false; members.len()];
        ordered.iter().for_each(|place| is_in[*place] = true);
        let left_out = members.iter().zip(is_in).filter(|(_, is_in)| !is_in);
        for (member, _) in left_out {
            self.refuse(member.to);
        }
    }

    fn refuse(&mut self, to: ReadyTo) {
        match to {
            ReadyTo::Contract(contract) => {
                let could = &mut self.could[contract];
                if could.is_ok() {
                    *could = Err(Refusal::WeightZero);
                }
            }
            ReadyTo::Group(group) => {
                let routes = self.routes;
                for member in &routes.groups[group].members {
                    self.refuse(member.to);
                }
            }
        }
    }

    fn one(&mut self, contract: usize) {
        self.attempt_of[contract] = Some(self.next_attempt());
        let id = self.routes.contracts[contract].parties.contract;
        self.plan.attempts.push(Attempt::One(id));
    }

    /// One attempt with everybody in it who could.
    fn at_once(&mut self, number: usize, mut open: Vec<ReadyTo>) {
        let attempt = self.next_attempt();
        let mut contracts = Vec::new();
        open.reverse();
        while let Some(to) = open.pop() {
            match to {
                ReadyTo::Contract(contract) if self.could[contract].is_ok() => {
                    self.attempt_of[contract] = Some(attempt);
                    contracts.push(self.routes.contracts[contract].parties.contract);
                }
                ReadyTo::Contract(_) => {}
                ReadyTo::Group(group) => {
                    let members = &self.routes.groups[group].members;
                    open.extend(members.iter().rev().map(|member| member.to));
                }
            }
        }
        let group = u16::try_from(number).unwrap_or(u16::MAX);
        self.plan
            .attempts
            .push(match self.routes.groups[number].method {
                Method::Auction => Attempt::Auction { group, contracts },
                _ => Attempt::Together { group, contracts },
            });
    }

    fn turn(&self, to: ReadyTo) -> Turn {
        match to {
            ReadyTo::Contract(contract) => {
                Turn::Contract(self.routes.contracts[contract].parties.contract)
            }
            ReadyTo::Group(group) => Turn::Group(Arc::clone(&self.routes.groups[group].name)),
        }
    }

    fn next_attempt(&self) -> u16 {
        u16::try_from(self.plan.attempts.len()).unwrap_or(u16::MAX)
    }

    fn is_full(&self) -> bool {
        self.plan.attempts.len() >= self.routes.attempts_max
    }

    fn finish(self) -> Plan {
        let contracts = self
            .routes
            .contracts
            .iter()
            .zip(self.could)
            .zip(self.attempt_of);
        let trace = contracts.map(|((terms, could), attempt)| TraceLine {
            contract: terms.parties.contract,
            version: terms.parties.version,
            outcome: match could {
                Err(refusal) => Outcome::Refused(refusal),
                Ok(Could { price, unpaid }) => Outcome::Eligible {
                    price,
                    unpaid,
                    attempt,
                },
            },
        });
        Plan {
            trace: trace.collect(),
            ..self.plan
        }
    }
}
