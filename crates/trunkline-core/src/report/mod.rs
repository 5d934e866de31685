//! Station **report**: figures as folds over what is stored. Nothing in here is kept; the same calls give the
//! same figures again.

mod sources;

pub use sources::{
    CountedCall, QUALIFIED_SECONDS, QUALIFIED_SECONDS_MAX, SourceFigures, SourceTable, qualified_at,
};
