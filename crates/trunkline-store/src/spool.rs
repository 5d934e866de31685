//! A bounded file that keeps changes of calls while the database is away: one JSON object per line, appended durably.
//!
//! A line holds the change as the rows it would have become, column by column, so that it is read back by the same code
//! that reads the tables.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use trunkline_engine::ports::PortError;
use trunkline_engine::ports::calls::{CallChange, CallSpool};

use crate::call::{change_records, read_call, read_event, read_recording};
use crate::db::{DbError, Record, Row, Val};
use crate::labels::read_label;
use crate::schema::record_kinds;

/// Most bytes of the file; a change is a few kilobytes.
pub const SPOOL_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The spool of one data folder.
pub struct FileSpool {
    path: PathBuf,
    bytes_max: u64,
    file: Mutex<File>,
}

impl FileSpool {
    /// Opens (and makes) the file.
    ///
    /// # Errors
    /// When it cannot be opened for writing.
    pub fn open(path: &Path) -> Result<Self, PortError> {
        Self::with_limit(path, SPOOL_BYTES_MAX)
    }

    /// Opens the file with a limit of its own, in bytes.
    ///
    /// # Errors
    /// As for [`FileSpool::open`].
    pub fn with_limit(path: &Path, bytes_max: u64) -> Result<Self, PortError> {
        let mut file = open_for_append(path)?;
        // A line that a crash cut off must not swallow the next one.
        if ends_in_a_broken_line(path)? {
            file.write_all(b"\n").map_err(failed)?;
        }
        Ok(FileSpool {
            path: path.to_owned(),
            bytes_max,
            file: Mutex::new(file),
        })
    }
}

impl CallSpool for FileSpool {
    fn append(&self, change: &CallChange) -> Result<(), PortError> {
        let mut line = serde_json::to_vec(&Line::of(change).map_err(failed)?).map_err(failed)?;
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = file.metadata().map_err(failed)?.len();
        if bytes + line.len() as u64 > self.bytes_max {
            metrics::counter!("trunkline_store_spool_full_total").increment(1);
            return Err(PortError::Overloaded);
        }
        let written = whole_or_not_at_all(&mut file, bytes, |file| {
            file.write_all(&line)?;
            file.sync_data()
        });
        written.map_err(failed)
    }

    fn park(&self, change: &CallChange) -> Result<(), PortError> {
        let mut line = serde_json::to_vec(&Line::of(change).map_err(failed)?).map_err(failed)?;
        line.push(b'\n');
        let path = self.path.with_extension("parked");
        let _writing = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = open_for_append(&path)?;
        // A line that a crash cut off must not swallow this one.
        if ends_in_a_broken_line(&path)? {
            line.insert(0, b'\n');
        }
        let bytes = file.metadata().map_err(failed)?.len();
        let written = whole_or_not_at_all(&mut file, bytes, |file| {
            file.write_all(&line)?;
            file.sync_all()
        });
        written.map_err(failed)
    }

    fn pending(&self) -> Result<Vec<CallChange>, PortError> {
        let _writing = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = lines(&self.path)?;
        Ok(lines.iter().filter_map(|line| readable(line)).collect())
    }

    fn forget(&self, count: usize) -> Result<(), PortError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = lines(&self.path)?;
        // `count` is of changes that could be read; what cannot be read goes with them.
        let mut left = count;
        lines.retain(|line| match (left, readable(line)) {
            (0, _) => true,
            (_, Some(_)) => {
                left -= 1;
                false
            }
            (_, None) => false,
        });
        let rest = self.path.with_extension("rest");
        let mut written = File::create(&rest).map_err(failed)?;
        for line in &lines {
            written.write_all(line.as_bytes()).map_err(failed)?;
            written.write_all(b"\n").map_err(failed)?;
        }
        written.sync_all().map_err(failed)?;
        std::fs::rename(&rest, &self.path).map_err(failed)?;
        *file = open_for_append(&self.path)?;
        sync_folder_of(&self.path).map_err(failed)
    }
}

fn open_for_append(path: &Path) -> Result<File, PortError> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(failed)
}

/// Cuts the file back to `bytes` when `write` fails: half a line would swallow the next one.
fn whole_or_not_at_all(
    file: &mut File,
    bytes: u64,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    write(file).inspect_err(|_| {
        if let Err(error) = file.set_len(bytes) {
            tracing::error!(%error, "half a line stays in the call spool");
        }
    })
}

/// Makes a rename durable: it is a change of the folder, not of the file.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn ends_in_a_broken_line(path: &Path) -> Result<bool, PortError> {
    let mut file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1)).map_err(failed)?;
    file.read_exact(&mut last).map_err(failed)?;
    Ok(last != [b'\n'])
}

fn lines(path: &Path) -> Result<Vec<String>, PortError> {
    let file = BufReader::new(File::open(path).map_err(failed)?);
    // Read as bytes: a broken line may hold anything.
    let lines = file
        .split(b'\n')
        .map(|line| line.map(|line| String::from_utf8_lossy(&line).into_owned()));
    lines.collect::<Result<_, _>>().map_err(failed)
}

fn readable(line: &str) -> Option<CallChange> {
    let change = serde_json::from_str::<Line>(line)
        .map_err(|error| DbError::other("read a spooled change", error));
    match change.and_then(Line::change) {
        Ok(change) => Some(change),
        Err(error) => {
            if !line.is_empty() {
                tracing::warn!(%error, "a line of the call spool cannot be read");
            }
            None
        }
    }
}

fn failed(error: impl std::fmt::Display) -> PortError {
    PortError::Failed(format!("call spool: {error}"))
}

/// One change.
#[derive(Serialize, Deserialize)]
struct Line {
    rows: Vec<SpooledRow>,
}

/// One row of a change: the name of its kind and its columns.
#[derive(Serialize, Deserialize)]
struct SpooledRow {
    kind: String,
    columns: Vec<(String, Cell)>,
}

/// A value; blobs do not occur.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
}

impl Line {
    fn of(change: &CallChange) -> Result<Self, DbError> {
        let rows = change_records(change)?
            .iter()
            .map(SpooledRow::of)
            .collect::<Result<_, _>>()?;
        Ok(Line { rows })
    }

    fn change(self) -> Result<CallChange, DbError> {
        let (mut call, mut events, mut recording, mut label) = (None, Vec::new(), None, None);
        for line in self.rows {
            let (kind, row) = line.row();
            match kind.as_str() {
                "call" => call = Some(read_call(&row)?),
                "call_event" => events.push(read_event(&row)?),
                "recording" => recording = Some(read_recording(&row)?),
                "label" => label = Some(read_label(&row)?),
                other => {
                    return Err(DbError::other(
                        "read a spooled change",
                        format!("a row of kind {other}"),
                    ));
                }
            }
        }
        Ok(CallChange {
            call: call.ok_or_else(|| DbError::other("read a spooled change", "it has no call"))?,
            events,
            recording,
            label,
        })
    }
}

impl SpooledRow {
    fn of(record: &Record) -> Result<Self, DbError> {
        let columns = record.columns().map(|(name, value)| {
            let cell = match value {
                Val::Null => Cell::Null,
                Val::Int(int) => Cell::Int(*int),
                Val::Real(real) => Cell::Real(*real),
                Val::Text(text) => Cell::Text(text.clone().into_owned()),
                Val::Blob(_) => return Err(DbError::other("spool a change", "a blob")),
            };
            Ok((name.to_owned(), cell))
        });
        Ok(SpooledRow {
            kind: record.kind_name().to_owned(),
            columns: columns.collect::<Result<_, _>>()?,
        })
    }

    fn row(self) -> (String, Row) {
        let kind = record_kinds().find(|kind| kind.name == self.kind);
        // A row of an older version has no value for what columns were added since.
        let added: Vec<_> = kind
            .map_or(&[][..], |kind| kind.columns)
            .iter()
            .filter(|(name, _)| self.columns.iter().all(|(known, _)| known != name))
            .map(|(name, _)| ((*name).to_owned(), Val::Null))
            .collect();
        let (names, values): (Vec<String>, Vec<Val>) = self
            .columns
            .into_iter()
            .map(|(name, cell)| {
                let value = match cell {
                    Cell::Null => Val::Null,
                    Cell::Int(int) => Val::Int(int),
                    Cell::Real(real) => Val::Real(real),
                    Cell::Text(text) => text.into(),
                };
                (name, value)
            })
            .chain(added)
            .unzip();
        (self.kind, Row::new(names.into(), values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_could_not_be_written_whole_is_cut_off_again() {
        let name = format!("trunkline-spool-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, "one\n").unwrap();
        let mut file = open_for_append(&path).unwrap();
        let failed = whole_or_not_at_all(&mut file, 4, |file| {
            file.write_all(b"tw")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
        whole_or_not_at_all(&mut file, 4, |file| file.write_all(b"three\n")).unwrap();
        let content = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(content, "one\nthree\n");
    }
}
