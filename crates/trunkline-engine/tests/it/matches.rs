//! The truth of calls: taps tell it by themselves, and people say it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use trunkline_core::assignment::Network;
use trunkline_core::assignment::tappers::TAPPERS_MIN;
use trunkline_core::attribution::{EarlierCall, Form, LabelKind, PageKind, Showing, Tap};
use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::{AccountId, CallId, SessionId, SiteId, UserId, VisitorId};
use trunkline_core::call::{EndReason, TollPolicy};
use trunkline_core::visitor::{Channel, Consent, Device, Landing, Source};
use trunkline_engine::assignment::{Answer, Beacon, BeaconOutcome, Visit};
use trunkline_engine::call::control::{Admission, CallControl};
use trunkline_engine::clock::Clock;
use trunkline_engine::ports::History;
use trunkline_engine::ports::calls::CallEventKind;
use trunkline_engine::ports::history::{Record, SessionRow};

use crate::calls::{Desk, desk, desk_with};
use crate::world::{FIRST, SITE};

const NUMBER: &str = "+13125550100";
const FOR_ALL: &str = "+13125550199";

impl Desk {
    /// A session that has had the number on its screen for a minute.
    fn watches(&self, id: i64) -> SessionRow {
        let now = self.clock.now();
        let row = SessionRow {
            id: SessionId::from_raw(id),
            site: SITE,
            account: AccountId::from_raw(9),
            visitor: VisitorId::from_raw(id * 10),
            consent: Consent::Storage,
            device: Device::Phone,
            locality: None,
            synthetic: false,
            started_at: now.plus_millis(-60_000),
            seen_at: now,
            source: Source {
                channel: Channel::PaidSearch,
                medium: "cpc".to_owned(),
                source: format!("ad-{id}"),
                ..Source::direct()
            },
            landing: format!("https://example.com/{id}"),
            referrer: String::new(),
            clicks: Vec::new(),
        };
        let _ = self
            .history
            .record(vec![Record::Session(Box::new(row.clone()))]);
        self.history
            .showings
            .lock()
            .expect("showings")
            .push(Showing {
                session: row.id,
                visitor: row.visitor,
                first_visible: row.started_at,
                last_visible: now,
                confirmed: true,
                device: row.device,
                area: None,
                page: PageKind::Other,
            });
        row
    }

    /// A visitor comes to the site, and its page does not say that it shows a number.
    async fn arrives(&self) -> SessionId {
        let answer = self.arrives_from(Network::UNKNOWN).await;
        answer.session.expect("a session").session
    }

    /// A visitor of a network looks at the number of everybody and taps it.
    async fn taps_what_all_see(&self, network: Network) -> SessionId {
        let answer = self.arrives_from(network).await;
        let known = answer.session.expect("a session");
        let shown = Beacon::Shown {
            swaps: 1,
            page: "https://a.example/prices".to_owned(),
        };
        let tap = Beacon::Tap {
            number: PhoneNumber::from_digits(FIRST + 99),
            ago_ms: 0,
        };
        let told = self
            .assignments
            .beacons(SITE, known, None, network, 1, vec![shown, tap]);
        assert_eq!(told.await, BeaconOutcome::Taken);
        known.session
    }

    async fn arrives_from(&self, network: Network) -> Answer {
        let page = "https://a.example/prices".to_owned();
        let visit = Visit {
            site: Arc::clone(self.directory.now().site(SITE).expect("the site")),
            landing: Landing::parse(&page).expect("a page"),
            page,
            referrer: String::new(),
            network,
            waits: false,
            device: Device::Phone,
            locality: None,
            synthetic: false,
            consent: Consent::Storage,
            known: None,
            config_version: 1,
        };
        self.assignments.arrive(visit).await
    }

    fn taps(&self, session: SessionId, before_ms: i64) {
        self.history.taps.lock().expect("taps").push(Tap {
            session,
            at: self.clock.now().plus_millis(-before_ms),
            times: 1,
            late: false,
        });
    }

    async fn rings(&self) -> CallId {
        self.rings_on(NUMBER).await
    }

    async fn rings_on(&self, number: &str) -> CallId {
        match self.calls.incoming(self.incoming(number)).await {
            Admission::Accepted { call, .. } => call,
            refused @ Admission::Refused { .. } => panic!("{refused:?}"),
        }
    }

    async fn hangs_up(&self, call: CallId) {
        self.clock.forward(30_000);
        let end = self.end(EndReason::HungUp, 0);
        self.calls.ended(call, end).await;
    }
}

#[tokio::test]
async fn a_tap_seconds_before_labels_the_call_when_it_ends_and_is_hidden_from_what_was_said() {
    let desk = desk(TollPolicy::default(), None).await;
    let (ann, _bob) = (desk.watches(1), desk.watches(2));
    desk.taps(ann.id, 4_000);
    let call = desk.rings().await;
    let ringing = desk.records.last();
    assert_eq!(ringing.session, Some(ann.id));
    assert!(ringing.probability > Some(0.9), "the call knows the tap");
    let saved = || desk.records.saved.lock().expect("calls").last().cloned();
    assert_eq!(saved().expect("a save").label, None);
    desk.hangs_up(call).await;
    let label = saved().expect("a save").label.expect("a label");
    assert_eq!(
        (label.call, label.kind, label.session, label.site),
        (call, LabelKind::Tap, Some(ann.id), Some(SITE))
    );
    assert_eq!(label.called_at, ringing.started_at);
    assert_eq!(label.at, desk.clock.now());
    assert!(label.said.tapped);
    assert!(
        label.said.probability < 0.6,
        "two equal sessions without the tap"
    );
}

#[tokio::test]
async fn taps_of_two_people_or_of_long_before_tell_nothing() {
    for taps in [vec![(1, 3_000), (2, 5_000)], vec![(1, 60_000)], vec![]] {
        let desk = desk(TollPolicy::default(), None).await;
        let all = [desk.watches(1), desk.watches(2)];
        for (who, before_ms) in &taps {
            desk.taps(all[who - 1].id, *before_ms);
        }
        let call = desk.rings().await;
        desk.hangs_up(call).await;
        let saved = desk.records.saved.lock().expect("calls");
        assert!(
            saved.iter().all(|change| change.label.is_none()),
            "{taps:?}"
        );
    }
}

#[tokio::test]
async fn what_a_person_says_of_a_ringing_call_credits_it_and_outlives_its_end() {
    let desk = desk(TollPolicy::default(), None).await;
    let (ann, bob) = (desk.watches(1), desk.watches(2));
    desk.taps(ann.id, 4_000);
    let call = desk.rings().await;
    let ringing = desk.records.last();
    let matches = desk.matches.likeliest(&ringing).await.expect("visits");
    let found: Vec<SessionId> = matches.iter().map(|m| m.session).collect();
    assert_eq!(found, [ann.id, bob.id]);
    assert_eq!(matches[0].page, "https://example.com/1");
    assert!(!matches[0].live, "nobody of them is in memory");

    let by = Some(UserId::from_raw(5));
    let told = desk.matches.confirm(&ringing, Some(&bob), by).await;
    let told = told.expect("saved");
    assert_eq!((told.session, told.probability), (Some(bob.id), Some(1.0)));
    assert_eq!(told.source.as_ref().expect("a source").source, "ad-2");
    assert!(!told.ambiguous && told.candidates == ringing.candidates);
    let saved = desk.labels.confirmed.lock().expect("labels")[0].clone();
    assert_eq!(saved.label.said_by, by);
    assert_eq!(saved.label.kind, LabelKind::Confirmed);
    assert!(
        saved.label.said.tapped,
        "it stays a call that a tap tells of"
    );
    assert_eq!(saved.event.kind, CallEventKind::Confirmed);
    let confirmation = desk.matches.confirmation(&told).await.expect("read");
    assert_eq!(confirmation.map(|l| l.session), Some(Some(bob.id)));

    desk.hangs_up(call).await;
    let ended = desk.records.last();
    assert_eq!(
        (ended.session, ended.confirmed_at),
        (Some(bob.id), told.confirmed_at)
    );
    let changes = desk.records.saved.lock().expect("calls");
    assert!(
        changes.iter().all(|change| change.label.is_none()),
        "the tap does not speak against a person"
    );
}

#[tokio::test]
async fn none_of_these_is_an_answer_and_may_be_changed() {
    let desk = desk(TollPolicy::default(), None).await;
    let ann = desk.watches(1);
    let call = desk.rings().await;
    desk.hangs_up(call).await;
    let ended = desk.records.last();
    let nobody = desk
        .matches
        .confirm(&ended, None, None)
        .await
        .expect("saved");
    assert_eq!((nobody.session, nobody.probability), (None, None));
    assert!(nobody.source.is_none() && nobody.confirmed_at.is_some());
    desk.clock.forward(1_000);
    let again = desk.matches.confirm(&nobody, Some(&ann), None).await;
    let again = again.expect("saved");
    assert_eq!(again.session, Some(ann.id));
    let saved = desk.labels.confirmed.lock().expect("labels");
    assert_eq!(saved.len(), 2, "the first one stays as history");
    assert_eq!(
        saved[0].label.said, saved[1].label.said,
        "what was said stays"
    );
    assert_eq!(saved[0].label.said.session, Some(ann.id));
}

#[tokio::test]
async fn a_confirmation_that_is_not_saved_changes_nothing() {
    let desk = desk(TollPolicy::default(), None).await;
    let (ann, bob) = (desk.watches(1), desk.watches(2));
    desk.taps(ann.id, 4_000);
    let call = desk.rings().await;
    let ringing = desk.records.last();
    desk.labels.away.store(true, Ordering::SeqCst);
    let refused = desk.matches.confirm(&ringing, Some(&bob), None).await;
    assert!(refused.is_err());
    desk.hangs_up(call).await;
    let ended = desk.records.last();
    assert_eq!((ended.session, ended.confirmed_at), (Some(ann.id), None));
}

#[tokio::test]
async fn while_it_rings_visitors_on_the_site_fill_the_list_and_afterwards_they_do_not() {
    let desk = desk(TollPolicy::default(), None).await;
    let other = desk.arrives().await;
    let call = desk.rings().await;
    let ringing = desk.records.last();
    let there = desk.matches.likeliest(&ringing).await.expect("visits");
    let found: Vec<_> = there.iter().map(|m| (m.session, m.live)).collect();
    assert_eq!(found, [(other, true)]);
    desk.hangs_up(call).await;
    let likeliest = desk.matches.likeliest(&desk.records.last()).await;
    assert_eq!(likeliest.expect("visits"), []);
}

/// A script taps the number of everybody each second, each time as another visitor.
#[tokio::test]
async fn a_script_that_taps_without_end_takes_no_call_from_the_person_who_tapped() {
    let desk = desk(TollPolicy::default(), None).await;
    let network = |ip: &str| Network::of(ip.parse().expect("an address"));
    desk.arrives_from(Network::UNKNOWN).await;
    let (flood, home) = (network("203.0.113.7"), network("198.51.100.7"));
    let mut ann = None;
    for second in 0..300 {
        desk.clock.forward(1_000);
        desk.taps_what_all_see(flood).await;
        if second == 295 {
            ann = Some(desk.taps_what_all_see(home).await);
        }
    }
    let taps = |r: &Record| matches!(r, Record::Tap(_));
    assert_eq!(desk.history.count(taps), TAPPERS_MIN + 1);
    let call = desk.rings_on(FOR_ALL).await;
    let ringing = desk.records.last();
    assert_eq!((ringing.session, ringing.ambiguous), (ann, false));
    desk.hangs_up(call).await;
    let saved = desk.records.saved.lock().expect("calls").last().cloned();
    let label = saved.expect("a save").label.expect("a label");
    assert_eq!((label.kind, label.session), (LabelKind::Tap, ann));
}

/// Nobody tapped but the script, after its share was used up.
#[tokio::test]
async fn a_tap_that_is_not_believed_labels_no_call_and_takes_no_printed_number_from_its_label() {
    let desk = desk_with(1, TollPolicy::default(), None, |all| {
        for number in &mut all.numbers {
            number.label = "Van".to_owned();
        }
    })
    .await;
    let flood = Network::of("203.0.113.7".parse().expect("an address"));
    desk.arrives_from(Network::UNKNOWN).await;
    for _ in 0..TAPPERS_MIN {
        desk.taps_what_all_see(flood).await;
    }
    desk.clock.forward(700_000);
    for _ in 0..10 {
        desk.taps_what_all_see(flood).await;
    }
    desk.clock.forward(4_000);
    let call = desk.rings_on(FOR_ALL).await;
    let ringing = desk.records.last();
    assert!(ringing.ambiguous, "ten who look at it are as likely");
    assert_eq!(ringing.source.expect("a source").source, "Van");
    desk.hangs_up(call).await;
    let saved = desk.records.saved.lock().expect("calls");
    assert!(saved.iter().all(|change| change.label.is_none()));
}

/// Ann calls a number of this site a day after she called, and wrote to, another one of the account.
#[tokio::test]
async fn what_a_caller_did_on_another_site_takes_no_call_from_the_visitor_of_this_one() {
    const ELSEWHERE: SiteId = SiteId::from_raw(2);
    for site in [SITE, ELSEWHERE] {
        let desk = desk(TollPolicy::default(), None).await;
        let bob = desk.watches(1);
        let (session, visitor) = (SessionId::from_raw(7), VisitorId::from_raw(70));
        let now = desk.clock.now();
        let called = EarlierCall {
            session,
            visitor,
            at: now.plus_millis(-3_600_000),
            probability: 0.99,
        };
        let at = now.plus_millis(-600_000);
        let wrote = Form {
            session,
            visitor,
            at,
        };
        desk.records
            .earlier
            .lock()
            .expect("calls")
            .push((site, called));
        desk.history
            .forms
            .lock()
            .expect("forms")
            .push((site, wrote));
        desk.rings().await;
        let call = desk.records.last();
        let named: Vec<_> = call.candidates.iter().filter_map(|c| c.session).collect();
        if site == SITE {
            assert_eq!(
                call.session,
                Some(session),
                "her own visit, on the same site"
            );
        } else {
            assert_eq!((call.session, named), (Some(bob.id), vec![bob.id]));
        }
        assert!(!call.first_time, "she called the account before");
    }
}
