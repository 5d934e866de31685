//! The reads of the call log. Every list is bounded by an index on what it filters by first, and by a limit.

use trunkline_core::base::Timestamp;
use trunkline_core::call::CallResult;
use trunkline_engine::ports::calls::CallFilter;

use crate::args;
use crate::db::{Statement, Val};
use crate::visitor::keyset;

macro_rules! call_columns {
    () => {
        "id, account, trunk, number, dialled, site, caller, caller_text, attestation, sip_call_id, state, result, \
         started_at, answered_at, ended_at, progress_at, talk_ms, destination, channel, medium, source, ad_campaign, \
         term, content, rule, session, probability, ambiguous, first_time, ended_by, end_reason, sip_status, q850, \
         jitter_ms, loss_percent, mos, recording, review, model, confirmed_at, synthetic, \
         flow, flow_version, flow_depth, screened, screening, verstat, diversion, \
         toll_refused, destination_sip, legs, telephony_cost, outbound_cost, cost_currency, \
         (SELECT max(e.at) FROM call_event AS e WHERE e.call = call.id AND e.kind = 'attempt' \
         AND (call.answered_at IS NULL OR e.at <= call.answered_at)) AS dialled_at, \
         (SELECT CASE WHEN sum(CASE WHEN e.kind = 'attempt' THEN 1 ELSE -1 END) = 0 \
         THEN max(CASE WHEN e.kind = 'attempt_failed' THEN e.at END) END FROM call_event AS e WHERE e.call = call.id \
         AND e.kind IN ('attempt', 'attempt_failed') AND (call.answered_at IS NULL OR e.at <= call.answered_at)) AS rang_until"
    };
}

pub(crate) use call_columns;

/// A list without its candidates. `$first` is what an index is chosen by; the unary plus keeps conditions from being
/// chosen by that would find more.
macro_rules! calls {
    ($first:literal) => {
        concat!(
            "SELECT ",
            call_columns!(),
            ", '[]' AS candidates FROM call WHERE ",
            $first,
            " AND (started_at, id) < ($3, $4) \
             AND (CAST($5 AS TEXT) IS NULL OR (state = 'ended' AND result = $5)) \
             AND (CAST($6 AS TEXT) IS NULL OR channel = $6) \
             AND (CAST($7 AS TEXT) IS NULL OR source = $7) \
             AND (CAST($8 AS TEXT) IS NULL OR medium = $8) \
             AND (CAST($9 AS BIGINT) IS NULL OR site = $9) \
             AND (CAST($10 AS BIGINT) IS NULL OR number = $10) \
             AND (CAST($11 AS BIGINT) IS NULL OR caller = $11) \
             AND (CAST($12 AS BIGINT) IS NULL OR session = $12) \
             AND ($13 = 0 OR recording IS NOT NULL) \
             AND ($14 = 0 OR state <> 'ended') \
             AND ($15 = 0 OR ambiguous = 1) \
             AND ($16 = 0 OR (state = 'ended' AND answered_at IS NULL AND (result IS NULL OR result <> 'blocked'))) \
             AND synthetic = $17 \
             ORDER BY started_at DESC, id DESC LIMIT $18"
        )
    };
}

crate::statements! { "call";
    CALL = concat!("SELECT ", call_columns!(), ", candidates FROM call WHERE id = $1");
    OPEN_CALLS = concat!("SELECT ", call_columns!(), ", candidates FROM call WHERE state <> 'ended' ORDER BY started_at, id");
    /// Account by account: calls have no index by time alone.
    LAST_ENDS = "SELECT call.number, max(call.ended_at) AS ended_at FROM account CROSS JOIN call \
        WHERE call.account = account.id AND call.synthetic = 0 AND call.started_at >= $1 AND call.ended_at >= $2 \
        AND (call.result IS NULL OR call.result <> 'blocked') \
        GROUP BY call.number ORDER BY call.number";
    CALLS = calls!("account = $1 AND started_at >= $2");
    CALLS_OF_SESSION = calls!("+account = $1 AND session = $12 AND started_at >= $2");
    CALLS_OF_CALLER = calls!("account = $1 AND caller = $11 AND +started_at >= $2");
    CALLS_ON_NUMBER = calls!("+account = $1 AND number = $10 AND started_at >= $2");
    LIVE_CALLS = calls!("+account = $1 AND state <> 'ended' AND started_at >= $2");
    AMBIGUOUS_CALLS = calls!("account = $1 AND ambiguous = 1 AND started_at >= $2");
    MISSED_CALLS = calls!("account = $1 AND state = 'ended' AND answered_at IS NULL AND started_at >= $2");
    BLOCKED_CALLS = calls!("account = $1 AND screened IS NOT NULL AND result = 'blocked' AND started_at >= $2");
    COUNTS = "SELECT (SELECT count(*) FROM call WHERE account = $1 AND synthetic = 0) AS total, \
        (SELECT count(*) FROM call WHERE account = $1 AND synthetic = 0 AND started_at >= $2) AS today, \
        (SELECT count(*) FROM call WHERE +account = $1 AND synthetic = 0 AND state <> 'ended') AS live, \
        (SELECT count(*) FROM call WHERE account = $1 AND synthetic = 0 AND ambiguous = 1) AS ambiguous, \
        (SELECT count(*) FROM call WHERE account = $1 AND synthetic = 0 AND state = 'ended' AND answered_at IS NULL) \
        - (SELECT count(*) FROM call WHERE account = $1 AND synthetic = 0 AND screened IS NOT NULL AND result = 'blocked') AS missed, \
        (SELECT count(*) FROM call WHERE account = $1 AND synthetic = 0 AND ambiguous = 1 AND started_at >= $2) AS ambiguous_today, \
        (SELECT count(*) FROM call WHERE account = $1 AND synthetic = 0 AND state = 'ended' AND answered_at IS NULL \
        AND started_at >= $2 AND (result IS NULL OR result <> 'blocked')) AS missed_today";
    TOLL_REFUSED = "SELECT toll_refused, count(*) AS calls, max(started_at) AS last_at, max(id) AS last_call FROM \
        (SELECT toll_refused, started_at, id FROM call WHERE account = $1 AND toll_refused IS NOT NULL AND started_at >= $2 \
        AND synthetic = 0 ORDER BY started_at DESC, id DESC LIMIT $3) AS latest GROUP BY toll_refused ORDER BY toll_refused";
    /// A withheld caller stands as the negative of the call's id, which no number is.
    BY_NUMBER = "SELECT number, count(*) AS calls, max(started_at) AS last_call_at, \
        count(DISTINCT coalesce(caller, -id)) AS callers, \
        count(DISTINCT CASE WHEN session IS NULL AND state = 'ended' THEN coalesce(caller, -id) END) AS strangers FROM call \
        WHERE account = $1 AND synthetic = 0 AND started_at >= $2 AND (result IS NULL OR result <> 'blocked') \
        GROUP BY number ORDER BY number";
    /// Of the caller's latest calls: a dialler may have thousands that were blocked.
    CALLED_BEFORE = "SELECT 1 AS found FROM (SELECT result FROM call WHERE account = $1 AND caller = $2 AND synthetic = 0 \
        AND started_at < $3 ORDER BY started_at DESC, id DESC LIMIT 1000) AS latest \
        WHERE result IS NULL OR result <> 'blocked' LIMIT 1";
    COUNT_BEFORE = "SELECT count(*) AS calls FROM (SELECT result FROM call WHERE account = $1 AND caller = $2 \
        AND synthetic = 0 AND started_at < $3 ORDER BY started_at DESC, id DESC LIMIT $4) AS latest \
        WHERE result IS NULL OR result <> 'blocked'";
    LAST_ANSWERED = "SELECT destination FROM call WHERE account = $1 AND caller = $2 AND synthetic = 0 AND started_at < $3 \
        AND answered_at IS NOT NULL AND destination IS NOT NULL ORDER BY started_at DESC, id DESC LIMIT 1";
    /// With both ends of the time SQLite would go through all calls of the account in that time, hence the unary plus.
    LAST_CREDITED = "SELECT call.session, session.visitor, call.started_at, call.probability FROM call \
        JOIN session ON session.id = call.session WHERE call.account = $1 AND call.caller = $2 AND call.synthetic = 0 \
        AND +call.started_at >= $3 AND call.started_at < $4 \
        AND (CAST($5 AS BIGINT) IS NULL OR session.site = $5) ORDER BY call.started_at DESC, call.id DESC LIMIT 1";
    NUMBER_HISTORY = "SELECT count(*) AS calls, count(session) AS credited FROM (SELECT session FROM call \
        WHERE number = $1 AND synthetic = 0 AND started_at < $2 AND (result IS NULL OR result <> 'blocked') ORDER BY started_at DESC, id DESC LIMIT $3) AS latest";
    /// A call in progress counts up to its last sign of life; what it cost is known at its end, and counts in the account's
    /// currency.
    USED_SINCE = "SELECT CAST(coalesce(sum((CASE WHEN state = 'ended' THEN talk_ms \
        WHEN answered_at IS NULL THEN 0 ELSE progress_at - answered_at END + 59999) / 60000), 0) AS BIGINT) AS minutes, \
        CAST(coalesce(sum(CASE WHEN cost_currency = (SELECT currency FROM account WHERE account.id = $1) \
        THEN outbound_cost END), 0) AS BIGINT) AS spent \
        FROM call WHERE account = $1 AND synthetic = 0 AND started_at >= $2";
    EVENTS = "SELECT id, call, at, kind, attempt, destination, destination_sip, sip_status, detail FROM call_event \
        WHERE call = $1 ORDER BY at, id";
    RECORDING = "SELECT id, call, account, path, state, duration_ms, bytes, started_at, deleted_at, deleted_because \
        FROM recording WHERE id = $1";
    /// The limit stands inside, so that no more recordings are read than that, whatever is kept of them. By the account
    /// SQLite would go through all opportunities of it for each recording, hence the unary plus.
    KEPT_RECORDINGS = "SELECT kept.id, kept.call, kept.account, kept.path, kept.state, kept.duration_ms, kept.bytes, \
        kept.started_at, kept.deleted_at, kept.deleted_because, campaign.name AS campaign, campaign.recordings \
        FROM (SELECT id, call, account, path, state, duration_ms, bytes, started_at, deleted_at, deleted_because \
        FROM recording WHERE account = $1 AND started_at < $2 AND started_at >= $3 AND (started_at > $3 OR id > $4) \
        AND state <> 'writing' AND state <> 'deleted' ORDER BY started_at, id LIMIT $5) AS kept \
        LEFT JOIN opportunity ON opportunity.call = kept.call AND +opportunity.account = kept.account \
        LEFT JOIN campaign ON campaign.id = opportunity.campaign \
        ORDER BY kept.started_at, kept.id, opportunity.id";
    RECORDING_DELETED = "UPDATE recording SET state = 'deleted', deleted_at = $2, deleted_because = $3 WHERE id = $1 \
        AND state <> 'writing' AND state <> 'deleted'";
    UNFINISHED_RECORDINGS = "SELECT id, call, account, path, state, duration_ms, bytes, started_at, deleted_at, \
        deleted_because FROM recording \
        WHERE state = 'writing' ORDER BY id";
}

/// The statement whose index fits the filter best, and its values. `None` when no account is given: nobody sees the
/// calls of all.
pub(super) fn statement(filter: &CallFilter) -> Option<(Statement, Vec<Val>)> {
    let account = filter.account?;
    let blocked = filter.result == Some(CallResult::Blocked);
    let statement = if filter.session.is_some() {
        CALLS_OF_SESSION
    } else if filter.live {
        LIVE_CALLS
    } else if filter.caller.is_some() {
        CALLS_OF_CALLER
    } else if blocked && filter.number.is_none() {
        BLOCKED_CALLS
    } else if filter.ambiguous {
        AMBIGUOUS_CALLS
    } else if filter.missed {
        MISSED_CALLS
    } else if filter.number.is_some() {
        CALLS_ON_NUMBER
    } else {
        CALLS
    };
    let from = filter.from.map_or(i64::MIN, Timestamp::as_millis);
    let (before, before_id) = keyset(filter.to, filter.after.map(|(at, id)| (at, id.raw())));
    let values = args![
        account,
        from,
        before,
        before_id,
        filter.result,
        filter.channel,
        filter.source.as_ref(),
        filter.medium.as_ref(),
        filter.site,
        filter.number,
        filter.caller,
        filter.session,
        filter.recorded,
        filter.live,
        filter.ambiguous,
        filter.missed,
        filter.synthetic,
        filter.limit,
    ];
    Some((statement, values))
}
