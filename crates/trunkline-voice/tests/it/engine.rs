//! A scripted engine in memory: answers by dialled number, and remembers what it was told.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::{Notify, watch};
use trunkline_core::base::id::{CallId, RecordingId, TrunkId};
use trunkline_core::base::{Callee, PhoneNumber, SipAddress, Timestamp};
use trunkline_core::call::flow::{FlowEvent, Prompt};
use trunkline_engine::call::control::{
    Action, Admission, CallControl, CallEnd, CallLimits, Cidr, Codec, Dial, Dialling, Incoming,
    RecordingPlan, Sound, Transport, TrunkProfile,
};
use trunkline_engine::call::trunk::TrunkSettings;

/// The number every scripted flow dials unless it says otherwise.
pub(crate) const BUSINESS_LINE: u64 = 12_145_550_199;

/// Trunk of the carrier that calls us.
pub(crate) const CARRIER: TrunkId = TrunkId::from_raw(1);

/// A call flow as a function: from an event to actions; [`FlowEvent::Started`] begins it.
pub(crate) type Flow = Arc<dyn Fn(&FlowEvent) -> Vec<Action> + Send + Sync>;

/// What the engine does with one dialled number.
#[derive(Clone)]
pub(crate) struct Script {
    /// What to do; without it `destinations` are dialled in order.
    pub(crate) flow: Option<Flow>,
    /// The sounds of prompts.
    pub(crate) sounds: Vec<(Prompt, Arc<Sound>)>,
    /// Trunks to dial, in order; the next is tried when one fails.
    pub(crate) destinations: Vec<TrunkId>,
    /// SIP addresses to ring instead of the business line, by the place of the destination, and where they are.
    pub(crate) addresses: Vec<Option<(SipAddress, Option<SocketAddr>)>>,
    pub(crate) ring_timeout_ms: u32,
    pub(crate) limits: CallLimits,
    pub(crate) recording: Option<PathBuf>,
    pub(crate) caller_id: Option<PhoneNumber>,
    pub(crate) redirected_by: Option<PhoneNumber>,
    /// The engine decides only after this is told.
    pub(crate) after: Option<Arc<Notify>>,
    /// The engine fails while taking the call in.
    pub(crate) broken: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            flow: None,
            sounds: Vec::new(),
            destinations: vec![TrunkId::from_raw(2)],
            addresses: Vec::new(),
            ring_timeout_ms: 20_000,
            limits: CallLimits::default(),
            recording: None,
            caller_id: None,
            redirected_by: None,
            after: None,
            broken: false,
        }
    }
}

/// One call as the engine saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) incoming: Incoming,
    pub(crate) events: Vec<FlowEvent>,
    pub(crate) ended: Vec<CallEnd>,
}

#[derive(Default)]
struct State {
    scripts: HashMap<String, Script>,
    trunks: HashMap<TrunkId, Arc<TrunkProfile>>,
    calls: HashMap<CallId, (Script, usize)>,
    order: Vec<CallId>,
    seen: HashMap<CallId, Seen>,
}

/// The scripted engine.
pub(crate) struct Engine {
    state: Mutex<State>,
    next: AtomicI64,
    changed: watch::Sender<u64>,
}

impl Engine {
    pub(crate) fn new() -> Arc<Self> {
        let engine = Self {
            state: Mutex::default(),
            next: AtomicI64::new(1),
            changed: watch::channel(0).0,
        };
        engine.add_trunk(CARRIER, None, Transport::Udp, false);
        Arc::new(engine)
    }

    /// Adds a trunk; `peer` is where its calls are sent.
    pub(crate) fn add_trunk(
        &self,
        id: TrunkId,
        peer: Option<SocketAddr>,
        transport: Transport,
        nat: bool,
    ) {
        let profile = TrunkProfile {
            id,
            name: format!("trunk {id}"),
            addresses: vec![Cidr::parse("127.0.0.0/24").expect("a range")],
            peer,
            transport,
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            nat,
            settings: TrunkSettings::default(),
        };
        self.state
            .lock()
            .expect("state")
            .trunks
            .insert(id, Arc::new(profile));
    }

    /// Adds a trunk as it is.
    pub(crate) fn put_trunk(&self, trunk: TrunkProfile) {
        let mut state = self.state.lock().expect("state");
        state.trunks.insert(trunk.id, Arc::new(trunk));
    }

    /// Says what happens when `number` is dialled.
    pub(crate) fn script(&self, number: &str, script: Script) {
        self.state
            .lock()
            .expect("state")
            .scripts
            .insert(number.to_owned(), script);
    }

    /// The calls so far, oldest first.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let state = self.state.lock().expect("state");
        state
            .order
            .iter()
            .map(|id| state.seen[id].clone())
            .collect()
    }

    /// Waits until `done` holds of the calls.
    pub(crate) async fn until(&self, done: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        let mut changed = self.changed.subscribe();
        loop {
            let seen = self.seen();
            if done(&seen) {
                return seen;
            }
            changed.changed().await.expect("the engine lives");
        }
    }

    /// Waits until `count` calls have ended.
    pub(crate) async fn until_ended(&self, count: usize) -> Vec<Seen> {
        self.until(|seen| seen.iter().filter(|s| !s.ended.is_empty()).count() >= count)
            .await
    }

    fn note(&self, call: CallId, what: impl FnOnce(&mut Seen)) {
        if let Some(seen) = self.state.lock().expect("state").seen.get_mut(&call) {
            what(seen);
        }
        self.changed.send_modify(|n| *n += 1);
    }

    /// Dials the next destination of the call, or ends it.
    fn next_action(&self, call: CallId, status: u16) -> Vec<Action> {
        let mut state = self.state.lock().expect("state");
        let Some((script, position)) = state.calls.get_mut(&call) else {
            return Vec::new();
        };
        let Some(trunk) = script.destinations.get(*position).copied() else {
            return vec![Action::HangUp {
                status,
                reason: "no destination",
            }];
        };
        let address = script.addresses.get(*position).cloned().flatten();
        let (to, at) = match address {
            Some((address, at)) => (Callee::Sip(address), at),
            None => (PhoneNumber::from_digits(BUSINESS_LINE).into(), None),
        };
        *position += 1;
        let leg = Dial {
            attempt: u32::try_from(*position).expect("few attempts"),
            trunk,
            to,
            at,
            caller_id: script.caller_id,
            redirected_by: script.redirected_by,
            ring_timeout_ms: script.ring_timeout_ms,
        };
        vec![Action::Dial(Dialling {
            legs: vec![leg],
            whisper: None,
            accept: None,
            detect_machine: false,
            record: true,
        })]
    }
}

#[async_trait]
impl CallControl for Engine {
    fn trunk_by_address(
        &self,
        remote: SocketAddr,
        _transport: Transport,
    ) -> Option<Arc<TrunkProfile>> {
        let trunk = self.trunk(CARRIER)?;
        trunk
            .addresses
            .iter()
            .any(|range| range.contains(remote.ip()))
            .then_some(trunk)
    }

    fn trunk(&self, id: TrunkId) -> Option<Arc<TrunkProfile>> {
        self.state.lock().expect("state").trunks.get(&id).cloned()
    }

    async fn sound(&self, call: CallId, prompt: &Prompt) -> Option<Arc<Sound>> {
        let state = self.state.lock().expect("state");
        let (script, _) = state.calls.get(&call)?;
        let known = script.sounds.iter().find(|(known, _)| known == prompt);
        known.map(|(_, sound)| Arc::clone(sound))
    }

    async fn incoming(&self, incoming: Incoming) -> Admission {
        let call = CallId::from_raw(self.next.fetch_add(1, Ordering::Relaxed));
        let script = {
            let mut state = self.state.lock().expect("state");
            let Some(script) = state.scripts.get(&incoming.dialled).cloned() else {
                return Admission::Refused {
                    status: 404,
                    reason: "Not Found",
                    retry_after_s: None,
                };
            };
            state.calls.insert(call, (script.clone(), 0));
            state.order.push(call);
            state.seen.insert(
                call,
                Seen {
                    incoming,
                    events: Vec::new(),
                    ended: Vec::new(),
                },
            );
            script
        };
        self.note(call, |_| {});
        assert!(!script.broken, "the engine is broken");
        if let Some(after) = &script.after {
            after.notified().await;
        }
        let actions = match &script.flow {
            Some(flow) => flow(&FlowEvent::Started),
            None => self.next_action(call, 480),
        };
        Admission::Accepted {
            call,
            recording: script.recording.map(|path| RecordingPlan {
                id: RecordingId::from_raw(1),
                path,
            }),
            limits: script.limits,
            actions,
        }
    }

    async fn event(&self, call: CallId, event: FlowEvent) -> Vec<Action> {
        let flow = {
            let state = self.state.lock().expect("state");
            state.calls.get(&call).and_then(|(s, _)| s.flow.clone())
        };
        let actions = flow.map(|flow| flow(&event));
        self.note(call, |seen| seen.events.push(event.clone()));
        if let Some(actions) = actions {
            return actions;
        }
        match event {
            FlowEvent::DialFailed { outcome, .. } => {
                self.next_action(call, outcome.caller_status())
            }
            _ => Vec::new(),
        }
    }

    fn progress(&self, _call: CallId, _at: Timestamp) {}

    async fn ended(&self, call: CallId, end: CallEnd) {
        self.note(call, |seen| seen.ended.push(end));
    }
}
