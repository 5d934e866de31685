//! A message of the caller: greeting, tone, and what is said until it ends.

use std::sync::Arc;
use std::time::{Duration, Instant as StdInstant};

use tokio::time::{Instant, sleep_until};
use trunkline_core::call::flow::FlowEvent;
use trunkline_engine::call::control::Voicemail;

use super::Call;
use super::ending::End;
use super::happening::News;
use super::taping::millis;
use crate::media::Seat;
use crate::media::relay::{Listening, Spoken};
use crate::media::signals;

impl Call {
    /// Greets the caller and records what is said; tells how long it is, also when the caller ends it by hanging up.
    pub(super) async fn take_message(&mut self, voicemail: &Voicemail) -> Result<(), End> {
        self.answer_alone().await?;
        let greeting = match &voicemail.greeting {
            Some(prompt) => self.sound(prompt).await?,
            None => None,
        };
        if let Some(greeting) = greeting {
            self.play_out(greeting).await?;
        }
        if voicemail.beep {
            self.play_out(signals::beep()).await?;
        }
        self.keys.clear();
        self.taping.plan(voicemail.recording.path.clone());
        let spoken = Arc::new(Spoken::since(StdInstant::now()));
        let listening = Listening {
            keys: true,
            speech: Some(Arc::clone(&spoken)),
            answerer: false,
        };
        self.relay.listen(Seat::CALLER, Some(listening)).await;
        self.begin_recording(false).await;
        let ended = self.record_message(voicemail, &spoken).await;
        let said = spoken.until();
        if !said.is_zero() {
            self.taping.keep();
        }
        self.taping.rest(&self.relay).await;
        let recorded = FlowEvent::VoicemailRecorded {
            action: voicemail.action,
            ms: millis(said),
        };
        self.pump.tell(recorded).await;
        ended?;
        self.attend().await;
        Ok(())
    }

    /// Listens until the message ends.
    async fn record_message(&mut self, voicemail: &Voicemail, spoken: &Spoken) -> Result<(), End> {
        let started = Instant::now();
        let longest = started + Duration::from_millis(voicemail.max_ms.into());
        let silence = Duration::from_millis(voicemail.silence_ms.into());
        loop {
            let until = longest.min(started + spoken.until() + silence);
            let happened = tokio::select! {
                happened = self.happens() => happened,
                () = sleep_until(until) => {
                    // More may have been said since the wait began.
                    let now = Instant::now();
                    if now >= longest || now >= started + spoken.until() + silence {
                        return Ok(());
                    }
                    continue;
                }
            };
            match self.on(happened).await? {
                Some(News::Key(_)) => return Ok(()),
                Some(News::Engine(actions)) => self.heed(actions)?,
                _ => {}
            }
        }
    }
}
