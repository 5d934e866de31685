//! Whether a talk may be recorded without telling the people who talk: what the account chose, and what the law of both
//! ends asks for.
//!
//! It is no legal advice, and errs on the side of telling people: where an end is not known, or the law is not in the table,
//! there is a notice. A number tells where it was given out; a person may be elsewhere.

use crate::base::area::area_code_of;
use crate::base::{PhoneNumber, words};

words! {
    /// What an account chose about the recording of its talks.
    #[derive(Default)]
    RecordingConsent {
        /// A talk is recorded once the caller heard a recording notice in the call flow.
        #[default]
        Notice = "notice",
        /// Without a notice too, when the law of both ends allows it.
        ByLaw = "by_law",
        /// Without a notice too, on the account's own responsibility.
        Waiver = "waiver",
    }
}

/// How many of those who talk must agree to a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentRule {
    /// One of them, who may be the one that records.
    One,
    /// All of them.
    All,
}

use ConsentRule::{All, One};

/// The states of the United States and what their law says of telephone calls, with its place. One end in a state of
/// [`All`] is enough for a notice: *Kearney v. Salomon Smith Barney*, 39 Cal. 4th 95 (2006). Federal law asks for one:
/// 18 U.S.C. 2511(2)(d). Where courts disagree or the text is two-sided, the stricter reading stands here.
///
/// Vermont has no statute and is left out, as are the territories (Puerto Rico asks for all): what is not here is unknown.
/// So is every other country: Canada's Criminal Code 184(2) asks for one, but its privacy law (PIPEDA, principle 4.3) and
/// the GDPR of the European Union and the United Kingdom (articles 6 and 13) make a business tell people.
const STATES: [(&str, ConsentRule, &str); 50] = [
    ("AK", One, "Alaska Stat. 42.20.310"),
    ("AL", One, "Ala. Code 13A-11-30"),
    ("AR", One, "Ark. Code 5-60-120"),
    ("AZ", One, "Ariz. Rev. Stat. 13-3005, 13-3012"),
    ("CA", All, "Cal. Penal Code 632, 632.7"),
    ("CO", One, "Colo. Rev. Stat. 18-9-303"),
    ("CT", All, "Conn. Gen. Stat. 52-570d"),
    ("DC", One, "D.C. Code 23-542"),
    (
        "DE",
        All,
        "Del. Code tit. 11, 1335(a)(4); but tit. 11, 2402",
    ),
    ("FL", All, "Fla. Stat. 934.03(2)(d)"),
    ("GA", One, "Ga. Code 16-11-62, 16-11-66"),
    ("HI", One, "Haw. Rev. Stat. 803-42"),
    ("IA", One, "Iowa Code 808B.2"),
    ("ID", One, "Idaho Code 18-6702"),
    ("IL", All, "720 Ill. Comp. Stat. 5/14-2"),
    ("IN", One, "Ind. Code 35-31.5-2-176"),
    ("KS", One, "Kan. Stat. 21-6101"),
    ("KY", One, "Ky. Rev. Stat. 526.010"),
    ("LA", One, "La. Rev. Stat. 15:1303"),
    ("MA", All, "Mass. Gen. Laws ch. 272, 99"),
    ("MD", All, "Md. Code, Cts. & Jud. Proc. 10-402"),
    ("ME", One, "Me. Rev. Stat. tit. 15, 709-710"),
    (
        "MI",
        All,
        "Mich. Comp. Laws 750.539c; but Sullivan v. Gray (1982)",
    ),
    ("MN", One, "Minn. Stat. 626A.02"),
    ("MO", One, "Mo. Rev. Stat. 542.402"),
    ("MS", One, "Miss. Code 41-29-531"),
    ("MT", All, "Mont. Code 45-8-213"),
    ("NC", One, "N.C. Gen. Stat. 15A-287"),
    ("ND", One, "N.D. Cent. Code 12.1-15-02"),
    ("NE", One, "Neb. Rev. Stat. 86-290"),
    ("NH", All, "N.H. Rev. Stat. 570-A:2"),
    ("NJ", One, "N.J. Stat. 2A:156A-4"),
    ("NM", One, "N.M. Stat. 30-12-1"),
    (
        "NV",
        All,
        "Nev. Rev. Stat. 200.620; Lane v. Allstate (1998)",
    ),
    ("NY", One, "N.Y. Penal Law 250.00, 250.05"),
    ("OH", One, "Ohio Rev. Code 2933.52"),
    ("OK", One, "Okla. Stat. tit. 13, 176.4"),
    ("OR", One, "Or. Rev. Stat. 165.540(1)(a), for telephones"),
    ("PA", All, "18 Pa. Cons. Stat. 5703, 5704(4)"),
    ("RI", One, "R.I. Gen. Laws 11-35-21"),
    ("SC", One, "S.C. Code 17-30-30"),
    ("SD", One, "S.D. Codified Laws 23A-35A-20"),
    ("TN", One, "Tenn. Code 39-13-601"),
    ("TX", One, "Tex. Penal Code 16.02"),
    ("UT", One, "Utah Code 77-23a-4"),
    ("VA", One, "Va. Code 19.2-62"),
    ("WA", All, "Wash. Rev. Code 9.73.030"),
    ("WI", One, "Wis. Stat. 968.31; for a court all: 885.365"),
    ("WV", One, "W. Va. Code 62-1D-3"),
    ("WY", One, "Wyo. Stat. 7-3-702"),
];

/// What the law says where a number was given out; `None`: it is not known.
#[must_use]
pub fn consent_rule(number: PhoneNumber) -> Option<ConsentRule> {
    // Toll-free and unknown codes have no state, and provinces of Canada are not in the table.
    let state = area_code_of(number)?.state;
    let found = STATES.iter().find(|(code, _, _)| *code == state);
    found.map(|(_, rule, _)| *rule)
}

/// Whether a talk between a caller and a destination may be recorded though nobody was told. A caller whose number is
/// withheld could be anywhere, and so could a destination that has none.
#[must_use]
pub fn may_record_untold(
    chosen: RecordingConsent,
    caller: Option<PhoneNumber>,
    destination: Option<PhoneNumber>,
) -> bool {
    match chosen {
        RecordingConsent::Notice => false,
        RecordingConsent::Waiver => true,
        RecordingConsent::ByLaw => {
            let ends = [caller, destination];
            let allows = |end: Option<PhoneNumber>| end.and_then(consent_rule) == Some(One);
            ends.into_iter().all(allows)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DALLAS: PhoneNumber = PhoneNumber::from_digits(12_145_550_100);
    const NEW_YORK: PhoneNumber = PhoneNumber::from_digits(12_125_550_100);
    const LOS_ANGELES: PhoneNumber = PhoneNumber::from_digits(12_135_550_100);
    const TOLL_FREE: PhoneNumber = PhoneNumber::from_digits(18_005_550_100);
    const TORONTO: PhoneNumber = PhoneNumber::from_digits(14_165_550_100);
    const LONDON: PhoneNumber = PhoneNumber::from_digits(442_079_460_000);
    const BURLINGTON: PhoneNumber = PhoneNumber::from_digits(18_025_550_100);

    #[test]
    fn nobody_is_recorded_untold_unless_both_ends_are_known_to_allow_it() {
        for (caller, destination, untold) in [
            (Some(DALLAS), NEW_YORK, true),
            (Some(DALLAS), DALLAS, true),
            (Some(LOS_ANGELES), DALLAS, false),
            (Some(DALLAS), LOS_ANGELES, false),
            (None, DALLAS, false),
            (Some(TOLL_FREE), DALLAS, false),
            (Some(DALLAS), TOLL_FREE, false),
            (Some(TORONTO), DALLAS, false),
            (Some(DALLAS), LONDON, false),
            (Some(BURLINGTON), DALLAS, false),
        ] {
            let destination = Some(destination);
            let by_law = may_record_untold(RecordingConsent::ByLaw, caller, destination);
            assert_eq!(by_law, untold, "{caller:?} to {destination:?}");
            assert!(!may_record_untold(
                RecordingConsent::Notice,
                caller,
                destination
            ));
            assert!(may_record_untold(
                RecordingConsent::Waiver,
                caller,
                destination
            ));
        }
    }

    #[test]
    fn a_destination_without_a_number_could_be_anywhere() {
        let records = |chosen| may_record_untold(chosen, Some(DALLAS), None);
        assert!(!records(RecordingConsent::ByLaw));
        assert!(records(RecordingConsent::Waiver));
    }

    #[test]
    fn each_state_stands_once_in_order_with_its_source() {
        assert!(STATES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(STATES.iter().all(|(_, _, source)| !source.is_empty()));
        let all: Vec<_> = STATES.iter().filter(|s| s.1 == All).map(|s| s.0).collect();
        let expected = [
            "CA", "CT", "DE", "FL", "IL", "MA", "MD", "MI", "MT", "NH", "NV", "PA", "WA",
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn only_area_codes_of_the_states_have_a_rule() {
        assert_eq!(consent_rule(DALLAS), Some(One));
        assert_eq!(consent_rule(LOS_ANGELES), Some(All));
        for number in [TOLL_FREE, TORONTO, LONDON, BURLINGTON] {
            assert_eq!(consent_rule(number), None, "{number:?}");
        }
    }
}
