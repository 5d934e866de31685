//! The exchange: every datagram to its call, every new call to its line, and what callers and lines of
//! one carrier have agreed.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::UdpSocket;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_core::base::{Country, PhoneNumber};

use super::CarrierConfig;
use super::call::{CallHandle, Ending, Progress, Why};
use super::dial::{DialPlan, HangsUp};
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

/// What a caller and the line that is reached have agreed: they are on the same carrier.
#[derive(Debug, Clone)]
struct Meeting {
    call: u64,
    talk: Option<Talk>,
    hangs_up_after_ms: Option<u64>,
    /// What the next lines do, first one last.
    behaviours: Vec<Behaviour>,
}

pub(super) struct Shared {
    config: CarrierConfig,
    socket: Arc<UdpSocket>,
    address: SocketAddr,
    lines: Mutex<HashMap<PhoneNumber, Line>>,
    meetings: Mutex<HashMap<PhoneNumber, Meeting>>,
    inboxes: Mutex<HashMap<String, mpsc::Sender<Received>>>,
    places: Arc<Semaphore>,
    arrivals: broadcast::Sender<CallHandle>,
    tasks: TaskTracker,
    /// Every call says goodbye.
    stop: CancellationToken,
    /// Everything ends at once.
    cut: CancellationToken,
    calls: AtomicU64,
    chance: Mutex<Chance>,
    /// Keeps the Call-IDs of two runs apart.
    started: u128,
}
/// An end of a call before it runs.
pub(super) struct Opened {
    leg: Leg,
    handle: CallHandle,
    place: OwnedSemaphorePermit,
    inbox: Inbox,
}

/// Takes a call's inbox out of the exchange when the call is forgotten.
struct Inbox {
    shared: Arc<Shared>,
    call_id: String,
}

impl Drop for Inbox {
    fn drop(&mut self) {
        hold(&self.shared.inboxes).remove(&self.call_id);
    }
}
impl Shared {
    fn tag(&self) -> String {
        format!("{:016x}", hold(&self.chance).next())
    }

    /// Notes what the lines that `plan` reaches are to do.
    fn meet(&self, call: u64, plan: &DialPlan) {
        let talk = match plan.voice {
            Voice::Speech(Speaker { talk, .. }) => Some(talk),
            Voice::Silence | Voice::Tone { .. } => None,
        };
        let hangs_up_after_ms = (plan.hang_up == HangsUp::Destination).then_some(plan.talk_ms);
        let behaviours = plan.meets.iter().rev().copied().collect();
        hold(&self.meetings).insert(
            plan.from,
            Meeting {
                call,
                talk,
                hangs_up_after_ms,
                behaviours,
            },
        );
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

    async fn open(
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
            shared: Arc::clone(self),
            call_id: dialog.call_id.clone(),
        };
        let leg = Leg::new(dialog, receiver, progress_in, hang_up.clone(), media);
        Ok(Opened {
            leg,
            handle: CallHandle {
                caller,
                dialled,
                progress,
                heard,
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
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .ok()
            .filter(|_| !self.stop.is_cancelled());
        let (Some(place), Some(dialog)) = (place, self.answering(&received)) else {
            return self
                .answer(&received, 503, "Service Unavailable", "Retry-After: 5\r\n")
                .await;
        };
        match self.open(dialog, caller, dialled, line.voice, place).await {
            Ok(opened) => {
                // Nobody needs to watch.
                let _ = self.arrivals.send(opened.handle.clone());
                let shared = Arc::clone(self);
                self.tasks.spawn(async move {
                    run(opened, &shared, async |leg| {
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
async fn run(opened: Opened, shared: &Shared, course: impl AsyncFnOnce(&mut Leg) -> Ending) {
    let Opened {
        mut leg,
        handle: _handle,
        place,
        inbox,
    } = opened;
    let ending = tokio::select! {
        ending = course(&mut leg) => ending,
        () = shared.cut.cancelled() => Ending::new(Why::Lost),
    };
    leg.progress.send_replace(Progress::Ended(ending));
    drop(place);
    tokio::select! {
        () = leg.linger(&shared.stop) => {}
        () = shared.cut.cancelled() => {}
    }
    drop(inbox);
}

/// Hands every datagram to its call.
async fn listen(shared: Arc<Shared>) {
    let mut buffer = vec![0; MESSAGE_MAX];
    loop {
        let received = tokio::select! {
            received = shared.socket.recv_from(&mut buffer) => received,
            () = shared.cut.cancelled() => return,
        };
        let Ok((length, from)) = received else {
            continue;
        };
        let Some(message) =
            Message::read(&buffer[..length]).filter(|_| from.ip() == shared.config.trunk.ip())
        else {
            continue;
        };
        let inbox = message
            .call_id()
            .and_then(|id| hold(&shared.inboxes).get(id).cloned());
        match inbox {
            // A full inbox loses the message, as the network may; it will be repeated.
            Some(inbox) => drop(inbox.try_send((message, from))),
            None => shared.on_stray((message, from)).await,
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
