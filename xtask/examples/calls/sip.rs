//! Just enough SIP over UDP to call, to answer and to hang up.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::audio::{End, Ends, Stream, media};

/// New calls a second.
const PER_SECOND: u32 = 50;
/// Longest wait for all calls to be up behind the last INVITE, and for all to be down.
const UP_WAIT: Duration = Duration::from_secs(20);
const DOWN_WAIT: Duration = Duration::from_secs(20);
/// Pause between looks at the sockets.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Calls that are up.
pub(crate) struct Calls {
    server: SocketAddr,
    caller: UdpSocket,
    line: UdpSocket,
    calls: Vec<Call>,
    streams: Vec<Stream>,
    /// Call-IDs the line has answered, with the answer: an INVITE may come twice.
    answered: Vec<(String, String)>,
}

struct Call {
    number: String,
    socket: usize,
    offer: String,
    /// To with its tag, and where requests of the dialog go.
    dialog: Option<(String, String)>,
    down: bool,
}

impl Calls {
    /// Calls `count` times, in turn on each number, until both ends of every call are up.
    pub(crate) fn set_up(
        server: SocketAddr,
        line: u16,
        count: usize,
        numbers: &[&str],
        ends: &Ends,
    ) -> Result<Self, Failure> {
        let bind = |port: u16| -> Result<UdpSocket, Failure> {
            let socket = UdpSocket::bind(("127.0.0.1", port))?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        let mut calls = Self {
            server,
            caller: bind(0)?,
            line: bind(line)?,
            calls: Vec::with_capacity(count),
            streams: Vec::with_capacity(2 * count),
            answered: Vec::with_capacity(count),
        };
        let started = Instant::now();
        while calls.calls.len() < count {
            let index = calls.calls.len();
            let (socket, offer) = ends.offer(End::Caller, index)?;
            calls.calls.push(Call {
                number: numbers[index % numbers.len()].to_owned(),
                socket,
                offer,
                dialog: None,
                down: false,
            });
            calls.invite(index)?;
            while started.elapsed() < Duration::from_secs(1) / PER_SECOND * calls.calls.len() as u32
            {
                calls.listen(ends)?;
            }
        }
        let deadline = Instant::now() + UP_WAIT;
        while calls.streams.len() < 2 * count {
            if Instant::now() > deadline {
                let up = calls.streams.len();
                return Err(format!("{up} of {} ends are up", 2 * count).into());
            }
            calls.listen(ends)?;
        }
        Ok(calls)
    }

    pub(crate) fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// Hangs every call up and waits until the server has said so for all.
    pub(crate) fn hang_up(&mut self) -> Result<(), Failure> {
        let ends = Ends::bind()?;
        for index in 0..self.calls.len() {
            self.request(index, "BYE", 2)?;
            self.listen(&ends)?;
        }
        let deadline = Instant::now() + DOWN_WAIT;
        while self.calls.iter().any(|call| !call.down) {
            if Instant::now() > deadline {
                return Err("not every call came down".into());
            }
            self.listen(&ends)?;
        }
        Ok(())
    }

    fn invite(&self, index: usize) -> Result<(), Failure> {
        let call = &self.calls[index];
        let (us, server) = (self.caller.local_addr()?, self.server);
        let text = format!(
            "INVITE sip:{number}@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {us};branch=z9hG4bKi{index};rport\r\n\
             From: <sip:+1206{caller:07}@{us}>;tag=c{index}\r\nTo: <sip:{number}@{server}>\r\nCall-ID: load-{index}\r\n\
             CSeq: 1 INVITE\r\nContact: <sip:load@{us}>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\n\
             Content-Length: {length}\r\n\r\n{offer}",
            number = call.number,
            caller = 5_550_000 + index,
            length = call.offer.len(),
            offer = call.offer,
        );
        self.caller.send_to(text.as_bytes(), server)?;
        Ok(())
    }

    /// A request inside a dialog.
    fn request(&self, index: usize, method: &str, sequence: u32) -> Result<(), Failure> {
        let call = &self.calls[index];
        let (to, target) = call.dialog.as_ref().ok_or("no dialog")?;
        let us = self.caller.local_addr()?;
        let text = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {us};branch=z9hG4bK{method}{index};rport\r\n\
             From: <sip:+1206{caller:07}@{us}>;tag=c{index}\r\nTo: {to}\r\nCall-ID: load-{index}\r\nCSeq: {sequence} {method}\r\n\
             Contact: <sip:load@{us}>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            caller = 5_550_000 + index,
        );
        self.caller.send_to(text.as_bytes(), self.server)?;
        Ok(())
    }

    /// Takes what came on both sockets, or waits a moment.
    fn listen(&mut self, ends: &Ends) -> Result<(), Failure> {
        let mut idle = true;
        while let Some((text, _)) = receive(&self.caller)? {
            idle = false;
            self.at_the_caller(&text)?;
        }
        while let Some((text, from)) = receive(&self.line)? {
            idle = false;
            self.at_the_line(&text, from, ends)?;
        }
        if idle {
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    fn at_the_caller(&mut self, text: &str) -> Result<(), Failure> {
        let Some(status) = text.strip_prefix("SIP/2.0 ") else {
            return Err(format!("the server asks the caller: {text}").into());
        };
        let (id, sequence) = (header(text, "Call-ID")?, header(text, "CSeq")?);
        let index: usize = id.trim_start_matches("load-").parse()?;
        let is_invite = sequence.ends_with("INVITE");
        match status.get(..3) {
            Some("200") if is_invite => {
                let call = &mut self.calls[index];
                if call.dialog.is_none() {
                    let contact = header(text, "Contact")?;
                    let target = contact.trim_start_matches('<').split('>').next();
                    let target = target.ok_or("no target")?.to_owned();
                    call.dialog = Some((header(text, "To")?.to_owned(), target));
                    self.streams.push(Stream {
                        end: End::Caller,
                        socket: call.socket,
                        to: media(text)?,
                    });
                }
                self.request(index, "ACK", 1)
            }
            Some("200") => {
                self.calls[index].down = true;
                Ok(())
            }
            Some(status) if status.starts_with('1') => Ok(()),
            _ => Err(format!("the server refuses a call: {text}").into()),
        }
    }

    fn at_the_line(&mut self, text: &str, from: SocketAddr, ends: &Ends) -> Result<(), Failure> {
        if text.starts_with("ACK ") || text.starts_with("SIP/2.0 ") {
            return Ok(());
        }
        let id = header(text, "Call-ID")?.to_owned();
        let known = self.answered.iter().find(|(known, _)| *known == id);
        let body = match (text.starts_with("INVITE "), known) {
            (false, _) => String::new(),
            (true, Some((_, body))) => body.clone(),
            (true, None) => {
                let (socket, body) = ends.offer(End::Line, self.answered.len())?;
                self.streams.push(Stream {
                    end: End::Line,
                    socket,
                    to: media(text)?,
                });
                self.answered.push((id, body.clone()));
                body
            }
        };
        let mut answer = "SIP/2.0 200 OK\r\n".to_owned();
        for line in text.lines().take_while(|line| !line.is_empty()) {
            let name = line.split(':').next().unwrap_or("").to_ascii_lowercase();
            if matches!(name.as_str(), "via" | "from" | "to" | "call-id" | "cseq") {
                answer.push_str(line);
                if name == "to" && !line.contains(";tag=") {
                    answer.push_str(";tag=line");
                }
                answer.push_str("\r\n");
            }
        }
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        let us = self.line.local_addr()?;
        answer.push_str(&format!(
            "Contact: <sip:line@{us}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        self.line.send_to(answer.as_bytes(), from)?;
        Ok(())
    }
}

fn receive(socket: &UdpSocket) -> Result<Option<(String, SocketAddr)>, Failure> {
    let mut buffer = [0; 8192];
    match socket.recv_from(&mut buffer) {
        Ok((length, from)) => Ok(Some((String::from_utf8(buffer[..length].to_vec())?, from))),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn header<'a>(text: &'a str, name: &str) -> Result<&'a str, Failure> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(given, _)| given.eq_ignore_ascii_case(name));
    Ok(found
        .ok_or_else(|| format!("no {name} in: {text}"))?
        .1
        .trim())
}
