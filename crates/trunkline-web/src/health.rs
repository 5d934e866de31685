//! `/healthz`: the process runs. `/readyz`: it can serve, the store included. Anybody may ask, so however many ask, the
//! store is asked once a second.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::app::App;

const READY_WAIT: Duration = Duration::from_secs(1);
/// How long an answer of the store stands.
const FRESH: Duration = Duration::from_secs(1);

/// What the store last answered.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    /// Whether the store answers. One asks it; those who come meanwhile wait for what it hears.
    async fn ask<F: Future<Output = bool>>(&self, store: impl FnOnce() -> F) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, ready)) = *last
            && at.elapsed() < FRESH
        {
            return ready;
        }
        let ready = timeout(READY_WAIT, store()).await.unwrap_or(false);
        *last = Some((Instant::now(), ready));
        ready
    }
}

pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

pub(crate) async fn readyz(State(app): State<App>) -> (StatusCode, &'static str) {
    let store = || async { app.backend.access.has_users().await.is_ok() };
    if app.readiness.ask(store).await {
        (StatusCode::OK, "ready\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not answer\n",
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn however_many_ask_the_store_is_asked_once_a_second() {
        let (readiness, asked) = (Readiness::default(), AtomicUsize::new(0));
        let ask = |answer: bool| {
            let asked = &asked;
            readiness.ask(move || async move {
                asked.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(10)).await;
                answer
            })
        };
        let all = futures_util::future::join_all((0..1_000).map(|_| ask(true))).await;
        assert!(all.into_iter().all(|ready| ready));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        tokio::time::advance(FRESH).await;
        assert!(!ask(false).await);
        assert!(!ask(true).await, "what was heard stands for a second");
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_hangs_is_not_ready() {
        let readiness = Readiness::default();
        assert!(!readiness.ask(std::future::pending).await);
        assert!(!readiness.ask(|| async { true }).await);
        tokio::time::advance(FRESH).await;
        assert!(readiness.ask(|| async { true }).await);
    }
}
