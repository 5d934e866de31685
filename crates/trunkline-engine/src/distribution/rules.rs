//! What each thing must be, and what stands against putting it away.

use std::sync::Arc;

use trunkline_core::base::id::{
    AccountId, BuyerId, CampaignId, ContractId, DestinationId, FeedId, PublisherId,
};
use trunkline_core::base::{SipAddress, Timestamp};
use trunkline_core::routing::{FeedDocument, Layer, Problem, problems_of_duplicates};

use super::documents;
use super::things::{Sight, Thing, check_name, same_name};
use super::uses::named;
use super::{DistributionError, Market, invalid};
use crate::ports::distribution::{
    Buyer, Campaign, Contract, Delivery, Destination, Feed, Publisher, TermsDocument, TermsOf,
    ThingChange,
};

/// Longest note, in characters.
const NOTE_MAX: usize = 2_000;
/// Longest word of a trade.
const VERTICAL_MAX: usize = 40;
/// Longest document of an endpoint, and of the fields of leads, in bytes.
const DOCUMENT_BYTES_MAX: usize = 64 * 1024;
/// Longest address of a destination, in bytes.
const ADDRESS_MAX: usize = 254;
/// The largest credit limit: a thousand million.
const CREDIT_MICROS_MAX: i64 = 1_000_000_000 * 1_000_000;

type Checked = Result<(), DistributionError>;

/// What is the same of every thing.
macro_rules! thing {
    ($thing:ident, $id:ty, $noun:literal, $max:literal, $find:expr, $count:expr) => {
        type Id = $id;
        const NOUN: &'static str = $noun;
        const MAX: usize = $max;

        fn find(market: &Market, id: $id) -> Option<&Arc<Self>> {
            let find: fn(&Market, $id) -> Option<&Arc<Self>> = $find;
            find(market, id)
        }

        fn count(market: &Market) -> usize {
            let count: fn(&Market) -> usize = $count;
            count(market)
        }

        fn id(&self) -> $id {
            self.id
        }

        fn account(&self) -> AccountId {
            self.account
        }

        fn archived_at(&self) -> Option<Timestamp> {
            self.archived_at
        }

        fn archive(&mut self, at: Option<Timestamp>) {
            self.archived_at = at;
        }

        fn into_change(self) -> ThingChange {
            ThingChange::$thing(self)
        }
    };
}

fn layer() -> TermsDocument {
    TermsDocument::Layer(Arc::new(Layer::default()))
}

fn in_use(what: &str, users: &[String]) -> Checked {
    if users.is_empty() {
        return Ok(());
    }
    Err(DistributionError::Conflict(format!(
        "{what}: {}; put that away first, or take it out there",
        named(users)
    )))
}

fn check_note(note: &str) -> Checked {
    if note.chars().count() > NOTE_MAX {
        let message = format!("write at most {NOTE_MAX} characters");
        return Err(invalid("note", message));
    }
    Ok(())
}

/// Names of those that are not put away, without one.
fn names<'a, T: Thing>(
    all: impl Iterator<Item = &'a Arc<T>> + 'a,
    without: &'a T,
    name: impl Fn(&T) -> &str + 'a,
) -> impl Iterator<Item = &'a str>
where
    T::Id: PartialEq,
{
    let name = move |thing: &'a Arc<T>| name(thing);
    all.filter(|t| t.archived_at().is_none() && t.id() != without.id())
        .map(name)
}

impl Thing for Publisher {
    thing!(
        Publisher,
        PublisherId,
        "publisher",
        2_000,
        |m, id| m.publishers.get(&id),
        |m| m.publishers.len()
    );

    fn first_terms(&self) -> Option<(TermsOf, TermsDocument)> {
        None
    }

    fn says(&self) -> Vec<TermsOf> {
        Vec::new()
    }

    fn check(&self, sight: &Sight<'_>) -> Checked {
        check_name(&self.name)?;
        check_note(&self.note)?;
        let others = names(sight.market.publishers.values(), self, |p| &p.name);
        same_name(others, &self.name, Self::NOUN)
    }

    fn check_unused(&self, sight: &Sight<'_>) -> Checked {
        let market = sight.market;
        let feeds = market.feeds.values().map(|f| &f.feed);
        let own = feeds.filter(|f| f.publisher == self.id && f.archived_at.is_none());
        let users: Vec<String> = own.filter_map(|f| market.name(f.id.into())).collect();
        in_use("the publisher sends something", &users)
    }
}

impl Thing for Campaign {
    thing!(
        Campaign,
        CampaignId,
        "campaign",
        1_000,
        |m, id| Some(&m.campaigns.get(&id)?.campaign),
        |m| m.campaigns.len()
    );

    fn first_terms(&self) -> Option<(TermsOf, TermsDocument)> {
        Some((self.id.into(), layer()))
    }

    fn says(&self) -> Vec<TermsOf> {
        vec![self.id.into(), self.plan.into()]
    }

    fn check(&self, sight: &Sight<'_>) -> Checked {
        check_name(&self.name)?;
        let campaigns = sight.market.campaigns.values().map(|c| &c.campaign);
        same_name(names(campaigns, self, |c| &c.name), &self.name, Self::NOUN)?;
        let is_word = |word: &String| {
            let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            (1..=VERTICAL_MAX).contains(&word.len()) && word.bytes().all(letters)
        };
        if self.vertical.as_ref().is_some_and(|word| !is_word(word)) {
            return Err(invalid(
                "vertical",
                format!(
                    "write a word of 1 to {VERTICAL_MAX} small letters, digits or _, such as home_services"
                ),
            ));
        }
        if self.fields.len() > DOCUMENT_BYTES_MAX {
            let message = format!("write at most {DOCUMENT_BYTES_MAX} bytes of JSON");
            return Err(invalid("fields", message));
        }
        // Their places begin with `fields` by themselves.
        documents::fields(&self.fields).map_err(DistributionError::Problems)?;
        let mut problems = problems_of_duplicates(&self.duplicates);
        let compliance = self.compliance.problems(sight.market.shelf());
        for (whose, found) in [
            ("leads", self.leads.problems()),
            ("compliance", compliance),
            ("recordings", self.recordings.problems()),
        ] {
            problems.extend(found.into_iter().map(|p| Problem {
                place: format!("{whose}.{}", p.place),
                ..p
            }));
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(DistributionError::Problems(problems))
        }
    }

    fn check_unused(&self, sight: &Sight<'_>) -> Checked {
        let market = sight.market;
        let feeds = market.feeds.values().map(|f| &f.feed);
        let own = feeds.filter(|f| f.campaign == self.id && f.archived_at.is_none());
        let users: Vec<String> = own.filter_map(|f| market.name(f.id.into())).collect();
        in_use("the campaign has feeds", &users)
    }
}

impl Thing for Feed {
    thing!(
        Feed,
        FeedId,
        "feed",
        10_000,
        |m, id| Some(&m.feeds.get(&id)?.feed),
        |m| m.feeds.len()
    );

    fn first_terms(&self) -> Option<(TermsOf, TermsDocument)> {
        let document = TermsDocument::Feed(Arc::new(FeedDocument::default()));
        Some((self.id.into(), document))
    }

    fn says(&self) -> Vec<TermsOf> {
        vec![self.id.into()]
    }

    fn check(&self, sight: &Sight<'_>) -> Checked {
        let market = sight.market;
        in_hand(
            "campaign",
            market.campaign(self.campaign).map(|c| &c.campaign),
        )?;
        in_hand("publisher", market.publisher(self.publisher))?;
        let same = market.feed_of(self.campaign, self.publisher);
        if let Some(other) = same.filter(|other| other.feed.id != self.id) {
            let put_away = other.feed.archived_at.map_or("", |_| " that is put away");
            return Err(DistributionError::Conflict(format!(
                "the publisher has a feed for this campaign{put_away}: {}",
                other.feed.id
            )));
        }
        Ok(())
    }

    fn check_unused(&self, sight: &Sight<'_>) -> Checked {
        let directory = sight.directory;
        let numbers = directory.numbers_of(self.account).into_iter();
        let numbers = numbers.filter(|n| n.feed == Some(self.id));
        let pools = directory.pools_of(self.account).into_iter();
        let pools = pools.filter(|p| p.settings.feed == Some(self.id));
        let users: Vec<String> = numbers
            .map(|n| format!("the number {}", n.number))
            .chain(pools.map(|p| format!("the pool `{}`", p.settings.name)))
            .collect();
        in_use("calls come through the feed", &users)
    }
}

impl Thing for Buyer {
    thing!(
        Buyer,
        BuyerId,
        "buyer",
        2_000,
        |m, id| m.buyers.get(&id),
        |m| m.buyers.len()
    );

    fn first_terms(&self) -> Option<(TermsOf, TermsDocument)> {
        Some((self.id.into(), layer()))
    }

    fn says(&self) -> Vec<TermsOf> {
        vec![self.id.into()]
    }

    fn check(&self, sight: &Sight<'_>) -> Checked {
        check_name(&self.name)?;
        check_note(&self.note)?;
        let buyers = &sight.market.buyers;
        same_name(
            names(buyers.values(), self, |b| &b.name),
            &self.name,
            Self::NOUN,
        )?;
        let allowed = 0..=CREDIT_MICROS_MAX;
        if self
            .credit_limit_micros
            .is_some_and(|m| !allowed.contains(&m))
        {
            return Err(invalid(
                "credit_limit",
                "write an amount from 0 to 1000000000, or leave it out for none",
            ));
        }
        let Some(company) = self.company else {
            return Ok(());
        };
        if company == self.id {
            let message = "a buyer that stands alone names no company; leave it out";
            return Err(invalid("company", message));
        }
        let company = buyers.get(&company).filter(|b| b.archived_at.is_none());
        let company = company.ok_or_else(|| invalid("company", "there is no such buyer"))?;
        if company.company.is_some() {
            let message = format!(
                "`{}` belongs to a company itself; choose that company",
                company.name
            );
            return Err(invalid("company", message));
        }
        if let Some(member) = buyers.values().find(|b| b.company == Some(self.id)) {
            let message = format!(
                "`{}` belongs to this buyer, so that it can belong to nobody",
                member.name
            );
            return Err(invalid("company", message));
        }
        Ok(())
    }

    fn check_unused(&self, sight: &Sight<'_>) -> Checked {
        let market = sight.market;
        let own = market.destinations.values();
        let own = own.filter(|d| d.buyer == self.id && d.archived_at.is_none());
        let members = market.buyers.values();
        let members = members.filter(|b| b.company == Some(self.id) && b.archived_at.is_none());
        let users: Vec<String> = own
            .filter_map(|d| market.name(d.id.into()))
            .chain(members.filter_map(|b| market.name(b.id.into())))
            .collect();
        in_use("the buyer has destinations or members", &users)
    }
}

impl Thing for Destination {
    thing!(
        Destination,
        DestinationId,
        "destination",
        10_000,
        |m, id| m.destinations.get(&id),
        |m| m.destinations.len()
    );

    fn first_terms(&self) -> Option<(TermsOf, TermsDocument)> {
        Some((self.id.into(), layer()))
    }

    fn says(&self) -> Vec<TermsOf> {
        vec![self.id.into()]
    }

    fn check(&self, sight: &Sight<'_>) -> Checked {
        check_name(&self.name)?;
        let market = sight.market;
        in_hand("buyer", market.buyer(self.buyer))?;
        let siblings = market.destinations.values();
        let siblings = siblings.filter(|d| d.buyer == self.buyer);
        same_name(names(siblings, self, |d| &d.name), &self.name, Self::NOUN)?;
        check_delivery(self, sight)
    }

    fn check_unused(&self, sight: &Sight<'_>) -> Checked {
        let market = sight.market;
        let contracts = market.contracts.values().map(|c| &c.contract);
        let own = contracts.filter(|c| c.destination == self.id && c.archived_at.is_none());
        let users: Vec<String> = own.filter_map(|c| market.name(c.id.into())).collect();
        in_use("the destination has contracts", &users)
    }
}

impl Thing for Contract {
    thing!(
        Contract,
        ContractId,
        "contract",
        10_000,
        |m, id| Some(&m.contracts.get(&id)?.contract),
        |m| m.contracts.len()
    );

    fn first_terms(&self) -> Option<(TermsOf, TermsDocument)> {
        Some((self.id.into(), layer()))
    }

    fn says(&self) -> Vec<TermsOf> {
        vec![self.id.into()]
    }

    fn check(&self, sight: &Sight<'_>) -> Checked {
        check_name(&self.name)?;
        let market = sight.market;
        in_hand(
            "campaign",
            market.campaign(self.campaign).map(|c| &c.campaign),
        )?;
        in_hand("destination", market.destination(self.destination))?;
        let contracts = market.contracts.values().map(|c| &c.contract);
        let siblings = contracts.filter(|c| c.campaign == self.campaign);
        same_name(names(siblings, self, |c| &c.name), &self.name, Self::NOUN)
    }

    fn check_unused(&self, sight: &Sight<'_>) -> Checked {
        in_use(
            "the contract stands in a plan",
            &sight.market.plans_with(self.id),
        )
    }
}

/// That what a thing names is there and not put away.
fn in_hand<T: Thing>(field: &'static str, found: Option<&Arc<T>>) -> Checked {
    match found {
        None => Err(invalid(field, format!("there is no such {}", T::NOUN))),
        Some(thing) if thing.archived_at().is_some() => {
            let message = format!("the {} is put away; take it out again first", T::NOUN);
            Err(invalid(field, message))
        }
        Some(_) => Ok(()),
    }
}

fn check_delivery(destination: &Destination, sight: &Sight<'_>) -> Checked {
    let plain =
        |text: &str| text.len() <= ADDRESS_MAX && text.bytes().all(|b| b.is_ascii_graphic());
    match &destination.delivery {
        Delivery::Phone(number) => {
            // Whether somebody else's account has a number is nobody's business.
            match sight.directory.number_by_digits(*number) {
                Some(own) if own.account == destination.account => Err(invalid(
                    "address",
                    "this is a tracking number itself; calls would go in a circle",
                )),
                Some(_) => Err(invalid(
                    "address",
                    "this number cannot be rung from here; write another one",
                )),
                None => Ok(()),
            }
        }
        Delivery::Sip(address) => SipAddress::parse(address)
            .map(drop)
            .map_err(|error| invalid("address", error.to_string())),
        Delivery::Email(address, endpoint) => {
            let parts = address.split_once('@');
            let named = parts.is_some_and(|(user, host)| {
                !user.is_empty() && host.contains('.') && !host.contains('@')
            });
            if !named || !plain(address) || address.contains([',', ';', '<', '>']) {
                let message = "write one mail address such as leads@buyer.example";
                return Err(invalid("address", message));
            }
            check_mail(address, endpoint.as_deref())
        }
        Delivery::Http(endpoint) => check_endpoint(endpoint),
        Delivery::None => Ok(()),
    }
}

fn check_endpoint(text: &str) -> Checked {
    if text.len() > DOCUMENT_BYTES_MAX {
        let message = format!("write at most {DOCUMENT_BYTES_MAX} bytes of JSON");
        return Err(invalid("endpoint", message));
    }
    usable("endpoint", documents::endpoint(text).map(drop))
}

fn check_mail(address: &str, text: Option<&str>) -> Checked {
    if text.is_some_and(|text| text.len() > DOCUMENT_BYTES_MAX) {
        let message = format!("write at most {DOCUMENT_BYTES_MAX} bytes of JSON");
        return Err(invalid("endpoint", message));
    }
    usable("endpoint", documents::mail(address, text).map(drop))
}

/// The problems of a document that stands in this field.
fn usable(field: &str, ready: Result<(), Vec<Problem>>) -> Checked {
    ready.map_err(|problems| {
        let within = |problem: Problem| Problem {
            place: match problem.place.as_str() {
                "" => field.to_owned(),
                place => format!("{field}.{place}"),
            },
            message: problem.message,
        };
        DistributionError::Problems(problems.into_iter().map(within).collect())
    })
}
