//! The folder of sounds: a WAV file for each, named by what is in it or what it says.
//!
//! A file is written beside its name and moved there, so that a name is a whole file or none.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_engine::ports::sounds::{SoundFiles, SoundKey};
use trunkline_engine::ports::{PortError, PortResult};

/// How the name of a file that is being written ends.
const UNFINISHED: &str = ".new";

/// The folder. Clones share it.
#[derive(Debug, Clone)]
pub struct SoundFolder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    /// Names files that are being written.
    writes: AtomicU64,
    /// Held while a file becomes new, and, for itself alone, while an old one is removed: none is removed that was just
    /// found there.
    removing: RwLock<()>,
}

impl SoundFolder {
    /// Opens the folder, makes it when it is not there, and clears away what a killed process was writing.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == &UNFINISHED[1..]) {
                fs::remove_file(&path)?;
            }
        }
        Ok(Self(Arc::new(Inner {
            folder: folder.to_owned(),
            writes: AtomicU64::new(0),
            removing: RwLock::default(),
        })))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> io::Result<T> + Send + 'static,
    ) -> PortResult<T> {
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        let failed = |error: &dyn std::fmt::Display| PortError::Failed(format!("sounds: {error}"));
        done.map_err(|error| failed(&error))?
            .map_err(|error| failed(&error))
    }
}

impl Inner {
    fn path(&self, key: SoundKey) -> PathBuf {
        self.folder.join(key.file_name())
    }

    fn write(&self, key: SoundKey, wav: &[u8]) -> io::Result<()> {
        // The lock guards nothing that a panic could leave half done.
        let _here = self.removing.read().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(key);
        let count = self.writes.fetch_add(1, Ordering::Relaxed);
        let unfinished = self
            .folder
            .join(format!("{}.{count}{UNFINISHED}", key.file_name()));
        let written = write_whole(&unfinished, &path, wav);
        if written.is_err() {
            // Whatever was wrong with it, the next start clears it away too.
            let _ = fs::remove_file(&unfinished);
        }
        written?;
        File::open(&self.folder)?.sync_all()
    }

    fn keep(&self, key: SoundKey) -> io::Result<bool> {
        let _here = self.removing.read().unwrap_or_else(PoisonError::into_inner);
        match File::options().append(true).open(self.path(key)) {
            Ok(file) => file.set_modified(SystemTime::now()).map(|()| true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn remove_unused(
        &self,
        used: &HashSet<SoundKey>,
        before: Timestamp,
        most: usize,
    ) -> io::Result<usize> {
        let mut removed = 0;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let key = entry.file_name().to_str().and_then(SoundKey::of_file_name);
            if removed >= most || key.is_none_or(|key| used.contains(&key)) {
                continue;
            }
            let _alone = self
                .removing
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            if modified(&entry.path())? < before {
                fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

fn write_whole(unfinished: &Path, path: &Path, wav: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(unfinished)?;
    file.write_all(wav)?;
    file.sync_all()?;
    fs::rename(unfinished, path)
}

fn modified(path: &Path) -> io::Result<Timestamp> {
    let at = fs::metadata(path)?.modified()?;
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    Ok(Timestamp::from_millis(millis))
}

#[async_trait]
impl SoundFiles for SoundFolder {
    async fn read(&self, key: SoundKey) -> PortResult<Option<Vec<u8>>> {
        self.blocking(move |inner| match fs::read(inner.path(key)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn write(&self, key: SoundKey, wav: Vec<u8>) -> PortResult<()> {
        self.blocking(move |inner| inner.write(key, &wav)).await
    }

    async fn keep(&self, key: SoundKey) -> PortResult<bool> {
        self.blocking(move |inner| inner.keep(key)).await
    }

    async fn remove_unused(
        &self,
        used: HashSet<SoundKey>,
        before: Timestamp,
        most: usize,
    ) -> PortResult<usize> {
        self.blocking(move |inner| inner.remove_unused(&used, before, most))
            .await
    }
}
