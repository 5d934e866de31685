//! What the server does by itself: jobs that run again and again until it ends.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_engine::assignment::sweep::SWEEP_EVERY_MS;
use trunkline_engine::attribution::LEARN_EVERY;
use trunkline_engine::call::keeper::RECONCILE_EVERY;
use trunkline_engine::call::{FETCH_EVERY, PROGRESS_FLUSH_EVERY, RETENTION_EVERY};
use trunkline_engine::distribution::GO_LIVE_EVERY_MS;
use trunkline_engine::inventory::WARM_UP_EVERY_MS;
use trunkline_engine::lead::LEADS_EVERY;
use trunkline_engine::routing::EXPIRE_EVERY;
use trunkline_engine::routing::arrival::CLOSE_EVERY;
use trunkline_engine::supply::LOOK_UP_EVERY;
use trunkline_engine::visit_retention::Forgotten;
use trunkline_web::App;
use trunkline_web::voice::SWEEP_EVERY;

use crate::check_call::Checker;
use crate::wiring::House;

/// How often the addresses of trunks' peers are looked up again.
const RESOLVE_EVERY: Duration = Duration::from_secs(300);
/// How soon they are looked up again when one was not found; twice as long after each time in vain.
const RESOLVE_AGAIN: Duration = Duration::from_secs(5);

/// Starts the jobs of one server; they end with `stop`.
pub(crate) fn start(
    house: &Arc<House>,
    app: &App,
    checker: &Checker,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) {
    of_house(house, tasks, stop);
    keep_in_step(house, tasks, stop);
    speak_missing(house, tasks, stop);
    of_webhooks(house, app, tasks, stop);
    look_up_purchases(house, tasks, stop);
    deliver(house, tasks, stop);
    check_calls(checker, tasks, stop);
}

/// What keeps the books, the calls and the leads in order.
fn of_house(house: &Arc<House>, tasks: &TaskTracker, stop: &CancellationToken) {
    let every = |period: Duration, name: &'static str| (period, name, stop.clone());
    let backend = house.backend.clone();
    tasks.spawn(repeat(
        every(Duration::from_millis(SWEEP_EVERY_MS), "sweep"),
        move || {
            let assignments = Arc::clone(&backend.assignments);
            async move { assignments.sweep() }
        },
    ));
    let calls = Arc::clone(&house.backend.calls);
    tasks.spawn(repeat(every(PROGRESS_FLUSH_EVERY, "progress"), move || {
        let calls = Arc::clone(&calls);
        async move { calls.flush_progress().await }
    }));
    let keeper = Arc::clone(&house.keeper);
    tasks.spawn(repeat(every(RECONCILE_EVERY, "reconcile"), move || {
        let keeper = Arc::clone(&keeper);
        async move {
            match keeper.reconcile().await {
                Ok(0) => {}
                Ok(saved) => tracing::info!(saved, "saved calls from the spool"),
                Err(error) => tracing::warn!(%error, "calls still wait in the spool"),
            }
        }
    }));
    let inventory = Arc::clone(&house.backend.inventory);
    let warm_ups = every(Duration::from_millis(WARM_UP_EVERY_MS), "warm-ups");
    tasks.spawn(repeat(warm_ups, move || {
        let inventory = Arc::clone(&inventory);
        async move {
            match inventory.end_warm_ups().await {
                Ok(0) => {}
                Ok(numbers) => tracing::info!(numbers, "warm-ups ended; the numbers are in use"),
                Err(error) => tracing::warn!(%error, "warm-ups were not looked at"),
            }
        }
    }));
    go_live(house, tasks, stop);
    end_reservations(house, tasks, stop);
    go_on_with_leads(house, tasks, stop);
    close_bids(house, tasks, stop);
    let learner = Arc::clone(house);
    let ended = stop.clone();
    tasks.spawn(repeat(every(LEARN_EVERY, "learn"), move || {
        let (house, stop) = (Arc::clone(&learner), ended.clone());
        async move {
            if let Some(Err(error)) = stop.run_until_cancelled(learn(&house)).await {
                tracing::warn!(%error, "a site's labels could not be learned from");
            }
        }
    }));
    let keeping = Arc::clone(house);
    let ended = stop.clone();
    tasks.spawn(repeat(every(RETENTION_EVERY, "retention"), move || {
        let (house, stop) = (Arc::clone(&keeping), ended.clone());
        async move {
            // What was deleted is logged for each account.
            let ended = stop.clone();
            if let Err(error) = house.retention.run(&move || ended.is_cancelled()).await {
                tracing::warn!(%error, "recordings over their time were not looked at");
            }
            let forgetting = house.backend.supply.forget_offers();
            match stop.run_until_cancelled(forgetting).await {
                None | Some(Ok(0)) => {}
                Some(Ok(offers)) => tracing::info!(
                    offers,
                    "offers of numbers that nobody accepted were deleted"
                ),
                Some(Err(error)) => {
                    tracing::warn!(%error, "offers of numbers that nobody accepted wait");
                }
            }
            // It may take long, and the end of the server waits for no job; the next start goes on.
            let Some(forgotten) = stop.run_until_cancelled(house.visit_retention.run()).await
            else {
                return;
            };
            match forgotten {
                Ok(gone) if gone == Forgotten::default() => {}
                Ok(Forgotten {
                    page_views,
                    showings,
                    networks,
                    more,
                }) => {
                    tracing::info!(
                        page_views,
                        showings,
                        networks,
                        more,
                        "visits over their time were deleted"
                    );
                }
                Err(error) => tracing::warn!(%error, "visits over their time wait"),
            }
            let now = house.backend.moment.now();
            let challenges = house.backend.screener.challenge_texts();
            match house.backend.setup.tidy_sounds(&challenges, now).await {
                Ok(0) => {}
                Ok(files) => tracing::info!(files, "sounds that nothing uses were removed"),
                Err(error) => tracing::warn!(%error, "the folder of sounds was not tidied"),
            }
        }
    }));
}

/// Puts terms in force whose time has come.
fn go_live(house: &Arc<House>, tasks: &TaskTracker, stop: &CancellationToken) {
    let backend = house.backend.clone();
    let period = Duration::from_millis(GO_LIVE_EVERY_MS);
    tasks.spawn(repeat((period, "terms", stop.clone()), move || {
        let backend = backend.clone();
        async move {
            match backend.distribution.go_live(backend.moment.now()).await {
                Ok(0) => {}
                Ok(versions) => tracing::info!(versions, "terms whose time has come are in force"),
                Err(error) => tracing::warn!(%error, "terms whose time has come wait"),
            }
        }
    }));
}

/// Ends reservations whose time is over, and stores what calls came to while the store was away.
fn end_reservations(house: &Arc<House>, tasks: &TaskTracker, stop: &CancellationToken) {
    let router = Arc::clone(&house.backend.router);
    tasks.spawn(repeat(
        (EXPIRE_EVERY, "reservations", stop.clone()),
        move || {
            let router = Arc::clone(&router);
            async move {
                match router.expire().await {
                    Ok(0) => {}
                    Ok(ended) => tracing::debug!(ended, "reservations ended by themselves"),
                    Err(error) => tracing::warn!(%error, "reservations whose time is over wait"),
                }
            }
        },
    ));
    let router = Arc::clone(&house.backend.router);
    tasks.spawn(repeat(
        (RECONCILE_EVERY, "settle", stop.clone()),
        move || {
            let router = Arc::clone(&router);
            async move {
                match router.settle_waiting().await {
                    Ok(0) => {}
                    Ok(calls) => tracing::info!(calls, "stored what calls came to"),
                    Err(error) => tracing::warn!(%error, "what calls came to still waits"),
                }
            }
        },
    ));
}

/// Goes on with leads that wait, and with those of which it was not known who has them.
fn go_on_with_leads(house: &Arc<House>, tasks: &TaskTracker, stop: &CancellationToken) {
    let leads = Arc::clone(&house.backend.leads);
    tasks.spawn(repeat((LEADS_EVERY, "leads", stop.clone()), move || {
        let leads = Arc::clone(&leads);
        async move {
            if let Err(error) = leads.go_on().await {
                tracing::warn!(%error, "leads whose time has come wait");
            }
        }
    }));
}

/// Closes bids that nobody called.
fn close_bids(house: &Arc<House>, tasks: &TaskTracker, stop: &CancellationToken) {
    let rtb = Arc::clone(&house.backend.rtb);
    tasks.spawn(repeat((CLOSE_EVERY, "bids", stop.clone()), move || {
        let rtb = Arc::clone(&rtb);
        async move {
            match rtb.close_missed().await {
                Ok(0) => {}
                Ok(closed) => tracing::debug!(closed, "bids were not called in time"),
                Err(error) => tracing::warn!(%error, "bids that nobody called wait to be closed"),
            }
        }
    }));
}

/// Looks up again where the hosts of trunks are, for the first time after a while: the start did it too. What memory holds
/// of the configuration is read again only where a change may have passed it by.
fn keep_in_step(house: &Arc<House>, tasks: &TaskTracker, stop: &CancellationToken) {
    let (house, stop) = (Arc::clone(house), stop.clone());
    tasks.spawn(async move {
        let backend = &house.backend;
        let mut in_vain = 0;
        loop {
            let misses = backend.setup.misses_a_host();
            let wait = tokio::time::sleep(resolve_after(misses.then_some(in_vain)));
            in_vain = if misses { in_vain + 1 } else { 0 };
            if stop.run_until_cancelled(wait).await.is_none() {
                break;
            }
            let looking = stop.run_until_cancelled(backend.setup.keep_in_step());
            if let Some(Err(error)) = looking.await {
                tracing::warn!(%error, "the directory could not be read again");
            }
            if let Err(error) = backend.distribution.keep_in_step().await {
                tracing::warn!(%error, "markets could not be read again");
            }
            if let Err(error) = backend.screener.keep_in_step().await {
                tracing::warn!(%error, "the rules of screening could not be read again");
            }
        }
        tracing::debug!(name = "resolve", "a job ended");
    });
}

/// When hosts are looked up again: soon while one is missing, whose trunk cannot be used until it is found, and less and
/// less often when that was `in_vain` so many times.
fn resolve_after(in_vain: Option<u32>) -> Duration {
    in_vain.map_or(RESOLVE_EVERY, |times| {
        let factor = 2_u32.saturating_pow(times);
        RESOLVE_AGAIN.saturating_mul(factor).min(RESOLVE_EVERY)
    })
}

/// Speaks what published flows and challenges say and is not kept; at the start, because the engine may be another one now.
fn speak_missing(house: &Arc<House>, tasks: &TaskTracker, stop: &CancellationToken) {
    let (house, stop) = (Arc::clone(house), stop.clone());
    tasks.spawn(async move {
        let speaking = async {
            house.backend.setup.speak_missing().await + house.backend.screener.speak_missing().await
        };
        if let Some(texts @ 1..) = stop.run_until_cancelled(speaking).await {
            tracing::info!(
                texts,
                "texts of published flows and of screening were spoken"
            );
        }
    });
}

/// Starts the jobs for calls whose carrier talks by webhooks.
fn of_webhooks(house: &Arc<House>, app: &App, tasks: &TaskTracker, stop: &CancellationToken) {
    let swept = Arc::clone(app);
    let period = (SWEEP_EVERY, "calls over webhooks", stop.clone());
    tasks.spawn(repeat(period, move || {
        let app = Arc::clone(&swept);
        async move { trunkline_web::voice::sweep(&app).await }
    }));
    let fetching = Arc::clone(&house.fetching);
    let period = (FETCH_EVERY, "recordings of carriers", stop.clone());
    tasks.spawn(repeat(period, move || {
        let fetching = Arc::clone(&fetching);
        async move {
            match fetching.run().await {
                Ok(0) => {}
                Ok(fetched) => tracing::info!(fetched, "recordings were fetched from carriers"),
                Err(error) => tracing::warn!(%error, "recordings of carriers wait"),
            }
        }
    }));
}

/// Delivers what waits in the outbox, until the server ends and what is on its way is done.
fn deliver(house: &Arc<House>, tasks: &TaskTracker, stop: &CancellationToken) {
    let outgoing = Arc::clone(&house.backend.outgoing);
    tasks.spawn(outgoing.work(stop.clone().cancelled_owned()));
}

/// Looks up purchases of numbers without an answer, those that a crash left too.
fn look_up_purchases(house: &Arc<House>, tasks: &TaskTracker, stop: &CancellationToken) {
    let supply = Arc::clone(&house.backend.supply);
    tasks.spawn(repeat(
        (LOOK_UP_EVERY, "purchases", stop.clone()),
        move || {
            let supply = Arc::clone(&supply);
            async move {
                if let Err(error) = supply.look_up().await {
                    tracing::warn!(%error, "purchases without an answer were not looked up");
                }
            }
        },
    ));
}

/// Tests each site of the configuration again and again on its own schedule, the first time at the start.
fn check_calls(checker: &Checker, tasks: &TaskTracker, stop: &CancellationToken) {
    for one in &*checker.sites {
        let period = Duration::from_secs(u64::from(one.every_hours.max(1)) * 3_600);
        let (checker, site) = (checker.clone(), one.site.clone());
        tasks.spawn(repeat((period, "check", stop.clone()), move || {
            let (checker, site) = (checker.clone(), site.clone());
            async move {
                // What was wrong with the call is logged by the test itself.
                if let Err(error) = checker.run(&site).await {
                    tracing::warn!(%error, site, "a site could not be tested");
                }
            }
        }));
    }
}

/// Fits the model of every site that has something to learn, one after the other.
async fn learn(house: &House) -> anyhow::Result<()> {
    let now = house.backend.moment.now();
    for site in house.learning.due(now).await? {
        let Some(lessons) = house.learning.lessons(site, now).await? else {
            continue;
        };
        let labels = lessons.labels();
        // Arithmetic over thousands of calls: not on a thread that answers requests.
        let model = tokio::task::spawn_blocking(move || lessons.fit()).await?;
        house.learning.adopt(site, model, now).await?;
        tracing::info!(%site, labels, "attribution learned from its own calls");
    }
    Ok(())
}

/// Runs a job over and over until the server ends.
async fn repeat<F, W>((period, name, stop): (Duration, &'static str, CancellationToken), job: F)
where
    F: Fn() -> W,
    W: Future<Output = ()>,
{
    let mut tick = tokio::time::interval(period);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = tick.tick() => job().await,
        }
    }
    tracing::debug!(name, "a job ended");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_host_is_looked_up_soon_and_then_less_and_less_often() {
        let waits = [None, Some(0), Some(1), Some(5), Some(6), Some(99)];
        let seconds = waits.map(|in_vain| resolve_after(in_vain).as_secs());
        assert_eq!(seconds, [300, 5, 10, 160, 300, 300]);
    }
}
