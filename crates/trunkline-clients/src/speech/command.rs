//! A speech engine that is a program. It is started without a shell for each text, reads the text from a file and writes
//! the sound into another. Voices and languages are checked against those it lists: to some programs a voice is a path.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;
use trunkline_core::call::flow::Spoken;
use trunkline_engine::ports::Speech;
use trunkline_engine::ports::sounds::SpeechError;

use super::{SOUND_BYTES_MAX, SPEAK_WAIT, SpeechProgram, Usual};

/// Longest wait for the list of voices.
const LIST_WAIT: Duration = Duration::from_secs(10);
/// Voices that are named to somebody who asked for another one.
const NAMED_MAX: usize = 12;
/// Voices of flite in the order they are preferred: the usual one is the worst.
const FLITE_BEST: [&str; 3] = ["slt", "rms", "kal16"];

/// A program that speaks.
#[derive(Debug)]
pub(super) struct CommandSpeech {
    program: SpeechProgram,
    path: PathBuf,
    usual: Usual,
    /// What may be asked for as a voice or language, in lower case, and what the program is told.
    voices: BTreeMap<String, String>,
    folder: PathBuf,
    count: AtomicU64,
}

impl CommandSpeech {
    /// Asks the program which voices it has.
    pub(super) async fn start(
        program: SpeechProgram,
        path: PathBuf,
        mut usual: Usual,
        folder: PathBuf,
    ) -> Result<Self, String> {
        let list = match program {
            SpeechProgram::Flite => "-lv",
            SpeechProgram::EspeakNg => "--voices",
        };
        let asked = command(&path, [list]).stdout(Stdio::piped()).output();
        let name = program.name();
        let told = timeout(LIST_WAIT, asked).await;
        let told = told.map_err(|_| format!("`{name} {list}` did not end"))?;
        let told =
            told.map_err(|error| format!("{} cannot be started: {error}", path.display()))?;
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        let voices = match program {
            SpeechProgram::Flite => flite_voices(&told),
            SpeechProgram::EspeakNg => espeak_voices(&told),
        };
        if voices.is_empty() {
            return Err(format!("`{name} {list}` names no voices"));
        }
        if program == SpeechProgram::Flite && usual.voice.is_none() {
            let best = FLITE_BEST.into_iter().find(|v| voices.contains_key(*v));
            usual.voice = best.map(str::to_owned);
        }
        tokio::fs::create_dir_all(&folder)
            .await
            .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
        let speech = Self {
            program,
            path,
            usual,
            voices,
            folder,
            count: AtomicU64::new(0),
        };
        let text = speech.resolved(&Spoken {
            text: String::new(),
            voice: None,
            language: None,
        });
        speech.voice(&text).map_err(|error| error.to_string())?;
        Ok(speech)
    }

    /// The voice the program is told; `None` for its own.
    fn voice(&self, spoken: &Spoken) -> Result<Option<&str>, SpeechError> {
        if self.program == SpeechProgram::Flite
            && let Some(language) = &spoken.language
            && !language.to_ascii_lowercase().starts_with("en")
        {
            return Err(SpeechError::Refused(format!(
                "flite speaks English, not `{language}`; leave the language out, or install espeak-ng"
            )));
        }
        let language = match self.program {
            SpeechProgram::Flite => None,
            SpeechProgram::EspeakNg => spoken.language.as_ref(),
        };
        let Some(asked) = spoken.voice.as_ref().or(language) else {
            return Ok(None);
        };
        let small = asked.to_ascii_lowercase();
        // Of `de-AT` the German is better than nothing.
        let broad = small.split('-').next().unwrap_or(&small);
        let found = self.voices.get(&small);
        let found = found.or_else(|| self.voices.get(broad).filter(|_| spoken.voice.is_none()));
        found.map(|v| Some(v.as_str())).ok_or_else(|| {
            let mut known: Vec<&str> = self.voices.keys().map(String::as_str).collect();
            let more = known.len().saturating_sub(NAMED_MAX);
            known.truncate(NAMED_MAX);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            let (name, known) = (self.program.name(), known.join(", "));
            SpeechError::Refused(format!(
                "{name} has no voice `{asked}`; it has {known}{more}"
            ))
        })
    }

    async fn run(&self, voice: Option<&str>, text: &Path, sound: &Path) -> Result<(), String> {
        let (said, written) = match self.program {
            SpeechProgram::Flite => ("-voice", "-o"),
            SpeechProgram::EspeakNg => ("-v", "-w"),
        };
        let mut arguments: Vec<&OsStr> = Vec::new();
        if self.program == SpeechProgram::EspeakNg {
            // The text is UTF-8.
            arguments.extend(["-b", "1"].map(OsStr::new));
        }
        if let Some(voice) = voice {
            arguments.extend([said, voice].map(OsStr::new));
        }
        arguments.extend([OsStr::new("-f"), text.as_os_str()]);
        arguments.extend([OsStr::new(written), sound.as_os_str()]);
        let running = command(&self.path, arguments).status();
        let name = self.program.name();
        match timeout(SPEAK_WAIT, running).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("{name} ended with {status}")),
            Ok(Err(error)) => Err(format!("{name} cannot be started: {error}")),
            Err(_) => Err(format!("{name} took more than {} s", SPEAK_WAIT.as_secs())),
        }
    }

    async fn speak_into(
        &self,
        spoken: &Spoken,
        text: &Path,
        sound: &Path,
    ) -> Result<Vec<u8>, SpeechError> {
        let voice = self.voice(spoken)?;
        let failed = |error: std::io::Error| SpeechError::Failed(error.to_string());
        let plain = spoken.text.replace(char::is_control, " ");
        tokio::fs::write(text, plain).await.map_err(failed)?;
        let ran = self.run(voice, text, sound).await;
        ran.map_err(SpeechError::Failed)?;
        let file = tokio::fs::File::open(sound).await.map_err(failed)?;
        let mut bytes = Vec::new();
        let most = SOUND_BYTES_MAX as u64 + 1;
        let read = file.take(most).read_to_end(&mut bytes).await;
        if read.map_err(failed)? > SOUND_BYTES_MAX {
            let why = format!("the sound has more than {SOUND_BYTES_MAX} bytes");
            return Err(SpeechError::Failed(why));
        }
        Ok(bytes)
    }
}

#[async_trait]
impl Speech for CommandSpeech {
    fn engine(&self) -> &str {
        self.program.name()
    }

    fn resolved(&self, spoken: &Spoken) -> Spoken {
        let mut spoken = spoken.clone();
        // A language of its own asks for that language's voice, not for the usual one.
        if spoken.language.is_none() || self.program == SpeechProgram::Flite {
            spoken.voice = spoken.voice.or_else(|| self.usual.voice.clone());
        }
        spoken.language = spoken.language.or_else(|| self.usual.language.clone());
        spoken
    }

    async fn speak(&self, spoken: &Spoken) -> Result<Vec<u8>, SpeechError> {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let at = |end: &str| self.folder.join(format!("speech-{count}.{end}"));
        let files = Temporary([at("txt"), at("wav")]);
        let [text, sound] = &files.0;
        self.speak_into(spoken, text, sound).await
    }
}

/// Files that are gone when this is, whatever happened.
struct Temporary([PathBuf; 2]);

impl Drop for Temporary {
    fn drop(&mut self) {
        for file in &self.0 {
            // One that was never made is as good as removed.
            let _ = std::fs::remove_file(file);
        }
    }
}

fn command(path: &Path, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(path);
    command
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Reads `Voices available: kal slt`.
fn flite_voices(told: &str) -> BTreeMap<String, String> {
    let names = told.split_once(':').map_or("", |(_, names)| names);
    let names = names.split_whitespace().filter(|name| is_plain(name));
    names
        .map(|name| (name.to_ascii_lowercase(), name.to_owned()))
        .collect()
}

/// Reads the table of espeak-ng: of each line the language, and the name of the voice.
fn espeak_voices(told: &str) -> BTreeMap<String, String> {
    let mut voices = BTreeMap::new();
    for line in told.lines().skip(1) {
        let mut columns = line.split_whitespace().skip(1);
        let Some(language) = columns.next().filter(|l| is_plain(l)) else {
            continue;
        };
        voices
            .entry(language.to_ascii_lowercase())
            .or_insert_with(|| language.to_owned());
        if let Some(name) = columns.nth(1).filter(|n| is_plain(n)) {
            let small = name.to_ascii_lowercase();
            voices.entry(small).or_insert_with(|| language.to_owned());
        }
    }
    voices
}

/// Whether a name is one, and neither a path nor an option.
fn is_plain(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !name.is_empty() && !name.starts_with('-') && name.chars().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech(program: SpeechProgram, told: &str) -> CommandSpeech {
        CommandSpeech {
            program,
            path: PathBuf::from("nowhere"),
            usual: Usual::default(),
            voices: match program {
                SpeechProgram::Flite => flite_voices(told),
                SpeechProgram::EspeakNg => espeak_voices(told),
            },
            folder: PathBuf::from("nowhere"),
            count: AtomicU64::new(0),
        }
    }

    fn spoken(voice: Option<&str>, language: Option<&str>) -> Spoken {
        Spoken {
            text: "Hello".to_owned(),
            voice: voice.map(str::to_owned),
            language: language.map(str::to_owned),
        }
    }

    #[test]
    fn only_voices_that_the_program_lists_reach_it() {
        let flite = speech(SpeechProgram::Flite, "Voices available: kal slt rms \n");
        let table = "Pty Language       Age/Gender VoiceName          File                 Other Languages\n \
             5  de              --/M      German             gmw/de               \n \
             2  en-us           --/M      English_(America)  gmw/en-US            (en 3)\n";
        let espeak = speech(SpeechProgram::EspeakNg, table);
        for (engine, asked, told) in [
            (&flite, (None, None), Ok(None)),
            (&flite, (Some("SLT"), Some("en-GB")), Ok(Some("slt"))),
            (&flite, (None, Some("de")), Err("speaks English")),
            (
                &flite,
                (Some("../../etc/passwd"), None),
                Err("kal, rms, slt"),
            ),
            (
                &flite,
                (Some("http://a.example/x.flitevox"), None),
                Err("no voice"),
            ),
            (&flite, (Some("-o"), None), Err("no voice")),
            (&espeak, (None, Some("de-AT")), Ok(Some("de"))),
            (&espeak, (None, Some("en-US")), Ok(Some("en-us"))),
            (&espeak, (Some("German"), Some("en-us")), Ok(Some("de"))),
            (&espeak, (None, Some("xx")), Err("no voice `xx`")),
            (&espeak, (Some("gmw/de"), None), Err("no voice")),
        ] {
            let (voice, language) = asked;
            match (engine.voice(&spoken(voice, language)), told) {
                (Ok(got), Ok(wanted)) => assert_eq!(got, wanted, "{asked:?}"),
                (Err(error), Err(part)) => {
                    assert!(error.to_string().contains(part), "{error}, and not {part}");
                }
                (got, _) => panic!("{asked:?}: {got:?}"),
            }
        }
    }

    #[test]
    fn a_text_that_names_no_voice_gets_the_usual_one_and_one_with_a_language_that_languages() {
        let mut espeak = speech(SpeechProgram::EspeakNg, "");
        espeak.usual.voice = Some("German".to_owned());
        let got = espeak.resolved(&spoken(None, None));
        assert_eq!(got.voice.as_deref(), Some("German"));
        assert_eq!(espeak.resolved(&spoken(None, Some("fr"))).voice, None);
    }
}
