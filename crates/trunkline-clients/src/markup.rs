//! Takes a page apart into the runs of text that the snippet looks at, with the reason where it leaves one alone.

use ego_tree::iter::Edge;
use scraper::node::Element;
use scraper::{ElementRef, Html, Selector};
use trunkline_core::assignment::find::LeftAlone;
use trunkline_engine::ports::pages::{PageRequest, Passage, Place};

/// Passages of a page that are kept.
const PASSAGES_MAX: usize = 20_000;
/// Longest passage that is looked at, in bytes; a longer run has no telephone number to show to people.
const PASSAGE_BYTES_MAX: usize = 20_000;
/// Elements named in a place.
const NAMED_MAX: usize = 3;
/// How far up the reason to leave a text alone is looked for.
const UP_MAX: usize = 256;

/// Elements over which a number may be spread; the others end a run of text.
const INLINE: &[&str] = &[
    "a", "b", "i", "s", "u", "em", "mark", "small", "span", "strong", "sub", "sup", "wbr",
];

/// The passages of a page, in its order.
pub(crate) fn passages(html: &str, request: &PageRequest) -> Vec<Passage> {
    let page = Html::parse_document(html);
    let read = |texts: &[String]| -> Vec<Selector> {
        texts
            .iter()
            .filter_map(|t| Selector::parse(t).ok())
            .collect()
    };
    let mut reader = Reader {
        within: read(&request.within),
        everywhere: request.within.is_empty(),
        excluded: read(&request.excluded),
        attributes: &request.attributes,
        found: Vec::new(),
        run: String::new(),
        owner: None,
    };
    for edge in page.root_element().traverse() {
        if reader.found.len() >= PASSAGES_MAX {
            break;
        }
        match edge {
            Edge::Open(node) => {
                if let Some(text) = node.value().as_text() {
                    let owner = node.parent().and_then(ElementRef::wrap);
                    reader.text(text, owner);
                } else if let Some(element) = ElementRef::wrap(node) {
                    reader.open(element);
                }
            }
            Edge::Close(node) => {
                if ElementRef::wrap(node).is_some_and(|e| !is_inline(e.value())) {
                    reader.flush();
                }
            }
        }
    }
    reader.flush();
    reader.found
}

fn is_inline(element: &Element) -> bool {
    INLINE.contains(&element.name())
}

/// Links that dial or write to a number.
fn dials(address: &str) -> bool {
    let address = address.to_ascii_lowercase();
    ["tel:", "sms:", "callto:"]
        .iter()
        .any(|scheme| address.starts_with(scheme))
        || ["wa.me", "whatsapp"]
            .iter()
            .any(|host| address.contains(host))
}

/// The texts of the telephone fields in JSON-LD.
fn telephones(json: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting: Vec<serde_json::Value> = serde_json::from_str(json).into_iter().collect();
    while let Some(value) = waiting.pop() {
        match value {
            serde_json::Value::Array(list) => waiting.extend(list.into_iter().rev()),
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    match (name.as_str(), value) {
                        ("telephone", serde_json::Value::String(text)) => found.push(text),
                        ("telephone", serde_json::Value::Array(list)) => {
                            found.extend(
                                list.iter()
                                    .filter_map(|text| text.as_str().map(str::to_owned)),
                            );
                        }
                        (_, value) => waiting.push(value),
                    }
                }
            }
            _ => {}
        }
    }
    found
}

struct Reader<'a> {
    within: Vec<Selector>,
    everywhere: bool,
    excluded: Vec<Selector>,
    attributes: &'a [String],
    found: Vec<Passage>,
    run: String,
    owner: Option<ElementRef<'a>>,
}

impl<'a> Reader<'a> {
    /// A text between tags: part of the run it stands in.
    fn text(&mut self, text: &str, owner: Option<ElementRef<'a>>) {
        if self.run.len() + text.len() <= PASSAGE_BYTES_MAX {
            self.run.push_str(text);
            self.owner = self.owner.or(owner);
        }
    }

    /// The start of an element: its attributes, and the end of the run before it if it is a block.
    fn open(&mut self, element: ElementRef<'a>) {
        let value = element.value();
        if !is_inline(value) {
            self.flush();
        }
        for (name, text) in value.attrs() {
            let looked_at = match name {
                "href" => dials(text),
                "aria-label" | "title" => true,
                "value" | "placeholder" => value.name() == "input",
                name => self.attributes.iter().any(|a| a == name),
            };
            if looked_at {
                self.keep(text.to_owned(), Place::Attribute(name.to_owned()), element);
            }
        }
        if value.name() == "script" && value.attr("type") == Some("application/ld+json") {
            for text in telephones(&element.text().collect::<String>()) {
                self.keep(text, Place::JsonLd, element);
            }
        }
    }

    /// Ends the run of text.
    fn flush(&mut self) {
        let run = std::mem::take(&mut self.run);
        if let Some(owner) = self.owner.take() {
            self.keep(run, Place::Text, owner);
        }
    }

    fn keep(&mut self, text: String, place: Place, element: ElementRef<'a>) {
        let digits = text.chars().filter(char::is_ascii_alphanumeric).count();
        // Less is no telephone number.
        if digits < 7 || text.len() > PASSAGE_BYTES_MAX || self.found.len() >= PASSAGES_MAX {
            return;
        }
        let Some(left) = self.left(&place, element) else {
            return;
        };
        let around =
            std::iter::once(element).chain(element.ancestors().filter_map(ElementRef::wrap));
        let marked = around
            .take(UP_MAX)
            .find_map(|e| e.value().attr("data-tl-number"));
        self.found.push(Passage {
            text,
            place,
            element: named(element),
            left,
            marked: marked.map(str::to_owned),
        });
    }

    /// Why a place is left alone, as the snippet decides it; `None` for what nobody sees.
    fn left(&self, place: &Place, element: ElementRef<'a>) -> Option<Option<LeftAlone>> {
        if *place == Place::JsonLd {
            return Some(None);
        }
        let mut inside = self.everywhere;
        let around =
            std::iter::once(element).chain(element.ancestors().filter_map(ElementRef::wrap));
        for (up, e) in around.take(UP_MAX).enumerate() {
            let value = e.value();
            let editable = value
                .attr("contenteditable")
                .is_some_and(|v| !v.starts_with('f'));
            let reason = match value.name() {
                "head" | "script" | "style" | "template" | "noscript" => return None,
                "input" | "textarea" => Some(LeftAlone::Field),
                "code" | "pre" => Some(LeftAlone::Code),
                _ if editable => Some(LeftAlone::Editable),
                _ if value.attr("data-tl-skip").is_some() => Some(LeftAlone::Skipped),
                _ if self.excluded.iter().any(|s| s.matches(&e)) => Some(LeftAlone::Excluded),
                _ => None,
            };
            if reason.is_some() {
                return Some(reason);
            }
            inside = inside || self.within.iter().any(|s| s.matches(&e));
            if up + 1 == UP_MAX {
                break;
            }
        }
        Some(if inside {
            None
        } else {
            Some(LeftAlone::Outside)
        })
    }
}

/// An element for a person: itself and what it stands in, by id or class.
fn named(element: ElementRef<'_>) -> String {
    let around = std::iter::once(element).chain(element.ancestors().filter_map(ElementRef::wrap));
    let name = |e: ElementRef<'_>| {
        let value = e.value();
        let mark = value.id().map(|id| format!("#{id}"));
        let mark = mark.or_else(|| value.classes().next().map(|class| format!(".{class}")));
        format!("{}{}", value.name(), mark.unwrap_or_default())
    };
    let mut names: Vec<String> = around
        .filter(|e| !matches!(e.value().name(), "html" | "body"))
        .take(NAMED_MAX)
        .map(name)
        .collect();
    names.reverse();
    names.join(" > ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str, request: &PageRequest) -> Vec<(String, Option<LeftAlone>)> {
        let found = passages(html, request);
        found
            .into_iter()
            .map(|p| (p.text.trim().to_owned(), p.left))
            .collect()
    }

    #[test]
    fn texts_are_read_as_the_snippet_reads_them() {
        let html = r#"<head><title>214-555-0100</title></head><p>Call <b>(214)</b> 555-0100</p><p>or 214.555.0100</p>
            <a href="tel:+12145550100" title="214 555 0100">x</a><a href="/2145550100">y</a>
            <input value="2145550101"><textarea>2145550102</textarea><code>2145550103</code>
            <div contenteditable><i>2145550104</i></div><p data-tl-skip>2145550105</p><script>2145550106</script>
            <p class="fax"><b>2145550107</b></p>
            <script type="application/ld+json">{"name": "2145550108", "x": [{"telephone": "+1 214 555 0100"}]}</script>"#;
        let request = PageRequest {
            excluded: vec![".fax".to_owned()],
            ..PageRequest::default()
        };
        let expected = [
            ("Call (214) 555-0100", None),
            ("or 214.555.0100", None),
            ("tel:+12145550100", None),
            ("214 555 0100", None),
            ("2145550101", Some(LeftAlone::Field)),
            ("2145550102", Some(LeftAlone::Field)),
            ("2145550103", Some(LeftAlone::Code)),
            ("2145550104", Some(LeftAlone::Editable)),
            ("2145550105", Some(LeftAlone::Skipped)),
            ("2145550107", Some(LeftAlone::Excluded)),
            ("+1 214 555 0100", None),
        ];
        let mut found = read(html, &request);
        let mut expected: Vec<_> = expected.map(|(t, l)| (t.to_owned(), l)).to_vec();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn with_selectors_everything_else_is_outside() {
        let request = PageRequest {
            within: vec![".phone".to_owned()],
            ..PageRequest::default()
        };
        let found = read("<p>2145550100</p><p class=phone>2145550101</p>", &request);
        assert_eq!(
            found,
            [
                ("2145550100".to_owned(), Some(LeftAlone::Outside)),
                ("2145550101".to_owned(), None)
            ]
        );
    }

    #[test]
    fn a_hostile_page_is_read_in_bounded_work() {
        let deep = "<b>".repeat(100_000) + "2145550100";
        assert!(passages(&deep, &PageRequest::default()).len() <= 1);
        let many = "<p>2145550100".repeat(50_000);
        assert_eq!(passages(&many, &PageRequest::default()).len(), PASSAGES_MAX);
    }
}
