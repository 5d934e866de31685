//! Telephone events of RTP (RFC 4733): which key was pressed, told once per press.
//!
//! One press is many packets: updates while the key is down and three copies of its end, all with the timestamp of the
//! moment it went down. Some of them are lost, come late or come twice. What is compared is therefore the time a report
//! covers, never the order of packets or the marker bit.

use super::KEYS;

/// Bytes of one report: event, end bit and volume, duration (RFC 4733, 2.3).
const REPORT_BYTES: usize = 4;
/// Shortest pause between two presses, 40 ms in samples (ITU-T Q.24). A report of the same key that begins within this
/// time after what was heard of a press belongs to it: the next segment of a long press, whose timestamp starts anew
/// (RFC 4733, 2.5.1.3), or a sender that moves the timestamp on with each packet.
const PAUSE_MIN: i32 = 320;
/// How far back a report may lie and still be a late one, 5 s in samples. Further back a new stream began, whose
/// timestamps have nothing to do with those before.
const LATE_MAX: i32 = 40_000;

/// The press that was heard last, in timestamps.
#[derive(Debug, Clone, Copy)]
struct Press {
    event: u8,
    start: u32,
    end: u32,
}

/// Reads the telephone events of one stream.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reader {
    last: Option<Press>,
}

impl Reader {
    /// Takes the payload of a telephone-event packet; gives the key when a press is heard of for the first time, be it
    /// by its end.
    ///
    /// A payload may hold several short events (RFC 4733, 2.5.1.5); a key is never shorter than a packet, so the first
    /// is read.
    pub(crate) fn on_packet(&mut self, payload: &[u8], timestamp: u32) -> Option<char> {
        if payload.is_empty() || !payload.len().is_multiple_of(REPORT_BYTES) {
            return None;
        }
        let &[event, _, high, low] = payload.first_chunk()?;
        let key = KEYS.get(usize::from(event)).copied()?;
        let end = timestamp.wrapping_add(u32::from(u16::from_be_bytes([high, low])));
        if let Some(last) = &mut self.last {
            let since_start = distance(last.start, timestamp);
            if (-LATE_MAX..0).contains(&since_start) {
                return None;
            }
            let since_end = distance(last.end, timestamp);
            if last.event == event && since_start >= 0 && since_end < PAUSE_MIN {
                if distance(last.end, end) > 0 {
                    last.end = end;
                }
                return None;
            }
        }
        self.last = Some(Press {
            event,
            start: timestamp,
            end,
        });
        Some(key)
    }
}

/// From one timestamp to another, over the wrap.
const fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report: event, whether it is the end, duration, timestamp.
    type Report = (u8, bool, u16, u32);

    fn told(reports: &[Report]) -> String {
        let mut reader = Reader::default();
        reports
            .iter()
            .filter_map(|&(event, end, duration, timestamp)| {
                let [high, low] = duration.to_be_bytes();
                reader.on_packet(&[event, u8::from(end) << 7 | 10, high, low], timestamp)
            })
            .collect()
    }

    #[test]
    fn a_press_is_told_once_however_its_packets_come() {
        let cases: &[(&str, &[Report], &str)] = &[
            (
                "as it should be",
                &[
                    (5, false, 160, 1000),
                    (5, false, 320, 1000),
                    (5, true, 480, 1000),
                    (5, true, 480, 1000),
                    (5, true, 480, 1000),
                ],
                "5",
            ),
            (
                "a first report without length",
                &[(5, false, 0, 1000), (5, false, 160, 1000)],
                "5",
            ),
            (
                "only the end came",
                &[(9, true, 800, 77), (9, true, 800, 77)],
                "9",
            ),
            (
                "a late update after the end",
                &[(1, false, 160, 0), (1, true, 480, 0), (1, false, 320, 0)],
                "1",
            ),
            (
                "the end of the press before comes late",
                &[
                    (1, false, 160, 0),
                    (2, false, 160, 1600),
                    (1, true, 800, 0),
                    (2, true, 800, 1600),
                ],
                "12",
            ),
            (
                "the same key twice, the first end lost",
                &[
                    (7, false, 160, 0),
                    (7, false, 400, 0),
                    (7, false, 160, 1600),
                    (7, true, 400, 1600),
                ],
                "77",
            ),
            (
                "the same key twice, as fast as a machine dials",
                &[(7, true, 320, 0), (7, true, 320, 640), (7, true, 320, 1280)],
                "777",
            ),
            (
                "a long press in two segments",
                &[
                    (3, false, 0xffff, 5),
                    (3, false, 160, 5 + 0xffff),
                    (3, true, 900, 5 + 0xffff),
                ],
                "3",
            ),
            (
                "a sender that moves the timestamp with each packet",
                &[
                    (4, false, 160, 0),
                    (4, false, 320, 160),
                    (4, false, 480, 320),
                    (4, true, 480, 480),
                ],
                "4",
            ),
            (
                "over the wrap of the timestamp",
                &[
                    (6, false, 160, u32::MAX - 80),
                    (6, true, 480, u32::MAX - 80),
                    (8, true, 480, 1500),
                ],
                "68",
            ),
            (
                "a new stream that counts from elsewhere",
                &[
                    (6, true, 480, 3_000_000_000),
                    (6, true, 480, 1_000_000_000),
                    (6, true, 480, 1_000_001_000),
                ],
                "666",
            ),
            (
                "every key",
                &[
                    (0, true, 400, 0),
                    (10, true, 400, 1000),
                    (11, true, 400, 2000),
                    (12, true, 400, 3000),
                    (15, true, 400, 4000),
                    (16, true, 400, 5000),
                    (255, true, 400, 6000),
                ],
                "0*#",
            ),
        ];
        for (name, reports, keys) in cases {
            assert_eq!(told(reports), *keys, "{name}");
        }
    }

    #[test]
    fn malformed_payloads_are_passed_over() {
        let mut reader = Reader::default();
        for payload in [&[][..], &[5], &[5, 0, 0], &[5, 0, 0, 160, 0], &[5; 7]] {
            assert_eq!(reader.on_packet(payload, 0), None, "{payload:?}");
        }
        assert_eq!(
            reader.on_packet(&[5, 0x80, 0, 160, 6, 0x80, 0, 160], 0),
            Some('5'),
            "two events in a packet"
        );
    }

    proptest::proptest! {
        #[test]
        fn lost_doubled_and_swapped_packets_never_make_a_key_of_their_own(
            keys in proptest::collection::vec(0u8..12, 1..8),
            start in proptest::num::u32::ANY,
            fates in proptest::collection::vec(0u8..10, 64),
        ) {
            let mut reports = Vec::new();
            for (nth, &event) in keys.iter().enumerate() {
                let at = start.wrapping_add(nth as u32 * 1600);
                reports.extend((1..=5u16).map(|part| (event, false, part * 160, at)));
                reports.extend([(event, true, 960, at); 3]);
            }
            let mut fates = fates.into_iter().cycle();
            let mut sent: Vec<Report> = Vec::new();
            for report in reports {
                match fates.next() {
                    Some(0 | 1) => {}
                    Some(2) => sent.extend([report; 2]),
                    Some(3) => sent.insert(sent.len().saturating_sub(1), report),
                    _ => sent.push(report),
                }
            }
            // A press of which everything was lost is not told; nothing else may be missing or doubled.
            let mut heard: Vec<u8> = Vec::new();
            let mut newest: Option<u32> = None;
            for &(event, _, _, at) in &sent {
                if newest.is_none_or(|n| distance(n, at) > 0) {
                    newest = Some(at);
                    heard.push(event);
                }
            }
            let wanted: String = heard.iter().map(|&event| KEYS[usize::from(event)]).collect();
            proptest::prop_assert_eq!(told(&sent), wanted);
        }
    }
}
