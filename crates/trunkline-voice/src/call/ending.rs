//! How a call ends: the value every path of a call comes to, and the report made of it.

use trunkline_core::call::{EndReason, EndedBy};
use trunkline_engine::call::control::Quality;

use crate::media::Side;
use crate::media::quality::Measured;
use crate::sip::{Gone, reason};

/// Why a call is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) by: EndedBy,
    pub(crate) reason: EndReason,
    /// Final status for a caller who was never connected.
    pub(crate) status: u16,
    pub(crate) q850: Option<u8>,
}

impl End {
    /// Trunkline ends the call.
    pub(crate) const fn system(reason: EndReason, status: u16) -> Self {
        Self {
            by: EndedBy::System,
            reason,
            status,
            q850: Some(reason::from_status(status)),
        }
    }

    /// The flow has no destination left.
    pub(crate) const fn no_destination(status: u16) -> Self {
        let status = if status < 400 { 480 } else { status };
        Self::system(EndReason::NoDestination, status)
    }

    /// The caller gave up before anybody answered.
    pub(crate) const fn cancelled(gone: Gone, q850: Option<u8>) -> Self {
        match gone {
            Gone::Cancelled | Gone::HungUp => Self {
                by: EndedBy::Caller,
                reason: EndReason::Cancelled,
                status: 487,
                q850,
            },
            Gone::Lost => Self::system(EndReason::MediaFailed, 500),
        }
    }

    /// A side left a connected call.
    pub(crate) const fn left(side: Side, gone: Gone, q850: Option<u8>) -> Self {
        let by = match side {
            Side::Caller => EndedBy::Caller,
            Side::Destination => EndedBy::Destination,
        };
        match gone {
            Gone::Cancelled | Gone::HungUp => Self {
                by,
                reason: EndReason::HungUp,
                status: 200,
                q850,
            },
            Gone::Lost => {
                let cause = reason::from_status(408);
                Self {
                    by,
                    reason: EndReason::SessionExpired,
                    status: 408,
                    q850: Some(cause),
                }
            }
        }
    }
}

/// What was measured, as it is reported.
pub(crate) fn quality(worst: Option<Measured>) -> Option<Quality> {
    let worst = worst?;
    Some(Quality {
        jitter_ms: worst.jitter_ms,
        loss_percent: worst.loss_percent(),
        mos: worst.mos(),
    })
}
