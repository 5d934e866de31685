//! FTRL-proximal (McMahan et al., "Ad click prediction: a view from the trenches", 2013, algorithm 1): logistic regression
//! that learns from one outcome at a time, at a rate of its own for each weight, and keeps a weight at exactly zero until
//! there is reason for one.

/// How fast it learns.
const ALPHA: f64 = 0.05;
/// How long a new weight learns as fast.
const BETA: f64 = 1.0;
/// How much reason a weight needs to be other than zero.
const L1: f64 = 0.5;
/// How strongly weights are held near zero.
const L2: f64 = 1.0;
/// Slots of a small model, as a power of two: 128 KiB.
pub(super) const SMALL_BITS: u32 = 14;
/// Slots of a grown one: 512 KiB.
pub(super) const GROWN_BITS: u32 = 16;

/// What is kept of a slot: the sum of adjusted gradients, and of their squares.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Slot {
    pub(super) z: f32,
    pub(super) n: f32,
}

impl Slot {
    pub(super) fn weight(self) -> f64 {
        let z = f64::from(self.z);
        if z.abs() <= L1 {
            return 0.0;
        }
        let n = f64::from(self.n);
        -(z - z.signum() * L1) / ((BETA + n.sqrt()) / ALPHA + L2)
    }

    #[expect(clippy::cast_possible_truncation, reason = "slots are kept small")]
    pub(super) fn learn(&mut self, gradient: f64) {
        let n = f64::from(self.n);
        let squared = gradient * gradient;
        let rate = ((n + squared).sqrt() - n.sqrt()) / ALPHA;
        let z = f64::from(self.z) + gradient - rate * self.weight();
        *self = Self {
            z: z as f32,
            n: (n + squared) as f32,
        };
    }
}

/// All slots, chosen by the low bits of a feature's hash, and the one that everything has.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weights {
    pub(super) bias: Slot,
    /// A power of two of them.
    pub(super) slots: Vec<Slot>,
}

impl Weights {
    pub(super) fn new(bits: u32) -> Self {
        Self {
            bias: Slot::default(),
            slots: vec![Slot::default(); 1 << bits],
        }
    }

    fn place(&self, hash: u64) -> usize {
        // Fewer bits than any pointer has.
        (hash & (self.slots.len() as u64 - 1)) as usize
    }

    pub(super) fn of(&self, hash: u64) -> f64 {
        self.slots
            .get(self.place(hash))
            .map_or(0.0, |slot| slot.weight())
    }

    pub(super) fn learn(&mut self, hash: u64, gradient: f64) {
        let place = self.place(hash);
        if let Some(slot) = self.slots.get_mut(place) {
            slot.learn(gradient);
        }
    }

    /// Makes the slots as many as those of a grown model. Every feature finds its weight again: it is at each place whose low
    /// bits are those of its old one.
    pub(super) fn grow(&mut self) {
        while self.slots.len() < 1 << GROWN_BITS {
            self.slots.extend_from_within(..);
        }
    }
}
