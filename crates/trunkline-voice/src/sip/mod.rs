//! Signalling: our own thin face over the SIP stack.
//!
//! The rest of the crate sees legs ([`Leg`], [`Dialler`]) and what happens on them ([`LegEvent`]).
//! Only `stack`, `states`, `dialler`, `asking`, `digest`, `tls`, `invitation`, `leg`, `follow`, `door`, `resolver` and a check of `ingress` name
//! the stack's types, so a change of stack touches nothing else.
//! What the stack does not do itself lives beside it and is pure: the judgement of requests
//! (`validate`), session timers (`session_timer`), reasons, who is shown to whom (`identity`, `presentation`), and far ends
//! that are called without a trunk (`direct`, `peers`).

pub(crate) mod asking;
mod dialler;
mod digest;
pub(crate) mod direct;
mod door;
mod follow;
mod identity;
pub(crate) mod ingress;
pub(crate) mod invitation;
mod leg;
pub(crate) mod peers;
mod presentation;
pub(crate) mod raw;
pub(crate) mod reason;
pub(crate) mod reply;
mod resolver;
pub(crate) mod session_timer;
pub(crate) mod stack;
mod states;
pub(crate) mod tls;
pub(crate) mod validate;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;
use trunkline_core::base::{Callee, PhoneNumber};
use trunkline_engine::call::control::TrunkProfile;

use session_timer::{Agreed, Said};

pub(crate) use leg::Reply;

/// Events of a leg that may wait for the call.
pub(crate) const LEG_EVENTS_MAX: usize = 32;

/// What happens on a leg, in order.
pub(crate) type LegEvents = mpsc::Receiver<LegEvent>;

/// One leg of a call, whoever called.
#[async_trait]
pub(crate) trait Leg: Send + Sync {
    /// Incoming leg: 180, or 183 with a session description.
    fn ring(&self, sdp: Option<String>);
    /// Incoming leg: 200 with a session description.
    fn answer(&self, sdp: String, session: Agreed);
    /// Incoming leg: a final refusal.
    fn reject(&self, status: u16, q850: Option<u8>);
    /// Sends a request inside the dialog and waits for its answer; `None` when there was none.
    async fn request(&self, request: Request) -> Option<Answer>;
    /// Ends the leg: CANCEL while it rings, BYE after. Returns at once.
    fn hang_up(&self, q850: Option<u8>);
    /// The Call-ID of the leg's dialog.
    fn call_id(&self) -> &str;
}

/// Makes outgoing legs.
pub(crate) trait Dialler: Send + Sync {
    /// Sends an INVITE; what becomes of it arrives as events.
    ///
    /// # Errors
    /// When the request cannot even be built.
    fn dial(&self, call: Outgoing) -> Result<(Arc<dyn Leg>, LegEvents), SipError>;
}

/// The stack refused to do something.
#[derive(Debug, thiserror::Error)]
#[error("sip: {0}")]
pub(crate) struct SipError(pub(crate) String);

/// An outgoing INVITE.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) trunk: Arc<TrunkProfile>,
    pub(crate) peer: SocketAddr,
    pub(crate) to: Callee,
    pub(crate) from: CallerId,
    /// The tracking number that was dialled.
    pub(crate) redirected_by: Option<PhoneNumber>,
    pub(crate) sdp: String,
    pub(crate) session_s: u32,
    pub(crate) min_session_s: u32,
    pub(crate) max_forwards: u8,
}

/// The caller shown to a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallerId {
    Number(PhoneNumber),
    /// As the caller's trunk signalled it; not a number we understand.
    AsSignalled(String),
    Withheld,
}

/// What happened on a leg.
#[derive(Debug)]
pub(crate) enum LegEvent {
    /// Outgoing leg: a provisional answer above 100.
    Ringing { sdp: Option<Vec<u8>> },
    /// Outgoing leg: 100; the far end is alive.
    Trying,
    /// Outgoing leg: 2xx.
    Answered { sdp: Option<Vec<u8>>, session: Said },
    /// Outgoing leg: a final refusal, or none at all.
    Failed {
        status: Option<u16>,
        q850: Option<u8>,
        min_session_s: Option<u32>,
    },
    /// Incoming leg: the ACK, which carries the answer when the 2xx carried the offer.
    Acked { sdp: Option<Vec<u8>> },
    /// The far end sent a request inside the dialog.
    Asked(Box<Asked>),
    /// The far end ended the leg.
    Gone(Gone),
}

/// How a leg was ended by its far end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// CANCEL before it was answered.
    Cancelled,
    /// BYE.
    HungUp,
    /// No ACK, no answer, or the stack gave the dialog up.
    Lost,
}

/// Methods of requests inside a dialog that concern the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Invite,
    Update,
    Info,
}

/// A request of the far end that waits for our answer.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) body: Vec<u8>,
    pub(crate) content_type: Option<String>,
    pub(crate) session: Said,
    pub(crate) reply: Reply,
}

/// A request of ours inside a dialog.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) body: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) session: Option<Agreed>,
}

/// The final answer to a request inside a dialog.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) session: Said,
}
