//! What the law asks before anybody is offered anything: lists of people who must not be sold, and how far the carrier must
//! vouch for a caller. It is a campaign's own, asked once of each opportunity and before any contract.
//!
//! A list of numbers and one of their hashes serve alike: whoever sends no more than a hash is found on both.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::document::{Problem, Problems, id_list};
use super::duplicates::Person;
use super::facts::{Facts, Field};
use super::lists::{ItemKind, ItemList, Shelf};
use super::reason::ReasonCode;
use crate::base::Hasher;
use crate::base::id::ItemListId;
use crate::call::screening::Vouched;

/// Most do-not-call lists of one campaign, and most lists of people who sue.
pub const COMPLIANCE_LISTS_MAX: usize = 20;

/// What a campaign says, as people write it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ComplianceRules {
    /// Lists of people who asked not to be called.
    #[serde(with = "id_list", skip_serializing_if = "Vec::is_empty")]
    pub do_not_call: Vec<ItemListId>,
    /// Lists of people who are known to sue.
    #[serde(with = "id_list", skip_serializing_if = "Vec::is_empty")]
    pub litigators: Vec<ItemListId>,
    /// The least that a caller's carrier must vouch for; anything does when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation_min: Option<Vouched>,
}

/// Why somebody is not sold, with what says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComplianceRefusal {
    /// On a do-not-call list.
    DoNotCall(ItemListId),
    /// On a list of people who sue.
    Litigator(ItemListId),
    /// The carrier vouches for too little.
    AttestationLow {
        /// What it vouches for.
        vouched: Vouched,
        /// The least that is asked for.
        least: Vouched,
    },
}

/// The same made ready.
#[derive(Debug, Clone, Default)]
pub struct Compliance {
    /// In the order in which they are asked.
    lists: Box<[(ComplianceRefusal, Arc<ItemList>)]>,
    attestation_min: Option<Vouched>,
}

impl ComplianceRules {
    /// Every list with what somebody on it is refused for, in the order in which they are asked.
    pub fn lists(&self) -> impl Iterator<Item = (ItemListId, ComplianceRefusal)> + '_ {
        let do_not_call = self.do_not_call.iter();
        let litigators = self.litigators.iter();
        do_not_call
            .map(|id| (*id, ComplianceRefusal::DoNotCall(*id)))
            .chain(litigators.map(|id| (*id, ComplianceRefusal::Litigator(*id))))
    }

    /// Everything that keeps the rules from meaning what they say.
    #[must_use]
    pub fn problems(&self, shelf: &Shelf) -> Vec<Problem> {
        let mut found = Problems::default();
        for (place, lists) in [
            ("do_not_call", &self.do_not_call),
            ("litigators", &self.litigators),
        ] {
            if lists.len() > COMPLIANCE_LISTS_MAX {
                let message =
                    format!("names more than {COMPLIANCE_LISTS_MAX} lists; put them together");
                found.add(place, message);
            }
            for id in lists {
                match shelf.lists.get(id).map(|list| list.kind()) {
                    Some(ItemKind::Numbers | ItemKind::Hashes) => {}
                    None => {
                        let message = format!("the list `{id}` does not exist; choose another");
                        found.add(place, message);
                    }
                    Some(kind) => {
                        let word = kind.word();
                        let message =
                            format!("`{id}` is a list of {word}; choose one of numbers or hashes");
                        found.add(place, message);
                    }
                }
            }
        }
        if let Some(least @ (Vouched::Nothing | Vouched::Forged)) = self.attestation_min {
            let word = least.word();
            let message = format!(
                "`{word}` asks for nothing; write full, partial or gateway, or leave it out"
            );
            found.add("attestation_min", message);
        }
        found.0
    }

    /// Makes the rules ready; a list with a problem is left out. Lists of numbers learn the hashes of their items, once for
    /// each list.
    #[must_use]
    pub fn compile(&self, shelf: &Shelf, sha256: Hasher) -> Compliance {
        let lists = self.lists().filter_map(|(id, refusal)| {
            let list = Arc::clone(shelf.lists.get(&id)?);
            list.learn_hashes(sha256);
            Some((refusal, list))
        });
        Compliance {
            lists: lists.collect(),
            attestation_min: self.attestation_min,
        }
    }
}

impl ComplianceRefusal {
    /// Its code.
    #[must_use]
    pub const fn reason(&self) -> ReasonCode {
        match self {
            Self::DoNotCall(_) => ReasonCode::DoNotCall,
            Self::Litigator(_) => ReasonCode::Litigator,
            Self::AttestationLow { .. } => ReasonCode::AttestationLow,
        }
    }

    /// The list that says so.
    #[must_use]
    pub const fn list(&self) -> Option<ItemListId> {
        match self {
            Self::DoNotCall(list) | Self::Litigator(list) => Some(*list),
            Self::AttestationLow { .. } => None,
        }
    }
}

impl Compliance {
    /// Whether somebody may be sold. What is not known of them stops nobody; what the carrier vouches for is asked of calls
    /// only, and of those when they have come.
    ///
    /// # Errors
    /// The first rule that stops it.
    pub fn allows(&self, facts: &Facts<'_>, person: &Person) -> Result<(), ComplianceRefusal> {
        let mut lists = self.lists.iter();
        if let Some((refusal, _)) = lists.find(|(_, list)| has(list, person)) {
            return Err(*refusal);
        }
        let vouched = facts.field(Field::Attestation).and_then(Vouched::from_word);
        match (self.attestation_min, vouched) {
            // What is vouched for stands from most to least.
            (Some(least), Some(vouched)) if vouched > least => {
                Err(ComplianceRefusal::AttestationLow { vouched, least })
            }
            _ => Ok(()),
        }
    }
}

/// Whether a list has a person, by the number when that is known and by its hash otherwise.
fn has(list: &ItemList, person: &Person) -> bool {
    let plain = person
        .phone
        .is_some_and(|number| list.contains_number(number));
    let hashed = || {
        person
            .phone_sha256
            .is_some_and(|hash| list.contains_hash(&hash))
    };
    plain || hashed()
}
