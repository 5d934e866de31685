//! Leads: stored as they become, by their revision, with everything that belongs to a change or nothing of it.

use trunkline_core::base::id::OpportunityId;
use trunkline_core::base::{Country, Currency, Money, PhoneNumber, Sha256, Timestamp};
use trunkline_core::lead::{
    ConsentRecord, Kept, Lead, Leg, LegState, Link, Ping, PingOffer, Post, Return, ReturnReason,
    ReturnState, ReturnUse, Run, RunState, Values, Waits,
};
use trunkline_engine::ports::Outbox;
use trunkline_engine::ports::leads::{
    CameBy, ConsentRow, Held, LeadChange, LeadEvent, LeadEventKind, LeadFilter, LeadRow,
    LeadStored, Leads, LegFacts, ReturnRow,
};
use trunkline_engine::ports::outbox::{AfterCrash, Delivery, OutboxEvent, OutboxState};

use super::World;
use super::distribution::Things;
use super::world::{MINUTE, NOON, google};

fn usd(micros: i64) -> Money {
    Money::from_micros(micros, Currency::USD)
}

fn sha256(bytes: &[u8]) -> Sha256 {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().try_into().unwrap()
}

fn ann(phone: bool) -> Lead {
    let pairs = |pairs: &[(&str, &str)]| {
        let pairs = pairs
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        Values(pairs.collect())
    };
    let number = PhoneNumber::from_digits(12_145_550_100);
    Kept {
        values: if phone {
            pairs(&[
                ("zip", "75201"),
                ("phone", "+12145550100"),
                ("first_name", "Ann \u{2603}"),
            ])
        } else {
            pairs(&[("zip", "75201")])
        },
        extra: pairs(&[("sub_id", "7")]),
        personal: if phone {
            vec!["first_name".to_owned(), "phone".to_owned()]
        } else {
            Vec::new()
        },
        phone: phone.then_some(number),
        phone_sha256: Some(sha256(b"+12145550100")),
        email_sha256: None,
        zip: Some("75201".to_owned()),
        state: Some("TX".to_owned()),
        country: Some(Country::US),
    }
    .into()
}

/// A ping that was answered, with everything that a row can hold.
fn pinged(world: &World, things: &Things) -> LeadRow {
    LeadRow {
        id: world.id(),
        account: things.feed.account,
        campaign: things.campaign.id,
        feed: things.feed.id,
        publisher: things.publisher.id,
        came_by: CameBy::Ping,
        test: false,
        run: Run {
            state: RunState::PingAccepted,
            ping: Some(Ping {
                lead: ann(false),
                fingerprint: [3; 32],
                at: NOON,
                offer: Some(PingOffer {
                    quoted: Some(usd(12_500_000)),
                    expires_at: NOON.plus_millis(MINUTE),
                }),
            }),
            post: None,
            legs_max: 1,
            legs: Vec::new(),
            waits: None,
            pending: false,
        },
        legs: Vec::new(),
        held: vec![Held {
            contract: things.contract.id,
            reservation: world.id(),
            bid: Some(usd(20_000_000)),
            price: None,
            ping_name: Some("p-1".to_owned()),
        }],
        key: Some("k-1".to_owned()),
        asked: [9; 32],
        reason: None,
        price_min: Some(usd(1)),
        came_at: NOON,
        changed_at: NOON,
        due_at: None,
        currency: Currency::USD,
        revenue: None,
        payout: None,
        session: Some(world.id()),
        source: Some(google()),
        consent: None,
        revision: 0,
    }
}

fn happened(kind: LeadEventKind, at: Timestamp) -> LeadEvent {
    LeadEvent {
        at,
        kind,
        contract: None,
        told: "as it was".to_owned(),
    }
}

/// The row as the store has it.
fn stored(row: &LeadRow) -> LeadRow {
    LeadRow {
        revision: row.revision + 1,
        ..row.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_changed_by_whoever_saw_it_last_and_read_as_it_was_written() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let things = Things::new(&world, account);
        things.put(&world.store).await;
        let store = &world.store;
        let row = pinged(&world, &things);
        let mut change = LeadChange::new(row.clone());
        let event = |kind| happened(kind, NOON);
        change.events = vec![event(LeadEventKind::Pinged), event(LeadEventKind::Offered)];
        assert_eq!(store.put_lead(&change).await.unwrap(), LeadStored::Yes);
        assert_eq!(store.lead(row.id).await.unwrap(), Some(stored(&row)));
        assert_eq!(
            store.put_lead(&change).await.unwrap(),
            LeadStored::Moved,
            "twice"
        );
        // The key is the feed's: another lead cannot have it.
        let other = LeadRow {
            id: world.id(),
            ..row.clone()
        };
        let other = LeadChange::new(other);
        assert_eq!(store.put_lead(&other).await.unwrap(), LeadStored::Moved);
        let by_key = store.lead_by_key(row.feed, "k-1").await.unwrap();
        assert_eq!(by_key, Some(stored(&row)));
        assert_eq!(store.lead_by_key(world.id(), "k-1").await.unwrap(), None);
        let by_ping = store.lead_by_ping(row.feed, &[3; 32]).await.unwrap();
        assert_eq!(by_ping.map(|row| row.id), Some(row.id));
        assert_eq!(store.lead_by_ping(row.feed, &[4; 32]).await.unwrap(), None);

        // It is posted and sent, in one transaction with the row by which it is.
        let mut posted = stored(&row);
        let outbox = world.id();
        posted.run.post = Some(Post {
            lead: ann(true),
            at: NOON.plus_millis(1),
        });
        posted.run.state = RunState::Selling;
        posted.run.legs = vec![Leg {
            contract: things.contract.id,
            company: things.buyer.id,
            round: 0,
            state: LegState::Sending { since: NOON },
        }];
        posted.legs = vec![LegFacts {
            buyer: things.buyer.id,
            destination: things.destination.id,
            reservation: Some(world.id()),
            outbox: Some(outbox),
            bid: Some(usd(20_000_000)),
            ping_name: Some("p-1".to_owned()),
            price: None,
            buyers_name: None,
            redirect_url: None,
            told: String::new(),
        }];
        posted.held.clear();
        posted.due_at = Some(NOON.plus_millis(5));
        let mut change = LeadChange::new(posted.clone());
        change.events = vec![event(LeadEventKind::Sending)];
        change.outbox = vec![OutboxEvent {
            id: outbox,
            account,
            kind: "lead_post".to_owned(),
            about: Some(row.id.raw()),
            body: "{}".to_owned(),
            after_crash: AfterCrash::Unknown,
            due_at: NOON,
            made_at: NOON,
        }];
        assert_eq!(store.put_lead(&change).await.unwrap(), LeadStored::Yes);
        assert_eq!(store.put_lead(&change).await.unwrap(), LeadStored::Moved);
        let due = async |ms| store.leads_due(NOON.plus_millis(ms), 10).await.unwrap();
        assert_eq!(due(4).await, []);
        assert_eq!(due(5).await, [row.id]);
        assert_eq!(store.leads_open(None, 10).await.unwrap(), [row.id]);
        let behind = store.leads_open(Some(row.id), 10).await.unwrap();
        assert_eq!(behind, []);

        // Taken, with what came of the sending.
        let taken = store.take_event(outbox).await.unwrap().unwrap();
        assert_eq!((taken.state, taken.tries), (OutboxState::Sending, 1));
        assert_eq!(store.take_event(outbox).await.unwrap(), None, "once");
        let mut sold = stored(&posted);
        sold.run.state = RunState::Queued;
        sold.run.waits = Some(Waits {
            tries: 2,
            next_at: NOON.plus_millis(MINUTE),
        });
        sold.run.pending = true;
        sold.run.legs[0].state = LegState::Accepted { at: NOON };
        sold.legs[0].price = Some(usd(20_000_000));
        sold.legs[0].buyers_name = Some("b-9".to_owned());
        sold.legs[0].redirect_url = Some("https://buyer.example/thanks".to_owned());
        sold.revenue = Some(usd(20_000_000));
        sold.payout = Some(usd(12_500_000));
        sold.reason = Some("MISSING_FIELD:zip".to_owned());
        sold.due_at = None;
        let mut change = LeadChange::new(sold.clone());
        change.events = vec![event(LeadEventKind::Accepted), event(LeadEventKind::Sold)];
        change.delivered = vec![(outbox, Delivery::Done)];
        assert_eq!(store.put_lead(&change).await.unwrap(), LeadStored::Yes);
        assert_eq!(store.lead(row.id).await.unwrap(), Some(stored(&sold)));
        assert_eq!(due(MINUTE).await, []);
        assert_eq!(store.leads_open(None, 10).await.unwrap(), []);
        let done = store.events_in(account, OutboxState::Done, None, 10).await;
        assert_eq!(done.unwrap()[0].event.id, outbox);
        let events = store.lead_events(row.id).await.unwrap();
        let kinds: Vec<_> = events.iter().map(|row| row.event.kind).collect();
        let told = [
            LeadEventKind::Pinged,
            LeadEventKind::Offered,
            LeadEventKind::Sending,
            LeadEventKind::Accepted,
            LeadEventKind::Sold,
        ];
        assert_eq!(kinds, told);
        // Nobody changes the lead of another account.
        let mut foreign = LeadChange::new(stored(&sold));
        foreign.lead.account = world.id();
        assert_eq!(store.put_lead(&foreign).await.unwrap(), LeadStored::Moved);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_finds_leads_by_what_they_are() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let things = Things::new(&world, account);
        things.put(&world.store).await;
        let store = &world.store;
        let mut rows = Vec::new();
        for n in 0..3_u8 {
            let mut row = pinged(&world, &things);
            row.key = None;
            row.test = n == 1;
            row.came_at = NOON.plus_millis(i64::from(n));
            if n == 2 {
                row.run.state = RunState::Unsold;
                row.run.ping.as_mut().unwrap().lead = Lead::default();
                row.campaign = world.id();
            }
            store.put_lead(&LeadChange::new(row.clone())).await.unwrap();
            rows.push(stored(&row));
        }
        let all = LeadFilter {
            account,
            from: NOON,
            to: NOON.plus_millis(10),
            campaign: None,
            feed: None,
            publisher: None,
            buyer: None,
            state: None,
            test: None,
            person: None,
            before: None,
            limit: 10,
        };
        let found = async |filter: LeadFilter| {
            let found = store.leads(&filter).await.unwrap();
            let place = |row: &LeadRow| rows.iter().position(|known| known == row).unwrap();
            found.iter().map(place).collect::<Vec<_>>()
        };
        assert_eq!(found(all.clone()).await, [2, 1, 0]);
        for (filter, places) in [
            (
                LeadFilter {
                    account: world.id(),
                    ..all.clone()
                },
                vec![],
            ),
            (
                LeadFilter {
                    limit: 2,
                    ..all.clone()
                },
                vec![2, 1],
            ),
            (
                LeadFilter {
                    before: Some(rows[1].id),
                    ..all.clone()
                },
                vec![0],
            ),
            (
                LeadFilter {
                    to: NOON.plus_millis(2),
                    ..all.clone()
                },
                vec![1, 0],
            ),
            (
                LeadFilter {
                    test: Some(true),
                    ..all.clone()
                },
                vec![1],
            ),
            (
                LeadFilter {
                    test: Some(false),
                    ..all.clone()
                },
                vec![2, 0],
            ),
            (
                LeadFilter {
                    state: Some(RunState::Unsold),
                    ..all.clone()
                },
                vec![2],
            ),
            (
                LeadFilter {
                    campaign: Some(things.campaign.id),
                    ..all.clone()
                },
                vec![1, 0],
            ),
            (
                LeadFilter {
                    person: Some(sha256(b"+12145550100")),
                    ..all.clone()
                },
                vec![1, 0],
            ),
            (
                LeadFilter {
                    buyer: Some(things.buyer.id),
                    ..all.clone()
                },
                vec![],
            ),
            (
                LeadFilter {
                    feed: Some(things.feed.id),
                    publisher: Some(things.publisher.id),
                    ..all.clone()
                },
                vec![2, 1, 0],
            ),
        ] {
            let told = format!("{filter:?}");
            assert_eq!(found(filter).await, places, "{told}");
        }
    }
}

fn agreed(text: &str) -> ConsentRecord {
    ConsentRecord {
        given_at: NOON,
        page_url: "https://lone-star.example/quote".to_owned(),
        text: text.to_owned(),
        text_sha256: sha256(text.as_bytes()),
        ip: "2001:db8::7".parse().ok(),
        user_agent: "Browser".to_owned(),
        phone_sha256: Some([1; 32]),
        email_sha256: None,
        sellers: vec!["Sunny Roofs".to_owned()],
        replay: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_in_the_chain_of_consent_is_given_once() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let things = Things::new(&world, account);
        things.put(&world.store).await;
        let store = &world.store;
        assert_eq!(store.last_consent(account).await.unwrap(), None);
        let mut last: Option<Link> = None;
        let mut rows = Vec::new();
        for n in 0..3 {
            let record = agreed(&format!("I agree {n}"));
            let link = record.link(last.as_ref(), sha256);
            let mut change = LeadChange::new(LeadRow {
                key: None,
                consent: Some(link.number),
                ..pinged(&world, &things)
            });
            let row = ConsentRow {
                account,
                lead: change.lead.id,
                record,
                link,
                signature: vec![7; 64],
            };
            change.consent = Some(row.clone());
            assert_eq!(store.put_lead(&change).await.unwrap(), LeadStored::Yes);
            // Whoever decided on the same last link stores nothing, the lead neither.
            let mut second = change.clone();
            second.lead.id = world.id();
            assert_eq!(store.put_lead(&second).await.unwrap(), LeadStored::Moved);
            assert_eq!(store.lead(second.lead.id).await.unwrap(), None);
            assert_eq!(store.last_consent(account).await.unwrap(), Some(link));
            last = Some(link);
            rows.push(row);
        }
        assert_eq!(store.consents(account, 1, 10).await.unwrap(), rows);
        assert_eq!(store.consents(account, 2, 1).await.unwrap(), rows[1..2]);
        let chain = rows.iter().map(|row| (&row.record, &row.link));
        assert_eq!(trunkline_core::lead::broken_link(None, chain, sha256), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_is_asked_for_once_and_decided_by_whoever_saw_it_last() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let things = Things::new(&world, account);
        things.put(&world.store).await;
        let store = &world.store;
        let mut row = pinged(&world, &things);
        row.run.legs = vec![Leg {
            contract: things.contract.id,
            company: things.buyer.id,
            round: 0,
            state: LegState::Accepted { at: NOON },
        }];
        row.legs = vec![LegFacts {
            buyer: things.buyer.id,
            destination: things.destination.id,
            reservation: None,
            outbox: None,
            bid: None,
            ping_name: None,
            price: None,
            buyers_name: None,
            redirect_url: None,
            told: String::new(),
        }];
        store.put_lead(&LeadChange::new(row.clone())).await.unwrap();
        let lead: OpportunityId = row.id;
        let asked = ReturnRow {
            lead,
            contract: things.contract.id,
            account,
            buyer: things.buyer.id,
            of: Return {
                state: ReturnState::Requested,
                reason: ReturnReason::WrongNumber,
                asked_at: NOON,
                decide_by: NOON.plus_millis(MINUTE),
                percent: 0,
            },
            note: "A florist answers".to_owned(),
            proved: false,
            decided_by: None,
            decided_at: None,
            answer: String::new(),
        };
        let put = async |row: &ReturnRow, was| store.put_return(row, was, None).await.unwrap();
        assert_eq!(put(&asked, None).await, LeadStored::Yes);
        assert_eq!(put(&asked, None).await, LeadStored::Moved, "twice");
        let used = async |since| {
            store
                .return_use(account, things.buyer.id, since)
                .await
                .unwrap()
        };
        let one = ReturnUse {
            received: 1,
            asked: 1,
        };
        assert_eq!(used(NOON).await, one);
        assert_eq!(used(NOON.plus_millis(1)).await, ReturnUse::default());
        let decided = ReturnRow {
            of: Return {
                state: ReturnState::Approved,
                percent: 50,
                ..asked.of
            },
            decided_by: Some(world.id()),
            decided_at: Some(NOON.plus_millis(3)),
            answer: "Sorry".to_owned(),
            ..asked.clone()
        };
        let mut back = LeadChange::new(stored(&row));
        back.lead.run.legs[0].state = LegState::Returned { at: NOON };
        let was = Some(ReturnState::Requested);
        let done = store.put_return(&decided, was, Some(&back)).await.unwrap();
        assert_eq!(done, LeadStored::Yes);
        let late = store.put_return(&decided, was, Some(&back)).await.unwrap();
        assert_eq!(late, LeadStored::Moved);
        let contract = things.contract.id;
        let read = store.lead_return(lead, contract).await.unwrap();
        assert_eq!(read, Some(decided.clone()));
        assert_eq!(store.lead_returns(lead).await.unwrap(), [decided]);
        let read = store.lead(lead).await.unwrap().unwrap();
        assert_eq!(read.run.legs[0].state, LegState::Returned { at: NOON });
        assert_eq!(used(NOON).await.received, 1, "it was theirs");
    }
}
