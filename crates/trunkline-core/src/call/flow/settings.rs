//! What may be wrong with the settings of one node, whatever stands around it.

use super::dial::{
    Accept, DESTINATIONS_MAX, DialDestination, Handover, RING_TIMEOUT_S_MAX, RING_TIMEOUT_S_MIN,
};
use super::document::DIGIT_MARK;
use super::nodes::{
    BETWEEN_S_MAX, BranchNode, DIGITS_MAX, GatherNode, MenuNode, NodeKind, SplitterNode,
    SurveyNode, TIMEOUT_S_MAX, TRIES_MAX, VOICEMAIL_S_MAX, VoicemailNode, WEBHOOK_MS_MAX,
};
use super::state::TAG_VALUE_MAX;
use super::validate::Found;
use super::when::{DEPTH_MAX, TESTS_MAX, Test};

/// Most arms of a splitter, and most cases of a branch.
const WAYS_MAX: usize = 30;
/// Most questions of a survey.
const QUESTIONS_MAX: usize = 10;
/// Longest address of a webhook, in bytes.
const URL_MAX: usize = 2_000;
/// Shortest and longest silence that ends a message, in seconds.
const SILENCE_S: std::ops::RangeInclusive<u32> = 2..=30;

/// The settings of a node by themselves.
pub(super) fn settings(found: &mut Found, name: &str, kind: &NodeKind) {
    match kind {
        NodeKind::Play(node) if node.prompt.is_none() => {
            found.problem(name, "plays nothing; choose a sound");
        }
        NodeKind::Play(_) | NodeKind::Say(_) | NodeKind::HangUp(_) => {}
        NodeKind::RecordingNotice(node) => {
            found.message(name, node.prompt, node.text.as_ref());
        }
        NodeKind::Menu(node) => menu(found, name, node),
        NodeKind::Gather(node) => gather(found, name, node),
        NodeKind::CollectZip(node) => {
            found.message(name, node.prompt, node.text.as_ref());
            found.range(name, "a wait of", node.timeout_s, 1..=TIMEOUT_S_MAX);
            found.range(name, "a wait of", node.between_s, 1..=BETWEEN_S_MAX);
            found.range(name, "a number of tries of", node.tries, 1..=TRIES_MAX);
        }
        NodeKind::Schedule(schedule) => {
            for problem in schedule.problems() {
                found.problem(name, problem);
            }
        }
        NodeKind::Branch(node) => branch(found, name, node),
        NodeKind::Splitter(node) => splitter(found, name, node),
        NodeKind::SetTag(node) => {
            found.tag(name, &node.name);
            if node.value.chars().count() > TAG_VALUE_MAX {
                let message =
                    format!("has a value that is too long; at most {TAG_VALUE_MAX} characters");
                found.problem(name, message);
            }
        }
        NodeKind::Dial(node) => {
            destinations(found, name, &node.destinations);
            handover(found, name, node.handover());
        }
        NodeKind::Route(node) => handover(found, name, node.handover()),
        NodeKind::Voicemail(node) => voicemail(found, name, node),
        NodeKind::Webhook(node) => {
            let plain = node.url.bytes().all(|b| b.is_ascii_graphic());
            let host = ["https://", "http://"]
                .iter()
                .find_map(|scheme| node.url.strip_prefix(scheme));
            let host = host.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
            if !host || !plain || node.url.len() > URL_MAX {
                found.problem(
                    name,
                    "asks no address; write one such as https://crm.example.com/calls",
                );
            }
            found.range(name, "a wait of", node.timeout_ms, 100..=WEBHOOK_MS_MAX);
        }
        NodeKind::Survey(node) => survey(found, name, node),
        NodeKind::Challenge(node) => {
            found.message(name, node.prompt, node.text.as_ref());
            if let Some(digit) = node.digit {
                key(found, name, digit);
            } else if node.prompt.is_some() {
                found.problem(
                    name,
                    "plays a sound that cannot name the digit; write the digit, or a text with {digit}",
                );
            } else if node.text.as_ref().is_some_and(|t| !t.contains(DIGIT_MARK)) {
                found.problem(name, "does not say which digit; write {digit} in the text");
            }
        }
        NodeKind::GoTo(node) => {
            if node.to.is_empty() {
                found.problem(name, "goes nowhere; write the name of a node");
            }
        }
    }
}

fn is_key(key: &str) -> bool {
    key.len() == 1
        && key
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'*' || b == b'#')
}

fn key(found: &mut Found, name: &str, digit: char) {
    if !is_key(digit.encode_utf8(&mut [0; 4])) {
        found.problem(
            name,
            format!("`{digit}` is no key; write one of 0 to 9, * or #"),
        );
    }
}

fn menu(found: &mut Found, name: &str, menu: &MenuNode) {
    found.message(name, menu.prompt, menu.text.as_ref());
    if menu.choices.is_empty() {
        found.problem(name, "has no choices; write where keys lead");
    }
    for choice in menu.choices.keys().filter(|choice| !is_key(choice)) {
        found.problem(
            name,
            format!("`{choice}` is no key; write one of 0 to 9, * or #"),
        );
    }
    found.range(name, "a wait of", menu.timeout_s, 1..=TIMEOUT_S_MAX);
    found.range(name, "a number of tries of", menu.tries, 1..=TRIES_MAX);
}

fn gather(found: &mut Found, name: &str, gather: &GatherNode) {
    found.message(name, gather.prompt, gather.text.as_ref());
    found.range(
        name,
        "a number of digits of",
        gather.digits_max,
        1..=DIGITS_MAX,
    );
    if gather.digits_min > gather.digits_max || gather.digits_min == 0 {
        let (least, most) = (gather.digits_min, gather.digits_max);
        found.problem(
            name,
            format!(
                "asks for {least} to {most} digits; write at least 1, and the smaller number first"
            ),
        );
    }
    if let Some(terminator) = gather.terminator.filter(|t| !matches!(t, '#' | '*')) {
        found.problem(name, format!("`{terminator}` ends no answer; write # or *"));
    }
    found.range(name, "a wait of", gather.timeout_s, 1..=TIMEOUT_S_MAX);
    found.range(name, "a wait of", gather.between_s, 1..=BETWEEN_S_MAX);
    found.range(name, "a number of tries of", gather.tries, 1..=TRIES_MAX);
    found.tag(name, &gather.tag);
}

fn branch(found: &mut Found, name: &str, branch: &BranchNode) {
    if branch.cases.is_empty() || branch.cases.len() > WAYS_MAX {
        let count = branch.cases.len();
        found.problem(name, format!("has {count} cases; write 1 to {WAYS_MAX}"));
    }
    for (place, case) in branch.cases.iter().enumerate() {
        let (mut count, mut deepest) = (0, 0);
        case.when.each(1, &mut |test, depth| {
            count += 1;
            deepest = deepest.max(depth);
            if let Test::Tag(tag) = test {
                found.tag(name, &tag.name);
            }
        });
        if count > TESTS_MAX || deepest > DEPTH_MAX {
            found.problem(
                name,
                format!(
                    "case {} has {count} comparisons, {deepest} deep; at most {TESTS_MAX}, {DEPTH_MAX} deep",
                    place + 1
                ),
            );
        }
    }
}

fn splitter(found: &mut Found, name: &str, splitter: &SplitterNode) {
    if splitter.arms.is_empty() || splitter.arms.len() > WAYS_MAX {
        let count = splitter.arms.len();
        found.problem(name, format!("has {count} arms; write 1 to {WAYS_MAX}"));
        return;
    }
    let sum: u64 = splitter.arms.iter().map(|a| u64::from(a.percent)).sum();
    if sum != 100 {
        found.problem(
            name,
            format!("shares {sum} per cent of the calls; the arms must make 100"),
        );
    }
}

fn destinations(found: &mut Found, name: &str, destinations: &[DialDestination]) {
    if destinations.is_empty() || destinations.len() > DESTINATIONS_MAX {
        let count = destinations.len();
        found.problem(
            name,
            format!("has {count} destinations; write 1 to {DESTINATIONS_MAX}"),
        );
    }
    for destination in destinations {
        found.range(
            name,
            "a ring time in seconds of",
            destination.ring_timeout_s,
            RING_TIMEOUT_S_MIN..=RING_TIMEOUT_S_MAX,
        );
    }
}

fn handover(found: &mut Found, name: &str, handover: Handover<'_>) {
    if let Some(whisper) = handover.whisper {
        found.message(name, whisper.prompt, whisper.text.as_ref());
    }
    if let Some(Accept { digit, tries }) = handover.accept {
        key(found, name, digit);
        found.range(name, "a number of tries of", tries, 1..=TRIES_MAX);
    }
}

fn voicemail(found: &mut Found, name: &str, voicemail: &VoicemailNode) {
    if let Some(greeting) = &voicemail.greeting {
        found.message(name, greeting.prompt, greeting.text.as_ref());
    } else if !voicemail.beep {
        found.problem(
            name,
            "tells nobody to speak; write a greeting, or let it beep",
        );
    }
    found.range(name, "a length of", voicemail.max_s, 5..=VOICEMAIL_S_MAX);
    found.range(name, "a silence of", voicemail.silence_s, SILENCE_S);
}

fn survey(found: &mut Found, name: &str, survey: &SurveyNode) {
    if survey.questions.is_empty() || survey.questions.len() > QUESTIONS_MAX {
        let count = survey.questions.len();
        found.problem(
            name,
            format!("has {count} questions; write 1 to {QUESTIONS_MAX}"),
        );
    }
    for question in &survey.questions {
        found.message(name, question.prompt, question.text.as_ref());
        found.tag(name, &question.tag);
        found.range(
            name,
            "a number of digits of",
            question.digits,
            1..=DIGITS_MAX,
        );
    }
}
