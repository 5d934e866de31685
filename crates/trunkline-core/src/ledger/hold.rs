//! Holds: money that is set aside for one opportunity before anybody knows whether it is sold.
//!
//! A hold moves nothing on the books; it makes what is available less. It ends once: settled for what the sale came to,
//! released, or expired. Whether there is enough is decided by whoever writes the hold, in the transaction that does.

use super::entry::opposite;
use crate::base::id::{BuyerId, HoldId, OpportunityId};
use crate::base::{Money, MoneyError, Timestamp, words};
use crate::routing::Balance;

/// Longest time that a hold may last without being renewed: a call of a day, and an hour for its end.
pub const HOLD_MS_MAX: i64 = 25 * 3_600_000;

words! {
    /// Where a hold stands.
    HoldState {
        /// It makes what is available less.
        Placed = "placed",
        /// The sale was booked; what was not needed is free again.
        Settled = "settled",
        /// Nothing was sold.
        Released = "released",
        /// Nobody said anything until its time was over.
        Expired = "expired",
    }
}

/// Why a hold cannot be placed or moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// Nothing, or less than nothing.
    #[error("a hold is of more than nothing, not of {0}")]
    NotPositive(Money),
    /// There is not enough.
    #[error("{wanted} is wanted and {available} is available")]
    NotEnough {
        /// What was wanted.
        wanted: Money,
        /// What is available.
        available: Money,
    },
    /// It would end before it begins, or last too long.
    #[error("a hold lasts 1 to {HOLD_MS_MAX} ms, not {0}")]
    BadTime(i64),
    /// It is over.
    #[error("the hold is {} already", .0.word())]
    Over(HoldState),
    /// Its time is over.
    #[error("the hold expired at {0:?}")]
    TooLate(Timestamp),
    /// Its time is not over.
    #[error("the hold does not expire before {0:?}")]
    TooEarly(Timestamp),
    /// More than was set aside.
    #[error("{wanted} cannot be settled from a hold of {held}")]
    MoreThanHeld {
        /// What was to be settled.
        wanted: Money,
        /// What is held.
        held: Money,
    },
    /// A stored hold that is settled for nothing, or not settled for something.
    #[error("a hold that is {} cannot have {} settled", .0.word(), .1)]
    Contradiction(HoldState, Money),
    /// Two currencies, or a sum that does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// What a buyer may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Funds {
    /// What is there; below zero for what is owed.
    pub balance: Money,
    /// By how much it may go below zero.
    pub credit_limit: Money,
    /// What holds set aside.
    pub held: Money,
}

impl Funds {
    /// Balance and credit limit, less what is held.
    ///
    /// # Errors
    /// When the currencies differ or the sum does not fit.
    pub fn available(&self) -> Result<Money, MoneyError> {
        self.balance.plus(self.credit_limit)?.minus(self.held)
    }
}

impl From<Funds> for Balance {
    fn from(funds: Funds) -> Self {
        Self {
            balance: funds.balance,
            credit: funds.credit_limit,
            reserved: funds.held,
        }
    }
}

/// Money that is set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    id: HoldId,
    opportunity: OpportunityId,
    buyer: BuyerId,
    amount: Money,
    expires_at: Timestamp,
    state: HoldState,
    settled: Money,
}

impl Hold {
    /// Sets `amount` aside, if it is available.
    ///
    /// # Errors
    /// When it is not, or when the amount or the time make no sense.
    pub fn place(
        id: HoldId,
        opportunity: OpportunityId,
        buyer: BuyerId,
        amount: Money,
        funds: &Funds,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Self, HoldError> {
        if amount.micros() <= 0 {
            return Err(HoldError::NotPositive(amount));
        }
        let lasts_ms = expires_at.millis_since(now);
        if !(1..=HOLD_MS_MAX).contains(&lasts_ms) {
            return Err(HoldError::BadTime(lasts_ms));
        }
        let available = funds.available()?;
        if available.minus(amount)?.micros() < 0 {
            return Err(HoldError::NotEnough {
                wanted: amount,
                available,
            });
        }
        Ok(Self {
            id,
            opportunity,
            buyer,
            amount,
            expires_at,
            state: HoldState::Placed,
            settled: Money::zero(amount.currency()),
        })
    }

    /// A hold as it was stored.
    ///
    /// # Errors
    /// When something was settled that its state does not allow, or more than was set aside.
    pub fn restore(
        (id, opportunity, buyer): (HoldId, OpportunityId, BuyerId),
        amount: Money,
        expires_at: Timestamp,
        state: HoldState,
        settled: Money,
    ) -> Result<Self, HoldError> {
        if amount.micros() <= 0 {
            return Err(HoldError::NotPositive(amount));
        }
        let left = amount.minus(settled)?.micros();
        if settled.micros() < 0 || left < 0 {
            return Err(HoldError::MoreThanHeld {
                wanted: settled,
                held: amount,
            });
        }
        if (settled.micros() > 0) != (state == HoldState::Settled) {
            return Err(HoldError::Contradiction(state, settled));
        }
        Ok(Self {
            id,
            opportunity,
            buyer,
            amount,
            expires_at,
            state,
            settled,
        })
    }

    /// Ends it with the sale: `amount` goes to the books, the rest is free again. Settled also after its time, as long as
    /// nobody expired it: the money is still set aside, and the sale has happened.
    ///
    /// # Errors
    /// When the hold is over, or when more is to be settled than it holds.
    pub fn settle(self, amount: Money) -> Result<Self, HoldError> {
        self.still_placed()?;
        if amount.micros() <= 0 {
            return Err(HoldError::NotPositive(amount));
        }
        if self.amount.minus(amount)?.micros() < 0 {
            return Err(HoldError::MoreThanHeld {
                wanted: amount,
                held: self.amount,
            });
        }
        Ok(Self {
            state: HoldState::Settled,
            settled: amount,
            ..self
        })
    }

    /// Ends it because nothing was sold.
    ///
    /// # Errors
    /// When the hold is over.
    pub fn release(self) -> Result<Self, HoldError> {
        self.still_placed()?;
        Ok(Self {
            state: HoldState::Released,
            ..self
        })
    }

    /// Ends it because its time is over.
    ///
    /// # Errors
    /// When the hold is over, or its time is not.
    pub fn expire(self, now: Timestamp) -> Result<Self, HoldError> {
        self.still_placed()?;
        if now < self.expires_at {
            return Err(HoldError::TooEarly(self.expires_at));
        }
        Ok(Self {
            state: HoldState::Expired,
            ..self
        })
    }

    /// Gives it more time, such as to a call that goes on.
    ///
    /// # Errors
    /// When the hold is over, its time is, or the new time is not after now and within the longest.
    pub fn renew(self, now: Timestamp, expires_at: Timestamp) -> Result<Self, HoldError> {
        self.still_placed()?;
        if now >= self.expires_at {
            return Err(HoldError::TooLate(self.expires_at));
        }
        let lasts_ms = expires_at.millis_since(now);
        if !(1..=HOLD_MS_MAX).contains(&lasts_ms) {
            return Err(HoldError::BadTime(lasts_ms));
        }
        Ok(Self { expires_at, ..self })
    }

    const fn still_placed(&self) -> Result<(), HoldError> {
        match self.state {
            HoldState::Placed => Ok(()),
            over => Err(HoldError::Over(over)),
        }
    }

    /// Which hold.
    #[must_use]
    pub const fn id(&self) -> HoldId {
        self.id
    }

    /// What it is for.
    #[must_use]
    pub const fn opportunity(&self) -> OpportunityId {
        self.opportunity
    }

    /// Whose money it is.
    #[must_use]
    pub const fn buyer(&self) -> BuyerId {
        self.buyer
    }

    /// What was set aside when it was placed.
    #[must_use]
    pub const fn amount(&self) -> Money {
        self.amount
    }

    /// When it ends by itself.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> HoldState {
        self.state
    }

    /// What went to the books.
    #[must_use]
    pub const fn settled(&self) -> Money {
        self.settled
    }

    /// By how much it makes what is available less: all of it while it is placed, nothing after.
    #[must_use]
    pub const fn held(&self) -> Money {
        match self.state {
            HoldState::Placed => self.amount,
            HoldState::Settled | HoldState::Released | HoldState::Expired => {
                Money::zero(self.amount.currency())
            }
        }
    }

    /// What went back to the buyer unused.
    ///
    /// # Errors
    /// Never for a hold that was built here; the arithmetic is checked all the same.
    pub fn freed(&self) -> Result<Money, MoneyError> {
        self.amount
            .minus(self.held())?
            .plus(opposite(self.settled)?)
    }
}
