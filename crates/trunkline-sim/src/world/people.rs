//! Who visits and calls: devices, telephone numbers, and how their conversations go.

use std::collections::HashSet;

use trunkline_core::base::PhoneNumber;

use crate::audio::{Part, Speaker, Talk, Voice};
use crate::carrier::{Behaviour, HangsUp};
use crate::chance::Chance;

/// Area codes of callers with their shares: mostly around Dallas, some from elsewhere in Texas, a few
/// who moved and kept their number. 214 and 469 are left to the business.
const AREAS: &[(f64, u64)] = &[
    (30.0, 972),
    (14.0, 945),
    (14.0, 817),
    (6.0, 682),
    (6.0, 940),
    (6.0, 903),
    (4.0, 430),
    (3.0, 254),
    (3.0, 512),
    (3.0, 832),
    (2.0, 210),
    (2.0, 405),
    (2.0, 318),
    (1.0, 501),
    (1.0, 303),
    (1.0, 602),
    (1.0, 404),
    (1.0, 312),
];
/// Numbers 555-0100 to 555-0199 of an area code are set aside for fiction.
const FICTIONAL: (u64, u64) = (5_550_100, 5_550_199);
/// Draws of a number before an old one is taken again.
const DRAWS_MAX: usize = 64;

const PHONES: &[(f64, &str)] = &[
    (
        6.0,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    ),
    (
        4.0,
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    ),
];
const DESKTOPS: &[(f64, &str)] = &[
    (
        6.0,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    (
        3.0,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    ),
    (
        1.0,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
    ),
    (
        1.0,
        "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/604.1",
    ),
];
/// Share of visitors on a telephone.
const PHONE_SHARE: f64 = 0.6;
/// Consent levels with their shares.
const CONSENTS: &[(f64, u8)] = &[(80.0, 2), (9.0, 1), (11.0, 0)];

/// Somebody with a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) phone: bool,
    pub(super) agent: &'static str,
    pub(super) consent: u8,
}

impl Device {
    pub(super) fn draw(chance: &mut Chance) -> Self {
        let phone = chance.happens(PHONE_SHARE);
        let agent = chance
            .weighted(if phone { PHONES } else { DESKTOPS })
            .copied()
            .unwrap_or("");
        Self {
            phone,
            agent,
            consent: chance.weighted(CONSENTS).copied().unwrap_or(2),
        }
    }
}

/// Gives every new caller a number of their own.
#[derive(Debug, Clone, Default)]
pub(super) struct Callers {
    known: HashSet<PhoneNumber>,
}

impl Callers {
    pub(super) fn draw(&mut self, chance: &mut Chance) -> PhoneNumber {
        let mut number = Self::any(chance);
        for _ in 0..DRAWS_MAX {
            if self.known.insert(number) {
                return number;
            }
            number = Self::any(chance);
        }
        // Fiction is nearly used up: everybody may be new again.
        self.known.clear();
        number
    }

    fn any(chance: &mut Chance) -> PhoneNumber {
        let area = chance.weighted(AREAS).copied().unwrap_or(972);
        let local = chance.between(FICTIONAL.0, FICTIONAL.1);
        PhoneNumber::from_digits((1_000 + area) * 10_000_000 + local)
    }
}

/// How one call goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Whose turn it is when.
    pub talk: u64,
    /// The caller's voice.
    pub person: u64,
    /// How long it lasts, in milliseconds.
    pub talk_ms: u64,
    /// Who ends it.
    pub hang_up: HangsUp,
    /// How long the caller waits for an answer, in milliseconds.
    pub patience_ms: u64,
    /// What the lines that ring do, one after the other.
    pub meets: Vec<Behaviour>,
}

impl Conversation {
    /// Draws a call that talks for `talk_ms` when somebody answers.
    pub(super) fn draw(chance: &mut Chance, talk_ms: u64) -> Self {
        let picked_up = |chance: &mut Chance| Behaviour::Answer {
            after_ms: chance.around(4_500.0, 0.45).clamp(1_200.0, 15_000.0) as u64,
        };
        let answered = picked_up(chance);
        let second = picked_up(chance);
        let (meets, patience_ms) = match chance.fraction() {
            share if share < 0.78 => (vec![answered, second], 40_000),
            share if share < 0.85 => (vec![Behaviour::Busy, second], 40_000),
            share if share < 0.865 => (vec![Behaviour::Decline, second], 40_000),
            share if share < 0.88 => (vec![Behaviour::Fail, second], 40_000),
            share if share < 0.92 => (vec![Behaviour::Busy, Behaviour::Busy], 40_000),
            share if share < 0.95 => (vec![Behaviour::NoAnswer, second], 60_000),
            // Nobody hurries, and the caller loses patience.
            _ => (
                vec![Behaviour::NoAnswer, Behaviour::NoAnswer],
                chance.between(9_000, 18_000),
            ),
        };
        let hang_up = if chance.happens(0.6) {
            HangsUp::Caller
        } else {
            HangsUp::Destination
        };
        Self {
            talk: chance.next(),
            person: chance.next(),
            talk_ms,
            hang_up,
            patience_ms,
            meets,
        }
    }

    /// The caller's voice.
    #[must_use]
    pub const fn voice(&self) -> Voice {
        Voice::Speech(Speaker {
            talk: Talk(self.talk),
            part: Part::Caller,
            person: self.person,
        })
    }
}
