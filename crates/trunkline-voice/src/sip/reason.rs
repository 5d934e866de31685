//! Why a side ended: the `Reason` header (RFC 3326) and Q.850 causes.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Most reasons remembered at a time; each waits only for its call to notice the hang-up.
const REMEMBERED_MAX: usize = 1024;
/// Longest `Reason` value that is looked at.
const TEXT_MAX: usize = 256;

/// Reads the Q.850 cause of a `Reason` value, such as `Q.850;cause=16;text="Normal"`.
pub(crate) fn q850(value: &str) -> Option<u8> {
    value
        .get(..value.len().min(TEXT_MAX))?
        .split(',')
        .find_map(|reason| {
            let mut parts = reason.split(';').map(str::trim);
            if !parts.next()?.eq_ignore_ascii_case("Q.850") {
                return None;
            }
            let cause = parts.find_map(|p| p.strip_prefix("cause="))?;
            cause.trim().parse().ok().filter(|cause| *cause <= 127)
        })
}

/// Writes a cause as a `Reason` value.
pub(crate) fn text(q850: u8) -> String {
    format!("Q.850;cause={q850}")
}

/// The cause that corresponds to a final SIP status (RFC 3398, 7.2.4.1 and 8.2.6.1).
pub(crate) const fn from_status(status: u16) -> u8 {
    match status {
        200 | 487 => 16,
        404 | 604 => 1,
        486 | 600 => 17,
        408 => 102,
        480 => 18,
        401 | 402 | 403 | 407 | 603 => 21,
        410 => 22,
        484 => 28,
        488 | 606 => 65,
        500 | 503 => 41,
        502 => 38,
        504 => 102,
        _ => 31,
    }
}

/// Reasons seen in BYE and CANCEL, by Call-ID, until the call asks.
#[derive(Debug, Default)]
pub(crate) struct Reasons(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    causes: HashMap<String, u8>,
    order: VecDeque<String>,
}

impl Reasons {
    pub(crate) fn note(&self, call_id: &str, q850: u8) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.causes.insert(call_id.to_owned(), q850).is_none() {
            remembered.order.push_back(call_id.to_owned());
        }
        while remembered.order.len() > REMEMBERED_MAX {
            if let Some(oldest) = remembered.order.pop_front() {
                remembered.causes.remove(&oldest);
            }
        }
    }

    pub(crate) fn take(&self, call_id: &str) -> Option<u8> {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.causes.remove(call_id)
    }
}
