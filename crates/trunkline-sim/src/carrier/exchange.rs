//! The exchange: every datagram to its call, every new call to its line, and what callers and lines of
//! one carrier have agreed.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::UdpSocket;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_core::base::{Country, PhoneNumber};

use super::CarrierConfig;
use super::call::{CallHandle, Ending, Progress, Why};
use super::dial::{DialPlan, HangsUp};
use super::keys::KEYS_MAX;
use super::leg::{ALLOW, Dialog, Leg, Received};
use super::line::{self, Behaviour, Line};
use super::media::{Heard, Media};
use super::message::{Message, Start, user_of};
use crate::audio::{Speaker, Talk, Voice};
use crate::chance::Chance;

/// Largest SIP message that is read.
const MESSAGE_MAX: usize = 65_536;
/// Messages of one call that wait; more are lost, as datagrams are.
const INBOX_MAX: usize = 32;
/// Arrived calls an observer may lag behind.
const ARRIVALS_MAX: usize = 256;

/// What a caller and the line that is reached have agreed: they are on the same carrier.
#[derive(Debug, Clone)]
struct Meeting {
    call: u64,
    talk: Option<Talk>,
    hangs_up_after_ms: Option<u64>,
    /// What the next lines do, first one last.
    behaviours: Vec<Behaviour>,
}

/// What the calls of a carrier share.
pub(super) struct Exchange {
    config: CarrierConfig,
    socket: Arc<UdpSocket>,
    pub(super) address: SocketAddr,
    lines: Mutex<HashMap<PhoneNumber, Line>>,
    meetings: Mutex<HashMap<PhoneNumber, Meeting>>,
    inboxes: Mutex<HashMap<String, mpsc::Sender<Received>>>,
    places: Arc<Semaphore>,
    pub(super) arrivals: broadcast::Sender<CallHandle>,
    pub(super) tasks: TaskTracker,
    /// Every call says goodbye.
    pub(super) stop: CancellationToken,
    /// Everything ends at once.
    pub(super) cut: CancellationToken,
    calls: AtomicU64,
    chance: Mutex<Chance>,
    /// Keeps the Call-IDs of two runs apart.
    started: u128,
}

/// Ends what was agreed when the call is over.
pub(super) struct Agreed {
    exchange: Arc<Exchange>,
    call: u64,
}

impl Drop for Agreed {
    fn drop(&mut self) {
        hold(&self.exchange.meetings).retain(|_, meeting| meeting.call != self.call);
    }
}

/// An end of a call before it runs.
pub(super) struct Opened {
    leg: Leg,
    pub(super) handle: CallHandle,
    place: OwnedSemaphorePermit,
    inbox: Inbox,
}

/// Takes a call's inbox out of the exchange when the call is forgotten.
struct Inbox {
    exchange: Arc<Exchange>,
    call_id: String,
}

impl Drop for Inbox {
    fn drop(&mut self) {
        hold(&self.exchange.inboxes).remove(&self.call_id);
    }
}

impl Exchange {
    /// Opens the SIP port and starts to listen.
    pub(super) async fn start(config: CarrierConfig) -> io::Result<Arc<Self>> {
        let socket = Arc::new(UdpSocket::bind(SocketAddr::new(config.bind, 0)).await?);
        let exchange = Arc::new(Self {
            address: socket.local_addr()?,
            socket,
            lines: Mutex::default(),
            meetings: Mutex::default(),
            inboxes: Mutex::default(),
            places: Arc::new(Semaphore::new(config.calls_max)),
            arrivals: broadcast::channel(ARRIVALS_MAX).0,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            cut: CancellationToken::new(),
            calls: AtomicU64::new(0),
            chance: Mutex::new(Chance::new(config.seed)),
            started: std::time::UNIX_EPOCH.elapsed().map_or(0, |e| e.as_nanos()),
            config,
        });
        tokio::spawn(listen(Arc::clone(&exchange)));
        Ok(exchange)
    }

    pub(super) fn connect(&self, number: PhoneNumber, line: Line) {
        hold(&self.lines).insert(number, line);
    }

    pub(super) fn in_progress(&self) -> usize {
        self.config.calls_max - self.places.available_permits()
    }

    /// A place for one end of a call, when one is free.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    fn tag(&self) -> String {
        format!("{:016x}", hold(&self.chance).next())
    }

    /// Notes what the lines that `plan` reaches are to do, as long as the answer is kept.
    pub(super) fn meet(self: &Arc<Self>, plan: &DialPlan) -> Agreed {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let meeting = Meeting {
            call,
            talk: match plan.voice {
                Voice::Speech(Speaker { talk, .. }) => Some(talk),
                Voice::Silence | Voice::Tone { .. } => None,
            },
            hangs_up_after_ms: (plan.hang_up == HangsUp::Destination).then_some(plan.talk_ms),
            behaviours: plan.meets.iter().rev().copied().collect(),
        };
        hold(&self.meetings).insert(plan.from, meeting);
        Agreed {
            exchange: Arc::clone(self),
            call,
        }
    }

    /// The dialog of a call to be placed.
    pub(super) fn dialling(&self, plan: &DialPlan) -> Dialog {
        let (own, trunk, tag) = (self.address, self.config.trunk, self.tag());
        Dialog {
            socket: Arc::clone(&self.socket),
            local_address: own,
            peer: trunk,
            call_id: format!("{tag}-{}@{}", self.started, own.ip()),
            local: format!("<sip:{}@{own}>", plan.from),
            local_tag: tag,
            remote: format!("<sip:{}@{trunk}>", plan.to),
            remote_tag: None,
            target: format!("sip:{}@{trunk}", plan.to),
            sequence: 1,
        }
    }

    /// The line as it behaves for this caller.
    fn line_for(&self, dialled: PhoneNumber, caller: Option<PhoneNumber>) -> Option<Line> {
        let mut line = *hold(&self.lines).get(&dialled)?;
        let mut meetings = hold(&self.meetings);
        if let Some(meeting) = caller.and_then(|number| meetings.get_mut(&number)) {
            line.behaviour = meeting.behaviours.pop().unwrap_or(line.behaviour);
            line.hangs_up_after_ms = meeting.hangs_up_after_ms.or(line.hangs_up_after_ms);
            if let (Voice::Speech(speaker), Some(talk)) = (&mut line.voice, meeting.talk) {
                speaker.talk = talk;
            }
        }
        Some(line)
    }

    pub(super) async fn open(
        self: &Arc<Self>,
        dialog: Dialog,
        caller: Option<PhoneNumber>,
        dialled: PhoneNumber,
        voice: Voice,
        place: OwnedSemaphorePermit,
    ) -> io::Result<Opened> {
        let heard = Arc::new(Mutex::new(Heard::new(self.config.keeps_audio)));
        let media = Media::open(self.address.ip(), voice, Arc::clone(&heard)).await?;
        let (progress_in, progress) = watch::channel(Progress::Dialling);
        let (sender, receiver) = mpsc::channel(INBOX_MAX);
        let hang_up = self.stop.child_token();
        hold(&self.inboxes).insert(dialog.call_id.clone(), sender);
        let inbox = Inbox {
            exchange: Arc::clone(self),
            call_id: dialog.call_id.clone(),
        };
        let (keys, pressed) = mpsc::channel(KEYS_MAX);
        let leg = Leg::new(
            dialog,
            receiver,
            progress_in,
            pressed,
            hang_up.clone(),
            media,
        );
        Ok(Opened {
            leg,
            handle: CallHandle {
                caller,
                dialled,
                progress,
                heard,
                keys,
                hang_up,
            },
            place,
            inbox,
        })
    }

    async fn answer(&self, received: &Received, status: u16, phrase: &str, more: &str) {
        let text = received.0.respond(status, phrase, &self.tag(), more, "");
        if let Err(error) = self.socket.send_to(text.as_bytes(), received.1).await {
            tracing::debug!(%error, "an answer was not sent");
        }
    }

    /// A message that belongs to no call.
    async fn on_stray(self: &Arc<Self>, received: Received) {
        let Start::Request { method, uri } = &received.0.start else {
            return;
        };
        match method.as_str() {
            "ACK" => {}
            "OPTIONS" => self.answer(&received, 200, "OK", ALLOW).await,
            "INVITE" if received.0.tag("to").is_none() => {
                let dialled = user_of(uri).and_then(number);
                self.ring(received, dialled).await;
            }
            _ => {
                self.answer(&received, 481, "Call/Transaction Does Not Exist", "")
                    .await;
            }
        }
    }

    /// A new call for one of our lines.
    async fn ring(self: &Arc<Self>, received: Received, dialled: Option<PhoneNumber>) {
        let caller = received.0.party("from").and_then(user_of).and_then(number);
        let line = dialled.and_then(|n| Some((n, self.line_for(n, caller)?)));
        let Some((dialled, line)) = line else {
            return self.answer(&received, 404, "Not Found", "").await;
        };
        let place = self.place().filter(|_| !self.stop.is_cancelled());
        let (Some(place), Some(dialog)) = (place, self.answering(&received)) else {
            return self
                .answer(&received, 503, "Service Unavailable", "Retry-After: 5\r\n")
                .await;
        };
        match self.open(dialog, caller, dialled, line.voice, place).await {
            Ok(opened) => {
                // Nobody needs to watch.
                let _ = self.arrivals.send(opened.handle.clone());
                let exchange = Arc::clone(self);
                self.tasks.spawn(async move {
                    run(opened, &exchange, async |leg| {
                        line::take(leg, &received, &line).await
                    })
                    .await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a call could not be taken");
                self.answer(&received, 500, "Server Internal Error", "")
                    .await;
            }
        }
    }

    /// The dialog of a call that arrived.
    fn answering(&self, (invite, from): &Received) -> Option<Dialog> {
        Some(Dialog {
            socket: Arc::clone(&self.socket),
            local_address: self.address,
            peer: *from,
            call_id: invite.call_id()?.to_owned(),
            local: invite.party("to")?.to_owned(),
            local_tag: self.tag(),
            remote: invite.party("from")?.to_owned(),
            remote_tag: invite.tag("from").map(str::to_owned),
            target: invite.contact()?.to_owned(),
            sequence: 1,
        })
    }
}

/// Sees one end of a call through, whatever happens to it.
pub(super) async fn run(
    opened: Opened,
    exchange: &Exchange,
    course: impl AsyncFnOnce(&mut Leg) -> Ending,
) {
    let Opened {
        mut leg,
        handle: _handle,
        place,
        inbox,
    } = opened;
    let ending = tokio::select! {
        ending = course(&mut leg) => ending,
        () = exchange.cut.cancelled() => Ending::new(Why::Lost),
    };
    leg.media.close();
    leg.progress.send_replace(Progress::Ended(ending));
    drop(place);
    tokio::select! {
        () = leg.linger(&exchange.stop) => {}
        () = exchange.cut.cancelled() => {}
    }
    drop(inbox);
}

/// Hands every datagram to its call.
async fn listen(exchange: Arc<Exchange>) {
    let mut buffer = vec![0; MESSAGE_MAX];
    loop {
        let received = tokio::select! {
            received = exchange.socket.recv_from(&mut buffer) => received,
            () = exchange.cut.cancelled() => return,
        };
        let Ok((length, from)) = received else {
            continue;
        };
        let Some(message) =
            Message::read(&buffer[..length]).filter(|_| from.ip() == exchange.config.trunk.ip())
        else {
            continue;
        };
        let inbox = message
            .call_id()
            .and_then(|id| hold(&exchange.inboxes).get(id).cloned());
        match inbox {
            // A full inbox loses the message, as the network may; it will be repeated.
            Some(inbox) => drop(inbox.try_send((message, from))),
            None => exchange.on_stray((message, from)).await,
        }
    }
}

/// A number as carriers write it: with or without the plus sign.
fn number(text: &str) -> Option<PhoneNumber> {
    PhoneNumber::parse(text, Country::US)
        .or_else(|_| PhoneNumber::parse_e164(&format!("+{text}")))
        .ok()
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
