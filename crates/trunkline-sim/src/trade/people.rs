//! People who want something: a telephone number, a place, a name, and what an insurer asks.

use trunkline_core::base::PhoneNumber;

use crate::chance::Chance;

/// Area codes of them. Those of the world's callers, the business and the buyers are others, so that no two calls at one
/// time have the same caller.
const AREAS: &[(f64, u64)] = &[
    (4.0, 806),
    (3.0, 361),
    (3.0, 325),
    (3.0, 936),
    (2.0, 956),
    (2.0, 979),
    (2.0, 918),
    (1.0, 580),
];
/// Numbers 555-0100 to 555-0199 of an area code are set aside for fiction.
const FICTIONAL: (u64, u64) = (5_550_100, 5_550_199);
/// Those of them who are known to sue whoever calls them.
pub const SUES: [PhoneNumber; 4] = [
    PhoneNumber::from_digits(18_065_550_121),
    PhoneNumber::from_digits(13_615_550_133),
    PhoneNumber::from_digits(13_255_550_147),
    PhoneNumber::from_digits(19_365_550_162),
];
/// Where they live: mostly Dallas, some who moved far away.
const ZIPS: &[(f64, &str)] = &[
    (4.0, "75201"),
    (4.0, "75214"),
    (3.0, "75024"),
    (3.0, "76102"),
    (2.0, "75034"),
    (2.0, "73102"),
    (1.0, "60601"),
];
const FIRST: &[&str] = &[
    "Ann", "Luis", "Grace", "Omar", "Ruth", "Peter", "Mei", "Carla", "Dwight", "Nadia",
];
const LAST: &[&str] = &[
    "Baker", "Ortiz", "Nguyen", "Haddad", "Cole", "Walsh", "Okafor", "Reyes", "Lindgren", "Price",
];
const MAKES: &[(u16, &str)] = &[
    (2015, "Ford"),
    (2019, "Toyota"),
    (2022, "Honda"),
    (2011, "Chevrolet"),
];

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prospect {
    /// The telephone.
    pub phone: PhoneNumber,
    /// Where they live.
    pub zip: &'static str,
    /// First name.
    pub first: &'static str,
    /// Last name.
    pub last: &'static str,
    /// Whether they have an insurance now.
    pub insured: bool,
    /// Their age.
    pub age: u64,
    /// Year and make of their car.
    pub car: (u16, &'static str),
}

impl Prospect {
    /// Draws somebody.
    pub(super) fn draw(chance: &mut Chance) -> Self {
        let area = chance.weighted(AREAS).copied().unwrap_or(806);
        let local = chance.between(FICTIONAL.0, FICTIONAL.1);
        Self {
            phone: PhoneNumber::from_digits((1_000 + area) * 10_000_000 + local),
            zip: chance.weighted(ZIPS).copied().unwrap_or("75201"),
            first: chance.one(FIRST).copied().unwrap_or("Ann"),
            last: chance.one(LAST).copied().unwrap_or("Baker"),
            insured: chance.happens(0.6),
            age: chance.between(19, 78),
            car: chance.one(MAKES).copied().unwrap_or((2019, "Toyota")),
        }
    }
}
