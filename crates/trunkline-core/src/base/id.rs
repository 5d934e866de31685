//! Typed identifiers: 64 bits that sort by time, printed with a prefix.
//!
//! Layout: 41 bits of milliseconds since 2025-01-01T00:00:00Z, 10 bits node, 12 bits sequence.
//! Outside they are a prefix and 13 lower-case Crockford base-32 characters, `call_01k7g3z9…`.
//! Identifiers are not secrets; keys are random and live elsewhere.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::marker::PhantomData;

use super::time::Timestamp;

/// 2025-01-01T00:00:00Z in milliseconds since the Unix epoch.
const EPOCH_MS: i64 = 1_735_689_600_000;
const NODE_BITS: u32 = 10;
const SEQUENCE_BITS: u32 = 12;
const SEQUENCE_MAX: u16 = (1 << SEQUENCE_BITS) - 1;
const TEXT_LEN: usize = 13;
/// Crockford's base 32 (no i, l, o, u), <https://www.crockford.com/base32.html>.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What an identifier names; gives the text prefix.
pub trait IdKind: 'static {
    /// Prefix of the printed form, without the underscore.
    const PREFIX: &'static str;
}

/// An identifier of one kind of thing. A `BuyerId` cannot be passed as a `CampaignId`.
pub struct Id<K: IdKind>(i64, PhantomData<fn() -> K>);

impl<K: IdKind> Id<K> {
    /// From the stored number.
    #[must_use]
    pub const fn from_raw(raw: i64) -> Self {
        Self(raw, PhantomData)
    }

    /// The number as it is stored.
    #[must_use]
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// When the identifier was drawn, to the millisecond.
    #[must_use]
    pub const fn drawn_at(self) -> Timestamp {
        Timestamp::from_millis((self.0 >> (NODE_BITS + SEQUENCE_BITS)) + EPOCH_MS)
    }

    /// Below every identifier that is drawn at or after this time, and above those drawn before.
    #[must_use]
    pub fn floor_at(at: Timestamp) -> Self {
        let ms = at.as_millis().saturating_sub(EPOCH_MS).max(0);
        Self::from_raw(ms << (NODE_BITS + SEQUENCE_BITS))
    }

    /// Reads the printed form.
    ///
    /// # Errors
    /// When the prefix is another kind's or the text is not 13 base-32 characters.
    pub fn parse(text: &str) -> Result<Self, ParseIdError> {
        let wrong = || ParseIdError {
            expected: K::PREFIX,
        };
        let body = text
            .strip_prefix(K::PREFIX)
            .and_then(|t| t.strip_prefix('_'))
            .ok_or_else(wrong)?;
        if body.len() != TEXT_LEN {
            return Err(wrong());
        }
        let mut value: u64 = 0;
        for (index, byte) in body.bytes().enumerate() {
            let digit = ALPHABET.iter().position(|&a| a == byte).ok_or_else(wrong)?;
            if index == 0 && digit > 7 {
                return Err(wrong());
            }
            value = (value << 5) | digit as u64;
        }
        i64::try_from(value)
            .map(Self::from_raw)
            .map_err(|_| wrong())
    }
}

/// The text is not an identifier of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of the form `{expected}_` and 13 characters")]
pub struct ParseIdError {
    /// Prefix that was expected.
    pub expected: &'static str,
}

impl<K: IdKind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [b'0'; TEXT_LEN];
        let mut rest = self.0.cast_unsigned();
        for slot in text.iter_mut().rev() {
            *slot = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        f.write_str(K::PREFIX)?;
        f.write_str("_")?;
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl<K: IdKind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl<K: IdKind> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K: IdKind> Copy for Id<K> {}
impl<K: IdKind> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K: IdKind> Eq for Id<K> {}
impl<K: IdKind> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K: IdKind> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K: IdKind> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// A map by identifier. Nobody outside chooses identifiers, so its hashing need not withstand an
/// attack, and costs a multiplication.
pub type IdMap<K, V> = HashMap<Id<K>, V, BuildHasherDefault<IdHasher>>;

/// Spreads the bits of one identifier; see [`IdMap`].
#[derive(Debug, Default, Clone, Copy)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_i64(&mut self, raw: i64) {
        self.write_u64(raw.cast_unsigned());
    }

    fn write_u64(&mut self, raw: u64) {
        // Fibonacci hashing. The low bits of an identifier are often zero, and those of a product
        // depend on them alone, so the high half is folded onto the low one.
        let product = (self.0 ^ raw).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ (product >> 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Draws identifiers for one node. Never repeats one, also when the clock steps back: it then stays
/// at the last millisecond and counts on, borrowing from the next millisecond when a sequence is full.
/// Over a restart it needs to be told the newest one ([`IdSequence::go_on_after`]).
#[derive(Debug)]
pub struct IdSequence {
    node: u16,
    last_ms: i64,
    sequence: u16,
}

impl IdSequence {
    /// For `node` (0 in embedded mode), below 1024.
    #[must_use]
    pub const fn new(node: u16) -> Self {
        Self {
            node: node & 0x3ff,
            last_ms: 0,
            sequence: 0,
        }
    }

    /// Goes on after an identifier that was drawn before the start, whatever the clock says now.
    pub fn go_on_after(&mut self, newest: i64) {
        let drawn_ms = newest >> (NODE_BITS + SEQUENCE_BITS);
        if drawn_ms > self.last_ms {
            self.last_ms = drawn_ms;
            // Other nodes count on their own within a millisecond; the next one is free on each.
            self.sequence = SEQUENCE_MAX;
        }
    }

    /// The next identifier at `now`.
    pub fn draw<K: IdKind>(&mut self, now: Timestamp) -> Id<K> {
        let now_ms = (now.as_millis() - EPOCH_MS).max(0);
        if now_ms > self.last_ms {
            self.last_ms = now_ms;
            self.sequence = 0;
        } else if self.sequence == SEQUENCE_MAX {
            self.last_ms += 1;
            self.sequence = 0;
        } else {
            self.sequence += 1;
        }
        let raw = (self.last_ms << (NODE_BITS + SEQUENCE_BITS))
            | (i64::from(self.node) << SEQUENCE_BITS)
            | i64::from(self.sequence);
        Id::from_raw(raw)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $kind:ident $alias:ident $prefix:literal),* $(,)?) => {$(
        #[doc = concat!("Marker of the identifiers that print as `", $prefix, "_…`.")]
        pub enum $kind {}
        impl IdKind for $kind { const PREFIX: &'static str = $prefix; }
        $(#[$doc])*
        pub type $alias = Id<$kind>;
    )*};
}

ids! {
    /// The tenant: an agency or its client.
    AccountKind AccountId "acc",
    /// A person who signs in.
    UserKind UserId "usr",
    /// A user's place in an account.
    MembershipKind MembershipId "mem",
    /// A signed-in browser.
    LoginKind LoginId "log",
    /// A key for the management API.
    ApiKeyKind ApiKeyId "key",
    /// A sealed secret of a trunk, buyer or service.
    CredentialKind CredentialId "crd",
    /// A SIP trunk.
    TrunkKind TrunkId "trk",
    /// A web site.
    SiteKind SiteId "site",
    /// A number on a site that is to be swapped.
    SwapTargetKind SwapTargetId "swt",
    /// A tracking number.
    NumberKind NumberId "num",
    /// A pool of tracking numbers.
    PoolKind PoolId "pool",
    /// A call flow.
    FlowKind FlowId "flow",
    /// A sound that call flows play.
    PromptKind PromptId "prm",
    /// A visitor: one browser of one site.
    VisitorKind VisitorId "vis",
    /// A visit of a visitor.
    SessionKind SessionId "ses",
    /// One arrival.
    TouchKind TouchId "tch",
    /// One page that was looked at.
    PageViewKind PageViewId "pgv",
    /// A session holding a number.
    LeaseKind LeaseId "lea",
    /// The record that a number was visible to a session.
    ShowingKind ShowingId "shw",
    /// A form that a visitor sent.
    FormKind FormId "frm",
    /// A tap on a `tel:` link.
    TapKind TapId "tap",
    /// A call.
    CallKind CallId "call",
    /// An event in the life of a call.
    CallEventKind CallEventId "cev",
    /// A recording of a call.
    RecordingKind RecordingId "rec",
    /// The truth of a call, as far as it became known.
    CallLabelKind CallLabelId "lbl",
    /// An entry of the list of callers who are always let through, or never.
    ScreeningEntryKind ScreeningEntryId "scr",
    /// A number on its way from a carrier.
    PurchaseKind PurchaseId "pur",
    /// A fitted attribution model of a site.
    ModelKind ModelId "mdl",
    /// A correction on the books.
    AdjustmentKind AdjustmentId "adj",
    /// Money that is set aside for one opportunity.
    HoldKind HoldId "hold",
    /// Somebody who sends traffic and is paid for it.
    PublisherKind PublisherId "pub",
    /// What is sold under one name, such as solar leads.
    CampaignKind CampaignId "camp",
    /// A publisher's traffic for a campaign.
    FeedKind FeedId "feed",
    /// Somebody who pays for calls or leads.
    BuyerKind BuyerId "buy",
    /// A phone, SIP address or HTTP endpoint of a buyer.
    DestinationKind DestinationId "dst",
    /// What a destination takes of a campaign, and on which terms.
    ContractKind ContractId "ctr",
    /// A tree of groups and contracts that a campaign's opportunities are offered to.
    RoutePlanKind RoutePlanId "plan",
    /// One call or one lead on offer.
    OpportunityKind OpportunityId "opp",
    /// A list of numbers, ZIP codes, texts or hashes.
    ItemListKind ItemListId "list",
    /// A limit on how much is offered, sold or spent in a window of time.
    CapKind CapId "cap",
    /// What one attempt to sell an opportunity took of caps, places and money.
    ReservationKind ReservationId "rsv",
    /// A bid that was given to a publisher for a call to come.
    GivenBidKind GivenBidId "bid",
    /// Entries on the books that come to nothing together.
    PostingKind PostingId "post",
    /// Something that is to be told outside.
    OutboxEventKind OutboxEventId "out",
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(1_782_907_200_000);

    #[test]
    fn a_floor_stands_between_what_was_drawn_before_and_what_after() {
        let mut ids = IdSequence::new(3);
        let before: CallId = ids.draw(NOON.plus_millis(-1));
        let at: CallId = ids.draw(NOON);
        let floor = CallId::floor_at(NOON);
        assert!(before < floor && floor <= at);
        assert_eq!(CallId::floor_at(Timestamp::EPOCH), CallId::from_raw(0));
    }

    #[test]
    fn no_identifier_is_drawn_twice_when_the_clock_steps_back_over_a_restart() {
        let mut before = IdSequence::new(0);
        // More than one millisecond has, so that the last ones are borrowed from the next.
        let drawn: Vec<CallId> = (0..5_000).map(|_| before.draw(NOON)).collect();
        let newest = drawn.iter().max().expect("an id");
        let mut after = IdSequence::new(0);
        after.go_on_after(newest.raw());
        let back = NOON.plus_millis(-3_600_000);
        let mut last = *newest;
        for _ in 0..5_000 {
            let next = after.draw(back);
            assert!(next > last, "{next} after {last}");
            last = next;
        }
        let later = NOON.plus_millis(60_000);
        assert_eq!(after.draw::<CallKind>(later).drawn_at(), later);
    }
}
