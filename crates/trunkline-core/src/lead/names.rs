//! The names by which partners usually send what every campaign asks for. Capitals and punctuation do not matter:
//! `primary_phone`, `Primary-Phone` and `primaryPhone` are one name.

/// Our name with the usual names of others, without their punctuation, the most telling first.
const USUAL: &[(&str, &[&str])] = &[
    (
        "phone",
        &[
            "phonenumber",
            "primaryphone",
            "phone1",
            "telephone",
            "tel",
            "mobile",
            "mobilephone",
            "mobilenumber",
            "cell",
            "cellphone",
            "homephone",
            "phonehome",
            "dayphone",
            "daytimephone",
            "callerid",
            "cid",
        ],
    ),
    ("email", &["emailaddress", "mail", "emailid"]),
    (
        "zip",
        &["zipcode", "postalcode", "postcode", "postal", "zip5"],
    ),
    ("state", &["statecode", "province", "region", "st"]),
    ("country", &["countrycode"]),
    ("first_name", &["fname", "first", "givenname", "namefirst"]),
    (
        "last_name",
        &["lname", "last", "surname", "familyname", "namelast"],
    ),
    (
        "address",
        &["address1", "street", "streetaddress", "addressline1"],
    ),
    ("city", &["town", "locality"]),
    (
        "date_of_birth",
        &["dob", "birthdate", "birthday", "dateofbirth"],
    ),
    (
        "ip_address",
        &["ip", "clientip", "userip", "ipaddr", "remoteip"],
    ),
    ("user_agent", &["ua", "browser", "useragentstring"]),
    (
        "landing_page",
        &[
            "landingpageurl",
            "landingurl",
            "pageurl",
            "lpurl",
            "sourceurl",
        ],
    ),
    (
        "trusted_form",
        &[
            "xxtrustedformcerturl",
            "trustedformcerturl",
            "trustedformurl",
            "trustedformcert",
            "tfcerturl",
        ],
    ),
    (
        "leadid",
        &[
            "universalleadid",
            "leadidtoken",
            "jornayaleadid",
            "jornayatoken",
            "jornaya",
        ],
    ),
    (
        "consent_text",
        &["tcpatext", "tcpalanguage", "tcpaconsenttext", "disclosure"],
    ),
    (
        "consented_sellers",
        &["sellers", "marketingpartners", "tcpasellers"],
    ),
    (
        PHONE_HASH,
        &["phonehash", "hashedphone", "sha256phone", "phonehashsha256"],
    ),
    (
        EMAIL_HASH,
        &["emailhash", "hashedemail", "sha256email", "emailhashsha256"],
    ),
];

/// The name of the hash of the phone number, which every campaign understands.
pub(super) const PHONE_HASH: &str = "phone_sha256";
/// The name of the hash of the e-mail address, which every campaign understands.
pub(super) const EMAIL_HASH: &str = "email_sha256";
/// Longest name of a field as it comes, in characters; what is behind does not count.
pub(super) const NAME_CHARS_MAX: usize = 100;

/// A name without what partners write differently.
pub(super) fn plain(name: &str) -> Box<str> {
    let kept = name.chars().filter(|c| c.is_alphanumeric() || *c == '.');
    kept.take(NAME_CHARS_MAX)
        .flat_map(char::to_lowercase)
        .collect::<String>()
        .into()
}

/// The names by which others send a field of ours.
pub(super) fn usual(name: &str) -> &'static [&'static str] {
    let found = USUAL.iter().find(|(ours, _)| *ours == name);
    found.map_or(&[], |(_, theirs)| theirs)
}

/// Whether a name as it comes is one of a field of ours.
pub(super) fn is(name: &str, ours: &str) -> bool {
    let name = plain(name);
    name == plain(ours) || usual(ours).contains(&name.as_ref())
}

/// A name as it comes, as the name of a tag; `None` when nothing is left of it.
pub(super) fn as_tag(name: &str) -> Option<String> {
    let mut tag = String::new();
    for letter in name.trim().chars().take(crate::call::flow::TAG_NAME_MAX) {
        let letter = letter.to_ascii_lowercase();
        if letter.is_ascii_lowercase() || letter.is_ascii_digit() {
            tag.push(letter);
        } else if !tag.ends_with('_') && !tag.is_empty() {
            tag.push('_');
        }
    }
    let tag = tag.trim_end_matches('_');
    (!tag.is_empty()).then(|| tag.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_usual_name_stands_for_two_fields() {
        let mut all: Vec<&str> = USUAL
            .iter()
            .flat_map(|(_, theirs)| *theirs)
            .copied()
            .collect();
        all.extend(USUAL.iter().map(|(ours, _)| *ours));
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        for (_, theirs) in USUAL {
            assert!(theirs.iter().all(|name| plain(name).as_ref() == *name));
        }
    }

    #[test]
    fn names_become_tags() {
        for (name, tag) in [
            ("Sub ID 1", Some("sub_id_1")),
            ("utm_source", Some("utm_source")),
            ("contact.Loan-Amount", Some("contact_loan_amount")),
            ("__x__", Some("x")),
            ("é", None),
            ("", None),
        ] {
            assert_eq!(as_tag(name).as_deref(), tag, "{name}");
        }
    }
}
