//! Certificates of consent by their shape. Whether one is true, only who wrote it can say.

use crate::base::Timestamp;

/// How long a TrustedForm certificate may be retained after the form was sent, when nobody has: three days.
pub const TRUSTED_FORM_CLAIM_MS: i64 = 72 * 3_600_000;
/// Where TrustedForm certificates live.
const TRUSTED_FORM_HOST: &str = "https://cert.trustedform.com/";
const TRUSTED_FORM_DIGITS: usize = 40;
/// Hexadecimal digits of the groups of a LeadiD token.
const LEADID_GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

/// A certificate of consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificate {
    /// Of ActiveProspect's TrustedForm: 40 hexadecimal digits, which are the end of its address.
    TrustedForm(String),
    /// A token of Jornaya's (Verisk's) LeadiD: 32 hexadecimal digits in five groups.
    LeadId(String),
}

impl Certificate {
    /// Reads the address of a TrustedForm certificate or a LeadiD token. The deprecated addresses of
    /// `ping.trustedform.com` never proved anything and are no certificates.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let hex = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
        let secure = text.replacen("http://", "https://", 1);
        if let Some(rest) = secure.strip_prefix(TRUSTED_FORM_HOST) {
            let id = rest.split(['?', '#']).next()?.trim_end_matches('/');
            return (id.len() == TRUSTED_FORM_DIGITS && hex(id))
                .then(|| Self::TrustedForm(id.to_owned()));
        }
        let groups: Vec<&str> = text.split('-').collect();
        let sizes = groups.iter().map(|group| group.len());
        let fits = sizes.eq(LEADID_GROUPS) && groups.iter().all(|group| hex(group));
        fits.then(|| Self::LeadId(text.to_ascii_uppercase()))
    }

    /// As it is kept and sent on.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::TrustedForm(id) => format!("{TRUSTED_FORM_HOST}{id}"),
            Self::LeadId(token) => token.clone(),
        }
    }

    /// Until when it must be retained at its service, or it is gone; `None` where nothing is retained.
    #[must_use]
    pub const fn retain_before(&self, given_at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::TrustedForm(_) => Some(given_at.plus_millis(TRUSTED_FORM_CLAIM_MS)),
            Self::LeadId(_) => None,
        }
    }
}
