//! The addresses we give to carriers. Each carries a mark that only we can make, so that a request which was signed for
//! one of them says nothing to another, whatever the carrier signs.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{CallId, PromptId, TrunkId};

/// Where a destination stands while it is screened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It picked up.
    PickedUp,
    /// Whether it is a machine was waited for so often.
    Waited(u32),
    /// The key was asked for so often.
    Asked(u32),
    /// It has heard the whisper.
    Heard,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PickedUp => f.write_str("picked-up"),
            Self::Waited(times) => write!(f, "waited-{times}"),
            Self::Asked(times) => write!(f, "asked-{times}"),
            Self::Heard => f.write_str("heard"),
        }
    }
}

impl FromStr for Stage {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let times = |text: &str| text.parse().map_err(|_| ());
        match text.split_once('-') {
            None if text == "heard" => Ok(Self::Heard),
            Some(("picked", "up")) => Ok(Self::PickedUp),
            Some(("waited", count)) => Ok(Self::Waited(times(count)?)),
            Some(("asked", count)) => Ok(Self::Asked(times(count)?)),
            _ => Err(()),
        }
    }
}

/// The addresses of one trunk.
#[derive(Debug)]
pub(super) struct Addresses<'a> {
    public_url: &'a str,
    trunk: TrunkId,
    key: &'a hmac::Key,
}

impl<'a> Addresses<'a> {
    pub(super) const fn new(public_url: &'a str, trunk: TrunkId, key: &'a hmac::Key) -> Self {
        Self {
            public_url,
            trunk,
            key,
        }
    }

    /// What comes after an action.
    pub(super) fn step(&self, call: CallId, step: u32) -> String {
        self.marked(&format!("step/{call}/{step}"))
    }

    /// What a destination hears that picked up.
    pub(super) fn whisper(&self, call: CallId, attempt: u32, stage: Stage) -> String {
        self.marked(&format!("whisper/{call}/{attempt}/{stage}"))
    }

    /// Where a leg stands.
    pub(super) fn leg(&self, call: CallId, attempt: u32) -> String {
        self.marked(&format!("leg/{call}/{attempt}"))
    }

    /// Whether a machine picked up.
    pub(super) fn machine(&self, call: CallId, attempt: u32) -> String {
        self.marked(&format!("machine/{call}/{attempt}"))
    }

    /// Where the carrier tells of a recording.
    pub(super) fn recording(&self, call: CallId) -> String {
        self.marked(&format!("recording/{call}"))
    }

    /// A sound, until then.
    pub(super) fn sound(&self, call: CallId, prompt: PromptId, until: Timestamp) -> String {
        self.marked(&format!("sound/{call}/{prompt}/{}", until.as_millis()))
    }

    fn marked(&self, what: &str) -> String {
        let path = format!("/voice/twilio/{}/{what}", self.trunk);
        let mark = mark(self.key, &path);
        format!("{}{path}?k={mark}", self.public_url)
    }
}

fn message(path: &str) -> Vec<u8> {
    [b"voice\0", path.as_bytes()].concat()
}

fn mark(key: &hmac::Key, path: &str) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(key, &message(path)))
}

/// Whether a path carries our mark.
pub(super) fn is_ours(key: &hmac::Key, path: &str, query: Option<&str>) -> bool {
    let pairs = query.into_iter().flat_map(|query| query.split('&'));
    let mut marks = pairs.filter_map(|pair| pair.strip_prefix("k="));
    let mark = marks.next().and_then(|k| URL_SAFE_NO_PAD.decode(k).ok());
    mark.is_some_and(|mark| hmac::verify(key, &message(path), &mark).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_ours_only_as_we_gave_it() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let addresses = Addresses::new("https://x.example/a", TrunkId::from_raw(5), &key);
        let given = addresses.step(CallId::from_raw(9), 3);
        let path = given.strip_prefix("https://x.example/a").expect("ours");
        let (path, query) = path.split_once('?').expect("a mark");
        assert!(is_ours(&key, path, Some(query)));
        assert!(!is_ours(&key, &path.replace("/3", "/4"), Some(query)));
        assert!(!is_ours(&key, path, None));
        assert!(!is_ours(&key, path, Some("k=")));
        let other = hmac::Key::new(hmac::HMAC_SHA256, &[8; 32]);
        assert!(!is_ours(&other, path, Some(query)));
    }

    #[test]
    fn stages_are_read_as_they_are_written() {
        for stage in [
            Stage::PickedUp,
            Stage::Waited(3),
            Stage::Asked(1),
            Stage::Heard,
        ] {
            assert_eq!(stage.to_string().parse(), Ok(stage));
        }
        for bad in ["", "picked", "asked-", "asked-x", "heard-1"] {
            assert_eq!(bad.parse::<Stage>(), Err(()), "{bad}");
        }
    }
}
