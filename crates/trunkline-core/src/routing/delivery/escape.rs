//! How a value is written where it stands, so that it stays a value.

/// In a path or a query of an address: everything but the unreserved characters of RFC 3986 in per cent.
pub(super) fn url(text: &str, to: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            to.push(char::from(byte));
        } else {
            percent(byte, to);
        }
    }
}

/// In a form: the same, with `+` for a blank.
pub(super) fn form(text: &str, to: &mut String) {
    let mut parts = text.split(' ');
    if let Some(first) = parts.next() {
        url(first, to);
    }
    for part in parts {
        to.push('+');
        url(part, to);
    }
}

/// In a header: visible ASCII and blanks as they are; line ends and other controls as a blank; the rest in per cent.
pub(super) fn header(text: &str, to: &mut String) {
    for c in text.chars() {
        match c {
            ' '..='~' => to.push(c),
            c if c.is_control() => to.push(' '),
            c => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    percent(byte, to);
                }
            }
        }
    }
}

/// In a text of one line, such as a subject: controls and line ends of every kind as a blank.
pub(super) fn line(text: &str, to: &mut String) {
    let blank = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    to.extend(text.chars().map(|c| if blank(c) { ' ' } else { c }));
}

fn percent(byte: u8, to: &mut String) {
    let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value)]);
    to.push('%');
    to.push(digit(byte >> 4));
    to.push(digit(byte & 15));
}
