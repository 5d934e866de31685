//! RTP and RTCP headers (RFC 3550): read bounded, without copying, refusing what is not RTP; written in place.

use std::ops::Range;

use super::outgoing::Header;

/// Fixed header without contributing sources.
pub(crate) const HEADER_BYTES: usize = 12;
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

/// Writes the fixed header of a packet of ours.
pub(crate) fn write(datagram: &mut [u8], payload_type: u8, header: Header) {
    if let [first, second, ..] = datagram {
        *first = VERSION << 6;
        *second = payload_type;
    }
    rewrite(datagram, header);
}

/// Gives a packet another place in a stream; a marker it has stays.
pub(crate) fn rewrite(datagram: &mut [u8], header: Header) {
    let Some(fixed) = datagram.first_chunk_mut::<HEADER_BYTES>() else {
        return;
    };
    if header.marker {
        fixed[1] |= 0x80;
    }
    fixed[2..4].copy_from_slice(&header.sequence.to_be_bytes());
    fixed[4..8].copy_from_slice(&header.timestamp.to_be_bytes());
    fixed[8..12].copy_from_slice(&header.ssrc.to_be_bytes());
}
