//! What the server's own tests of sites found last.

use async_trait::async_trait;
use trunkline_core::base::id::SiteId;
use trunkline_engine::check::CheckResult;
use trunkline_engine::ports::{CheckRecords, PortResult};

use crate::{Store, args};

crate::statements! { "checks";
    CHECKS = "SELECT site, checked_at, took_ms, page, number, call, wrong FROM site_check ORDER BY site";
    /// A site that was removed while it was tested keeps nothing.
    PUT_CHECK = "INSERT INTO site_check (site, checked_at, took_ms, page, number, call, wrong) \
        SELECT s.id, $2, $3, $4, $5, $6, $7 FROM site AS s WHERE s.id = $1 \
        ON CONFLICT (site) DO UPDATE SET checked_at = excluded.checked_at, took_ms = excluded.took_ms, \
        page = excluded.page, number = excluded.number, call = excluded.call, wrong = excluded.wrong";
}

#[async_trait]
impl CheckRecords for Store {
    async fn checks(&self) -> PortResult<Vec<(SiteId, CheckResult)>> {
        self.many(CHECKS, args![], |row| {
            let result = CheckResult {
                at: row.get("checked_at")?,
                took_ms: row.get("took_ms")?,
                page: row.get("page")?,
                number: row.get("number")?,
                call: row.get("call")?,
                wrong: row.get("wrong")?,
            };
            Ok((row.get("site")?, result))
        })
        .await
    }

    async fn put_check(&self, site: SiteId, found: &CheckResult) -> PortResult<()> {
        let values = args![
            site,
            found.at,
            found.took_ms,
            &found.page,
            found.number,
            found.call,
            found.wrong.as_ref()
        ];
        self.change(PUT_CHECK, values, crate::db::Expect::Any)
            .await
            .map(drop)
    }
}
