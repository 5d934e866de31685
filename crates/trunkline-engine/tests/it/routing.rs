//! The desk and route nodes, while nothing of routing is stored.

use trunkline_core::base::Callee;
use trunkline_core::base::id::FlowId;
use trunkline_core::call::TollPolicy;
use trunkline_engine::call::control::{Action, Admission, CallControl};
use trunkline_engine::ports::configuration::Everything;

use crate::calls::{BUSINESS, desk_with};
use crate::distribution::sells;
use crate::flows::{document, flow};

const FLOW: FlowId = FlowId::from_raw(77);

#[tokio::test]
async fn a_call_goes_on_without_a_buyer_while_the_store_of_routing_is_away() {
    // The campaign of the flow, and none: that of the feed which no number has.
    for campaign in [r#""campaign": "camp_0000000000002", "#, ""] {
        let nodes = format!(
            r#""start": {{"kind": "route", {campaign}"on": {{"no_buyer": "ring"}}}},
            "ring": {{"kind": "dial", "destinations": [{{"to": "business_line"}}]}}"#
        );
        let running = flow(FLOW, document(&nodes), true);
        let more = |all: &mut Everything| {
            all.flows.push(running);
            all.numbers.iter_mut().for_each(|n| n.flow = Some(FLOW));
        };
        let desk = desk_with(1, TollPolicy::default(), None, more).await;
        let sold = sells(desk.directory.clone()).await;
        assert_eq!(sold.to_string(), "camp_0000000000002");
        let admitted = desk.calls.incoming(desk.incoming("+13125550100")).await;
        let Admission::Accepted { actions, .. } = admitted else {
            panic!("refused");
        };
        let [Action::Dial(dialling)] = &actions[..] else {
            panic!("{actions:?}");
        };
        assert_eq!(dialling.legs[0].to, Callee::from(BUSINESS));
        assert_eq!(desk.records.last().flow_depth, 2);
    }
}
