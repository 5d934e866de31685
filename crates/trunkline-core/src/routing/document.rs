//! What documents of this station are written with beside what all documents are: ids in their printed form.

pub(super) use crate::base::document::{Problems, below};
pub use crate::base::{Decimal, Problem};

/// An id as its printed form.
pub(super) mod id_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::base::{Id, IdKind};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference to the field"
    )]
    pub(in crate::routing) fn serialize<K: IdKind, S: Serializer>(
        id: &Id<K>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_str(id)
    }

    pub(in crate::routing) fn deserialize<'de, K: IdKind, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Id<K>, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Id::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Ids of lists in their printed form.
pub(super) mod id_list {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::base::id::ItemListId;

    pub(in crate::routing) fn serialize<S: Serializer>(
        ids: &[ItemListId],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(ids.iter().map(ToString::to_string))
    }

    pub(in crate::routing) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<ItemListId>, D::Error> {
        let texts = <Vec<String>>::deserialize(from)?;
        let ids = texts.iter().map(|text| ItemListId::parse(text));
        ids.collect::<Result<_, _>>()
            .map_err(serde::de::Error::custom)
    }
}
