//! Speech engines: a program on this machine, or a server that the operator names. Both are bounded in time and size, and
//! what people write reaches them only as the text to be spoken.

mod command;
mod http;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use trunkline_engine::ports::Speech;

use command::CommandSpeech;
use http::HttpSpeech;

/// Longest it takes to speak one text; the longest text takes a slow machine some ten seconds.
const SPEAK_WAIT: Duration = Duration::from_secs(30);
/// Bytes of a sound that an engine may make of one text.
const SOUND_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A speech engine that is a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpeechProgram {
    /// Carnegie Mellon's, English only.
    Flite,
    /// Over a hundred languages.
    EspeakNg,
}

impl SpeechProgram {
    /// All of them, the one that is preferred first.
    pub const ALL: [Self; 2] = [Self::Flite, Self::EspeakNg];

    /// The name of the program.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flite => "flite",
            Self::EspeakNg => "espeak-ng",
        }
    }

    /// Where it is installed; `None`: it is not.
    #[must_use]
    pub fn installed(self) -> Option<PathBuf> {
        let path = std::env::var_os("PATH")?;
        let mut places = std::env::split_paths(&path).map(|folder| folder.join(self.name()));
        places.find(|place| place.is_file())
    }
}

/// Which speech engine a server has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpeechChoice {
    /// The first program that is installed.
    Any,
    /// This program.
    Program(SpeechProgram),
    /// The server with this address.
    Http(String),
    /// None.
    Nothing,
}

/// Finds the engine of a choice, with the voice and language of texts that name none; empty ones are the engine's own.
/// `folder` is for files while a text is spoken. `None`: there is none.
///
/// # Errors
/// When the engine that was chosen is not there or cannot be used.
pub async fn find_speech(
    choice: &SpeechChoice,
    voice: &str,
    language: &str,
    folder: &Path,
) -> Result<Option<Arc<dyn Speech>>, String> {
    let usual = Usual {
        voice: Some(voice.to_owned()).filter(|v| !v.is_empty()),
        language: Some(language.to_owned()).filter(|l| !l.is_empty()),
    };
    let programs = match choice {
        SpeechChoice::Nothing => return Ok(None),
        SpeechChoice::Http(url) => return Ok(Some(Arc::new(HttpSpeech::new(url, usual)?))),
        SpeechChoice::Program(program) => vec![*program],
        SpeechChoice::Any => SpeechProgram::ALL.to_vec(),
    };
    let mut there = programs
        .iter()
        .filter_map(|program| Some((*program, program.installed()?)));
    match there.next() {
        Some((program, path)) => {
            let speech = CommandSpeech::start(program, path, usual, folder.to_owned()).await?;
            Ok(Some(Arc::new(speech)))
        }
        None if *choice == SpeechChoice::Any => Ok(None),
        None => {
            let name = programs.first().map_or("", |p| p.name());
            Err(format!("the program `{name}` is not installed"))
        }
    }
}

/// The voice and language of texts that name none.
#[derive(Debug, Clone, Default)]
struct Usual {
    voice: Option<String>,
    language: Option<String>,
}
