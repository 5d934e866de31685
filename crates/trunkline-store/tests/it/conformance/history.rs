//! Visitors come, see numbers, and tap them.

use trunkline_core::attribution::{PageKind, Showing, Tap};
use trunkline_core::base::{Locality, PhoneNumber, Timestamp};
use trunkline_core::visitor::Source;
use trunkline_engine::ports::History;
use trunkline_engine::ports::history::{
    FormDetails, FormRow, LeaseRow, OpenLease, PageViewRow, Record, SessionFilter, SessionRow,
    ShowingRow, TapRow,
};

use super::World;
use super::world::{MINUTE, NOON};

fn after(minutes: i64) -> Timestamp {
    NOON.plus_millis(minutes * MINUTE)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_told_as_it_happened_however_often_it_is_recorded() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let mut session = world.session(&set_up, NOON);
        let mut touches = vec![
            world.touch(session.id, after(2)),
            world.touch(session.id, after(3)),
            world.touch(session.id, after(4)),
        ];
        touches[0].source.term = Some("2nd".to_owned());
        touches[1].source.term = Some("3rd".to_owned());
        // A direct return changes nothing.
        touches[2].source = Source::direct();
        let page = |at| PageViewRow {
            id: world.id(),
            session: session.id,
            at,
            page: "https://example.com/kontakt?a=ü".to_owned(),
        };
        let pages = vec![page(NOON), page(after(1))];
        let lease = world.lease(&set_up, set_up.numbers[0].id, &session, NOON);
        let showing = world.showing(&lease, after(1));
        let tap = TapRow {
            id: world.id(),
            number: lease.number,
            session: session.id,
            at: after(3),
            late: true,
        };
        let records = || {
            let mut records = vec![Record::Session(Box::new(session.clone()))];
            records.extend(
                touches
                    .iter()
                    .cloned()
                    .map(|touch| Record::Touch(Box::new(touch))),
            );
            records.extend(pages.iter().cloned().map(Record::PageView));
            records.extend([
                Record::Lease(lease.clone()),
                Record::LeaseConfirmed(lease.id, after(1)),
                Record::Showing(showing.clone()),
                Record::LeaseSeen(lease.id, after(4)),
                Record::Tap(tap.clone()),
                Record::SessionSeen(session.id, after(5)),
                Record::ShowingEnded(showing.id, after(6)),
            ]);
            records
        };
        world.record(records()).await;
        world.record(records()).await;
        world.record([records(), records()].concat()).await;
        session.seen_at = after(5);
        let store = &world.store;
        assert_eq!(
            store.session(session.id).await.unwrap(),
            Some(session.clone())
        );
        let story = store.session_story(session.id).await.unwrap().unwrap();
        assert_eq!(story.session, session);
        assert_eq!(story.further_touches, touches);
        let at: Vec<Timestamp> = story.touches().map(|touch| touch.at).collect();
        assert_eq!(at, [NOON, after(2), after(3), after(4)]);
        let latest = async |until| store.latest_sources(&[session.id], until).await.unwrap();
        assert_eq!(
            latest(after(1)).await.len(),
            0,
            "its first arrival names it"
        );
        assert_eq!(
            latest(after(2)).await[&session.id].term.as_deref(),
            Some("2nd")
        );
        assert_eq!(
            latest(after(9)).await[&session.id].term.as_deref(),
            Some("3rd")
        );
        assert_eq!(story.page_views, pages);
        assert_eq!(story.showings, vec![(showing, after(6))]);
        assert_eq!(story.taps, vec![tap]);
        assert_eq!(store.session_story(world.id()).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_session_of_a_visitor_is_found_on_its_site_alone() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let first = world.session(&set_up, NOON);
        let again = SessionRow {
            visitor: first.visitor,
            ..world.session(&set_up, after(90))
        };
        let other = world.session(&set_up, after(120));
        let rows = [&again, &first, &other].map(|row| Record::Session(Box::new(row.clone())));
        world.record(rows.into()).await;
        let latest = async |site, visitor| world.store.latest_session(site, visitor).await.unwrap();
        assert_eq!(latest(first.site, first.visitor).await, Some(again));
        assert_eq!(latest(world.id(), first.visitor).await, None);
        assert_eq!(latest(first.site, world.id()).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_later_time_is_kept_in_whatever_order_times_arrive() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let mut session = world.session(&set_up, NOON);
        let mut records = vec![Record::Session(Box::new(session.clone()))];
        records.extend([5, 9, 2].map(|minutes| Record::SessionSeen(session.id, after(minutes))));
        world.record(records).await;
        world
            .record(vec![Record::SessionSeen(session.id, after(1))])
            .await;
        session.seen_at = after(9);
        assert_eq!(
            world.store.session(session.id).await.unwrap(),
            Some(session)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_only_one_engine_could_store_is_stored_the_same_on_both() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let mut session = world.session(&set_up, NOON);
        session.landing = "https://example.com/\0\u{1F600}'\"\\".to_owned();
        world
            .record(vec![Record::Session(Box::new(session.clone()))])
            .await;
        let stored = world.store.session(session.id).await.unwrap().unwrap();
        assert_eq!(stored.landing, "https://example.com/\u{FFFD}\u{1F600}'\"\\");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_sessions_is_found_by_id() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let mut ids = Vec::new();
        for _ in 0..45 {
            let session = world.session(&set_up, NOON);
            ids.push(session.id);
            world.record(vec![Record::Session(Box::new(session))]).await;
        }
        for wanted in [0, 1, 20, 21, 45] {
            let found = world.store.sessions_by_id(&ids[..wanted]).await.unwrap();
            let mut found: Vec<_> = found.iter().map(|session| session.id).collect();
            found.sort();
            assert_eq!(found, ids[..wanted]);
        }
        let unknown = world.store.sessions_by_id(&[world.id(), ids[0]]).await;
        assert_eq!(unknown.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_id_is_known_whatever_was_stored_last() {
    for world in World::both().await {
        assert_eq!(world.store.newest_id().await.unwrap(), 0, "nothing yet");
        let set_up = world.set_up().await;
        let session = world.session(&set_up, NOON);
        let id = session.id;
        world
            .record(vec![Record::Session(Box::new(session.clone()))])
            .await;
        assert_eq!(world.store.newest_id().await.unwrap(), id.raw());
        let lease = world.lease(&set_up, set_up.numbers[0].id, &session, NOON);
        let id = lease.id;
        world.record(vec![Record::Lease(lease)]).await;
        assert_eq!(world.store.newest_id().await.unwrap(), id.raw());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_newest_first_and_paged_without_gap_or_repeat() {
    for world in World::both().await {
        let (here, elsewhere) = (world.set_up().await, world.set_up().await);
        // Pairs start in the same millisecond, so that the id decides.
        let mut sessions: Vec<_> = (0..20)
            .map(|n| world.session(&here, after(n / 2)))
            .collect();
        sessions.push(world.session(&elsewhere, after(30)));
        world
            .record(
                sessions
                    .iter()
                    .cloned()
                    .map(|session| Record::Session(Box::new(session)))
                    .collect(),
            )
            .await;
        sessions.pop();
        sessions.reverse();
        for site in [Some(here.site.id), None] {
            let mut filter = SessionFilter {
                account: here.account.id,
                site,
                from: None,
                to: None,
                after: None,
                limit: 7,
            };
            let mut listed = Vec::new();
            loop {
                let page = world.store.sessions(&filter).await.unwrap();
                let Some(last) = page.last() else { break };
                filter.after = Some((last.started_at, last.id));
                listed.extend(page);
            }
            assert_eq!(listed, sessions);
            filter.after = None;
            filter.from = Some(after(3));
            filter.to = Some(after(5));
            let page = world.store.sessions(&filter).await.unwrap();
            assert_eq!(page, sessions[10..14]);
            filter.account = elsewhere.account.id;
            assert!(world.store.sessions(&filter).await.unwrap().is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_leases_are_the_last_of_each_number() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let [first, second, third] = [0, 1, 2].map(|n| set_up.numbers[n].id);
        let session = world.session(&set_up, NOON);
        let lease = |number, minutes| world.lease(&set_up, number, &session, after(minutes));
        let (taken, later, ended, silent, seen) = (
            lease(first, 0),
            lease(first, 10),
            lease(second, 5),
            lease(third, 1),
            lease(second, 0),
        );
        let mut records: Vec<Record> = [&taken, &later, &ended, &silent, &seen]
            .map(|lease| Record::Lease(lease.clone()))
            .to_vec();
        records.extend([
            Record::LeaseConfirmed(later.id, after(11)),
            Record::LeaseConfirmed(later.id, after(12)),
            Record::LeaseSeen(later.id, after(15)),
            Record::LeaseEnded(ended.id, after(6)),
        ]);
        world.record(records).await;
        let open = |lease: &LeaseRow, confirmed_at, seen_at| OpenLease {
            lease: lease.clone(),
            confirmed_at,
            seen_at,
        };
        let expected = vec![
            open(&later, Some(after(11)), after(15)),
            open(&silent, None, after(1)),
        ];
        assert_eq!(world.store.open_leases(NOON).await.unwrap(), expected);
        assert_eq!(
            world.store.open_leases(after(2)).await.unwrap(),
            expected[..1]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attribution_sees_who_was_shown_a_number_within_the_window() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let number = set_up.numbers[0].id;
        let sessions: Vec<_> = (0..5).map(|n| world.session(&set_up, after(n))).collect();
        let leases: Vec<_> = (0_i64..)
            .zip(&sessions)
            .map(|(n, s)| world.lease(&set_up, number, s, after(n * 10)))
            .collect();
        let mut records: Vec<Record> = leases.iter().cloned().map(Record::Lease).collect();
        let row = |s: &SessionRow| Record::Session(Box::new(s.clone()));
        records.extend(sessions.iter().map(row));
        // 0: shown and still visible at 25. 1: never confirmed. 2: shown, ended. 3: shown on another number. 4: after the call.
        let showing = |n: usize, minutes| world.showing(&leases[n], after(minutes));
        let (first, third) = (showing(0, 1), showing(2, 21));
        let elsewhere = ShowingRow {
            number: set_up.numbers[1].id,
            ..showing(3, 31)
        };
        records.extend([
            Record::LeaseConfirmed(leases[0].id, after(1)),
            Record::LeaseConfirmed(leases[2].id, after(21)),
            Record::LeaseConfirmed(leases[3].id, after(31)),
            Record::LeaseConfirmed(leases[4].id, after(41)),
            Record::Showing(first),
            Record::Showing(third.clone()),
            Record::Showing(elsewhere),
            Record::Showing(showing(4, 41)),
            Record::LeaseSeen(leases[0].id, after(25)),
            Record::ShowingEnded(third.id, after(22)),
        ]);
        world.record(records).await;
        let seen = |n: usize, from, to, confirmed| Showing {
            session: sessions[n].id,
            visitor: sessions[n].visitor,
            first_visible: after(from),
            last_visible: after(to),
            confirmed,
            device: sessions[n].device,
            area: sessions[n].locality.as_ref().map(Locality::area),
            page: PageKind::Other,
        };
        let all = vec![
            seen(0, 1, 25, true),
            seen(2, 21, 22, true),
            seen(1, 10, 10, false),
        ];
        let showings = async |since, limit| {
            world
                .store
                .showings_of(number, since, after(35), limit)
                .await
                .unwrap()
        };
        assert_eq!(showings(NOON, 10).await, all);
        assert_eq!(showings(NOON, 2).await, all[..2]);
        assert_eq!(showings(after(23), 10).await, all[..1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_tap_of_each_session_on_a_number_is_found_by_time() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let session = world.session(&set_up, NOON);
        let other = world.session(&set_up, NOON);
        let tap = |who: &SessionRow, number: usize, minutes, late| {
            Record::Tap(TapRow {
                id: world.id(),
                number: set_up.numbers[number].id,
                session: who.id,
                at: after(minutes),
                late,
            })
        };
        let mut taps = vec![tap(&other, 0, 1, true)];
        // So many that a limit on taps would hide the other's.
        taps.extend((0..600).map(|_| tap(&session, 0, 2, false)));
        taps.extend([tap(&session, 0, 0, false), tap(&session, 1, 3, false)]);
        world.record(taps).await;
        let found = world
            .store
            .taps_on(set_up.numbers[0].id, after(1), after(9))
            .await
            .unwrap();
        let tap = |who: &SessionRow, minutes, times, late| Tap {
            session: who.id,
            at: after(minutes),
            times,
            late,
        };
        assert_eq!(
            found,
            vec![tap(&session, 2, 600, false), tap(&other, 1, 1, true)]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_visitors_at_once_are_all_recorded() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let sessions: Vec<_> = (0..2_000)
            .map(|n| world.session(&set_up, NOON.plus_millis(n)))
            .collect();
        let mut commits = Vec::new();
        for session in &sessions {
            let lease = world.lease(&set_up, set_up.numbers[0].id, session, session.started_at);
            let records = vec![
                Record::Session(Box::new(session.clone())),
                Record::Lease(lease),
            ];
            commits.push(world.store.record(records).unwrap());
            // The same visitor's next beacon does not wait for the commit.
            let seen = vec![Record::SessionSeen(session.id, after(60))];
            drop(world.store.record(seen).unwrap());
        }
        for commit in commits {
            commit.await.unwrap().unwrap();
        }
        world.record(Vec::new()).await;
        for session in sessions.iter().step_by(97) {
            let stored = world.store.session(session.id).await.unwrap().unwrap();
            assert_eq!(stored.seen_at, after(60));
        }
        let open = world.store.open_leases(NOON).await.unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].lease.session, sessions[1_999].id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_form_with_a_number_is_found_within_its_account_and_told_with_its_session() {
    for world in World::both().await {
        let (set_up, other) = (world.set_up().await, world.set_up().await);
        let session = world.session(&set_up, NOON);
        let phone = PhoneNumber::from_digits(14_695_550_123);
        let form = |account, at| FormRow {
            id: world.id(),
            account,
            session: session.id,
            visitor: session.visitor,
            at,
            page: "https://example.com/kontakt?a=ü".to_owned(),
            details: FormDetails {
                phone: Some(phone),
                name: Some("Ann".to_owned()),
                consent: Some("I agree.".to_owned()),
                ..FormDetails::default()
            },
        };
        let forms = [
            form(set_up.account.id, after(1)),
            form(set_up.account.id, after(3)),
            form(other.account.id, after(4)),
        ];
        let records = || forms.iter().cloned().map(|f| Record::Form(Box::new(f)));
        let start = Record::Session(Box::new(session.clone()));
        world
            .record(std::iter::once(start).chain(records()).collect())
            .await;
        world.record(records().collect()).await;
        let unseen = world
            .store
            .latest_form(set_up.account.id, None, phone, NOON, after(9));
        assert_eq!(unseen.await.unwrap(), None, "its session saw no number");
        let lease = world.lease(&set_up, set_up.numbers[0].id, &session, NOON);
        let showing = world.showing(&lease, NOON);
        world
            .record(vec![Record::Lease(lease), Record::Showing(showing)])
            .await;
        let on_site = async |account, site, phone, until| {
            let found = world.store.latest_form(account, site, phone, NOON, until);
            found.await.unwrap().map(|form| (form.session, form.at))
        };
        let latest = async |account, phone, until| on_site(account, None, phone, until).await;
        let ours = set_up.account.id;
        assert_eq!(
            latest(ours, phone, after(9)).await,
            Some((session.id, after(3)))
        );
        assert_eq!(
            latest(ours, phone, after(2)).await,
            Some((session.id, after(1)))
        );
        assert_eq!(
            latest(ours, PhoneNumber::from_digits(14_695_550_124), after(9)).await,
            None
        );
        assert_eq!(
            on_site(ours, Some(set_up.site.id), phone, after(9)).await,
            Some((session.id, after(3)))
        );
        assert_eq!(
            on_site(ours, Some(other.site.id), phone, after(9)).await,
            None,
            "a form on another site of the account"
        );
        let story = world
            .store
            .session_story(session.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(story.forms, forms);
    }
}
