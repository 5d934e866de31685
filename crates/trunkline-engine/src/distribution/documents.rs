//! Documents that are stored as text and made ready here: what a buyer's server is sent, what a mailbox gets, and the fields
//! of leads.

use std::net::IpAddr;

use serde::de::DeserializeOwned;
use trunkline_core::lead::{FieldDef, FieldDocument, Fields};
use trunkline_core::routing::Problem;
use trunkline_core::routing::delivery::{
    Endpoint, EndpointDocument, ExchangeDocument, Mail, MailDocument,
};

/// Subject and text of a letter that nobody wrote a document for.
pub const MAIL_USUAL: (&str, &str) = (
    "New lead {lead_id}",
    "A new lead came at {created_at}.\n\nName: {lead.first_name} {lead.last_name}\nPhone: {phone}\nE-mail: {lead.email}\n\
     ZIP code: {zip}\nState: {state}\n",
);

/// A buyer's endpoint from its text.
pub(super) fn endpoint(text: &str) -> Result<Endpoint, Vec<Problem>> {
    let document: EndpointDocument = read(text)?;
    let mut problems = document.problems();
    let exchanges = [("ping", &document.ping), ("post", &document.post)];
    for (step, exchange) in exchanges {
        let place = format!("{step}.request.url");
        let known = problems.iter().any(|problem| problem.place == place);
        let message = exchange.as_ref().and_then(not_private);
        problems.extend(
            message
                .filter(|_| !known)
                .map(|message| Problem { place, message }),
        );
    }
    if problems.is_empty() {
        document.compile()
    } else {
        Err(problems)
    }
}

/// What is said about persons travels over TLS; only to this machine, where a server is tried out, it need not.
fn not_private(exchange: &ExchangeDocument) -> Option<String> {
    let rest = exchange.request.url.strip_prefix("http://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = &rest[..end];
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let here = name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    (!here).then(|| {
        "begins with http://, so that anybody on the way could read about persons; write https://"
            .to_owned()
    })
}

/// A letter to an address, from its text or with the usual words.
pub(super) fn mail(address: &str, text: Option<&str>) -> Result<Mail, Vec<Problem>> {
    let document = match text {
        Some(text) => read(text)?,
        None => MailDocument {
            to: vec![address.to_owned()],
            subject: MAIL_USUAL.0.to_owned(),
            body: MAIL_USUAL.1.to_owned(),
        },
    };
    if !document.to.iter().any(|to| to == address) {
        return Err(vec![Problem {
            place: "to".to_owned(),
            message: format!("does not name the address of the destination; add `{address}`"),
        }]);
    }
    document.compile()
}

/// The fields of a campaign's leads from their text, a JSON list.
pub(super) fn fields(text: &str) -> Result<Fields, Vec<Problem>> {
    let fields: Vec<FieldDef> = read(text)?;
    FieldDocument { fields }.compile()
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Vec<Problem>> {
    serde_json::from_str(text).map_err(|error| {
        vec![Problem {
            place: String::new(),
            message: error.to_string(),
        }]
    })
}
