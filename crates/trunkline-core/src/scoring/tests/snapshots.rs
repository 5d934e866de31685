//! Models as bytes.

use std::sync::Arc;

use super::super::hash::of_bytes;
use super::world::{cases, taught};
use super::*;

#[test]
fn a_snapshot_gives_the_same_model_again() {
    for count in [0, 50, 6_000] {
        let model = taught(&cases(1, count));
        let bytes = model.snapshot();
        assert!(bytes.len() < SNAPSHOT_MAX);
        assert_eq!(Model::read(&bytes, None), Ok(model), "{count}");
    }
}

#[test]
fn a_snapshot_that_is_damaged_is_an_error_wherever_it_is() {
    let bytes = taught(&cases(1, 300)).snapshot();
    for place in (0..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x40;
        assert_eq!(
            Model::read(&damaged, None),
            Err(SnapshotError::Damaged),
            "{place}"
        );
    }
    for length in (0..bytes.len()).step_by(11) {
        let cut = &bytes[..length];
        assert_eq!(
            Model::read(cut, None),
            Err(SnapshotError::Damaged),
            "{length}"
        );
    }
    let long = vec![0; SNAPSHOT_MAX + 1];
    assert_eq!(Model::read(&long, None), Err(SnapshotError::Damaged));
}

/// Bytes whose hash is right, as somebody writes them who knows how.
fn signed(bytes: &[u8], change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut told = bytes[..bytes.len() - 8].to_vec();
    change(&mut told);
    let hash = of_bytes(&told);
    told.extend_from_slice(&hash.to_le_bytes());
    told
}

#[test]
fn counts_beyond_their_limits_and_numbers_that_are_none_are_not_read() {
    let bytes = taught(&cases(1, 300)).snapshot();
    let put =
        |at: usize, new: [u8; 4]| signed(&bytes, |told| told[at..at + 4].copy_from_slice(&new));
    // Mark, format, three counts and the prior stand before the bits of the slots, the bias and their number.
    let bits = 16 + 4 + 3 * 8 + 8;
    let cases = [
        (
            "format",
            put(16, 2_u32.to_le_bytes()),
            SnapshotError::Format(2),
        ),
        (
            "bits",
            put(bits, 40_u32.to_le_bytes()),
            SnapshotError::Damaged,
        ),
        (
            "bias",
            put(bits + 4, f32::NAN.to_le_bytes()),
            SnapshotError::Damaged,
        ),
        (
            "slots",
            put(bits + 12, u32::MAX.to_le_bytes()),
            SnapshotError::Damaged,
        ),
        (
            "a slot's place",
            put(bits + 16, u32::MAX.to_le_bytes()),
            SnapshotError::Damaged,
        ),
    ];
    for (what, changed, error) in cases {
        assert_eq!(Model::read(&changed, None), Err(error), "{what}");
    }
    let longer = signed(&bytes, |told| told.push(0));
    assert_eq!(Model::read(&longer, None), Err(SnapshotError::Damaged));
    let same = signed(&bytes, |_| ());
    assert!(Model::read(&same, None).is_ok());
}

#[test]
fn a_snapshot_is_read_with_the_prior_it_began_from_and_with_no_other() {
    let prior = Arc::new(taught(&cases(1, 500)));
    let other = Arc::new(taught(&cases(2, 500)));
    let mut model = Model::new(Some(Arc::clone(&prior)));
    for (key, case) in cases(3, 200).iter().enumerate() {
        model.learn(&lesson(key as u64, &case.features, label(case.yes)));
    }
    let bytes = model.snapshot();
    assert_eq!(Model::read(&bytes, Some(prior)), Ok(model));
    assert_eq!(Model::read(&bytes, Some(other)), Err(SnapshotError::Prior));
    assert_eq!(Model::read(&bytes, None), Err(SnapshotError::Prior));
}
