//! The two sides of a sale: what each buyer pays and what the publisher is paid, each by rules of its own.

use super::event::{BuyerTerms, Pay, PostError, PublisherTerms, Terms};
use crate::base::{Currency, Money, Timestamp};
use crate::routing::{After, Charge, PriceBook};

/// What came of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The caller was never with a buyer.
    NotConnected,
    /// No rule fits.
    NoRule,
    /// It was promised for a sale, and nothing was sold.
    NotSold,
    /// It was connected too short.
    TooShort {
        /// How long it was.
        connected_ms: i64,
        /// How long it had to be.
        needed_ms: i64,
    },
    /// It cannot be said yet: the buyer reports it, or the other side is open.
    Open {
        /// The rule's place, from 0; `None` for a promise.
        rule: Option<u16>,
    },
    /// An amount.
    Amount {
        /// The rule's place, from 0; `None` for a promise.
        rule: Option<u16>,
        /// What the rule says.
        asked: Money,
        /// What it comes to: less than asked when a publisher would be paid more than was taken.
        amount: Money,
    },
}

impl Side {
    /// What it comes to; `None` while it is open.
    #[must_use]
    pub const fn amount(&self, currency: Currency) -> Option<Money> {
        match self {
            Self::Open { .. } => None,
            Self::Amount { amount, .. } => Some(*amount),
            Self::NotConnected | Self::NoRule | Self::NotSold | Self::TooShort { .. } => {
                Some(Money::zero(currency))
            }
        }
    }
}

/// How long a buyer had a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Talk {
    /// It is a lead.
    Lead,
    /// Never.
    None,
    /// So many milliseconds.
    Ms(i64),
}

impl Talk {
    pub(super) const fn of(connected_ms: Option<i64>) -> Self {
        match connected_ms {
            None => Self::None,
            Some(ms) => Self::Ms(ms),
        }
    }

    const fn ms(self) -> Option<i64> {
        match self {
            Self::Lead | Self::None => None,
            Self::Ms(ms) => Some(ms),
        }
    }
}

/// What one side comes to by its rules.
pub(super) fn by_rule(
    price: &PriceBook,
    talk: Talk,
    terms: &Terms<'_>,
    offered_at: Timestamp,
    after: After,
) -> Result<Side, PostError> {
    let connected_ms = match talk {
        Talk::None => return Ok(Side::NotConnected),
        Talk::Lead => None,
        Talk::Ms(ms) => Some(ms.max(0)),
    };
    let after = After {
        connected_ms,
        ..after
    };
    Ok(match price.charge(terms.facts, offered_at, &after)? {
        None => Side::NoRule,
        Some(Charge::NotBillable {
            connected_ms,
            needed_ms,
        }) => Side::TooShort {
            connected_ms,
            needed_ms,
        },
        Some(Charge::Open { rule }) => Side::Open { rule: Some(rule) },
        Some(Charge::Amount { rule, amount }) => {
            let amount = priced(amount, terms.currency)?;
            Side::Amount {
                rule: Some(rule),
                asked: amount,
                amount,
            }
        }
    })
}

/// An amount of the account's currency that is not below zero.
pub(super) fn priced(amount: Money, currency: Currency) -> Result<Money, PostError> {
    let amount = Money::zero(currency).plus(amount)?;
    if amount.micros() < 0 {
        return Err(PostError::Negative(amount));
    }
    Ok(amount)
}

/// What the publisher comes to, when `revenue` is what buyers pay as far as it is known, and `open` whether a part of it
/// is not.
pub(super) fn publisher(
    publisher: &PublisherTerms<'_>,
    talk: Talk,
    terms: &Terms<'_>,
    offered_at: Timestamp,
    (revenue, open): (Money, bool),
) -> Result<Side, PostError> {
    match publisher.pay {
        Pay::Quoted(promise) => {
            let amount = priced(promise, terms.currency)?;
            Ok(if revenue.micros() > 0 {
                Side::Amount {
                    rule: None,
                    asked: amount,
                    amount,
                }
            } else if open {
                Side::Open { rule: None }
            } else {
                Side::NotSold
            })
        }
        Pay::ByRule {
            price,
            sold,
            loss_allowed,
        } => {
            let after = After {
                other: (!open).then_some(revenue),
                sold,
                ..After::default()
            };
            let side = by_rule(price, talk, terms, offered_at, after)?;
            Ok(match side {
                Side::Amount { rule, asked, .. } if !loss_allowed => Side::Amount {
                    rule,
                    asked,
                    amount: at_most(asked, revenue),
                },
                other => other,
            })
        }
    }
}

/// The smaller one, and nothing when that is below nothing.
fn at_most(asked: Money, most: Money) -> Money {
    let micros = asked.micros().min(most.micros()).max(0);
    Money::from_micros(micros, asked.currency())
}

/// What all sides of a call or of one leg of a lead come to.
pub(super) struct Sides {
    pub(super) buyers: Vec<Side>,
    pub(super) publisher: Option<Side>,
    /// The publisher's clock.
    pub(super) publisher_ms: Option<i64>,
}

/// What was sold on which leg, and what was before.
pub(super) struct Deal<'a> {
    pub(super) offered_at: Timestamp,
    pub(super) legs: Vec<(BuyerTerms<'a>, Talk)>,
    pub(super) revenue_before: Money,
}

impl Deal<'_> {
    /// Both sides. Each may be a part of the other: buyers are asked first, and again when they are open and the publisher
    /// is not. When each is a part of the other, both stay open.
    pub(super) fn sides(&self, terms: &Terms<'_>) -> Result<Sides, PostError> {
        let mut buyers = self.buyers(terms, None)?;
        let Some(payee) = &terms.publisher else {
            return Ok(Sides {
                publisher_ms: self.clock(&buyers).ms(),
                buyers,
                publisher: None,
            });
        };
        let ask = |buyers: &[Side]| {
            let revenue = self.revenue(buyers, terms.currency)?;
            publisher(payee, self.clock(buyers), terms, self.offered_at, revenue)
        };
        let mut paid = ask(&buyers)?;
        if let (true, Some(other)) = (any_open(&buyers), asked(&paid, terms.currency)) {
            buyers = self.buyers(terms, Some(other))?;
            paid = ask(&buyers)?;
        }
        Ok(Sides {
            publisher_ms: self.clock(&buyers).ms(),
            buyers,
            publisher: Some(paid),
        })
    }

    fn buyers(&self, terms: &Terms<'_>, other: Option<Money>) -> Result<Vec<Side>, PostError> {
        let side = |(buyer, talk): &(BuyerTerms<'_>, Talk)| {
            let after = After {
                bid: buyer.bid,
                other,
                sold: buyer.sold,
                ..After::default()
            };
            by_rule(buyer.price, *talk, terms, self.offered_at, after)
        };
        self.legs.iter().map(side).collect()
    }

    /// What buyers pay as far as it is known, and whether a part of it is not.
    fn revenue(&self, buyers: &[Side], currency: Currency) -> Result<(Money, bool), PostError> {
        let known = buyers.iter().filter_map(|side| side.amount(currency));
        let sum = known
            .into_iter()
            .try_fold(self.revenue_before, Money::plus)?;
        Ok((sum, any_open(buyers)))
    }

    /// The publisher's clock: the last leg that a buyer pays or will pay for, or the longest when none does.
    fn clock(&self, buyers: &[Side]) -> Talk {
        let counts = |side: &Side| match side {
            Side::Open { .. } => true,
            Side::Amount { amount, .. } => amount.micros() > 0,
            Side::NotConnected | Side::NoRule | Side::NotSold | Side::TooShort { .. } => false,
        };
        let talks = || self.legs.iter().map(|(_, talk)| *talk);
        let paid = talks().zip(buyers).rfind(|(_, side)| counts(side));
        let longest = || {
            talks().max_by_key(|talk| match talk {
                Talk::None => -1,
                Talk::Ms(ms) => *ms,
                Talk::Lead => i64::MAX,
            })
        };
        paid.map(|(talk, _)| talk)
            .or_else(longest)
            .unwrap_or(Talk::None)
    }
}

fn any_open(sides: &[Side]) -> bool {
    sides.iter().any(|side| matches!(side, Side::Open { .. }))
}

/// What the rule says before it is held against what was taken; `None` while it is open.
const fn asked(side: &Side, currency: Currency) -> Option<Money> {
    match side {
        Side::Amount { asked, .. } => Some(*asked),
        other => other.amount(currency),
    }
}
