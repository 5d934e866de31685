//! A site's draft: worked on beside what is published, looked at through a preview, published as a whole, and rolled
//! back by publishing an earlier version again.

use trunkline_core::assignment::{Site, SiteContent, SiteVersion};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::SiteId;

use super::{Setup, SetupError, check_site, invalid};

impl Setup {
    /// Saves a draft; one that says what is published anyway is none.
    ///
    /// # Errors
    /// When a field is wrong or the store refuses.
    pub async fn save_draft(&self, id: SiteId, content: SiteContent) -> Result<(), SetupError> {
        let _changing = self.changing.lock().await;
        let mut site = self.site_now(id)?;
        check_site(&content.clone().applied(&site))?;
        site.draft = Some(Box::new(content)).filter(|content| **content != SiteContent::of(&site));
        self.to_change().put_site(&site).await?;
        Ok(self.read_back().await?)
    }

    /// Forgets the draft.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn discard_draft(&self, id: SiteId) -> Result<(), SetupError> {
        let _changing = self.changing.lock().await;
        let mut site = self.site_now(id)?;
        site.draft = None;
        self.to_change().put_site(&site).await?;
        Ok(self.read_back().await?)
    }

    /// Publishes the draft as the next version.
    ///
    /// # Errors
    /// When there is none, or the store refuses: a target that numbers stand for cannot go.
    pub async fn publish(&self, id: SiteId, now: Timestamp) -> Result<(), SetupError> {
        let _changing = self.changing.lock().await;
        let site = self.site_now(id)?;
        let draft = site.draft.as_deref().cloned();
        let draft = draft.ok_or_else(|| invalid("draft", "there is no draft to publish"))?;
        let mut next = draft.applied(&site);
        next.published_at = now;
        self.replace_site(next).await
    }

    /// Publishes what an earlier version said, as the next version. The draft stays.
    ///
    /// # Errors
    /// When the version is not kept, or the store refuses.
    pub async fn restore(
        &self,
        id: SiteId,
        version: i64,
        now: Timestamp,
    ) -> Result<(), SetupError> {
        let _changing = self.changing.lock().await;
        let site = self.site_now(id)?;
        let versions = self.configuration.site_versions(id).await?;
        let earlier = versions.into_iter().find(|v| v.version == version);
        let earlier = earlier
            .ok_or_else(|| invalid("version", format!("version {version} is not kept any more")))?;
        let mut next = earlier.content.applied(&site);
        next.draft.clone_from(&site.draft);
        next.published_at = now;
        self.replace_site(next).await
    }

    /// The versions of a site that differ from the one before, newest first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn versions(&self, id: SiteId) -> Result<Vec<SiteVersion>, SetupError> {
        let mut versions = self.configuration.site_versions(id).await?;
        // Newest first: of neighbours that say the same, the first to say it stays.
        versions.reverse();
        versions.dedup_by(|later, earlier| later.content == earlier.content);
        versions.reverse();
        Ok(versions)
    }

    fn site_now(&self, id: SiteId) -> Result<Site, SetupError> {
        let directory = self.directory.now();
        let site = directory.site(id).map(|entry| entry.site.clone());
        site.ok_or_else(|| invalid("site", "there is no such site"))
    }
}
