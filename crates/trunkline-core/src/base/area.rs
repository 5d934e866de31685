//! What a North American area code tells: the state or province, the place most of it belongs to, the zones; and how the
//! areas of two people lie to each other, abroad by their countries.
//!
//! The table holds facts of libphonenumber (Apache-2.0). People keep their number when they move, so an area
//! is evidence, never proof; for calling hours take the strictest of all zones.

use std::sync::LazyLock;

use super::{Country, PhoneNumber};

/// Lines `code|state|place|zones`; `#` starts a comment.
const TABLE: &str = include_str!("area_codes.txt");
/// Area codes are below this.
const CODES: usize = 1_000;

/// What is known about an area code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaCode {
    /// Two letters of the state or province; empty outside the United States and Canada.
    pub state: &'static str,
    /// The place most of its exchanges belong to; empty when none stands out.
    pub place: &'static str,
    /// IANA zones, all of them.
    pub zones: Vec<&'static str>,
}

static CODE_TABLE: LazyLock<Vec<Option<AreaCode>>> = LazyLock::new(|| {
    let mut table = vec![None; CODES];
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.split('|');
        let mut part = || parts.next().unwrap_or_default();
        let (code, state, place, zones) = (part(), part(), part(), part());
        let slot = code.parse().ok().and_then(|c: usize| table.get_mut(c));
        if let Some(slot) = slot {
            *slot = Some(AreaCode {
                state,
                place,
                zones: zones.split(' ').collect(),
            });
        }
    }
    table
});

/// The area code of a number; `None` outside North America, for toll-free and for unknown codes.
#[must_use]
pub fn area_code_of(number: PhoneNumber) -> Option<&'static AreaCode> {
    let digits = number.digits();
    if !(10_000_000_000..20_000_000_000).contains(&digits) {
        return None;
    }
    let code = usize::try_from(digits / 10_000_000 % 1_000).ok()?;
    CODE_TABLE.get(code)?.as_ref()
}

/// Where somebody is or comes from: a state or province of North America with a place in it when it is known, or a country
/// outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Area {
    within: Within,
    /// A hash of the place's name in lower case; two places are only ever compared.
    place: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Within {
    State([u8; 2]),
    Country(Country),
}

/// Where a network address is believed to be: a state or province of North America and a place in it, or a country outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locality {
    within: Within,
    place: Option<Box<str>>,
}

impl Locality {
    /// Longest name of a place, in bytes; a longer one is left out.
    const PLACE_MAX: usize = 100;

    /// From the two letters of a state and the name of a place, which may be empty; `None` when the state
    /// is not two letters.
    #[must_use]
    pub fn new(state: &str, place: &str) -> Option<Self> {
        let &[a, b] = state.as_bytes() else {
            return None;
        };
        if !(a.is_ascii_alphabetic() && b.is_ascii_alphabetic()) {
            return None;
        }
        let place = Some(place.trim()).filter(|p| !p.is_empty() && p.len() <= Self::PLACE_MAX);
        Some(Self {
            within: Within::State([a.to_ascii_uppercase(), b.to_ascii_uppercase()]),
            place: place.map(Box::from),
        })
    }

    /// A country outside the United States and Canada; its calling code is all that telephones tell of it.
    #[must_use]
    pub const fn abroad(country: Country) -> Self {
        Self {
            within: Within::Country(country),
            place: None,
        }
    }

    /// Two capitals; `None` abroad.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        match &self.within {
            // Only ASCII letters are let in.
            Within::State(state) => str::from_utf8(state).ok(),
            Within::Country(_) => None,
        }
    }

    /// The country; `None` in the United States and Canada, whose states tell more.
    #[must_use]
    pub const fn country(&self) -> Option<Country> {
        match self.within {
            Within::State(_) => None,
            Within::Country(country) => Some(country),
        }
    }

    /// The place, when it is known.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// The same to compare with the area of a phone number.
    #[must_use]
    pub fn area(&self) -> Area {
        Area {
            within: self.within,
            place: self.place().map(place_hash),
        }
    }
}

/// How two areas lie to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nearness {
    /// The same place.
    SamePlace,
    /// The same state or province, not known to be the same place.
    SameState,
    /// Another state or province.
    Elsewhere,
    /// The same country outside North America, or one with the same calling code.
    SameCountry,
    /// Another country.
    OtherCountry,
}

impl Area {
    /// From the two letters of a state and the name of a place, which may be empty; `None` when the state
    /// is not two letters.
    #[must_use]
    pub fn new(state: &str, place: &str) -> Option<Self> {
        let &[a, b] = state.as_bytes() else {
            return None;
        };
        Some(Self {
            within: Within::State([a.to_ascii_uppercase(), b.to_ascii_uppercase()]),
            place: Some(place.trim()).filter(|p| !p.is_empty()).map(place_hash),
        })
    }

    /// A country outside the United States and Canada.
    #[must_use]
    pub const fn abroad(country: Country) -> Self {
        Self {
            within: Within::Country(country),
            place: None,
        }
    }

    /// The country; `None` in North America.
    #[must_use]
    pub const fn country(self) -> Option<Country> {
        match self.within {
            Within::State(_) => None,
            Within::Country(country) => Some(country),
        }
    }

    /// The area a number's code belongs to; outside North America its country.
    #[must_use]
    pub fn of_number(number: PhoneNumber) -> Option<Self> {
        if !number.is_north_american() {
            return number.country_abroad().map(Self::abroad);
        }
        let code = area_code_of(number)?;
        Self::new(code.state, code.place)
    }

    /// The same without its place.
    #[must_use]
    pub fn state_only(self) -> Self {
        Self {
            place: None,
            ..self
        }
    }

    /// How `other` lies to this.
    #[must_use]
    pub fn nearness(self, other: Self) -> Nearness {
        match (self.within, other.within) {
            (Within::Country(own), Within::Country(theirs)) => {
                if own.shares_calling_code(theirs) {
                    Nearness::SameCountry
                } else {
                    Nearness::OtherCountry
                }
            }
            (Within::State(own), Within::State(theirs)) => {
                if own != theirs {
                    Nearness::Elsewhere
                } else if self.place.is_some() && self.place == other.place {
                    Nearness::SamePlace
                } else {
                    Nearness::SameState
                }
            }
            (Within::State(_), Within::Country(_)) | (Within::Country(_), Within::State(_)) => {
                Nearness::OtherCountry
            }
        }
    }

    /// A whole number that stands for the area in a stored document.
    #[must_use]
    pub fn key(self) -> u64 {
        let letters = |a: u8, b: u8| u64::from(a) << 8 | u64::from(b);
        let state = match self.within {
            Within::State([a, b]) => letters(a, b),
            // Beyond every state.
            Within::Country(country) => match country.code().as_bytes() {
                &[a, b] => 1 << 16 | letters(a, b),
                _ => 1 << 16,
            },
        };
        state << 32 | self.place.map_or(0, u64::from)
    }
}

/// FNV-1a, 32 bits (Fowler, Noll, Vo), over the name in lower case.
fn place_hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(digits: u64) -> PhoneNumber {
        PhoneNumber::from_digits(digits)
    }

    #[test]
    fn an_area_code_tells_its_state_place_and_zones() {
        let new_york = area_code_of(number(12_125_550_100)).unwrap();
        assert_eq!((new_york.state, new_york.place), ("NY", "New York"));
        let alaska = area_code_of(number(19_075_550_100)).unwrap();
        assert_eq!(alaska.zones, ["America/Adak", "America/Anchorage"]);
        assert_eq!(area_code_of(number(18_005_550_100)), None);
        assert_eq!(area_code_of(number(442_079_460_000)), None);
    }

    #[test]
    fn areas_are_near_by_place_then_by_state() {
        let dallas = Area::of_number(number(12_145_550_100)).unwrap();
        let said = |state, place| Area::new(state, place).unwrap();
        assert_eq!(dallas.nearness(said("tx", "dallas ")), Nearness::SamePlace);
        assert_eq!(dallas.nearness(said("TX", "Austin")), Nearness::SameState);
        assert_eq!(dallas.nearness(said("TX", "")), Nearness::SameState);
        assert_eq!(dallas.nearness(said("OK", "Dallas")), Nearness::Elsewhere);
        assert_eq!(Area::new("Texas", ""), None);
    }

    #[test]
    fn abroad_countries_are_compared_and_none_of_them_is_near_a_state() {
        let country = |code: &str| code.parse::<Country>().unwrap();
        let paris = Area::of_number(number(33_142_685_300)).unwrap();
        assert_eq!(paris, Locality::abroad(country("FR")).area());
        let abroad = |code| Area::abroad(country(code));
        assert_eq!(paris.nearness(abroad("FR")), Nearness::SameCountry);
        assert_eq!(paris.nearness(abroad("DE")), Nearness::OtherCountry);
        let dallas = Area::of_number(number(12_145_550_100)).unwrap();
        assert_eq!(paris.nearness(dallas), Nearness::OtherCountry);
        assert_eq!(dallas.nearness(paris), Nearness::OtherCountry);
        // Jersey and the United Kingdom cannot be told apart by +44.
        assert_eq!(abroad("GB").nearness(abroad("JE")), Nearness::SameCountry);
        // A state and a country of the same letters are two things.
        let delaware = Area::new("DE", "").unwrap();
        assert_ne!(delaware.key(), abroad("DE").key());
        assert_eq!(delaware.nearness(abroad("DE")), Nearness::OtherCountry);
    }

    #[test]
    fn a_locality_is_compared_as_the_area_of_its_names() {
        let dallas = Locality::new("tx", " Dallas ").unwrap();
        assert_eq!(
            (dallas.state(), dallas.place()),
            (Some("TX"), Some("Dallas"))
        );
        assert_eq!(Some(dallas.area()), Area::new("TX", "dallas"));
        let texas = Locality::new("TX", "").unwrap();
        assert_eq!(
            (texas.place(), texas.area()),
            (None, dallas.area().state_only())
        );
        for wrong in ["", "T", "TEX", "4X", "é"] {
            assert_eq!(Locality::new(wrong, "Dallas"), None, "{wrong}");
        }
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = TABLE.lines().filter(|l| !l.starts_with('#')).count();
        let known: Vec<_> = CODE_TABLE.iter().flatten().collect();
        assert_eq!(known.len(), lines);
        assert!(
            known
                .iter()
                .all(|c| c.zones.iter().all(|z| z.contains('/')))
        );
    }
}
