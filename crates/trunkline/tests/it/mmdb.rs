//! A small city database in the MaxMind DB format (version 2.0 of its specification), made by the test itself.

use std::net::Ipv4Addr;

/// A value of a record.
pub(crate) enum Entry {
    Text(&'static str),
    Small(u16),
    Number(u32),
    Big(u64),
    List(Vec<Entry>),
    Map(Vec<(&'static str, Entry)>),
}

/// Bits of one side of a node.
const RECORD_BITS: u16 = 24;
/// Zero bytes between the tree and the data.
const SEPARATOR: usize = 16;

/// A record of the usual layout.
pub(crate) fn city(country: &'static str, state: &'static str, place: &'static str) -> Entry {
    use Entry::{List, Map, Text};
    Map(vec![
        ("city", Map(vec![("names", Map(vec![("en", Text(place))]))])),
        ("country", Map(vec![("iso_code", Text(country))])),
        (
            "subdivisions",
            List(vec![Map(vec![("iso_code", Text(state))])]),
        ),
    ])
}

/// The file: addresses of version 4 with their records.
pub(crate) fn file(kind: &'static str, addresses: &[(Ipv4Addr, Entry)]) -> Vec<u8> {
    #[derive(Clone, Copy)]
    enum Side {
        Nothing,
        Node(usize),
        Data(usize),
    }
    let mut nodes = vec![[Side::Nothing; 2]];
    let mut data = Vec::new();
    for (address, entry) in addresses {
        let mut at = 0;
        for bit in (0..32).rev() {
            let side = (address.to_bits() >> bit & 1) as usize;
            at = match nodes[at][side] {
                Side::Node(next) => next,
                _ if bit == 0 => {
                    nodes[at][side] = Side::Data(data.len());
                    break;
                }
                _ => {
                    nodes.push([Side::Nothing; 2]);
                    let next = nodes.len() - 1;
                    nodes[at][side] = Side::Node(next);
                    next
                }
            };
        }
        write(entry, &mut data);
    }
    let mut bytes = Vec::new();
    for side in nodes.iter().flatten() {
        let record = match side {
            Side::Nothing => nodes.len(),
            Side::Node(node) => *node,
            Side::Data(offset) => nodes.len() + SEPARATOR + offset,
        };
        let record = u32::try_from(record).expect("a small file").to_be_bytes();
        bytes.extend_from_slice(&record[1..]);
    }
    bytes.extend_from_slice(&[0; SEPARATOR]);
    bytes.extend(data);
    bytes.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    write(&metadata(kind, nodes.len()), &mut bytes);
    bytes
}

fn metadata(kind: &'static str, nodes: usize) -> Entry {
    use Entry::{Big, List, Map, Number, Small, Text};
    Map(vec![
        ("binary_format_major_version", Small(2)),
        ("binary_format_minor_version", Small(0)),
        ("build_epoch", Big(1_800_000_000)),
        ("database_type", Text(kind)),
        ("description", Map(Vec::new())),
        ("ip_version", Small(4)),
        ("languages", List(vec![Text("en")])),
        (
            "node_count",
            Number(u32::try_from(nodes).expect("a small file")),
        ),
        ("record_size", Small(RECORD_BITS)),
    ])
}

/// A value as control byte and payload; types above 7 have a byte of their own.
fn write(entry: &Entry, to: &mut Vec<u8>) {
    let size = |length: usize| u8::try_from(length).ok().filter(|l| *l < 29);
    let size = |length: usize| size(length).expect("a short value");
    match entry {
        Entry::Text(text) => {
            to.push(2 << 5 | size(text.len()));
            to.extend_from_slice(text.as_bytes());
        }
        Entry::Small(number) => {
            to.push(5 << 5 | 2);
            to.extend_from_slice(&number.to_be_bytes());
        }
        Entry::Number(number) => {
            to.push(6 << 5 | 4);
            to.extend_from_slice(&number.to_be_bytes());
        }
        Entry::Map(pairs) => {
            to.push(7 << 5 | size(pairs.len()));
            for (name, value) in pairs {
                write(&Entry::Text(name), to);
                write(value, to);
            }
        }
        Entry::Big(number) => {
            to.extend_from_slice(&[8, 9 - 7]);
            to.extend_from_slice(&number.to_be_bytes());
        }
        Entry::List(entries) => {
            to.extend_from_slice(&[size(entries.len()), 11 - 7]);
            for each in entries {
                write(each, to);
            }
        }
    }
}
