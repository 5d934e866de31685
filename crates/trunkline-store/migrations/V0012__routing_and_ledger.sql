-- What runs through campaigns: opportunities with their traces, reservations, counters, and the books.

-- One call or one lead on offer. asked: what filters could ask (JSON). trace: a line for every contract (JSON); planned:
-- what was to be tried (JSON). Amounts are micro-units of `currency`.
CREATE TABLE opportunity (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    kind TEXT NOT NULL,
    call BIGINT,
    campaign BIGINT NOT NULL,
    feed BIGINT,
    publisher BIGINT,
    feed_version BIGINT,
    plan_version BIGINT,
    came_at BIGINT NOT NULL,
    ended_at BIGINT,
    reason TEXT,
    contract BIGINT,
    buyer BIGINT,
    currency TEXT NOT NULL,
    revenue BIGINT,
    payout BIGINT,
    phone BIGINT,
    phone_sha256 BYTEA,
    email_sha256 BYTEA,
    asked TEXT NOT NULL,
    planned TEXT NOT NULL,
    trace TEXT NOT NULL
);
CREATE INDEX opportunity_account ON opportunity (account, id);
CREATE INDEX opportunity_campaign ON opportunity (account, campaign, id);
CREATE INDEX opportunity_buyer ON opportunity (account, buyer, id);
CREATE INDEX opportunity_publisher ON opportunity (account, publisher, id);
CREATE INDEX opportunity_call ON opportunity (call);

-- One offer of an opportunity to a contract.
CREATE TABLE attempt (
    opportunity BIGINT NOT NULL,
    n BIGINT NOT NULL,
    account BIGINT NOT NULL,
    contract BIGINT NOT NULL,
    destination BIGINT NOT NULL,
    buyer BIGINT NOT NULL,
    version BIGINT NOT NULL,
    reservation BIGINT,
    price BIGINT,
    bid BIGINT,
    currency TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    connected_at BIGINT,
    ended_at BIGINT,
    connected_ms BIGINT,
    outcome TEXT,
    reason TEXT,
    revenue BIGINT,
    billable BIGINT NOT NULL,
    PRIMARY KEY (opportunity, n)
);
CREATE INDEX attempt_contract ON attempt (contract, opportunity, n);

-- What an attempt took of caps and places (JSON, never changed), and where it stands: bid, offered, connected, settled,
-- released, expired; last_open: the last of the first three. came_*: what it came to.
CREATE TABLE reservation (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL,
    opportunity BIGINT NOT NULL,
    contract BIGINT NOT NULL,
    buyer BIGINT NOT NULL,
    campaign BIGINT NOT NULL,
    feed BIGINT NOT NULL,
    stage TEXT NOT NULL,
    last_open TEXT NOT NULL,
    took TEXT NOT NULL,
    claims TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    came_billable BIGINT NOT NULL DEFAULT 0,
    came_revenue BIGINT NOT NULL DEFAULT 0,
    came_payout BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX reservation_opportunity ON reservation (opportunity);
CREATE INDEX reservation_open ON reservation (expires_at) WHERE ended_at IS NULL;

-- What is used and reserved of a cap in a span of time; feed 0 is all feeds. A slice of a rolling span counts until it has
-- left the span.
CREATE TABLE cap_counter (
    cap BIGINT NOT NULL,
    feed BIGINT NOT NULL,
    window_from BIGINT NOT NULL,
    window_to BIGINT NOT NULL,
    counts_until BIGINT NOT NULL,
    account BIGINT NOT NULL,
    used BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    PRIMARY KEY (cap, feed, window_from, window_to)
);
CREATE INDEX cap_counter_account ON cap_counter (account, counts_until);

-- Where reservations under a rolling cap stand in line: whoever has changed the row adds up the slices alone.
CREATE TABLE cap_line (
    cap BIGINT NOT NULL,
    feed BIGINT NOT NULL,
    times BIGINT NOT NULL,
    PRIMARY KEY (cap, feed)
);

-- Calls at the same time. kind: account, campaign, buyer, destination, contract, group (owner: the campaign).
CREATE TABLE place_counter (
    account BIGINT NOT NULL,
    kind TEXT NOT NULL,
    owner BIGINT NOT NULL,
    name TEXT NOT NULL,
    legs BIGINT NOT NULL,
    bids BIGINT NOT NULL,
    PRIMARY KEY (account, kind, owner, name)
);

-- That a person is being sold in a scope, and by which opportunity.
CREATE TABLE claim (
    account BIGINT NOT NULL,
    claimed TEXT NOT NULL,
    opportunity BIGINT NOT NULL,
    holders BIGINT NOT NULL,
    PRIMARY KEY (account, claimed)
);

-- Who came, and who had them: the past by which people are recognised. contract 0: the opportunity itself.
CREATE TABLE taken (
    opportunity BIGINT NOT NULL,
    contract BIGINT NOT NULL,
    account BIGINT NOT NULL,
    came_at BIGINT NOT NULL,
    phone BIGINT,
    phone_sha256 BYTEA,
    email_sha256 BYTEA,
    campaign BIGINT NOT NULL,
    feed BIGINT NOT NULL,
    buyer BIGINT NOT NULL,
    company BIGINT NOT NULL,
    offered_at BIGINT,
    connected_at BIGINT,
    billable_at BIGINT,
    PRIMARY KEY (opportunity, contract)
);
CREATE INDEX taken_phone ON taken (account, phone, came_at) WHERE phone IS NOT NULL;
CREATE INDEX taken_phone_sha256 ON taken (account, phone_sha256, came_at) WHERE phone_sha256 IS NOT NULL;
CREATE INDEX taken_email ON taken (account, email_sha256, came_at) WHERE email_sha256 IS NOT NULL;

-- Credits of members that take turns; contract 0: a group, by its name.
CREATE TABLE turn (
    campaign BIGINT NOT NULL,
    contract BIGINT NOT NULL,
    name TEXT NOT NULL,
    account BIGINT NOT NULL,
    credit BIGINT NOT NULL,
    PRIMARY KEY (campaign, contract, name)
);

-- How many were billed to a contract, or paid to a feed, since the beginning of a month. kind: contract, feed.
CREATE TABLE sold (
    kind TEXT NOT NULL,
    owner BIGINT NOT NULL,
    month_from BIGINT NOT NULL,
    account BIGINT NOT NULL,
    times BIGINT NOT NULL,
    PRIMARY KEY (kind, owner, month_from)
);
CREATE INDEX sold_account ON sold (account, month_from);

-- What was booked at once. posting_key is `cause:id:n`; subject is the call or opportunity that it is about. Rows are
-- only added.
CREATE TABLE posting (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL,
    posting_key TEXT NOT NULL,
    about TEXT,
    subject_kind TEXT,
    subject BIGINT,
    occurred_at BIGINT NOT NULL,
    booked_at BIGINT NOT NULL,
    currency TEXT NOT NULL,
    UNIQUE (account, posting_key)
);
CREATE INDEX posting_subject ON posting (account, subject, id);
CREATE INDEX posting_occurred ON posting (account, occurred_at);

-- Amounts on books in micro-units: above 0 on the debit side, below on the credit side. Rows are only added.
CREATE TABLE ledger_entry (
    posting BIGINT NOT NULL REFERENCES posting (id),
    n BIGINT NOT NULL,
    account BIGINT NOT NULL,
    book TEXT NOT NULL,
    party_kind TEXT NOT NULL,
    party BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (posting, n)
);
CREATE INDEX ledger_entry_party ON ledger_entry (account, party, book, posting);

-- Each book of each party: the sum of its entries, and for a wallet what holds set aside.
CREATE TABLE balance (
    account BIGINT NOT NULL,
    book TEXT NOT NULL,
    party_kind TEXT NOT NULL,
    party BIGINT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    held BIGINT NOT NULL,
    PRIMARY KEY (account, book, party_kind, party)
);

-- How often something was booked for a call or a lead: who decides by its history must find it as they read it.
CREATE TABLE booked (
    account BIGINT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject BIGINT NOT NULL,
    times BIGINT NOT NULL,
    PRIMARY KEY (account, subject_kind, subject)
);

-- What buyers reported and was counted.
CREATE TABLE buyer_report (
    account BIGINT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject BIGINT NOT NULL,
    n BIGINT NOT NULL,
    buyer BIGINT NOT NULL,
    external_id TEXT NOT NULL,
    reported_at BIGINT NOT NULL,
    PRIMARY KEY (account, subject_kind, subject, n)
);
CREATE UNIQUE INDEX buyer_report_external ON buyer_report (account, subject_kind, subject, buyer, external_id);

-- Money that is set aside. State: placed, settled, released, expired.
CREATE TABLE hold (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL,
    reservation BIGINT NOT NULL,
    opportunity BIGINT NOT NULL,
    buyer BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    settled BIGINT NOT NULL
);
CREATE UNIQUE INDEX hold_reservation ON hold (reservation);
CREATE INDEX hold_buyer ON hold (account, buyer) WHERE state = 'placed';

-- What is to be told outside. State: waiting, sending, done, unknown, dead. after_crash: resend, unknown.
CREATE TABLE outbox_event (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL,
    kind TEXT NOT NULL,
    about BIGINT,
    body TEXT NOT NULL,
    after_crash TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    ended_at BIGINT,
    trouble TEXT NOT NULL
);
CREATE INDEX outbox_event_due ON outbox_event (due_at, id) WHERE state IN ('waiting', 'sending');
CREATE INDEX outbox_event_account ON outbox_event (account, state, id);
