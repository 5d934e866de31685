//! The interpreter's part for nodes that ask the caller something.

use super::action::{FlowAction, Gather};
use super::document::{Node, Way};
use super::interpreter::{Next, Walk};
use super::nodes::{ChallengeNode, NodeKind};
use super::prelude::challenge_spoken;
use super::prompt::Prompt;
use super::state::Doing;

/// How often the digit of a challenge is asked for.
const CHALLENGE_TRIES: u32 = 2;
/// Wait for the digit of a challenge, in milliseconds.
const CHALLENGE_TIMEOUT_MS: u32 = 8_000;
/// Wait for the answer to a question of a survey, in milliseconds.
const SURVEY_TIMEOUT_MS: u32 = 8_000;
/// Wait between two digits where a node does not say, in milliseconds.
const BETWEEN_MS: u32 = 3_000;
/// Digits of a ZIP code.
const ZIP_DIGITS: u32 = 5;
/// The lowest and the highest ZIP code in use.
const ZIPS: std::ops::RangeInclusive<u32> = 501..=99_950;
/// The tag of a ZIP code.
const ZIP_TAG: &str = "zip";

/// What an answer is worth.
enum Answer<'a> {
    /// It decides: on over this way, or the end.
    Way(Option<Way<'a>>),
    /// The next question.
    NextQuestion,
    /// None; after the last try this outcome.
    Again(&'static str),
}

impl<'a> Walk<'a> {
    /// Asks for the first time.
    pub(super) fn ask_first(&mut self, node: &'a Node) -> Next<'a> {
        let tries = match &node.kind {
            NodeKind::Menu(menu) => menu.tries,
            NodeKind::Gather(gather) => gather.tries,
            NodeKind::CollectZip(zip) => zip.tries,
            NodeKind::Challenge(_) => CHALLENGE_TRIES,
            _ => 1,
        };
        self.ask(node, tries.saturating_sub(1), 0)
    }

    fn ask(&mut self, node: &'a Node, tries_left: u32, question: usize) -> Next<'a> {
        let Some(gather) = self.question(node, question) else {
            return Next::Node(node.way("done"));
        };
        let action = self.next_action(Doing::Gathering {
            tries_left,
            question,
        });
        self.actions
            .push(FlowAction::Gather(Gather { action, ..gather }));
        Next::Event
    }

    /// What is asked; `None` after the last question of a survey.
    fn question(&self, node: &Node, question: usize) -> Option<Gather> {
        let one_digit = Gather {
            action: 0,
            prompt: None,
            digits_min: 1,
            digits_max: 1,
            terminator: None,
            timeout_ms: CHALLENGE_TIMEOUT_MS,
            between_ms: BETWEEN_MS,
            barge_in: true,
        };
        match &node.kind {
            NodeKind::Menu(menu) => Some(Gather {
                prompt: Prompt::of(menu.prompt, menu.text.as_ref()),
                timeout_ms: menu.timeout_s.saturating_mul(1_000),
                barge_in: menu.barge_in,
                ..one_digit
            }),
            NodeKind::Gather(gather) => Some(Gather {
                prompt: Prompt::of(gather.prompt, gather.text.as_ref()),
                digits_min: gather.digits_min,
                digits_max: gather.digits_max,
                terminator: gather.terminator,
                timeout_ms: gather.timeout_s.saturating_mul(1_000),
                between_ms: gather.between_s.saturating_mul(1_000),
                ..one_digit
            }),
            NodeKind::CollectZip(zip) => Some(Gather {
                prompt: Prompt::of(zip.prompt, zip.text.as_ref()),
                digits_min: ZIP_DIGITS,
                digits_max: ZIP_DIGITS,
                timeout_ms: zip.timeout_s.saturating_mul(1_000),
                between_ms: zip.between_s.saturating_mul(1_000),
                ..one_digit
            }),
            NodeKind::Survey(survey) => {
                let question = survey.questions.get(question)?;
                Some(Gather {
                    prompt: Prompt::of(question.prompt, question.text.as_ref()),
                    digits_max: question.digits,
                    timeout_ms: SURVEY_TIMEOUT_MS,
                    ..one_digit
                })
            }
            NodeKind::Challenge(challenge) => {
                let digit = self.challenge_digit(challenge);
                let text = challenge.text.as_ref();
                let text = text.map(|text| challenge_spoken(text, digit).text);
                Some(Gather {
                    prompt: Prompt::of(challenge.prompt, text.as_ref()),
                    ..one_digit
                })
            }
            _ => None,
        }
    }

    fn challenge_digit(&self, challenge: &ChallengeNode) -> char {
        challenge.digit.unwrap_or_else(|| {
            let drawn = self.facts.draw(&self.state.node, 10);
            u32::try_from(drawn)
                .ok()
                .and_then(|d| char::from_digit(d, 10))
                .unwrap_or('0')
        })
    }

    /// The caller answered, or did not.
    pub(super) fn answered(&mut self, node: &'a Node, digits: &str) -> Option<Next<'a>> {
        let Doing::Gathering {
            tries_left,
            question,
        } = self.state.doing
        else {
            return None;
        };
        Some(match self.judge(node, question, digits) {
            Answer::Way(way) => Next::Node(way),
            Answer::NextQuestion => self.ask(node, 0, question + 1),
            Answer::Again(_) if tries_left > 0 => self.ask(node, tries_left - 1, question),
            Answer::Again(outcome) => Next::Node(node.way(outcome)),
        })
    }

    fn judge(&mut self, node: &'a Node, question: usize, digits: &str) -> Answer<'a> {
        let key = |c: &char| c.is_ascii_digit() || matches!(c, '*' | '#');
        let longest = self.question(node, question).map_or(0, |g| g.digits_max);
        let longest = usize::try_from(longest).unwrap_or(usize::MAX);
        let digits: String = digits.chars().filter(key).take(longest).collect();
        let count = u32::try_from(digits.len()).unwrap_or(u32::MAX);
        let missing = if digits.is_empty() {
            "timeout"
        } else {
            "invalid"
        };
        match &node.kind {
            NodeKind::Menu(menu) => match menu.choices.get(&digits) {
                Some(to) => Answer::Way(Some(Way {
                    to,
                    name: format!("choice:{digits}"),
                })),
                None => Answer::Again(missing),
            },
            NodeKind::Gather(gather) => {
                if digits.is_empty() || count < gather.digits_min {
                    return Answer::Again(missing);
                }
                self.tag(&gather.tag, &digits);
                Answer::Way(node.way("collected"))
            }
            NodeKind::CollectZip(_) => {
                let zip = digits.parse().ok().filter(|_| count == ZIP_DIGITS);
                if !zip.is_some_and(|zip| ZIPS.contains(&zip)) {
                    return Answer::Again(missing);
                }
                self.tag(ZIP_TAG, &digits);
                Answer::Way(node.way("collected"))
            }
            NodeKind::Survey(survey) => {
                let tag = survey.questions.get(question).map(|q| q.tag.as_str());
                if let Some(tag) = tag.filter(|_| !digits.is_empty()) {
                    self.tag(tag, &digits);
                }
                Answer::NextQuestion
            }
            NodeKind::Challenge(challenge) => {
                let digit = self.challenge_digit(challenge);
                if digits.starts_with(digit) {
                    Answer::Way(node.way("passed"))
                } else {
                    Answer::Again("failed")
                }
            }
            _ => Answer::Way(None),
        }
    }
}
