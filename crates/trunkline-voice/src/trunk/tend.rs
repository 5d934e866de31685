//! One task for each trunk: it pings the far end, registers us there when the trunk wants it, and takes the registration
//! back when it ends. A supervisor follows what is set up.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use trunkline_core::base::id::TrunkId;
use trunkline_core::call::trunk::state::EXPIRES_S;
use trunkline_core::call::trunk::{CallerIdPolicy, NumberFormats, Ping, RegistrationNews};
use trunkline_engine::call::control::TrunkProfile;
use trunkline_engine::call::trunk::TrunkControl;

use crate::sip::asking::{ANSWER_MAX, Binding, Bound};
use crate::sip::stack::SipStack;

/// Longest a registration is asked for when the carrier wants longer ones (423), in seconds.
const EXPIRES_MAX_S: u32 = 86_400;
/// Most trunks that are tended.
const TENDED_MAX: usize = 1_000;

/// The supervisor, running.
pub(crate) struct Tending {
    stop: CancellationToken,
    supervisor: JoinHandle<()>,
}

/// The task of one trunk.
struct Tended {
    /// What of the trunk matters to it.
    essence: TrunkProfile,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Tending {
    /// Starts to tend the trunks of `control`.
    pub(crate) fn start(stack: Arc<SipStack>, control: Arc<dyn TrunkControl>) -> Self {
        let stop = CancellationToken::new();
        let supervisor = tokio::spawn(supervise(stack, control, stop.clone()));
        Self { stop, supervisor }
    }

    /// Takes every registration back and ends, in bounded time.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        let _ = timeout(ANSWER_MAX * 2, self.supervisor).await;
    }

    /// Ends at once, without a word to anybody.
    pub(crate) fn abandon(&self) {
        self.supervisor.abort();
    }
}

async fn supervise(stack: Arc<SipStack>, control: Arc<dyn TrunkControl>, stop: CancellationToken) {
    let mut changes = control.changes();
    let mut tended: HashMap<TrunkId, Tended> = HashMap::new();
    loop {
        changes.mark_unchanged();
        let mut trunks = control.trunks();
        trunks.sort_by_key(|trunk| trunk.id);
        trunks.truncate(TENDED_MAX);
        follow(&stack, &control, &mut tended, &trunks, &stop).await;
        stack.forget_trunks(|id| trunks.iter().any(|trunk| trunk.id.to_string() == id));
        tokio::select! {
            () = stop.cancelled() => break,
            changed = changes.changed() => if changed.is_err() { break },
        }
    }
    // Each was told by its token, a child of ours.
    for (_, one) in tended {
        one.stop.cancel();
        let _ = one.task.await;
    }
}

/// Brings the tasks in step with the trunks.
async fn follow(
    stack: &Arc<SipStack>,
    control: &Arc<dyn TrunkControl>,
    tended: &mut HashMap<TrunkId, Tended>,
    trunks: &[Arc<TrunkProfile>],
    stop: &CancellationToken,
) {
    let wanted: HashMap<TrunkId, (&Arc<TrunkProfile>, TrunkProfile)> = trunks
        .iter()
        .filter(|t| t.peer.is_some() || t.settings.registrar_at.is_some())
        .map(|t| (t.id, (t, essence(t))))
        .collect();
    let outdated: Vec<TrunkId> = tended
        .iter()
        .filter(|(id, one)| wanted.get(id).is_none_or(|(_, now)| *now != one.essence))
        .map(|(id, _)| *id)
        .collect();
    for id in outdated {
        if let Some(one) = tended.remove(&id) {
            one.stop.cancel();
            // The old registration is taken back before the new one is asked for: they may be of the same user.
            let _ = one.task.await;
        }
    }
    for (id, (trunk, essence)) in wanted {
        tended.entry(id).or_insert_with(|| {
            let stop = stop.child_token();
            let tending = tend(
                Arc::clone(stack),
                Arc::clone(control),
                Arc::clone(trunk),
                stop.clone(),
            );
            Tended {
                essence,
                stop,
                task: tokio::spawn(tending),
            }
        });
    }
}

/// The trunk without what does not matter to pings and registrations.
fn essence(trunk: &TrunkProfile) -> TrunkProfile {
    let mut essence = trunk.clone();
    essence.name.clear();
    essence.addresses.clear();
    essence.codecs.clear();
    essence.nat = false;
    let settings = &mut essence.settings;
    settings.priority = 0;
    settings.formats = NumberFormats::default();
    settings.caller_id = CallerIdPolicy::default();
    settings.known_at.clear();
    essence
}

async fn tend(
    stack: Arc<SipStack>,
    control: Arc<dyn TrunkControl>,
    trunk: Arc<TrunkProfile>,
    stop: CancellationToken,
) {
    let pinging = keep_pinging(&stack, control.as_ref(), &trunk, &stop);
    let registering = keep_registered(&stack, control.as_ref(), &trunk, &stop);
    tokio::join!(pinging, registering);
}

async fn keep_pinging(
    stack: &SipStack,
    control: &dyn TrunkControl,
    trunk: &TrunkProfile,
    stop: &CancellationToken,
) {
    if trunk.peer.is_none() {
        return;
    }
    loop {
        let ping = tokio::select! {
            () = stop.cancelled() => return,
            ping = ping(stack, trunk) => ping,
        };
        control.pinged(trunk.id, ping);
        let wait = Duration::from_millis(control.ping_wait_ms(trunk.id));
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// One ping.
pub(super) async fn ping(stack: &SipStack, trunk: &TrunkProfile) -> Ping {
    match stack.ping(trunk).await {
        Ok((status, took)) => Ping::Answered {
            status,
            rtt_ms: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
        },
        Err(error) => Ping::Failed { error },
    }
}

async fn keep_registered(
    stack: &SipStack,
    control: &dyn TrunkControl,
    trunk: &TrunkProfile,
    stop: &CancellationToken,
) {
    if !trunk.settings.registers {
        return control.registered(trunk.id, RegistrationNews::Ended);
    }
    let mut binding = stack.new_binding(EXPIRES_S);
    let mut taken = false;
    loop {
        let asked = binding.expires_s.min(EXPIRES_MAX_S);
        let (news, granted) = match stack.register(trunk, &mut binding, asked).await {
            Ok(Bound::Taken(expires_s)) => (RegistrationNews::Accepted { expires_s }, expires_s),
            Ok(Bound::Refused(status)) => (RegistrationNews::Refused { status }, asked),
            Err(error) => (RegistrationNews::Failed { error }, asked),
        };
        taken |= matches!(news, RegistrationNews::Accepted { .. });
        control.registered(trunk.id, news);
        let wait = Duration::from_millis(control.register_wait_ms(trunk.id, granted));
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
    if taken {
        take_back(stack, trunk, &mut binding).await;
        control.registered(trunk.id, RegistrationNews::Ended);
    }
}

/// Says that we are no longer to be called.
async fn take_back(stack: &SipStack, trunk: &TrunkProfile, binding: &mut Binding) {
    match stack.register(trunk, binding, 0).await {
        Ok(Bound::Taken(_)) => tracing::debug!(trunk = %trunk.id, "registration taken back"),
        Ok(Bound::Refused(status)) => {
            tracing::warn!(trunk = %trunk.id, status, "the registration was not taken back");
        }
        Err(error) => {
            tracing::warn!(trunk = %trunk.id, error, "the registration was not taken back");
        }
    }
}
