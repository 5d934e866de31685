//! Who called lately: a bounded memory of the last hour's calls by account and caller.
//!
//! Two generations, each of at most half of [`CALLERS_MAX`] callers and at most an hour old. When the young one is full
//! or old it becomes the old one, and what was old is forgotten at once, so that a flood of made-up callers costs neither
//! memory nor a search.

use std::collections::{HashMap, VecDeque};

use crate::base::id::{AccountId, NumberId};
use crate::base::{PhoneNumber, Timestamp};

/// Callers that are remembered.
pub const CALLERS_MAX: usize = 50_000;
/// Latest calls that are remembered of one caller.
pub const CALLS_PER_CALLER_MAX: usize = 64;
/// How long a call is remembered at least, while there is room, in milliseconds.
const REMEMBERED_MS: i64 = 3_600_000;

/// A call of the last hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecentCall {
    /// When it came.
    pub at: Timestamp,
    /// The number that was dialled.
    pub number: NumberId,
}

type Key = (AccountId, PhoneNumber);
type Calls = VecDeque<RecentCall>;

/// The memory.
#[derive(Debug, Default)]
pub struct RecentCallers {
    young: HashMap<Key, Calls>,
    old: HashMap<Key, Calls>,
    /// When the young generation began.
    since: Timestamp,
}

impl RecentCallers {
    /// Notes a call; answers the caller's calls of the hour before it.
    pub fn note(
        &mut self,
        account: AccountId,
        caller: PhoneNumber,
        call: RecentCall,
    ) -> Vec<RecentCall> {
        if self.young.len() >= CALLERS_MAX / 2 || call.at.millis_since(self.since) >= REMEMBERED_MS
        {
            self.old = std::mem::take(&mut self.young);
            self.since = call.at;
        }
        let key = (account, caller);
        let carried = self.old.remove(&key);
        let calls = self.young.entry(key).or_default();
        if let Some(carried) = carried {
            *calls = carried;
        }
        calls.retain(|before| call.at.millis_since(before.at) < REMEMBERED_MS);
        let before = calls.iter().copied().collect();
        if calls.len() >= CALLS_PER_CALLER_MAX {
            calls.pop_front();
        }
        calls.push_back(call);
        before
    }

    /// How many callers are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Whether nobody is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
