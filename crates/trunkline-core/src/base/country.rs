//! Countries: their names in a sentence, and the calling codes that tell them.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Country, PhoneNumber};

/// Lines `code|name`; `#` starts a comment.
const NAMES: &str = include_str!("country_names.txt");

static NAME_OF: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = NAMES.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('|')).collect()
});

impl Country {
    /// The English name as it stands in a sentence, such as `France` or `the United Kingdom`; the code when it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        NAME_OF.get(self.code()).copied().unwrap_or(self.code())
    }

    /// From its two letters, a usual abbreviation or its English name, in capitals or not; `None` for what is no country.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        let text = text.trim();
        let code = match text.to_ascii_uppercase().as_str() {
            "USA" | "U.S." | "U.S.A." | "UNITED STATES OF AMERICA" => "US",
            "CAN" => "CA",
            "UK" | "GBR" | "GREAT BRITAIN" => "GB",
            "MEX" => "MX",
            "AUS" => "AU",
            _ => return Self::by_name(text),
        };
        code.parse().ok()
    }

    fn by_name(text: &str) -> Option<Self> {
        let is = |(code, name): &(&&str, &&str)| {
            text.eq_ignore_ascii_case(code)
                || text.eq_ignore_ascii_case(name)
                || text.eq_ignore_ascii_case(name.strip_prefix("the ").unwrap_or(name))
        };
        let (code, _) = NAME_OF.iter().find(is)?;
        code.parse().ok()
    }

    /// Whether telephones there and in `other` cannot be told apart by their calling code.
    #[must_use]
    pub fn shares_calling_code(self, other: Self) -> bool {
        self == other
            || self
                .calling_code()
                .is_some_and(|code| other.calling_code() == Some(code))
    }
}

impl PhoneNumber {
    /// The country outside the North American numbering plan that the calling code tells; `None` inside the plan, where
    /// area codes tell more.
    #[must_use]
    pub fn country_abroad(self) -> Option<Country> {
        if self.is_north_american() {
            return None;
        }
        self.country()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Country {
        code.parse().unwrap()
    }

    #[test]
    fn countries_have_names_for_a_sentence() {
        for (code, name) in [
            ("FR", "France"),
            ("GB", "the United Kingdom"),
            ("US", "the United States"),
            ("CI", "Côte d'Ivoire"),
            ("XX", "XX"),
        ] {
            assert_eq!(country(code).name(), name);
        }
        let lines = NAMES.lines().filter(|l| !l.starts_with('#')).count();
        assert!(lines > 240 && NAME_OF.len() == lines);
    }

    #[test]
    fn countries_are_read_as_people_write_them() {
        for text in [
            "US",
            "us",
            "USA",
            "United States",
            "the united states",
            " U.S. ",
        ] {
            assert_eq!(Country::named(text), Some(Country::US), "{text}");
        }
        assert_eq!(Country::named("France"), Some(country("FR")));
        assert_eq!(Country::named("uk"), Some(country("GB")));
        assert_eq!(Country::named("XX"), None);
        assert_eq!(Country::named(""), None);
    }

    #[test]
    fn a_calling_code_tells_a_country_and_sometimes_more_than_one() {
        let of = |digits| PhoneNumber::from_digits(digits).country_abroad();
        assert_eq!(of(33_142_685_300), Some(country("FR")));
        assert_eq!(of(12_145_550_100), None, "area codes tell more");
        assert_eq!(of(18_765_550_100), None, "Jamaica is in the plan");
        for (one, other, shared) in [
            ("GB", "IM", true),
            ("FR", "FR", true),
            ("FR", "DE", false),
            ("XX", "YY", false),
        ] {
            let told = country(one).shares_calling_code(country(other));
            assert_eq!(told, shared, "{one} {other}");
        }
    }
}
