//! XML: what answers bring, and what bodies are made of.
//!
//! Read are elements, attributes, text, CDATA, comments and processing instructions (the last two are passed over), the
//! five entities that XML has by itself, and numeric ones. A document type is refused: there are no entities to expand
//! and nothing to fetch. Reading is bounded in depth; whoever reads bounds the bytes.

use super::json::NESTING_MAX;

/// An element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    /// With its prefix.
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
}

/// What is in an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

/// A name without its prefix.
pub(super) fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

impl Element {
    /// Reads a whole document.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow "the answer".
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut reader = Reader {
            text: text.strip_prefix('\u{feff}').unwrap_or(text),
            at: 0,
            open: Vec::new(),
            root: None,
        };
        while reader.at < reader.text.len() {
            reader.next()?;
        }
        if let Some(open) = reader.open.last() {
            let name = &open.name;
            return Err(reader.wrong(&format!("breaks off inside <{name}>")));
        }
        let none = reader.wrong("has no element");
        reader.root.ok_or(none)
    }

    /// All text in it, one after the other.
    pub(super) fn text(&self) -> String {
        let mut all = String::new();
        self.add_text(&mut all);
        all
    }

    fn add_text(&self, to: &mut String) {
        for child in &self.children {
            match child {
                Node::Text(text) => to.push_str(text),
                Node::Element(element) => element.add_text(to),
            }
        }
    }

    /// The elements in it.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// An attribute, whatever its prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut own = self.attributes.iter();
        own.find(|(own, _)| local(own) == name)
            .map(|(_, value)| value.as_str())
    }

    /// Writes it, with the values of attributes and the texts as they are told.
    pub(super) fn write(&self, to: &mut String) {
        to.push('<');
        to.push_str(&self.name);
        for (name, value) in &self.attributes {
            to.push(' ');
            to.push_str(name);
            to.push_str("=\"");
            escape(value, to);
            to.push('"');
        }
        if self.children.is_empty() {
            to.push_str("/>");
            return;
        }
        to.push('>');
        for child in &self.children {
            match child {
                Node::Text(text) => escape(text, to),
                Node::Element(element) => element.write(to),
            }
        }
        to.push_str("</");
        to.push_str(&self.name);
        to.push('>');
    }
}

/// Whether XML 1.0 has this character at all, section 2.2.
const fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Writes a text so that it is the same in an element and in an attribute. What XML cannot hold is left out.
pub(super) fn escape(text: &str, to: &mut String) {
    for c in text.chars().filter(|c| is_char(*c)) {
        match c {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            '\'' => to.push_str("&apos;"),
            '\t' => to.push_str("&#9;"),
            '\n' => to.push_str("&#10;"),
            '\r' => to.push_str("&#13;"),
            c => to.push(c),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Element>,
    root: Option<Element>,
}

impl<'a> Reader<'a> {
    fn wrong(&self, what: &str) -> String {
        format!("is no XML: it {what}, at byte {}", self.at)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Passes over what begins with `start`, and tells what is inside.
    fn between(&mut self, start: &str, end: &str) -> Result<Option<&'a str>, String> {
        let Some(rest) = self.rest().strip_prefix(start) else {
            return Ok(None);
        };
        let Some(length) = rest.find(end) else {
            return Err(self.wrong(&format!("has {start} without {end}")));
        };
        self.at += start.len() + length + end.len();
        Ok(Some(&rest[..length]))
    }

    fn next(&mut self) -> Result<(), String> {
        if !self.rest().starts_with('<') {
            let length = self.rest().find('<').unwrap_or(self.rest().len());
            let text = self.decode(&self.rest()[..length])?;
            self.at += length;
            return self.add_text(text);
        }
        if self.between("<?", "?>")?.is_some() || self.between("<!--", "-->")?.is_some() {
            return Ok(());
        }
        if let Some(text) = self.between("<![CDATA[", "]]>")? {
            return self.add_text(text.to_owned());
        }
        if self.rest().starts_with("<!") {
            return Err(self.wrong("has a document type, which is not read"));
        }
        match self.between("</", ">")? {
            Some(name) => self.close(name.trim_end()),
            None => self.tag(),
        }
    }

    fn add_text(&mut self, text: String) -> Result<(), String> {
        match self.open.last_mut() {
            Some(element) => match element.children.last_mut() {
                Some(Node::Text(before)) => before.push_str(&text),
                _ => element.children.push(Node::Text(text)),
            },
            None if text.trim().is_empty() => {}
            None => return Err(self.wrong("has text outside of its element")),
        }
        Ok(())
    }

    fn close(&mut self, name: &str) -> Result<(), String> {
        match self.open.pop() {
            Some(element) if element.name == name => self.done(element),
            Some(element) => {
                let open = &element.name;
                Err(self.wrong(&format!("closes <{open}> with another name")))
            }
            None => Err(self.wrong("closes what is not open")),
        }
    }

    fn done(&mut self, element: Element) -> Result<(), String> {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Node::Element(element)),
            None if self.root.is_some() => return Err(self.wrong("has more than one element")),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn name(&mut self) -> Result<&'a str, String> {
        let rest = self.rest();
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.');
        let length = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        let name = &rest[..length];
        if !name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == ':') {
            return Err(self.wrong("has no name where one is expected"));
        }
        self.at += length;
        Ok(name)
    }

    fn blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn takes(&mut self, what: &str) -> bool {
        let there = self.rest().starts_with(what);
        self.at += if there { what.len() } else { 0 };
        there
    }

    fn tag(&mut self) -> Result<(), String> {
        self.at += 1;
        if self.open.len() >= NESTING_MAX {
            return Err(self.wrong(&format!("is nested deeper than {NESTING_MAX}")));
        }
        let mut element = Element {
            name: self.name()?.to_owned(),
            attributes: Vec::new(),
            children: Vec::new(),
        };
        loop {
            self.blank();
            if self.takes("/>") {
                return self.done(element);
            }
            if self.takes(">") {
                self.open.push(element);
                return Ok(());
            }
            let name = self.name()?.to_owned();
            self.blank();
            if !self.takes("=") {
                return Err(self.wrong("has an attribute without a value"));
            }
            self.blank();
            let value = match self.between("\"", "\"")? {
                Some(value) => Some(value),
                None => self.between("'", "'")?,
            };
            let Some(value) = value else {
                return Err(self.wrong("has an attribute without quotes"));
            };
            if value.contains('<') {
                return Err(self.wrong("has < in an attribute"));
            }
            let value = self.decode(value)?;
            element.attributes.push((name, value));
        }
    }

    fn decode(&self, text: &str) -> Result<String, String> {
        let mut read = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('&') {
            read.push_str(&rest[..at]);
            let behind = &rest[at + 1..];
            let end = behind.find(';').filter(|end| *end <= 10);
            let Some(end) = end else {
                return Err(self.wrong("has & that begins nothing; it is written &amp;"));
            };
            let Some(c) = entity(&behind[..end]) else {
                return Err(self.wrong("has an entity that XML does not have"));
            };
            read.push(c);
            rest = &behind[end + 1..];
        }
        read.push_str(rest);
        Ok(read)
    }
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let (digits, radix) = match number.strip_prefix('x') {
                Some(digits) => (digits, 16),
                None => (number, 10),
            };
            let plain = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
            let code = u32::from_str_radix(digits, radix).ok().filter(|_| plain)?;
            char::from_u32(code).filter(|c| is_char(*c))
        }
    }
}
