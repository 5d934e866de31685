//! Killed in the middle of everything: what was acknowledged is there, exactly once.

use std::collections::{BTreeSet, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use trunkline_core::base::id::{CallId, SessionId};
use trunkline_engine::ports::History;
use trunkline_engine::ports::calls::{CallChange, CallRecords};
use trunkline_engine::ports::history::Record;
use trunkline_store::testing::TestDatabase;

use crate::conformance::World;
use crate::conformance::calls::whole_change;
use crate::conformance::world::{NOON, open};

/// Set for the child only, which is this same test run once more: the database it shall write to until it is killed.
const CHILD: &str = "TRUNKLINE_TEST_KILLED_CHILD";
/// The name under which the test is found.
const SELF: &str = "kill::every_acknowledged_record_survives_a_kill_exactly_once";
/// Acknowledgements to wait for before the kill.
const ENOUGH: usize = 1_000;
/// Visits the child keeps under way.
const UNDER_WAY: usize = 64;
/// One call for so many visits.
const VISITS_PER_CALL: usize = 8;

/// What the killed process does: writes visits and calls for ever and prints what is acknowledged.
async fn write_until_killed(url: String) {
    let world = World::on(TestDatabase::at(url)).await;
    let set_up = world.set_up().await;
    let mut under_way = VecDeque::new();
    let mut told = std::io::stdout();
    let mut say = |what: &str, id: i64| writeln!(told, "{what} {id} end").unwrap();
    for visit in 0_usize.. {
        let session = world.session(&set_up, NOON);
        let id = session.id;
        let lease = world.lease(&set_up, set_up.numbers[0].id, &session, NOON);
        let records = vec![Record::Session(Box::new(session)), Record::Lease(lease)];
        under_way.push_back((id, world.store.record(records).unwrap()));
        if under_way.len() == UNDER_WAY {
            let (id, commit) = under_way.pop_front().unwrap();
            commit.await.unwrap().unwrap();
            say("session", id.raw());
        }
        if visit % VISITS_PER_CALL == 0 {
            let change: CallChange = whole_change(&world, &set_up);
            world.store.save(&change).await.unwrap();
            say("call", change.call.id.raw());
        }
    }
}

#[derive(Default)]
struct Acknowledged {
    sessions: BTreeSet<i64>,
    calls: BTreeSet<i64>,
}

impl Acknowledged {
    fn hear(&mut self, line: &str) {
        // A line that the kill cut off has no end.
        let mut words = line.split(' ');
        if let (Some(what), Some(id), Some("end")) = (words.next(), words.next(), words.next()) {
            let fresh = match what {
                "session" => self.sessions.insert(id.parse().unwrap()),
                _ => self.calls.insert(id.parse().unwrap()),
            };
            assert!(fresh, "{line} came twice");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_record_survives_a_kill_exactly_once() {
    if let Ok(url) = std::env::var(CHILD) {
        return write_until_killed(url).await;
    }
    for database in TestDatabase::both().await {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", SELF, "--nocapture"])
            .env(CHILD, &database.url)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged = Acknowledged::default();
        while acknowledged.sessions.len() < ENOUGH {
            let line = lines.next().expect("the child ended by itself").unwrap();
            acknowledged.hear(&line);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it still said before it died counts as well.
        for line in lines.map_while(Result::ok) {
            acknowledged.hear(&line);
        }

        let store = open(&database).await;
        for id in &acknowledged.sessions {
            let session = store.session(SessionId::from_raw(*id)).await.unwrap();
            assert!(
                session.is_some(),
                "session {id} was acknowledged and is gone"
            );
        }
        assert!(!acknowledged.calls.is_empty());
        for id in &acknowledged.calls {
            let id = CallId::from_raw(*id);
            let call = store.call(id).await.unwrap();
            let call = call.unwrap_or_else(|| panic!("{id} was acknowledged and is gone"));
            assert_eq!(store.events(id).await.unwrap().len(), 5);
            assert!(
                store
                    .recording(call.recording.unwrap())
                    .await
                    .unwrap()
                    .is_some()
            );
        }
    }
}
