//! One end of a SIP call: its dialog, what it owes the far end, and the conversation until somebody
//! hangs up (RFC 3261, sections 12 to 15 and 17).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::call::{Ending, KeyForm, Progress, Why};
use super::keys;
use super::media::Media;
use super::message::{Message, finish};
use super::sdp;

/// Round-trip estimate: the first wait before a message is repeated (RFC 3261, 17.1.1.2).
const T1: Duration = Duration::from_millis(500);
/// Longest wait between repetitions.
const T2: Duration = Duration::from_secs(4);
/// When a message without an answer is given up: 64*T1.
pub(super) const GIVE_UP: Duration = Duration::from_secs(32);
/// How long an ended call still answers repetitions (T4).
const LINGER: Duration = Duration::from_secs(5);
/// Methods a telephone of ours takes part in.
pub(super) const ALLOW: &str = "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO\r\n";

/// A message and where it came from.
pub(super) type Received = (Message, SocketAddr);

/// When to repeat a message.
#[derive(Debug)]
pub(super) struct Repeat {
    next: Instant,
    wait: Duration,
    longest: Duration,
    until: Instant,
}

impl Repeat {
    /// For an INVITE: the wait doubles without limit (timer A).
    pub(super) fn invite() -> Self {
        Self::new(GIVE_UP)
    }

    /// For everything else: the wait doubles up to T2 (timers E and G).
    pub(super) fn other() -> Self {
        Self::new(T2)
    }

    fn new(longest: Duration) -> Self {
        let now = Instant::now();
        Self {
            next: now + T1,
            wait: T1,
            longest,
            until: now + GIVE_UP,
        }
    }

    /// Waits until it is time; `false` when it is time to give up.
    pub(super) async fn due(&mut self) -> bool {
        sleep_until(self.next).await;
        self.wait = (self.wait * 2).min(self.longest);
        self.next = Instant::now() + self.wait;
        Instant::now() < self.until
    }
}

/// Waits for a repetition that may not be needed.
pub(super) async fn due(repeat: Option<&mut Repeat>) -> bool {
    match repeat {
        Some(repeat) => repeat.due().await,
        None => std::future::pending().await,
    }
}

/// The finger that presses keys: one after the other, whichever way they take.
#[derive(Debug)]
struct Finger {
    /// Told when the key that is down is up again.
    up: Option<oneshot::Receiver<()>>,
    free_at: Instant,
}

impl Finger {
    fn new() -> Self {
        Self {
            up: None,
            free_at: Instant::now(),
        }
    }

    /// The next key that is to be pressed, once the one before is up again. It may be given up at any time.
    async fn next_key(
        &mut self,
        pressed: &mut mpsc::Receiver<(char, KeyForm)>,
    ) -> Option<(char, KeyForm)> {
        if let Some(up) = &mut self.up {
            // Whether it was sent or the sound is over: it is up.
            let _ = up.await;
            self.up = None;
            self.free_at = Instant::now() + keys::UP_TIME;
        }
        sleep_until(self.free_at).await;
        pressed.recv().await
    }
}

/// Both names of a dialog.
#[derive(Debug)]
pub(super) struct Dialog {
    pub(super) socket: Arc<UdpSocket>,
    pub(super) local_address: SocketAddr,
    pub(super) peer: SocketAddr,
    pub(super) call_id: String,
    /// `<sip:…>` of this end, without tag.
    pub(super) local: String,
    pub(super) local_tag: String,
    pub(super) remote: String,
    pub(super) remote_tag: Option<String>,
    /// Where requests are addressed: the far end's Contact.
    pub(super) target: String,
    pub(super) sequence: u32,
}

impl Dialog {
    pub(super) fn contact(&self) -> String {
        format!("Contact: <sip:sim@{}>\r\n", self.local_address)
    }

    /// A request. Its branch is its own, unless it belongs to an INVITE's transaction.
    pub(super) fn request(
        &self,
        method: &str,
        sequence: u32,
        branch: &str,
        more: &str,
        body: &str,
    ) -> String {
        let tag = self
            .remote_tag
            .as_ref()
            .map_or_else(String::new, |tag| format!(";tag={tag}"));
        let text = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch={branch};rport\r\nMax-Forwards: 70\r\n\
             From: {local};tag={local_tag}\r\nTo: {remote}{tag}\r\nCall-ID: {call_id}\r\nCSeq: {sequence} {method}\r\n",
            target = self.target,
            address = self.local_address,
            local = self.local,
            local_tag = self.local_tag,
            remote = self.remote,
            call_id = self.call_id,
        );
        finish(text, more, body)
    }

    /// The branch of a request (RFC 3261, 8.1.1.7): unique by tag, sequence and method.
    pub(super) fn branch(&self, method: &str, sequence: u32) -> String {
        format!("z9hG4bK-{}-{sequence}-{method}", self.local_tag)
    }

    pub(super) async fn send(&self, text: &str) {
        self.send_to(text, self.peer).await;
    }

    async fn send_to(&self, text: &str, to: SocketAddr) {
        if let Err(error) = self.socket.send_to(text.as_bytes(), to).await {
            tracing::debug!(%error, %to, "a SIP message was not sent");
        }
    }
}

/// A 2xx that the far end has not acknowledged yet; it is repeated until then (RFC 3261, 13.3.1.4).
#[derive(Debug)]
pub(super) struct Owed {
    text: String,
    sequence: u32,
    repeat: Repeat,
}

/// One end of a call.
pub(super) struct Leg {
    pub(super) dialog: Dialog,
    pub(super) inbox: mpsc::Receiver<Received>,
    pub(super) progress: watch::Sender<Progress>,
    /// Keys that are to be pressed.
    pressed: mpsc::Receiver<(char, KeyForm)>,
    /// Asked to hang up, by the call's handle or because the carrier stops.
    pub(super) hang_up: CancellationToken,
    pub(super) media: Media,
    /// The acknowledgement of the last final answer to our INVITE, for its repetitions.
    pub(super) last_ack: Option<String>,
    pub(super) owed: Option<Owed>,
    descriptions: u32,
}

impl Leg {
    pub(super) const fn new(
        dialog: Dialog,
        inbox: mpsc::Receiver<Received>,
        progress: watch::Sender<Progress>,
        pressed: mpsc::Receiver<(char, KeyForm)>,
        hang_up: CancellationToken,
        media: Media,
    ) -> Self {
        Self {
            dialog,
            inbox,
            progress,
            pressed,
            hang_up,
            media,
            last_ack: None,
            owed: None,
            descriptions: 0,
        }
    }

    /// Our session description, as an offer or as the answer to an offer.
    pub(super) fn describe(&mut self, answers: Option<sdp::Wants>) -> String {
        self.descriptions += 1;
        sdp::write(self.media.local, self.descriptions, answers)
    }

    pub(super) async fn respond(
        &self,
        request: &Received,
        status: u16,
        phrase: &str,
        more: &str,
        body: &str,
    ) -> String {
        let text = request
            .0
            .respond(status, phrase, &self.dialog.local_tag, more, body);
        self.dialog.send_to(&text, request.1).await;
        text
    }

    /// Answers an INVITE with 200 and repeats that until it is acknowledged.
    pub(super) async fn accept(&mut self, invite: &Received) -> bool {
        let wants = match invite.0.body.is_empty() {
            true => None,
            false => match sdp::read(&invite.0.body) {
                Some(wants) => Some(wants),
                None => {
                    self.respond(invite, 488, "Not Acceptable Here", "", "")
                        .await;
                    return false;
                }
            },
        };
        let body = self.describe(wants);
        let more = format!("{}{ALLOW}", self.dialog.contact());
        let text = self.respond(invite, 200, "OK", &more, &body).await;
        if let Some(wants) = wants {
            self.media.turn_to(wants, true);
        }
        let sequence = invite.0.sequence().map_or(0, |(number, _)| number);
        self.owed = Some(Owed {
            text,
            sequence,
            repeat: Repeat::other(),
        });
        true
    }

    /// The conversation, until somebody hangs up or `limit` is reached.
    pub(super) async fn talk(&mut self, limit: Instant) -> Ending {
        self.progress.send_replace(Progress::Talking);
        let mut finger = Finger::new();
        loop {
            tokio::select! {
                received = self.inbox.recv() => {
                    let Some(received) = received else { return Ending::new(Why::Lost) };
                    if let Some(ending) = self.on_message(&received).await {
                        return ending;
                    }
                }
                goes_on = due(self.owed.as_mut().map(|o| &mut o.repeat)) => match &self.owed {
                    Some(owed) if goes_on => self.dialog.send(&owed.text).await,
                    _ => {
                        self.bye().await;
                        return Ending::new(Why::Lost);
                    }
                },
                Some((key, form)) = finger.next_key(&mut self.pressed) => {
                    if form != KeyForm::Info {
                        finger.up = Some(self.media.press(key, form));
                    } else if let Some(ending) = self.relay(key).await {
                        return ending;
                    }
                }
                () = sleep_until(limit) => return self.bye().await,
                () = self.hang_up.cancelled() => return self.bye().await,
            }
        }
    }

    /// Tells of a key in a request, until it is answered; the ending when the far end hung up meanwhile.
    async fn relay(&mut self, key: char) -> Option<Ending> {
        self.dialog.sequence += 1;
        let sequence = self.dialog.sequence;
        let text = self.dialog.request(
            "INFO",
            sequence,
            &self.dialog.branch("INFO", sequence),
            "",
            &keys::relay(key),
        );
        let text = text.replace("application/sdp", keys::RELAY);
        self.dialog.send(&text).await;
        let mut repeat = Repeat::other();
        loop {
            tokio::select! {
                received = self.inbox.recv() => {
                    let Some(received) = received else { return Some(Ending::new(Why::Lost)) };
                    if received.0.status_of("INFO").is_some_and(|status| status >= 200) {
                        return None;
                    }
                    if let Some(ending) = self.on_message(&received).await {
                        return Some(ending);
                    }
                }
                goes_on = repeat.due() => {
                    if !goes_on {
                        return None;
                    }
                    self.dialog.send(&text).await;
                }
            }
        }
    }

    /// Hangs up; comes back when the far end has answered or is given up.
    pub(super) async fn bye(&mut self) -> Ending {
        self.media.close();
        self.dialog.sequence += 1;
        let sequence = self.dialog.sequence;
        let text = self.dialog.request(
            "BYE",
            sequence,
            &self.dialog.branch("BYE", sequence),
            "",
            "",
        );
        self.dialog.send(&text).await;
        let mut repeat = Repeat::other();
        loop {
            tokio::select! {
                received = self.inbox.recv() => {
                    let Some(received) = received else { return Ending::new(Why::Lost) };
                    if received.0.status_of("BYE").is_some_and(|status| status >= 200) {
                        return Ending::new(Why::HungUp);
                    }
                    // Both may hang up at once: each answers the other.
                    self.on_message(&received).await;
                }
                goes_on = repeat.due() => {
                    if !goes_on {
                        return Ending::new(Why::Lost);
                    }
                    self.dialog.send(&text).await;
                }
            }
        }
    }

    /// Answers repetitions for a while after the end.
    pub(super) async fn linger(mut self, stop: &CancellationToken) {
        let until = Instant::now() + LINGER;
        loop {
            tokio::select! {
                received = self.inbox.recv() => match received {
                    Some(received) => drop(self.on_message(&received).await),
                    None => return,
                },
                () = sleep_until(until) => return,
                () = stop.cancelled() => return,
            }
        }
    }

    /// A message inside the dialog; the ending when the far end hung up.
    pub(super) async fn on_message(&mut self, received: &Received) -> Option<Ending> {
        let message = &received.0;
        let Some(method) = message.method() else {
            // A repeated final answer to our INVITE: our acknowledgement was lost.
            if message
                .status_of("INVITE")
                .is_some_and(|status| status >= 200)
                && let Some(ack) = &self.last_ack
            {
                self.dialog.send(ack).await;
            }
            return None;
        };
        match method {
            "BYE" => {
                self.respond(received, 200, "OK", "", "").await;
                return Some(Ending::new(Why::FarHungUp));
            }
            "ACK" => self.on_ack(message),
            "INVITE" => self.on_reinvite(received).await,
            "UPDATE" if !message.body.is_empty() => self.on_update(received).await,
            "UPDATE" | "INFO" | "OPTIONS" | "CANCEL" => {
                let more = format!("{}{ALLOW}", self.dialog.contact());
                self.respond(received, 200, "OK", &more, "").await;
            }
            _ => {
                self.respond(received, 501, "Not Implemented", ALLOW, "")
                    .await;
            }
        }
        None
    }

    fn on_ack(&mut self, ack: &Message) {
        let sequence = ack.sequence().map(|(number, _)| number);
        self.owed = self
            .owed
            .take()
            .filter(|owed| Some(owed.sequence) != sequence);
        // The answer to an offer of ours stands in the acknowledgement (RFC 3261, 13.2.1).
        if let Some(wants) = sdp::read(&ack.body) {
            self.media.turn_to(wants, true);
        }
    }

    async fn on_reinvite(&mut self, received: &Received) {
        let sequence = received.0.sequence().map(|(number, _)| number);
        match &self.owed {
            Some(owed) if Some(owed.sequence) == sequence => self.dialog.send(&owed.text).await,
            _ => drop(self.accept(received).await),
        }
    }

    async fn on_update(&mut self, received: &Received) {
        let Some(wants) = sdp::read(&received.0.body) else {
            self.respond(received, 488, "Not Acceptable Here", "", "")
                .await;
            return;
        };
        self.media.turn_to(wants, true);
        let body = self.describe(Some(wants));
        let more = format!("{}{ALLOW}", self.dialog.contact());
        self.respond(received, 200, "OK", &more, &body).await;
    }
}
