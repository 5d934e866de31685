//! Finds telephone numbers in text and puts others in their place, by the rules of the script that runs in pages.
//!
//! The script has these rules as one regular expression with looks ahead; here they are steps. Both are held to the same
//! cases, `web/snippet/test/vectors.json`. Letters stand for digits as on a telephone's keys (ITU-T E.161).

use std::sync::LazyLock;

use regex::Regex;

use super::swap::Replacement;
use crate::base::{PhoneNumber, words};

/// A wanted number in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Where it begins, in characters.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Which of the wanted numbers, by its place in their list.
    pub wanted: usize,
    /// Whether it is only part of a longer run of digits or of another country's number, and stays.
    pub part_of_longer: bool,
}

/// A number of any owner in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plausible {
    /// Where it begins, in characters.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// The number.
    pub number: PhoneNumber,
}

words! {
    /// Why a text is left alone, whatever number it holds.
    LeftAlone {
        /// It stands in a field.
        Field = "field",
        /// It is code or preformatted.
        Code = "code",
        /// A person may be writing in it.
        Editable = "editable",
        /// The page's author marked it with `data-tl-skip`.
        Skipped = "skipped",
        /// It matches one of the selectors that are left alone.
        Excluded = "excluded",
        /// It is in none of the elements that the site names.
        Outside = "outside",
    }
}

/// Every place of `text` that holds one of the wanted numbers, in order.
#[must_use]
pub fn find(text: &[char], wanted: &[PhoneNumber]) -> Vec<Hit> {
    let least = third_digits_min(wanted);
    let patterns: Vec<Pattern> = wanted.iter().map(|n| Pattern::new(*n, least)).collect();
    let text = Text(text);
    let mut hits = Vec::new();
    let mut at = 0;
    while at < text.0.len() {
        let whole = text
            .first_of(&patterns, at)
            .map(|(wanted, end)| (wanted, end, false));
        let found = whole.or_else(|| {
            text.within_longer(&patterns, at)
                .map(|(wanted, end)| (wanted, end, true))
        });
        let Some((wanted, end, part_of_longer)) = found else {
            at += 1;
            continue;
        };
        hits.push(Hit {
            start: at,
            end,
            wanted,
            part_of_longer,
        });
        at = end.max(at + 1);
    }
    hits
}

/// The text with each wanted number replaced by what is shown for it, in the form it was printed in. A `link` takes a
/// number of another form as E.164.
#[must_use]
pub fn swap(text: &str, wanted: &[(PhoneNumber, Replacement)], link: bool) -> String {
    let chars: Vec<char> = text.chars().collect();
    let numbers: Vec<PhoneNumber> = wanted.iter().map(|(number, _)| *number).collect();
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for hit in find(&chars, &numbers)
        .into_iter()
        .filter(|hit| !hit.part_of_longer)
    {
        let (printed, shown) = &wanted[hit.wanted];
        out.extend(&chars[copied..hit.start]);
        out.push_str(&in_form(&chars[hit.start..hit.end], *printed, shown, link));
        copied = hit.end;
    }
    out.extend(&chars[copied..]);
    out
}

/// What stands in place of one printed number.
#[must_use]
pub fn in_form(printed: &[char], target: PhoneNumber, shown: &Replacement, link: bool) -> String {
    let (old, new) = (target.to_string(), shown.number.to_string());
    if let Some(formatted) = shown.formatted.as_ref().filter(|_| !link) {
        return formatted.clone();
    }
    if shown.formatted.is_some() || old.len() != new.len() {
        return new;
    }
    let (old, new): (Vec<char>, Vec<char>) = (old.chars().collect(), new.chars().collect());
    let mut cells = printed.to_vec();
    let mut left = new.len();
    // From the right, digit for digit; a trunk or exit zero stands where the number has another digit.
    for cell in cells.iter_mut().rev() {
        let stands = *cell == '0' && left.checked_sub(1).and_then(|i| old.get(i)) != Some(&'0');
        if is_word(*cell) && !stands && left > 0 {
            left -= 1;
            *cell = new[left];
        }
    }
    cells.into_iter().collect()
}

/// The numbers in `text` that have the form of a national or international number of the calling code of `like`, with as
/// many national digits. Digits without any mark between count only in a `link`.
#[must_use]
pub fn plausible(text: &str, like: PhoneNumber, link: bool) -> Vec<Plausible> {
    static RUN: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let between = r"[\s().\-\u{a0}\u{2010}-\u{2015}\u{2212}\u{b7}]{0,3}";
        Regex::new(&format!("[+(]{{0,2}}[0-9](?:{between}[0-9]){{5,18}}")).ok()
    });
    let code = calling_code(like);
    let length = like.national_digits().len();
    let mut found = Vec::new();
    for run in RUN.iter().flat_map(|run| run.find_iter(text)) {
        let before = text[..run.start()].chars().next_back();
        let bare = run.as_str().chars().all(|c| c.is_ascii_digit());
        let attached = before.is_some_and(|c| is_word(c) || ".,#$€£@/=+-".contains(c));
        if (!link && (attached || bare)) || goes_on(&text[run.end()..]) {
            continue;
        }
        let number = national(run.as_str(), &code, length)
            .and_then(|digits| PhoneNumber::parse_e164(&format!("+{code}{digits}")).ok());
        if let Some(number) = number {
            let start = text[..run.start()].chars().count();
            found.push(Plausible {
                start,
                end: start + run.as_str().chars().count(),
                number,
            });
        }
    }
    found
}

/// The digits before the national number.
#[must_use]
pub fn calling_code(number: PhoneNumber) -> String {
    let whole = number.to_string();
    let code = whole.strip_suffix(&number.national_digits()).unwrap_or("");
    code.trim_start_matches('+').to_owned()
}

/// Whether what follows a run of digits makes it part of something longer; an extension does not.
fn goes_on(behind: &str) -> bool {
    let mut next = behind.chars();
    let (first, second) = (next.next(), next.next());
    let digit = second.is_some_and(|c| c.is_ascii_digit());
    let extension = behind
        .get(..3)
        .is_some_and(|s| s.eq_ignore_ascii_case("ext"));
    match first {
        Some('x' | 'X') if digit => false,
        Some(_) if extension => false,
        Some('.' | ',') => digit,
        Some(c) => is_word(c) || c == '%',
        None => false,
    }
}

/// The national digits of a run, if it has the form of a number.
fn national(run: &str, code: &str, length: usize) -> Option<String> {
    let mut digits: String = run.chars().filter(char::is_ascii_digit).collect();
    let plus = run.trim_start_matches('(').starts_with('+');
    let north_american = code == "1";
    if plus || digits.starts_with(&format!("00{code}")) {
        digits = digits.strip_prefix("00").unwrap_or(&digits).to_owned();
        let rest = digits.strip_prefix(code)?;
        let rest = rest
            .strip_prefix('0')
            .filter(|_| !north_american)
            .unwrap_or(rest);
        digits = rest.to_owned();
    } else if north_american {
        if digits.len() == 11 {
            digits = digits.strip_prefix('1').unwrap_or(&digits).to_owned();
        }
    } else {
        digits = digits.strip_prefix('0').unwrap_or(&digits).to_owned();
    }
    let bytes = digits.as_bytes();
    // North American area codes and exchanges begin with 2 to 9.
    let assigned = |at: usize| bytes.get(at).is_some_and(|b| (b'2'..=b'9').contains(b));
    let fits = !north_american || (assigned(0) && assigned(3) && is_grouped(run));
    (bytes.len() == length && fits).then_some(digits)
}

/// Whether digits are grouped as people group those of a North American number; a date or an order has other groups.
fn is_grouped(run: &str) -> bool {
    let groups = run
        .split(|c: char| !c.is_ascii_digit())
        .filter(|g| !g.is_empty());
    // Ends of groups, counted from the last digit: they fall behind the exchange, the area code and the country code.
    let lengths: Vec<usize> = groups.map(str::len).collect();
    let mut behind: usize = lengths.iter().sum();
    lengths.iter().all(|length| {
        behind -= length;
        matches!(behind, 0 | 4 | 7 | 10)
    })
}

/// How many of the digits between the second and the fourth of an international number (the third, or a trunk zero) a
/// print of it has at least. Calling codes have up to three digits: where all of `numbers` have a code of three, their
/// third digit is no part of the national number and 0 will do; otherwise a number without it is somebody else's, and
/// it is 1. The list of codes is that of ITU-T E.164 Annex (zones 2 to 9; zones 1 and 7 are one code each).
#[must_use]
pub fn third_digits_min(numbers: &[PhoneNumber]) -> u8 {
    let mut long = numbers
        .iter()
        .map(|number| calling_code(*number).len())
        .filter(|digits| *digits > 1)
        .peekable();
    u8::from(long.peek().is_none() || long.any(|digits| digits < 3))
}

/// An E.164 number taken apart. Calling codes 1 and 7 have one digit; all others two or three, so their third digit may
/// or may not stand with the national number.
struct Pattern {
    code: Vec<char>,
    third: Option<char>,
    /// How many third digits or zeros must stand.
    least: usize,
    digits: Vec<char>,
}

impl Pattern {
    fn new(number: PhoneNumber, least: u8) -> Self {
        let all: Vec<char> = number.to_string().chars().skip(1).collect();
        let long = !matches!(all.first(), Some('1' | '7'));
        let (code, rest) = all.split_at(if long {
            2.min(all.len())
        } else {
            1.min(all.len())
        });
        Self {
            code: code.to_vec(),
            third: rest.first().copied().filter(|_| long),
            least: if long { least.into() } else { 0 },
            digits: rest.get(usize::from(long)..).unwrap_or_default().to_vec(),
        }
    }
}

/// A text that is looked through.
struct Text<'a>(&'a [char]);

impl Text<'_> {
    fn is(&self, at: usize, test: impl Fn(char) -> bool) -> bool {
        self.0.get(at).is_some_and(|c| test(*c))
    }

    /// The first pattern that matches as a whole number at `at`, with its end.
    fn first_of(&self, patterns: &[Pattern], at: usize) -> Option<(usize, usize)> {
        let ends = patterns.iter().map(|pattern| self.whole(pattern, at));
        ends.enumerate()
            .find_map(|(index, end)| Some((index, end?)))
    }

    /// A number that is only the end of a longer run, or of another country's number, so that it is passed over.
    fn within_longer(&self, patterns: &[Pattern], at: usize) -> Option<(usize, usize)> {
        if self.is(at, |c| c.is_ascii_digit()) {
            let behind_mark = self.is(at + 1, |c| c == '.' || c == '-').then_some(at + 2);
            let starts = behind_mark.into_iter().chain([at + 1]);
            return starts
                .into_iter()
                .find_map(|start| self.first_of(patterns, start));
        }
        if !self.is(at, |c| c == '+') {
            return None;
        }
        for digits in (1..=3).rev() {
            if !(1..=digits).all(|i| self.is(at + i, |c| c.is_ascii_digit())) {
                continue;
            }
            let first = at + 1 + digits;
            let mut last = first;
            while self.is(last, |c| !is_word(c)) {
                last += 1;
            }
            if let Some(found) = (first..=last)
                .rev()
                .find_map(|start| self.first_of(patterns, start))
            {
                return Some(found);
            }
        }
        None
    }

    /// The end of the number at `at`: with or without country code, bracket and trunk zero.
    fn whole(&self, pattern: &Pattern, at: usize) -> Option<usize> {
        let leads: [&[char]; 3] = [&['+'], &['0', '0'], &[]];
        let behind_code = leads.into_iter().filter_map(|lead| {
            let at = self.skip(at, lead)?;
            Some(self.gap(self.skip(at, &pattern.code)?))
        });
        behind_code
            .chain([at])
            .find_map(|start| self.national(pattern, start))
    }

    fn national(&self, pattern: &Pattern, at: usize) -> Option<usize> {
        let mut starts = vec![if self.opens(at) { at + 1 } else { at }];
        if let Some(third) = pattern.third {
            for i in 0..3 {
                let start = starts[i];
                if !self.is(start, |c| c == '0' || c == third) {
                    break;
                }
                starts.push(self.gap(start + 1));
            }
        }
        starts
            .into_iter()
            .skip(pattern.least)
            .rev()
            .find_map(|start| self.digits(&pattern.digits, start))
    }

    fn digits(&self, digits: &[char], mut at: usize) -> Option<usize> {
        for (index, digit) in digits.iter().enumerate() {
            if index > 0 {
                at = self.gap(at);
            }
            if !self.is(at, |c| key(c) == Some(*digit)) {
                return None;
            }
            at += 1;
        }
        self.ends(at).then_some(at)
    }

    /// A bracket belongs to the number only if it closes around its first digits.
    fn opens(&self, at: usize) -> bool {
        let inside = self
            .0
            .iter()
            .skip(at + 1)
            .take_while(|c| is_word(**c))
            .count();
        self.is(at, |c| c == '(') && inside > 0 && self.is(at + 1 + inside, |c| c == ')')
    }

    /// Whether a number may end here: no digits attached, and no single digit group behind a space as in
    /// `5551 234 567 8`, unless that digit counts days or hours.
    fn ends(&self, at: usize) -> bool {
        let digit = |at: usize| self.is(at, |c| c.is_ascii_digit());
        let mark = self.is(at, |c| !is_word(c) && !is_space(c));
        if digit(at) || (mark && digit(at + 1)) {
            return false;
        }
        if !(self.is(at, is_space) && digit(at + 1)) {
            return true;
        }
        let behind = at + 2;
        let hour = |at: usize| {
            self.is(at, |c| "apAP".contains(c)) && self.is(at + 1, |c| "mM".contains(c))
        };
        let days = " days".chars().enumerate();
        let days = |at: usize| {
            days.clone()
                .all(|(i, d)| self.is(at + i, |c| c.to_ascii_lowercase() == d))
        };
        digit(behind)
            || days(behind)
            || hour(behind)
            || (self.is(behind, |c| c == ' ') && hour(behind + 1))
    }

    fn skip(&self, at: usize, exactly: &[char]) -> Option<usize> {
        let rest = self.0.get(at..)?;
        rest.starts_with(exactly).then_some(at + exactly.len())
    }

    /// Behind anything people put between the digits of a number. Not a comma or an apostrophe, which group the digits of
    /// an amount, and not the plus of a next number.
    fn gap(&self, mut at: usize) -> usize {
        while self.is(at, |c| !is_word(c) && !",'+".contains(c)) {
            at += 1;
        }
        at
    }
}

/// A letter, digit or underscore of ASCII, which is what `\w` means in a page.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// What `\s` means in a page.
fn is_space(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// The digit on the key of a character.
fn key(c: char) -> Option<char> {
    Some(match c.to_ascii_lowercase() {
        'a'..='c' => '2',
        'd'..='f' => '3',
        'g'..='i' => '4',
        'j'..='l' => '5',
        'm'..='o' => '6',
        'p'..='s' => '7',
        't'..='v' => '8',
        'w'..='z' => '9',
        c if c.is_ascii_digit() => c,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::swap::replacement;
    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../../../web/snippet/test/vectors.json"))
            .expect("JSON")
    }

    fn text(value: &Value) -> &str {
        value.as_str().expect("a text")
    }

    fn number(value: &Value, usual: &str) -> PhoneNumber {
        PhoneNumber::parse_e164(value.as_str().unwrap_or(usual)).expect("a number")
    }

    #[test]
    fn the_server_reads_numbers_as_the_script_does() {
        for group in vectors()["swaps"].as_array().expect("a list") {
            let target = number(&group["printed"], "+12145550100");
            let shown = Replacement {
                number: number(&group["shown"]["n"], "+13125557788"),
                formatted: group["shown"]["f"].as_str().map(str::to_owned),
            };
            let link = group["link"] == true;
            for case in group["cases"].as_array().expect("a list") {
                let swapped = swap(text(&case[0]), &[(target, shown.clone())], link);
                assert_eq!(swapped, text(&case[1]), "{}: {}", group["promise"], case[0]);
            }
        }
    }

    #[test]
    fn the_server_takes_for_plausible_what_the_script_does() {
        for group in vectors()["plausible"].as_array().expect("a list") {
            let like = number(&group["like"], "");
            assert_eq!(calling_code(like), text(&group["code"]));
            for case in group["cases"].as_array().expect("a list") {
                let found = plausible(text(&case[0]), like, group["link"] == true);
                let found: Vec<String> = found.iter().map(|p| p.number.to_string()).collect();
                let expected: Vec<&str> = case[1]
                    .as_array()
                    .expect("a list")
                    .iter()
                    .map(text)
                    .collect();
                assert_eq!(found, expected, "{}: {}", group["promise"], case[0]);
            }
        }
    }

    #[test]
    fn edits_are_made_on_the_original_text() {
        let (a, b) = (
            number(&Value::Null, "+12145550100"),
            number(&Value::Null, "+13125557788"),
        );
        let both = [(a, replacement(a, b)), (b, replacement(b, a))];
        assert_eq!(
            swap("214-555-0100 and 312-555-7788", &both, false),
            "312-555-7788 and 214-555-0100"
        );
    }

    #[test]
    fn a_part_of_a_longer_number_is_told_as_such() {
        let text: Vec<char> = "order 9-2145550100".chars().collect();
        let hits = find(&text, &[number(&Value::Null, "+12145550100")]);
        assert_eq!(hits.len(), 1);
        assert!(hits[0].part_of_longer);
    }
}
