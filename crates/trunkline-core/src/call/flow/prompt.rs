//! What callers and destinations hear: a stored sound, or a text that is spoken.

use serde::{Deserialize, Serialize};

use crate::base::id::PromptId;

/// Longest text that is spoken, in characters.
pub const TEXT_MAX: usize = 2_000;

/// A prompt as a document writes it: one of a sound and a text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// A stored sound.
    #[serde(default, with = "id_or_none", skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptId>,
    /// A text that is spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A prompt as a performer gets it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Prompt {
    /// A stored sound.
    Asset(PromptId),
    /// A text, rendered when the flow was published.
    Spoken(Spoken),
}

/// A text and how it is spoken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spoken {
    /// What is said.
    pub text: String,
    /// The voice, by the speech engine's name for it; the engine's own when not given.
    pub voice: Option<String>,
    /// The language, such as `en-US`; the engine's own when not given.
    pub language: Option<String>,
}

impl Prompt {
    /// A text in the speech engine's own voice.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Spoken(Spoken {
            text: text.into(),
            voice: None,
            language: None,
        })
    }

    /// What stands for `prompt` and `text` of a node; the sound when both are written.
    #[must_use]
    pub(super) fn of(prompt: Option<PromptId>, text: Option<&String>) -> Option<Self> {
        match (prompt, text) {
            (Some(id), _) => Some(Self::Asset(id)),
            (None, Some(text)) => Some(Self::text(text)),
            (None, None) => None,
        }
    }
}

impl Message {
    /// The prompt as a performer gets it; `None` when neither is written.
    #[must_use]
    pub fn as_prompt(&self) -> Option<Prompt> {
        Prompt::of(self.prompt, self.text.as_ref())
    }
}

/// An id as its printed form.
pub(super) mod id_or_none {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::base::{Id, IdKind};

    #[expect(
        clippy::ref_option,
        reason = "serde calls it with a reference to the field"
    )]
    pub(in super::super) fn serialize<K: IdKind, S: Serializer>(
        id: &Option<Id<K>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => to.collect_str(id),
            None => to.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, K: IdKind, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Id<K>>, D::Error> {
        let text = <Option<String>>::deserialize(from)?;
        let read = |text: String| Id::parse(&text).map_err(serde::de::Error::custom);
        text.map(read).transpose()
    }
}
