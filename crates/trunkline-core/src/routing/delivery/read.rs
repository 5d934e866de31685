//! From an answer's bytes to what it says, and to what each rule found in it.

use std::borrow::Cow;
use std::cell::OnceCell;

use regex::Regex;

use super::super::auction::read_amount;
use super::super::document::{Problems, below};
use super::super::filter::{ValueCheck, ValueTest, regex};
use super::endpoint::{Endpoint, Step};
use super::json::Json;
use super::mapping::{AnswerMapping, ExpiryForm, RefusedAs, RefusedWhen, When, Where};
use super::markup::Element;
use super::paths::{JsonPath, XmlPath};
use crate::base::{Callee, Country, Currency, Money, PhoneNumber, SipAddress, Timestamp};

/// Most bytes of an answer that are read.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Most places of one value.
const PLACES_MAX: usize = 8;
/// Most kinds of no.
const REFUSALS_MAX: usize = 20;
/// Most comparisons of an answer, and their deepest nesting.
const TESTS_MAX: usize = 100;
const TESTS_DEEP_MAX: usize = 8;
/// Most regular expressions of an answer: each takes memory of its own.
const REGEXES_MAX: usize = 10;
/// Longest text that is kept of an answer, in characters.
const KEPT_MAX: usize = 300;
/// Longest address a browser is sent to, in bytes.
const REDIRECT_BYTES_MAX: usize = 2_048;
/// Most seconds a buyer can ask for before it pays.
const MIN_SECONDS_MAX: u32 = 86_400;
/// Most seconds a bid can hold; whoever uses it has a limit of their own.
const EXPIRY_S_MAX: i64 = 86_400;

/// What came back.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: &'a [(String, String)],
    /// The body, at most [`ANSWER_BYTES_MAX`].
    pub body: &'a [u8],
}

/// What an answer is read with.
#[derive(Debug, Clone, Copy)]
pub struct ReadWith {
    /// The account's currency.
    pub currency: Currency,
    /// The most that is believed of a price.
    pub bid_max: Option<Money>,
    /// Where numbers without a country code are.
    pub home: Country,
    /// When the answer came.
    pub now: Timestamp,
}

/// Yes, no, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The buyer wants it, or has it.
    Accepted,
    /// The buyer does not.
    Refused(RefusedAs),
    /// No rule says what the answer means.
    Unknown,
}

/// What of a yes cannot be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// There are rules for a price, and there is none.
    PriceMissing,
    /// It is no plain number of the currency, or below zero.
    PriceInvalid,
    /// It is more than is believed.
    PriceAboveMax,
    /// The seconds are no whole number.
    MinSecondsInvalid,
    /// The end cannot be read.
    ExpiryInvalid,
    /// The phone number or SIP address is none.
    DeliverToInvalid,
}

impl Fault {
    /// What is wrong, as a sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::PriceMissing => "The answer has no price where one is looked for.",
            Self::PriceInvalid => "The price is no plain number of at least 0.",
            Self::PriceAboveMax => "The price is more than is believed of this buyer.",
            Self::MinSecondsInvalid => "The seconds from which the buyer pays are no whole number.",
            Self::ExpiryInvalid => "The end of the bid cannot be read.",
            Self::DeliverToInvalid => "Where the call is to go is no phone number or SIP address.",
        }
    }
}

/// Where a call is to go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliverTo {
    /// A phone number.
    pub phone: Option<PhoneNumber>,
    /// A SIP address; whether it may be called is not decided here.
    pub sip: Option<SipAddress>,
}

impl DeliverTo {
    /// Whom to ring: the number, which every telephone reaches, before the address.
    #[must_use]
    pub fn callee(&self) -> Option<Callee> {
        let sip = || self.sip.clone().map(Callee::Sip);
        self.phone.map(Callee::Number).or_else(sip)
    }
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Yes or no.
    pub verdict: Verdict,
    /// The price; `None` when no rule looks for one, or with a fault.
    pub price: Option<Money>,
    /// What the buyer calls it.
    pub id: Option<String>,
    /// The buyer's words.
    pub reason: Option<String>,
    /// Where the person's browser is sent.
    pub redirect_url: Option<String>,
    /// Until when the bid holds.
    pub expires_at: Option<Timestamp>,
    /// From how many seconds on the buyer pays.
    pub min_seconds: Option<u32>,
    /// Where the call is to go.
    pub deliver_to: DeliverTo,
    /// What of a yes cannot be believed.
    pub faults: Vec<Fault>,
}

/// What one rule found in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSeen {
    /// Which rule, such as `accept_when.all[0]` or `price[1]`.
    pub rule: String,
    /// What was found there.
    pub found: Option<String>,
    /// Whether it holds, or is what counts.
    pub hit: bool,
    /// Why nothing could be found, when the answer is not what the rule reads.
    pub trouble: Option<String>,
}

/// The mapping made ready.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    accept_when: Test,
    refused_when: Vec<(Test, RefusedAs)>,
    price: Vec<Place>,
    id: Vec<Place>,
    reason: Vec<Place>,
    redirect_url: Vec<Place>,
    expires: Option<(Vec<Place>, ExpiryForm)>,
    min_seconds: Vec<Place>,
    phone: Vec<Place>,
    sip: Vec<Place>,
}

#[derive(Debug, Clone)]
enum Place {
    Json(JsonPath),
    Xml(XmlPath),
    Regex(Regex),
    Header(String),
    Status,
    Body,
    Text(String),
}

#[derive(Debug, Clone)]
enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Read(Place, ValueCheck),
}

struct Compile<'a> {
    found: &'a mut Problems,
    tests: usize,
    regexes: usize,
}

/// Makes a mapping ready; nothing when it has problems, which are then in `found`.
pub(super) fn compile(mapping: &AnswerMapping, found: &mut Problems) -> Option<Rules> {
    let before = found.0.len();
    let mut compile = Compile {
        found,
        tests: 0,
        regexes: 0,
    };
    let rules = compile.mapping(mapping);
    let Compile { tests, regexes, .. } = compile;
    if tests > TESTS_MAX {
        found.add(
            "answer",
            format!("has {tests} comparisons; at most {TESTS_MAX}"),
        );
    }
    if regexes > REGEXES_MAX {
        let message = format!("has {regexes} regular expressions; at most {REGEXES_MAX}");
        found.add("answer", message);
    }
    rules.filter(|_| found.0.len() == before)
}

impl Compile<'_> {
    fn mapping(&mut self, mapping: &AnswerMapping) -> Option<Rules> {
        let accept_when = self.test(&mapping.accept_when, "answer.accept_when", 1);
        if mapping.refused_when.len() > REFUSALS_MAX {
            let count = mapping.refused_when.len();
            let message = format!("has {count} rules; at most {REFUSALS_MAX}");
            self.found.add("answer.refused_when", message);
        }
        let mut refused_when = Vec::new();
        for (index, RefusedWhen { when, refused_as }) in mapping.refused_when.iter().enumerate() {
            let place = format!("answer.refused_when[{index}].when");
            refused_when.extend(self.test(when, &place, 1).map(|test| (test, *refused_as)));
        }
        let expires = mapping.expires.as_ref().map(|expires| {
            if expires.from.is_empty() {
                self.found
                    .add("answer.expires.from", "is empty; write where it is");
            }
            (self.places(&expires.from, "expires.from"), expires.form)
        });
        Some(Rules {
            refused_when,
            price: self.places(&mapping.price, "price"),
            id: self.places(&mapping.id, "id"),
            reason: self.places(&mapping.reason, "reason"),
            redirect_url: self.places(&mapping.redirect_url, "redirect_url"),
            expires,
            min_seconds: self.places(&mapping.min_seconds, "min_seconds"),
            phone: self.places(&mapping.deliver_to.phone, "deliver_to.phone"),
            sip: self.places(&mapping.deliver_to.sip, "deliver_to.sip"),
            accept_when: accept_when?,
        })
    }

    fn places(&mut self, places: &[Where], name: &str) -> Vec<Place> {
        let place = format!("answer.{name}");
        if places.len() > PLACES_MAX {
            let message = format!("has {} places; at most {PLACES_MAX}", places.len());
            self.found.add(&place, message);
        }
        let mut ready = Vec::new();
        for (index, from) in places.iter().enumerate() {
            ready.extend(self.place(from, &format!("{place}[{index}]")));
        }
        ready
    }

    fn place(&mut self, from: &Where, place: &str) -> Option<Place> {
        let made = match from {
            Where::Json(path) => JsonPath::parse(path).map(Place::Json),
            Where::Xpath(path) => XmlPath::parse(path).map(Place::Xml),
            Where::Regex(pattern) => {
                self.regexes += 1;
                if pattern.is_empty() || pattern.len() > 1_000 {
                    Err("write a regular expression of 1 to 1000 bytes".to_owned())
                } else {
                    regex(pattern).map(Place::Regex)
                }
            }
            Where::Header(name) if name.trim().is_empty() => {
                Err("has no name; write that of the header".to_owned())
            }
            Where::Header(name) => Ok(Place::Header(name.trim().to_owned())),
            Where::Status => Ok(Place::Status),
            Where::Body => Ok(Place::Body),
            Where::Text(text) if text.trim().is_empty() => {
                Err("is empty; write the text that always counts".to_owned())
            }
            Where::Text(text) => Ok(Place::Text(text.trim().to_owned())),
        };
        made.map_err(|why| self.found.add(place, why)).ok()
    }

    fn test(&mut self, when: &When, place: &str, depth: usize) -> Option<Test> {
        if depth > TESTS_DEEP_MAX {
            let message = format!("is nested deeper than {TESTS_DEEP_MAX}; use fewer levels");
            self.found.add(place, message);
            return None;
        }
        self.tests += 1;
        match when {
            When::All(parts) => self.tests(parts, "all", place, depth).map(Test::All),
            When::Any(parts) => self.tests(parts, "any", place, depth).map(Test::Any),
            When::Not(part) => {
                let part = self.test(part, &below(place, "not"), depth + 1)?;
                Some(Test::Not(Box::new(part)))
            }
            When::Read(read) => {
                if matches!(read.value, ValueTest::InList(_) | ValueTest::HashInList(_)) {
                    self.found.add(
                        place,
                        "compares with a list of the account; write is_one_of",
                    );
                    return None;
                }
                if matches!(read.value, ValueTest::Matches(_)) {
                    self.regexes += 1;
                }
                self.found.within(place, read.value.problems());
                let from = self.place(&read.from, &below(place, "from"))?;
                Some(Test::Read(from, read.value.ready()))
            }
        }
    }

    fn tests(&mut self, parts: &[When], word: &str, at: &str, depth: usize) -> Option<Vec<Test>> {
        if parts.is_empty() {
            let message =
                format!("`{word}` is empty; write at least one comparison, or leave it out");
            self.found.add(at, message);
        }
        let mut ready = Some(Vec::new());
        for (index, part) in parts.iter().enumerate() {
            let place = below(at, &format!("{word}[{index}]"));
            match (self.test(part, &place, depth + 1), &mut ready) {
                (Some(test), Some(ready)) => ready.push(test),
                _ => ready = None,
            }
        }
        ready
    }
}

/// The body, taken apart at most once each way.
struct Body<'a> {
    answer: Answer<'a>,
    text: Cow<'a, str>,
    json: OnceCell<Result<Json, String>>,
    xml: OnceCell<Result<Element, String>>,
}

impl<'a> Body<'a> {
    fn new(answer: Answer<'a>) -> Self {
        let bytes = answer.body;
        Self {
            answer,
            text: String::from_utf8_lossy(&bytes[..bytes.len().min(ANSWER_BYTES_MAX)]),
            json: OnceCell::new(),
            xml: OnceCell::new(),
        }
    }

    fn json(&self) -> Result<&Json, String> {
        let read = self.json.get_or_init(|| Json::read(&self.text));
        read.as_ref().map_err(Clone::clone)
    }

    fn xml(&self) -> Result<&Element, String> {
        let read = self.xml.get_or_init(|| Element::read(&self.text));
        read.as_ref().map_err(Clone::clone)
    }

    /// What is at a place.
    fn find(&self, place: &Place) -> Result<Option<String>, String> {
        let found = match place {
            Place::Json(path) => path.find(self.json()?),
            Place::Xml(path) => path.find(self.xml()?),
            Place::Regex(regex) => regex.captures(&self.text).and_then(|found| {
                let part = found.get(1).or_else(|| found.get(0))?;
                Some(part.as_str().to_owned())
            }),
            Place::Header(name) => {
                let mut headers = self.answer.headers.iter();
                let found = headers.find(|(own, _)| own.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.clone())
            }
            Place::Status => Some(self.answer.status.to_string()),
            Place::Body => Some(self.text.trim().to_owned()),
            Place::Text(text) => Some(text.clone()),
        };
        let found = found.map(|text| text.trim().to_owned());
        Ok(found.filter(|text| !text.is_empty()))
    }
}

/// Reads, and keeps what each rule found when somebody looks.
struct Look<'a> {
    body: Body<'a>,
    seen: Option<Vec<RuleSeen>>,
}

impl Look<'_> {
    fn keep(&mut self, rule: &str, found: &Result<Option<String>, String>, hit: bool) {
        if let Some(seen) = &mut self.seen {
            seen.push(RuleSeen {
                rule: rule.to_owned(),
                found: found.as_ref().ok().cloned().flatten().map(|t| kept(&t)),
                hit,
                trouble: found.as_ref().err().cloned(),
            });
        }
    }

    /// Whether a test holds, and whether anything it looks at was there.
    fn holds(&mut self, test: &Test, rule: &str) -> (bool, bool) {
        match test {
            Test::All(parts) => self.parts(parts, &below(rule, "all"), true),
            Test::Any(parts) => self.parts(parts, &below(rule, "any"), false),
            Test::Not(part) => {
                let (holds, there) = self.holds(part, &below(rule, "not"));
                (!holds, there)
            }
            Test::Read(place, check) => {
                let found = self.body.find(place);
                let text = found.as_ref().ok().and_then(Option::as_deref);
                let rounded = text.and_then(rounded);
                // What cannot be read at all is not "not there": it makes every comparison false.
                let holds = found.is_ok() && check.holds(rounded.as_deref().or(text));
                let from_body = !matches!(place, Place::Status | Place::Text(_));
                let there = text.is_some() && from_body;
                self.keep(rule, &found, holds);
                (holds, there)
            }
        }
    }

    fn parts(&mut self, parts: &[Test], rule: &str, all: bool) -> (bool, bool) {
        let (mut holds, mut there) = (all, false);
        for (index, part) in parts.iter().enumerate() {
            let (one, seen) = self.holds(part, &format!("{rule}[{index}]"));
            holds = if all { holds && one } else { holds || one };
            there |= seen;
        }
        (holds, there)
    }

    fn first(&mut self, places: &[Place], rule: &str) -> Option<String> {
        let mut first = None;
        for (index, place) in places.iter().enumerate() {
            let found = self.body.find(place);
            let hit = first.is_none() && matches!(found, Ok(Some(_)));
            self.keep(&format!("{rule}[{index}]"), &found, hit);
            if hit {
                first = found.ok().flatten();
                if self.seen.is_none() {
                    break;
                }
            }
        }
        first
    }
}

impl Endpoint {
    /// Reads an answer to a step. Without such a step nothing is known of it.
    #[must_use]
    pub fn read(&self, step: Step, answer: Answer<'_>, with: &ReadWith) -> Reading {
        self.look(step, answer, with, None).0
    }

    /// The same, with what each rule found: for whoever tries a mapping on a stored answer.
    #[must_use]
    pub fn inspect(
        &self,
        step: Step,
        answer: Answer<'_>,
        with: &ReadWith,
    ) -> (Reading, Vec<RuleSeen>) {
        let (reading, seen) = self.look(step, answer, with, Some(Vec::new()));
        (reading, seen.unwrap_or_default())
    }

    fn look(
        &self,
        step: Step,
        answer: Answer<'_>,
        with: &ReadWith,
        seen: Option<Vec<RuleSeen>>,
    ) -> (Reading, Option<Vec<RuleSeen>>) {
        let mut look = Look {
            body: Body::new(answer),
            seen,
        };
        let reading = match self.exchange(step) {
            Some(exchange) => exchange.rules.read(&mut look, with),
            None => nothing(Verdict::Unknown),
        };
        (reading, look.seen)
    }
}

const fn nothing(verdict: Verdict) -> Reading {
    Reading {
        verdict,
        price: None,
        id: None,
        reason: None,
        redirect_url: None,
        expires_at: None,
        min_seconds: None,
        deliver_to: DeliverTo {
            phone: None,
            sip: None,
        },
        faults: Vec::new(),
    }
}

impl Rules {
    fn read(&self, look: &mut Look<'_>, with: &ReadWith) -> Reading {
        let (accepted, there) = look.holds(&self.accept_when, "accept_when");
        let mut refused = None;
        if !accepted || look.seen.is_some() {
            for (index, (test, refused_as)) in self.refused_when.iter().enumerate() {
                let (holds, _) = look.holds(test, &format!("refused_when[{index}]"));
                if holds && refused.is_none() {
                    refused = Some(*refused_as);
                }
            }
        }
        let verdict = if accepted {
            Verdict::Accepted
        } else {
            let by_rule = refused.map(Verdict::Refused);
            by_rule.unwrap_or_else(|| by_status(look.body.answer.status, there))
        };
        let mut reading = nothing(verdict);
        reading.id = look.first(&self.id, "id").map(|text| kept(&text));
        reading.reason = look.first(&self.reason, "reason").map(|text| kept(&text));
        let redirect = look.first(&self.redirect_url, "redirect_url");
        reading.redirect_url = redirect.filter(|url| is_web_address(url));
        let price = look.first(&self.price, "price");
        let expires = self.expires.as_ref().map(|(places, form)| {
            let text = look.first(places, "expires.from");
            (text, *form)
        });
        let min_seconds = look.first(&self.min_seconds, "min_seconds");
        let phone = look.first(&self.phone, "deliver_to.phone");
        let sip = look.first(&self.sip, "deliver_to.sip");
        if !accepted {
            return reading;
        }
        if !self.price.is_empty() {
            self.take_price(price.as_deref(), with, &mut reading);
        }
        if let Some((Some(text), form)) = expires {
            reading.expires_at = ends_at(&text, form, with.now);
            if reading.expires_at.is_none() {
                reading.faults.push(Fault::ExpiryInvalid);
            }
        }
        if let Some(text) = min_seconds {
            reading.min_seconds = whole_seconds(&text);
            if reading.min_seconds.is_none() {
                reading.faults.push(Fault::MinSecondsInvalid);
            }
        }
        let wrong = deliver(phone, sip, with.home, &mut reading.deliver_to);
        if wrong {
            reading.faults.push(Fault::DeliverToInvalid);
        }
        reading
    }

    #[expect(clippy::unused_self, reason = "reads as a part of the rules")]
    fn take_price(&self, text: Option<&str>, with: &ReadWith, reading: &mut Reading) {
        let Some(text) = text else {
            reading.faults.push(Fault::PriceMissing);
            return;
        };
        let text = rounded(text).map_or(Cow::Borrowed(text), Cow::Owned);
        match read_amount(&text, with.currency) {
            Err(_) => reading.faults.push(Fault::PriceInvalid),
            Ok(price)
                if with
                    .bid_max
                    .is_some_and(|max| price.micros() > max.micros()) =>
            {
                reading.faults.push(Fault::PriceAboveMax);
            }
            Ok(price) => reading.price = Some(price),
        }
    }
}

/// What a status says when no rule does. An answer whose parts were there and are not a yes is a no; a server that failed
/// or sends elsewhere says nothing.
const fn by_status(status: u16, there: bool) -> Verdict {
    match status {
        429 => Verdict::Refused(RefusedAs::RateLimited),
        409 => Verdict::Refused(RefusedAs::Duplicate),
        408 | 425 => Verdict::Unknown,
        400..=499 => Verdict::Refused(RefusedAs::Error),
        204 => Verdict::Refused(RefusedAs::NoCoverage),
        200..=299 if there => Verdict::Refused(RefusedAs::NoCoverage),
        _ => Verdict::Unknown,
    }
}

/// A number with more than six decimals, as programs write 23.8, to the nearest millionth; nothing for everything else.
fn rounded(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let plain = whole.strip_prefix('-').unwrap_or(whole);
    let fits = (1..=12).contains(&plain.len()) && (7..=40).contains(&fraction.len());
    if !fits || !digits(plain) || !digits(fraction) {
        return None;
    }
    let micros: i64 = format!("{plain}{}", &fraction[..6]).parse().ok()?;
    let up = i64::from(fraction.as_bytes()[6] >= b'5');
    let micros = micros.checked_add(up)?;
    let sign = if whole.starts_with('-') { "-" } else { "" };
    Some(format!(
        "{sign}{}.{:06}",
        micros / 1_000_000,
        micros % 1_000_000
    ))
}

fn whole_seconds(text: &str) -> Option<u32> {
    let whole = text.strip_suffix(".0").unwrap_or(text);
    let seconds: u32 = whole.parse().ok()?;
    Some(seconds).filter(|seconds| *seconds <= MIN_SECONDS_MAX)
}

fn ends_at(text: &str, form: ExpiryForm, now: Timestamp) -> Option<Timestamp> {
    let number = || {
        let whole = text.split('.').next().unwrap_or(text);
        whole.parse::<i64>().ok().filter(|number| *number >= 0)
    };
    let at = match form {
        ExpiryForm::Seconds => now.plus_millis(number()?.min(EXPIRY_S_MAX).saturating_mul(1_000)),
        ExpiryForm::Unix => Timestamp::from_millis(number()?.checked_mul(1_000)?),
        ExpiryForm::UnixMs => Timestamp::from_millis(number()?),
        ExpiryForm::Iso => {
            let moment: jiff::Timestamp = text.parse().ok()?;
            Timestamp::from_millis(moment.as_millisecond())
        }
    };
    Some(at.min(now.plus_millis(EXPIRY_S_MAX * 1_000)))
}

/// Tells whether something is there that is none.
fn deliver(phone: Option<String>, sip: Option<String>, home: Country, to: &mut DeliverTo) -> bool {
    let mut wrong = false;
    if let Some(text) = phone {
        // Digits with a country code, as Ringba writes them, or with a plus sign before them.
        let read = PhoneNumber::parse(&text, home);
        let read = read.or_else(|_| PhoneNumber::parse(&format!("+{text}"), home));
        wrong |= read.is_err();
        to.phone = read.ok();
    }
    if let Some(text) = sip {
        let lower = text.to_ascii_lowercase();
        let whole = ["sip:", "sips:", "<sip:", "<sips:"]
            .iter()
            .any(|scheme| lower.starts_with(scheme));
        let read = if whole {
            SipAddress::parse(&text)
        } else {
            SipAddress::parse(&format!("sip:{text}"))
        };
        // Where there is a number, the address is not needed.
        wrong |= read.is_err() && to.phone.is_none();
        to.sip = read.ok();
    }
    wrong
}

fn is_web_address(url: &str) -> bool {
    let lower = url.get(..8).unwrap_or(url).to_ascii_lowercase();
    let web = lower.starts_with("https://") || lower.starts_with("http://");
    web && url.len() <= REDIRECT_BYTES_MAX && !url.chars().any(|c| c.is_control() || c == ' ')
}

/// A text of others, short and without control characters.
fn kept(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(KEPT_MAX).collect()
}
