//! The torture messages of RFC 4475 and RFC 5118, each over UDP and over TCP, while a call is held up: each gets its class,
//! the call lives, nothing is left behind, and memory stays as it was.
//!
//! The messages of the RFCs are not in the repository. They are read from the folders in `TRUNKLINE_SIP_TORTURE`, or beside
//! the repository in `../shared/data`; where they are not given, a few of our own do the same, one of each class.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trunkline_core::base::id::TrunkId;
use trunkline_engine::call::control::Transport;

use crate::engine::Script;
use crate::peer::{Peer, QUIET, connect};
use crate::station::{PATIENCE, Station};

const NUMBER: &str = "+13125550100";
const LINE: TrunkId = TrunkId::from_raw(2);
/// Folders of messages under `TRUNKLINE_SIP_TORTURE`.
const FOLDERS: [&str; 2] = ["rfc4475", "rfc5118"];
/// How often all messages are sent.
const ROUNDS: usize = 4;
/// What the process may grow by from the end of the first round to the end of the last, in KiB. A round is some 120
/// messages, each of which takes 64 KiB on a connection of its own.
const GROWTH_MAX_KIB: u64 = 8 * 1024;

/// Fixed header of an RTP packet. Whose stream a packet is of is the relay's business.
const HEADER_BYTES: usize = 12;

/// What a message deserves.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    /// One of these.
    Status(&'static [u16]),
    /// An answer, whichever, that does not call it malformed.
    Understood,
    /// An answer, or none.
    NoHarm,
    /// No answer.
    Silence,
}
use Wanted::{NoHarm, Silence, Status, Understood};

/// What came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Answer(u16),
    /// The connection was closed.
    Closed,
    Nothing,
}

/// The class of each message (the RFC's section in brackets). Methods and schemes that are not ours are answered so.
fn wanted(name: &str) -> Wanted {
    match name {
        // [3.1.1] Well-formed, however odd.
        "wsinv" | "esc01" | "escnull" | "lwsdisp" | "longreq" | "dblreq" | "semiuri"
        | "transports" | "mpart01" => Understood,
        // Legal methods that nobody has.
        "intmeth" | "esc02" | "mismatch02" | "own-method" => Status(&[501]),
        // [3.1.2, 3.3] Malformed.
        "badinv01" | "clerr" | "scalar02" | "quotbal" | "lwsruri" | "mismatch01" | "ncl"
        | "ltgtruri" | "lwsstart" | "trws" | "escruri" | "insuf" | "multi01" | "mcl01"
        | "ipv6-bad" | "own-length" | "own-no-call-id" => Status(&[400]),
        "badvers" | "own-version" => Status(&[505]),
        // Defects of headers that are not passed on: tolerated or refused.
        "baddate" | "regbadct" | "badaspec" | "baddn" | "badbranch" | "unksm2" => NoHarm,
        // [3.3] Application layer.
        "unkscm" | "novelsc" | "own-scheme" => Status(&[416]),
        "bext01" => Status(&[420]),
        "invut" => Status(&[415]),
        "regaut01" | "cparam01" | "cparam02" | "regescrt" => Status(&[405]),
        "sdp01" => Understood,
        // It is for us, and we forward nothing but calls.
        "zeromf" => Status(&[200, 483]),
        // A caller of RFC 2543 gives no tag, without which there is no dialog of RFC 3261.
        "inv2543" => Status(&[400]),
        // Answers to nothing, malformed or not.
        "unreason" | "noreason" | "scalarlg" | "bigcode" | "bcast" | "own-answer" => Silence,
        // [RFC 5118] A third colon is the old grammar's mistake.
        "ipv6-bug-abnf-3-colons" => NoHarm,
        _ => Understood,
    }
}

/// Whether a message got its class.
fn is_right(name: &str, transport: Transport, outcome: Outcome) -> bool {
    let in_class = match (wanted(name), outcome) {
        (Status(allowed), Outcome::Answer(status)) => allowed.contains(&status),
        (Understood, Outcome::Answer(status)) => status != 400,
        (Status(_) | Understood, _) => false,
        (NoHarm, _) => true,
        (Silence, outcome) => !matches!(outcome, Outcome::Answer(_)),
    };
    in_class || (transport == Transport::Tcp && is_the_stack_s_way(name, outcome))
}

/// A stream is split and read by the stack before we judge its messages, and it reads in its own way: what it cannot read,
/// methods it does not know among it, ends the connection; what the RFC lets be tolerated it tolerates, and white space
/// in every place that has any is too much for it.
fn is_the_stack_s_way(name: &str, outcome: Outcome) -> bool {
    match (name, wanted(name)) {
        ("intmeth" | "esc02" | "mismatch02" | "dblreq" | "own-method", _) => {
            outcome == Outcome::Closed
        }
        ("ltgtruri" | "lwsstart" | "trws" | "escruri", _) => true,
        ("wsinv", _) => outcome == Outcome::Answer(400),
        (_, Status(&[400])) => matches!(outcome, Outcome::Closed | Outcome::Nothing),
        _ => false,
    }
}

#[tokio::test]
async fn torture_messages_do_no_harm_to_a_call() {
    let messages = messages();
    let station = Station::start().await;
    let (mut caller, mut line) = (
        Peer::bind(station.addr()).await,
        Peer::bind(station.addr()).await,
    );
    station
        .engine
        .add_trunk(LINE, Some(line.addr()), Transport::Udp, false);
    station.engine.script(NUMBER, Script::default());
    let ports = connect(&mut caller, &mut line, NUMBER).await;
    let (mut wrong, mut resident) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        for (nth, (name, bytes)) in messages.iter().enumerate() {
            for transport in [Transport::Udp, Transport::Tcp] {
                let outcome = match transport {
                    Transport::Udp => over_udp(&station, name, bytes).await,
                    Transport::Tcp | Transport::Tls => over_tcp(&station, name, bytes).await,
                };
                if !is_right(name, transport, outcome) {
                    wrong.push((name, transport, outcome));
                }
            }
            talk(&caller, &line, ports, round * messages.len() + nth).await;
        }
        resident.push(resident_kib());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let growth = resident[ROUNDS - 1].saturating_sub(resident[0]);
    assert!(
        growth < GROWTH_MAX_KIB,
        "resident after each round, in KiB: {resident:?}"
    );
    caller.hang_up().await;
    line.is_hung_up().await;
    station.until_clean().await;
}

/// Sends a message from a socket of its own. A ping behind it says when what there was to say at once has been said.
async fn over_udp(station: &Station, name: &str, bytes: &[u8]) -> Outcome {
    let peer = Peer::bind(station.addr()).await;
    peer.send_raw(bytes).await;
    lives(station, name).await;
    match wanted(name) {
        Status(_) | Understood => Outcome::Answer(peer.final_status().await),
        NoHarm | Silence => {
            let status = peer.try_next().await.and_then(|answer| answer.status());
            status.map_or(Outcome::Nothing, Outcome::Answer)
        }
    }
}

/// Sends a message over a connection of its own, and waits for an answer, the end of the connection, or a while.
async fn over_tcp(station: &Station, name: &str, bytes: &[u8]) -> Outcome {
    let to = station.voice.tcp_addr().expect("TCP is on");
    let mut stream = TcpStream::connect(to).await.expect("connected");
    stream.write_all(bytes).await.expect("sent");
    lives(station, name).await;
    let patience = match wanted(name) {
        Understood => PATIENCE,
        _ => QUIET,
    };
    let mut heard = Vec::new();
    let listening = async {
        loop {
            match stream.read_buf(&mut heard).await {
                Ok(0) | Err(_) => return Outcome::Closed,
                Ok(_) => {
                    if let Some(status) = last_status(&heard) {
                        return Outcome::Answer(status);
                    }
                }
            }
        }
    };
    let heard = tokio::time::timeout(patience, listening).await;
    heard.unwrap_or(Outcome::Nothing)
}

/// The last final status in what was heard.
fn last_status(heard: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(heard);
    let starts = text
        .lines()
        .filter_map(|line| line.strip_prefix("SIP/2.0 "));
    let mut statuses = starts.filter_map(|rest| rest.get(..3)?.parse().ok());
    statuses.rfind(|status| *status >= 200)
}

/// The station answers a ping.
async fn lives(station: &Station, after: &str) {
    let mut ping = Peer::bind(station.addr()).await;
    ping.point_at(NUMBER);
    ping.request("OPTIONS", "", "").await;
    assert_eq!(ping.next().await.status(), Some(200), "alive after {after}");
}

/// Both say something, and hear each other.
async fn talk(
    caller: &Peer,
    line: &Peer,
    [to_caller_port, to_line_port]: [SocketAddr; 2],
    nth: usize,
) {
    let [high, low] = (nth as u16).to_be_bytes();
    let sound = |side: u8| [side, high, low].repeat(54);
    for (side, from, to, port) in [
        (1, caller, line, to_caller_port),
        (2, line, caller, to_line_port),
    ] {
        let mut packet = vec![0x80, 0, high, low, 0, 0, high, low, 0, 0, 0, side];
        packet.extend(sound(side));
        from.rtp.send_to(&packet, port).await.expect("sent");
        assert_eq!(to.hear().await.0[HEADER_BYTES..], sound(side));
    }
}

/// The name of a header, and its value.
type Header = (&'static str, &'static str);

/// Messages of our own: the first line, and the headers that are not the usual ones.
const OWN: [(&str, &str, &[Header]); 7] = [
    (
        "own-odd",
        "OPTIONS sip:+13125550100@127.0.0.1 SIP/2.0",
        &[
            ("X-Nothing", ""),
            ("Subject", "\u{fffd} \"quoted\" <and not>"),
        ],
    ),
    ("own-method", "FLIP sip:+13125550100@127.0.0.1 SIP/2.0", &[]),
    ("own-scheme", "OPTIONS kite:string SIP/2.0", &[]),
    (
        "own-version",
        "OPTIONS sip:+13125550100@127.0.0.1 SIP/7.0",
        &[],
    ),
    (
        "own-length",
        "OPTIONS sip:+13125550100@127.0.0.1 SIP/2.0",
        &[("Content-Length", "-999")],
    ),
    (
        "own-no-call-id",
        "OPTIONS sip:+13125550100@127.0.0.1 SIP/2.0",
        &[("Call-ID", REMOVED)],
    ),
    ("own-answer", "SIP/2.0 200 OK", &[]),
];
/// Instead of a value: the header is left out.
const REMOVED: &str = "\0";

/// A message of our own, as it is sent.
fn own(name: &str, first: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let method = first
        .split(' ')
        .next()
        .filter(|word| !word.starts_with("SIP/"));
    let (via, call, cseq) = (
        format!("SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK-{name}"),
        format!("{name}@127.0.0.1"),
        format!("7 {}", method.unwrap_or("OPTIONS")),
    );
    let usual = [
        ("Via", via.as_str()),
        ("From", "<sip:torture@127.0.0.1>;tag=own"),
        ("To", "<sip:+13125550100@127.0.0.1>"),
        ("Call-ID", &call),
        ("CSeq", &cseq),
        ("Max-Forwards", "70"),
        ("Content-Length", "0"),
    ];
    let given = |name: &str| headers.iter().any(|(given, _)| *given == name);
    let all = usual.iter().filter(|(name, _)| !given(name)).chain(headers);
    let lines: String = all
        .filter(|(_, value)| *value != REMOVED)
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!("{first}\r\n{lines}\r\n").into_bytes()
}

/// The messages by name, each once, in order.
fn messages() -> Vec<(String, Vec<u8>)> {
    let root = std::env::var_os("TRUNKLINE_SIP_TORTURE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folders = FOLDERS
        .iter()
        .map(|name| root.join(name))
        .chain([root.clone()]);
    let mut files: Vec<PathBuf> = folders
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "dat"))
        .collect();
    files.sort();
    let read = |path: PathBuf| {
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        (name, std::fs::read(&path).expect("readable"))
    };
    let ours = OWN.map(|(name, first, headers)| (name.to_owned(), own(name, first, headers)));
    ours.into_iter()
        .chain(files.into_iter().map(read))
        .collect()
}

/// Memory of this process that is in use.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .expect("a line");
    line.trim()
        .trim_end_matches("kB")
        .trim()
        .parse()
        .expect("a number")
}
