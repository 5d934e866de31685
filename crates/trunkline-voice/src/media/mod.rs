//! Media of a call: session descriptions, the RTP relay and what it measures.
//!
//! The parsers and rules (`sdp`, `rtp`, `latch`, `quality`, `outgoing`, `player`, `signals`, `ears`, `dtmf`, `hearing`) are
//! pure; only `ports` and `relay` touch sockets. Audio is never transcoded: all legs are held to the same G.711 variant, so that a packet's
//! sound leaves as it came.

pub(crate) mod dtmf;
mod ears;
pub(crate) mod g711;
pub(crate) mod hearing;
pub(crate) mod latch;
mod outgoing;
mod player;
pub(crate) mod ports;
pub(crate) mod quality;
pub(crate) mod relay;
pub(crate) mod rtp;
pub(crate) mod sdp;
pub(crate) mod signals;

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

/// One of the ends whose media a relay holds: the caller, and every destination that rings or talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat(u8);

impl Seat {
    /// The caller's.
    pub(crate) const CALLER: Self = Self(0);

    /// Those of destinations.
    pub(crate) fn of_destinations() -> impl Iterator<Item = Self> {
        (1..=LEGS_MAX).map(Self)
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    /// The seat of this index.
    pub(crate) fn at(index: usize) -> Option<Self> {
        u8::try_from(index)
            .ok()
            .filter(|i| *i <= LEGS_MAX)
            .map(Self)
    }
}

/// Most destinations whose media is held at a time.
pub(crate) const LEGS_MAX: u8 = 10;
