//! What the server's own tests of sites found.

use async_trait::async_trait;
use trunkline_core::base::id::SiteId;

use super::PortResult;
use crate::check::CheckResult;

/// Keeps the last result of each site.
#[async_trait]
pub trait CheckRecords: Send + Sync {
    /// The last result of every site that was tested.
    async fn checks(&self) -> PortResult<Vec<(SiteId, CheckResult)>>;
    /// Keeps a result in the place of the one before; that of a site which is gone is kept by nobody.
    async fn put_check(&self, site: SiteId, found: &CheckResult) -> PortResult<()>;
}
