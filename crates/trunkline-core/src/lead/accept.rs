//! From a form to a lead: names and values in one form, and every fault of it in words.

use std::collections::BTreeMap;
use std::fmt;

use super::fields::{Field, FieldType, Fields, Required};
use super::names::{self, EMAIL_HASH, PHONE_HASH};
use super::refusal::{FieldFault, LeadRefusal, RefusalCode};
use super::value::Ground;
use crate::base::{
    Country, Hasher, PhoneNumber, Sha256, Timestamp, Zone, area_code_of, parse_sha256, sha256_text,
    state_of_zip, words, zones_of_state,
};
use crate::call::flow::{TAG_VALUE_MAX, is_tag_name};

/// Most names of one form.
pub const FORM_MAX: usize = 300;
/// Most values of names that no field has, that are kept.
pub const EXTRA_MAX: usize = 50;

words! {
    /// What came.
    Stage {
        /// A ping, which never tells who somebody is.
        Ping = "ping",
        /// A post.
        Post = "post",
    }
}

/// What forms are read against.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Where numbers without a country code are dialled, unless the form names a country.
    pub home: Country,
    /// Whose calendar says what day it is.
    pub zone: &'a Zone,
    /// Now.
    pub now: Timestamp,
    /// How a SHA-256 hash is computed.
    pub sha256: Hasher,
}

/// Values by the names of their fields. They may tell who somebody is, so they are never printed to logs.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Values(pub BTreeMap<String, String>);

impl Values {
    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A lead: what somebody asked for, in one form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lead {
    /// Values of the campaign's fields, each in its one form.
    pub values: Values,
    /// What came beside them in a post, by names that can be tags.
    pub extra: Values,
    /// Names of fields that tell who somebody is.
    personal: Vec<String>,
    /// The number at which somebody can be reached; `None` in a ping.
    pub phone: Option<PhoneNumber>,
    /// SHA-256 of the number in E.164 form, its plus sign included.
    pub phone_sha256: Option<Sha256>,
    /// SHA-256 of the e-mail address in small letters.
    pub email_sha256: Option<Sha256>,
    /// ZIP code.
    pub zip: Option<String>,
    /// Two letters: as given, else that of the ZIP code, else that of the area code.
    pub state: Option<String>,
    /// Country: as given, else that of the number.
    pub country: Option<Country>,
    /// The IANA zones somebody may be in; for calling hours take the strictest.
    pub zones: Vec<&'static str>,
}

/// What is stored of a lead: everything from which it is made again, whatever became of the campaign's fields meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Values of the campaign's fields.
    pub values: Values,
    /// What came beside them.
    pub extra: Values,
    /// Names of fields that tell who somebody is.
    pub personal: Vec<String>,
    /// The number.
    pub phone: Option<PhoneNumber>,
    /// Its hash.
    pub phone_sha256: Option<Sha256>,
    /// The hash of the e-mail address.
    pub email_sha256: Option<Sha256>,
    /// ZIP code.
    pub zip: Option<String>,
    /// State.
    pub state: Option<String>,
    /// Country.
    pub country: Option<Country>,
}

impl From<Kept> for Lead {
    fn from(kept: Kept) -> Self {
        let mut lead = Self {
            values: kept.values,
            extra: kept.extra,
            personal: kept.personal,
            phone: kept.phone,
            phone_sha256: kept.phone_sha256,
            email_sha256: kept.email_sha256,
            zip: kept.zip,
            state: kept.state,
            country: kept.country,
            zones: Vec::new(),
        };
        lead.place();
        lead
    }
}

impl From<&Lead> for Kept {
    fn from(lead: &Lead) -> Self {
        Self {
            values: lead.values.clone(),
            extra: lead.extra.clone(),
            personal: lead.personal.clone(),
            phone: lead.phone,
            phone_sha256: lead.phone_sha256,
            email_sha256: lead.email_sha256,
            zip: lead.zip.clone(),
            state: lead.state.clone(),
            country: lead.country,
        }
    }
}

/// A lead with what was not kept of its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The lead.
    pub lead: Lead,
    /// Names that were not kept: of nobody's field, one too many, or personal in a ping.
    pub left_out: Vec<String>,
}

impl Lead {
    /// A value by its name, whether the campaign has a field of it or not.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).or_else(|| self.extra.get(name))
    }

    /// What filters may ask for by name: everything that does not tell who somebody is.
    #[must_use]
    pub fn tags(&self) -> BTreeMap<String, String> {
        let open = |(name, _): &(&String, &String)| !self.personal.contains(name);
        let values = self.values.0.iter().filter(open);
        let all = self.extra.0.iter().chain(values);
        all.map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// The names of fields that tell who somebody is.
    pub fn personal(&self) -> impl Iterator<Item = &str> {
        self.personal.iter().map(String::as_str)
    }

    /// Whether there is anything by which the person is recognised.
    #[must_use]
    pub const fn has_person(&self) -> bool {
        self.phone_sha256.is_some() || self.email_sha256.is_some()
    }

    /// Everything as a form again, which is accepted as the same lead.
    #[must_use]
    pub fn form(&self) -> Vec<(String, String)> {
        let all = self.values.0.iter().chain(&self.extra.0);
        let mut form: Vec<_> = all.map(|(n, v)| (n.clone(), v.clone())).collect();
        for (name, hash) in [
            (PHONE_HASH, self.phone_sha256),
            (EMAIL_HASH, self.email_sha256),
        ] {
            if let Some(hash) = hash.filter(|_| self.values.get(name).is_none()) {
                form.push((name.to_owned(), sha256_text(hash)));
            }
        }
        form
    }

    /// Those somebody agreed to hear from.
    pub fn consented_sellers(&self) -> impl Iterator<Item = &str> {
        let named = self.values.get("consented_sellers").unwrap_or_default();
        named.split('|').filter(|name| !name.is_empty())
    }

    /// Whether somebody agreed to hear from this seller; capitals do not matter.
    #[must_use]
    pub fn consents_to(&self, seller: &str) -> bool {
        let seller = seller.trim().to_lowercase();
        self.consented_sellers()
            .any(|named| named.to_lowercase() == seller)
    }
}

/// Makes a lead of a form: names in any spelling, values in one form.
///
/// # Errors
/// With every field that is missing or cannot be read.
pub fn accept(
    form: &[(String, String)],
    fields: &Fields,
    stage: Stage,
    context: &Context<'_>,
) -> Result<Accepted, LeadRefusal> {
    let mut reading = Reading {
        fields,
        stage,
        faults: Vec::new(),
        left_out: Vec::new(),
        lead: Lead::default(),
    };
    let sorted = reading.sort(form);
    reading.values(&sorted.fields, context);
    reading.hashes(&sorted);
    if stage == Stage::Post {
        reading.extra(&sorted.others);
    } else {
        let names = sorted.others.iter().map(|(name, _)| (*name).to_owned());
        reading.left_out.extend(names);
    }
    reading.lead.place();
    match LeadRefusal::of(reading.faults) {
        Some(refusal) => Err(refusal),
        None => Ok(Accepted {
            lead: reading.lead,
            left_out: reading.left_out,
        }),
    }
}

struct Reading<'a> {
    fields: &'a Fields,
    stage: Stage,
    faults: Vec<FieldFault>,
    left_out: Vec<String>,
    lead: Lead,
}

/// A form by what its names stand for.
#[derive(Default)]
struct Sorted<'a> {
    /// By place of the field: how well the name is its own, the name, and the value.
    fields: BTreeMap<usize, (usize, &'a str, &'a str)>,
    phone_hash: Option<&'a str>,
    email_hash: Option<&'a str>,
    others: Vec<(&'a str, &'a str)>,
}

impl Reading<'_> {
    fn fault(&mut self, code: RefusalCode, field: &str, message: impl Into<String>) {
        self.faults.push(FieldFault {
            code,
            field: field.to_owned(),
            message: message.into(),
        });
    }

    fn sort<'f>(&mut self, form: &'f [(String, String)]) -> Sorted<'f> {
        let mut sorted = Sorted::default();
        if form.len() > FORM_MAX {
            let message = format!("has {} names; at most {FORM_MAX}", form.len());
            self.fault(RefusalCode::InvalidField, "form", message);
            return sorted;
        }
        for (name, value) in form {
            let (name, value) = (name.as_str(), value.as_str());
            if value.trim().is_empty() {
                continue;
            }
            match self.fields.find(name) {
                Some((place, rank)) => self.choose(&mut sorted, place, (rank, name, value)),
                None if names::is(name, PHONE_HASH) => sorted.phone_hash = Some(value),
                None if names::is(name, EMAIL_HASH) => sorted.email_hash = Some(value),
                None => sorted.others.push((name, value)),
            }
        }
        sorted
    }

    /// Keeps the value with the better name.
    fn choose<'f>(
        &mut self,
        sorted: &mut Sorted<'f>,
        place: usize,
        found: (usize, &'f str, &'f str),
    ) {
        let Some(known) = sorted.fields.get_mut(&place) else {
            sorted.fields.insert(place, found);
            return;
        };
        if known.0 == found.0 {
            if known.2.trim() != found.2.trim() {
                let (one, two) = (known.1, found.1);
                let field = self.fields.all()[place].def.name.clone();
                let message =
                    format!("comes as `{one}` and as `{two}` with two values; send it once");
                self.fault(RefusalCode::InvalidField, &field, message);
            }
            return;
        }
        let worse = if found.0 < known.0 {
            std::mem::replace(known, found)
        } else {
            found
        };
        self.left_out.push(worse.1.to_owned());
    }

    fn values(&mut self, came: &BTreeMap<usize, (usize, &str, &str)>, context: &Context<'_>) {
        let fields = self.fields.all();
        let mut ground = Ground {
            home: context.home,
            zone: context.zone,
            now: context.now,
        };
        // A number without a country code is dialled in the country that the form names.
        let of_country = fields.iter().position(|f| f.def.of == FieldType::Country);
        let country = of_country.and_then(|place| came.get(&place));
        if let Some(country) = country.and_then(|(_, _, text)| Country::named(text)) {
            ground.home = country;
            self.lead.country = Some(country);
        }
        for (place, field) in fields.iter().enumerate() {
            let text = came.get(&place).map_or("", |(_, _, text)| *text);
            match field.read(text, ground) {
                Err(message) => self.fault(RefusalCode::InvalidField, &field.def.name, message),
                Ok(None) => self.missing(field),
                Ok(Some(value)) => self.keep(field, value, context),
            }
        }
    }

    fn missing(&mut self, field: &Field) {
        let needed = match self.stage {
            Stage::Ping => field.def.required == Required::Ping,
            Stage::Post => field.def.required != Required::Never,
        };
        if needed {
            let message = format!(
                "{} is missing; send it as `{}`",
                field.def.label, field.def.name
            );
            self.fault(RefusalCode::MissingField, &field.def.name, message);
        }
    }

    fn keep(&mut self, field: &Field, value: String, context: &Context<'_>) {
        let name = &field.def.name;
        let hash = || Some((context.sha256)(value.as_bytes()));
        match field.def.of {
            FieldType::Phone if self.lead.phone_sha256.is_none() => {
                self.lead.phone_sha256 = hash();
                self.lead.phone = PhoneNumber::parse_e164(&value)
                    .ok()
                    .filter(|_| self.stage == Stage::Post);
            }
            FieldType::Email if self.lead.email_sha256.is_none() => self.lead.email_sha256 = hash(),
            FieldType::Zip if self.lead.zip.is_none() => self.lead.zip = Some(value.clone()),
            FieldType::State if self.lead.state.is_none() => self.lead.state = Some(value.clone()),
            _ => {}
        }
        if field.def.is_personal() {
            if self.stage == Stage::Ping {
                self.left_out.push(name.clone());
                return;
            }
            self.lead.personal.push(name.clone());
        }
        self.lead.values.0.insert(name.clone(), value);
    }

    /// Hashes that came, which must be those of the number and the address when these came too.
    fn hashes(&mut self, sorted: &Sorted<'_>) {
        let field = |name: &str| self.lead.values.get(name).map(str::to_owned);
        let phone = field(PHONE_HASH).or_else(|| sorted.phone_hash.map(str::to_owned));
        let email = field(EMAIL_HASH).or_else(|| sorted.email_hash.map(str::to_owned));
        for (name, came, whose) in [
            (PHONE_HASH, phone, "phone number"),
            (EMAIL_HASH, email, "e-mail address"),
        ] {
            let Some(came) = came else { continue };
            let own = match name {
                PHONE_HASH => &mut self.lead.phone_sha256,
                _ => &mut self.lead.email_sha256,
            };
            let message = match (parse_sha256(&came), *own) {
                (None, _) => "is no SHA-256 hash; write 64 hexadecimal digits".to_owned(),
                (Some(hash), Some(known)) if hash != known => format!(
                    "is not the SHA-256 hash of the {whose} that came with it; hash +12145550100 for a number, small letters for an address"
                ),
                (Some(hash), _) => {
                    *own = Some(hash);
                    continue;
                }
            };
            self.fault(RefusalCode::InvalidField, name, message);
        }
    }

    fn extra(&mut self, others: &[(&str, &str)]) {
        for (name, value) in others {
            let tag = names::as_tag(name).filter(|tag| {
                is_tag_name(tag)
                    && !names::is(tag, PHONE_HASH)
                    && !names::is(tag, EMAIL_HASH)
                    && self.fields.find(tag).is_none()
                    && !self.lead.extra.0.contains_key(tag)
            });
            match tag {
                Some(tag) if self.lead.extra.0.len() < EXTRA_MAX => {
                    let kept = value.trim().chars().filter(|c| !c.is_control());
                    let kept: String = kept.take(TAG_VALUE_MAX).collect();
                    self.lead.extra.0.insert(tag, kept.trim().to_owned());
                }
                _ => self.left_out.push((*name).to_owned()),
            }
        }
        self.lead.extra.0.retain(|_, value| !value.is_empty());
    }
}

impl Lead {
    /// Where somebody is, as far as the lead tells.
    fn place(&mut self) {
        let lead = self;
        let of_zip = lead.zip.as_deref().and_then(state_of_zip);
        let area = lead.phone.and_then(area_code_of);
        let of_area = area
            .map(|area| area.state)
            .filter(|state| !state.is_empty());
        let state = lead.state.take();
        lead.state = state.or_else(|| of_zip.or(of_area).map(str::to_owned));
        lead.country = lead
            .country
            .or_else(|| lead.phone.and_then(PhoneNumber::country));
        let zones = of_zip
            .or(lead.state.as_deref())
            .map_or(&[][..], zones_of_state);
        lead.zones = match area {
            Some(area) if zones.is_empty() => area.zones.clone(),
            _ => zones.to_vec(),
        };
    }
}
