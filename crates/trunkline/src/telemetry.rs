//! Logs and metrics.

use std::io::IsTerminal;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

use crate::config::{Log, LogFormat};

/// The SIP stack logs whole messages, phone numbers and credentials included, below `warn`.
const QUIET: [&str; 2] = ["rsipstack=warn", "refinery_core=warn"];

/// Starts logging to standard error.
///
/// # Errors
/// When `log.level` cannot be read or logging was started before.
pub(crate) fn log(settings: &Log) -> anyhow::Result<()> {
    let mut filter = EnvFilter::try_new(&settings.level)?;
    for directive in QUIET {
        filter = filter.add_directive(directive.parse::<Directive>()?);
    }
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Pretty => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("logging could not be started: {error}"))
}

/// Starts collecting metrics; the handle renders them for Prometheus.
///
/// # Errors
/// When collecting was started before.
pub(crate) fn metrics() -> anyhow::Result<PrometheusHandle> {
    Ok(PrometheusBuilder::new().install_recorder()?)
}
