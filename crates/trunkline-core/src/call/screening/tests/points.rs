//! What each sign counts.

use super::*;

#[test]
fn each_sign_has_its_points() {
    use SignKind::*;
    let settings = ScreeningSettings::default();
    let talks = |answered, short| {
        Earlier::Known(EarlierTalks {
            answered,
            short,
            known_at: None,
        })
    };
    let numbers = |count: i64| {
        recent(
            &(1..=count)
                .map(|n| (60_000 * n.min(9), n))
                .collect::<Vec<_>>(),
        )
    };
    let calls = |count: i64| {
        recent(
            &(1..=count)
                .map(|n| (60_000 * (n % 55 + 1), 1))
                .collect::<Vec<_>>(),
        )
    };
    let (three, four, many) = (numbers(3), numbers(4), numbers(40));
    let (ten, eleven, sixty) = (calls(9), calls(10), calls(60));
    let (soon, later) = (recent(&[(1_999, 1)]), recent(&[(2_000, 1)]));
    let (other, old) = (
        recent(&[(500, 2)]),
        recent(&[(600_000, 2), (600_001, 3), (700_000, 4)]),
    );
    let ordinary = from(DALLAS);
    for (case, facts, expected) in [
        ("nothing", ordinary, vec![]),
        (
            "A",
            CallFacts {
                vouched: Vouched::Full,
                ..ordinary
            },
            vec![(Attestation, -20)],
        ),
        (
            "C",
            CallFacts {
                vouched: Vouched::Gateway,
                ..ordinary
            },
            vec![(Attestation, 15)],
        ),
        (
            "none",
            CallFacts {
                vouched: Vouched::Nothing,
                ..ordinary
            },
            vec![(Attestation, 5)],
        ),
        (
            "forged",
            CallFacts {
                vouched: Vouched::Forged,
                ..ordinary
            },
            vec![(Attestation, 60)],
        ),
        ("withheld", call(Caller::Withheld), vec![(Withheld, 25)]),
        ("no number", call(Caller::Invalid), vec![(Unassigned, 40)]),
        ("no range", from(NOWHERE), vec![(Unassigned, 40)]),
        ("premium", from("+19002345678"), vec![(Unassigned, 40)]),
        ("toll-free", from("+18002345678"), vec![]),
        (
            "three numbers",
            CallFacts {
                recent: &three,
                ..ordinary
            },
            vec![],
        ),
        (
            "four numbers",
            CallFacts {
                recent: &four,
                ..ordinary
            },
            vec![(ManyNumbers, 40)],
        ),
        (
            "forty numbers",
            CallFacts {
                recent: &many,
                ..ordinary
            },
            vec![(ManyNumbers, 100), (Hourly, 50)],
        ),
        (
            "long ago",
            CallFacts {
                recent: &old,
                ..ordinary
            },
            vec![],
        ),
        (
            "at once",
            CallFacts {
                recent: &soon,
                ..ordinary
            },
            vec![(Repeat, 30)],
        ),
        (
            "two seconds",
            CallFacts {
                recent: &later,
                ..ordinary
            },
            vec![],
        ),
        (
            "at once on another number",
            CallFacts {
                recent: &other,
                ..ordinary
            },
            vec![],
        ),
        (
            "ten an hour",
            CallFacts {
                recent: &ten,
                ..ordinary
            },
            vec![],
        ),
        (
            "eleven an hour",
            CallFacts {
                recent: &eleven,
                ..ordinary
            },
            vec![(Hourly, 20)],
        ),
        (
            "sixty-one an hour",
            CallFacts {
                recent: &sixty,
                ..ordinary
            },
            vec![(Hourly, 50)],
        ),
        (
            "four short talks",
            CallFacts {
                earlier: talks(4, 4),
                ..ordinary
            },
            vec![],
        ),
        (
            "five short talks",
            CallFacts {
                earlier: talks(5, 4),
                ..ordinary
            },
            vec![(ShortTalks, 25)],
        ),
        (
            "five talks, three short",
            CallFacts {
                earlier: talks(5, 3),
                ..ordinary
            },
            vec![],
        ),
    ] {
        assert_eq!(points(&settings, &facts), expected, "{case}");
    }
}
