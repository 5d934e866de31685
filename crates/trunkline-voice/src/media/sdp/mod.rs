//! Session descriptions (RFC 4566, offer/answer of RFC 3264): read what a peer wrote, write ours.
//!
//! Passing a description on keeps what the two ends agree about (payload types, their parameters,
//! packet time, direction) and replaces what concerns the path: our address, our port, our origin.
//! Attributes of the path itself (ICE, SRTP keys, rtcp-mux) are ended here and never passed on.

mod read;

use std::fmt::Write as _;
use std::net::SocketAddr;

use trunkline_engine::call::control::Codec;

/// Longest description that is read.
const BYTES_MAX: usize = 8192;
/// Most lines that are read.
const LINES_MAX: usize = 256;
/// Payload type of telephone events in an offer of our own (the usual one).
const TELEPHONE_EVENT: u8 = 101;

/// Why a description cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SdpError {
    #[error("the session description is malformed")]
    Malformed,
    #[error("the session description has no usable audio")]
    NoAudio,
    #[error("no codec in common")]
    NoCodec,
    #[error("the media address cannot be used")]
    Address,
}

/// Who sends, seen from the side that wrote the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Direction {
    #[default]
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

/// One `m=` line as it must be mirrored in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct MediaLine {
    kind: String,
    protocol: String,
    first_format: String,
}

/// The shape of a leg's descriptions: how many `m=` lines there are and which is the audio. It may
/// only grow over a session (RFC 3264, 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    lines: Vec<MediaLine>,
    audio: usize,
}

/// A payload type with its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Format {
    payload_type: u8,
    rtpmap: Option<String>,
    fmtp: Option<String>,
}

/// A peer's description, reduced to what a relay of audio needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Description {
    layout: Layout,
    formats: Vec<Format>,
    kept: Vec<String>,
    direction: Direction,
    /// Where the peer wants its audio; `None` for the old way of holding (`c=0.0.0.0`).
    rtp: Option<SocketAddr>,
    rtcp: Option<SocketAddr>,
}

/// Our origin of one leg (RFC 4566, 5.2): the version grows when the content changes.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    id: u64,
    version: u64,
    last: String,
}

impl Direction {
    const fn text(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    fn read(attribute: &str) -> Option<Self> {
        [
            Self::SendRecv,
            Self::SendOnly,
            Self::RecvOnly,
            Self::Inactive,
        ]
        .into_iter()
        .find(|d| d.text() == attribute)
    }
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            lines: vec![MediaLine {
                kind: "audio".to_owned(),
                protocol: "RTP/AVP".to_owned(),
                first_format: "0".to_owned(),
            }],
            audio: 0,
        }
    }
}

impl Origin {
    pub(crate) const fn new(id: u64) -> Self {
        Self {
            id,
            version: 0,
            last: String::new(),
        }
    }
}

impl Description {
    /// Reads a description.
    ///
    /// # Errors
    /// When it is malformed, too large, or has no plain RTP audio.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, SdpError> {
        let text = std::str::from_utf8(body).map_err(|_| SdpError::Malformed)?;
        if text.len() > BYTES_MAX || !text.starts_with("v=0") {
            return Err(SdpError::Malformed);
        }
        let mut reader = read::Reader::default();
        for (index, line) in text
            .split('\n')
            .map(|l| l.trim_end_matches('\r'))
            .enumerate()
        {
            if index >= LINES_MAX {
                return Err(SdpError::Malformed);
            }
            reader.line(line)?;
        }
        reader.finish()
    }

    /// An offer of our own, for a caller who sent none: the trunk's codecs and telephone events.
    pub(crate) fn own_offer(codecs: &[Codec]) -> Self {
        let mut formats: Vec<Format> = codecs
            .iter()
            .map(|codec| Format {
                payload_type: payload_type(*codec),
                rtpmap: Some(format!("{}/8000", name(*codec))),
                fmtp: None,
            })
            .collect();
        formats.push(Format {
            payload_type: TELEPHONE_EVENT,
            rtpmap: Some("telephone-event/8000".to_owned()),
            fmtp: Some("0-16".to_owned()),
        });
        Self {
            layout: Layout::default(),
            formats,
            kept: vec!["ptime:20".to_owned()],
            direction: Direction::SendRecv,
            rtp: None,
            rtcp: None,
        }
    }

    /// Keeps only the given codecs and telephone events.
    ///
    /// # Errors
    /// When none of the codecs is left.
    pub(crate) fn only(mut self, codecs: &[Codec]) -> Result<Self, SdpError> {
        self.formats
            .retain(|f| f.is_event() || codecs.iter().any(|c| f.is(*c)));
        if self.formats.iter().all(Format::is_event) {
            Err(SdpError::NoCodec)
        } else {
            Ok(self)
        }
    }

    /// Keeps the first codec and telephone events, so that both sides of an answer made into an
    /// offer speak the same.
    pub(crate) fn first_codec(mut self) -> Self {
        let mut found = false;
        self.formats
            .retain(|f| f.is_event() || !std::mem::replace(&mut found, true));
        self
    }

    /// The answer to this offer when nobody else is there to answer: its first codec, telephone events, 20 ms packets, and
    /// the direction it leaves to us.
    pub(crate) fn own_answer(self) -> Self {
        let direction = match self.direction {
            Direction::SendRecv => Direction::SendRecv,
            Direction::SendOnly => Direction::RecvOnly,
            Direction::RecvOnly => Direction::SendOnly,
            Direction::Inactive => Direction::Inactive,
        };
        Self {
            direction,
            kept: vec!["ptime:20".to_owned()],
            ..self.first_codec()
        }
    }

    /// The same, not on hold.
    pub(crate) fn resumed(self) -> Self {
        Self {
            direction: Direction::SendRecv,
            ..self
        }
    }

    /// The codec that sound is sent in: the first one.
    pub(crate) fn codec(&self) -> Option<Codec> {
        let mut codecs = self.formats.iter();
        codecs.find_map(|f| [Codec::Pcmu, Codec::Pcma].into_iter().find(|c| f.is(*c)))
    }

    /// Payload type of telephone events, when they are spoken.
    pub(crate) fn events(&self) -> Option<u8> {
        let event = self.formats.iter().find(|f| f.is_event())?;
        Some(event.payload_type)
    }

    /// Where the peer wants its RTP; `None` when it wants none.
    pub(crate) const fn rtp(&self) -> Option<SocketAddr> {
        self.rtp
    }

    /// Where the peer wants its RTCP.
    pub(crate) const fn rtcp(&self) -> Option<SocketAddr> {
        self.rtcp
    }

    /// Whether the peer does not both send and receive: the call is on hold.
    pub(crate) fn is_hold(&self) -> bool {
        self.direction != Direction::SendRecv
    }

    pub(crate) const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Whether the other end must hear of the change from `self` to `newer`: anything but the
    /// place where the audio goes, which the relay absorbs.
    pub(crate) fn agrees_with(&self, newer: &Self) -> bool {
        self.formats == newer.formats && self.direction == newer.direction
    }

    /// Writes this description as ours for a leg: with our address and port, in the leg's layout.
    pub(crate) fn write(&self, local: SocketAddr, layout: &Layout, origin: &mut Origin) -> String {
        let family = if local.is_ipv6() { "IP6" } else { "IP4" };
        let ip = local.ip();
        let mut content = format!("s=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n");
        for (index, line) in layout.lines.iter().enumerate() {
            if index == layout.audio {
                self.write_audio(&mut content, local.port());
            } else {
                let _ = write!(
                    content,
                    "m={} 0 {} {}\r\n",
                    line.kind, line.protocol, line.first_format
                );
            }
        }
        if content != origin.last {
            origin.version += 1;
            origin.last.clone_from(&content);
        }
        format!(
            "v=0\r\no=trunkline {} {} IN {family} {ip}\r\n{content}",
            origin.id, origin.version
        )
    }

    fn write_audio(&self, out: &mut String, port: u16) {
        let _ = write!(out, "m=audio {port} RTP/AVP");
        for format in &self.formats {
            let _ = write!(out, " {}", format.payload_type);
        }
        out.push_str("\r\n");
        for format in &self.formats {
            if let Some(map) = &format.rtpmap {
                let _ = write!(out, "a=rtpmap:{} {map}\r\n", format.payload_type);
            }
            if let Some(parameters) = &format.fmtp {
                let _ = write!(out, "a=fmtp:{} {parameters}\r\n", format.payload_type);
            }
        }
        for attribute in &self.kept {
            let _ = write!(out, "a={attribute}\r\n");
        }
        let _ = write!(out, "a={}\r\n", self.direction.text());
    }
}

impl Format {
    fn encoding(&self) -> &str {
        match (&self.rtpmap, self.payload_type) {
            (Some(map), _) => map.as_str(),
            (None, 0) => "PCMU/8000",
            (None, 8) => "PCMA/8000",
            (None, _) => "",
        }
    }

    fn is_event(&self) -> bool {
        self.encoding()
            .to_ascii_lowercase()
            .starts_with("telephone-event/8000")
    }

    fn is(&self, codec: Codec) -> bool {
        self.payload_type == payload_type(codec)
            && self
                .encoding()
                .to_ascii_uppercase()
                .starts_with(name(codec))
    }
}

/// Static payload type (RFC 3551, table 4).
const fn payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
    }
}

const fn name(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcmu => "PCMU",
        Codec::Pcma => "PCMA",
    }
}
