//! One side of a call: its leg, its session description and ours to it, its session timer.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use trunkline_core::base::is_public;
use trunkline_engine::call::control::{Codec, TrunkProfile};

use crate::media::Seat;
use crate::media::g711::Law;
use crate::media::relay::{Relay, Signalled};
use crate::media::sdp::{Description, Layout, Origin};
use crate::sip::session_timer::{Agreed, SessionTimer};
use crate::sip::{Leg, LegEvents};

/// A side of a call. Dropped before its leg is over, it ends the leg.
pub(crate) struct Party {
    /// Its place in the relay.
    pub(crate) seat: Seat,
    pub(crate) leg: Arc<dyn Leg>,
    pub(crate) events: LegEvents,
    pub(crate) trunk: Arc<TrunkProfile>,
    /// Its latest description.
    pub(crate) remote: Option<Description>,
    /// The codec both ends of it agreed on, where its own description leaves more open.
    pub(crate) codec: Option<Codec>,
    /// Our latest description to it.
    pub(crate) sent: String,
    pub(crate) timer: Option<SessionTimer>,
    pub(crate) allows_update: bool,
    /// It sent an offer that we have not answered yet.
    pub(crate) asking: bool,
    /// We sent it an INVITE that it has not answered yet.
    pub(crate) asked: bool,
    /// Our offer went out in a 2xx; the answer comes with the ACK.
    pub(crate) answers_in_ack: bool,
    /// The leg needs no more ending.
    pub(crate) over: bool,
    /// Its media goes only here and to the open Internet; `None`: wherever it wants.
    guarded: Option<IpAddr>,
    local: SocketAddr,
    layout: Layout,
    origin: Origin,
}

impl Drop for Party {
    fn drop(&mut self) {
        if !self.over {
            self.leg.hang_up(None);
        }
    }
}

impl Party {
    pub(crate) fn new(
        seat: Seat,
        (leg, events): (Arc<dyn Leg>, LegEvents),
        trunk: Arc<TrunkProfile>,
        ours: Ours,
    ) -> Self {
        Self {
            seat,
            leg,
            events,
            trunk,
            remote: None,
            codec: None,
            sent: ours.sent,
            timer: None,
            allows_update: false,
            asking: false,
            asked: false,
            answers_in_ack: false,
            over: false,
            guarded: None,
            local: ours.local,
            layout: ours.layout,
            origin: ours.origin,
        }
    }

    /// Sends media only to its own address and to the open Internet, whatever its descriptions say.
    pub(crate) const fn guarded(mut self, own: IpAddr) -> Self {
        self.guarded = Some(own);
        self
    }

    /// Writes a description of the other side as ours to this one.
    pub(crate) fn describe(&mut self, description: &Description) -> String {
        self.sent = description.write(self.local, &self.layout, &mut self.origin);
        self.sent.clone()
    }

    /// Takes in a description of this side and tells the relay where its media goes.
    pub(crate) async fn apply(&mut self, description: Description, relay: &Relay) {
        let law = match self.codec.or_else(|| description.codec()) {
            Some(Codec::Pcma) => Law::A,
            Some(Codec::Pcmu) | None => Law::Mu,
        };
        let signalled = Signalled {
            rtp: description.rtp().filter(|at| self.may_have(at.ip())),
            rtcp: description.rtcp().filter(|at| self.may_have(at.ip())),
            law,
            events: description.events(),
            trunk: Arc::clone(&self.trunk),
        };
        relay.signal(self.seat, signalled).await;
        self.layout = description.layout().clone();
        self.remote = Some(description);
    }

    fn may_have(&self, ip: IpAddr) -> bool {
        self.guarded
            .is_none_or(|own| ip == own || is_public(ip.to_canonical()))
    }

    /// Both ends agreed on the first codec of `agreed`.
    pub(crate) async fn agree(&mut self, agreed: &Description, relay: &Relay) {
        self.codec = agreed.codec();
        if let Some(remote) = self.remote.clone() {
            self.apply(remote, relay).await;
        }
    }

    pub(crate) fn start_timer(&mut self, agreed: Agreed) {
        self.timer = Some(SessionTimer::start(agreed, Instant::now()));
    }

    /// Where we receive its media.
    pub(crate) const fn local(&self) -> SocketAddr {
        self.local
    }

    /// Ends the leg.
    pub(crate) fn hang_up(&mut self, q850: Option<u8>) {
        if !self.over {
            self.over = true;
            self.leg.hang_up(q850);
        }
    }

    /// Whether this side has put the call on hold.
    pub(crate) fn holds(&self) -> bool {
        self.remote.as_ref().is_some_and(Description::is_hold)
    }
}

/// Our end of a leg's media before the leg exists: an offer names it.
pub(crate) struct Ours {
    local: SocketAddr,
    layout: Layout,
    origin: Origin,
    pub(crate) sent: String,
}

impl Ours {
    pub(crate) fn new(local: SocketAddr, origin_id: u64) -> Self {
        Self {
            local,
            layout: Layout::default(),
            origin: Origin::new(origin_id),
            sent: String::new(),
        }
    }

    /// Writes an offer for the leg that is about to be made.
    pub(crate) fn offer(&mut self, description: &Description) -> String {
        self.sent = description.write(self.local, &self.layout, &mut self.origin);
        self.sent.clone()
    }
}
