//! A buyer's server that is told of a call before it rings: its endpoint has a post. It is posted once, to whoever is about
//! to be rung and has its place; its answer may say where to ring.
//!
//! That it is being sent is committed before it is, as for leads, by a row of the outbox. A call does not wait for what a
//! buyer may have meant: without an answer the attempt is over, what it took is held until the time for that is over, and
//! the next one is rung.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::task::JoinSet;
use trunkline_core::base::id::{ContractId, OpportunityId, OutboxEventId};
use trunkline_core::base::{Callee, Country};
use trunkline_core::lead::AMBIGUOUS_MS;
use trunkline_core::routing::delivery::{Slot, Step};
use trunkline_core::routing::{AttemptOutcome, OpportunityKind, ReasonCode};

use super::bidding::told;
use super::planned::Planned;
use super::{Router, in_time};
use crate::clock::Moment;
use crate::distribution::Reach;
use crate::outbox::{Teller, Told};
use crate::ports::buyers::{BuyerOutcome, BuyerReport, BuyerRequest, Standing};
use crate::ports::outbox::{AfterCrash, OutboxEvent, OutboxRow};
use crate::ports::{Buyers, Outbox, PortError, PortResult};
use crate::posting::{amount, judge, name_parties, post_to_server};

/// The kind of the outbox's rows by which buyers are told of calls.
pub const CALL_POST: &str = "call_post";
/// How long whoever holds the call has a row to itself: only a crash leaves one so long.
const OWN_MS: i64 = 60_000;

/// Tells buyers' servers of calls.
pub struct CallPosts {
    moment: Moment,
    buyers: Arc<dyn Buyers>,
    outbox: Arc<dyn Outbox>,
    home: Country,
}

/// Somebody who has a place for a call and is about to be rung.
#[derive(Debug)]
pub(super) struct AboutToRing {
    /// The attempt's place among those that were made.
    pub(super) place: usize,
    /// Where, as far as is known before a post.
    pub(super) to: Option<Callee>,
    pub(super) ring_timeout_ms: u32,
}

/// What a server said of a call.
enum Answer {
    /// Its buyer does not take it, or nobody knows.
    NotTaken,
    /// Its buyer does, and wants it here, when it says.
    Taken(Option<Callee>),
}

/// A post that is written down and not sent yet.
struct Written {
    row: OutboxEventId,
    request: BuyerRequest,
}

impl CallPosts {
    /// Over buyers' servers and the outbox. Numbers without a country code are at `home`.
    #[must_use]
    pub fn new(
        moment: Moment,
        buyers: Arc<dyn Buyers>,
        outbox: Arc<dyn Outbox>,
        home: Country,
    ) -> Arc<Self> {
        Arc::new(Self {
            moment,
            buyers,
            outbox,
            home,
        })
    }

    /// What a buyer's server is posted.
    fn request(&self, planned: &Planned, contract: ContractId) -> Option<BuyerRequest> {
        let terms = planned.terms(contract)?;
        let destination = terms.parties.destination;
        let Reach::Server { endpoint, secrets } = planned.market().reach(destination)? else {
            return None;
        };
        let opportunity = &planned.record.opportunity;
        let mut attempts = planned.attempts.iter().rev();
        let attempt = attempts.find(|row| row.contract == contract);
        let price = attempt.and_then(|row| row.bid.or(row.price));
        let mut values = told(planned);
        name_parties(&mut values, &terms, planned.price(contract).1);
        values.set(Slot::PingId, planned.bid_name(contract).unwrap_or_default());
        values.set(Slot::Price, price.map(amount).unwrap_or_default());
        Some(BuyerRequest {
            destination,
            opportunity: opportunity.id,
            endpoint: Arc::clone(endpoint),
            values,
            secrets: Arc::clone(secrets),
            currency: opportunity.currency,
            bid_max: terms.bid_max.map(|most| most.value),
            home: self.home,
            now: self.moment.now(),
        })
    }

    /// Commits that a post is being sent.
    async fn write_down(
        &self,
        planned: &Planned,
        contract: ContractId,
    ) -> PortResult<OutboxEventId> {
        let opportunity = &planned.record.opportunity;
        let now = self.moment.now();
        let row = OutboxEvent {
            id: self.moment.id_at(now),
            account: opportunity.account,
            kind: CALL_POST.to_owned(),
            about: Some(opportunity.id.raw()),
            body: format!(r#"{{"contract":"{contract}"}}"#),
            after_crash: AfterCrash::Unknown,
            due_at: now.plus_millis(OWN_MS),
            made_at: now,
        };
        self.outbox.put_event(&row).await?;
        match self.outbox.take_event(row.id).await? {
            Some(_) => Ok(row.id),
            None => Err(PortError::Conflict("somebody else sends it".to_owned())),
        }
    }
}

impl Planned {
    /// Whether the server of a contract is told of the call before it rings.
    pub(super) fn is_posted(&self, contract: ContractId) -> bool {
        let terms = self.terms(contract);
        let reach = terms.and_then(|terms| self.market.reach(terms.parties.destination).cloned());
        matches!(reach, Some(Reach::Server { endpoint, .. }) if endpoint.has(Step::Post))
    }
}

impl Router {
    /// Names whoever tells buyers' servers of calls; once, when it has started.
    pub fn post_with(&self, posts: Arc<CallPosts>) {
        // A second one would be a defect of the wiring; the first one stays.
        let _ = self.posts.set(posts);
    }

    /// Tells those of their calls whose servers want to know, all at the same time. Answers where each is to be rung; whoever
    /// does not take it, or has no place to ring, is given up.
    pub(super) async fn told_of_call(
        &self,
        planned: &mut Planned,
        all: Vec<AboutToRing>,
    ) -> Vec<super::ToRing> {
        let answers = self.post_all(planned, &all).await;
        let mut ringing = Vec::with_capacity(all.len());
        for one in all {
            let answer = answers.iter().find(|(place, _)| *place == one.place);
            let to = match answer {
                Some((_, Answer::NotTaken)) => continue,
                Some((_, Answer::Taken(said))) => said.clone().or(one.to),
                None => one.to,
            };
            match to {
                Some(to) => ringing.push(super::ToRing {
                    place: one.place,
                    to,
                    ring_timeout_ms: one.ring_timeout_ms,
                }),
                None => {
                    let unreachable = Some(ReasonCode::Unreachable);
                    self.give_up(planned, one.place, AttemptOutcome::Failed, unreachable)
                        .await;
                }
            }
        }
        ringing
    }

    /// What came of each that was posted.
    async fn post_all(&self, planned: &mut Planned, all: &[AboutToRing]) -> Vec<(usize, Answer)> {
        let mut answers = Vec::new();
        let mut sending: JoinSet<(usize, OutboxEventId, BuyerReport)> = JoinSet::new();
        let mut open = Vec::new();
        for one in all {
            let place = one.place;
            let contract = planned.attempts.get(place).map(|row| row.contract);
            let Some(contract) = contract.filter(|contract| planned.is_posted(*contract)) else {
                continue;
            };
            let written = self.write_post(planned, contract).await;
            let (Some(posts), Some(Written { row, request })) = (self.posts.get(), written) else {
                let failed = Some(ReasonCode::SystemError);
                self.give_up(planned, place, AttemptOutcome::Failed, failed)
                    .await;
                answers.push((place, Answer::NotTaken));
                continue;
            };
            let buyers = Arc::clone(&posts.buyers);
            open.push(place);
            sending.spawn(async move {
                let kind = OpportunityKind::Call;
                let report = post_to_server(buyers.as_ref(), &request, kind).await;
                (place, row, report)
            });
        }
        while let Some(sent) = sending.join_next().await {
            // Only a defect ends a task otherwise.
            let Ok((place, row, report)) = sent else {
                continue;
            };
            open.retain(|one| *one != place);
            let answer = self.post_came_to(planned, place, row, &report).await;
            answers.push((place, answer));
        }
        for place in open {
            self.leave(
                planned,
                place,
                AttemptOutcome::Unknown,
                ReasonCode::SystemError,
            )
            .await;
            answers.push((place, Answer::NotTaken));
        }
        answers
    }

    async fn write_post(&self, planned: &Planned, contract: ContractId) -> Option<Written> {
        let posts = self.posts.get()?;
        let request = posts.request(planned, contract)?;
        let written = in_time(self.step_wait, posts.write_down(planned, contract)).await;
        let row = written.inspect_err(|error| {
            tracing::warn!(opportunity = %planned.record.opportunity.id, %error, "a buyer is not told of a call");
        });
        Some(Written {
            row: row.ok()?,
            request,
        })
    }

    /// Notes what came of a post.
    async fn post_came_to(
        &self,
        planned: &mut Planned,
        place: usize,
        row: OutboxEventId,
        report: &BuyerReport,
    ) -> Answer {
        let judged = judge(report);
        let word = match judged.standing {
            Standing::Taken => "taken",
            Standing::NotTaken => "not_taken",
            Standing::Unclear => "unclear",
        };
        metrics::counter!("trunkline_call_posts_total", "standing" => word).increment(1);
        if let Some(posts) = self.posts.get() {
            let now = self.moment.now();
            let noted = posts.outbox.delivered(row, &judged.delivery, now);
            if let Err(error) = in_time(self.step_wait, noted).await {
                tracing::warn!(event = %row, %error, "what came of a delivery is not noted");
            }
        }
        let Some((outcome, reason)) = judged.not_taken else {
            return Answer::Taken(match &report.outcome {
                BuyerOutcome::Answered(reading, _) => reading.deliver_to.callee(),
                BuyerOutcome::TimedOut | BuyerOutcome::BrokeOff(_) | BuyerOutcome::NotSent(_) => {
                    None
                }
            });
        };
        if judged.standing == Standing::Unclear {
            self.leave(planned, place, outcome, reason).await;
        } else {
            self.give_up(planned, place, outcome, Some(reason)).await;
        }
        Answer::NotTaken
    }

    /// An attempt is over, and nobody knows whether the buyer counts on it: what it took is held a while longer.
    async fn leave(
        &self,
        planned: &mut Planned,
        place: usize,
        outcome: AttemptOutcome,
        reason: ReasonCode,
    ) {
        let now = self.moment.now();
        let Some(row) = planned.attempts.get_mut(place) else {
            return;
        };
        row.ended_at = Some(now);
        row.outcome = Some(outcome);
        row.reason = Some(reason);
        let Some(id) = row.reservation else { return };
        if let Err(error) = self.renew(id, AMBIGUOUS_MS).await {
            tracing::warn!(reservation = %id, %error, "a reservation was not renewed; it ends by itself");
        }
    }
}

/// Tells the outbox's rows by which buyers were told of calls. A call does not wait: what was not sent while it rang is
/// never sent.
pub struct CallPostTeller;

#[async_trait]
impl Teller for CallPostTeller {
    fn kind(&self) -> &'static str {
        CALL_POST
    }

    fn after_crash(&self) -> AfterCrash {
        AfterCrash::Unknown
    }

    fn about(&self, raw: i64) -> Option<String> {
        Some(OpportunityId::from_raw(raw).to_string())
    }

    async fn tell(&self, _: &OutboxRow) -> Told {
        Told::Hopeless("the call is over, so the buyer is not told of it any more".to_owned())
    }
}
