//! The names of digest algorithms: the stack writes and reads `SHA256` where the standard says `SHA-256` (RFC 8760), so
//! challenges are put into its words on the way in and answers into the standard's on the way out.
//!
//! Of several challenges (RFC 8760, 2.4: the best first) the stack looks at the first alone; those it cannot answer are
//! taken out, unless none would be left.

use rsipstack::sip::SipMessage;
use rsipstack::sip::headers::Header;
use rsipstack::transaction::endpoint::MessageInspector;
use rsipstack::transport::SipAddr;

/// What the standard and the stack call the same thing. SHA-512-256 is another one, which the stack cannot do.
const NAMES: [(&str, &str); 2] = [("SHA-256-sess", "SHA256-sess"), ("SHA-256", "SHA256")];
/// Algorithms the stack can answer, in its own words.
const ANSWERED: [&str; 2] = ["MD5", "SHA256"];

/// Translates between the two.
pub(super) struct Algorithms;

impl MessageInspector for Algorithms {
    fn before_send(&self, mut message: SipMessage, _to: Option<&SipAddr>) -> SipMessage {
        if let SipMessage::Request(request) = &mut message {
            for header in request.headers.iter_mut() {
                match header {
                    Header::Authorization(value) => value.0 = to_standard(&value.0),
                    Header::ProxyAuthorization(value) => value.0 = to_standard(&value.0),
                    _ => {}
                }
            }
        }
        message
    }

    fn after_received(&self, mut message: SipMessage, _from: Option<&SipAddr>) -> SipMessage {
        if let SipMessage::Response(response) = &mut message
            && matches!(response.status_code.code(), 401 | 407)
        {
            let headers = &mut response.headers;
            for header in headers.iter_mut() {
                match header {
                    Header::WwwAuthenticate(value) => value.0 = to_stack(&value.0),
                    Header::ProxyAuthenticate(value) => value.0 = to_stack(&value.0),
                    _ => {}
                }
            }
            let usable = |header: &Header| challenge(header).is_none_or(is_answered);
            if headers
                .iter()
                .any(|h| challenge(h).is_some_and(is_answered))
            {
                headers.retain(usable);
            }
        }
        message
    }
}

fn challenge(header: &Header) -> Option<&str> {
    match header {
        Header::WwwAuthenticate(value) => Some(&value.0),
        Header::ProxyAuthenticate(value) => Some(&value.0),
        _ => None,
    }
}

/// Whether the stack can answer a challenge that was put into its words. One without an algorithm means MD5.
fn is_answered(challenge: &str) -> bool {
    let named = algorithm(challenge).map_or("MD5", |(at, end)| &challenge[at..end]);
    ANSWERED
        .iter()
        .any(|answered| answered.eq_ignore_ascii_case(named))
}

fn to_standard(value: &str) -> String {
    renamed(value, |(standard, stack)| (stack, standard))
}

fn to_stack(value: &str) -> String {
    renamed(value, |names| names)
}

/// The value with its algorithm called by its other name.
fn renamed<'n>(value: &str, pair: impl Fn((&'n str, &'n str)) -> (&'n str, &'n str)) -> String {
    let Some((at, end)) = algorithm(value) else {
        return value.to_owned();
    };
    let named = &value[at..end];
    let mut pairs = NAMES.into_iter().map(pair);
    match pairs.find(|(from, _)| named.eq_ignore_ascii_case(from)) {
        Some((_, to)) => format!("{}{to}{}", &value[..at], &value[end..]),
        None => value.to_owned(),
    }
}

/// Where the value of the parameter `algorithm` stands, without its quotes.
fn algorithm(value: &str) -> Option<(usize, usize)> {
    let lower = value.to_ascii_lowercase();
    let mut quoted = false;
    let starts = lower.char_indices().filter(|(at, c)| {
        quoted ^= *c == '"';
        !quoted && lower[*at..].starts_with("algorithm") && is_start(&lower[..*at])
    });
    for (at, _) in starts {
        let after = &lower[at + "algorithm".len()..];
        let Some(rest) = after.trim_start().strip_prefix('=') else {
            continue;
        };
        let text = rest.trim_start().trim_start_matches('"');
        let from = lower.len() - text.len();
        let length = text.find(['"', ',', ' ', '\t']).unwrap_or(text.len());
        return Some((from, from + length));
    }
    None
}

/// Whether a parameter may start here.
fn is_start(before: &str) -> bool {
    before.is_empty() || before.ends_with([',', ' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_are_called_by_the_name_that_is_understood() {
        for (standard, stack) in [
            (
                r#"Digest realm="a", algorithm=SHA-256, nonce="n""#,
                r#"Digest realm="a", algorithm=SHA256, nonce="n""#,
            ),
            (
                r#"Digest algorithm=SHA-256-sess,realm="a""#,
                r#"Digest algorithm=SHA256-sess,realm="a""#,
            ),
            (
                r#"Digest realm="algorithm=SHA-256", algorithm=MD5"#,
                r#"Digest realm="algorithm=SHA-256", algorithm=MD5"#,
            ),
            (r#"Digest realm="a""#, r#"Digest realm="a""#),
        ] {
            assert_eq!(to_stack(standard), stack);
            assert_eq!(to_standard(stack), standard);
        }
        let quoted = r#"Digest realm="a", Algorithm = "sha-256""#;
        assert_eq!(
            to_stack(quoted),
            r#"Digest realm="a", Algorithm = "SHA256""#
        );
    }

    #[test]
    fn only_challenges_that_can_be_answered_are_left() {
        for (challenge, answered) in [
            (r#"Digest realm="a""#, true),
            (r#"Digest realm="a", algorithm=md5"#, true),
            (r#"Digest realm="a", algorithm=SHA256"#, true),
            (r#"Digest realm="a", algorithm=SHA-512-256"#, false),
            (r#"Digest realm="a", algorithm=MD5-sess"#, false),
        ] {
            assert_eq!(is_answered(challenge), answered, "{challenge}");
        }
    }
}
