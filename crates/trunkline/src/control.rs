//! The control socket: commands of the same machine talk to the running server, never to its
//! database. One JSON line in, one JSON line out.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::commands;
use crate::wiring::House;

/// Longest line, in bytes.
const LINE_MAX: u64 = 64 * 1024;
/// Longest wait for a line.
const LINE_WAIT: Duration = Duration::from_secs(5);
/// Longest wait for an answer; a backup copies the whole database.
const ANSWER_WAIT: Duration = Duration::from_secs(600);

/// A command to the running server.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub(crate) enum Request {
    /// Adds an account.
    AddAccount(commands::account::NewAccount),
    /// Adds a user, or gives one a new password.
    AddUser(commands::user::NewUser),
    /// Copies the database to a file.
    Backup {
        /// The file; must not exist.
        to: PathBuf,
    },
    /// Tells that the server runs.
    Ping,
}

/// The server's answer: what to print, or what went wrong.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Done(String),
    Failed(String),
}

/// Makes the socket; one that nobody listens on is removed first.
///
/// # Errors
/// When another server of this data folder runs, or the socket cannot be made.
pub(crate) fn listen(path: &Path) -> anyhow::Result<UnixListener> {
    if path.exists() {
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            bail!(
                "another server runs on this data folder ({})",
                path.display()
            );
        }
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)
        .with_context(|| format!("the control socket {} cannot be made", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Takes commands, one connection after the other, until `stop`.
pub(crate) async fn serve(listener: UnixListener, house: Arc<House>, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        if let Err(error) = answer(stream, &house).await {
            tracing::warn!(%error, "a command could not be answered");
        }
    }
}

async fn answer(mut stream: UnixStream, house: &House) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    timeout(
        LINE_WAIT,
        BufReader::new(read.take(LINE_MAX)).read_line(&mut line),
    )
    .await??;
    let answer = match serde_json::from_str(&line) {
        Err(error) => Answer::Failed(format!("this server does not know the command: {error}")),
        Ok(request) => match perform(request, house).await {
            Ok(text) => Answer::Done(text),
            Err(error) => Answer::Failed(format!("{error:#}")),
        },
    };
    let mut text = serde_json::to_vec(&answer)?;
    text.push(b'\n');
    write.write_all(&text).await
}

async fn perform(request: Request, house: &House) -> anyhow::Result<String> {
    match request {
        Request::AddAccount(account) => {
            let told = commands::account::add(&house.store, &house.backend.moment, account).await?;
            house.backend.setup.reload().await?;
            Ok(told)
        }
        Request::AddUser(user) => {
            commands::user::add(&house.store, &house.backend.moment, user).await
        }
        Request::Backup { to } => commands::backup::database(&house.store, &to).await,
        Request::Ping => Ok("running".to_owned()),
    }
}

/// Sends a command to the server of a data folder; `None` when none runs.
///
/// # Errors
/// When the server fails or answers that it could not do it.
pub(crate) async fn send(socket: &Path, request: &Request) -> anyhow::Result<Option<String>> {
    let Ok(mut stream) = UnixStream::connect(socket).await else {
        return Ok(None);
    };
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    let mut answer = String::new();
    timeout(
        ANSWER_WAIT,
        BufReader::new(stream.take(LINE_MAX)).read_line(&mut answer),
    )
    .await
    .context("the server did not answer in time")??;
    match serde_json::from_str(&answer).context("the server's answer cannot be read")? {
        Answer::Done(text) => Ok(Some(text)),
        Answer::Failed(text) => bail!(text),
    }
}
