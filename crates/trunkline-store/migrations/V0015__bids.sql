-- Bids: what buyers answered when they were asked, and what publishers were given for calls to come.

-- What came of asking one contract. latency_ms: nobody was asked, or nobody answered, when it is NULL. reason: why it did
-- not win. takes_over: its place among those that take over when the winner does not.
CREATE TABLE bid (
    opportunity BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    contract BIGINT NOT NULL,
    account BIGINT NOT NULL,
    buyer BIGINT NOT NULL,
    destination BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    latency_ms BIGINT,
    amount BIGINT,
    currency TEXT NOT NULL,
    reason TEXT,
    takes_over BIGINT,
    name TEXT,
    said TEXT,
    min_seconds BIGINT,
    PRIMARY KEY (opportunity, attempt, contract)
);

-- A bid that a publisher was given. asked: the same for the same ping. alone: no other bid has its number while it holds.
-- takes_over: who takes over (JSON: contract, micro-units, number). closed_at: a call came, or its time was over.
CREATE TABLE given_bid (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL,
    campaign BIGINT NOT NULL,
    feed BIGINT NOT NULL,
    opportunity BIGINT NOT NULL,
    asked TEXT NOT NULL,
    caller BIGINT,
    caller_sha256 BYTEA,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    min_seconds BIGINT NOT NULL,
    duplicate_days BIGINT,
    number BIGINT NOT NULL,
    alone BIGINT NOT NULL,
    given_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    contract BIGINT NOT NULL,
    deliver_to BIGINT,
    reservation BIGINT NOT NULL,
    takes_over TEXT NOT NULL,
    call BIGINT,
    arrived_at BIGINT,
    closed_at BIGINT
);
CREATE INDEX given_bid_number ON given_bid (number, given_at) WHERE call IS NULL;
CREATE INDEX given_bid_open ON given_bid (expires_at, id) WHERE closed_at IS NULL;
CREATE INDEX given_bid_opportunity ON given_bid (opportunity);

-- Which bid a ping was given, as long as it holds.
CREATE TABLE given_ping (
    feed BIGINT NOT NULL,
    asked TEXT NOT NULL,
    account BIGINT NOT NULL,
    bid BIGINT NOT NULL,
    holds_until BIGINT NOT NULL,
    PRIMARY KEY (feed, asked)
);

-- Which bid has a number alone, as long as it holds.
CREATE TABLE given_number (
    number BIGINT PRIMARY KEY,
    account BIGINT NOT NULL,
    bid BIGINT NOT NULL,
    holds_until BIGINT NOT NULL
);
