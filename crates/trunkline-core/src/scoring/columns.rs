//! What is remembered of each name: of numbers their mean, their spread and their sixteenths; of all what they usually
//! contribute, against which reasons are told.

use super::features::{Entry, FeatureSet, Held};
use super::hash::mixed;
use super::quantiles::Quantiles;
use super::weights::Weights;

/// Most names that are remembered. Numbers and reasons of further ones are not; their texts count all the same.
pub(super) const COLUMNS_MAX: usize = 256;
/// A number is shown to the model as so much of its standard deviations from the mean,
const SCALE: f64 = 0.3;
/// and no further from it than so many of them.
const DEVIATIONS_MAX: f64 = 5.0;
/// The usual contribution follows the model's weights: it is a mean over so many outcomes.
const USUAL_OVER: f64 = 1_000.0;

const NUMBER: u64 = 0x6e75_6d62_6572_0000;
const BUCKET: u64 = 0x6275_636b_6574_0000;

/// What is remembered of a name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) name: Box<str>,
    pub(super) mean: f64,
    /// The sum of squared distances from the mean (Welford, 1962).
    pub(super) squares: f64,
    /// The inverse of the standard deviation, which follows from both; 0 as long as there is none.
    sharpness: f64,
    pub(super) quantiles: Quantiles,
    /// What the name contributes in the mean, to logarithmic odds.
    pub(super) usual: f64,
}

/// All of them, sorted by the hashes of their names.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Columns {
    pub(super) hashes: Vec<u64>,
    pub(super) all: Vec<Column>,
    /// Outcomes that the usual contributions are means of.
    pub(super) outcomes: u64,
}

/// What a feature is to the model: at most two slots with how much there is of each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pull {
    pub(super) slots: [(u64, f64); 2],
}

impl Pull {
    const NOTHING: (u64, f64) = (0, 0.0);
    pub(super) const EMPTY: Self = Self {
        slots: [Self::NOTHING; 2],
    };

    /// What the weights make of it.
    pub(super) fn weighed(&self, weights: &Weights) -> f64 {
        let of = |(hash, much): (u64, f64)| {
            if much == 0.0 {
                0.0
            } else {
                much * weights.of(hash)
            }
        };
        of(self.slots[0]) + of(self.slots[1])
    }

    /// The slots of a feature, with what is remembered of its name.
    pub(super) fn of(entry: &Entry, column: Option<&Column>) -> Self {
        match entry.held {
            Held::Word(hash) | Held::Flag(_, hash) | Held::Missing(hash) => Self::one(hash),
            Held::Number(number) => {
                column.map_or(Self::EMPTY, |column| column.pull(entry.column, number))
            }
        }
    }

    const fn one(hash: u64) -> Self {
        Self {
            slots: [(hash, 1.0), Self::NOTHING],
        }
    }
}

impl Columns {
    pub(super) fn find(&self, hash: u64) -> Option<&Column> {
        let place = self.hashes.binary_search(&hash).ok()?;
        self.all.get(place)
    }

    /// Remembers the numbers of a scored thing.
    pub(super) fn count(&mut self, set: &FeatureSet) {
        for (feature, entry) in set.entries().iter().enumerate() {
            let place = match self.hashes.binary_search(&entry.column) {
                Ok(place) => place,
                Err(_) if self.all.len() >= COLUMNS_MAX => continue,
                Err(place) => {
                    let name = set.get(feature).map_or("", |(name, _)| name);
                    self.hashes.insert(place, entry.column);
                    self.all.insert(place, Column::new(name));
                    place
                }
            };
            if let (Held::Number(number), Some(column)) = (entry.held, self.all.get_mut(place)) {
                column.count(number);
            }
        }
    }

    /// Cuts every sample of numbers, once all of them are there.
    pub(super) fn cut(&mut self) {
        for column in &mut self.all {
            column.quantiles.cut();
        }
    }

    /// Remembers what each name contributed; one that was not there contributed nothing.
    pub(super) fn contributed(&mut self, set: &FeatureSet, contributions: &[f64]) {
        self.outcomes += 1;
        let rate = 1.0 / (self.outcomes as f64).min(USUAL_OVER);
        for column in &mut self.all {
            column.usual -= rate * column.usual;
        }
        for (entry, contribution) in set.entries().iter().zip(contributions) {
            if let Ok(place) = self.hashes.binary_search(&entry.column)
                && let Some(column) = self.all.get_mut(place)
            {
                column.usual += rate * contribution;
            }
        }
    }

    /// What all names contribute in the mean.
    pub(super) fn usual(&self) -> f64 {
        self.all.iter().map(|column| column.usual).sum()
    }
}

impl Column {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            mean: 0.0,
            squares: 0.0,
            sharpness: 0.0,
            quantiles: Quantiles::default(),
            usual: 0.0,
        }
    }

    /// With what a snapshot tells.
    pub(super) fn read(name: &str, [mean, squares, usual]: [f64; 3], quantiles: Quantiles) -> Self {
        let mut column = Self {
            mean,
            squares,
            usual,
            quantiles,
            ..Self::new(name)
        };
        column.sharpen();
        column
    }

    fn sharpen(&mut self) {
        let spread = (self.squares / self.quantiles.seen.max(1) as f64).sqrt();
        self.sharpness = if spread > 0.0 { 1.0 / spread } else { 0.0 };
    }

    fn count(&mut self, number: f64) {
        self.quantiles.add(number);
        let from_mean = number - self.mean;
        self.mean += from_mean / self.quantiles.seen as f64;
        self.squares += from_mean * (number - self.mean);
        self.sharpen();
    }

    /// A number enters twice: by how far it is from the mean, and by the sixteenth it is in.
    fn pull(&self, hash: u64, number: f64) -> Pull {
        let deviations = (number - self.mean) * self.sharpness;
        let deviations = deviations.clamp(-DEVIATIONS_MAX, DEVIATIONS_MAX);
        let bucket = self.quantiles.bucket(number).map_or(Pull::NOTHING, |b| {
            (mixed(hash ^ BUCKET.wrapping_add(b)), 1.0)
        });
        Pull {
            slots: [(mixed(hash ^ NUMBER), SCALE * deviations), bucket],
        }
    }
}
