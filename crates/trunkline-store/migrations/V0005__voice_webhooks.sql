-- How the carrier of a trunk talks by webhooks; the keys are sealed in `credential`.
CREATE TABLE voice_webhook (
    trunk BIGINT PRIMARY KEY REFERENCES trunk (id),
    dialect TEXT NOT NULL,
    carrier_account TEXT NOT NULL,
    set_at BIGINT NOT NULL
);

-- A recording that is to be fetched from a carrier, or was. State: waiting, done, given_up.
CREATE TABLE recording_fetch (
    call BIGINT NOT NULL,
    name TEXT NOT NULL,
    recording BIGINT NOT NULL,
    account BIGINT NOT NULL,
    trunk BIGINT NOT NULL,
    url TEXT NOT NULL,
    path TEXT NOT NULL,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    begins_at BIGINT,
    next_at BIGINT NOT NULL,
    told_at BIGINT NOT NULL,
    PRIMARY KEY (call, name)
);
CREATE INDEX recording_fetch_waiting ON recording_fetch (next_at) WHERE state = 'waiting';

-- A carrier that tells the same call again after a restart is recognized by its own name of it.
CREATE INDEX call_carrier_name ON call (sip_call_id);
