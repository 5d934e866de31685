//! Sending a lead to a buyer's server or mailbox, and what the answer means.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use trunkline_core::base::Country;
use trunkline_core::base::id::{ContractId, OpportunityId};
use trunkline_core::lead::{Certificate, Event, Lead, LegState, StepRefusal, step};
use trunkline_core::routing::delivery::{Slot, Values};
use trunkline_core::routing::{DeliveryKind, Known, OpportunityKind};

use super::desk::{LeadDesk, LeadError};
use super::sale::Sale;
use super::sell::{KEEP_MS, with};
use crate::distribution::Reach;
use crate::ports::buyers::{
    BuyerOutcome, BuyerReport, BuyerRequest, MailRequest, NotSent, Standing,
};
use crate::ports::leads::{LeadChange, LeadEventKind, LeadRow};
use crate::ports::outbox::{Delivery, OutboxEvent};
use crate::posting::{Judged, NotTaken, amount, judge, post_to_server, report};

/// The kind of the outbox's rows by which leads are sent.
pub const LEAD_POST: &str = "lead_post";
/// How long a mail server may take to take a letter.
const MAIL_WAIT: Duration = Duration::from_secs(20);
/// How long a row waits of which somebody else works on the lead, in milliseconds.
const OTHERS_MS: i64 = 10_000;
/// What a row of the outbox says beside which lead it is about.
#[derive(Debug, Serialize, Deserialize)]
struct PostBody {
    /// The place of the leg.
    leg: usize,
}

pub(super) fn body(leg: usize) -> String {
    serde_json::to_string(&PostBody { leg }).unwrap_or_default()
}

/// Whether leads can be delivered this way.
pub(super) const fn takes_leads(kind: DeliveryKind) -> bool {
    matches!(
        kind,
        DeliveryKind::Http | DeliveryKind::Email | DeliveryKind::None
    )
}

/// The process ended while it was sent.
pub(super) fn interrupted() -> BuyerReport {
    let why = "the server ended while it was being sent".to_owned();
    report(BuyerOutcome::BrokeOff(why))
}

/// Nothing is sent, and the buyer finds it here.
fn kept_here() -> BuyerReport {
    use trunkline_core::routing::delivery::{DeliverTo, Reading, Verdict};
    let reading = Reading {
        verdict: Verdict::Accepted,
        price: None,
        id: None,
        reason: None,
        redirect_url: None,
        expires_at: None,
        min_seconds: None,
        deliver_to: DeliverTo::default(),
        faults: Vec::new(),
    };
    report(BuyerOutcome::Answered(Box::new(reading), 200))
}

/// Everything a buyer may be told of a lead.
fn values(sale: &Sale, n: usize, lead: &Lead) -> Values {
    let row = &sale.row;
    let asked = &sale.planned.record.asked;
    let tags = lead.tags();
    let known = Known {
        kind: OpportunityKind::Lead,
        tags: &tags,
        phone: lead.phone,
        phone_sha256: lead.phone_sha256,
        email_sha256: lead.email_sha256,
        zip: lead.zip.as_deref(),
        state: lead.state.as_deref(),
        country: lead.country,
        source: row.source.as_ref(),
        score: asked.score,
        attestation: None,
        times_before: asked.times_before,
    };
    let mut values = Values::of(&known);
    let fields = lead.extra.0.iter().chain(&lead.values.0);
    values.lead = fields.map(|(n, v)| (n.clone(), v.clone())).collect();
    values.identity = lead.personal().map(str::to_owned).collect();
    let leg = &row.run.legs[n];
    let facts = &row.legs[n];
    let price = facts.bid.or(facts.price);
    for (slot, text) in [
        (Slot::OpportunityId, row.id.to_string()),
        (Slot::LeadId, row.id.to_string()),
        (Slot::CampaignId, row.campaign.to_string()),
        (Slot::FeedId, row.feed.to_string()),
        (Slot::PublisherId, row.publisher.to_string()),
        (Slot::BuyerId, facts.buyer.to_string()),
        (Slot::DestinationId, facts.destination.to_string()),
        (Slot::ContractId, leg.contract.to_string()),
        (Slot::PingId, facts.ping_name.clone().unwrap_or_default()),
        (Slot::Price, price.map(amount).unwrap_or_default()),
        (Slot::CreatedAt, moment_text(row)),
        (
            Slot::IsDuplicate,
            sale.planned.price(leg.contract).1.to_string(),
        ),
        (Slot::Test, row.test.to_string()),
    ] {
        values.set(slot, text);
    }
    for (slot, name) in [
        (Slot::SubId, "sub_id"),
        (Slot::LandingPage, "landing_page"),
        (Slot::UserAgent, "user_agent"),
        (Slot::Ip, "ip_address"),
        (Slot::ConsentText, "consent_text"),
    ] {
        values.set(slot, lead.value(name).unwrap_or_default());
    }
    set_certificate(&mut values, lead);
    values
}

fn set_certificate(values: &mut Values, lead: &Lead) {
    let of = |name: &str| lead.value(name).and_then(Certificate::parse);
    match of("trusted_form").or_else(|| of("leadid")) {
        Some(found @ Certificate::TrustedForm(_)) => {
            values.set(Slot::ConsentType, "trusted_form");
            values.set(Slot::ConsentUrl, found.text());
            if let Certificate::TrustedForm(id) = found {
                values.set(Slot::ConsentId, id);
            }
        }
        Some(found @ Certificate::LeadId(_)) => {
            values.set(Slot::ConsentType, "leadid");
            values.set(Slot::ConsentId, found.text());
        }
        None => {}
    }
}

fn moment_text(row: &LeadRow) -> String {
    row.came_at.to_rfc3339()
}

impl LeadDesk {
    /// Sends a lead to the buyer of one of its legs, once.
    pub(super) async fn send(&self, sale: &Sale, n: usize) -> BuyerReport {
        let nowhere = || {
            let why = "its destination cannot be reached any more".to_owned();
            report(BuyerOutcome::NotSent(NotSent::Refused(why)))
        };
        let (Some(facts), Some(post)) = (sale.row.legs.get(n), &sale.row.run.post) else {
            return nowhere();
        };
        let market = sale.planned.market();
        let Some(destination) = market.destination(facts.destination) else {
            return nowhere();
        };
        let kind = destination.delivery.kind();
        if kind == DeliveryKind::None {
            return kept_here();
        }
        let now = self.moment.now();
        let values = values(sale, n, &post.lead);
        match market.reach(facts.destination) {
            None => nowhere(),
            Some(Reach::Mailbox(mail)) => {
                let letter = MailRequest {
                    destination: facts.destination,
                    opportunity: sale.row.id,
                    mail: Arc::clone(mail),
                    values,
                    now,
                };
                let until = Instant::now() + MAIL_WAIT;
                self.mail.send(&letter, until).await
            }
            Some(Reach::Server { endpoint, secrets }) => {
                let terms = sale.planned.terms(sale.row.run.legs[n].contract);
                let request = BuyerRequest {
                    destination: facts.destination,
                    opportunity: sale.row.id,
                    endpoint: Arc::clone(endpoint),
                    values,
                    secrets: Arc::clone(secrets),
                    currency: sale.row.currency,
                    bid_max: terms.and_then(|t| t.bid_max.as_ref().map(|m| m.value)),
                    home: self.home(sale.row.account),
                    now,
                };
                post_to_server(self.buyers.as_ref(), &request, OpportunityKind::Lead).await
            }
        }
    }

    pub(super) fn home(&self, account: trunkline_core::base::id::AccountId) -> Country {
        let directory = self.directory.peek();
        directory
            .account(account)
            .map_or(Country::US, |a| a.country)
    }

    /// Stores what came of sending a lead to somebody.
    pub(super) async fn answered(
        &self,
        sale: &mut Sale,
        n: usize,
        report: &BuyerReport,
    ) -> Result<Delivery, LeadError> {
        let Judged {
            standing,
            not_taken,
            delivery,
            told,
        } = judge(report);
        let contract = sale.row.run.legs[n].contract;
        let word = match standing {
            Standing::Taken => "taken",
            Standing::NotTaken => "not_taken",
            Standing::Unclear => "unclear",
        };
        metrics::counter!("trunkline_lead_posts_total", "standing" => word).increment(1);
        let Some(reason) = not_taken else {
            self.taken(sale, n, report, told).await?;
            return Ok(delivery);
        };
        let unclear = standing == Standing::Unclear;
        let what = if unclear {
            (Event::NoAnswer(contract), LeadEventKind::NoAnswer)
        } else {
            (Event::Declined(contract), LeadEventKind::Declined)
        };
        self.not_taken(sale, n, what, reason, (delivery.clone(), told))
            .await?;
        match sale.row.legs[n].reservation {
            // The price is held until it is known, or nobody waits for it any more.
            Some(reservation) if unclear => {
                let keep_ms = sale.rules.ambiguous_ms + KEEP_MS;
                self.router.renew(reservation, keep_ms).await?;
            }
            Some(reservation) => self.release(reservation).await,
            None => {}
        }
        Ok(delivery)
    }

    async fn not_taken(
        &self,
        sale: &mut Sale,
        n: usize,
        (what, kind): (Event, LeadEventKind),
        (outcome, reason): NotTaken,
        (delivery, told): (Delivery, String),
    ) -> Result<(), LeadError> {
        let now = self.moment.now();
        sale.end_attempt(n, outcome, reason, now);
        let contract = sale.row.run.legs[n].contract;
        let rules = sale.rules;
        let attempts = sale.planned.attempts.clone();
        let stored = self.change(sale.row.id, |row, now| {
            let run = step(&row.run, what.clone(), &rules, now)?;
            let mut legs = row.legs.clone();
            let mut delivered = Vec::new();
            if let Some(facts) = legs.get_mut(n) {
                facts.told.clone_from(&told);
                delivered.extend(facts.outbox.map(|outbox| (outbox, delivery.clone())));
            }
            let mut change = LeadChange::new(LeadRow { run, legs, ..row });
            change.events.push(with(now, kind, contract, told.clone()));
            change.attempts.clone_from(&attempts);
            change.delivered = delivered;
            Ok(change)
        });
        match stored.await {
            Ok(row) => {
                sale.row = row;
                Ok(())
            }
            // Somebody told it meanwhile.
            Err(LeadError::Step(StepRefusal::AnsweredBefore(_))) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Delivers a row of the outbox of the kind [`LEAD_POST`]: one that a crash left, or that a person sends again.
    pub async fn deliver(self: &Arc<Self>, event: &OutboxEvent) -> Delivery {
        let body: Result<PostBody, _> = serde_json::from_str(&event.body);
        let (Some(about), Ok(PostBody { leg })) = (event.about, body) else {
            return Delivery::Dead("the row cannot be read".to_owned());
        };
        let again = |why: &str| {
            let at = self.moment.now().plus_millis(OTHERS_MS);
            Delivery::Again(at, why.to_owned())
        };
        let id = OpportunityId::from_raw(about);
        let Some(_at_work) = self.claim(id) else {
            return again("somebody works on the lead");
        };
        match Box::pin(self.deliver_leg(id, leg)).await {
            Ok(delivery) => delivery,
            Err(Undelivered::Before(error)) => again(&error.to_string()),
            Err(Undelivered::After(error)) => Delivery::Unknown(error.to_string()),
        }
    }

    async fn deliver_leg(
        self: &Arc<Self>,
        id: OpportunityId,
        n: usize,
    ) -> Result<Delivery, Undelivered> {
        let row = self.leads.lead(id).await;
        let row = row.map_err(|error| Undelivered::Before(error.into()))?;
        let gone = || Delivery::Dead("the lead went on without this buyer".to_owned());
        let Some(row) = row else { return Ok(gone()) };
        let Some(leg) = row.run.legs.get(n) else {
            return Ok(gone());
        };
        let open = match leg.state {
            LegState::Sending { .. } => true,
            LegState::Unknown { .. } => row.run.accepted() < usize::from(row.run.legs_max),
            LegState::Accepted { .. } | LegState::Rejected | LegState::Returned { .. } => false,
        };
        if !open {
            return Ok(gone());
        }
        let mut sale = self.resumed(row).await.map_err(Undelivered::Before)?;
        let report = self.send(&sale, n).await;
        let stored = self.answered(&mut sale, n, &report).await;
        let delivery = stored.map_err(Undelivered::After)?;
        if let Err(error) = Box::pin(self.sell(id)).await {
            tracing::warn!(lead = %id, %error, "a lead was not taken on; it is again later");
        }
        Ok(delivery)
    }

    /// Says what a buyer did who did not answer: they took it, or they did not.
    ///
    /// # Errors
    /// When the lead was never sent to the contract, or the store fails.
    pub async fn tell(
        self: &Arc<Self>,
        id: OpportunityId,
        contract: ContractId,
        taken: bool,
    ) -> Result<LeadRow, LeadError> {
        let Some(_at_work) = self.claim(id) else {
            return Err(LeadError::Busy);
        };
        let row = self.leads.lead(id).await?.ok_or(LeadError::NoSuchPing)?;
        let legs = row.run.legs.iter();
        let never = || LeadError::Step(StepRefusal::NeverSent(contract));
        let n = legs.rev().position(|leg| leg.contract == contract);
        let n = row.run.legs.len() - 1 - n.ok_or_else(never)?;
        let mut sale = self.resumed(row).await?;
        let said = if taken {
            kept_here()
        } else {
            let why = "a person says that it never came".to_owned();
            report(BuyerOutcome::NotSent(NotSent::Refused(why)))
        };
        self.answered(&mut sale, n, &said).await?;
        Box::pin(self.sell(id)).await?;
        let row = self.leads.lead(id).await?;
        row.ok_or(LeadError::NoSuchPing)
    }
}

/// Why a row was not delivered: before anything was sent, or after.
enum Undelivered {
    Before(LeadError),
    After(LeadError),
}
