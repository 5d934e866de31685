//! The rules by which a site's owner names sources, as the API reads and writes them.

use serde::{Deserialize, Serialize};
use trunkline_core::visitor::own::DIRECT_KEEPS_DAYS;
use trunkline_core::visitor::{Channel, OwnRule, OwnTest, SourceRules};
use utoipa::ToSchema;

use crate::problem::Problem;

/// What the owner of a site adds to the rules that name sources.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = SourceRules)]
pub(super) struct SourceRulesItem {
    /// Tried in this order before all other rules.
    own: Vec<OwnRuleItem>,
    /// Whether UTM parameters are believed before a click identifier.
    tags_first: bool,
    /// Hosts that are no source, with those below them.
    ignored: Vec<String>,
    /// A visit that comes directly within so many days of the visitor's last one keeps its source; 0: it is direct. At
    /// most 30, which is what is meant when it is left out.
    #[serde(default = "direct_keeps_days")]
    direct_keeps_days: u32,
}

const fn direct_keeps_days() -> u32 {
    DIRECT_KEEPS_DAYS
}

/// A source of the owner's own. Give `parameter`, with or without `value`, or `referrer`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = SourceRule)]
struct OwnRuleItem {
    /// Name for people, one of its own.
    name: String,
    /// A parameter of the page's address.
    parameter: Option<String>,
    /// Its whole value, without case; any when left out.
    value: Option<String>,
    /// A host the visitor came from, with those below it.
    referrer: Option<String>,
    /// A channel such as `paid_search`.
    channel: String,
    medium: String,
    source: String,
}

impl SourceRulesItem {
    pub(super) fn read(self) -> Result<SourceRules, Problem> {
        let own = self.own.into_iter().map(OwnRuleItem::read);
        Ok(SourceRules {
            own: own.collect::<Result<_, _>>()?,
            tags_first: self.tags_first,
            ignored: self.ignored.iter().map(|host| plain(host)).collect(),
            direct_keeps_days: self.direct_keeps_days,
        })
    }
}

impl OwnRuleItem {
    fn read(self) -> Result<OwnRule, Problem> {
        let name = self.name.trim().to_owned();
        let wrong = |detail: String| Problem::invalid("source_rules", detail);
        let channel = Channel::from_word(&self.channel).ok_or_else(|| {
            let known: Vec<&str> = Channel::ALL.iter().map(|c| c.word()).collect();
            wrong(format!(
                "Rule `{name}`: `{}` is no channel; write one of {}.",
                self.channel,
                known.join(", ")
            ))
        })?;
        let when = match (self.parameter, self.referrer) {
            (Some(parameter), None) => OwnTest::Parameter {
                name: plain(&parameter),
                value: self
                    .value
                    .map(|v| v.trim().to_owned())
                    .filter(|v| !v.is_empty()),
            },
            (None, Some(host)) => OwnTest::Referrer { host: plain(&host) },
            _ => {
                return Err(wrong(format!(
                    "Rule `{name}`: give either a parameter or a referrer."
                )));
            }
        };
        Ok(OwnRule {
            name,
            when,
            channel,
            medium: plain(&self.medium),
            source: plain(&self.source),
        })
    }
}

fn plain(text: &str) -> String {
    text.trim().trim_end_matches('.').to_lowercase()
}

impl From<&SourceRules> for SourceRulesItem {
    fn from(rules: &SourceRules) -> Self {
        let own = rules.own.iter().map(|rule| {
            let (parameter, value, referrer) = match &rule.when {
                OwnTest::Parameter { name, value } => (Some(name.clone()), value.clone(), None),
                OwnTest::Referrer { host } => (None, None, Some(host.clone())),
            };
            OwnRuleItem {
                name: rule.name.clone(),
                parameter,
                value,
                referrer,
                channel: rule.channel.word().to_owned(),
                medium: rule.medium.clone(),
                source: rule.source.clone(),
            }
        });
        Self {
            own: own.collect(),
            tags_first: rules.tags_first,
            ignored: rules.ignored.clone(),
            direct_keeps_days: rules.direct_keeps_days,
        }
    }
}
