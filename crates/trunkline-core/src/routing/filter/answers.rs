//! Comparisons that stand in many sieves: each is made once for an opportunity, however many contracts ask it.

use std::collections::BTreeMap;

use super::super::facts::Facts;
use super::sieve::{FailedTest, Sieve};

/// No other sieve has this comparison.
const ALONE: u32 = u32::MAX;

/// Which comparisons of some sieves are written alike.
#[derive(Debug, Clone, Default)]
pub(in crate::routing) struct Alike {
    /// By sieve and the number of a test: the comparison's place among those that more than one sieve has, or [`ALONE`].
    places: Vec<Box<[u32]>>,
    count: usize,
}

/// What comparisons said of one opportunity so far.
pub(in crate::routing) struct Answers<'a> {
    alike: &'a Alike,
    said: Vec<Option<bool>>,
}

impl Alike {
    /// Looks at sieves; they are numbered as they come.
    pub(in crate::routing) fn among<'a>(sieves: impl Iterator<Item = &'a Sieve> + Clone) -> Self {
        let mut times: BTreeMap<&str, u32> = BTreeMap::new();
        for sieve in sieves.clone() {
            sieve.each_comparison(&mut |_, comparison| {
                *times.entry(comparison.written()).or_default() += 1;
            });
        }
        let often = times.into_iter().filter(|(_, times)| *times > 1);
        let place_of: BTreeMap<&str, u32> = often.map(|(written, _)| written).zip(0..).collect();
        let places = sieves.map(|sieve| {
            let mut places = vec![ALONE; sieve.len()];
            sieve.each_comparison(&mut |number, comparison| {
                if let Some(place) = place_of.get(comparison.written())
                    && let Some(at) = places.get_mut(usize::from(number))
                {
                    *at = *place;
                }
            });
            places.into_boxed_slice()
        });
        Self {
            places: places.collect(),
            count: place_of.len(),
        }
    }
}

impl<'a> Answers<'a> {
    pub(in crate::routing) fn new(alike: &'a Alike) -> Self {
        let said = vec![None; alike.count];
        Self { alike, said }
    }

    /// Tests a sieve by its number, asking nothing a second time.
    ///
    /// # Errors
    /// The first test that fails.
    pub(in crate::routing) fn test(
        &mut self,
        number: usize,
        sieve: &Sieve,
        facts: &Facts<'_>,
    ) -> Result<(), FailedTest> {
        let places = self
            .alike
            .places
            .get(number)
            .map_or(&[][..], |places| places);
        sieve.test_asking(facts, &mut |test, comparison| {
            let place = places.get(usize::from(test)).copied().unwrap_or(ALONE);
            match self.said.get_mut(place as usize) {
                Some(said) => *said.get_or_insert_with(|| comparison.holds(facts)),
                None => comparison.holds(facts),
            }
        })
    }
}
