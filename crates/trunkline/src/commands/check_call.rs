//! `trunkline check-call`: asks the running server to test a site.

use anyhow::bail;

use crate::config::Config;
use crate::control::{self, Request};
use crate::say;

/// Has the server test the site, and prints what it found.
///
/// # Errors
/// When no server runs, or the call was not credited right.
pub(crate) async fn run(config: &Config, site: String) -> anyhow::Result<()> {
    let request = Request::CheckCall { site };
    match control::send(&config.control_socket(), &request).await? {
        Some(told) => say(&told),
        None => bail!("no server runs on this data folder; a test needs one"),
    }
    Ok(())
}
