//! The block a site's owner pastes: the site's configuration and the loader.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use trunkline_core::assignment::block::{SnippetRule, TestKind};
use trunkline_core::assignment::replacement;
use trunkline_engine::directory::SiteEntry;

use super::assets::{core_name, script};
use super::settings::WireSettings;
use crate::auth::sha256;
use crate::problem::Problem;

/// Format of the configuration element.
const FORMAT: u32 = 1;
/// Id of the configuration element.
const ELEMENT: &str = "trunkline-config";

/// What the set-up page shows.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// For the `<head>` of every page.
    pub block: String,
    /// One tag, for tag managers.
    pub one_tag: String,
    /// For the `<head>` too, with the core inside: no script is fetched.
    pub all_inline: String,
    /// For `script-src` of a content security policy, with `block`.
    pub csp_hash: String,
    /// The same with `all_inline`.
    pub all_inline_csp_hash: String,
    /// Size of the inlined loader after compression, in bytes.
    pub loader_bytes: usize,
    /// Size of the script of `all_inline` after compression, in bytes.
    pub all_inline_bytes: usize,
}

/// The block's configuration; short names, because every page carries it.
#[derive(Debug, Serialize)]
struct Config {
    v: u32,
    c: i64,
    u: String,
    k: String,
    t: Vec<(String, String)>,
    r: Vec<WireRule>,
    #[serde(flatten)]
    settings: WireSettings,
}

/// Kind, parameter names, pattern, and per target the number with its formatted text.
type WireRule = (&'static str, String, String, Vec<Option<Vec<String>>>);

pub(super) fn config(public_url: &str, site: &SiteEntry) -> Result<String, Problem> {
    // Behind the site's own server the page asks its own origin.
    let base = site.site.swap.proxy_path.as_deref().unwrap_or(public_url);
    let config = Config {
        v: FORMAT,
        c: site.site.config_version,
        u: format!("{base}/t/{}", site.site.key),
        k: format!("{base}/t/{}", core_name()?),
        settings: WireSettings::new(&site.site),
        t: site
            .site
            .targets
            .iter()
            .map(|t| (t.id.to_string(), t.number.to_string()))
            .collect(),
        r: site
            .rules
            .iter()
            .map(|rule| wire_rule(site, rule))
            .collect(),
    };
    let text = serde_json::to_string(&config).map_err(|_| Problem::internal())?;
    // Inside a script element only `<` could end it.
    Ok(text.replace('<', "\\u003c"))
}

fn wire_rule(site: &SiteEntry, rule: &SnippetRule) -> WireRule {
    let kind = match rule.kind {
        TestKind::Parameters => "p",
        TestKind::Referrer => "r",
        TestKind::Always => "*",
    };
    let number = |(index, number): (usize, &Option<trunkline_core::assignment::PoolNumber>)| {
        let target = site.site.targets.get(index)?;
        let shown = replacement(target.number, number.as_ref()?.number);
        Some(
            std::iter::once(shown.number.to_string())
                .chain(shown.formatted)
                .collect(),
        )
    };
    let numbers = rule.numbers.iter().enumerate().map(number).collect();
    (kind, rule.names.clone(), rule.pattern.clone(), numbers)
}

/// The forms in which the snippet can be put into pages, and what goes with them.
///
/// # Errors
/// 503 when the program was built without the snippet.
pub(crate) fn block(public_url: &str, site: &SiteEntry) -> Result<Block, Problem> {
    static LOADER_BYTES: OnceLock<usize> = OnceLock::new();
    static INLINE_BYTES: OnceLock<usize> = OnceLock::new();
    let config = config(public_url, site)?;
    let pasted = |script: &str| {
        format!(
            "<script type=\"application/json\" id=\"{ELEMENT}\">{config}</script>\n<script>{script}</script>"
        )
    };
    let (loader, inline) = (script("loader.js")?, script("inline.js")?);
    let (loader, inline) = (loader.trim_end(), inline.trim_end());
    Ok(Block {
        block: pasted(loader),
        one_tag: format!(
            "<script async src=\"{public_url}/t/{}/loader.js\"></script>",
            site.site.key
        ),
        all_inline: pasted(inline),
        csp_hash: csp_hash(loader),
        all_inline_csp_hash: csp_hash(inline),
        loader_bytes: *LOADER_BYTES.get_or_init(|| compressed(loader.as_bytes())),
        all_inline_bytes: *INLINE_BYTES.get_or_init(|| compressed(inline.as_bytes())),
    })
}

/// The source expression that lets an inline script run under a content security policy.
fn csp_hash(script: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(sha256(script.as_bytes())))
}

/// The loader as one file: it adds the configuration element to the page and then runs.
pub(super) fn one_file(public_url: &str, site: &SiteEntry) -> Result<String, Problem> {
    let config = config(public_url, site)?;
    let quoted = serde_json::to_string(&config).map_err(|_| Problem::internal())?;
    let loader = script("loader.js")?;
    Ok(format!(
        "{{const e=document.createElement(\"script\");e.type=\"application/json\";e.id=\"{ELEMENT}\";e.textContent={quoted};(document.head||document.documentElement).append(e)}}\n{loader}"
    ))
}

fn compressed(bytes: &[u8]) -> usize {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.map_or(bytes.len(), |out| out.len())
}
