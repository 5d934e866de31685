//! XML, as much of it as partners send: elements, attributes, texts, CDATA, comments and the five entities. A document
//! type is refused before anything of it is read, so there are no entities of its own and nothing is fetched.

use super::{BodyError, DEPTH_MAX, Flat, below};

pub(super) fn read(body: &[u8], flat: &mut Flat) -> Result<(), BodyError> {
    let text = std::str::from_utf8(body).map_err(|_| wrong("it is not UTF-8"))?;
    let mut from = Reader {
        rest: text.strip_prefix('\u{feff}').unwrap_or(text),
        flat,
    };
    from.space_and_comments()?;
    if !from.rest.starts_with('<') {
        return Err(wrong("it does not begin with an element"));
    }
    from.element("", 0)?;
    from.space_and_comments()?;
    if from.rest.is_empty() {
        Ok(())
    } else {
        Err(wrong("something stands behind its outermost element"))
    }
}

fn wrong(why: &str) -> BodyError {
    BodyError::Malformed {
        what: "XML",
        why: why.to_owned(),
    }
}

struct Reader<'a> {
    rest: &'a str,
    flat: &'a mut Flat,
}

impl<'a> Reader<'a> {
    fn eat(&mut self, start: &str) -> bool {
        let rest = self.rest.strip_prefix(start);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn until(&mut self, end: &str) -> Result<&'a str, BodyError> {
        let (before, behind) = self
            .rest
            .split_once(end)
            .ok_or_else(|| wrong(&format!("`{end}` is missing")))?;
        self.rest = behind;
        Ok(before)
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    /// What may stand around the outermost element.
    fn space_and_comments(&mut self) -> Result<(), BodyError> {
        loop {
            self.space();
            if self.eat("<!--") {
                self.until("-->")?;
            } else if self.eat("<?") {
                let told = self.until("?>")?.to_ascii_lowercase();
                let named = told.split_once("encoding").map(|(_, named)| named);
                if named.is_some_and(|named| !named.contains("utf-8")) {
                    return Err(wrong("its encoding is not UTF-8; send UTF-8"));
                }
            } else if self.rest.starts_with("<!") {
                return Err(wrong("it has a document type; leave it out"));
            } else {
                return Ok(());
            }
        }
    }

    /// A name without what stands before its colon.
    fn name(&mut self) -> Result<(&'a str, &'a str), BodyError> {
        let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        let (whole, rest) = self.rest.split_at(end);
        self.rest = rest;
        let local = whole.rsplit(':').next().unwrap_or(whole);
        if local.is_empty() {
            return Err(wrong("an element or attribute has no name"));
        }
        Ok((whole, local))
    }

    /// An element; `name` is that of the one it lies in.
    fn element(&mut self, outer: &str, depth: usize) -> Result<(), BodyError> {
        if depth > DEPTH_MAX {
            return Err(BodyError::TooDeep);
        }
        self.eat("<");
        let (whole, local) = self.name()?;
        // The outermost element names nothing.
        let name = match depth {
            0 => String::new(),
            _ => below(outer, local)?,
        };
        loop {
            let before = self.rest.len();
            self.space();
            if self.eat("/>") {
                return self.value(&name, String::new(), false);
            }
            if self.eat(">") {
                break;
            }
            if self.rest.len() == before {
                return Err(wrong("a tag is not closed"));
            }
            self.attribute(&name)?;
        }
        self.content(whole, &name, depth)
    }

    fn attribute(&mut self, element: &str) -> Result<(), BodyError> {
        let (whole, local) = self.name()?;
        self.space();
        if !self.eat("=") {
            return Err(wrong("an attribute has no value"));
        }
        self.space();
        let quote = if self.eat("\"") {
            "\""
        } else if self.eat("'") {
            "'"
        } else {
            return Err(wrong("the value of an attribute has no quotes"));
        };
        let text = self.until(quote)?;
        if text.contains('<') {
            return Err(wrong("the value of an attribute has a `<`"));
        }
        // Names of name spaces are about the document, not about the lead.
        if whole == "xmlns" || whole.starts_with("xmlns:") || whole.starts_with("xsi:") {
            return Ok(());
        }
        let name = below(element, local)?;
        self.flat.add(&name, unescaped(text)?)
    }

    fn content(&mut self, whole: &str, name: &str, depth: usize) -> Result<(), BodyError> {
        let mut text = String::new();
        let mut has_elements = false;
        loop {
            let end = self
                .rest
                .find('<')
                .ok_or_else(|| wrong("an element is not closed"))?;
            let (plain, rest) = self.rest.split_at(end);
            text.push_str(&unescaped(plain)?);
            self.rest = rest;
            if self.eat("<!--") {
                self.until("-->")?;
            } else if self.eat("<![CDATA[") {
                text.push_str(self.until("]]>")?);
            } else if self.eat("</") {
                let (closed, _) = self.name()?;
                self.space();
                if closed != whole || !self.eat(">") {
                    return Err(wrong("an element is closed by another name"));
                }
                return self.value(name, text, has_elements);
            } else if self.rest.starts_with("<!") || self.rest.starts_with("<?") {
                return Err(wrong("it has a declaration inside; leave it out"));
            } else {
                has_elements = true;
                self.element(name, depth + 1)?;
            }
        }
    }

    fn value(&mut self, name: &str, text: String, has_elements: bool) -> Result<(), BodyError> {
        let blank = text.trim().is_empty();
        match (name.is_empty(), has_elements) {
            // Blanks between elements are the looks of the document.
            (_, true) | (true, false) if blank => Ok(()),
            (true, _) | (_, true) => Err(wrong("text stands beside elements")),
            (false, false) => self.flat.add(name, text),
        }
    }
}

/// A text without its entities.
fn unescaped(text: &str) -> Result<String, BodyError> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        plain.push_str(before);
        let (entity, behind) = behind
            .split_once(';')
            .ok_or_else(|| wrong("an entity has no `;`"))?;
        plain.push(letter(entity).ok_or_else(|| wrong("it has an entity that XML does not have"))?);
        rest = behind;
    }
    plain.push_str(rest);
    Ok(plain)
}

fn letter(entity: &str) -> Option<char> {
    let number = match entity {
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "amp" => return Some('&'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        other => other.strip_prefix('#')?,
    };
    let plain = |digits: &str| digits.bytes().all(|b| b.is_ascii_hexdigit());
    let code = match number.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16)
            .ok()
            .filter(|_| plain(digits))?,
        None => number.parse().ok().filter(|_| plain(number))?,
    };
    char::from_u32(code).filter(|c| *c != '\0')
}
