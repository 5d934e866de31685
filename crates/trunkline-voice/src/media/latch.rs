//! Whom a leg's socket listens to: the signalled address only, its port latched once.
//!
//! Audio can be stolen by whoever sends first to an open port, so a stranger's packet never
//! changes where we send. A far address is learned only for a trunk marked as being behind NAT,
//! and then only inside that trunk's list.

use std::net::{IpAddr, SocketAddr};

/// The address rule of one socket of a leg.
#[derive(Debug, Default)]
pub(crate) struct Latch {
    signalled: Option<SocketAddr>,
    /// The one source that is accepted, fixed by the first accepted packet.
    source: Option<SocketAddr>,
    learns: bool,
}

impl Latch {
    /// A new session description named `address`. A changed address opens the latch again; the
    /// same address leaves it closed. `learns` is true for trunks behind NAT.
    pub(crate) fn signal(&mut self, address: Option<SocketAddr>, learns: bool) {
        if self.signalled != address || self.learns != learns {
            self.signalled = address;
            self.learns = learns;
            self.source = None;
        }
    }

    /// Whether a packet from `from` belongs to the leg; the first that does closes the latch.
    /// `in_list` says whether an address is inside the trunk's list.
    pub(crate) fn admits(&mut self, from: SocketAddr, in_list: impl Fn(IpAddr) -> bool) -> bool {
        if let Some(source) = self.source {
            return source == from;
        }
        let Some(signalled) = self.signalled else {
            return false;
        };
        let known = signalled.ip() == from.ip() || (self.learns && in_list(from.ip()));
        if known {
            self.source = Some(from);
        }
        known
    }

    /// Where to send: the signalled address, or the learned one behind NAT.
    pub(crate) fn target(&self) -> Option<SocketAddr> {
        if self.learns {
            self.source.or(self.signalled)
        } else {
            self.signalled
        }
    }
}
