//! What an account says about screening: thresholds, policies, and what they may be.

use crate::base::words;

/// Most points a threshold may be.
pub const POINTS_MAX: u32 = 500;
/// Longest text of a challenge, in characters.
pub const CHALLENGE_TEXT_MAX: usize = 300;

words! {
    /// What happens with callers who withhold their number.
    AnonymousPolicy {
        /// They are scored like others.
        Pass = "pass",
        /// They must press a key.
        Challenge = "challenge",
        /// They are refused.
        Block = "block",
    }
}

words! {
    /// The final SIP status of a refused call.
    RefusalPolicy {
        /// What the reason asks for: 607 for the block list, 433 for a withheld number, 603 for the score.
        ByReason = "by_reason",
        /// 608, as an analysis of calls answers (RFC 8688).
        Rejected = "rejected",
        /// 603, which gives no reason and which every carrier knows.
        Decline = "decline",
    }
}

/// Settings of one account. By default only callers who carry several strong signs at once are refused, and nobody has to
/// press a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreeningSettings {
    /// Whether calls are screened at all.
    pub on: bool,
    /// What happens with withheld numbers.
    pub anonymous: AnonymousPolicy,
    /// From how many seconds of talk on a caller is known.
    pub known_talk_s: u32,
    /// From how many points on a caller must press a key; `None`: nobody must.
    pub challenge_at: Option<u32>,
    /// From how many points on a call is refused; `None`: none is.
    pub block_at: Option<u32>,
    /// How many different numbers of the account a caller may dial within [`Self::numbers_minutes`] before it is a sign.
    pub numbers_max: u32,
    /// The minutes for [`Self::numbers_max`].
    pub numbers_minutes: u32,
    /// How many calls an hour are no sign yet.
    pub hourly_calls_max: u32,
    /// The final SIP status of a refused call.
    pub refusal: RefusalPolicy,
    /// What a challenged caller hears; `{digit}` stands for the digit.
    pub challenge_text: String,
}

impl Default for ScreeningSettings {
    fn default() -> Self {
        Self {
            on: true,
            anonymous: AnonymousPolicy::Pass,
            known_talk_s: 30,
            challenge_at: None,
            block_at: Some(100),
            numbers_max: 3,
            numbers_minutes: 10,
            hourly_calls_max: 10,
            refusal: RefusalPolicy::ByReason,
            challenge_text: "To be connected, please press {digit}.".to_owned(),
        }
    }
}

/// A setting that does not hold what it must.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SettingsFault {
    /// Which.
    pub field: &'static str,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl ScreeningSettings {
    /// Whether any caller may have to press a key.
    #[must_use]
    pub const fn challenges(&self) -> bool {
        self.on
            && (self.challenge_at.is_some() || matches!(self.anonymous, AnonymousPolicy::Challenge))
    }

    /// The lower of the two thresholds.
    pub(super) fn lowest_threshold(&self) -> Option<u32> {
        self.challenge_at.into_iter().chain(self.block_at).min()
    }

    /// Looks the settings through.
    ///
    /// # Errors
    /// The first field that does not hold what it must.
    pub fn check(&self) -> Result<(), SettingsFault> {
        let fault = |field, message: String| Err(SettingsFault { field, message });
        let limits = [
            ("known_talk_s", Some(self.known_talk_s), 1..=3_600),
            ("challenge_at", self.challenge_at, 1..=POINTS_MAX),
            ("block_at", self.block_at, 1..=POINTS_MAX),
            ("numbers_max", Some(self.numbers_max), 1..=50),
            ("numbers_minutes", Some(self.numbers_minutes), 1..=60),
            ("hourly_calls_max", Some(self.hourly_calls_max), 1..=60),
        ];
        for (field, value, fits) in limits {
            if value.is_some_and(|value| !fits.contains(&value)) {
                return fault(field, format!("write {} to {}", fits.start(), fits.end()));
            }
        }
        if let (Some(challenge), Some(block)) = (self.challenge_at, self.block_at)
            && challenge >= block
        {
            let message =
                format!("write less than the {block} points from which calls are refused");
            return fault("challenge_at", message);
        }
        let text = self.challenge_text.trim();
        if text.chars().count() > CHALLENGE_TEXT_MAX || text.chars().any(char::is_control) {
            let message = format!("write at most {CHALLENGE_TEXT_MAX} characters on one line");
            return fault("challenge_text", message);
        }
        if !text.contains(crate::call::flow::DIGIT_MARK) {
            let message =
                "write {digit} where the digit is to be said, as in `Please press {digit}.`";
            return fault("challenge_text", message.to_owned());
        }
        Ok(())
    }
}
