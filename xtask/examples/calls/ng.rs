//! rtpengine's control protocol "ng": a cookie and a bencoded dictionary in a datagram.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use crate::Failure;
use crate::audio::{End, Ends, Stream, media};

/// Longest wait for an answer.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// Calls that are set up.
pub(crate) struct Calls {
    control: UdpSocket,
    asked: u32,
    count: usize,
    streams: Vec<Stream>,
}

impl Calls {
    /// Sets `count` calls up, and has them recorded.
    pub(crate) fn set_up(server: SocketAddr, count: usize, ends: &Ends) -> Result<Self, Failure> {
        let control = UdpSocket::bind("127.0.0.1:0")?;
        control.connect(server)?;
        control.set_read_timeout(Some(ANSWER_WAIT))?;
        let mut calls = Self {
            control,
            asked: 0,
            count,
            streams: Vec::with_capacity(2 * count),
        };
        for index in 0..count {
            let (caller, offer) = ends.offer(End::Caller, index)?;
            let (line, answer) = ends.offer(End::Line, index)?;
            let to_line = calls.ask(index, "offer", Some(&offer))?;
            let to_caller = calls.ask(index, "answer", Some(&answer))?;
            calls.ask(index, "start recording", None)?;
            calls.streams.push(Stream {
                end: End::Line,
                socket: line,
                to: media(&to_line)?,
            });
            calls.streams.push(Stream {
                end: End::Caller,
                socket: caller,
                to: media(&to_caller)?,
            });
        }
        Ok(calls)
    }

    pub(crate) fn streams(&self) -> &[Stream] {
        &self.streams
    }

    pub(crate) fn hang_up(&mut self) -> Result<(), Failure> {
        for index in 0..self.count {
            self.ask(index, "delete", None)?;
        }
        Ok(())
    }

    /// Asks for something; what is answered, with the description in it.
    fn ask(&mut self, index: usize, command: &str, sdp: Option<&str>) -> Result<String, Failure> {
        self.asked += 1;
        let cookie = format!("load{}", self.asked);
        let mut entries = vec![
            ("call-id", text(&format!("load-{index}"))),
            ("command", text(command)),
            ("from-tag", text("caller")),
        ];
        if let Some(sdp) = sdp {
            entries.push(("flags", format!("l{}e", text("trust-address"))));
            entries.push(("ICE", text("remove")));
            entries.push(("sdp", text(sdp)));
        }
        if command == "answer" {
            entries.push(("to-tag", text("line")));
        }
        let entries: String = entries
            .iter()
            .map(|(key, value)| format!("{}{value}", text(key)))
            .collect();
        self.control
            .send(format!("{cookie} d{entries}e").as_bytes())?;
        let mut buffer = [0; 16_384];
        let length = self.control.recv(&mut buffer)?;
        let answer = String::from_utf8(buffer[..length].to_vec())?;
        let told = answer
            .strip_prefix(&cookie)
            .ok_or("an answer to something else")?;
        if !told.contains("6:result2:ok") {
            return Err(format!("rtpengine refuses {command}: {told}").into());
        }
        if sdp.is_none() {
            return Ok(String::new());
        }
        let rest = told
            .split_once("3:sdp")
            .ok_or("no description in the answer")?
            .1;
        let (length, rest) = rest
            .split_once(':')
            .ok_or("a description without its length")?;
        Ok(rest
            .get(..length.parse()?)
            .ok_or("the answer was cut off")?
            .to_owned())
    }
}

/// A bencoded string.
fn text(text: &str) -> String {
    format!("{}:{text}", text.len())
}
