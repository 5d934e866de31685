//! Whether the same person came before: rules over past opportunities.
//!
//! Two facts are kept apart. That somebody came before (`repeat`) is for routing and filters; that a buyer need not pay
//! again (`duplicate`) is for money, and the two sides of a sale have rules of their own. Earlier legs of the same
//! opportunity never count, and a person is never recognised by something that is missing.

use serde::{Deserialize, Serialize};

use super::document::{Problem, Problems};
use super::facts::Sha256;
use crate::base::id::{BuyerId, CampaignId, ContractId, FeedId, OpportunityId};
use crate::base::{PhoneNumber, Timestamp, words};

/// Longest window, in hours: ten years.
const WINDOW_H_MAX: u32 = 10 * 365 * 24;
/// Most rules of one thing.
pub const DUPLICATE_RULES_MAX: usize = 10;
const HOUR_MS: i64 = 3_600_000;

words! {
    /// Whose past counts.
    DuplicateScope {
        /// That of the same contract.
        Contract = "contract",
        /// That of the same buyer.
        Buyer = "buyer",
        /// That of every buyer of the same company.
        BuyerCompany = "buyer_company",
        /// That of the campaign.
        Campaign = "campaign",
        /// That of the feed.
        Feed = "feed",
        /// That of the whole account.
        Account = "account",
    }
}

words! {
    /// What must have come of an earlier opportunity so that it counts.
    DuplicateAfter {
        /// Nothing.
        Any = "any",
        /// Somebody took it.
        Connected = "connected",
        /// A buyer paid for it.
        Billable = "billable",
    }
}

words! {
    /// By what a person is recognised.
    PersonField {
        /// The phone number, or its hash.
        Phone = "phone",
        /// The hash of the e-mail address.
        Email = "email",
    }
}

words! {
    /// What happens with a duplicate.
    DuplicateAction {
        /// The contract is left out.
        Skip = "skip",
        /// Every contract of the buyer who had the person is left out.
        OtherBuyer = "other_buyer",
        /// The contract may have it and does not pay.
        Unpaid = "unpaid",
        /// The opportunity is refused.
        Block = "block",
        /// The call flow goes on along its way for duplicates.
        Flow = "flow",
    }
}

/// A rule about duplicates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DuplicateRule {
    /// Whose past counts.
    pub scope: DuplicateScope,
    /// What must have come of it.
    #[serde(default = "billable")]
    pub after: DuplicateAfter,
    /// How many hours back it counts; for ever when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_h: Option<u32>,
    /// By what a person is recognised.
    #[serde(default = "by_phone")]
    pub fields: Vec<PersonField>,
    /// Whether each field must be the same, instead of any one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_fields: bool,
    /// What happens.
    pub action: DuplicateAction,
}

const fn billable() -> DuplicateAfter {
    DuplicateAfter::Billable
}

fn by_phone() -> Vec<PersonField> {
    vec![PersonField::Phone]
}

/// By what a person can be recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Person {
    /// The phone number.
    pub phone: Option<PhoneNumber>,
    /// Its hash.
    pub phone_sha256: Option<Sha256>,
    /// The hash of the e-mail address.
    pub email_sha256: Option<Sha256>,
}

/// An opportunity of the past, or one leg of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// Which one.
    pub opportunity: OpportunityId,
    /// When it came.
    pub at: Timestamp,
    /// Who it was.
    pub person: Person,
    /// The campaign it came for.
    pub campaign: CampaignId,
    /// The feed it came through.
    pub feed: FeedId,
    /// Who had it.
    pub to: Option<Taker>,
    /// Whether somebody took it.
    pub connected: bool,
    /// Whether the buyer paid for it.
    pub billable: bool,
}

/// Who had an opportunity, or could have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taker {
    /// The contract.
    pub contract: ContractId,
    /// Its buyer.
    pub buyer: BuyerId,
    /// The buyer that stands for the company; the buyer itself when it stands alone.
    pub company: BuyerId,
}

/// The opportunity on offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comer {
    /// Which one.
    pub opportunity: OpportunityId,
    /// Who it is.
    pub person: Person,
    /// The campaign.
    pub campaign: CampaignId,
    /// The feed.
    pub feed: FeedId,
}

/// What is wrong with all duplicate rules of one thing; places begin with `duplicates`.
#[must_use]
pub fn problems_of_duplicates(rules: &[DuplicateRule]) -> Vec<Problem> {
    let mut found = Problems::default();
    if rules.len() > DUPLICATE_RULES_MAX {
        let message = format!("has {} rules; at most {DUPLICATE_RULES_MAX}", rules.len());
        found.add("duplicates", message);
    }
    for (index, rule) in rules.iter().enumerate() {
        found.within(&format!("duplicates[{index}]"), rule.problems());
    }
    found.0
}

/// That a person is being sold in a scope. As long as one opportunity has it, no other can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// In which scope.
    pub scope: DuplicateScope,
    /// Which contract, buyer, company, campaign or feed, by its raw id; 0 for the account.
    pub within: i64,
    /// Who, by everything that is there.
    pub person: Person,
}

/// That somebody came before, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// Which opportunity it was.
    pub opportunity: OpportunityId,
    /// When it came.
    pub at: Timestamp,
    /// Who had it.
    pub to: Option<Taker>,
}

impl From<&Past> for Earlier {
    fn from(past: &Past) -> Self {
        Self {
            opportunity: past.opportunity,
            at: past.at,
            to: past.to,
        }
    }
}

impl Person {
    /// Whether anything at all is the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        PersonField::ALL
            .iter()
            .any(|field| self.same(other, *field))
    }

    fn same(&self, other: &Self, field: PersonField) -> bool {
        fn both<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> bool {
            a.is_some() && a == b
        }
        match field {
            PersonField::Phone => {
                both(self.phone.as_ref(), other.phone.as_ref())
                    || both(self.phone_sha256.as_ref(), other.phone_sha256.as_ref())
            }
            PersonField::Email => both(self.email_sha256.as_ref(), other.email_sha256.as_ref()),
        }
    }
}

impl DuplicateRule {
    /// The latest earlier opportunity that makes this one a duplicate. `taker` is who is to have it; without one, rules about
    /// contracts and buyers find nothing.
    #[must_use]
    pub fn find(
        &self,
        comer: &Comer,
        taker: Option<Taker>,
        past: &[Past],
        now: Timestamp,
    ) -> Option<Earlier> {
        self.find_among(comer, taker, past, now, |_| true)
    }

    /// The same among those of the past that pass one test more.
    pub(super) fn find_among(
        &self,
        comer: &Comer,
        taker: Option<Taker>,
        past: &[Past],
        now: Timestamp,
        passes: impl Fn(&Past) -> bool,
    ) -> Option<Earlier> {
        let counts = |earlier: &&Past| {
            passes(earlier)
                && earlier.opportunity != comer.opportunity
                && self.is_recent(earlier, now)
                && self.is_far_enough(earlier)
                && self.is_in_scope(earlier, comer, taker)
                && self.is_same_person(earlier, comer)
        };
        let latest = past
            .iter()
            .filter(counts)
            .max_by_key(|p| (p.at, p.opportunity));
        latest.map(Earlier::from)
    }

    /// What nobody else may be sold at the same time: the person in this scope, by each thing that recognises them. Empty
    /// where nothing of the person is known.
    #[must_use]
    pub fn claims(&self, comer: &Comer, taker: Option<Taker>) -> Vec<Claim> {
        let Some(within) = self.scope_id(comer, taker) else {
            return Vec::new();
        };
        let claim = |person| Claim {
            scope: self.scope,
            within,
            person,
        };
        let nobody = Person::default();
        let phone = comer.person.phone.map(|phone| Person {
            phone: Some(phone),
            ..nobody
        });
        let phone_hash = comer.person.phone_sha256.map(|hash| Person {
            phone_sha256: Some(hash),
            ..nobody
        });
        let email = comer.person.email_sha256.map(|hash| Person {
            email_sha256: Some(hash),
            ..nobody
        });
        let has = |field| self.fields.contains(&field);
        let phones = [phone, phone_hash].into_iter().flatten();
        let phones = phones.filter(|_| has(PersonField::Phone));
        let email = email.filter(|_| has(PersonField::Email));
        if self.all_fields && has(PersonField::Phone) && has(PersonField::Email) {
            let both = |phone: Person| {
                email.map(|email| Person {
                    email_sha256: email.email_sha256,
                    ..phone
                })
            };
            return phones.filter_map(both).map(claim).collect();
        }
        phones.chain(email).map(claim).collect()
    }

    fn scope_id(&self, comer: &Comer, taker: Option<Taker>) -> Option<i64> {
        Some(match self.scope {
            DuplicateScope::Contract => taker?.contract.raw(),
            DuplicateScope::Buyer => taker?.buyer.raw(),
            DuplicateScope::BuyerCompany => taker?.company.raw(),
            DuplicateScope::Campaign => comer.campaign.raw(),
            DuplicateScope::Feed => comer.feed.raw(),
            DuplicateScope::Account => 0,
        })
    }

    /// Since when the past counts; `None`: always.
    #[must_use]
    pub fn since(&self, now: Timestamp) -> Option<Timestamp> {
        let hours = self.within_h?;
        Some(now.plus_millis(-i64::from(hours) * HOUR_MS))
    }

    fn is_recent(&self, earlier: &Past, now: Timestamp) -> bool {
        let ago = now.millis_since(earlier.at);
        ago >= 0 && self.within_h.is_none_or(|h| ago < i64::from(h) * HOUR_MS)
    }

    const fn is_far_enough(&self, earlier: &Past) -> bool {
        match self.after {
            DuplicateAfter::Any => true,
            DuplicateAfter::Connected => earlier.connected,
            DuplicateAfter::Billable => earlier.billable,
        }
    }

    fn is_in_scope(&self, earlier: &Past, comer: &Comer, taker: Option<Taker>) -> bool {
        let both = earlier.to.zip(taker);
        match self.scope {
            DuplicateScope::Contract => both.is_some_and(|(a, b)| a.contract == b.contract),
            DuplicateScope::Buyer => both.is_some_and(|(a, b)| a.buyer == b.buyer),
            DuplicateScope::BuyerCompany => both.is_some_and(|(a, b)| a.company == b.company),
            DuplicateScope::Campaign => earlier.campaign == comer.campaign,
            DuplicateScope::Feed => earlier.feed == comer.feed,
            DuplicateScope::Account => true,
        }
    }

    fn is_same_person(&self, earlier: &Past, comer: &Comer) -> bool {
        let same = |field: &PersonField| comer.person.same(&earlier.person, *field);
        if self.all_fields {
            !self.fields.is_empty() && self.fields.iter().all(same)
        } else {
            self.fields.iter().any(same)
        }
    }

    /// Everything that keeps the rule from meaning what it says.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Problems::default();
        if self.fields.is_empty() {
            found.add("fields", "recognises nobody; write phone or email");
        }
        if let Some(hours) = self.within_h.filter(|h| !(1..=WINDOW_H_MAX).contains(h)) {
            let message = format!(
                "{hours} hours are out of range; write 1 to {WINDOW_H_MAX}, or leave it out"
            );
            found.add("within_h", message);
        }
        found.0
    }
}

/// How often and when a person came before, whatever came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Repeat {
    /// How many different opportunities.
    pub times: u32,
    /// The latest of them.
    pub latest: Option<Earlier>,
}

/// What routing may know of a person's past; money follows from [`DuplicateRule::find`] alone.
#[must_use]
pub fn repeat(comer: &Comer, past: &[Past], now: Timestamp) -> Repeat {
    let before = |p: &&Past| {
        p.opportunity != comer.opportunity && p.at <= now && comer.person.is_like(&p.person)
    };
    let latest = past
        .iter()
        .filter(before)
        .max_by_key(|p| (p.at, p.opportunity));
    let mut opportunities: Vec<_> = past.iter().filter(before).map(|p| p.opportunity).collect();
    opportunities.sort_unstable();
    opportunities.dedup();
    Repeat {
        times: u32::try_from(opportunities.len()).unwrap_or(u32::MAX),
        latest: latest.map(Earlier::from),
    }
}
