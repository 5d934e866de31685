//! The driver makes a plan real: pages, beacons and calls.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use trunkline_core::base::PhoneNumber;
use trunkline_sim::audio::{Part, Speaker, Talk, Voice};
use trunkline_sim::carrier::{Behaviour, Carrier, CarrierConfig, Line};
use trunkline_sim::visitor::client;
use trunkline_sim::world::{Pace, Plan, World, WorldConfig};

use crate::stub::{ASSIGNED, start};

const WAIT: Duration = Duration::from_secs(30);
const FLYER: PhoneNumber = PhoneNumber::from_digits(12_145_550_120);

#[tokio::test]
async fn visitors_call_the_number_they_were_shown_and_strangers_the_printed_one() {
    let (site, seen) = start().await;
    let nowhere: SocketAddr = "127.0.0.1:9".parse().expect("an address");
    let far = Carrier::start(CarrierConfig::new(nowhere))
        .await
        .expect("a carrier");
    let line = Line {
        behaviour: Behaviour::Answer { after_ms: 100 },
        voice: Voice::Speech(Speaker {
            talk: Talk(1),
            part: Part::Business,
            person: 1,
        }),
        hangs_up_after_ms: None,
    };
    far.connect(ASSIGNED, line);
    far.connect(FLYER, line);
    let mut arrivals = far.arrivals();
    let carrier = Arc::new(
        Carrier::start(CarrierConfig::new(far.address()))
            .await
            .expect("a carrier"),
    );
    let world = World::start(WorldConfig {
        plan: Plan::new(1, Pace::demo()),
        carrier: Arc::clone(&carrier),
        client: client().expect("a client"),
        site,
        printed: vec![FLYER],
    });
    let mut dialled = Vec::new();
    while !(dialled.contains(&ASSIGNED) && dialled.contains(&FLYER)) {
        let call = timeout(WAIT, arrivals.recv())
            .await
            .expect("in time")
            .expect("a call");
        assert!(call.answered().await);
        dialled.push(call.dialled());
    }
    timeout(WAIT, seen.until(|t| t.body["events"][0]["k"] == "beat"))
        .await
        .expect("in time");
    timeout(WAIT, async {
        world.stop().await;
        carrier.stop().await;
    })
    .await
    .expect("everything ends");
    assert_eq!(carrier.in_progress(), 0);
}
