//! People: where they live, which number they call from, and where the network says they are.

use trunkline_core::base::{Area, PhoneNumber, area_code_of};
use trunkline_core::visitor::Device;

use super::shape::{Homes, Shape};
use crate::chance::Chance;

/// Share of the people whose number is from where they lived before.
const MOVED: f64 = 0.2;
/// How often the network tells the place right, only the state, or nothing; else another place. Telephones
/// come out of their carrier's network far from where they are.
const LOCATED_DESK: [f64; 3] = [0.75, 0.15, 0.03];
const LOCATED_PHONE: [f64; 3] = [0.45, 0.25, 0.05];
/// Offices there are for every hundred people of a day.
const OFFICES: usize = 60;

/// A person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Person {
    pub(super) number: PhoneNumber,
    home: Option<Area>,
    elsewhere: Option<Area>,
}

impl Person {
    /// Where the network says the person is.
    pub(super) fn located(&self, device: Device, chance: &mut Chance) -> Option<Area> {
        let [right, state, unknown] = match device {
            Device::Phone => LOCATED_PHONE,
            Device::Tablet | Device::Desktop => LOCATED_DESK,
        };
        let draw = chance.fraction();
        if draw < right {
            self.home
        } else if draw < right + state {
            self.home.map(Area::state_only)
        } else if draw < right + state + unknown {
            None
        } else {
            self.elsewhere
        }
    }
}

/// Draws people.
pub(super) struct People {
    homes: Homes,
    offices: f64,
    codes: Vec<u16>,
    switchboards: Vec<(PhoneNumber, u16)>,
    chance: Chance,
}

impl People {
    pub(super) fn new(shape: &Shape, chance: Chance) -> Self {
        let known = |code: &u16| {
            let number = PhoneNumber::from_digits(10_000_000_000 + u64::from(*code) * 10_000_000);
            area_code_of(number).is_some_and(|a| !a.state.is_empty())
        };
        let mut people = Self {
            homes: shape.homes,
            offices: shape.offices,
            codes: (200..1_000).filter(known).collect(),
            switchboards: Vec::new(),
            chance,
        };
        for _ in 0..OFFICES {
            let code = people.home();
            let number = people.number(code);
            people.switchboards.push((number, code));
        }
        people
    }

    pub(super) fn draw(&mut self) -> Person {
        let office = self.chance.happens(self.offices);
        let board = self.chance.one(&self.switchboards).copied();
        if let Some((number, code)) = board.filter(|_| office) {
            return self.person(number, code);
        }
        let home = self.home();
        let code = if self.chance.happens(MOVED) {
            self.anywhere()
        } else {
            home
        };
        let number = self.number(code);
        self.person(number, home)
    }

    fn person(&mut self, number: PhoneNumber, home: u16) -> Person {
        let elsewhere = self.anywhere();
        Person {
            number,
            home: area(home),
            elsewhere: area(elsewhere),
        }
    }

    fn home(&mut self) -> u16 {
        match self.homes {
            Homes::Town { codes, share } if self.chance.happens(share) => {
                self.chance.one(codes).copied().unwrap_or(214)
            }
            Homes::Town { .. } | Homes::Nation => self.anywhere(),
        }
    }

    fn anywhere(&mut self) -> u16 {
        self.chance.one(&self.codes).copied().unwrap_or(212)
    }

    fn number(&mut self, code: u16) -> PhoneNumber {
        let line = self.chance.between(2_000_000, 9_999_999);
        PhoneNumber::from_digits(10_000_000_000 + u64::from(code) * 10_000_000 + line)
    }
}

fn area(code: u16) -> Option<Area> {
    let digits = 10_000_000_000 + u64::from(code) * 10_000_000;
    Area::of_number(PhoneNumber::from_digits(digits))
}
