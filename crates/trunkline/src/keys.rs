//! The key file that seals stored secrets: 32 random bytes, readable by the server's user alone.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, ensure};
use ring::rand::{SecureRandom, SystemRandom};

const KEY_BYTES: usize = 32;

/// Reads the key of a data folder; makes it at the first start.
///
/// # Errors
/// When the file cannot be read or written, or is no key.
pub(crate) fn sealing_key(data_dir: &Path) -> anyhow::Result<[u8; KEY_BYTES]> {
    let path = data_dir.join("sealing.key");
    if !path.exists() {
        let key = random()?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("the key file {} cannot be made", path.display()))?;
        file.write_all(&key)?;
        file.sync_all()?;
        return Ok(key);
    }
    let mut bytes = Vec::new();
    std::fs::File::open(&path)
        .and_then(|file| file.take(1_024).read_to_end(&mut bytes))
        .with_context(|| format!("the key file {} cannot be read", path.display()))?;
    ensure!(
        bytes.len() == KEY_BYTES,
        "the key file {} has {} bytes instead of {KEY_BYTES}; restore it from a backup",
        path.display(),
        bytes.len()
    );
    let mut key = [0; KEY_BYTES];
    key.copy_from_slice(&bytes);
    Ok(key)
}

/// Random bytes.
///
/// # Errors
/// When the system has none to give.
pub(crate) fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
    Ok(bytes)
}

/// A random password that is easy to type: 20 letters and digits in groups, some 100 bits.
///
/// # Errors
/// When the system has no random bytes to give.
pub(crate) fn password() -> anyhow::Result<String> {
    let letters = b"abcdefghjkmnpqrstuvwxyz23456789_";
    let bytes: [u8; 20] = random()?;
    let mut text = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index % 5 == 0 {
            text.push('-');
        }
        text.push(char::from(letters[usize::from(byte & 31)]));
    }
    Ok(text.replace('_', "x"))
}
