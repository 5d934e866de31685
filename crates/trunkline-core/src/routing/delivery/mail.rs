//! Delivery by e-mail: subject and body with placeholders.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::document::{Problem, Problems};
use super::escape;
use super::pattern::{Lookup, MASK, Origin, Pattern};
use super::values::Values;

/// Most addresses of one document.
pub const MAIL_TO_MAX: usize = 10;
/// Longest address, in bytes, RFC 5321.
const ADDRESS_BYTES_MAX: usize = 254;
/// Longest subject, in characters.
const SUBJECT_MAX: usize = 200;
/// Longest body with placeholders, in bytes.
const BODY_BYTES_MAX: usize = 4 * 1024;

/// A delivery by e-mail, as people write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailDocument {
    /// To whom.
    pub to: Vec<String>,
    /// The subject, with placeholders.
    pub subject: String,
    /// The text, with placeholders.
    pub body: String,
}

/// The same made ready.
#[derive(Debug, Clone)]
pub struct Mail {
    to: Vec<String>,
    subject: Pattern,
    body: Pattern,
}

/// A message that is ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct PreparedMail {
    /// To whom.
    pub to: Vec<String>,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// The message as a log may show it.
    pub shown: String,
}

impl std::fmt::Debug for PreparedMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

impl MailDocument {
    /// Everything that keeps the document from being used.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        self.compile().err().unwrap_or_default()
    }

    /// Makes the document ready.
    ///
    /// # Errors
    /// With its problems, when it has any.
    pub fn compile(&self) -> Result<Mail, Vec<Problem>> {
        let mut found = Problems::default();
        if self.to.is_empty() || self.to.len() > MAIL_TO_MAX {
            found.add("to", format!("write 1 to {MAIL_TO_MAX} addresses"));
        }
        for (index, address) in self.to.iter().enumerate() {
            if !is_address(address) {
                let message = format!(
                    "`{address}` is no e-mail address; write one such as leads@example.com"
                );
                found.add(&format!("to[{index}]"), message);
            }
        }
        if self.subject.trim().is_empty() || self.subject.chars().count() > SUBJECT_MAX {
            found.add("subject", format!("write 1 to {SUBJECT_MAX} characters"));
        }
        if self.body.trim().is_empty() || self.body.len() > BODY_BYTES_MAX {
            found.add("body", format!("write 1 to {BODY_BYTES_MAX} bytes"));
        }
        let subject = pattern(&self.subject, "subject", &mut found);
        let body = pattern(&self.body, "body", &mut found);
        if !found.0.is_empty() {
            return Err(found.0);
        }
        Ok(Mail {
            to: self.to.clone(),
            subject,
            body,
        })
    }
}

fn pattern(text: &str, place: &str, found: &mut Problems) -> Pattern {
    let pattern = Pattern::parse(text).unwrap_or_else(|why| {
        found.add(place, why);
        Pattern::default()
    });
    for origin in pattern.holes().flat_map(|hole| &hole.origins) {
        if let Origin::Secret(_) | Origin::Setting(_) = origin {
            let name = origin.written();
            let message = format!("`{{{name}}}` is not there in an e-mail; leave it out");
            found.add(place, message);
        }
    }
    pattern
}

/// One address as it stands in an envelope: no name beside it, no quotes, no line end.
fn is_address(text: &str) -> bool {
    let Some((user, host)) = text.rsplit_once('@') else {
        return false;
    };
    let user_fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let host_fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let dots = |part: &str| !part.starts_with('.') && !part.ends_with('.') && !part.contains("..");
    text.len() <= ADDRESS_BYTES_MAX
        && (1..=64).contains(&user.len())
        && host.contains('.')
        && user.chars().all(user_fits)
        && host.chars().all(host_fits)
        && dots(user)
        && dots(host)
}

impl Mail {
    /// Makes the message.
    #[must_use]
    pub fn prepare(&self, values: &Values) -> PreparedMail {
        let none = BTreeMap::new();
        let lookup = Lookup {
            values,
            settings: &none,
            secrets: &none,
            identity: true,
            masked: false,
        };
        let write = |lookup: &Lookup<'_>| {
            let subject = self.subject.fill(lookup, escape::line).unwrap_or_default();
            (subject, self.body.plain(lookup).unwrap_or_default())
        };
        let (subject, body) = write(&lookup);
        let (shown_subject, shown_body) = write(&Lookup {
            masked: true,
            ..lookup
        });
        let to: Vec<&str> = self.to.iter().map(|_| MASK).collect();
        PreparedMail {
            to: self.to.clone(),
            subject,
            body,
            shown: format!(
                "to: {}\nsubject: {shown_subject}\n\n{shown_body}",
                to.join(", ")
            ),
        }
    }
}
