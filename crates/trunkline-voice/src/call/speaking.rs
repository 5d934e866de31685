//! Speaking with a caller who is alone: answering, playing, and questions that are answered with keys.

use std::sync::Arc;
use std::time::{Duration, Instant as StdInstant};

use tokio::time::{Instant, sleep_until};
use trunkline_core::call::flow::{Gather, GatherEnd, Prompt};
use trunkline_engine::call::control::{SOUND_WAIT_MS, Sound};

use super::Call;
use super::ending::End;
use super::happening::{News, far, signs_of_life};
use crate::media::Seat;
use crate::media::relay::{Listening, Speech};
use crate::media::sdp::Description;
use crate::sip::session_timer::Agreed;

/// What a sound may be late beyond the engine's own limit before the call goes on without it.
const SOUND_GRACE: Duration = Duration::from_millis(250);

/// How an answer with keys goes on after one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pressed {
    Ends(GatherEnd),
    GoesOn,
}

impl Call {
    /// Answers the caller, unless that was done.
    pub(super) async fn answer_alone(&mut self) -> Result<(), End> {
        if self.answered_at.is_some() {
            return Ok(());
        }
        let ours = match &self.offer {
            Some(offer) => offer.clone().own_answer(),
            None => Description::own_offer(&self.caller.trunk.codecs),
        };
        self.answer(&ours).await;
        self.attend().await;
        // A late offer is answered with the ACK; until then nobody knows where to send.
        while self.caller.answers_in_ack {
            let happened = self.happens().await;
            let news = self.on(happened).await?;
            self.note(news)?;
        }
        Ok(())
    }

    /// Answers the caller with a description.
    pub(super) async fn answer(&mut self, description: &Description) {
        let sdp = self.caller.describe(description);
        if self.offer.is_some() {
            self.caller.agree(description, &self.relay).await;
        }
        let ours_s = self.limits.session_expires_s;
        let agreed =
            Agreed::as_uas(self.session, ours_s, self.core.min_session_s).unwrap_or(Agreed {
                interval_s: ours_s,
                we_refresh: true,
                supported: false,
            });
        self.caller.start_timer(agreed);
        self.caller.answers_in_ack = self.offer.is_none();
        self.caller.leg.answer(sdp, agreed);
        self.answered_at = Some(StdInstant::now());
        self.signs_of_life = Some(signs_of_life());
    }

    /// Turns to a caller who is alone: keys are heard, then silence is sent, and the far end is watched. Who hears us is
    /// heard.
    pub(super) async fn attend(&mut self) {
        let listening = Listening {
            keys: true,
            ..Listening::default()
        };
        self.relay.listen(Seat::CALLER, Some(listening)).await;
        self.relay.speak(Seat::CALLER, Some(Speech::Silence)).await;
        self.watch_media().await;
    }

    /// Fetches a sound; `None` when there is none in time.
    pub(super) async fn sound(&mut self, prompt: &Prompt) -> Result<Option<Arc<Sound>>, End> {
        let control = Arc::clone(&self.core.control);
        let (id, wait) = (self.id, Duration::from_millis(SOUND_WAIT_MS) + SOUND_GRACE);
        let sound = tokio::time::timeout(wait, control.sound(id, prompt));
        let sound = self.meanwhile(sound).await?.ok().flatten();
        if sound.is_none() {
            self.core.counters.sounds_missing.one();
            tracing::warn!(%id, "a sound is missing and passed over");
        }
        Ok(sound)
    }

    /// Begins to play a sound; its number tells when it is over.
    pub(super) async fn say(&mut self, seat: Seat, sound: Arc<Sound>) -> u32 {
        self.sounds = self.sounds.wrapping_add(1);
        let speech = Speech::Once(self.sounds, sound);
        self.relay.speak(seat, Some(speech)).await;
        self.sounds
    }

    /// Plays to the caller, to the end; false when there is no such sound.
    pub(super) async fn play(&mut self, prompt: &Prompt) -> Result<bool, End> {
        self.answer_alone().await?;
        let sound = self.sound(prompt).await?;
        let heard = sound.is_some();
        if let Some(sound) = sound {
            self.play_out(sound).await?;
        }
        self.keys.clear();
        Ok(heard)
    }

    /// Plays a sound to its end.
    pub(super) async fn play_out(&mut self, sound: Arc<Sound>) -> Result<(), End> {
        let id = self.say(Seat::CALLER, sound).await;
        loop {
            let happened = self.happens().await;
            match self.on(happened).await? {
                Some(News::Played(over)) if over == id => return Ok(()),
                Some(News::Engine(actions)) => self.heed(actions)?,
                _ => {}
            }
        }
    }

    /// Asks the caller for keys.
    pub(super) async fn gather(&mut self, gather: &Gather) -> Result<(String, GatherEnd), End> {
        self.answer_alone().await?;
        let sound = match &gather.prompt {
            Some(prompt) => self.sound(prompt).await?,
            None => None,
        };
        let mut digits = String::new();
        // What was pressed since the last question belongs to this one, unless it must be heard first.
        let early = std::mem::take(&mut self.keys);
        for key in early.chars().filter(|_| gather.barge_in) {
            if let Pressed::Ends(end) = press(gather, &mut digits, key) {
                return Ok((digits, end));
            }
        }
        let mut playing = match sound {
            Some(sound) if digits.is_empty() => Some(self.say(Seat::CALLER, sound).await),
            _ => None,
        };
        let first = Duration::from_millis(gather.timeout_ms.into());
        let between = Duration::from_millis(gather.between_ms.into());
        let wait = if digits.is_empty() { first } else { between };
        let mut until = if playing.is_some() {
            far()
        } else {
            Instant::now() + wait
        };
        loop {
            let happened = tokio::select! {
                happened = self.happens() => happened,
                () = sleep_until(until), if playing.is_none() => {
                    return Ok((digits, GatherEnd::Timeout));
                }
            };
            match self.on(happened).await? {
                Some(News::Played(over)) if playing == Some(over) => {
                    playing = None;
                    until = Instant::now() + first;
                }
                Some(News::Key(_)) if playing.is_some() && !gather.barge_in => {}
                Some(News::Key(key)) => {
                    if playing.take().is_some() {
                        self.relay.speak(Seat::CALLER, Some(Speech::Silence)).await;
                    }
                    if let Pressed::Ends(end) = press(gather, &mut digits, key) {
                        return Ok((digits, end));
                    }
                    until = Instant::now() + between;
                }
                Some(News::Engine(actions)) => self.heed(actions)?,
                _ => {}
            }
        }
    }
}

/// Adds a key to an answer.
fn press(gather: &Gather, digits: &mut String, key: char) -> Pressed {
    if gather.terminator == Some(key) {
        return Pressed::Ends(GatherEnd::Terminator);
    }
    // A to D are on no caller's telephone.
    if key.is_ascii_digit() || matches!(key, '*' | '#') {
        digits.push(key);
    }
    if digits.len() >= gather.digits_max.max(1) as usize {
        Pressed::Ends(GatherEnd::Full)
    } else {
        Pressed::GoesOn
    }
}
