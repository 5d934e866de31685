//! A call that comes to a number of a feed: whether a publisher was given a bid for it, and what then.

use std::sync::Arc;

use trunkline_core::assignment::TrackingNumber;
use trunkline_core::base::id::{CallId, GivenBidId};
use trunkline_core::call::{CallResult, CallState, EndReason, EndedBy};
use trunkline_core::routing::ReasonCode;

use super::control::{Admission, Incoming};
use super::desk::Calls;
use super::opening::open_row;
use super::routing::Routed;
use super::screening::vouched;
use crate::attribution::Verdict;
use crate::directory::Directory;
use crate::ports::calls::{CallChange, CallEventKind, CallEventRow, CallRow};
use crate::routing::arrival::{Arrival, Came};
use crate::routing::rtb::Rtb;

/// What a call that is refused for its bid is told.
const TURNED_AWAY: u16 = 603;

/// What a call is by its bid.
#[derive(Debug, Default)]
pub(super) struct ByBid {
    /// The plan that it goes on with.
    pub(super) routed: Option<Box<Routed>>,
    /// What its timeline says.
    pub(super) told: Option<String>,
    /// Whether its feed wants it refused.
    pub(super) refused: bool,
}

/// Why a call does not have its bid, for its timeline.
fn told(bid: GivenBidId, reason: ReasonCode) -> String {
    format!("{}: {} ({bid})", reason.word(), reason.sentence())
}

impl Calls {
    /// Names whoever knows which bids were given; once, when it has started.
    pub fn know_bids(&self, rtb: Arc<Rtb>) {
        // A second one would be a defect of the wiring; the first one stays.
        let _ = self.rtb.set(rtb);
    }

    /// A call to the name of a bid is one to its number.
    pub(super) async fn dialled_bid(&self, incoming: &mut Incoming) -> Option<GivenBidId> {
        let bid = GivenBidId::parse(&incoming.dialled).ok()?;
        let number = self.rtb.get()?.number_of(bid).await?;
        incoming.dialled = number.to_string();
        Some(bid)
    }

    /// For which bid a call is.
    pub(super) async fn by_bid(
        &self,
        directory: &Directory,
        number: &TrackingNumber,
        named: Option<GivenBidId>,
        incoming: &Incoming,
        call: CallId,
    ) -> ByBid {
        let Some(rtb) = self.rtb.get() else {
            return ByBid::default();
        };
        if directory.feed_of(number).is_none() {
            return ByBid::default();
        }
        let came = Came {
            account: number.account,
            call,
            number: number.number,
            named,
            caller: incoming.caller,
            vouched: vouched(incoming.attestation, &incoming.signalled),
            at: incoming.received_at,
        };
        match rtb.arrives(&came).await {
            Arrival::Plain => ByBid::default(),
            Arrival::Mismatch {
                bid,
                reason,
                refused,
            } => ByBid {
                routed: None,
                told: Some(told(bid, reason)),
                refused,
            },
            Arrival::Bid(bid) => {
                let resumed = rtb.resume(&bid, &came).await.unwrap_or_else(|error| {
                    metrics::counter!("trunkline_routing_late_total").increment(1);
                    tracing::warn!(%call, bid = %bid.id, %error, "a call goes on without its bid");
                    None
                });
                let stopped = resumed
                    .as_ref()
                    .and_then(|planned| planned.record.opportunity.reason);
                let told = match stopped {
                    Some(reason) => told(bid.id, reason),
                    None => format!("{}, {} promised", bid.id, bid.amount),
                };
                ByBid {
                    routed: resumed.map(|planned| Box::new(Routed::resumed(planned))),
                    told: Some(told),
                    refused: false,
                }
            }
        }
    }

    /// Refuses a call that is not the one its bid was given for, and keeps its record.
    pub(super) async fn turn_away(
        &self,
        call: CallId,
        number: &TrackingNumber,
        incoming: &Incoming,
        why: String,
    ) -> Admission {
        let now = self.moment.now();
        let row = CallRow {
            state: CallState::Ended,
            result: Some(CallResult::Blocked),
            ended_at: Some(now),
            progress_at: now,
            ended_by: Some(EndedBy::System),
            end_reason: Some(EndReason::BidMissed),
            sip_status: Some(TURNED_AWAY),
            ..open_row(call, number, incoming, Verdict::default(), false)
        };
        let event = |kind, at, detail: String, sip_status| CallEventRow {
            id: self.moment.id(),
            call,
            at,
            kind,
            attempt: None,
            destination: None,
            sip_status,
            detail,
        };
        let ended = EndReason::BidMissed.word().to_owned();
        let change = CallChange {
            call: row,
            events: vec![
                event(
                    CallEventKind::Ring,
                    incoming.received_at,
                    String::new(),
                    None,
                ),
                event(CallEventKind::Bid, now, why, None),
                event(CallEventKind::Ended, now, ended, Some(TURNED_AWAY)),
            ],
            recording: None,
            label: None,
        };
        self.tell(&change.call);
        self.keeper.keep(&change).await;
        Admission::Refused {
            status: TURNED_AWAY,
            reason: "Decline",
            retry_after_s: None,
        }
    }
}
