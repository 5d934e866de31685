//! The statements of leads.

macro_rules! columns {
    () => {
        "l.id, l.account, l.campaign, l.feed, l.publisher, l.came_by, l.test, l.stands, l.reason, l.pinged, l.fingerprint, \
         l.pinged_at, l.has_offer, l.quoted, l.expires_at, l.posted, l.posted_at, l.legs_max, l.waited, l.next_at, l.pending, \
         l.held, l.asked_key, l.asked, l.price_min, l.came_at, l.changed_at, l.due_at, l.currency, l.revenue, l.payout, \
         l.session, l.channel, l.medium, l.source, l.ad_campaign, l.term, l.content, l.rule, l.consent, l.revision"
    };
}

/// A list, the newest first. `$first` is what an index is chosen by.
macro_rules! leads {
    ($first:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM lead AS l WHERE ",
            $first,
            " AND l.id < $3 AND l.came_at >= $4 AND l.came_at < $5 \
             AND (CAST($6 AS BIGINT) IS NULL OR l.campaign = $6) \
             AND (CAST($7 AS BIGINT) IS NULL OR l.feed = $7) \
             AND (CAST($8 AS BIGINT) IS NULL OR l.publisher = $8) \
             AND (CAST($9 AS BIGINT) IS NULL OR EXISTS (SELECT 1 FROM lead_leg AS g WHERE g.lead = l.id AND g.buyer = $9)) \
             AND (CAST($10 AS TEXT) IS NULL OR l.stands = $10) \
             AND (CAST($11 AS BIGINT) IS NULL OR l.test = $11) \
             AND (CAST($12 AS BYTEA) IS NULL OR l.phone_sha256 = $12 OR l.email_sha256 = $12) \
             ORDER BY l.id DESC LIMIT $13"
        )
    };
}

macro_rules! consent_columns {
    () => {
        "account, number, lead, previous, hash, signature, given_at, page_url, words, words_sha256, ip, user_agent, \
         phone_sha256, email_sha256, sellers, replay"
    };
}

macro_rules! return_columns {
    () => {
        "lead, contract, account, buyer, stands, reason, note, proved, asked_at, decide_by, percent, decided_by, \
         decided_at, answer"
    };
}

crate::statements! { "lead";
    ADD_LEAD = "INSERT INTO lead (id, account, campaign, feed, publisher, came_by, test, stands, reason, phone_sha256, \
        email_sha256, pinged, fingerprint, pinged_at, has_offer, quoted, expires_at, posted, posted_at, legs_max, waited, \
        next_at, pending, held, asked_key, asked, price_min, came_at, changed_at, due_at, currency, revenue, payout, session, \
        channel, medium, source, ad_campaign, term, content, rule, consent, revision) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, \
        $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, 1)";
    CHANGE_LEAD = "UPDATE lead SET stands = $4, reason = $5, phone_sha256 = $6, email_sha256 = $7, has_offer = $8, \
        quoted = $9, expires_at = $10, posted = $11, posted_at = $12, legs_max = $13, waited = $14, next_at = $15, \
        pending = $16, held = $17, price_min = $18, changed_at = $19, due_at = $20, revenue = $21, payout = $22, \
        consent = $23, revision = revision + 1 WHERE id = $1 AND account = $2 AND revision = $3";
    PUT_LEG = "INSERT INTO lead_leg (lead, n, account, contract, buyer, company, destination, round, stands, stands_at, \
        accepted_at, reservation, outbox, bid, ping_name, price, buyers_name, redirect_url, told) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
        ON CONFLICT (lead, n) DO UPDATE SET stands = excluded.stands, stands_at = excluded.stands_at, \
        accepted_at = COALESCE(lead_leg.accepted_at, excluded.accepted_at), outbox = excluded.outbox, \
        price = excluded.price, buyers_name = excluded.buyers_name, redirect_url = excluded.redirect_url, \
        told = excluded.told WHERE lead_leg.account = excluded.account";
    ADD_EVENT = "INSERT INTO lead_event (lead, n, account, at, kind, contract, told) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    ADD_CONSENT = "INSERT INTO consent_record (account, number, lead, previous, hash, signature, given_at, page_url, words, \
        words_sha256, ip, user_agent, phone_sha256, email_sha256, sellers, replay) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    LEAD = concat!("SELECT ", columns!(), " FROM lead AS l WHERE l.id = $1");
    LEAD_BY_KEY = concat!("SELECT ", columns!(), " FROM lead AS l WHERE l.feed = $1 AND l.asked_key = $2");
    LEAD_BY_PING = concat!("SELECT ", columns!(), " FROM lead AS l WHERE l.feed = $1 AND l.fingerprint = $2 \
        ORDER BY l.id DESC LIMIT 1");
    LEADS = leads!("l.account = $1 AND l.id >= $2");
    LEADS_OF_CAMPAIGN = leads!("l.account = $1 AND l.campaign = $6 AND l.id >= $2");
    LEADS_DUE = "SELECT id FROM lead WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY due_at, id LIMIT $2";
    LEADS_OPEN = "SELECT id FROM lead WHERE due_at IS NOT NULL AND stands IN ('validating', 'selling') AND id > $1 \
        ORDER BY id LIMIT $2";
    LEGS = "SELECT lead, n, contract, buyer, company, destination, round, stands, stands_at, reservation, outbox, bid, \
        ping_name, price, buyers_name, redirect_url, told FROM lead_leg WHERE lead = $1 ORDER BY n";
    EVENTS = "SELECT n, at, kind, contract, told FROM lead_event WHERE lead = $1 ORDER BY n";
    LAST_CONSENT = "SELECT number, previous, hash FROM consent_record WHERE account = $1 ORDER BY number DESC LIMIT 1";
    CONSENTS = concat!("SELECT ", consent_columns!(), " FROM consent_record WHERE account = $1 AND number >= $2 \
        ORDER BY number LIMIT $3");
    RETURN = concat!("SELECT ", return_columns!(), " FROM lead_return WHERE lead = $1 AND contract = $2");
    RETURNS = concat!("SELECT ", return_columns!(), " FROM lead_return WHERE lead = $1 ORDER BY asked_at, contract");
    ADD_RETURN = "INSERT INTO lead_return (lead, contract, account, buyer, stands, reason, note, proved, asked_at, decide_by, \
        percent, decided_by, decided_at, answer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    CHANGE_RETURN = "UPDATE lead_return SET stands = $5, percent = $6, decided_by = $7, decided_at = $8, answer = $9 \
        WHERE lead = $1 AND contract = $2 AND account = $3 AND stands = $4";
    RECEIVED = "SELECT count(*) AS received FROM lead_leg WHERE account = $1 AND buyer = $2 AND accepted_at >= $3";
    ASKED_BACK = "SELECT count(*) AS asked FROM lead_return WHERE account = $1 AND buyer = $2 AND asked_at >= $3 \
        AND stands <> 'rejected'";
}
