//! The statements of reservations and of what they count.
//!
//! Whoever changes rows of several of these tables in one transaction does it in this order, and by key within each:
//! `claim`, `cap_line` and `cap_counter`, `place_counter`, `turn`, `balance`. So nobody waits for somebody who waits.

/// A look at the past by one thing that recognises a person; both when a rule wants both.
macro_rules! past_with {
    ($column:literal) => {
        concat!(
            "SELECT opportunity FROM taken WHERE account = $1 AND ",
            $column,
            " = $2 AND came_at > $3 AND opportunity <> $4 \
             AND (contract = 0 OR offered_at IS NOT NULL) \
             AND (CAST($5 AS TEXT) = 'account' OR (CAST($5 AS TEXT) = 'campaign' AND campaign = $6) \
             OR (CAST($5 AS TEXT) = 'feed' AND feed = $6) \
             OR (CAST($5 AS TEXT) = 'contract' AND contract = $6 AND contract <> 0) \
             OR (CAST($5 AS TEXT) = 'buyer' AND buyer = $6 AND contract <> 0) \
             OR (CAST($5 AS TEXT) = 'buyer_company' AND company = $6 AND contract <> 0)) \
             AND (CAST($7 AS TEXT) = 'any' OR (CAST($7 AS TEXT) = 'connected' AND connected_at IS NOT NULL) \
             OR (CAST($7 AS TEXT) = 'billable' AND billable_at IS NOT NULL)) \
             AND ($8 = 0 OR email_sha256 = $9) ORDER BY came_at DESC, opportunity DESC LIMIT 1"
        )
    };
}

crate::statements! { "routing";
    PUT_RESERVATION = "INSERT INTO reservation (id, account, opportunity, contract, buyer, campaign, feed, stage, \
        last_open, took, claims, made_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11, $12) \
        ON CONFLICT (id) DO NOTHING";
    PUT_HOLD = "INSERT INTO hold (id, account, reservation, opportunity, buyer, amount, currency, expires_at, state, settled) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'placed', 0)";
    /// The person as one who may be offered to the contract; counts as the past once they are.
    PUT_TAKEN = "INSERT INTO taken (opportunity, contract, account, came_at, phone, phone_sha256, email_sha256, campaign, \
        feed, buyer, company, offered_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
        ON CONFLICT (opportunity, contract) DO UPDATE SET \
        offered_at = COALESCE(taken.offered_at, excluded.offered_at)";
    PUT_CLAIM = "INSERT INTO claim (account, claimed, opportunity, holders) VALUES ($1, $2, $3, 1) \
        ON CONFLICT (account, claimed) DO UPDATE SET holders = claim.holders + 1 \
        WHERE claim.opportunity = excluded.opportunity";
    CLAIM = "SELECT opportunity FROM claim WHERE account = $1 AND claimed = $2";
    RELEASE_CLAIM = "UPDATE claim SET holders = holders - 1 WHERE account = $1 AND claimed = $2 AND opportunity = $3";
    DELETE_CLAIM = "DELETE FROM claim WHERE account = $1 AND claimed = $2 AND holders = 0";
    PAST_WITH_PHONE = past_with!("phone");
    PAST_WITH_PHONE_SHA256 = past_with!("phone_sha256");
    PAST_WITH_EMAIL = past_with!("email_sha256");
    /// Nothing is inserted above the most: whoever asks has compared that.
    TAKE_SLOT = "INSERT INTO cap_counter (cap, feed, window_from, window_to, counts_until, account, used, reserved) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (cap, feed, window_from, window_to) DO UPDATE SET \
        used = cap_counter.used + excluded.used, reserved = cap_counter.reserved + excluded.reserved \
        WHERE cap_counter.used + cap_counter.reserved + excluded.used + excluded.reserved <= $9";
    STAND_IN_LINE = "INSERT INTO cap_line (cap, feed, times) VALUES ($1, $2, 1) \
        ON CONFLICT (cap, feed) DO UPDATE SET times = cap_line.times + 1";
    /// The sum of every slice that reaches into the span, which nobody else raises meanwhile: see `STAND_IN_LINE`.
    TAKE_SLICE = "INSERT INTO cap_counter (cap, feed, window_from, window_to, counts_until, account, used, reserved) \
        SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), \
        CAST($6 AS BIGINT), CAST($7 AS BIGINT), CAST($8 AS BIGINT) FROM (SELECT CAST(COALESCE(sum(c.used + c.reserved), 0) \
        AS BIGINT) AS taken FROM cap_counter AS c WHERE c.cap = $1 AND c.feed = $2 AND c.counts_until > $10 \
        AND c.counts_until - c.window_to = $11) AS span WHERE span.taken + $7 + $8 <= $9 \
        ON CONFLICT (cap, feed, window_from, window_to) DO UPDATE SET \
        used = cap_counter.used + excluded.used, reserved = cap_counter.reserved + excluded.reserved";
    MOVE_SLOT = "UPDATE cap_counter SET used = used + $5, reserved = reserved + $6 WHERE cap = $1 AND feed = $2 \
        AND window_from = $3 AND window_to = $4 AND used + $5 >= 0 AND reserved + $6 >= 0";
    SLOTS_OF = "SELECT cap, feed, window_from, window_to, counts_until, used, reserved FROM cap_counter \
        WHERE cap = $1 AND feed = $2 AND counts_until > $3 ORDER BY window_from, window_to";
    SLOTS = "SELECT cap, feed, window_from, window_to, counts_until, used, reserved FROM cap_counter \
        WHERE account = $1 AND counts_until > $2 ORDER BY cap, feed, window_from, window_to";
    /// Nothing is inserted where there is no place at all: whoever asks has compared that.
    TAKE_PLACE = "INSERT INTO place_counter (account, kind, owner, name, legs, bids) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (account, kind, owner, name) DO UPDATE SET legs = place_counter.legs + excluded.legs, \
        bids = place_counter.bids + excluded.bids \
        WHERE place_counter.legs * 100 + place_counter.bids * $7 + 100 <= $8";
    CALL_BID = "UPDATE place_counter SET legs = legs + 1, bids = bids - 1 WHERE account = $1 AND kind = $2 AND owner = $3 \
        AND name = $4 AND bids >= 1 AND legs * 100 + (bids - 1) * $5 + 100 <= $6";
    MOVE_PLACE = "UPDATE place_counter SET legs = legs + $5, bids = bids + $6 WHERE account = $1 AND kind = $2 \
        AND owner = $3 AND name = $4 AND legs + $5 >= 0 AND bids + $6 >= 0";
    PLACE = "SELECT kind, owner, name, legs, bids FROM place_counter \
        WHERE account = $1 AND kind = $2 AND owner = $3 AND name = $4";
    PLACES = "SELECT kind, owner, name, legs, bids FROM place_counter WHERE account = $1 AND (legs > 0 OR bids > 0) \
        ORDER BY kind, owner, name";
    PUT_TURN = "INSERT INTO turn (campaign, contract, name, account, credit) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (campaign, contract, name) DO UPDATE SET credit = turn.credit + excluded.credit";
    TURNS = "SELECT contract, name, credit FROM turn WHERE campaign = $1 AND credit <> 0 ORDER BY contract, name";
    /// Sets money of a wallet aside that is there already.
    SET_ASIDE = "UPDATE balance SET held = held + $4 WHERE account = $1 AND book = 'buyer_wallet' AND party_kind = 'buyer' \
        AND party = $2 AND currency = $3 AND $5 - amount - held >= $4";
    /// The same where the credit limit alone covers it, so that the wallet need not be there.
    SET_ASIDE_ON_CREDIT = "INSERT INTO balance (account, book, party_kind, party, currency, amount, held) \
        VALUES ($1, 'buyer_wallet', 'buyer', $2, $3, 0, $4) ON CONFLICT (account, book, party_kind, party) DO UPDATE SET \
        held = balance.held + excluded.held WHERE balance.currency = excluded.currency \
        AND $5 - balance.amount - balance.held >= excluded.held";
    SET_FREE = "UPDATE balance SET held = held - $4 WHERE account = $1 AND book = 'buyer_wallet' AND party_kind = 'buyer' \
        AND party = $2 AND currency = $3 AND held >= $4";
    WALLET = "SELECT amount, held, currency FROM balance WHERE account = $1 AND book = 'buyer_wallet' \
        AND party_kind = 'buyer' AND party = $2";
    WALLETS = "SELECT party, amount, held, currency FROM balance WHERE account = $1 AND book = 'buyer_wallet' \
        AND party_kind = 'buyer' ORDER BY party";
    END_HOLD = "UPDATE hold SET state = $2, settled = $3 WHERE reservation = $1 AND state = 'placed'";
    RENEW_HOLD = "UPDATE hold SET expires_at = $2 WHERE reservation = $1 AND state = 'placed'";
    RESERVATION = "SELECT r.id, r.account, r.opportunity, r.contract, r.buyer, r.campaign, r.feed, r.stage, r.took, r.claims, \
        r.made_at, r.expires_at, r.ended_at, h.amount AS held, h.currency AS held_in FROM reservation AS r \
        LEFT JOIN hold AS h ON h.reservation = r.id AND h.state = 'placed' WHERE r.id = $1";
    RESERVATIONS_OF = "SELECT r.id, r.account, r.opportunity, r.contract, r.buyer, r.campaign, r.feed, r.stage, r.took, \
        r.claims, r.made_at, r.expires_at, r.ended_at, h.amount AS held, h.currency AS held_in FROM reservation AS r \
        LEFT JOIN hold AS h ON h.reservation = r.id AND h.state = 'placed' WHERE r.opportunity = $1 ORDER BY r.id";
    EXPIRED = "SELECT r.id, r.account, r.opportunity, r.contract, r.buyer, r.campaign, r.feed, r.stage, r.took, r.claims, \
        r.made_at, r.expires_at, r.ended_at, h.amount AS held, h.currency AS held_in FROM reservation AS r \
        LEFT JOIN hold AS h ON h.reservation = r.id AND h.state = 'placed' WHERE r.ended_at IS NULL AND r.expires_at <= $1 \
        ORDER BY r.expires_at, r.id LIMIT $2";
    MOVE_RESERVATION = "UPDATE reservation SET stage = $2, last_open = $8, ended_at = $4, came_billable = $5, \
        came_revenue = $6, came_payout = $7 WHERE id = $1 AND stage = $3";
    EXPIRE_RESERVATION = "UPDATE reservation SET stage = 'expired', ended_at = $2 WHERE id = $1 AND stage = $3 \
        AND expires_at <= $2";
    RENEW_RESERVATION = "UPDATE reservation SET expires_at = $2 WHERE id = $1 AND ended_at IS NULL AND expires_at > $3";
    TAKEN_OFFERED = "UPDATE taken SET offered_at = COALESCE(offered_at, $3) WHERE opportunity = $1 AND contract = $2";
    TAKEN_CONNECTED = "UPDATE taken SET offered_at = COALESCE(offered_at, $3), connected_at = COALESCE(connected_at, $3) \
        WHERE opportunity = $1 AND contract = $2";
    TAKEN_BILLABLE = "UPDATE taken SET offered_at = COALESCE(offered_at, $3), connected_at = COALESCE(connected_at, $3), \
        billable_at = COALESCE(billable_at, $3) WHERE opportunity = $1 AND contract = $2";
    NOT_TAKEN = "DELETE FROM taken WHERE opportunity = $1 AND contract = $2 AND contract <> 0 AND offered_at IS NULL";
    SOLD_SINCE = "SELECT kind, owner, times FROM sold WHERE account = $1 AND month_from = $2 ORDER BY kind, owner";
    COUNT_SOLD = "INSERT INTO sold (kind, owner, month_from, account, times) VALUES ($1, $2, $3, $4, 1) \
        ON CONFLICT (kind, owner, month_from) DO UPDATE SET times = sold.times + 1";
}
