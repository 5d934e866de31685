//! A recording rests on a person's word: only of a call of their account, only while it is recorded, and kept in the timeline.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use trunkline_core::base::id::{AccountId, CallId};
use trunkline_core::call::TollPolicy;
use trunkline_engine::call::Rested;
use trunkline_engine::call::control::{Admission, CallControl};
use trunkline_engine::ports::Lines;
use trunkline_engine::ports::calls::CallEventKind;

use crate::calls::desk;

/// Lines that are recorded or not, and what was asked of them.
struct MemoryLines {
    recorded: bool,
    asked: Mutex<Vec<(CallId, bool)>>,
}

#[async_trait]
impl Lines for MemoryLines {
    async fn rest_recording(&self, call: CallId, rest: bool) -> bool {
        self.asked.lock().expect("lines").push((call, rest));
        self.recorded
    }
}

#[tokio::test]
async fn a_recording_rests_and_goes_on_for_its_account_alone() {
    for recorded in [true, false] {
        let desk = desk(TollPolicy::default(), None).await;
        let Admission::Accepted { call, .. } =
            desk.calls.incoming(desk.incoming("3125550100")).await
        else {
            panic!("the call is accepted");
        };
        let account = desk.records.last().account;
        assert_eq!(
            desk.calls.rest_recording(account, call, true).await,
            Rested::NoCall,
            "nobody holds the lines yet"
        );
        let lines = Arc::new(MemoryLines {
            recorded,
            asked: Mutex::default(),
        });
        desk.calls.reach(lines.clone());
        let stranger = AccountId::from_raw(account.raw() + 1);
        for (account, call) in [(stranger, call), (account, CallId::from_raw(1))] {
            assert_eq!(
                desk.calls.rest_recording(account, call, true).await,
                Rested::NoCall
            );
        }
        assert!(lines.asked.lock().expect("lines").is_empty());
        let wanted = if recorded {
            Rested::Done
        } else {
            Rested::NotRecorded
        };
        for rest in [true, false] {
            assert_eq!(desk.calls.rest_recording(account, call, rest).await, wanted);
        }
        assert_eq!(
            *lines.asked.lock().expect("lines"),
            [(call, true), (call, false)]
        );
        let saved = desk.records.saved.lock().expect("calls");
        let marks: Vec<CallEventKind> = saved
            .iter()
            .flat_map(|change| &change.events)
            .map(|event| event.kind)
            .filter(|kind| {
                matches!(
                    kind,
                    CallEventKind::RecordingPaused | CallEventKind::RecordingResumed
                )
            })
            .collect();
        let both = [
            CallEventKind::RecordingPaused,
            CallEventKind::RecordingResumed,
        ];
        assert_eq!(marks, if recorded { &both[..] } else { &[] });
    }
}
