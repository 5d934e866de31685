//! What a list holds, item by item, as it is stored and as people get it back.

use std::borrow::Cow;

use super::{ItemKind, ItemList, Items, ListError, Reading};
use crate::base::PhoneNumber;
use crate::routing::text;

impl ItemList {
    /// Every item once, written as items are stored: numbers in E.164 form, ZIP codes as five digits, texts in small
    /// letters, hashes as hexadecimal digits. In no order that means anything.
    pub fn items(&self) -> Box<dyn Iterator<Item = Cow<'_, str>> + Send + '_> {
        match &self.items {
            Items::Numbers { places, .. } => Box::new(places.sorted.iter().map(|bits| {
                let number = PhoneNumber::from_digits(text::gather(*bits));
                Cow::Owned(number.to_string())
            })),
            Items::Zips(bits) => Box::new(
                bits.iter()
                    .enumerate()
                    .flat_map(|(word, bits)| {
                        let set = move |bit: &usize| bits & (1 << bit) != 0;
                        (0..64).filter(set).map(move |bit| word * 64 + bit)
                    })
                    .map(|zip| Cow::Owned(format!("{zip:05}"))),
            ),
            Items::Texts { text, starts, .. } => Box::new(starts.windows(2).map(|ends| {
                let item = text.get(ends[0] as usize..ends[1] as usize);
                Cow::Borrowed(item.unwrap_or_default())
            })),
            Items::Hashes { hashes, .. } => Box::new(
                hashes
                    .iter()
                    .map(|hash| Cow::Owned(crate::base::sha256_text(*hash))),
            ),
        }
    }

    /// Reads what [`ItemList::items`] wrote.
    ///
    /// # Errors
    /// As for [`ItemList::read`].
    pub fn stored<'a>(
        kind: ItemKind,
        items: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ListError> {
        let mut reading = Reading::default();
        for (place, item) in items.into_iter().enumerate() {
            reading.take(place + 1, item, |reading, item| match kind {
                ItemKind::Numbers => {
                    let number = PhoneNumber::parse_e164(item).map_err(|e| e.to_string())?;
                    reading.numbers.push(text::spread(number.digits()));
                    Ok(())
                }
                kind => reading.item(kind, item, crate::base::Country::US),
            })?;
        }
        reading.finish(kind)
    }
}
