//! What is true of every event, whatever was agreed, drawn by proptest.

use proptest::prelude::*;

use super::*;

const RATES: [&str; 9] = [
    r#"{"fixed": "45"}"#,
    r#"{"fixed": "0"}"#,
    r#"{"fixed": "0.000001"}"#,
    r#"{"tiered": [{"from_s": 60, "amount": 20}, {"from_s": 120, "amount": 45}]}"#,
    r#"{"per_bid": {}}"#,
    r#"{"percent_of_other": "66.67"}"#,
    r#"{"percent_of_other": "99.99"}"#,
    r#"{"per_minute": {"amount": "0.617", "increment_s": 6, "most_s": 3600}}"#,
    r#"{"reported": {"most": 300}}"#,
];

#[derive(Debug, Clone)]
struct Agreed {
    billable_from_s: u32,
    rate: usize,
    prepaid: bool,
    bid: Option<i64>,
    connected_ms: Option<i64>,
}

fn agreed() -> impl Strategy<Value = Agreed> {
    (
        prop::sample::select(&[0_u32, 30, 90][..]),
        0..RATES.len(),
        any::<bool>(),
        prop::option::of(0_i64..90_000_000),
        prop::option::of(0_i64..400_000),
    )
        .prop_map(
            |(billable_from_s, rate, prepaid, bid, connected_ms)| Agreed {
                billable_from_s,
                rate,
                prepaid,
                bid,
                connected_ms,
            },
        )
}

#[derive(Debug, Clone)]
struct World {
    legs: Vec<Agreed>,
    publisher: Agreed,
    loss_allowed: bool,
    minutes: Vec<(i64, i64)>,
    reports: Vec<(usize, i64, bool)>,
}

fn worlds() -> impl Strategy<Value = World> {
    let minute = (1_i64..4, 0_i64..300_000);
    (
        prop::collection::vec(agreed(), 1..5),
        agreed(),
        any::<bool>(),
        prop::collection::vec(minute, 0..5),
        prop::collection::vec((0_usize..5, 0_i64..400_000_000, any::<bool>()), 0..5),
    )
        .prop_map(|(legs, publisher, loss_allowed, minutes, reports)| World {
            legs,
            publisher,
            loss_allowed,
            minutes,
            reports,
        })
}

fn micros(n: i64) -> Money {
    Money::from_micros(n, USD)
}

/// A call that ended and what was reported of it, as they are booked one after the other.
fn books(world: &World) -> Vec<Posting> {
    let book = |agreed: &Agreed| price(agreed.billable_from_s, RATES[agreed.rate]);
    let prices: Vec<PriceBook> = world.legs.iter().map(book).collect();
    let gets = book(&world.publisher);
    let legs: Vec<CallLeg<'_>> = (1..)
        .zip(&world.legs)
        .zip(&prices)
        .map(|((n, agreed), price)| CallLeg {
            terms: BuyerTerms {
                payment: if agreed.prepaid {
                    Payment::Prepaid
                } else {
                    Payment::NetTerms
                },
                bid: agreed.bid.map(micros),
                ..buyer(n, price)
            },
            connected_ms: agreed.connected_ms,
        })
        .collect();
    let telephony: Vec<TelephonyLeg> = world
        .minutes
        .iter()
        .map(|(trunk, cost)| TelephonyLeg {
            trunk: TrunkId::from_raw(*trunk),
            cost: micros(*cost),
        })
        .collect();
    let terms = terms(Some(Pay::ByRule {
        price: &gets,
        sold: 0,
        loss_allowed: world.loss_allowed,
    }));
    let ended = Event::CallEnded(CallEnded {
        call: CALL,
        offered_at: OFFERED,
        ended_at: ENDED,
        legs: &legs,
        telephony: &telephony,
    });
    let Booked {
        mut postings,
        publisher_ms,
        ..
    } = first(&ended, &terms);
    let mut reports = Vec::new();
    for (place, amount, adds) in &world.reports {
        let leg = legs[place % legs.len()];
        let n = u32::try_from(reports.len()).expect("few");
        let external = ExternalId::read(&n.to_string()).expect("a name");
        let event = Event::Reported(Report {
            subject: Subject::Call(CALL),
            offered_at: OFFERED,
            occurred_at: ENDED,
            buyer: leg.terms,
            connected_ms: leg.connected_ms,
            publisher_ms,
            external: external.clone(),
            amount: micros(*amount),
            mode: if *adds {
                ReportMode::Add
            } else {
                ReportMode::Set
            },
        });
        let came = post(&event, &terms, &past(&postings, &reports), BOOKED);
        if let Answer::Booked(came) = came.expect("an answer") {
            postings.extend(came.postings);
            let buyer = leg.terms.buyer;
            reports.push(Reported { buyer, external, n });
        }
    }
    postings
}

/// Every book that was touched, with what is on it.
fn balances(postings: &[Posting]) -> BTreeMap<(Book, Party), i64> {
    let mut sums = BTreeMap::new();
    for entry in postings.iter().flat_map(Posting::entries) {
        *sums.entry((entry.book, entry.party)).or_insert(0) += entry.amount.micros();
    }
    sums
}

proptest! {
    #[test]
    fn every_posting_comes_to_nothing_and_no_key_is_there_twice(world in worlds()) {
        let postings = books(&world);
        for posting in &postings {
            let sum: i64 = posting.entries().iter().map(|entry| entry.amount.micros()).sum();
            prop_assert_eq!(sum, 0, "{:?}", posting);
        }
        let mut keys = keys(&postings);
        keys.sort();
        let count = keys.len();
        keys.dedup();
        prop_assert_eq!(keys.len(), count);
    }

    #[test]
    fn the_same_events_give_the_same_keys_and_amounts(world in worlds()) {
        prop_assert_eq!(books(&world), books(&world));
    }

    /// What was earned is what is there and owed: the two halves of the books are added up apart from each other.
    #[test]
    fn profit_is_revenue_less_payout_less_costs_and_is_what_is_left(world in worlds()) {
        let postings = books(&world);
        let profit = profit(&postings, USD).expect("a profit");
        let expected = profit.revenue.micros() - profit.payout.micros() - profit.costs.micros();
        prop_assert_eq!(profit.net.micros(), expected);
        let left: i64 = balances(&postings)
            .iter()
            .filter(|((book, _), _)| !book.is_result())
            .map(|(_, sum)| sum)
            .sum();
        prop_assert_eq!(profit.net.micros(), left);
        if !world.loss_allowed {
            prop_assert!(profit.gross.micros() >= 0, "{:?}", profit);
        }
        prop_assert!(profit.payout.micros() >= 0);
    }

    /// In parts of any size and then the rest, or at once.
    #[test]
    fn taking_everything_back_brings_every_book_back(
        world in worlds(),
        cuts in prop::collection::vec((0_usize..20, 1_i64..50_000_000), 0..6),
    ) {
        let mut postings = books(&world);
        let originals: Vec<PostingKey> = postings.iter().map(Posting::key).collect();
        let mut adjustments = 0;
        let mut back = |parts: &[(PostingKey, Part)], postings: &mut Vec<Posting>| {
            adjustments += 1;
            let event = Event::Reversed(Reversed {
                adjustment: AdjustmentId::from_raw(adjustments),
                takes_back: parts,
            });
            let answer = post(&event, &terms(None), &past(postings, &[]), BOOKED);
            match answer {
                Ok(Answer::Booked(came)) => postings.extend(came.postings),
                Err(PostError::MoreThanLeft { .. }) => {}
                other => panic!("{other:?}"),
            }
        };
        for (place, amount) in cuts {
            if let Some(key) = originals.get(place % originals.len().max(1)) {
                back(&[(*key, Part::Amount(micros(amount)))], &mut postings);
            }
        }
        for key in originals {
            back(&[(key, Part::Whole)], &mut postings);
        }
        for (book, sum) in balances(&postings) {
            prop_assert_eq!(sum, 0, "{:?}", book);
        }
        let triple = triple(&postings, Book::Revenue, USD).expect("a triple");
        prop_assert_eq!(triple.net.micros(), 0);
        prop_assert_eq!(triple.gross, triple.returned);
    }
}
