//! The folder of recordings, as far as it is tidied.

use std::io::ErrorKind;
use std::path::PathBuf;

use async_trait::async_trait;
use trunkline_engine::call::retention::RecordingFiles;
use trunkline_engine::ports::{PortError, PortResult};

/// The folder.
pub(crate) struct RecordingFolder(pub(crate) PathBuf);

#[async_trait]
impl RecordingFiles for RecordingFolder {
    async fn remove(&self, path: &str) -> PortResult<()> {
        let sound = self.0.join(path);
        let peaks = trunkline_voice::peaks_path(&sound);
        for file in [peaks, sound] {
            match tokio::fs::remove_file(&file).await {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(PortError::Failed(format!("{}: {error}", file.display())));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}
