//! Media of a call: session descriptions, the RTP relay and what it measures.
//!
//! The parsers, the address rules and the ears (`sdp`, `rtp`, `latch`, `quality`, `dtmf`, `hearing`) are pure; only `ports` and
//! `relay` touch sockets. Audio is never transcoded: both legs are held to the same G.711 variant,
//! so that a packet leaves as it came.

#[cfg_attr(
    not(any(test, feature = "fuzzing")),
    expect(dead_code, reason = "flows do not listen over SIP yet")
)]
pub(crate) mod dtmf;
pub(crate) mod g711;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "flows do not listen over SIP yet")
)]
pub(crate) mod hearing;
pub(crate) mod latch;
pub(crate) mod ports;
pub(crate) mod quality;
pub(crate) mod relay;
pub(crate) mod rtp;
pub(crate) mod sdp;

#[cfg(test)]
mod sounds;
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
