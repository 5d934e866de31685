//! What fuzzers and nobody else call: a body in every dialect, with what must hold for whatever is read. Only there with
//! the feature `fuzzing`.

use std::collections::BTreeSet;

use url::form_urlencoded;

use super::{BodyKind, NAME_BYTES_MAX, NAMES_MAX, TEXT_BYTES_MAX, parse};

/// Reads a body in each dialect: what is read keeps the limits, has every name once, and says the same when it is written
/// as a form and read again.
///
/// # Panics
/// When that does not hold.
pub fn body(body: &[u8]) {
    for kind in [BodyKind::Json, BodyKind::Form, BodyKind::Xml] {
        let Ok(pairs) = parse(kind, body) else {
            continue;
        };
        assert!(pairs.len() <= NAMES_MAX);
        let names: BTreeSet<&String> = pairs.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), pairs.len(), "each once");
        for (name, text) in &pairs {
            assert!(name.len() <= NAME_BYTES_MAX && text.len() <= TEXT_BYTES_MAX);
        }
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(&pairs);
        if let Ok(again) = parse(BodyKind::Form, form.finish().as_bytes()) {
            assert_eq!(again, pairs);
        }
    }
}
