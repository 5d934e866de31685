//! The trace: for every contract whether it could have taken an opportunity, or the first rule that stopped it, with the
//! numbers that were compared.
//!
//! Lines are values; nothing is put into words before somebody reads them.

use super::caps::{Live, NoRoom, Places};
use super::duplicates::Earlier;
use super::facts::Facts;
use super::filter::FailedTest;
use super::price::MostPrice;
use super::reason::ReasonCode;
use super::routes::Routes;
use super::terms::Level;
use crate::base::id::{ContractId, ItemListId};
use crate::base::{Currency, Money};

/// Whose rule it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A level of the contract's terms.
    Terms(Level),
    /// A group of the route plan, by its number.
    Group(u16),
}

/// What became of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceLine {
    /// The contract.
    pub contract: ContractId,
    /// Which version of its terms was looked at.
    pub version: u32,
    /// What became of it.
    pub outcome: Outcome,
}

/// Whether a contract could have taken an opportunity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It could.
    Eligible {
        /// What it would pay at most; `None`: what it bids, or nothing.
        price: Option<MostPrice>,
        /// Whether it would not pay, because it had the person before.
        unpaid: bool,
        /// In which attempt it is asked, from 0; `None` when others fill all attempts.
        attempt: Option<u16>,
    },
    /// It could not.
    Refused(Refusal),
}

/// The first rule that stopped a contract, with what was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody paused it.
    Paused(Level),
    /// It is closed.
    Closed {
        /// Whose hours they are.
        of: Owner,
        /// Whether it is open still, and too near to the end.
        last_call: bool,
    },
    /// A filter.
    Filter {
        /// Whose filter it is.
        of: Owner,
        /// Which test of it.
        failed: FailedTest,
    },
    /// The buyer had the same person before.
    Duplicate {
        /// Which rule of the contract, from 0.
        rule: u16,
        /// When.
        earlier: Earlier,
    },
    /// A suppression list has it.
    Suppressed(ItemListId),
    /// It was connected too often before.
    PriorConnects {
        /// How often.
        connects: u32,
        /// The most.
        max: u32,
    },
    /// No price rule fits, or the one that fits needs a bid and nobody asks for bids.
    NoPrice,
    /// The balance does not cover the price.
    Balance {
        /// Balance and credit, less what is reserved.
        available: Money,
        /// The price.
        price: Money,
    },
    /// A cap.
    Cap {
        /// Whose cap it is.
        of: Owner,
        /// Which one, with the numbers.
        room: NoRoom,
    },
    /// Calls at the same time.
    Concurrency {
        /// Whose places they are.
        of: Owner,
        /// How many are taken.
        live: Live,
        /// How many there are.
        places: Places,
    },
    /// The price is too low.
    BelowFloor {
        /// The price.
        price: Money,
        /// What is asked for.
        floor: Money,
    },
    /// A weight of zero, with others beside it.
    WeightZero,
}

impl Refusal {
    /// Its code.
    #[must_use]
    pub const fn reason(&self) -> ReasonCode {
        match self {
            Self::Paused(_) => ReasonCode::ContractPaused,
            Self::Closed { .. } => ReasonCode::ContractClosed,
            Self::Filter { .. } => ReasonCode::FilterMismatch,
            Self::Duplicate { .. } => ReasonCode::BuyerDuplicate,
            Self::Suppressed(_) => ReasonCode::Suppressed,
            Self::PriorConnects { .. } => ReasonCode::PriorConnects,
            Self::NoPrice => ReasonCode::NoPrice,
            Self::Balance { .. } => ReasonCode::BalanceLow,
            Self::Cap { room, .. } if room.paced => ReasonCode::CapPaced,
            Self::Cap { .. } => ReasonCode::CapReached,
            Self::Concurrency { .. } => ReasonCode::ConcurrencyFull,
            Self::BelowFloor { .. } => ReasonCode::BelowFloor,
            Self::WeightZero => ReasonCode::WeightZero,
        }
    }
}

impl Routes {
    /// A line of the trace as a sentence without its full stop. `facts` are those the plan was made from.
    #[must_use]
    pub fn explain(&self, line: &TraceLine, facts: &Facts<'_>) -> String {
        let refusal = match &line.outcome {
            Outcome::Refused(refusal) => refusal,
            Outcome::Eligible {
                price,
                unpaid,
                attempt,
            } => {
                return eligible(price.as_ref(), *unpaid, *attempt);
            }
        };
        match refusal {
            Refusal::Paused(level) => format!("Paused on the level of the {}", level.word()),
            Refusal::Closed { of, last_call } => {
                let why = if *last_call {
                    "Closes too soon"
                } else {
                    "Closed"
                };
                format!("{why} by the hours of {}", self.whose(*of))
            }
            Refusal::Filter { of, failed } => {
                format!(
                    "The filter of {}: {}",
                    self.whose(*of),
                    self.failed(line, *of, *failed, facts)
                )
            }
            Refusal::Duplicate { earlier, .. } => format!(
                "The same person came on {} as {}",
                earlier.at.to_rfc3339(),
                earlier.opportunity
            ),
            Refusal::Suppressed(list) => format!("On the suppression list {list}"),
            Refusal::PriorConnects { connects, max } => {
                format!("Connections before: {connects}; at most {max}")
            }
            Refusal::NoPrice => "No price rule fits".to_owned(),
            Refusal::Balance { available, price } => {
                format!("{available} are available, and the price is up to {price}")
            }
            Refusal::Cap { of, room } => {
                format!("The cap of {}: {}", self.whose(*of), self.counted(room))
            }
            Refusal::Concurrency { of, live, places } => format!(
                "Calls at the same time of {}: {} and {} reserved; at most {}",
                self.whose(*of),
                live.legs,
                live.reserved,
                places.max
            ),
            Refusal::BelowFloor { price, floor } => {
                format!("The price is {price}, and {floor} are asked for")
            }
            Refusal::WeightZero => "Its weight is 0, and others could take it".to_owned(),
        }
    }

    fn whose(&self, owner: Owner) -> String {
        match owner {
            Owner::Terms(level) => format!("the {}", level.word()),
            Owner::Group(number) => {
                let name = self
                    .groups
                    .get(usize::from(number))
                    .map_or("", |group| &group.name);
                format!("the group `{name}`")
            }
        }
    }

    fn failed(&self, line: &TraceLine, of: Owner, failed: FailedTest, facts: &Facts<'_>) -> String {
        let sieve = match of {
            Owner::Group(number) => {
                let group = self.groups.get(usize::from(number));
                group.and_then(|group| group.sieve.as_ref())
            }
            Owner::Terms(level) => {
                let terms = self
                    .contracts
                    .iter()
                    .find(|t| t.parties.contract == line.contract);
                let sieves = terms.map_or(&[][..], |terms| &terms.sieves);
                sieves
                    .iter()
                    .find(|(at, _)| *at == level)
                    .map(|(_, sieve)| sieve)
            }
        };
        sieve.map_or_else(String::new, |sieve| sieve.explain(failed, facts))
    }

    /// The numbers of a cap. Those of money are amounts.
    fn counted(&self, room: &NoRoom) -> String {
        let currency = self
            .contracts
            .first()
            .map_or(Currency::USD, |terms| terms.currency);
        let show = |value: i64| {
            if room.counts.is_money() {
                Money::from_micros(value, currency).to_string()
            } else {
                value.to_string()
            }
        };
        let (used, reserved, adds) = (show(room.used), show(room.reserved), show(room.adds));
        let paced = if room.paced { " by now" } else { "" };
        format!(
            "{used} {} used, {reserved} reserved, {adds} more; at most {}{paced}",
            room.counts.word(),
            show(room.max)
        )
    }
}

fn eligible(price: Option<&MostPrice>, unpaid: bool, attempt: Option<u16>) -> String {
    let price = match price {
        _ if unpaid => " without paying, because the buyer had the person before".to_owned(),
        Some(price) => format!(" for up to {}", price.amount),
        None => String::new(),
    };
    match attempt {
        Some(attempt) => format!("Could take it{price}; attempt {}", attempt + 1),
        None => format!("Could take it{price}; others come first"),
    }
}
