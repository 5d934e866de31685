//! The route plan as people write it: groups of contracts and of other groups, a tree with one beginning.
//!
//! `{"schema": 1, "start": "main", "groups": {"main": {"method": "waterfall", "members": [{"to": {"contract": "ctr_…"}},
//! {"to": {"group": "overflow"}, "priority": 10}]}, …}}`

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::auction::AuctionRules;
use super::caps::{Cap, ids_of, problems_of_all};
use super::document::{Problem, Problems, below, id_text};
use super::filter::Filter;
use super::lists::Shelf;
use super::select::{Method, PerformanceRules};
use super::terms::{ContractTerms, PRIORITY_MAX, WEIGHT_MAX};
use crate::base::id::{CapId, ContractId};
use crate::base::{Currency, Schedule};

/// The schema of route plans that this version reads.
pub const PLAN_SCHEMA: u32 = 1;
/// Most groups of one plan.
pub const GROUPS_MAX: usize = 100;
/// Most contracts of one plan.
pub const CONTRACTS_MAX: usize = 2_000;
/// Deepest nesting of groups.
pub const GROUP_DEPTH_MAX: usize = 5;
/// Most attempts that a plan may make.
pub const ATTEMPTS_MAX: u16 = 100;
/// Longest name of a group, in characters.
const NAME_MAX: usize = 60;

/// A route plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutePlan {
    /// [`PLAN_SCHEMA`].
    pub schema: u32,
    /// The group that is asked.
    pub start: String,
    /// Most attempts for one opportunity; an auction is one.
    #[serde(default = "attempts_max")]
    pub attempts_max: u16,
    /// Groups by their names.
    pub groups: BTreeMap<String, Group>,
}

const fn attempts_max() -> u16 {
    5
}

/// Contracts and groups that are ordered together, with caps of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// How members are put into an order.
    pub method: Method,
    /// Who is in it.
    pub members: Vec<Member>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// When it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Caps of all members together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Cap>,
    /// Most calls at the same time of all members together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency_max: Option<u32>,
    /// How past results count, for the method performance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance: Option<PerformanceRules>,
    /// How bids become a sale, for the method auction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auction: Option<AuctionRules>,
}

/// A contract or a group in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Which one.
    pub to: MemberOf,
    /// The smaller, the sooner; that of the contract, or 0, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// The share within the priority; that of the contract, or 1, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// Whether a group's members stand here as if they were written here, instead of the group as one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flat: bool,
}

/// Who a member is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberOf {
    /// A contract.
    Contract(#[serde(with = "id_text")] ContractId),
    /// A group, by its name.
    Group(String),
}

/// What a plan may name.
#[derive(Debug, Clone, Copy)]
pub struct PlanThings<'a> {
    /// The campaign's contracts.
    pub contracts: &'a BTreeMap<ContractId, Arc<ContractTerms>>,
    /// Lists and ZIP codes.
    pub shelf: &'a Shelf,
    /// The account's currency.
    pub currency: Currency,
}

impl RoutePlan {
    /// The ids of the caps of all groups, nested ones included.
    #[must_use]
    pub fn cap_ids(&self) -> Vec<CapId> {
        ids_of(self.groups.values().flat_map(|group| &group.caps))
    }

    /// Everything that keeps the plan from being used.
    #[must_use]
    pub fn problems(&self, things: &PlanThings<'_>) -> Vec<Problem> {
        let mut found = Problems::default();
        if self.schema != PLAN_SCHEMA {
            let message = format!("schema {} is not known; write {PLAN_SCHEMA}", self.schema);
            found.add("schema", message);
        }
        if !(1..=ATTEMPTS_MAX).contains(&self.attempts_max) {
            let message = format!(
                "{} is out of range; write 1 to {ATTEMPTS_MAX}",
                self.attempts_max
            );
            found.add("attempts_max", message);
        }
        if self.groups.len() > GROUPS_MAX {
            let message = format!(
                "{} groups are too many; at most {GROUPS_MAX}",
                self.groups.len()
            );
            found.add("groups", message);
        }
        for (name, group) in &self.groups {
            group.check(name, things, &mut found);
        }
        self.shape(things, &mut found);
        found.0
    }

    /// That it is one tree: everything is reached once, nothing leads back, nothing is too deep.
    fn shape(&self, things: &PlanThings<'_>, found: &mut Problems) {
        if !self.groups.contains_key(&self.start) {
            found.add(
                "start",
                format!("the group `{}` does not exist", self.start),
            );
            return;
        }
        let mut walk = Walk::default();
        self.walk(&self.start, &mut walk, found);
        for name in self
            .groups
            .keys()
            .filter(|name| !walk.groups.contains(name.as_str()))
        {
            found.add(
                &place(name),
                "no way leads here; make it a member of another group, or remove it",
            );
        }
        let unknown = |id: &&ContractId| !things.contracts.contains_key(*id);
        for id in walk.contracts.iter().filter(unknown) {
            found.add(
                "",
                format!("the contract `{id}` does not exist in this campaign"),
            );
        }
        if walk.contracts.len() > CONTRACTS_MAX {
            let message = format!(
                "{} contracts are too many; at most {CONTRACTS_MAX}",
                walk.contracts.len()
            );
            found.add("", message);
        }
    }

    fn walk<'a>(&'a self, name: &'a str, walk: &mut Walk<'a>, found: &mut Problems) {
        if walk.way.contains(&name) {
            let way = walk.way.join(" -> ");
            found.add(
                &place(name),
                format!("goes round: {way} -> {name}; take it out of one of them"),
            );
            return;
        }
        let Some(group) = self.groups.get(name) else {
            return;
        };
        if !walk.groups.insert(name) {
            found.add(
                &place(name),
                "is a member of two groups; make a copy of it, or take it out of one",
            );
            return;
        }
        if walk.way.len() >= GROUP_DEPTH_MAX {
            found.add(
                &place(name),
                format!("is nested deeper than {GROUP_DEPTH_MAX} groups; use fewer levels"),
            );
            return;
        }
        walk.way.push(name);
        for member in &group.members {
            let at_once = |g: &Group| matches!(g.method, Method::Auction | Method::Simultaneous);
            match &member.to {
                MemberOf::Group(other)
                    if member.flat && self.groups.get(other).is_some_and(at_once) =>
                {
                    let message = format!(
                        "`{other}` asks its members at the same time and cannot be flat; leave flat out"
                    );
                    found.add(&place(name), message);
                }
                MemberOf::Group(other) if !self.groups.contains_key(other) => {
                    found.add(
                        &place(name),
                        format!("leads to the group `{other}`, which does not exist"),
                    );
                }
                MemberOf::Group(other) => self.walk(other, walk, found),
                MemberOf::Contract(id) => {
                    if !walk.contracts.insert(*id) {
                        found.add(
                            &place(name),
                            format!("has `{id}`, which stands in the plan already; name it once"),
                        );
                    }
                }
            }
        }
        walk.way.pop();
    }
}

#[derive(Default)]
struct Walk<'a> {
    way: Vec<&'a str>,
    groups: BTreeSet<&'a str>,
    contracts: BTreeSet<ContractId>,
}

fn place(group: &str) -> String {
    format!("groups.{group}")
}

impl Group {
    fn check(&self, name: &str, things: &PlanThings<'_>, found: &mut Problems) {
        let at = place(name);
        if name.is_empty() || name.chars().count() > NAME_MAX {
            found.add(&at, format!("write a name of 1 to {NAME_MAX} characters"));
        }
        if self.members.is_empty() {
            found.add(&at, "has no members; add a contract or a group");
        }
        if let Some(filter) = &self.filter {
            found.within(&below(&at, "filter"), filter.problems(things.shelf));
        }
        for problem in self.schedule.iter().flat_map(Schedule::problems) {
            found.add(&below(&at, "schedule"), problem);
        }
        found.within(&at, problems_of_all(&self.caps, things.shelf));
        if let Some(rules) = &self.performance {
            found.within(&below(&at, "performance"), rules.problems());
        }
        if let Some(rules) = &self.auction {
            found.within(&below(&at, "auction"), rules.problems(things.shelf));
        }
        for (index, member) in self.members.iter().enumerate() {
            let at = below(&at, &format!("members[{index}]"));
            if member.flat && matches!(member.to, MemberOf::Contract(_)) {
                found.add(&at, "only groups can be flat; leave it out");
            }
            if member.weight.is_some_and(|w| w > WEIGHT_MAX) {
                found.add(
                    &at,
                    format!("has a weight out of range; write 0 to {WEIGHT_MAX}"),
                );
            }
            if member
                .priority
                .is_some_and(|p| p.unsigned_abs() > PRIORITY_MAX.unsigned_abs())
            {
                found.add(
                    &at,
                    format!("has a priority out of range; write -{PRIORITY_MAX} to {PRIORITY_MAX}"),
                );
            }
        }
    }
}
