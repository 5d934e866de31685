//! SIPp as a far end: scenarios are put together here, so that CANCEL and the ACK of a refusal
//! always carry the branch of their INVITE.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tokio::process::{Child, Command};

use crate::station::{PATIENCE, patiently};

/// What a message of a scenario is.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    None,
    Offer(&'static str),
}

/// A SIPp scenario under construction.
pub(crate) struct Scenario {
    xml: String,
    steps: usize,
    invite_at: usize,
    number: String,
    caller: bool,
    tcp: bool,
    calls: u32,
    ip: Ipv4Addr,
}

fn sdp(direction: &str) -> String {
    format!(
        "v=0\no=sipp 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\n\
         m=audio [media_port] RTP/AVP 0 8 101\na=rtpmap:101 telephone-event/8000\n\
         a=fmtp:101 0-16\na=ptime:20\na={direction}\n"
    )
}

impl Scenario {
    /// A caller that dials `number`.
    pub(crate) fn caller(number: &str) -> Self {
        Self::new(number, true)
    }

    /// A destination.
    pub(crate) fn destination() -> Self {
        Self::new("", false)
    }

    fn new(number: &str, caller: bool) -> Self {
        let xml = "<?xml version=\"1.0\"?>\n<scenario name=\"t\">\n".to_owned();
        Self {
            xml,
            steps: 0,
            invite_at: 0,
            number: number.to_owned(),
            caller,
            tcp: false,
            calls: 1,
            ip: Ipv4Addr::LOCALHOST,
        }
    }

    pub(crate) fn over_tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// At another address of this machine.
    pub(crate) fn at(mut self, ip: Ipv4Addr) -> Self {
        self.ip = ip;
        self
    }

    /// This many calls, all started within a second.
    pub(crate) fn times(mut self, calls: u32) -> Self {
        self.calls = calls;
        self
    }

    fn step(mut self, xml: &str) -> Self {
        self.xml.push_str(xml);
        self.xml.push('\n');
        self.steps += 1;
        self
    }

    fn send(self, text: &str, body: Body, retransmit: bool) -> Self {
        let content = match body {
            Body::None => "Content-Length: 0\n\n".to_owned(),
            Body::Offer(direction) => format!(
                "Content-Type: application/sdp\nContent-Length: [len]\n\n{}",
                sdp(direction)
            ),
        };
        let retrans = if retransmit { " retrans=\"500\"" } else { "" };
        self.step(&format!(
            "<send{retrans}><![CDATA[\n{text}{content}\n]]></send>"
        ))
    }

    /// The caller's INVITE with extra header lines.
    pub(crate) fn invite_with(mut self, headers: &str, body: Body) -> Self {
        self.invite_at = self.steps;
        let n = self.number.clone();
        let text = format!(
            "INVITE sip:{n}@[remote_ip]:[remote_port] SIP/2.0\n\
             Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
             From: <sip:+12065550111@[local_ip]:[local_port]>;tag=[pid]c[call_number]\n\
             To: <sip:{n}@[remote_ip]:[remote_port]>\nCall-ID: [call_id]\nCSeq: 1 INVITE\n\
             Contact: <sip:carrier@[local_ip]:[local_port];transport=[transport]>\n\
             Max-Forwards: 70\n{headers}"
        );
        self.send(&text, body, true)
    }

    pub(crate) fn invite(self) -> Self {
        self.invite_with("", Body::Offer("sendrecv"))
    }

    /// A request inside the dialog, from the caller.
    pub(crate) fn request(self, method: &str, cseq: u32, body: Body) -> Self {
        let n = self.number.clone();
        let ack = method == "ACK";
        let text = format!(
            "{method} [next_url] SIP/2.0\n\
             Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
             From: <sip:+12065550111@[local_ip]:[local_port]>;tag=[pid]c[call_number]\n\
             To: <sip:{n}@[remote_ip]:[remote_port]>[peer_tag_param]\nCall-ID: [call_id]\n\
             CSeq: {cseq} {method}\nMax-Forwards: 70\n\
             Contact: <sip:carrier@[local_ip]:[local_port];transport=[transport]>\n"
        );
        self.send(&text, body, !ack)
    }

    /// A request with the branch of the INVITE: CANCEL, and the ACK of a refusal.
    pub(crate) fn same_branch(self, method: &str) -> Self {
        let n = self.number.clone();
        let back = self.steps - self.invite_at;
        let tag = if method == "ACK" {
            "[peer_tag_param]"
        } else {
            ""
        };
        let text = format!(
            "{method} sip:{n}@[remote_ip]:[remote_port] SIP/2.0\n\
             Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-{back}]\n\
             From: <sip:+12065550111@[local_ip]:[local_port]>;tag=[pid]c[call_number]\n\
             To: <sip:{n}@[remote_ip]:[remote_port]>{tag}\nCall-ID: [call_id]\n\
             CSeq: 1 {method}\nMax-Forwards: 70\n"
        );
        let retransmit = method == "CANCEL";
        self.send(&text, Body::None, retransmit)
    }

    /// A destination's answer to the request it received last.
    pub(crate) fn answer(self, status: &str, body: Body) -> Self {
        let text = format!(
            "SIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]d[call_number]\n\
             [last_Call-ID:]\n[last_CSeq:]\n\
             Contact: <sip:line@[local_ip]:[local_port];transport=[transport]>\n"
        );
        let retransmit = status.starts_with("200") && matches!(body, Body::Offer(_));
        self.send(&text, body, retransmit)
    }

    /// An answer inside the dialog, where To already has its tag.
    pub(crate) fn answer_inside(self, status: &str, body: Body) -> Self {
        let text = format!(
            "SIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n\
             [last_CSeq:]\nContact: <sip:carrier@[local_ip]:[local_port];transport=[transport]>\n"
        );
        let retransmit = status.starts_with("200") && matches!(body, Body::Offer(_));
        self.send(&text, body, retransmit)
    }

    /// The final answer to the INVITE after another request came in between.
    pub(crate) fn answer_invite(self, status: &str) -> Self {
        let text = format!(
            "SIP/2.0 {status}\nVia:[$via]\nFrom:[$from]\nTo:[$to];tag=[pid]d[call_number]\n\
             [last_Call-ID:]\nCSeq:[$cseq]\n\
             Contact: <sip:line@[local_ip]:[local_port];transport=[transport]>\n"
        );
        self.send(&text, Body::None, false)
    }

    /// A BYE from the destination's side.
    pub(crate) fn destination_bye(self) -> Self {
        let text = "BYE [next_url] SIP/2.0\n\
             Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
             From:[$to];tag=[pid]d[call_number]\nTo:[$from]\n\
             Call-ID: [call_id]\nCSeq: 10 BYE\nMax-Forwards: 70\n\
             Reason: Q.850;cause=16;text=\"Normal\"\n";
        self.send(text, Body::None, true)
    }

    pub(crate) fn expect(self, status: u16) -> Self {
        let rrs = if status == 200 { " rrs=\"true\"" } else { "" };
        self.step(&format!("<recv response=\"{status}\"{rrs}/>"))
    }

    pub(crate) fn optional(self, status: u16) -> Self {
        self.step(&format!("<recv response=\"{status}\" optional=\"true\"/>"))
    }

    pub(crate) fn receive(self, method: &str) -> Self {
        let action = if method == "INVITE" && !self.caller {
            "<action><ereg regexp=\".*\" search_in=\"hdr\" header=\"To:\" assign_to=\"to\"/>\
             <ereg regexp=\".*\" search_in=\"hdr\" header=\"From:\" assign_to=\"from\"/>\
             <ereg regexp=\".*\" search_in=\"hdr\" header=\"Via:\" assign_to=\"via\"/>\
             <ereg regexp=\".*\" search_in=\"hdr\" header=\"CSeq:\" assign_to=\"cseq\"/></action>"
        } else {
            ""
        };
        let rrs = if method == "INVITE" {
            " rrs=\"true\""
        } else {
            ""
        };
        self.step(&format!("<recv request=\"{method}\"{rrs}>{action}</recv>"))
    }

    /// A re-INVITE whose offer must have this direction.
    pub(crate) fn receive_offer(self, direction: &str) -> Self {
        self.step(&format!(
            "<recv request=\"INVITE\" rrs=\"true\"><action><ereg regexp=\"a={direction}\" \
             search_in=\"body\" check_it=\"true\" assign_to=\"to\"/></action></recv>"
        ))
    }

    pub(crate) fn pause(self, ms: u64) -> Self {
        self.step(&format!("<pause milliseconds=\"{ms}\"/>"))
    }

    /// The usual start of a call: INVITE, ringing, 200, ACK.
    pub(crate) fn connect(self) -> Self {
        self.invite()
            .ringing()
            .expect(200)
            .request("ACK", 1, Body::None)
    }

    pub(crate) fn ringing(self) -> Self {
        self.optional(100).optional(180).optional(183)
    }

    /// The usual start of a destination: 180, 200, ACK.
    pub(crate) fn take(self) -> Self {
        self.receive("INVITE")
            .answer("180 Ringing", Body::None)
            .answer("200 OK", Body::Offer("sendrecv"))
            .receive("ACK")
    }

    pub(crate) fn bye(self, cseq: u32) -> Self {
        self.request("BYE", cseq, Body::None).expect(200)
    }

    pub(crate) fn receive_bye(self) -> Self {
        self.receive("BYE").answer_inside("200 OK", Body::None)
    }

    pub(crate) fn refused(self, status: u16) -> Self {
        self.optional(100)
            .optional(180)
            .optional(183)
            .expect(status)
            .same_branch("ACK")
    }

    /// Starts SIPp as a caller towards `station`.
    pub(crate) fn call(self, station: SocketAddr) -> Running {
        self.run(Some(station))
    }

    /// Starts SIPp as a destination.
    pub(crate) fn listen(self) -> Running {
        self.run(None)
    }

    fn run(mut self, station: Option<SocketAddr>) -> Running {
        if !self.caller {
            let _ = writeln!(self.xml, "<Reference variables=\"to,from,via,cseq\"/>");
        }
        self.xml.push_str("</scenario>\n");
        let port = free_port(self.ip);
        let file = std::env::temp_dir().join(format!("sipp-{}-{port}.xml", std::process::id()));
        std::fs::write(&file, &self.xml).expect("scenario written");
        let media = free_port(self.ip);
        let mut command = Command::new("sipp");
        command
            .args([
                "-sf",
                &file.to_string_lossy(),
                "-i",
                &self.ip.to_string(),
                "-nostdin",
            ])
            .args(["-m", &self.calls.to_string(), "-r", &self.calls.to_string()])
            .args([
                "-p",
                &port.to_string(),
                "-mp",
                &media.to_string(),
                "-timeout",
                "25s",
            ])
            .args(["-t", if self.tcp { "t1" } else { "u1" }])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(station) = station {
            command.arg(station.to_string());
        }
        let child = command.spawn().expect("sipp is installed");
        Running {
            child,
            addr: SocketAddr::from((self.ip, port)),
            file,
            tcp: self.tcp,
        }
    }
}

/// A running SIPp.
pub(crate) struct Running {
    child: Child,
    pub(crate) addr: SocketAddr,
    file: PathBuf,
    tcp: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

impl Running {
    /// Waits until SIPp has bound its port.
    pub(crate) async fn ready(mut self) -> Self {
        let table = if self.tcp {
            "/proc/net/tcp"
        } else {
            "/proc/net/udp"
        };
        let SocketAddr::V4(bound) = self.addr else {
            panic!("{}", self.addr)
        };
        let ip = u32::from_ne_bytes(bound.ip().octets());
        let wanted = format!("{ip:08X}:{:04X}", self.addr.port());
        let bound = async {
            loop {
                let open = std::fs::read_to_string(table).unwrap_or_default();
                if open.contains(&wanted) {
                    return;
                }
                if let Ok(Some(status)) = self.child.try_wait() {
                    self.tell(status).await;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        patiently(bound).await;
        self
    }

    /// Waits until the scenario has come to its end; every step must have happened.
    pub(crate) async fn succeeds(mut self) {
        let status = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("sipp ends in time")
            .expect("sipp was started");
        if !status.success() {
            self.tell(status).await;
        }
    }

    /// Fails the test with what SIPp says of its end.
    async fn tell(&mut self, status: ExitStatus) -> ! {
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = tokio::io::AsyncReadExt::read_to_string(&mut stderr, &mut text).await;
        }
        let scenario = std::fs::read_to_string(&self.file).unwrap_or_default();
        panic!("sipp ended with {status}: {text}\n{scenario}");
    }
}

/// Ports of one test process; more processes than there are of these never run at once.
const PORTS_EACH: u16 = 32;
/// The first port given to SIPp: below those a system hands out by itself, so that no socket of a test beside this one
/// takes a port between the look at it here and SIPp's bind.
const PORT_FIRST: u16 = 10_000;
/// How many processes have ports of their own.
const PROCESSES: u32 = 600;

/// A port that is free and that no test beside this one looks at: two are left between them, since SIPp takes the next two
/// after its media port as well.
fn free_port(ip: Ipv4Addr) -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let process = u16::try_from(std::process::id() % PROCESSES).expect("below the count");
    for _ in 0..PORTS_EACH {
        let turn = NEXT.fetch_add(4, Ordering::Relaxed) % PORTS_EACH;
        let port = PORT_FIRST + process * PORTS_EACH + turn;
        let free = (port..port + 3).all(|port| {
            UdpSocket::bind((ip, port)).is_ok() && TcpListener::bind((ip, port)).is_ok()
        });
        if free {
            return port;
        }
    }
    panic!("none of this test's ports is free");
}
