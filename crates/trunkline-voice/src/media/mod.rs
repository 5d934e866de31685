//! Media of a call: session descriptions, the RTP relay and what it measures.
//!
//! The parsers and the address rules (`sdp`, `rtp`, `latch`, `quality`) are pure; only `ports` and
//! `relay` touch sockets. Audio is never transcoded: both legs are held to the same G.711 variant,
//! so that a packet leaves as it came.

pub(crate) mod g711;
pub(crate) mod latch;
pub(crate) mod ports;
pub(crate) mod quality;
pub(crate) mod relay;
pub(crate) mod rtp;
pub(crate) mod sdp;

#[cfg(test)]
mod tests;

/// One of the two sides of a bridged call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Who called us.
    Caller,
    /// Whom we called.
    Destination,
}

impl Side {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Caller => Self::Destination,
            Self::Destination => Self::Caller,
        }
    }

    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Caller => 0,
            Self::Destination => 1,
        }
    }
}
