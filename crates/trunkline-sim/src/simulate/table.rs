//! Figures of several policies as an aligned text table and as a picture.

use std::fmt::Write as _;

use super::figures::Outcomes;
use super::policy::Policy;

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// Under which policy.
    pub policy: Policy,
    /// What came of it.
    pub outcomes: Outcomes,
}

/// The table, with what the numbers cost a month at `price` each.
#[must_use]
pub fn table(rows: &[Row], price: f64) -> String {
    let mut text = format!(
        "{:>7}  {:27} {:>7} {:>7} {:>7} {:>7} {:>8} {:>11} {:>9}\n",
        "numbers",
        "policy",
        "right",
        "tapped",
        "read",
        "wrong",
        "unknown",
        "calibration",
        "a month"
    );
    let percent = |x: f64| format!("{:.1} %", x * 100.0);
    for Row { policy, outcomes } in rows {
        let calibration = outcomes
            .calibration_error()
            .map_or_else(|| "-".to_owned(), |e| format!("{e:.4}"));
        let _ = writeln!(
            text,
            "{:>7}  {:27} {:>7} {:>7} {:>7} {:>7} {:>8} {:>11} {:>9.2}",
            outcomes.numbers,
            policy.name(),
            percent(outcomes.accuracy()),
            percent(outcomes.accuracy_tapped(true)),
            percent(outcomes.accuracy_tapped(false)),
            percent(outcomes.wrong()),
            percent(outcomes.unknown()),
            calibration,
            outcomes.numbers as f64 * price,
        );
    }
    text
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 200.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;

const fn colour(policy: Policy) -> &'static str {
    match policy {
        Policy::Ours => "#0b6e4f",
        Policy::LastHolder => "#b3541e",
        Policy::KnownCaller => "#7a5195",
        Policy::Lock => "#5a6472",
    }
}

/// Share of right credits against the count of numbers (logarithmic), a line for each policy, as SVG.
#[must_use]
pub fn picture(title: &str, rows: &[Row]) -> String {
    let numbers = || rows.iter().map(|r| r.outcomes.numbers.max(1) as f64);
    let (low, high) = numbers().fold((f64::MAX, 1.0_f64), |(l, h), n| (l.min(n), h.max(n)));
    let span = (high / low).ln().max(1e-9);
    let x = |n: usize| {
        LEFT + (WIDTH - LEFT - RIGHT) * ((n.max(1) as f64 / low).ln() / span).clamp(0.0, 1.0)
    };
    let y = |accuracy: f64| TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - accuracy);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\" role=\"img\">\n<title>{0}</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"14\">{0}</text>\n",
        escaped(title)
    );
    for tenth in (0..=10).step_by(2) {
        let (share, at) = (f64::from(tenth) / 10.0, y(f64::from(tenth) / 10.0));
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#dde1e6\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{:.0} %</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            at + 4.0,
            share * 100.0
        );
    }
    let mut marks: Vec<usize> = rows.iter().map(|r| r.outcomes.numbers).collect();
    marks.sort_unstable();
    marks.dedup();
    for mark in marks {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{mark}</text>",
            x(mark),
            HEIGHT - BOTTOM + 18.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">numbers</text>",
        f64::midpoint(LEFT, WIDTH - RIGHT),
        HEIGHT - 12.0
    );
    for (place, policy) in Policy::ALL.into_iter().enumerate() {
        let mut points: Vec<(usize, f64)> = rows
            .iter()
            .filter(|r| r.policy == policy)
            .map(|r| (r.outcomes.numbers, r.outcomes.accuracy()))
            .collect();
        points.sort_by_key(|p| p.0);
        let path: Vec<String> = points
            .iter()
            .map(|(n, accuracy)| format!("{:.1},{:.1}", x(*n), y(*accuracy)))
            .collect();
        let legend = TOP + 16.0 + 20.0 * place as f64;
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{1}\" stroke-width=\"2\"/>\
             <text x=\"{2:.1}\" y=\"{legend:.1}\" fill=\"{1}\">{3}</text>",
            path.join(" "),
            colour(policy),
            WIDTH - RIGHT + 12.0,
            escaped(policy.name())
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
