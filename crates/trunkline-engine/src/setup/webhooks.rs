//! Trunks whose carrier talks by webhooks: set and taken back, and which flows their numbers may run.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_core::base::id::{FlowId, TrunkId};
use trunkline_core::call::flow::{Ability, FlowDocument};

use super::{Setup, SetupError, invalid};
use crate::directory::Directory;
use crate::ports::PortError;
use crate::ports::webhooks::{Dialect, WebhookTrunk};

/// Longest name or key of an account at a carrier, in characters.
const CREDENTIAL_MAX: usize = 200;

/// What each performer can do for a call flow.
#[derive(Debug, Clone, Default)]
pub struct Performers {
    /// Over SIP.
    pub sip: BTreeSet<Ability>,
    /// Over webhooks, by how the carrier speaks.
    pub webhooks: BTreeMap<Dialect, BTreeSet<Ability>>,
}

impl Performers {
    /// What everybody can do who performs calls of a trunk: SIP where calls come in from addresses or it registers, the
    /// carrier's webhooks where it has them.
    fn of_trunk(&self, directory: &Directory, trunk: TrunkId) -> BTreeSet<Ability> {
        let webhook = directory.webhook(trunk).map(|w| self.speaking(w.dialect));
        let sip = directory
            .profile(trunk)
            .is_some_and(|t| t.settings.registers || !t.addresses.is_empty());
        match webhook {
            Some(webhook) if sip => self.sip.intersection(webhook).copied().collect(),
            Some(webhook) => webhook.clone(),
            None => self.sip.clone(),
        }
    }

    fn speaking(&self, dialect: Dialect) -> &BTreeSet<Ability> {
        self.webhooks.get(&dialect).unwrap_or(&self.sip)
    }

    /// What a flow may ask for: what can be done on every trunk whose numbers run it; what anybody here can do while none
    /// does.
    pub(super) fn of_flow(&self, directory: &Directory, flow: Option<FlowId>) -> BTreeSet<Ability> {
        let trunks = flow.map_or_else(BTreeSet::new, |flow| directory.trunks_of_flow(flow));
        let mut each = trunks.into_iter().map(|t| self.of_trunk(directory, t));
        match each.next() {
            Some(first) => each.fold(first, |all, one| &all & &one),
            None => self.anybody(directory),
        }
    }

    /// What at least one performer can do of those that are set up.
    pub(super) fn anybody(&self, directory: &Directory) -> BTreeSet<Ability> {
        directory.webhooks().fold(self.sip.clone(), |all, webhook| {
            &all | self.speaking(webhook.dialect)
        })
    }

    /// Refuses a published flow for a trunk on which it cannot be performed.
    pub(super) fn check_trunk(
        &self,
        directory: &Directory,
        document: &FlowDocument,
        trunk: TrunkId,
    ) -> Result<(), String> {
        let able = self.of_trunk(directory, trunk);
        for (name, node) in &document.nodes {
            if let Some(missing) = node.needs().difference(&able).next() {
                return Err(format!(
                    "node `{name}` needs what the calls of this trunk cannot have: {}; choose another flow or another trunk",
                    missing.phrase()
                ));
            }
        }
        Ok(())
    }
}

impl Setup {
    /// Sets how the carrier of a trunk talks by webhooks.
    ///
    /// # Errors
    /// When a field is wrong, the trunk's numbers run a flow that could not be performed so, or the store refuses.
    pub async fn put_webhook(&self, webhook: &WebhookTrunk) -> Result<(), SetupError> {
        let fits = |text: &str| {
            (1..=CREDENTIAL_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
        };
        if !fits(&webhook.carrier_account) {
            return Err(invalid(
                "account_sid",
                "write the account SID or project id as the carrier shows it",
            ));
        }
        if !fits(webhook.signing_key.reveal()) {
            return Err(invalid(
                "signing_key",
                "write what the carrier signs with: the auth token, the signing key or the public key",
            ));
        }
        if webhook
            .api_token
            .as_ref()
            .is_some_and(|t| !fits(t.reveal()))
        {
            return Err(invalid(
                "api_token",
                "write the token as the carrier shows it, or leave it out",
            ));
        }
        let _changing = self.changing.lock().await;
        let directory = self.directory.now();
        if directory.trunk(webhook.trunk).is_none() {
            return Err(invalid("trunk", "there is no such trunk"));
        }
        if let Some(carrier) = directory.carrier(webhook.trunk)
            && carrier.dialect != webhook.dialect
        {
            return Err(invalid(
                "dialect",
                format!(
                    "numbers of this trunk come from {}; its calls cannot come from another carrier",
                    carrier.dialect.word()
                ),
            ));
        }
        let able = self.performers.speaking(webhook.dialect);
        for flow in directory.flows_on_trunk(webhook.trunk) {
            let published = flow.published.iter();
            let mut nodes = published.flat_map(|p| p.document.nodes.values());
            if let Some(missing) =
                nodes.find_map(|node| node.needs().difference(able).next().copied())
            {
                return Err(PortError::Conflict(format!(
                    "numbers of the trunk run the flow `{}`, which needs what this carrier cannot do: {}",
                    flow.name,
                    missing.phrase()
                ))
                .into());
            }
        }
        self.to_change().put_webhook(webhook).await?;
        Ok(self.read_back().await?)
    }

    /// Forgets how the carrier of a trunk talks by webhooks. Its calls are refused from then on.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn delete_webhook(&self, trunk: TrunkId) -> Result<bool, SetupError> {
        let _changing = self.changing.lock().await;
        let there = self.to_change().delete_webhook(trunk).await?;
        self.read_back().await?;
        Ok(there)
    }
}
