//! Screening as a use case: what accounts say of it, in memory; who called lately, in memory; and what is read of a
//! caller's earlier calls, for a bounded time and only when it can change what is decided.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use tokio::time::timeout;
use trunkline_core::assignment::TrackingNumber;
use trunkline_core::base::id::{AccountId, NumberId, ScreeningEntryId};
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::call::flow::{Ability, challenge_spoken};
use trunkline_core::call::screening::{
    CallFacts, Caller, Earlier, ListEntry, NOTE_MAX, RecentCall, RecentCallers, Screening,
    ScreeningRule, ScreeningRules, ScreeningSettings, ScreeningVerdict, Unasked, Vouched,
    asks_for_earlier, screen,
};

use super::control::{Arrival, Attestation, Incoming, SOUND_WAIT_MS, Signalled, Verstat};
use super::desk::hold;
use super::sounds::Sounds;
use crate::in_step::InStep;
use crate::ports::screening::ScreeningCounts;
use crate::ports::webhooks::Dialect;
use crate::ports::{PortError, PortResult, ScreeningRecords};
use crate::routing::rtb::Doorkeeper;
use crate::setup::Performers;

/// Most entries on both lists of one account.
pub const ENTRIES_MAX: usize = 5_000;
/// Longest a challenged call waits for the sound of its challenge.
const SOUND_WAIT: Duration = Duration::from_millis(SOUND_WAIT_MS);
/// Digits from which on a caller text that is no number was meant as one.
const DIGITS_MIN: usize = 3;

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScreeningError {
    /// A field does not hold what it must.
    #[error("{message}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong and what to write instead.
        message: String,
    },
    /// The lists are full.
    #[error("the lists hold {ENTRIES_MAX} entries already; remove some first")]
    Full,
    /// The store refused or is away.
    #[error(transparent)]
    Port(#[from] PortError),
}

type Accounts = HashMap<AccountId, Arc<ScreeningRules>>;

/// Screens calls, and changes what accounts say of it.
pub struct Screener {
    records: Arc<dyn ScreeningRecords>,
    accounts: ArcSwap<Accounts>,
    /// What an account has that never changed anything.
    usual: Arc<ScreeningRules>,
    recent: Mutex<RecentCallers>,
    /// What can be asked of whoever performs a call.
    performers: Performers,
    sounds: Arc<Sounds>,
    /// Longest a call waits for its caller's earlier calls.
    store_wait: Duration,
    /// Why the texts of challenges could not be spoken when that was tried last.
    unspoken: Mutex<HashMap<AccountId, String>>,
    /// One change at a time, so that checks and the change they allow see the same lists.
    changing: tokio::sync::Mutex<()>,
    /// Whether memory says what the store says.
    in_step: InStep,
}

impl Screener {
    /// Over the stored rules; [`Screener::reload`] reads them. Calls are challenged only when whoever performs them has
    /// what it takes.
    #[must_use]
    pub fn new(
        records: Arc<dyn ScreeningRecords>,
        performers: Performers,
        sounds: Arc<Sounds>,
        store_wait: Duration,
    ) -> Self {
        Self {
            records,
            accounts: ArcSwap::default(),
            usual: Arc::default(),
            recent: Mutex::default(),
            performers,
            sounds,
            store_wait,
            unspoken: Mutex::default(),
            changing: tokio::sync::Mutex::new(()),
            in_step: InStep::default(),
        }
    }

    /// Reads everything from the store again when a change may have been stored that memory does not say; done again and
    /// again.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn keep_in_step(&self) -> PortResult<()> {
        if self.in_step.is_behind() {
            return self.reload().await;
        }
        Ok(())
    }

    /// Reads everything from the store; at the start.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn reload(&self) -> PortResult<()> {
        let _changing = self.changing.lock().await;
        self.read_back().await
    }

    async fn read_back(&self) -> PortResult<()> {
        let all = self.records.load_screening().await?;
        let mut accounts: HashMap<AccountId, (ScreeningSettings, Vec<ListEntry>)> = HashMap::new();
        for (account, settings) in all.settings {
            accounts.entry(account).or_default().0 = settings;
        }
        for entry in all.entries {
            accounts.entry(entry.account).or_default().1.push(entry);
        }
        let rules = accounts.into_iter().map(|(account, (settings, entries))| {
            let lists = entries.into_iter().collect();
            (account, Arc::new(ScreeningRules { settings, lists }))
        });
        self.accounts.store(Arc::new(rules.collect()));
        self.in_step.is_back();
        Ok(())
    }

    /// What an account says.
    #[must_use]
    pub fn rules(&self, account: AccountId) -> Arc<ScreeningRules> {
        let accounts = self.accounts.load();
        Arc::clone(accounts.get(&account).unwrap_or(&self.usual))
    }

    /// Why callers over SIP who should press a key are let through instead, and what to do; `None` when they are asked, or
    /// nobody has to.
    pub async fn challenge_trouble(&self, account: AccountId) -> Option<String> {
        let rules = self.rules(account);
        if !rules.settings.challenges() {
            return None;
        }
        let text = &rules.settings.challenge_text;
        match self.unasked_over_sip() {
            Some(Unasked::NoEngine) => Some(
                "There is no speech engine to say the text: callers over SIP who should press a key are let through. \
                 Install `flite` or `espeak-ng`, or set one under [speech], and start the server again."
                    .to_owned(),
            ),
            Some(unasked) => Some(format!(
                "Callers over SIP who should press a key are let through, because {}.",
                unasked.phrase()
            )),
            None if self.sounds.challenge_is_kept(text).await => None,
            None => {
                let told = hold(&self.unspoken).get(&account).cloned();
                let why = told.map_or_else(String::new, |why| format!(" ({why})"));
                Some(format!(
                    "The text is not spoken yet{why}: callers over SIP who should press a key are let through until it \
                     is. Save the settings again, or write another text."
                ))
            }
        }
    }

    /// Speaks what challenged callers of an account hear and is not kept; the number of texts. Failing is remembered for
    /// [`Screener::challenge_trouble`].
    async fn speak(&self, account: AccountId) -> usize {
        let rules = self.rules(account);
        if !rules.settings.challenges() || !self.sounds.speaks() {
            return 0;
        }
        let spoken = self
            .sounds
            .speak_challenge(&rules.settings.challenge_text)
            .await;
        let mut unspoken = hold(&self.unspoken);
        match spoken {
            Ok(texts) => {
                unspoken.remove(&account);
                texts
            }
            Err(error) => {
                tracing::warn!(%account, %error, "the text of a challenge cannot be spoken");
                unspoken.insert(account, error.to_string());
                0
            }
        }
    }

    /// Speaks what challenged callers hear and is not kept, for example because the speech engine is another one now; the
    /// number of texts.
    pub async fn speak_missing(&self) -> usize {
        let accounts: Vec<AccountId> = self.accounts.load().keys().copied().collect();
        let mut spoken = 0;
        for account in accounts {
            spoken += self.speak(account).await;
        }
        spoken
    }

    /// The texts of challenges that calls may hear.
    #[must_use]
    pub fn challenge_texts(&self) -> Vec<String> {
        let accounts = self.accounts.load();
        let settings = accounts.values().map(|rules| &rules.settings);
        let challenging = settings.filter(|s| s.challenges());
        challenging.map(|s| s.challenge_text.clone()).collect()
    }

    /// How many calls of an account were stopped since a moment.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn counts(
        &self,
        account: AccountId,
        since: Timestamp,
    ) -> PortResult<ScreeningCounts> {
        self.records.screening_counts(account, since).await
    }

    /// Replaces the settings of an account, and speaks what challenged callers hear. Whether that went well is told by
    /// [`Screener::challenge_trouble`].
    ///
    /// # Errors
    /// When a field is wrong or the store refuses.
    pub async fn set(
        &self,
        account: AccountId,
        settings: &ScreeningSettings,
    ) -> Result<(), ScreeningError> {
        settings.check().map_err(|fault| ScreeningError::Invalid {
            field: fault.field,
            message: fault.message,
        })?;
        {
            let _changing = self.changing.lock().await;
            self.to_change().await?;
            self.records.put_screening(account, settings).await?;
            self.change(account, |rules| rules.settings = settings.clone());
        }
        // While nothing is held, for it takes its time; until then callers are let through.
        self.speak(account).await;
        Ok(())
    }

    /// Puts a caller on a list, and takes it off the other. Entries that ended make room.
    ///
    /// # Errors
    /// When the note is too long, it would have ended already, the lists are full or the store refuses.
    pub async fn add(&self, entry: &ListEntry) -> Result<(), ScreeningError> {
        let long = entry.note.chars().count() > NOTE_MAX;
        if long || entry.note.chars().any(char::is_control) {
            return Err(ScreeningError::Invalid {
                field: "note",
                message: format!("write at most {NOTE_MAX} characters on one line"),
            });
        }
        if !entry.counts(entry.added_at) {
            return Err(ScreeningError::Invalid {
                field: "expires_at",
                message: "write a time that is yet to come, or leave it out".to_owned(),
            });
        }
        let _changing = self.changing.lock().await;
        let rules = self.rules(entry.account);
        let mut room = rules.lists.len() < ENTRIES_MAX;
        room |= rules.lists.entries().any(|e| e.pattern == entry.pattern);
        if !room {
            let ended = rules.lists.entries().find(|e| !e.counts(entry.added_at));
            let ended = ended.ok_or(ScreeningError::Full)?;
            self.take_off(entry.account, ended.id).await?;
        }
        self.to_change().await?;
        self.records.put_entry(entry).await?;
        self.change(entry.account, |rules| {
            let others = rules.lists.entries().filter(|e| e.pattern != entry.pattern);
            rules.lists = others.chain([entry]).cloned().collect();
        });
        Ok(())
    }

    /// Takes an entry of an account off its list; answers whether there was one.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn remove(&self, account: AccountId, id: ScreeningEntryId) -> PortResult<bool> {
        let _changing = self.changing.lock().await;
        self.take_off(account, id).await
    }

    async fn take_off(&self, account: AccountId, id: ScreeningEntryId) -> PortResult<bool> {
        self.to_change().await?;
        let removed = self.records.delete_entry(account, id).await?;
        self.change(account, |rules| {
            let others = rules.lists.entries().filter(|e| e.id != id);
            rules.lists = others.cloned().collect();
        });
        Ok(removed)
    }

    /// What comes before a change of the store that memory follows entry by entry: it must not be behind already.
    async fn to_change(&self) -> PortResult<()> {
        if self.in_step.is_behind() {
            self.read_back().await?;
        }
        self.in_step.leave();
        Ok(())
    }

    /// Changes one account's rules as calls see them, while nothing else changes.
    fn change(&self, account: AccountId, change: impl FnOnce(&mut ScreeningRules)) {
        let mut rules = ScreeningRules::clone(&self.rules(account));
        change(&mut rules);
        let mut accounts = Accounts::clone(&self.accounts.load());
        accounts.insert(account, Arc::new(rules));
        self.accounts.store(Arc::new(accounts));
        self.in_step.is_back();
    }

    /// Why whoever performs a call cannot ask for a key, as far as that is known without the text.
    fn unasked(&self, arrival: Arrival, dialect: Option<Dialect>) -> Option<Unasked> {
        match arrival {
            Arrival::Sip { .. } => self.unasked_over_sip(),
            Arrival::Webhook => {
                let able = dialect.and_then(|dialect| self.performers.webhooks.get(&dialect));
                let needed = [Ability::Play, Ability::Speak, Ability::Digits];
                let can = able.is_some_and(|able| needed.iter().all(|a| able.contains(a)));
                (!can).then_some(Unasked::Unable)
            }
        }
    }

    fn unasked_over_sip(&self) -> Option<Unasked> {
        let able = &self.performers.sip;
        if !able.contains(&Ability::Play) || !able.contains(&Ability::Digits) {
            Some(Unasked::Unable)
        } else if able.contains(&Ability::Speak) {
            None
        } else {
            Some(Unasked::NoEngine)
        }
    }

    /// Notes a call that came, and gathers what memory knows of it. `dialect` is how the carrier of a call over webhooks
    /// speaks; `seed` draws what chance decides.
    pub(super) fn question(
        &self,
        number: &TrackingNumber,
        incoming: &Incoming,
        dialect: Option<Dialect>,
        seed: u64,
    ) -> Question {
        let call = RecentCall {
            at: incoming.received_at,
            number: number.id,
        };
        let noted = incoming
            .caller
            .map(|caller| hold(&self.recent).note(number.account, caller, call));
        let mut question = Question {
            rules: self.rules(number.account),
            account: number.account,
            caller: who(incoming),
            vouched: vouched(incoming.attestation, &incoming.signalled),
            call,
            recent: noted.unwrap_or_default(),
            unasked: self.unasked(incoming.arrival, dialect),
            spoken_here: matches!(incoming.arrival, Arrival::Sip { .. }),
            // The high bits of a product with the golden ratio: those of an id are mostly its time.
            chance: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32,
            asks: false,
        };
        question.asks = asks_for_earlier(&question.rules, &question.facts(Earlier::NotAsked));
        question
    }

    /// Decides about a call, with what is stored of the caller when that matters.
    pub(super) async fn decide(&self, question: &mut Question) -> Screening {
        let earlier = match question.caller {
            Caller::Number(caller) if question.asks => self.earlier(question, caller).await,
            _ => Earlier::NotAsked,
        };
        let mut answer = question.answer(earlier);
        if let ScreeningVerdict::Challenge { digit } = answer.verdict
            && !self.is_heard(question, digit).await
        {
            question.unasked = Some(Unasked::NotSpoken);
            answer = question.answer(earlier);
        }
        if let (ScreeningRule::Unasked, Some(unasked)) = (answer.rule, question.unasked) {
            let reason = unasked.word();
            metrics::counter!("trunkline_screening_unasked_total", "reason" => reason).increment(1);
            tracing::warn!(account = %question.account, reason, "a call is let through: its caller cannot be asked for a key");
        }
        answer
    }

    /// Whether the caller would hear what they must do. A carrier that talks by webhooks says it itself.
    async fn is_heard(&self, question: &Question, digit: char) -> bool {
        let spoken = challenge_spoken(question.challenge_text(), digit);
        let heard = timeout(SOUND_WAIT, self.sounds.is_heard(&spoken));
        !question.spoken_here || heard.await.unwrap_or(false)
    }

    /// The caller's earlier calls; late when the store is, so that a call is not lost for it.
    async fn earlier(&self, question: &Question, caller: PhoneNumber) -> Earlier {
        let account = question.account;
        let known_talk_ms = i64::from(question.rules.settings.known_talk_s) * 1_000;
        let read = self
            .records
            .earlier_talks(account, caller, question.call.at, known_talk_ms);
        if let Ok(Ok(talks)) = timeout(self.store_wait, read).await {
            return Earlier::Known(talks);
        }
        metrics::counter!("trunkline_screening_late_total").increment(1);
        tracing::warn!(%account, "a call is let through: its caller's earlier calls are not known in time");
        Earlier::Late
    }
}

#[async_trait]
impl Doorkeeper for Screener {
    /// By the lists alone: signs are those of a call that has come.
    async fn would_refuse(&self, account: AccountId, caller: PhoneNumber, at: Timestamp) -> bool {
        let number = NumberId::from_raw(0);
        let mut question = Question {
            rules: self.rules(account),
            account,
            caller: Caller::Number(caller),
            vouched: Vouched::Nothing,
            call: RecentCall { at, number },
            recent: Vec::new(),
            unasked: None,
            spoken_here: false,
            chance: 0,
            asks: false,
        };
        let listed = |question: &Question, earlier| {
            let answer = question.answer(earlier);
            answer.blocks() && answer.rule == ScreeningRule::BlockList
        };
        if !listed(&question, Earlier::NotAsked) {
            return false;
        }
        question.asks = asks_for_earlier(&question.rules, &question.facts(Earlier::NotAsked));
        let earlier = if question.asks {
            self.earlier(&question, caller).await
        } else {
            Earlier::NotAsked
        };
        listed(&question, earlier)
    }
}

/// What memory knows of a call that is to be screened.
pub(super) struct Question {
    rules: Arc<ScreeningRules>,
    account: AccountId,
    caller: Caller,
    vouched: Vouched,
    call: RecentCall,
    recent: Vec<RecentCall>,
    /// Why no key can be asked for.
    unasked: Option<Unasked>,
    /// Whether the text of a challenge is spoken by this server.
    spoken_here: bool,
    chance: u64,
    /// Whether the caller's earlier calls can change the answer.
    asks: bool,
}

impl Question {
    fn facts(&self, earlier: Earlier) -> CallFacts<'_> {
        CallFacts {
            caller: self.caller,
            vouched: self.vouched,
            number: self.call.number,
            at: self.call.at,
            recent: &self.recent,
            earlier,
            unasked: self.unasked,
        }
    }

    fn answer(&self, earlier: Earlier) -> Screening {
        screen(&self.rules, &self.facts(earlier), self.chance)
    }

    /// The refusal, when memory alone knows that the call is refused.
    pub(super) fn refused(&self) -> Option<Screening> {
        let answer = (!self.asks).then(|| self.answer(Earlier::NotAsked))?;
        Some(answer).filter(Screening::blocks)
    }

    /// What a challenged caller hears.
    pub(super) fn challenge_text(&self) -> &str {
        &self.rules.settings.challenge_text
    }
}

fn who(incoming: &Incoming) -> Caller {
    let digits = incoming.caller_text.chars().filter(char::is_ascii_digit);
    match incoming.caller {
        Some(number) => Caller::Number(number),
        None if digits.count() >= DIGITS_MIN => Caller::Invalid,
        None => Caller::Withheld,
    }
}

/// What the carrier vouches for, as it signalled it.
pub(super) fn vouched(attestation: Option<Attestation>, signalled: &Signalled) -> Vouched {
    if signalled.verstat == Some(Verstat::Failed) {
        return Vouched::Forged;
    }
    match attestation {
        Some(Attestation::A) => Vouched::Full,
        Some(Attestation::B) => Vouched::Partial,
        Some(Attestation::C) => Vouched::Gateway,
        None => Vouched::Nothing,
    }
}
