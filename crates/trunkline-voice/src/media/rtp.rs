//! Reading RTP and RTCP headers (RFC 3550): bounded, without copying, refusing what is not RTP.

use std::ops::Range;

/// Fixed header without contributing sources.
const HEADER_BYTES: usize = 12;
/// RTP version in the top two bits of the first byte.
const VERSION: u8 = 2;
/// RTCP packet types that may start a compound packet (RFC 3550 12.1, RFC 4585, RFC 3611).
const RTCP_TYPES: std::ops::RangeInclusive<u8> = 200..=207;

/// What the relay and the recorder need of an RTP packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) payload_type: u8,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    /// Where the payload lies in the datagram; padding is left out.
    pub(crate) payload: Range<usize>,
}

/// Reads an RTP packet; `None` when the datagram is not one.
pub(crate) fn parse(datagram: &[u8]) -> Option<Packet> {
    let fixed: &[u8; HEADER_BYTES] = datagram.first_chunk()?;
    if fixed[0] >> 6 != VERSION {
        return None;
    }
    let mut start = HEADER_BYTES + usize::from(fixed[0] & 0x0f) * 4;
    if fixed[0] & 0x10 != 0 {
        let extension: &[u8; 4] = datagram.get(start..)?.first_chunk()?;
        start += 4 + usize::from(u16::from_be_bytes([extension[2], extension[3]])) * 4;
    }
    let mut end = datagram.len();
    if fixed[0] & 0x20 != 0 {
        end = end.checked_sub(usize::from(*datagram.last()?))?;
    }
    if start > end {
        return None;
    }
    Some(Packet {
        payload_type: fixed[1] & 0x7f,
        sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
        timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
        ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        payload: start..end,
    })
}

/// Whether a datagram looks like RTCP.
pub(crate) fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.len() >= 8 && datagram[0] >> 6 == VERSION && RTCP_TYPES.contains(&datagram[1])
}
