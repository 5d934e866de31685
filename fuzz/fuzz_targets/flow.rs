//! Call flows as users write them: whatever is read is looked through and walked to its end, and written and read again
//! it is the same.
#![no_main]

use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::call::RecordingConsent;
use trunkline_core::call::flow::{Facts, FlowDocument, KnownThings, Lines, Script, rehearse};

libfuzzer_sys::fuzz_target!(|json: &[u8]| {
    let Ok(flow) = serde_json::from_slice::<FlowDocument>(json) else {
        return;
    };
    let _ = flow.validate(&KnownThings::default());
    let facts = Facts {
        lines: Lines {
            business_line: PhoneNumber::from_digits(12_145_550_199),
            second_line: None,
        },
        caller: Some(PhoneNumber::from_digits(12_065_550_111)),
        source: None,
        score: Some(50),
        calls_before: 1,
        answered_before: None,
        turn: 1,
        recording_consent: RecordingConsent::Notice,
        now: Timestamp::from_millis(1_800_000_000_000),
        seed: 7,
    };
    let script = Script {
        digits: ["1".to_owned(), "94107".to_owned()].into(),
        ..Script::default()
    };
    let walked = rehearse(&flow, &facts, script.clone());
    let written = serde_json::to_vec(&flow).expect("what was read can be written");
    let again: FlowDocument = serde_json::from_slice(&written).expect("and read again");
    assert_eq!(flow, again);
    assert_eq!(walked, rehearse(&again, &facts, script), "and walked the same way");
});
