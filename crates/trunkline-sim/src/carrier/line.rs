//! A call that ends here: a telephone of the public network that rings and is, or is not, answered.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::call::{Ending, Progress, Why};
use super::leg::{Leg, Received, Repeat};
use crate::audio::Voice;

/// Longest time a telephone rings (the network's own limit).
const RING_MAX: Duration = Duration::from_secs(180);
/// Longest conversation without a plan.
const TALK_MAX: Duration = Duration::from_secs(3_600);

/// What a telephone does when it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Somebody answers.
    Answer {
        /// After ringing this long, in milliseconds.
        after_ms: u64,
    },
    /// It rings, and nobody comes.
    NoAnswer,
    /// 486: in a call.
    Busy,
    /// 603: pressed away.
    Decline,
    /// 503: the network has a fault.
    Fail,
}

/// A telephone line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// What it does when it is called.
    pub behaviour: Behaviour,
    /// What its owner says. A speaker joins the caller's conversation when the caller is on the same
    /// carrier.
    pub voice: Voice,
    /// When its owner hangs up, in milliseconds after the answer; `None`: the caller does.
    pub hangs_up_after_ms: Option<u64>,
}

/// Rings and sees the call through.
pub(super) async fn take(leg: &mut Leg, invite: &Received, line: &Line) -> Ending {
    let contact = leg.dialog.contact();
    leg.respond(invite, 100, "Trying", "", "").await;
    let ring = match line.behaviour {
        Behaviour::Busy => return refuse(leg, invite, 486, "Busy Here").await,
        Behaviour::Decline => return refuse(leg, invite, 603, "Decline").await,
        Behaviour::Fail => return refuse(leg, invite, 503, "Service Unavailable").await,
        Behaviour::NoAnswer => RING_MAX,
        Behaviour::Answer { after_ms } => Duration::from_millis(after_ms).min(RING_MAX),
    };
    leg.progress.send_replace(Progress::Ringing);
    let ringing = leg.respond(invite, 180, "Ringing", &contact, "").await;
    if let Some(ending) = wait(leg, invite, &ringing, Instant::now() + ring).await {
        return ending;
    }
    if line.behaviour == Behaviour::NoAnswer {
        return refuse(leg, invite, 480, "Temporarily Unavailable").await;
    }
    if !leg.accept(invite).await {
        return Ending::refused(488);
    }
    let talk = line
        .hangs_up_after_ms
        .map_or(TALK_MAX, Duration::from_millis);
    leg.talk(Instant::now() + talk).await
}

/// Rings until the moment to answer; the ending when it does not come to that.
async fn wait(leg: &mut Leg, invite: &Received, ringing: &str, until: Instant) -> Option<Ending> {
    loop {
        tokio::select! {
            received = leg.inbox.recv() => {
                let Some(received) = received else { return Some(Ending::new(Why::Lost)) };
                match received.0.method() {
                    Some("INVITE") => leg.dialog.send(ringing).await,
                    Some("CANCEL") => {
                        leg.respond(&received, 200, "OK", "", "").await;
                        refuse(leg, invite, 487, "Request Terminated").await;
                        return Some(Ending::new(Why::Cancelled));
                    }
                    _ => drop(leg.on_message(&received).await),
                }
            }
            () = sleep_until(until) => return None,
            () = leg.hang_up.cancelled() => return Some(refuse(leg, invite, 480, "Temporarily Unavailable").await),
        }
    }
}

/// Refuses, and repeats that until it is acknowledged.
async fn refuse(leg: &mut Leg, invite: &Received, status: u16, phrase: &str) -> Ending {
    let text = leg.respond(invite, status, phrase, "", "").await;
    let mut repeat = Repeat::other();
    loop {
        tokio::select! {
            received = leg.inbox.recv() => {
                let Some(received) = received else { return Ending::refused(status) };
                match received.0.method() {
                    Some("ACK") => return Ending::refused(status),
                    Some("INVITE") => leg.dialog.send(&text).await,
                    _ => drop(leg.on_message(&received).await),
                }
            }
            goes_on = repeat.due() => {
                if !goes_on {
                    return Ending::refused(status);
                }
                leg.dialog.send(&text).await;
            }
        }
    }
}
