//! Consent: what a lead brings of it, whether that is what its campaign asks for, and our own signed record of it.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::AccountId;
use trunkline_core::lead::{
    CONSENT_TEXT_MAX, Certificate, ConsentFault, ConsentProof, ConsentRecord, ConsentRules,
    FieldType, Fields, Lead, Link, SELLERS_MAX,
};

use super::receive::PageSeen;
use super::sha256;

/// Longest address and name of a browser that are kept, in characters.
const PAGE_MAX: usize = 2_000;
const AGENT_MAX: usize = 500;

/// Signs links of the chains of consent with the instance's own key (Ed25519, RFC 8032).
pub struct ConsentSigner(Ed25519KeyPair);

impl ConsentSigner {
    /// From the instance's secret; `None` when it is of no use.
    #[must_use]
    pub fn new(seed: &[u8; 32]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Self)
    }

    /// By which anybody can check a signature.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// The signature of a link of an account's chain.
    #[must_use]
    pub fn sign(&self, account: AccountId, link: &Link) -> Vec<u8> {
        let text = link.to_sign(&account.to_string());
        self.0.sign(&text).as_ref().to_vec()
    }

    /// Whether a signature of a link is ours.
    #[must_use]
    pub fn is_ours(&self, account: AccountId, link: &Link, signature: &[u8]) -> bool {
        let text = link.to_sign(&account.to_string());
        let key = UnparsedPublicKey::new(&ED25519, self.public_key());
        key.verify(&text, signature).is_ok()
    }
}

/// The words that somebody agreed to, as the lead brings them.
fn words<'a>(lead: &'a Lead, fields: &Fields) -> Option<&'a str> {
    let mut defs = fields.defs().filter(|def| def.of == FieldType::ConsentText);
    let of_field = defs.find_map(|def| lead.values.get(&def.name));
    of_field.or_else(|| lead.value("consent_text"))
}

fn page<'a>(lead: &'a Lead, seen: Option<&'a PageSeen>) -> Option<&'a str> {
    let seen = seen.and_then(|seen| seen.url.as_deref());
    lead.value("landing_page").or(seen)
}

/// Our own record of a form that was sent to us; none when nothing was agreed to.
pub(super) fn record(
    lead: &Lead,
    fields: &Fields,
    seen: &PageSeen,
    now: Timestamp,
) -> Option<ConsentRecord> {
    let words = words(lead, fields)?;
    let text_sha256 = sha256(words.as_bytes());
    let short = words.chars().count() <= CONSENT_TEXT_MAX;
    let cut = |text: &str, most: usize| text.chars().take(most).collect();
    let sellers = lead.consented_sellers().take(SELLERS_MAX);
    Some(ConsentRecord {
        given_at: now,
        page_url: cut(page(lead, Some(seen)).unwrap_or_default(), PAGE_MAX),
        text: if short {
            words.to_owned()
        } else {
            String::new()
        },
        text_sha256,
        ip: Some(seen.ip),
        user_agent: cut(&seen.user_agent, AGENT_MAX),
        phone_sha256: lead.phone_sha256,
        email_sha256: lead.email_sha256,
        sellers: sellers.map(str::to_owned).collect(),
        replay: None,
    })
}

/// Whether the consent of a lead is what its campaign asks for.
pub(super) fn check(
    rules: &ConsentRules,
    lead: &Lead,
    fields: &Fields,
    record: Option<&ConsentRecord>,
    now: Timestamp,
) -> Result<(), ConsentFault> {
    let certificates = fields
        .defs()
        .filter(|def| def.of == FieldType::Certificate)
        .filter_map(|def| Certificate::parse(lead.values.get(&def.name)?))
        .collect();
    let proof = ConsentProof {
        certificates,
        record,
        given_at: None,
        page_url: page(lead, None),
        text: words(lead, fields),
        sellers: lead.consented_sellers().collect(),
    };
    rules.check(&proof, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_fits_its_link_and_its_chain_alone() {
        let signer = ConsentSigner::new(&[7; 32]).expect("a signer");
        let account = AccountId::from_raw(1);
        let link = Link {
            number: 1,
            previous: [0; 32],
            hash: [5; 32],
        };
        let signature = signer.sign(account, &link);
        assert!(signer.is_ours(account, &link, &signature));
        let other = Link { number: 2, ..link };
        assert!(!signer.is_ours(account, &other, &signature));
        assert!(!signer.is_ours(AccountId::from_raw(2), &link, &signature));
        let stranger = ConsentSigner::new(&[8; 32]).expect("a signer");
        assert!(!stranger.is_ours(account, &link, &signature));
    }
}
