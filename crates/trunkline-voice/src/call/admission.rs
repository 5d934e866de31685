//! How many calls may be in progress and how many may be set up per second.
//!
//! Past a limit the caller is answered 503 before anything is created for it, and so while the station is late with
//! everything: calls it took would fail, and calls it has. A retransmission of an INVITE gets what the INVITE got: one that was let in is
//! never refused, and one that was refused makes no call that its sender has given up.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a retransmission of an INVITE is recognised (RFC 3261, 64*T1).
const REMEMBERED_FOR: Duration = Duration::from_secs(32);
/// Most INVITEs remembered per generation; older ones are forgotten early when there are more.
const REMEMBERED_MAX: usize = 65_536;

/// How often to look how late the station is; call [`Gate::look`].
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(20);
/// A station that is so late at each of [`LOOKS`] in a row has more to do than it can: far ends repeat what is not answered
/// within 500 ms (RFC 3261, T1), and a call has several such steps.
const LATE: Duration = Duration::from_secs(1);
const LOOKS: u32 = 3;

/// The admission limits and what counts against them.
#[derive(Debug)]
pub(crate) struct Gate {
    calls: AtomicUsize,
    calls_max: usize,
    setups_per_second: f64,
    draining: AtomicBool,
    /// Looks in a row at which the station was late.
    late: AtomicU32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tokens: f64,
    filled_at: Instant,
    /// What was said to INVITEs, by fingerprint.
    recent: [HashMap<u64, Result<(), Busy>>; 2],
    turned_at: Instant,
}

/// Why a call is not taken now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Busy {
    Overload,
    Draining,
}

/// A call in progress; dropping it makes room for another.
#[derive(Debug)]
pub(crate) struct Place(Arc<Gate>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Gate {
    /// `setups_per_second` also is the burst that is let through at once.
    pub(crate) fn new(calls_max: usize, setups_per_second: u32, now: Instant) -> Self {
        let tokens = f64::from(setups_per_second.max(1));
        Self {
            calls: AtomicUsize::new(0),
            calls_max,
            setups_per_second: tokens,
            draining: AtomicBool::new(false),
            late: AtomicU32::new(0),
            state: Mutex::new(State {
                tokens,
                filled_at: now,
                recent: [HashMap::new(), HashMap::new()],
                turned_at: now,
            }),
        }
    }

    /// Whether an INVITE with this fingerprint may come in.
    pub(crate) fn admit(&self, fingerprint: u64, now: Instant) -> Result<(), Busy> {
        let mut state = self.state();
        let said = state.recent.iter().find_map(|said| said.get(&fingerprint));
        if let Some(said) = said {
            return *said;
        }
        state.fill(self.setups_per_second, now);
        let late = self.late.load(Ordering::Acquire) >= LOOKS;
        let full = self.calls.load(Ordering::Acquire) >= self.calls_max;
        let said = if self.draining.load(Ordering::Acquire) {
            Err(Busy::Draining)
        } else if late || full || state.tokens < 1.0 {
            Err(Busy::Overload)
        } else {
            state.tokens -= 1.0;
            Ok(())
        };
        state.remember(fingerprint, said, now);
        said
    }

    /// Takes a call's place; `None` when all are taken.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Place> {
        let taken = self
            .calls
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |calls| {
                (calls < self.calls_max).then_some(calls + 1)
            });
        taken.is_ok().then(|| Place(Arc::clone(self)))
    }

    /// Calls in progress.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Acquire)
    }

    /// Takes note of how much later than it should a look came.
    pub(crate) fn look(&self, late: Duration) {
        let looks = match late {
            _ if late < LATE => 0,
            _ => self.late.load(Ordering::Acquire).saturating_add(1),
        };
        self.late.store(looks, Ordering::Release);
    }

    /// From now on no new call is taken.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn fill(&mut self, per_second: f64, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.tokens = elapsed.mul_add(per_second, self.tokens).min(per_second);
        self.filled_at = now;
    }

    fn remember(&mut self, fingerprint: u64, said: Result<(), Busy>, now: Instant) {
        let old = now.saturating_duration_since(self.turned_at) >= REMEMBERED_FOR;
        if old || self.recent[0].len() >= REMEMBERED_MAX {
            self.recent.swap(0, 1);
            self.recent[0].clear();
            self.turned_at = now;
        }
        self.recent[0].insert(fingerprint, said);
    }
}
