-- Leads: what came, where each stands, who was sent it, what happened to it, records of consent, and returns.

-- What a campaign says of its leads beside their fields: consent, buyers, queue, returns (JSON).
ALTER TABLE campaign ADD COLUMN leads TEXT NOT NULL DEFAULT '{}';

-- A lead has the id of its opportunity. pinged and posted: what was told (JSON). held: what is reserved for a ping (JSON).
-- revision counts how often it was stored. Amounts are micro-units of `currency`.
CREATE TABLE lead (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    campaign BIGINT NOT NULL,
    feed BIGINT NOT NULL,
    publisher BIGINT NOT NULL,
    came_by TEXT NOT NULL,
    test BIGINT NOT NULL,
    stands TEXT NOT NULL,
    reason TEXT,
    phone_sha256 BYTEA,
    email_sha256 BYTEA,
    pinged TEXT,
    fingerprint BYTEA,
    pinged_at BIGINT,
    has_offer BIGINT NOT NULL,
    quoted BIGINT,
    expires_at BIGINT,
    posted TEXT,
    posted_at BIGINT,
    legs_max BIGINT NOT NULL,
    waited BIGINT,
    next_at BIGINT,
    pending BIGINT NOT NULL,
    held TEXT NOT NULL,
    asked_key TEXT,
    asked BYTEA NOT NULL,
    price_min BIGINT,
    came_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    due_at BIGINT,
    currency TEXT NOT NULL,
    revenue BIGINT,
    payout BIGINT,
    session BIGINT,
    channel TEXT,
    medium TEXT,
    source TEXT,
    ad_campaign TEXT,
    term TEXT,
    content TEXT,
    rule TEXT,
    consent BIGINT,
    revision BIGINT NOT NULL
);
CREATE INDEX lead_account ON lead (account, id);
CREATE INDEX lead_campaign ON lead (account, campaign, id);
CREATE INDEX lead_feed ON lead (feed, fingerprint, id);
CREATE INDEX lead_phone ON lead (account, phone_sha256, id) WHERE phone_sha256 IS NOT NULL;
CREATE INDEX lead_email ON lead (account, email_sha256, id) WHERE email_sha256 IS NOT NULL;
CREATE INDEX lead_due ON lead (due_at, id) WHERE due_at IS NOT NULL;
CREATE UNIQUE INDEX lead_asked_key ON lead (feed, asked_key) WHERE asked_key IS NOT NULL;

-- One buyer who was sent a lead. stands: sending, unknown, accepted, rejected, returned; stands_at: since when, for unknown
-- until when.
CREATE TABLE lead_leg (
    lead BIGINT NOT NULL,
    n BIGINT NOT NULL,
    account BIGINT NOT NULL,
    contract BIGINT NOT NULL,
    buyer BIGINT NOT NULL,
    company BIGINT NOT NULL,
    destination BIGINT NOT NULL,
    round BIGINT NOT NULL,
    stands TEXT NOT NULL,
    stands_at BIGINT,
    accepted_at BIGINT,
    reservation BIGINT,
    outbox BIGINT,
    bid BIGINT,
    ping_name TEXT,
    price BIGINT,
    buyers_name TEXT,
    redirect_url TEXT,
    told TEXT NOT NULL,
    PRIMARY KEY (lead, n)
);
CREATE INDEX lead_leg_buyer ON lead_leg (account, buyer, lead);
CREATE INDEX lead_leg_accepted ON lead_leg (account, buyer, accepted_at) WHERE accepted_at IS NOT NULL;

-- What happened to a lead. Rows are only added.
CREATE TABLE lead_event (
    lead BIGINT NOT NULL,
    n BIGINT NOT NULL,
    account BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    contract BIGINT,
    told TEXT NOT NULL,
    PRIMARY KEY (lead, n)
);

-- Records of consent, a chain for each account: `hash` is made of the record and of `previous`. Rows are only added.
CREATE TABLE consent_record (
    account BIGINT NOT NULL REFERENCES account (id),
    number BIGINT NOT NULL,
    lead BIGINT NOT NULL,
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    given_at BIGINT NOT NULL,
    page_url TEXT NOT NULL,
    words TEXT NOT NULL,
    words_sha256 BYTEA NOT NULL,
    ip TEXT,
    user_agent TEXT NOT NULL,
    phone_sha256 BYTEA,
    email_sha256 BYTEA,
    sellers TEXT NOT NULL,
    replay TEXT,
    PRIMARY KEY (account, number)
);

-- A lead that a buyer gives back.
CREATE TABLE lead_return (
    lead BIGINT NOT NULL,
    contract BIGINT NOT NULL,
    account BIGINT NOT NULL,
    buyer BIGINT NOT NULL,
    stands TEXT NOT NULL,
    reason TEXT NOT NULL,
    note TEXT NOT NULL,
    proved BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    decide_by BIGINT NOT NULL,
    percent BIGINT NOT NULL,
    decided_by BIGINT,
    decided_at BIGINT,
    answer TEXT NOT NULL,
    PRIMARY KEY (lead, contract)
);
CREATE INDEX lead_return_buyer ON lead_return (account, buyer, asked_at);
