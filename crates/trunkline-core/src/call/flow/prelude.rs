//! A flow behind a challenge: what a screened call runs instead of the flow of its number.

use std::collections::BTreeMap;

use super::document::{DIGIT_MARK, FlowDocument, Node};
use super::nodes::{ChallengeNode, NodeKind};
use super::prompt::Spoken;

/// The name of the challenge in front of a flow, unless the flow has a node of that name.
const CHALLENGE: &str = "screening";

/// What a challenged caller hears: the text with the digit in its place.
#[must_use]
pub fn challenge_spoken(text: &str, digit: char) -> Spoken {
    Spoken {
        text: text.replace(DIGIT_MARK, digit.encode_utf8(&mut [0; 4])),
        voice: None,
        language: None,
    }
}

impl FlowDocument {
    /// The same flow behind a challenge, and the name of the challenge. Whoever presses the digit comes to the flow's own
    /// start; for others the call ends there. Nodes keep their names, so that chance draws the same as without it.
    #[must_use]
    pub fn challenged(&self, text: &str, digit: char) -> (Self, String) {
        let mut name = CHALLENGE.to_owned();
        while self.nodes.contains_key(&name) {
            name.push('_');
        }
        let challenge = Node {
            kind: NodeKind::Challenge(ChallengeNode {
                prompt: None,
                text: Some(text.to_owned()),
                digit: Some(digit),
            }),
            on: BTreeMap::from([("passed".to_owned(), self.start.clone())]),
            place: None,
        };
        let mut challenged = self.clone();
        challenged.nodes.insert(name.clone(), challenge);
        challenged.start.clone_from(&name);
        (challenged, name)
    }
}
