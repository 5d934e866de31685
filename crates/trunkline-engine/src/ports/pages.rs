//! A web page as the server reads it, for a test of a site's settings.

use async_trait::async_trait;
use trunkline_core::assignment::find::LeftAlone;

/// What to read, and what to look at in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageRequest {
    /// The page's address.
    pub url: String,
    /// Selectors of what is looked at; empty: everything.
    pub within: Vec<String>,
    /// Selectors of what is left alone.
    pub excluded: Vec<String>,
    /// Attributes besides links, labels and titles.
    pub attributes: Vec<String>,
    /// A text that tells whether the site's snippet is on the page.
    pub look_for: String,
}

/// A page that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageRead {
    /// Its address after redirects.
    pub url: String,
    /// The status it came with.
    pub status: u16,
    /// Its texts, in the order of the page.
    pub passages: Vec<Passage>,
    /// Whether it is longer than what was read.
    pub cut: bool,
    /// Whether it holds the text that was looked for.
    pub holds: bool,
}

/// A run of text on a page, which blocks divide and inline elements do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub place: Place,
    /// The element for a person, such as `header > a.phone`.
    pub element: String,
    /// Why the snippet leaves it alone, if it does.
    pub left: Option<LeftAlone>,
    /// The label in `data-tl-number` of the element or one around it.
    pub marked: Option<String>,
}

/// Where a text stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Between tags.
    Text,
    /// In an attribute of that name.
    Attribute(String),
    /// In a telephone field of JSON-LD.
    JsonLd,
}

/// Why a page could not be read; each is an answer for the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageRefusal {
    /// The address is none that may be asked.
    #[error("{0}")]
    Address(String),
    /// Nobody answered as a page should.
    #[error("{0}")]
    Unreadable(String),
}

/// Reads pages on the open Internet.
#[async_trait]
pub trait Pages: Send + Sync {
    /// Reads a page, within bounded time and size. Addresses of this machine, its networks and the like are refused.
    ///
    /// # Errors
    /// When the address is refused or the page cannot be read.
    async fn read(&self, request: &PageRequest) -> Result<PageRead, PageRefusal>;
}
