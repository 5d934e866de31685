//! Screening: whether a call is let through, challenged or refused before anybody is rung, and why.
//!
//! [`screen`] asks in this order, and the first answer counts: the list of callers who are always let through, people the
//! account talked with before, the list of callers who are never, the policy for withheld numbers, and a score of signs
//! (`signs`) against the account's thresholds (`settings`). What is known late counts for the caller: no call is lost for
//! it. Numbers a caller shows can be forged, so being known counts for nothing when the carrier found the number forged.

mod lists;
mod recent;
mod settings;
mod signs;
#[cfg(test)]
mod tests;

pub use lists::{
    CallerLists, CallerPattern, ListEntry, ListKind, NOTE_MAX, PREFIX_DIGITS_MAX, ParsePatternError,
};
pub use recent::{CALLERS_MAX, CALLS_PER_CALLER_MAX, RecentCall, RecentCallers};
pub use settings::{
    AnonymousPolicy, CHALLENGE_TEXT_MAX, POINTS_MAX, RefusalPolicy, ScreeningSettings,
    SettingsFault,
};
pub use signs::{SHORT_TALK_MS, Sign, SignKind, Vouched};

use crate::base::id::NumberId;
use crate::base::{PhoneNumber, Timestamp, words};

/// Final status for a caller whom a person put on the block list: Unwanted (RFC 8197).
const UNWANTED: u16 = 607;
/// Final status when an analysis of the call decided: Rejected (RFC 8688).
const REJECTED: u16 = 608;
/// Final status for a withheld number: Anonymity Disallowed (RFC 5079).
const ANONYMITY_DISALLOWED: u16 = 433;
/// Final status that gives no reason: Decline (RFC 3261, section 21.6.2).
const DECLINE: u16 = 603;

/// Fewer points are not worth telling of a call that went on.
const TELLING_POINTS: u32 = 10;

/// Who calls, as far as the carrier tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// A phone number.
    Number(PhoneNumber),
    /// Digits that are no phone number.
    Invalid,
    /// Nothing, or a number that is withheld.
    Withheld,
}

/// What is known of a caller's earlier calls to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EarlierTalks {
    /// How many of them were answered.
    pub answered: u32,
    /// How many of those were over within [`SHORT_TALK_MS`].
    pub short: u32,
    /// When the last one came that was long enough, or that a person said the caller of.
    pub known_at: Option<Timestamp>,
}

/// Whether the earlier calls of a caller are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earlier {
    /// Nobody asked for them.
    NotAsked,
    /// They did not come in time.
    Late,
    /// They are these.
    Known(EarlierTalks),
}

/// What is known of a call that came.
#[derive(Debug, Clone, Copy)]
pub struct CallFacts<'a> {
    /// Who calls.
    pub caller: Caller,
    /// What the carrier vouches for.
    pub vouched: Vouched,
    /// The number that was dialled.
    pub number: NumberId,
    /// When it came.
    pub at: Timestamp,
    /// The caller's calls of the last hour before this one, in any order.
    pub recent: &'a [RecentCall],
    /// The caller's earlier calls.
    pub earlier: Earlier,
    /// Why no key can be asked for; `None` when one can be.
    pub unasked: Option<Unasked>,
}

/// What an account set up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScreeningRules {
    /// Its settings.
    pub settings: ScreeningSettings,
    /// Its lists.
    pub lists: CallerLists,
}

words! {
    /// Why no key can be asked for. Callers are let through then: nobody fails at a question they could not hear.
    Unasked {
        /// Whoever performs the call cannot.
        Unable = "unable",
        /// There is nobody to say the text.
        NoEngine = "no_engine",
        /// The text is not spoken yet, or its sound is gone.
        NotSpoken = "not_spoken",
    }
}

impl Unasked {
    /// The reason, as what stands behind a `because`.
    #[must_use]
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Unable => "the call's carrier cannot ask for keys",
            Self::NoEngine => "there is no speech engine to say it",
            Self::NotSpoken => "its text is not spoken yet",
        }
    }
}

words! {
    /// What decided about a call.
    ScreeningRule {
        /// Screening is off.
        Off = "off",
        /// The caller is always let through.
        AllowList = "allow_list",
        /// The account talked with the caller before.
        KnownCaller = "known_caller",
        /// The caller is never let through.
        BlockList = "block_list",
        /// The caller withholds their number.
        Anonymous = "anonymous",
        /// The points of the signs.
        Score = "score",
        /// What had to be known came too late.
        Late = "late",
        /// A key had to be pressed, and could not be asked for.
        Unasked = "unasked",
    }
}

/// What is done with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScreeningVerdict {
    /// It goes on.
    Pass,
    /// It goes on when the caller presses this digit.
    Challenge {
        /// The digit.
        digit: char,
    },
    /// It is refused.
    Block {
        /// Final SIP status.
        status: u16,
    },
}

impl ScreeningVerdict {
    /// The stored and shown word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Challenge { .. } => "challenge",
            Self::Block { .. } => "block",
        }
    }
}

/// What was decided about a call, and what from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screening {
    /// What is done.
    pub verdict: ScreeningVerdict,
    /// What decided.
    pub rule: ScreeningRule,
    /// The points of all signs, at least 0; 0 where no score was asked for.
    pub score: u32,
    /// The threshold that the score reached.
    pub threshold: Option<u32>,
    /// The signs that were found.
    pub signs: Vec<Sign>,
    /// Why, as a sentence without its full stop.
    pub why: String,
}

impl Screening {
    fn new(verdict: ScreeningVerdict, rule: ScreeningRule, why: impl Into<String>) -> Self {
        Self {
            verdict,
            rule,
            score: 0,
            threshold: None,
            signs: Vec::new(),
            why: why.into(),
        }
    }

    fn pass(rule: ScreeningRule, why: impl Into<String>) -> Self {
        Self::new(ScreeningVerdict::Pass, rule, why)
    }

    /// The same call let through, because the key it needs cannot be asked for.
    fn let_through(self, why: &str, unasked: Unasked) -> Self {
        let why = format!(
            "{why}; it could not be asked for, because {}, and the call was let through",
            unasked.phrase()
        );
        Self {
            verdict: ScreeningVerdict::Pass,
            rule: ScreeningRule::Unasked,
            why,
            ..self
        }
    }

    /// Whether there is anything to tell of it later.
    #[must_use]
    pub fn is_telling(&self) -> bool {
        let plain = matches!(self.rule, ScreeningRule::Off | ScreeningRule::Score);
        !plain || self.verdict != ScreeningVerdict::Pass || self.score >= TELLING_POINTS
    }

    /// Whether the call is refused.
    #[must_use]
    pub const fn blocks(&self) -> bool {
        matches!(self.verdict, ScreeningVerdict::Block { .. })
    }
}

/// Decides about a call. `chance` draws the digit of a challenge.
#[must_use]
pub fn screen(rules: &ScreeningRules, facts: &CallFacts<'_>, chance: u64) -> Screening {
    let settings = &rules.settings;
    if !settings.on {
        return Screening::pass(ScreeningRule::Off, "Screening is off");
    }
    if let Caller::Number(caller) = facts.caller {
        if rules
            .lists
            .find(ListKind::Allow, caller, facts.at)
            .is_some()
        {
            let why = "On the list of callers who are always let through";
            return Screening::pass(ScreeningRule::AllowList, why);
        }
        let blocked = rules.lists.find(ListKind::Block, caller, facts.at);
        if is_known(facts, blocked) {
            let seconds = settings.known_talk_s;
            let why = format!(
                "Called before and talked for {seconds} s or longer, or somebody said who it was"
            );
            return Screening::pass(ScreeningRule::KnownCaller, why);
        }
        if let Some(entry) = blocked {
            // Who uses somebody's number is not known by that person's talks, late or not.
            let could_be_known =
                !entry.pattern.is_whole_number() && facts.vouched != Vouched::Forged;
            if could_be_known && facts.earlier == Earlier::Late {
                return late();
            }
            return block_listed(entry, settings.refusal);
        }
    }
    if facts.caller == Caller::Withheld
        && let Some(decided) = anonymous(settings, facts, chance)
    {
        return decided;
    }
    by_score(settings, facts, chance)
}

/// Whether the caller's earlier calls can change what is decided; otherwise nobody need ask for them.
#[must_use]
pub fn asks_for_earlier(rules: &ScreeningRules, facts: &CallFacts<'_>) -> bool {
    let Caller::Number(caller) = facts.caller else {
        return false;
    };
    let settings = &rules.settings;
    if !settings.on
        || rules
            .lists
            .find(ListKind::Allow, caller, facts.at)
            .is_some()
    {
        return false;
    }
    if let Some(entry) = rules.lists.find(ListKind::Block, caller, facts.at) {
        return !entry.pattern.is_whole_number() && facts.vouched != Vouched::Forged;
    }
    let signs = signs::found(settings, facts);
    let could_be = signs::total(&signs) + signs::SHORT_TALKS_POINTS.unsigned_abs();
    settings.lowest_threshold().is_some_and(|at| could_be >= at)
}

/// Whether the account knows the caller. Whoever blocks one number knows whom they block, so only talks after that count.
fn is_known(facts: &CallFacts<'_>, blocked: Option<&ListEntry>) -> bool {
    let Earlier::Known(EarlierTalks {
        known_at: Some(known_at),
        ..
    }) = facts.earlier
    else {
        return false;
    };
    let since = blocked
        .filter(|entry| entry.pattern.is_whole_number())
        .map(|entry| entry.added_at);
    facts.vouched != Vouched::Forged && since.is_none_or(|since| known_at > since)
}

fn block_listed(entry: &ListEntry, refusal: RefusalPolicy) -> Screening {
    let mut why = if entry.pattern.is_whole_number() {
        "On the block list".to_owned()
    } else {
        format!("On the block list as {}", entry.pattern)
    };
    if !entry.note.is_empty() {
        why = format!("{why}: {}", entry.note);
    }
    let status = refusal.status(UNWANTED);
    Screening::new(
        ScreeningVerdict::Block { status },
        ScreeningRule::BlockList,
        why,
    )
}

fn late() -> Screening {
    let why = "The caller's earlier calls were not known in time, so the call was let through";
    Screening::pass(ScreeningRule::Late, why)
}

/// What the policy for withheld numbers says; `None`: they are scored like others.
fn anonymous(
    settings: &ScreeningSettings,
    facts: &CallFacts<'_>,
    chance: u64,
) -> Option<Screening> {
    let rule = ScreeningRule::Anonymous;
    match settings.anonymous {
        AnonymousPolicy::Challenge => {
            let why = "Withholds the number, so a key had to be pressed";
            let Some(unasked) = facts.unasked else {
                return Some(Screening::new(challenge(chance), rule, why));
            };
            // Points may speak against the caller all the same.
            let scored = by_score(settings, facts, chance);
            Some(match scored.verdict {
                ScreeningVerdict::Block { .. } => scored,
                _ => scored.let_through(why, unasked),
            })
        }
        AnonymousPolicy::Pass => None,
        AnonymousPolicy::Block => {
            let status = settings.refusal.status(ANONYMITY_DISALLOWED);
            let why = "Withholds the number, and the account takes no such calls";
            Some(Screening::new(
                ScreeningVerdict::Block { status },
                rule,
                why,
            ))
        }
    }
}

fn by_score(settings: &ScreeningSettings, facts: &CallFacts<'_>, chance: u64) -> Screening {
    let signs = signs::found(settings, facts);
    let score = signs::total(&signs);
    let reached = |at: Option<u32>| at.filter(|at| score >= *at);
    let (verdict, threshold) = match (reached(settings.block_at), reached(settings.challenge_at)) {
        (Some(at), _) => {
            let status = settings.refusal.status(DECLINE);
            (ScreeningVerdict::Block { status }, Some(at))
        }
        (None, Some(at)) => (challenge(chance), Some(at)),
        (None, None) => (ScreeningVerdict::Pass, None),
    };
    if threshold.is_some() && facts.earlier == Earlier::Late {
        return late();
    }
    let why = match (verdict, threshold) {
        (ScreeningVerdict::Block { .. }, Some(at)) => {
            format!("{score} points, refused from {at} points on")
        }
        (_, Some(at)) => format!("{score} points, so a key had to be pressed (from {at} on)"),
        (_, None) => format!("{score} points, below every threshold"),
    };
    let screening = Screening {
        score,
        threshold,
        signs,
        ..Screening::new(verdict, ScreeningRule::Score, why)
    };
    match (verdict, facts.unasked) {
        (ScreeningVerdict::Challenge { .. }, Some(unasked)) => {
            let why = screening.why.clone();
            screening.let_through(&why, unasked)
        }
        _ => screening,
    }
}

fn challenge(chance: u64) -> ScreeningVerdict {
    let drawn = u32::try_from(chance % 10).ok();
    let digit = drawn.and_then(|d| char::from_digit(d, 10)).unwrap_or('0');
    ScreeningVerdict::Challenge { digit }
}

impl RefusalPolicy {
    /// The status of a refusal whose reason has this one.
    const fn status(self, of_the_reason: u16) -> u16 {
        match self {
            Self::ByReason => of_the_reason,
            Self::Rejected => REJECTED,
            Self::Decline => DECLINE,
        }
    }
}
