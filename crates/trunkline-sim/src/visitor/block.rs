//! The pasted block of a page: where the server is and which printed numbers may be swapped.

use serde::Deserialize;

/// Start of the block's configuration element.
const ELEMENT: &str = "<script type=\"application/json\" id=\"trunkline-config\">";

/// What a browser needs of the block.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Block {
    /// Version of the site's configuration.
    #[serde(rename = "c")]
    pub(super) version: i64,
    /// Address of `assign` and `event`, without the last part.
    #[serde(rename = "u")]
    pub(super) base: String,
    /// Target ids with the numbers printed on the pages.
    #[serde(rename = "t")]
    pub(super) targets: Vec<(String, String)>,
}

impl Block {
    /// Finds the block in a page; `None` when the page has none.
    pub(super) fn find(html: &str) -> Result<Option<Self>, String> {
        let Some((_, rest)) = html.split_once(ELEMENT) else {
            return Ok(None);
        };
        let (text, _) = rest
            .split_once("</script>")
            .ok_or("the page's block has no end")?;
        serde_json::from_str(text)
            .map(Some)
            .map_err(|e| format!("the page's block cannot be read: {e}"))
    }
}
