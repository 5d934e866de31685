//! States of the United States, its territories and the provinces of Canada: their names, their zones, and the state that
//! a ZIP code belongs to.
//!
//! The zones are those of the whole state; for calling hours take the strictest. Zones are from the IANA time zone
//! database, the first three digits of ZIP codes from the labelling list L002 of the Postal Service. Addresses of the
//! armed forces abroad have no state.

/// Two letters, name, zones; in the order of the letters.
const STATES: &[(&str, &str, &[&str])] = &[
    ("AB", "Alberta", &["America/Edmonton"]),
    ("AK", "Alaska", &["America/Adak", "America/Anchorage"]),
    ("AL", "Alabama", &["America/Chicago"]),
    ("AR", "Arkansas", &["America/Chicago"]),
    ("AS", "American Samoa", &["Pacific/Pago_Pago"]),
    ("AZ", "Arizona", &["America/Denver", "America/Phoenix"]),
    (
        "BC",
        "British Columbia",
        &["America/Edmonton", "America/Vancouver"],
    ),
    ("CA", "California", &["America/Los_Angeles"]),
    ("CO", "Colorado", &["America/Denver"]),
    ("CT", "Connecticut", &["America/New_York"]),
    ("DC", "District of Columbia", &["America/New_York"]),
    ("DE", "Delaware", &["America/New_York"]),
    ("FL", "Florida", &["America/Chicago", "America/New_York"]),
    ("GA", "Georgia", &["America/New_York"]),
    ("GU", "Guam", &["Pacific/Guam"]),
    ("HI", "Hawaii", &["Pacific/Honolulu"]),
    ("IA", "Iowa", &["America/Chicago"]),
    ("ID", "Idaho", &["America/Boise", "America/Los_Angeles"]),
    ("IL", "Illinois", &["America/Chicago"]),
    ("IN", "Indiana", &["America/Chicago", "America/New_York"]),
    ("KS", "Kansas", &["America/Chicago", "America/Denver"]),
    ("KY", "Kentucky", &["America/Chicago", "America/New_York"]),
    ("LA", "Louisiana", &["America/Chicago"]),
    ("MA", "Massachusetts", &["America/New_York"]),
    ("MB", "Manitoba", &["America/Winnipeg"]),
    ("MD", "Maryland", &["America/New_York"]),
    ("ME", "Maine", &["America/New_York"]),
    ("MI", "Michigan", &["America/Chicago", "America/New_York"]),
    ("MN", "Minnesota", &["America/Chicago"]),
    ("MO", "Missouri", &["America/Chicago"]),
    ("MP", "Northern Mariana Islands", &["Pacific/Saipan"]),
    ("MS", "Mississippi", &["America/Chicago"]),
    ("MT", "Montana", &["America/Denver"]),
    ("NB", "New Brunswick", &["America/Halifax"]),
    ("NC", "North Carolina", &["America/New_York"]),
    ("ND", "North Dakota", &["America/Chicago", "America/Denver"]),
    ("NE", "Nebraska", &["America/Chicago", "America/Denver"]),
    ("NH", "New Hampshire", &["America/New_York"]),
    ("NJ", "New Jersey", &["America/New_York"]),
    (
        "NL",
        "Newfoundland and Labrador",
        &["America/Halifax", "America/St_Johns"],
    ),
    ("NM", "New Mexico", &["America/Denver"]),
    ("NS", "Nova Scotia", &["America/Halifax"]),
    ("NT", "Northwest Territories", &["America/Edmonton"]),
    (
        "NU",
        "Nunavut",
        &["America/Edmonton", "America/Toronto", "America/Winnipeg"],
    ),
    ("NV", "Nevada", &["America/Denver", "America/Los_Angeles"]),
    ("NY", "New York", &["America/New_York"]),
    ("OH", "Ohio", &["America/New_York"]),
    ("OK", "Oklahoma", &["America/Chicago"]),
    ("ON", "Ontario", &["America/Toronto", "America/Winnipeg"]),
    ("OR", "Oregon", &["America/Boise", "America/Los_Angeles"]),
    ("PA", "Pennsylvania", &["America/New_York"]),
    ("PE", "Prince Edward Island", &["America/Halifax"]),
    ("PR", "Puerto Rico", &["America/Puerto_Rico"]),
    ("QC", "Quebec", &["America/Halifax", "America/Toronto"]),
    ("RI", "Rhode Island", &["America/New_York"]),
    ("SC", "South Carolina", &["America/New_York"]),
    ("SD", "South Dakota", &["America/Chicago", "America/Denver"]),
    (
        "SK",
        "Saskatchewan",
        &["America/Edmonton", "America/Regina"],
    ),
    ("TN", "Tennessee", &["America/Chicago", "America/New_York"]),
    ("TX", "Texas", &["America/Chicago", "America/Denver"]),
    ("UT", "Utah", &["America/Denver"]),
    ("VA", "Virginia", &["America/New_York"]),
    ("VI", "Virgin Islands", &["America/St_Thomas"]),
    ("VT", "Vermont", &["America/New_York"]),
    ("WA", "Washington", &["America/Los_Angeles"]),
    ("WI", "Wisconsin", &["America/Chicago"]),
    ("WV", "West Virginia", &["America/New_York"]),
    ("WY", "Wyoming", &["America/Denver"]),
    ("YT", "Yukon", &["America/Whitehorse"]),
];

/// First and last of the first three digits of ZIP codes, and whose they are; in their order.
const PREFIXES: &[(u16, u16, &str)] = &[
    (5, 5, "NY"),
    (6, 7, "PR"),
    (8, 8, "VI"),
    (9, 9, "PR"),
    (10, 27, "MA"),
    (28, 29, "RI"),
    (30, 38, "NH"),
    (39, 49, "ME"),
    (50, 54, "VT"),
    (55, 55, "MA"),
    (56, 59, "VT"),
    (60, 69, "CT"),
    (70, 89, "NJ"),
    (100, 149, "NY"),
    (150, 196, "PA"),
    (197, 199, "DE"),
    (200, 200, "DC"),
    (201, 201, "VA"),
    (202, 205, "DC"),
    (206, 219, "MD"),
    (220, 246, "VA"),
    (247, 268, "WV"),
    (270, 289, "NC"),
    (290, 299, "SC"),
    (300, 319, "GA"),
    (320, 339, "FL"),
    (341, 342, "FL"),
    (344, 344, "FL"),
    (346, 347, "FL"),
    (349, 349, "FL"),
    (350, 369, "AL"),
    (370, 385, "TN"),
    (386, 397, "MS"),
    (398, 399, "GA"),
    (400, 427, "KY"),
    (430, 459, "OH"),
    (460, 479, "IN"),
    (480, 499, "MI"),
    (500, 528, "IA"),
    (530, 549, "WI"),
    (550, 567, "MN"),
    (569, 569, "DC"),
    (570, 577, "SD"),
    (580, 588, "ND"),
    (590, 599, "MT"),
    (600, 629, "IL"),
    (630, 658, "MO"),
    (660, 679, "KS"),
    (680, 693, "NE"),
    (700, 714, "LA"),
    (716, 729, "AR"),
    (730, 731, "OK"),
    (733, 733, "TX"),
    (734, 749, "OK"),
    (750, 799, "TX"),
    (800, 816, "CO"),
    (820, 831, "WY"),
    (832, 838, "ID"),
    (840, 847, "UT"),
    (850, 865, "AZ"),
    (870, 884, "NM"),
    (885, 885, "TX"),
    (889, 898, "NV"),
    (900, 961, "CA"),
    (967, 968, "HI"),
    (970, 979, "OR"),
    (980, 994, "WA"),
    (995, 999, "AK"),
];

/// ZIP codes that lie elsewhere than their first three digits say.
const ELSEWHERE: &[(u32, u32, &str)] = &[
    (6_390, 6_390, "NY"),
    (83_414, 83_414, "WY"),
    (96_799, 96_799, "AS"),
    (96_910, 96_932, "GU"),
    (96_950, 96_952, "MP"),
];

fn find(code: &str) -> Option<&'static (&'static str, &'static str, &'static [&'static str])> {
    let place = STATES.binary_search_by(|(known, _, _)| (*known).cmp(code));
    place.ok().map(|place| &STATES[place])
}

/// The two letters of a state or province, from them or from its English name.
#[must_use]
pub fn state_code(text: &str) -> Option<&'static str> {
    let text = text.trim();
    let is = |(code, name, _): &&(&str, &str, &[&str])| {
        text.eq_ignore_ascii_case(code) || text.eq_ignore_ascii_case(name)
    };
    STATES.iter().find(is).map(|(code, _, _)| *code)
}

/// The IANA zones of a state or province, by its two letters; empty when it is not known.
#[must_use]
pub fn zones_of_state(code: &str) -> &'static [&'static str] {
    find(code).map_or(&[], |(_, _, zones)| zones)
}

/// The state that a ZIP code belongs to; `None` for what is no ZIP code and for those that belong to none.
#[must_use]
pub fn state_of_zip(zip: &str) -> Option<&'static str> {
    let number: u32 = zip_digits(zip)?.parse().ok()?;
    let within = |(from, to, _): &&(u32, u32, &str)| (*from..=*to).contains(&number);
    if let Some((_, _, state)) = ELSEWHERE.iter().find(within) {
        return Some(state);
    }
    let first = u16::try_from(number / 100).ok()?;
    let found = PREFIXES
        .iter()
        .find(|(from, to, _)| (*from..=*to).contains(&first));
    found.map(|(_, _, state)| *state)
}

/// The five digits of a ZIP code, with or without the four behind them; `None` when it is none.
#[must_use]
pub fn zip_digits(text: &str) -> Option<&str> {
    let text = text.trim();
    let five = text.get(..5)?;
    let rest = &text.as_bytes()[5..];
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    let plus_four = match rest {
        [] => true,
        [b'-', four @ ..] => four.len() == 4 && digits(four),
        four => four.len() == 4 && digits(four),
    };
    (digits(five.as_bytes()) && plus_four).then_some(five)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zip_code_tells_its_state_and_its_zones() {
        for (zip, state) in [
            ("00501", Some("NY")),
            ("02134", Some("MA")),
            ("06390", Some("NY")),
            ("06510", Some("CT")),
            ("20001", Some("DC")),
            ("20147", Some("VA")),
            ("33101-0042", Some("FL")),
            ("59001", Some("MT")),
            ("75201", Some("TX")),
            ("83414", Some("WY")),
            ("83422", Some("ID")),
            ("88510", Some("TX")),
            ("96799", Some("AS")),
            ("96813", Some("HI")),
            ("99950", Some("AK")),
            ("09012", None),
            ("00400", None),
            ("7520", None),
        ] {
            assert_eq!(state_of_zip(zip), state, "{zip}");
        }
        assert_eq!(
            zones_of_state("TN"),
            ["America/Chicago", "America/New_York"]
        );
        assert_eq!(zones_of_state("XX"), [""; 0]);
    }

    #[test]
    fn states_are_read_by_letters_and_by_name() {
        for (text, code) in [
            (" tx ", Some("TX")),
            ("new york", Some("NY")),
            ("Quebec", Some("QC")),
            ("Texass", None),
            ("", None),
        ] {
            assert_eq!(state_code(text), code, "{text}");
        }
    }

    #[test]
    fn the_tables_are_in_order_and_name_only_what_is_there() {
        assert!(STATES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(PREFIXES.is_sorted_by(|a, b| a.1 < b.0 && b.0 <= b.1));
        let named = PREFIXES
            .iter()
            .map(|p| p.2)
            .chain(ELSEWHERE.iter().map(|e| e.2));
        for code in named {
            assert!(find(code).is_some(), "{code}");
        }
        for (code, _, zones) in STATES {
            assert!(!zones.is_empty(), "{code}");
            assert!(
                zones
                    .iter()
                    .all(|zone| crate::base::Zone::parse(zone).is_ok()),
                "{code}"
            );
        }
    }
}
