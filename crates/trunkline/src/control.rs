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
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use trunkline_web::App;

use crate::check_call::Checker;
use crate::commands;
use crate::wiring::House;

/// Longest line, in bytes.
const LINE_MAX: u64 = 64 * 1024;
/// Longest wait for a line.
const LINE_WAIT: Duration = Duration::from_secs(5);
/// Longest wait for an answer; a backup copies the whole database.
const ANSWER_WAIT: Duration = Duration::from_secs(600);

/// Most commands that are carried out at one time; more wait until they are accepted.
const COMMANDS_MAX: usize = 8;

/// A command to the running server.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub(crate) enum Request {
    /// Adds an account.
    AddAccount(commands::account::NewAccount),
    /// Adds a user, or gives one a new password.
    AddUser(commands::user::NewUser),
    /// Removes a user, or takes one out of an account.
    RemoveUser(commands::user::Leaver),
    /// Copies the database to a file.
    Backup {
        /// The file; must not exist.
        to: PathBuf,
    },
    /// Tests a site.
    CheckCall {
        /// Its name or id; empty for the only one.
        site: String,
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

/// Takes commands until `stop`; what then still runs is cut off.
pub(crate) async fn serve(
    listener: UnixListener,
    (house, app): (Arc<House>, App),
    checker: Checker,
    stop: CancellationToken,
) {
    let carry_out = move |stream| {
        let (house, app, checker) = (Arc::clone(&house), Arc::clone(&app), checker.clone());
        async move { answer(stream, (&house, &app), &checker).await }
    };
    each_on_its_own(listener, stop, carry_out).await;
}

/// Answers every connection on a task of its own, so that a long command holds up no other.
async fn each_on_its_own<F, W>(listener: UnixListener, stop: CancellationToken, answer: F)
where
    F: Fn(UnixStream) -> W,
    W: Future<Output = io::Result<()>> + Send + 'static,
{
    let mut commands = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = commands.join_next() => continue,
            accepted = listener.accept(), if commands.len() < COMMANDS_MAX => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        let answered = timeout(ANSWER_WAIT, answer(stream));
        commands.spawn(async move {
            let answered = answered.await;
            if let Err(error) = answered.unwrap_or_else(|late| Err(late.into())) {
                tracing::warn!(%error, "a command could not be answered");
            }
        });
    }
    commands.shutdown().await;
}

async fn answer(
    mut stream: UnixStream,
    (house, app): (&House, &App),
    checker: &Checker,
) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    timeout(
        LINE_WAIT,
        BufReader::new(read.take(LINE_MAX)).read_line(&mut line),
    )
    .await??;
    let answer = match serde_json::from_str(&line) {
        Err(error) => Answer::Failed(format!("this server does not know the command: {error}")),
        Ok(request) => match perform(request, house, app, checker).await {
            Ok(text) => Answer::Done(text),
            Err(error) => Answer::Failed(format!("{error:#}")),
        },
    };
    let mut text = serde_json::to_vec(&answer)?;
    text.push(b'\n');
    write.write_all(&text).await
}

async fn perform(
    request: Request,
    house: &House,
    app: &App,
    checker: &Checker,
) -> anyhow::Result<String> {
    match request {
        Request::AddAccount(account) => {
            let added = commands::account::add(&house.store, &house.backend.moment, account);
            house.backend.setup.change_elsewhere(added).await
        }
        Request::AddUser(user) => {
            let told = commands::user::add(&house.store, &house.backend.moment, user).await;
            app.logins_changed();
            told
        }
        Request::RemoveUser(leaver) => {
            let told = commands::user::remove(&house.store, leaver).await;
            app.logins_changed();
            told
        }
        Request::Backup { to } => commands::backup::database(&house.store, &to).await,
        Request::CheckCall { site } => match checker.run(&site).await? {
            (site, result) if result.wrong.is_none() => Ok(format!(
                "{}: the call was credited to its visit and source, in {} ms",
                site.site.name, result.took_ms
            )),
            (site, result) => bail!("{}: {}", site.site.name, result.wrong.unwrap_or_default()),
        },
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Never answers a connection that says `w`, and greets every other.
    async fn wait_or_greet(mut stream: UnixStream) -> io::Result<()> {
        if stream.read_u8().await? == b'w' {
            std::future::pending::<()>().await;
        }
        stream.write_all(b"hello").await
    }

    async fn say(socket: &Path, word: u8) -> UnixStream {
        let mut stream = UnixStream::connect(socket).await.expect("a connection");
        stream.write_all(&[word]).await.expect("written");
        stream
    }

    #[tokio::test]
    async fn a_command_that_takes_long_holds_up_no_other_and_not_the_end() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let socket = folder.path().join("control");
        let stop = CancellationToken::new();
        let listener = listen(&socket).expect("a socket");
        let served = tokio::spawn(each_on_its_own(listener, stop.clone(), wait_or_greet));
        let mut slow = say(&socket, b'w').await;
        let mut answer = String::new();
        let mut quick = say(&socket, b'q').await;
        quick.read_to_string(&mut answer).await.expect("an answer");
        assert_eq!(answer, "hello");
        stop.cancel();
        served.await.expect("it ends");
        assert_eq!(slow.read(&mut [0]).await.expect("closed"), 0);
    }
}
