//! A hand-made SIP and RTP end: says exactly what a test wants and shows exactly what came.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;

/// Longest wait for one message.
const WAIT: Duration = Duration::from_secs(10);
/// How long "nothing comes" is watched.
pub(crate) const QUIET: Duration = Duration::from_millis(300);

/// A SIP message as it was received.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) start: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) from: SocketAddr,
}

impl Message {
    fn read(bytes: &[u8], from: SocketAddr) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").expect("an end of the headers");
        let mut lines = head.split("\r\n");
        let start = lines.next().expect("a start line").to_owned();
        let headers = lines
            .filter_map(|l| l.split_once(':'))
            .map(|(n, v)| (n.trim().to_ascii_lowercase(), v.trim().to_owned()))
            .collect();
        Self {
            start,
            headers,
            body: body.to_owned(),
            from,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    pub(crate) fn status(&self) -> Option<u16> {
        self.start
            .strip_prefix("SIP/2.0 ")?
            .split(' ')
            .next()?
            .parse()
            .ok()
    }

    /// Where the description in this message wants its audio.
    pub(crate) fn media(&self) -> SocketAddr {
        let line = |prefix: &str| {
            self.body
                .lines()
                .find_map(|l| l.strip_prefix(prefix))
                .expect("a line of the SDP")
        };
        let ip = line("c=IN IP4 ").trim();
        let port = line("m=audio ").split(' ').next().expect("a port");
        format!("{ip}:{port}").parse().expect("an address")
    }

    fn contact(&self) -> &str {
        let contact = self.header("contact").expect("a Contact");
        contact
            .trim_start_matches('<')
            .split('>')
            .next()
            .expect("a URI")
    }
}

/// A SIP end with one media socket.
pub(crate) struct Peer {
    sip: UdpSocket,
    pub(crate) rtp: UdpSocket,
    station: SocketAddr,
    call_id: String,
    cseq: u32,
    /// The far end's tag and target, once there is a dialog.
    remote: Option<(String, String)>,
    local_uri: String,
    remote_uri: String,
    branch: u32,
    /// The last request, as it was sent.
    last: Vec<u8>,
}

pub(crate) fn sdp(rtp: SocketAddr, direction: &str) -> String {
    format!(
        "v=0\r\no=peer 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n\
         a=fmtp:101 0-16\r\na={direction}\r\n",
        ip = rtp.ip(),
        port = rtp.port()
    )
}

impl Peer {
    pub(crate) async fn bind(station: SocketAddr) -> Self {
        Self::bind_at(Ipv4Addr::LOCALHOST, station).await
    }

    /// The same at another address of this machine.
    pub(crate) async fn bind_at(ip: Ipv4Addr, station: SocketAddr) -> Self {
        let sip = UdpSocket::bind((ip, 0)).await.expect("a port");
        let rtp = UdpSocket::bind((ip, 0)).await.expect("a port");
        let addr = sip.local_addr().expect("an address");
        Self {
            call_id: format!("call-{}", addr.port()),
            local_uri: format!("<sip:+12065550111@{addr}>"),
            remote_uri: String::new(),
            sip,
            rtp,
            station,
            cseq: 0,
            remote: None,
            branch: 0,
            last: Vec::new(),
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.sip.local_addr().expect("an address")
    }

    pub(crate) fn sdp(&self, direction: &str) -> String {
        sdp(self.rtp.local_addr().expect("an address"), direction)
    }

    pub(crate) async fn send_raw(&self, bytes: &[u8]) {
        self.sip.send_to(bytes, self.station).await.expect("sent");
    }

    /// Sends a request; a body is a session description unless `headers` say otherwise.
    pub(crate) async fn request(&mut self, method: &str, headers: &str, body: &str) {
        self.branch += 1;
        if !matches!(method, "ACK" | "CANCEL") {
            self.cseq += 1;
        }
        let addr = self.addr();
        let (tag, target) = self.remote.clone().unwrap_or_default();
        let to_tag = if tag.is_empty() {
            String::new()
        } else {
            format!(";tag={tag}")
        };
        let mut text = format!(
            "{method} {target} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {addr};branch=z9hG4bK-{port}-{branch};rport\r\n\
             From: {from};tag=local{port}\r\nTo: {to}{to_tag}\r\nCall-ID: {id}\r\n\
             CSeq: {cseq} {method}\r\nMax-Forwards: 70\r\nContact: <sip:peer@{addr}>\r\n{headers}",
            port = addr.port(),
            branch = self.branch,
            from = self.local_uri,
            to = self.remote_uri,
            id = self.call_id,
            cseq = self.cseq,
        );
        if !body.is_empty() && !headers.contains("Content-Type:") {
            text.push_str("Content-Type: application/sdp\r\n");
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
        self.last = text.into_bytes();
        self.repeat().await;
    }

    /// Sends the last request again, as after a loss.
    pub(crate) async fn repeat(&self) {
        self.send_raw(&self.last).await;
    }

    /// Cancels the INVITE that was sent last: its branch, its To without a tag.
    pub(crate) async fn cancel(&mut self) {
        let invite = String::from_utf8(self.last.clone()).expect("text");
        let head = invite.split("\r\n\r\n").next().expect("headers");
        let lines = head.split("\r\n").filter(|l| !l.starts_with("Content-"));
        let text = lines
            .collect::<Vec<_>>()
            .join("\r\n")
            .replace("INVITE", "CANCEL");
        self.send_raw(format!("{text}\r\nContent-Length: 0\r\n\r\n").as_bytes())
            .await;
        let answer = loop {
            let answer = self.next().await;
            if answer.header("cseq").is_some_and(|c| c.ends_with("CANCEL")) {
                break answer;
            }
        };
        assert_eq!(answer.status(), Some(200));
    }

    /// Requests go to `number` from now on.
    pub(crate) fn point_at(&mut self, number: &str) {
        let target = format!("sip:{number}@{}", self.station);
        self.remote_uri = format!("<{target}>");
        self.remote = Some((String::new(), target));
    }

    /// Pretends to be in a dialog the station does not know.
    pub(crate) fn claim_dialog(&mut self) {
        if let Some((tag, _)) = &mut self.remote {
            "invented".clone_into(tag);
        }
    }

    /// Forgets the call that came in, so that the next one is taken up.
    pub(crate) fn forget(&mut self) {
        self.remote = None;
    }

    /// Acknowledges the refusal of the last INVITE: with the branch of that INVITE.
    pub(crate) async fn ack_refusal(&mut self) {
        self.branch = self.branch.saturating_sub(1);
        self.request("ACK", "", "").await;
    }

    /// Sends an INVITE for a new call.
    pub(crate) async fn dial(&mut self, number: &str, headers: &str, body: &str) {
        self.point_at(number);
        self.request("INVITE", headers, body).await;
    }

    /// The next message, whatever it is.
    pub(crate) async fn next(&self) -> Message {
        let mut buffer = vec![0; 65_536];
        let receiving = self.sip.recv_from(&mut buffer);
        let (length, from) = tokio::time::timeout(WAIT, receiving)
            .await
            .expect("a message")
            .expect("received");
        Message::read(&buffer[..length], from)
    }

    /// Whether nothing comes for a while.
    pub(crate) async fn is_left_alone(&self) -> bool {
        let mut buffer = [0; 2048];
        tokio::time::timeout(QUIET, self.sip.recv_from(&mut buffer))
            .await
            .is_err()
    }

    /// The next response with `status`; 100 and repetitions of other answers are passed over.
    pub(crate) async fn response(&mut self, status: u16) -> Message {
        loop {
            let message = self.next().await;
            let Some(given) = message.status() else {
                continue;
            };
            if given == status {
                self.learn(&message);
                return message;
            }
            assert!(given < 200, "wanted {status}, got {}", message.start);
        }
    }

    /// The final status of the request that was sent last.
    pub(crate) async fn final_status(&self) -> u16 {
        loop {
            if let Some(status) = self.next().await.status().filter(|s| *s >= 200) {
                return status;
            }
        }
    }

    fn learn(&mut self, response: &Message) {
        let to = response.header("to").expect("a To");
        let is_invite = response
            .header("cseq")
            .is_some_and(|c| c.ends_with("INVITE"));
        if let (true, Some((_, tag))) = (is_invite, to.split_once(";tag="))
            && response.header("contact").is_some()
        {
            self.remote = Some((tag.to_owned(), response.contact().to_owned()));
        }
    }

    /// The next request with `method`; repetitions of others are passed over.
    pub(crate) async fn asked(&mut self, method: &str) -> Message {
        loop {
            let message = self.next().await;
            if message.start.starts_with(&format!("{method} ")) {
                if method == "INVITE" && self.remote.is_none() {
                    self.adopt(&message);
                }
                return message;
            }
        }
    }

    /// The next request with `method` that is not a repetition of `before`.
    pub(crate) async fn asked_anew(&mut self, method: &str, before: &Message) -> Message {
        loop {
            let message = self.asked(method).await;
            if message.header("cseq") != before.header("cseq") {
                return message;
            }
        }
    }

    /// The next message, if one comes soon.
    pub(crate) async fn try_next(&self) -> Option<Message> {
        tokio::time::timeout(QUIET, self.next()).await.ok()
    }

    /// Takes on the roles of a call that came in.
    fn adopt(&mut self, invite: &Message) {
        let from = invite.header("from").expect("a From");
        let (uri, tag) = from.split_once(";tag=").expect("a tag");
        uri.clone_into(&mut self.remote_uri);
        self.local_uri = invite.header("to").expect("a To").to_owned();
        self.remote = Some((tag.to_owned(), invite.contact().to_owned()));
        self.call_id = invite.header("call-id").expect("a Call-ID").to_owned();
    }

    /// Answers a request.
    pub(crate) async fn answer(&self, request: &Message, status: &str, headers: &str, body: &str) {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for (name, value) in &request.headers {
            match name.as_str() {
                "via" | "from" | "call-id" | "cseq" => {
                    let _ = write!(text, "{name}: {value}\r\n");
                }
                "to" if value.contains(";tag=") => {
                    let _ = write!(text, "to: {value}\r\n");
                }
                "to" => {
                    let _ = write!(text, "to: {value};tag=local{}\r\n", self.addr().port());
                }
                _ => {}
            }
        }
        let _ = write!(text, "Contact: <sip:peer@{}>\r\n{headers}", self.addr());
        if !body.is_empty() {
            text.push_str("Content-Type: application/sdp\r\n");
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
        self.sip
            .send_to(text.as_bytes(), request.from)
            .await
            .expect("sent");
    }

    /// Acknowledges a 2xx.
    pub(crate) async fn ack(&mut self, body: &str) {
        self.request("ACK", "", body).await;
    }

    /// Hangs up and waits for the answer.
    pub(crate) async fn hang_up(&mut self) {
        self.request("BYE", "", "").await;
        loop {
            let message = self.next().await;
            if message.header("cseq").is_some_and(|c| c.ends_with("BYE")) {
                assert_eq!(message.status(), Some(200), "{message:?}");
                return;
            }
        }
    }

    /// Waits for a BYE and answers it.
    pub(crate) async fn is_hung_up(&mut self) -> Message {
        let bye = self.asked("BYE").await;
        self.answer(&bye, "200 OK", "", "").await;
        bye
    }

    /// The next RTP packet and where it came from.
    pub(crate) async fn hear(&self) -> (Vec<u8>, SocketAddr) {
        let mut buffer = vec![0; 2048];
        let receiving = self.rtp.recv_from(&mut buffer);
        let (length, from) = tokio::time::timeout(WAIT, receiving)
            .await
            .expect("a packet")
            .expect("received");
        buffer.truncate(length);
        (buffer, from)
    }

    /// Whether no audio comes for a while.
    pub(crate) async fn hears_nothing(&self) -> bool {
        let mut buffer = [0; 2048];
        tokio::time::timeout(QUIET, self.rtp.recv_from(&mut buffer))
            .await
            .is_err()
    }
}

/// Two peers in a call through a station: caller, destination.
pub(crate) async fn connect(caller: &mut Peer, line: &mut Peer, number: &str) -> [SocketAddr; 2] {
    let offer = caller.sdp("sendrecv");
    caller.dial(number, "", &offer).await;
    let invite = line.asked("INVITE").await;
    let answer = line.sdp("sendrecv");
    line.answer(&invite, "200 OK", "", &answer).await;
    let ok = caller.response(200).await;
    caller.ack("").await;
    line.asked("ACK").await;
    [ok.media(), invite.media()]
}
