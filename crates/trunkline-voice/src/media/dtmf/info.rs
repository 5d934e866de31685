//! Keys in SIP INFO: `application/dtmf-relay`, as Cisco's gateways began it, and the shorter `application/dtmf`.
//!
//! Neither has an RFC. Both are read as generously as they are written: with or without spaces, in any case, the star
//! and the hash also as the event codes 10 and 11.

use super::KEYS;

/// Longest body that is read; a real one has some 26 bytes.
const BYTES_MAX: usize = 256;

/// The key an INFO tells of, if it does.
pub(crate) fn key(content_type: Option<&str>, body: &[u8]) -> Option<char> {
    let kind = content_type?.split(';').next()?.trim();
    if body.len() > BYTES_MAX {
        return None;
    }
    let text = std::str::from_utf8(body).ok()?;
    if kind.eq_ignore_ascii_case("application/dtmf-relay") {
        let signal = text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("signal").then_some(value)
        });
        named(signal?)
    } else if kind.eq_ignore_ascii_case("application/dtmf") {
        named(text)
    } else {
        None
    }
}

fn named(text: &str) -> Option<char> {
    match text.trim() {
        "10" => Some('*'),
        "11" => Some('#'),
        text => {
            let mut letters = text.chars();
            let key = letters.next().filter(|key| KEYS.contains(key));
            key.filter(|_| letters.next().is_none())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written_in_the_wild() {
        let relay = "application/dtmf-relay";
        let long = "Signal=5\r\n".repeat(40);
        let cases: [(&str, &str, Option<char>); 20] = [
            (relay, "Signal=5\r\nDuration=160\r\n", Some('5')),
            (relay, "Signal= 5\r\nDuration= 160", Some('5')),
            (relay, "Signal=#\nDuration=250\n", Some('#')),
            (relay, "\r\nDuration=250\r\nsignal = * \r\n", Some('*')),
            (relay, "Signal=10\r\n", Some('*')),
            (relay, "Signal=11\r\n", Some('#')),
            (
                "Application/DTMF-Relay; charset=utf-8",
                "Signal=0",
                Some('0'),
            ),
            ("application/dtmf", "7", Some('7')),
            ("application/dtmf", " #\r\n", Some('#')),
            (relay, "Signal=A\r\n", None),
            (relay, "Signal=16\r\n", None),
            (relay, "Signal=55\r\n", None),
            (relay, "Signal=\r\n", None),
            (relay, "Signal", None),
            (relay, "Duration=5\r\n", None),
            (relay, "", None),
            (relay, &long, None),
            ("application/dtmf", "Signal=5", None),
            ("application/sdp", "Signal=5", None),
            ("", "Signal=5", None),
        ];
        for (kind, body, wanted) in cases {
            assert_eq!(key(Some(kind), body.as_bytes()), wanted, "{kind}: {body:?}");
        }
        assert_eq!(key(None, b"Signal=5"), None);
        assert_eq!(key(Some(relay), b"Signal=\xff5"), None);
    }
}
