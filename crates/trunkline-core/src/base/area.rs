//! What a North American area code tells: the state or province, the place most of it belongs to, the zones.
//!
//! The table holds facts of libphonenumber (Apache-2.0). People keep their number when they move, so an area
//! is evidence, never proof; for calling hours take the strictest of all zones.

use std::sync::LazyLock;

use super::PhoneNumber;

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

/// Where somebody is or comes from: a state or province, and a place in it when it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Area {
    state: [u8; 2],
    /// A hash of the place's name in lower case; two places are only ever compared.
    place: Option<u32>,
}

/// Where a network address is believed to be: a state or province of North America, and a place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locality {
    state: [u8; 2],
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
            state: [a.to_ascii_uppercase(), b.to_ascii_uppercase()],
            place: place.map(Box::from),
        })
    }

    /// Two capitals.
    #[must_use]
    pub fn state(&self) -> &str {
        // Only ASCII letters are let in.
        str::from_utf8(&self.state).unwrap_or_default()
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
            state: self.state,
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
            state: [a.to_ascii_uppercase(), b.to_ascii_uppercase()],
            place: Some(place.trim()).filter(|p| !p.is_empty()).map(place_hash),
        })
    }

    /// The area a number's code belongs to.
    #[must_use]
    pub fn of_number(number: PhoneNumber) -> Option<Self> {
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
        if self.state != other.state {
            Nearness::Elsewhere
        } else if self.place.is_some() && self.place == other.place {
            Nearness::SamePlace
        } else {
            Nearness::SameState
        }
    }

    /// A whole number that stands for the area in a stored document.
    #[must_use]
    pub fn key(self) -> u64 {
        let state = u64::from(self.state[0]) << 8 | u64::from(self.state[1]);
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
    fn a_locality_is_compared_as_the_area_of_its_names() {
        let dallas = Locality::new("tx", " Dallas ").unwrap();
        assert_eq!((dallas.state(), dallas.place()), ("TX", Some("Dallas")));
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
