//! Lists that filters and suppressions name: up to a million numbers, ZIP codes, texts or hashes, tested in well under a
//! microsecond.
//!
//! A list is built once and never changes; only what is computed of its items is added when somebody needs it. Items lie sorted by a fingerprint; the first bits of a fingerprint say where to
//! look, and what is found there is compared whole. However somebody chooses the items of their list, a test is never
//! more than a binary search.

mod hashed;
mod items;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::facts::{Sha256, parse_sha256, zip_digits};
use super::text;
use crate::base::id::ItemListId;
use crate::base::{Country, PhoneNumber, words};

/// Most items of a list.
pub const ITEMS_MAX: usize = 1_000_000;
/// Longest text in a list, in bytes.
pub const ITEM_BYTES_MAX: usize = 200;
/// Most lines that are named when a list is read with mistakes.
pub const BAD_ITEMS_MAX: usize = 100;
/// ZIP codes are below this.
const ZIPS: usize = 100_000;
/// Items that are to share one place to look, at most, when fingerprints are spread evenly.
const SHARED: usize = 16;

words! {
    /// What a list holds.
    ItemKind {
        /// Phone numbers.
        Numbers = "numbers",
        /// ZIP codes of five digits.
        Zips = "zips",
        /// Texts; capitals and small letters are the same.
        Texts = "texts",
        /// SHA-256 hashes, as 64 hexadecimal digits.
        Hashes = "hashes",
    }
}

/// Something that should be an item of a list and cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadItem {
    /// Its place, from 1.
    pub line: usize,
    /// What is wrong and what to write.
    pub message: String,
}

/// A list was not built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// More than [`ITEMS_MAX`].
    #[error("the list has more than {ITEMS_MAX} items; split it")]
    TooLong,
    /// Some items are none; the first [`BAD_ITEMS_MAX`] of them.
    #[error("{} items cannot be read", .0.len())]
    BadItems(Vec<BadItem>),
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemList {
    kind: ItemKind,
    count: usize,
    items: Items,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Items {
    Numbers {
        /// A number's fingerprint is another number's never, so it is all that need be kept.
        places: Places,
        /// The first bits of the hashes of the numbers, once somebody asks for these.
        hashed: OnceLock<Places>,
    },
    Zips(Box<[u64]>),
    Texts {
        places: Places,
        /// All texts one after the other, with where each begins.
        text: Box<str>,
        starts: Box<[u32]>,
    },
    Hashes {
        places: Places,
        hashes: Box<[Sha256]>,
    },
}

/// Sorted fingerprints, with where those of each first bits begin.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Places {
    sorted: Box<[u64]>,
    shift: u32,
    begins: Box<[u32]>,
}

impl Places {
    fn new(sorted: Vec<u64>) -> Self {
        let bits = (sorted.len() / SHARED).checked_ilog2().map_or(0, |b| b + 1);
        // A shift by 64 is none in Rust, so one bit at least.
        let bits = bits.max(1);
        let shift = u64::BITS - bits;
        let begins = (0..=1_u64 << bits).map(|first| {
            let before = sorted.partition_point(|f| (f >> shift) < first);
            u32::try_from(before).unwrap_or(u32::MAX)
        });
        Self {
            shift,
            begins: begins.collect(),
            sorted: sorted.into(),
        }
    }

    /// The items with this fingerprint.
    fn find(&self, fingerprint: u64) -> std::ops::Range<usize> {
        let first = usize::try_from(fingerprint >> self.shift).unwrap_or(0);
        let begin = self.begins[first] as usize;
        let end = self.begins[first + 1] as usize;
        let near = &self.sorted[begin..end];
        let from = near.partition_point(|f| *f < fingerprint);
        let same = near[from..].partition_point(|f| *f == fingerprint);
        begin + from..begin + from + same
    }
}

impl ItemList {
    /// Reads the items of a list, one text each; empty ones are left out, and so are repetitions.
    ///
    /// # Errors
    /// When there are too many, or some are none of the kind.
    pub fn read<'a>(
        kind: ItemKind,
        lines: impl IntoIterator<Item = &'a str>,
        home: Country,
    ) -> Result<Self, ListError> {
        let mut reading = Reading::default();
        for (place, line) in lines.into_iter().enumerate() {
            reading.take(place + 1, line, |reading, line| {
                reading.item(kind, line, home)
            })?;
        }
        reading.finish(kind)
    }

    /// A list without items.
    #[must_use]
    pub fn empty(kind: ItemKind) -> Self {
        Reading::default().list(kind)
    }

    /// What it holds.
    #[must_use]
    pub const fn kind(&self) -> ItemKind {
        self.kind
    }

    /// How many different items it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether an item is in it, written as items are. Nothing is allocated.
    #[must_use]
    pub fn contains(&self, item: &str) -> bool {
        match &self.items {
            Items::Numbers { .. } => e164(item).is_some_and(|number| self.contains_number(number)),
            Items::Zips(bits) => {
                zip_place(item).is_some_and(|zip| bits[zip / 64] & (1 << (zip % 64)) != 0)
            }
            Items::Texts { .. } => self.contains_text(item),
            Items::Hashes { .. } => {
                parse_sha256(item).is_some_and(|hash| self.contains_hash(&hash))
            }
        }
    }

    /// Whether a phone number is in a list of numbers.
    #[must_use]
    pub fn contains_number(&self, number: PhoneNumber) -> bool {
        let Items::Numbers { places, .. } = &self.items else {
            return false;
        };
        !places.find(text::spread(number.digits())).is_empty()
    }

    fn contains_text(&self, item: &str) -> bool {
        let Items::Texts {
            places,
            text: all,
            starts,
        } = &self.items
        else {
            return false;
        };
        let item = item.trim();
        let of = |place: usize| &all[starts[place] as usize..starts[place + 1] as usize];
        let near = places.find(text::fingerprint(item));
        // Those with the same fingerprint stand in the order of their texts.
        let (mut low, mut high) = (near.start, near.end);
        while low < high {
            let middle = low.midpoint(high);
            match text::order(item, of(middle)) {
                std::cmp::Ordering::Equal => return true,
                std::cmp::Ordering::Less => high = middle,
                std::cmp::Ordering::Greater => low = middle + 1,
            }
        }
        false
    }
}

#[derive(Default)]
struct Reading {
    count: usize,
    bad: Vec<BadItem>,
    numbers: Vec<u64>,
    zips: Vec<usize>,
    texts: Vec<(u64, Box<str>)>,
    hashes: Vec<Sha256>,
}

impl Reading {
    /// Takes one line in, unless it is empty.
    fn take(
        &mut self,
        line: usize,
        item: &str,
        read: impl FnOnce(&mut Self, &str) -> Result<(), String>,
    ) -> Result<(), ListError> {
        let item = item.trim();
        if item.is_empty() {
            return Ok(());
        }
        if self.count == ITEMS_MAX {
            return Err(ListError::TooLong);
        }
        if let Err(message) = read(self, item)
            && self.bad.len() < BAD_ITEMS_MAX
        {
            self.bad.push(BadItem { line, message });
        }
        self.count += 1;
        Ok(())
    }

    fn finish(self, kind: ItemKind) -> Result<ItemList, ListError> {
        if self.bad.is_empty() {
            Ok(self.list(kind))
        } else {
            Err(ListError::BadItems(self.bad))
        }
    }

    fn item(&mut self, kind: ItemKind, line: &str, home: Country) -> Result<(), String> {
        let shown: String = line.chars().take(30).collect();
        match kind {
            ItemKind::Numbers => {
                let number = PhoneNumber::parse(line, home).map_err(|e| e.to_string())?;
                self.numbers.push(text::spread(number.digits()));
            }
            ItemKind::Zips => {
                let zip = zip_place(line)
                    .ok_or_else(|| format!("`{shown}` is no ZIP code; write five digits"))?;
                self.zips.push(zip);
            }
            ItemKind::Texts if line.len() > ITEM_BYTES_MAX => {
                return Err(format!("`{shown}…` is longer than {ITEM_BYTES_MAX} bytes"));
            }
            ItemKind::Texts => {
                let lower = text::lowered(line);
                self.texts.push((text::fingerprint(&lower), lower));
            }
            ItemKind::Hashes => {
                let hash = parse_sha256(line).ok_or_else(|| {
                    format!("`{shown}` is no SHA-256 hash; write 64 hexadecimal digits")
                })?;
                self.hashes.push(hash);
            }
        }
        Ok(())
    }

    fn list(mut self, kind: ItemKind) -> ItemList {
        let (count, items) = match kind {
            ItemKind::Numbers => {
                self.numbers.sort_unstable();
                self.numbers.dedup();
                let count = self.numbers.len();
                let items = Items::Numbers {
                    places: Places::new(self.numbers),
                    hashed: OnceLock::new(),
                };
                (count, items)
            }
            ItemKind::Zips => {
                let mut bits = vec![0_u64; ZIPS.div_ceil(64)];
                for zip in self.zips {
                    bits[zip / 64] |= 1 << (zip % 64);
                }
                let count = bits.iter().map(|b| b.count_ones() as usize).sum();
                (count, Items::Zips(bits.into()))
            }
            ItemKind::Texts => {
                self.texts.sort_unstable();
                self.texts.dedup();
                let mut text = String::new();
                let mut starts = vec![0];
                for (_, item) in &self.texts {
                    text.push_str(item);
                    starts.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
                }
                let places = Places::new(self.texts.iter().map(|(print, _)| *print).collect());
                let (text, starts) = (text.into(), starts.into());
                let items = Items::Texts {
                    places,
                    text,
                    starts,
                };
                (self.texts.len(), items)
            }
            ItemKind::Hashes => {
                self.hashes.sort_unstable();
                self.hashes.dedup();
                let places = Places::new(self.hashes.iter().map(first_bits).collect());
                let hashes = self.hashes.into_boxed_slice();
                (hashes.len(), Items::Hashes { places, hashes })
            }
        };
        ItemList { kind, count, items }
    }
}

/// The first 64 bits of a hash; sorted hashes have them sorted.
fn first_bits(hash: &Sha256) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *hash;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

fn zip_place(text: &str) -> Option<usize> {
    zip_digits(text)?.parse().ok().filter(|zip| *zip < ZIPS)
}

/// Digits of E.164 with or without the plus sign.
fn e164(text: &str) -> Option<PhoneNumber> {
    let text = text.trim();
    let digits = text.strip_prefix('+').unwrap_or(text);
    let plain = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let number = digits
        .parse()
        .ok()
        .filter(|_| plain && !digits.starts_with('0'));
    number.map(PhoneNumber::from_digits)
}

/// ZIP codes with where they lie, in millionths of a degree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ZipMap(BTreeMap<u32, (i32, i32)>);

impl ZipMap {
    /// Kilometres between two degrees of latitude.
    const KM_PER_DEGREE: f64 = 111.195;

    /// From codes with latitude and longitude in millionths of a degree.
    #[must_use]
    pub fn new(places: impl IntoIterator<Item = (u32, (i32, i32))>) -> Self {
        Self(places.into_iter().collect())
    }

    /// Whether a code is known.
    #[must_use]
    pub fn knows(&self, zip: &str) -> bool {
        zip_place(zip).is_some_and(|z| u32::try_from(z).is_ok_and(|z| self.0.contains_key(&z)))
    }

    /// The codes that lie within so many metres of one, itself included; `None` when it is not known.
    #[must_use]
    pub fn around(&self, zip: &str, radius_m: u32) -> Option<ItemList> {
        let center = zip_place(zip).and_then(|z| u32::try_from(z).ok())?;
        let from = *self.0.get(&center)?;
        let mut reading = Reading::default();
        for (code, to) in &self.0 {
            let near = *code == center || metres(from, *to) <= f64::from(radius_m);
            if near && let Ok(code) = usize::try_from(*code) {
                reading.zips.push(code.min(ZIPS - 1));
            }
        }
        Some(reading.list(ItemKind::Zips))
    }
}

/// The distance over the ground, as the middle latitude has it; off by less than a thousandth within 500 km.
fn metres(a: (i32, i32), b: (i32, i32)) -> f64 {
    let degrees = |micros: i32| f64::from(micros) / 1e6;
    let north = degrees(a.0) - degrees(b.0);
    let middle = f64::midpoint(degrees(a.0), degrees(b.0)).to_radians();
    let east = (degrees(a.1) - degrees(b.1)) * middle.cos();
    north.hypot(east) * ZipMap::KM_PER_DEGREE * 1_000.0
}

/// What filters may name: the account's lists, and where ZIP codes lie.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// The account's lists.
    pub lists: BTreeMap<ItemListId, Arc<ItemList>>,
    /// Where ZIP codes lie.
    pub zips: Arc<ZipMap>,
}
