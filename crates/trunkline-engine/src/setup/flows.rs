//! Call flows: drafts that are checked and published as versions, rolled back by publishing an earlier version again, and
//! put away when nothing uses them.

use std::sync::Arc;

use trunkline_core::assignment::{Site, TrackingNumber};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, FlowId, UserId};
use trunkline_core::call::flow::{
    FlowChanges, FlowDocument, FlowProblem, KnownThings, Node, Severity,
};

use super::lines::never_dialled;
use super::{Setup, SetupError, check_name, invalid};
use crate::directory::Directory;
use crate::ports::PortError;
use crate::ports::configuration::{Flow, FlowVersion};

/// Most versions of a flow that are listed.
pub const FLOW_VERSIONS_LISTED: u32 = 100;
/// Most flows of one account.
pub const FLOWS_MAX: usize = 500;

impl Setup {
    /// Makes a flow; calls run nothing of it before it is published.
    ///
    /// # Errors
    /// When the name is wrong, there are too many, or the store refuses.
    pub async fn create_flow(&self, flow: &Flow) -> Result<(), SetupError> {
        check_name("name", &flow.name)?;
        let _changing = self.changing.lock().await;
        let directory = self.directory.now();
        if directory.flows_of(flow.account).len() >= FLOWS_MAX {
            return Err(invalid(
                "name",
                format!(
                    "an account has at most {FLOWS_MAX} flows; put some away and use them again"
                ),
            ));
        }
        self.to_change().put_flow(flow).await?;
        Ok(self.read_back().await?)
    }

    /// Saves the draft of the editor who saw the flow after its change number `edits`.
    ///
    /// # Errors
    /// When the name is wrong, somebody changed it since, or the store refuses.
    pub async fn save_flow(
        &self,
        id: FlowId,
        edits: i64,
        name: Option<String>,
        draft: FlowDocument,
    ) -> Result<(), SetupError> {
        let _changing = self.changing.lock().await;
        let mut flow = self.flow_now(id, edits)?;
        if let Some(name) = name {
            check_name("name", &name)?;
            flow.name = name;
        }
        flow.draft = draft;
        self.put_changed(flow).await
    }

    /// Publishes the draft as the next version.
    ///
    /// # Errors
    /// When it has a problem, says what is published already, was changed since, or the store refuses.
    pub async fn publish_flow(
        &self,
        id: FlowId,
        edits: i64,
        by: Option<UserId>,
        now: Timestamp,
    ) -> Result<(), SetupError> {
        let seen = self.flow_now(id, edits)?;
        let same = seen
            .published
            .as_ref()
            .is_some_and(|p| FlowChanges::between(Some(&p.document), &seen.draft).is_empty());
        if same {
            return Err(invalid(
                "document",
                "the draft says what is published already",
            ));
        }
        self.make_ready(&seen, &seen.draft).await?;
        let _changing = self.changing.lock().await;
        // Nobody changed it while its texts were spoken.
        let flow = self.flow_now(id, edits)?;
        self.publish_as_next(flow, by, now).await
    }

    /// Publishes what an earlier version said, as the next version; the draft becomes the same.
    ///
    /// # Errors
    /// When there is no such version, it has a problem by now, the flow was changed since, or the store refuses.
    pub async fn restore_flow(
        &self,
        id: FlowId,
        edits: i64,
        version: i64,
        by: Option<UserId>,
        now: Timestamp,
    ) -> Result<(), SetupError> {
        let seen = self.flow_now(id, edits)?;
        let earlier = self.configuration.flow_version(id, version).await?;
        let earlier =
            earlier.ok_or_else(|| invalid("version", format!("there is no version {version}")))?;
        self.make_ready(&seen, &earlier.document).await?;
        let _changing = self.changing.lock().await;
        let mut flow = self.flow_now(id, edits)?;
        flow.draft = FlowDocument::clone(&earlier.document);
        self.publish_as_next(flow, by, now).await
    }

    async fn publish_as_next(
        &self,
        mut flow: Flow,
        by: Option<UserId>,
        now: Timestamp,
    ) -> Result<(), SetupError> {
        self.check_publishable(&flow, &flow.draft)?;
        flow.published = Some(FlowVersion {
            version: flow.published.as_ref().map_or(1, |p| p.version + 1),
            document: Arc::new(flow.draft.clone()),
            at: now,
            by,
        });
        flow.archived_at = None;
        self.put_changed(flow).await
    }

    /// Speaks what a document says; while nothing is held, for it takes its time. Without an engine of our own the carrier
    /// speaks: what nobody could speak is not publishable.
    async fn make_ready(&self, flow: &Flow, document: &FlowDocument) -> Result<(), SetupError> {
        self.check_publishable(flow, document)?;
        if !self.sounds.speaks() {
            return Ok(());
        }
        let spoken = self.sounds.speak_all(document).await;
        spoken.map(drop).map_err(|(node, error)| {
            let message = format!("node `{node}` cannot be spoken: {error}");
            invalid("document", message)
        })
    }

    fn check_publishable(&self, flow: &Flow, document: &FlowDocument) -> Result<(), SetupError> {
        let problems = self.flow_problems(flow.account, Some(flow.id), document);
        let mut worst = problems.iter().filter(|p| p.severity == Severity::Problem);
        if let Some(problem) = worst.next() {
            let place = match problem.node.as_str() {
                "" => String::new(),
                node => format!("node `{node}` "),
            };
            let more = match worst.count() {
                0 => String::new(),
                count => format!("; and {count} more"),
            };
            let message = format!("{place}{}{more}", problem.message);
            return Err(invalid("document", message));
        }
        Ok(())
    }

    /// Puts a flow away, or takes it out again.
    ///
    /// # Errors
    /// When numbers or sites use it, it was changed since, or the store refuses.
    pub async fn archive_flow(
        &self,
        id: FlowId,
        edits: i64,
        archived_at: Option<Timestamp>,
    ) -> Result<(), SetupError> {
        let _changing = self.changing.lock().await;
        let mut flow = self.flow_now(id, edits)?;
        let directory = self.directory.now();
        let (numbers, sites) = directory.users_of_flow(id);
        if archived_at.is_some() && (!numbers.is_empty() || !sites.is_empty()) {
            return Err(PortError::Conflict(format!(
                "{} numbers and {} sites use the flow; give them another one first",
                numbers.len(),
                sites.len()
            ))
            .into());
        }
        flow.archived_at = archived_at;
        self.put_changed(flow).await
    }

    /// Removes a flow that was never published.
    ///
    /// # Errors
    /// When it was published, something uses it, or the store is away.
    pub async fn delete_flow(&self, id: FlowId) -> Result<bool, SetupError> {
        let _changing = self.changing.lock().await;
        let there = self.to_change().delete_flow(id).await?;
        self.read_back().await?;
        Ok(there)
    }

    /// The published versions of a flow, newest first, at most [`FLOW_VERSIONS_LISTED`].
    ///
    /// # Errors
    /// When the store is away.
    pub async fn flow_versions(&self, id: FlowId) -> Result<Vec<FlowVersion>, SetupError> {
        let listed = self.configuration.flow_versions(id, FLOW_VERSIONS_LISTED);
        Ok(listed.await?)
    }

    /// What of a node this server cannot do, in words.
    #[must_use]
    pub fn missing_for(&self, node: &Node) -> Vec<&'static str> {
        let needs = node.needs();
        let able = self.performers.anybody(&self.directory.now());
        let missing = needs.difference(&able);
        missing.map(|ability| ability.phrase()).collect()
    }

    /// Everything that keeps a document of an account from being published as this flow, and warnings.
    #[must_use]
    pub fn flow_problems(
        &self,
        account: AccountId,
        flow: Option<FlowId>,
        document: &FlowDocument,
    ) -> Vec<FlowProblem> {
        let directory = self.directory.now();
        let known = KnownThings {
            prompts: directory
                .prompts_of(account)
                .iter()
                .map(|prompt| prompt.id)
                .collect(),
            campaigns: self
                .directory
                .markets()
                .of(account)
                .iter()
                .flat_map(|market| market.campaigns())
                .filter(|entry| entry.campaign.archived_at.is_none())
                .map(|entry| entry.campaign.id)
                .collect(),
            abilities: self.performers.of_flow(&directory, flow),
            recording_consent: directory
                .account(account)
                .map(|a| a.recording_consent)
                .unwrap_or_default(),
        };
        let mut problems = document.validate(&known);
        problems.extend(circle(&directory, document));
        problems.extend(forbidden(&directory, account, document));
        problems
    }

    /// A flow as it is, for a change by somebody who saw it after its change number `edits`.
    fn flow_now(&self, id: FlowId, edits: i64) -> Result<Flow, SetupError> {
        let directory = self.directory.now();
        let flow = directory.flow(id);
        let flow = flow.ok_or_else(|| invalid("flow", "there is no such flow"))?;
        if flow.edits != edits {
            return Err(PortError::Conflict(
                "somebody changed the flow since you opened it; load it again".to_owned(),
            )
            .into());
        }
        Ok(Flow::clone(flow))
    }

    /// Refuses a number the flow that its trunk's calls could not be taken through.
    pub(super) fn check_number_flow(
        &self,
        directory: &Directory,
        number: &TrackingNumber,
    ) -> Result<(), SetupError> {
        let Some((_, version)) = directory.flow_of(number) else {
            return Ok(());
        };
        let checked = self
            .performers
            .check_trunk(directory, &version.document, number.trunk);
        checked.map_err(|message| invalid("flow", message))
    }

    /// Refuses a site a flow that calls of one of its numbers could not be taken through.
    pub(super) fn check_site_flow(
        &self,
        directory: &Directory,
        site: &Site,
    ) -> Result<(), SetupError> {
        let published = site
            .flow
            .and_then(|id| directory.flow(id)?.published.as_ref());
        let Some(version) = published else {
            return Ok(());
        };
        let numbers = directory.numbers_of(site.account);
        let follows = |n: &&&Arc<TrackingNumber>| n.site == Some(site.id) && n.flow.is_none();
        for number in numbers.iter().filter(follows) {
            let checked = self
                .performers
                .check_trunk(directory, &version.document, number.trunk);
            checked
                .map_err(|message| invalid("flow", format!("for {}: {message}", number.number)))?;
        }
        Ok(())
    }

    async fn put_changed(&self, mut flow: Flow) -> Result<(), SetupError> {
        flow.edits += 1;
        self.to_change().put_flow(&flow).await?;
        Ok(self.read_back().await?)
    }
}

/// The first node that rings a tracking number: the call would come in again.
fn circle(directory: &Directory, document: &FlowDocument) -> Option<FlowProblem> {
    let mut rung = document.numbers();
    let (node, number) = rung.find(|(_, number)| directory.number_by_digits(*number).is_some())?;
    Some(FlowProblem {
        node: node.to_owned(),
        severity: Severity::Problem,
        message: format!(
            "rings {number}, which is a tracking number itself, so that calls would go in a circle; write the number \
             of a phone"
        ),
    })
}

/// The nodes that ring a number which the account's toll rules never let be dialled.
fn forbidden(
    directory: &Directory,
    account: AccountId,
    document: &FlowDocument,
) -> Vec<FlowProblem> {
    let Some(account) = directory.account(account) else {
        return Vec::new();
    };
    let refused = document.numbers().filter_map(|(node, number)| {
        let refusal = account.toll.allows(number).err()?;
        let number = number.display_for(account.country);
        Some(FlowProblem {
            node: node.to_owned(),
            severity: Severity::Problem,
            message: format!("rings {number}: {}", never_dialled(refusal)),
        })
    });
    refused.collect()
}

/// A flow that numbers and sites of an account may name: its own, and published.
pub(super) fn check_flow(
    directory: &Directory,
    account: AccountId,
    id: Option<FlowId>,
) -> Result<(), SetupError> {
    let Some(id) = id else {
        return Ok(());
    };
    let flow = directory.flow(id).filter(|f| f.account == account);
    let flow = flow.ok_or_else(|| invalid("flow", "there is no such flow"))?;
    if flow.published.is_none() {
        return Err(invalid(
            "flow",
            "the flow is not published yet; publish it first",
        ));
    }
    if flow.archived_at.is_some() {
        return Err(invalid("flow", "the flow is put away; take it out first"));
    }
    Ok(())
}
