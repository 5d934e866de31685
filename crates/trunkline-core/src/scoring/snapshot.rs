//! A model as bytes, to be stored and read again: the same bits come back, and what is damaged is not read at all.
//!
//! ```text
//! mark, format · lessons, positives, remote · the prior's hash, 0 without one
//! bits of slots, bias, count, then (slot, z, n) of each that was ever used
//! outcomes, count of columns, then each with its name, mean, spread, usual contribution, sample and cuts
//! the curve, recent outcomes, steps, tiers · hash of everything before
//! ```
//!
//! Numbers are little-endian. Every count has a limit, which is looked at before anything is made room for.

use std::sync::Arc;

use super::calibration::{Calibrator, Curve, RECENT_MAX, Step, Told};
use super::columns::{COLUMNS_MAX, Column, Columns};
use super::features::NAME_MAX;
use super::hash::of_bytes;
use super::model::Model;
use super::quantiles::{CUTS_MAX, Quantiles, SAMPLE};
use super::verdict::Tier;
use super::weights::{GROWN_BITS, SMALL_BITS, Slot, Weights};

const MARK: &[u8] = b"trunkline score\n";
/// What is written. A change of it, of the hash or of how numbers are measured needs another: the model is then made again from
/// its outcomes.
const FORMAT: u32 = 1;
/// Longest snapshot that is read, in bytes: every slot in use, and every column with its sample.
pub const SNAPSHOT_MAX: usize = 2 * 1024 * 1024;

/// Why a snapshot is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It is no snapshot, it is cut off, or bytes of it were changed.
    #[error("the snapshot of a score model is damaged; make the model again from its outcomes")]
    Damaged,
    /// Another version of the program wrote it.
    #[error(
        "the snapshot of a score model has format {0}, and this program reads {FORMAT}; make the model again from its outcomes"
    )]
    Format(u32),
    /// Its prior is not the one at hand.
    #[error(
        "the snapshot of a score model begins from another model of all accounts than the one at hand; make it again from its outcomes"
    )]
    Prior,
}

impl Model {
    /// The model as bytes; the prior is not in them.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let mut to = Writer(MARK.to_vec());
        to.u32(FORMAT);
        for count in [self.lessons, self.positives, self.remote] {
            to.u64(count);
        }
        to.u64(self.prior.as_ref().map_or(0, |prior| prior.fingerprint()));
        to.weights(&self.weights);
        to.columns(&self.columns);
        to.calibrator(&self.calibrator);
        let hash = of_bytes(&to.0);
        to.u64(hash);
        to.0
    }

    /// A hash that two models share only when they say the same.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        of_bytes(&self.snapshot())
    }

    /// Reads a snapshot, with the prior the model began from.
    ///
    /// # Errors
    /// When it is damaged, of another format, or began from another prior.
    pub fn read(snapshot: &[u8], prior: Option<Arc<Self>>) -> Result<Self, SnapshotError> {
        if snapshot.len() > SNAPSHOT_MAX {
            return Err(SnapshotError::Damaged);
        }
        let split = snapshot.split_last_chunk::<8>();
        let (told, hash) = split.ok_or(SnapshotError::Damaged)?;
        if of_bytes(told) != u64::from_le_bytes(*hash) {
            return Err(SnapshotError::Damaged);
        }
        let rest = told.strip_prefix(MARK).ok_or(SnapshotError::Damaged)?;
        let mut from = Reader(rest);
        let format = from.u32().ok_or(SnapshotError::Damaged)?;
        if format != FORMAT {
            return Err(SnapshotError::Format(format));
        }
        let (model, prior_hash) = from.model().ok_or(SnapshotError::Damaged)?;
        if prior_hash != prior.as_ref().map_or(0, |prior| prior.fingerprint()) {
            return Err(SnapshotError::Prior);
        }
        Ok(Self { prior, ..model })
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn u32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// A length; all of them are far below 2³².
    fn count(&mut self, count: usize) {
        self.u32(u32::try_from(count).unwrap_or(u32::MAX));
    }

    fn f32(&mut self, number: f32) {
        self.u32(number.to_bits());
    }

    fn f64(&mut self, number: f64) {
        self.u64(number.to_bits());
    }

    fn slot(&mut self, slot: Slot) {
        self.f32(slot.z);
        self.f32(slot.n);
    }

    fn weights(&mut self, weights: &Weights) {
        self.u32(weights.slots.len().trailing_zeros());
        self.slot(weights.bias);
        let is_used = |slot: &Slot| (slot.z.to_bits() | slot.n.to_bits()) != 0;
        let used = || {
            weights
                .slots
                .iter()
                .enumerate()
                .filter(|(_, slot)| is_used(slot))
        };
        self.count(used().count());
        for (place, slot) in used() {
            self.count(place);
            self.slot(*slot);
        }
    }

    fn columns(&mut self, columns: &Columns) {
        self.u64(columns.outcomes);
        self.count(columns.all.len());
        for (hash, column) in columns.hashes.iter().zip(&columns.all) {
            self.u64(*hash);
            self.count(column.name.len());
            self.0.extend_from_slice(column.name.as_bytes());
            for number in [column.mean, column.squares, column.usual] {
                self.f64(number);
            }
            self.u64(column.quantiles.seen);
            for list in [&column.quantiles.sample, &column.quantiles.cuts] {
                self.count(list.len());
                for number in list {
                    self.f32(*number);
                }
            }
        }
    }

    fn calibrator(&mut self, calibrator: &Calibrator) {
        let curve = &calibrator.curve;
        for number in [curve.slope, curve.shift]
            .into_iter()
            .chain(curve.curvature)
        {
            self.f64(number);
        }
        self.u64(calibrator.outcomes);
        self.count(calibrator.recent.len());
        for told in &calibrator.recent {
            self.u64(told.key);
            self.f32(told.logit);
            self.u32(u32::from(told.yes));
        }
        self.count(calibrator.steps.len());
        for step in &calibrator.steps {
            self.f64(step.said);
            self.f64(step.came);
        }
        self.u32(u32::from(calibrator.tiers.is_some()));
        for cut in calibrator.tiers.into_iter().flatten() {
            self.f32(cut);
        }
    }
}

/// What is still to be read; every answer is `None` when it is not there or cannot be.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*bytes))
    }

    fn u64(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*bytes))
    }

    fn count(&mut self, most: usize) -> Option<usize> {
        let count = usize::try_from(self.u32()?).ok()?;
        (count <= most).then_some(count)
    }

    fn f32(&mut self) -> Option<f32> {
        let number = f32::from_bits(self.u32()?);
        number.is_finite().then_some(number)
    }

    fn f64(&mut self) -> Option<f64> {
        let number = f64::from_bits(self.u64()?);
        number.is_finite().then_some(number)
    }

    fn yes(&mut self) -> Option<bool> {
        match self.u32()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn f32s(&mut self, most: usize) -> Option<Vec<f32>> {
        let count = self.count(most)?;
        (0..count).map(|_| self.f32()).collect()
    }

    fn slot(&mut self) -> Option<Slot> {
        let slot = Slot {
            z: self.f32()?,
            n: self.f32()?,
        };
        (slot.n >= 0.0).then_some(slot)
    }

    /// The model without its prior, and the hash of that.
    fn model(&mut self) -> Option<(Model, u64)> {
        let (lessons, positives, remote) = (self.u64()?, self.u64()?, self.u64()?);
        let prior = self.u64()?;
        let model = Model {
            weights: self.weights()?,
            columns: self.columns()?,
            calibrator: self.calibrator()?,
            prior: None,
            lessons,
            positives,
            remote,
        };
        self.0.is_empty().then_some((model, prior))
    }

    fn weights(&mut self) -> Option<Weights> {
        let bits = self.u32()?;
        if bits != SMALL_BITS && bits != GROWN_BITS {
            return None;
        }
        let mut weights = Weights::new(bits);
        weights.bias = self.slot()?;
        let all = weights.slots.len();
        for _ in 0..self.count(all)? {
            let place = self.count(all)?;
            *weights.slots.get_mut(place)? = self.slot()?;
        }
        Some(weights)
    }

    fn columns(&mut self) -> Option<Columns> {
        let outcomes = self.u64()?;
        let count = self.count(COLUMNS_MAX)?;
        let mut columns = Columns {
            outcomes,
            ..Columns::default()
        };
        for _ in 0..count {
            columns.hashes.push(self.u64()?);
            columns.all.push(self.column()?);
        }
        // They are looked for by halves.
        let is_sorted = columns.hashes.is_sorted_by(|a, b| a < b);
        is_sorted.then_some(columns)
    }

    fn column(&mut self) -> Option<Column> {
        let length = self.count(NAME_MAX)?;
        let name = str::from_utf8(self.bytes(length)?).ok()?;
        let figures = [self.f64()?, self.f64()?, self.f64()?];
        let quantiles = Quantiles {
            seen: self.u64()?,
            sample: self.f32s(SAMPLE)?,
            cuts: self.f32s(CUTS_MAX)?,
        };
        Some(Column::read(name, figures, quantiles))
    }

    fn calibrator(&mut self) -> Option<Calibrator> {
        let curve = Curve {
            slope: self.f64()?,
            shift: self.f64()?,
            curvature: [self.f64()?, self.f64()?, self.f64()?],
        };
        let outcomes = self.u64()?;
        let recent = self.count(RECENT_MAX)?;
        let recent = (0..recent).map(|_| self.told()).collect::<Option<_>>()?;
        let steps = self.count(RECENT_MAX)?;
        let steps = (0..steps).map(|_| self.step()).collect::<Option<_>>()?;
        let has_tiers = self.yes()?;
        let mut cuts = [0.0; Tier::ALL.len() - 1];
        if has_tiers {
            for cut in &mut cuts {
                *cut = self.f32()?;
            }
        }
        Some(Calibrator {
            curve,
            recent,
            outcomes,
            steps,
            tiers: has_tiers.then_some(cuts),
        })
    }

    fn told(&mut self) -> Option<Told> {
        Some(Told {
            key: self.u64()?,
            logit: self.f32()?,
            yes: self.yes()?,
        })
    }

    fn step(&mut self) -> Option<Step> {
        Some(Step {
            said: self.f64()?,
            came: self.f64()?,
        })
    }
}
