//! The library of sounds: uploaded, named, and removed when no flow plays them. And what flows say is spoken again when
//! its sound is not there.

use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, PromptId};

use super::{Setup, SetupError, check_name, invalid};
use crate::call::sounds::UploadError;
use crate::ports::PortError;
use crate::ports::sounds::PromptRow;

/// Most sounds of one account.
pub const PROMPTS_MAX: usize = 1_000;

impl Setup {
    /// Takes an uploaded file into an account's library under a new id.
    ///
    /// # Errors
    /// When the name is wrong, it is no sound, there are too many, or it cannot be stored.
    pub async fn add_prompt(
        &self,
        id: PromptId,
        account: AccountId,
        name: String,
        file: Vec<u8>,
        now: Timestamp,
    ) -> Result<PromptRow, SetupError> {
        check_name("name", &name)?;
        self.check_room(account)?;
        let taken = self
            .sounds
            .take_in(file)
            .await
            .map_err(|error| match error {
                UploadError::Sound(error) => invalid("file", error.to_string()),
                UploadError::Port(error) => error.into(),
            })?;
        let prompt = PromptRow {
            id,
            account,
            name,
            hash: taken.hash,
            duration_ms: i64::try_from(taken.duration_ms).unwrap_or(i64::MAX),
            bytes: i64::try_from(taken.bytes).unwrap_or(i64::MAX),
            created_at: now,
        };
        let _changing = self.changing.lock().await;
        self.check_room(account)?;
        self.to_change().put_prompt(&prompt).await?;
        self.read_back().await?;
        Ok(prompt)
    }

    fn check_room(&self, account: AccountId) -> Result<(), SetupError> {
        if self.directory.now().prompts_of(account).len() >= PROMPTS_MAX {
            let message = format!(
                "an account has at most {PROMPTS_MAX} sounds; remove some that no flow plays"
            );
            return Err(invalid("file", message));
        }
        Ok(())
    }

    /// Gives a sound another name.
    ///
    /// # Errors
    /// When the name is wrong, there is no such sound, or the store refuses.
    pub async fn rename_prompt(&self, id: PromptId, name: String) -> Result<(), SetupError> {
        check_name("name", &name)?;
        let _changing = self.changing.lock().await;
        let directory = self.directory.now();
        let prompt = directory.prompt(id);
        let prompt = prompt.ok_or_else(|| invalid("id", "there is no such sound"))?;
        let mut prompt = PromptRow::clone(prompt);
        prompt.name = name;
        self.to_change().put_prompt(&prompt).await?;
        Ok(self.read_back().await?)
    }

    /// Removes a sound. Its file goes later, when no other sound is the same.
    ///
    /// # Errors
    /// When a flow plays it, in its draft or as published, or the store is away.
    pub async fn delete_prompt(&self, id: PromptId) -> Result<bool, SetupError> {
        let _changing = self.changing.lock().await;
        let directory = self.directory.now();
        let Some(prompt) = directory.prompt(id) else {
            return Ok(false);
        };
        let users = directory.users_of_prompt(prompt);
        if !users.is_empty() {
            let names: Vec<String> = users.iter().map(|f| format!("`{}`", f.name)).collect();
            let names = names.join(", ");
            let message = format!("it is played by {names}; take it out of there first");
            return Err(PortError::Conflict(message).into());
        }
        let there = self.to_change().delete_prompt(id).await?;
        self.read_back().await?;
        Ok(there)
    }

    /// Speaks what published flows say and is not kept, for example because the speech engine is another one now; the
    /// number of texts. A flow that cannot be spoken is told in the log and left as it is.
    pub async fn speak_missing(&self) -> usize {
        if !self.sounds.speaks() {
            return 0;
        }
        let mut spoken = 0;
        for flow in self.directory.now().flows() {
            let Some(published) = &flow.published else {
                continue;
            };
            match self.sounds.speak_all(&published.document).await {
                Ok(texts) => spoken += texts,
                Err((node, error)) => {
                    tracing::warn!(flow = %flow.id, node, %error, "a published text cannot be spoken");
                }
            }
        }
        spoken
    }

    /// Removes the files of sounds that nothing uses any more, neither flows nor the texts of these challenges; how many.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn tidy_sounds(
        &self,
        challenges: &[String],
        now: Timestamp,
    ) -> Result<usize, SetupError> {
        let directory = self.directory.now();
        let stored = directory.prompts().map(|prompt| prompt.hash);
        let published = directory.flows().filter_map(|f| f.published.as_ref());
        let flows = published.map(|p| p.document.as_ref());
        let challenges = challenges.iter().map(String::as_str);
        Ok(self.sounds.tidy(stored, flows, challenges, now).await?)
    }
}
