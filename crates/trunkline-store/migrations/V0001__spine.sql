-- The instance, accounts and access, sites and numbers, visits, calls.
--
-- Portable dialect: ids, times (milliseconds UTC), flags (0 or 1) and phone numbers (the digits of E.164) are BIGINT;
-- JSON is TEXT and is never searched. Tables of the hot path have no foreign keys: their rows come from memory that
-- knows the referred row, and each check would cost a look-up per row. What is read only as part of something else has a
-- key of two columns: one tree to write to instead of two.

-- The installation: one row. The check is a known text sealed with the key file, so that a wrong key is noticed at once.
CREATE TABLE instance (
    id BIGINT PRIMARY KEY,
    key_check BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

-- Access -------------------------------------------------------------------------------------------------------------

-- The tenant: an agency or its client, with its limits on calls.
CREATE TABLE account (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    currency TEXT NOT NULL,
    country TEXT NOT NULL,
    countries_allowed TEXT NOT NULL,
    concurrent_calls_max BIGINT NOT NULL,
    daily_minutes_max BIGINT NOT NULL,
    recording_waiver BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- A person who signs in; the operator runs the server.
CREATE TABLE app_user (
    id BIGINT PRIMARY KEY,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    operator BIGINT NOT NULL,
    password_hash TEXT NOT NULL,
    totp_sealed BYTEA,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX app_user_email ON app_user (email);

-- A user's role in an account; in a portal for one buyer or publisher.
CREATE TABLE membership (
    id BIGINT PRIMARY KEY,
    app_user BIGINT NOT NULL REFERENCES app_user (id),
    account BIGINT NOT NULL REFERENCES account (id),
    role TEXT NOT NULL,
    buyer BIGINT,
    publisher BIGINT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX membership_user ON membership (app_user, account);
CREATE INDEX membership_account ON membership (account);

-- A signed-in browser; the token is kept as its hash.
CREATE TABLE login (
    id BIGINT PRIMARY KEY,
    token_hash BYTEA NOT NULL,
    app_user BIGINT NOT NULL REFERENCES app_user (id),
    account BIGINT NOT NULL REFERENCES account (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX login_token ON login (token_hash);
CREATE INDEX login_user ON login (app_user);
CREATE INDEX login_expires ON login (expires_at);

-- A key for the management API, kept as its hash; the prefix is what people see.
CREATE TABLE api_key (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    key_hash BYTEA NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE UNIQUE INDEX api_key_hash ON api_key (key_hash);
CREATE INDEX api_key_account ON api_key (account);

-- A secret sealed with the key file, of the thing with the id `owner` (1: the instance itself).
CREATE TABLE credential (
    owner BIGINT NOT NULL,
    kind TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (owner, kind)
);

-- Sites and numbers --------------------------------------------------------------------------------------------------

-- A SIP trunk; without an account every account may use it.
CREATE TABLE trunk (
    id BIGINT PRIMARY KEY,
    account BIGINT REFERENCES account (id),
    name TEXT NOT NULL,
    addresses TEXT NOT NULL,
    peer_host TEXT,
    peer_port BIGINT NOT NULL,
    transport TEXT NOT NULL,
    codecs TEXT NOT NULL,
    nat BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- A call flow as it is worked on; edits counts its changes, version is the published one, 0 before the first.
CREATE TABLE call_flow (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    draft TEXT NOT NULL,
    edits BIGINT NOT NULL,
    version BIGINT NOT NULL,
    archived_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX call_flow_account ON call_flow (account);

-- What each version of a call flow published; kept for ever, because calls name it.
CREATE TABLE flow_version (
    flow BIGINT NOT NULL REFERENCES call_flow (id),
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    published_by BIGINT,
    PRIMARY KEY (flow, version)
);

-- A web site on which numbers are swapped.
CREATE TABLE site (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    site_key TEXT NOT NULL,
    name TEXT NOT NULL,
    hosts TEXT NOT NULL,
    zone TEXT NOT NULL,
    source_numbers_win BIGINT NOT NULL,
    source_rules TEXT NOT NULL,
    swap TEXT NOT NULL,
    draft TEXT,
    published_at BIGINT NOT NULL,
    config_version BIGINT NOT NULL,
    flow BIGINT REFERENCES call_flow (id),
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX site_site_key ON site (site_key);
CREATE INDEX site_account ON site (account);

-- What each version of a site published; the newest hundred.
CREATE TABLE site_version (
    site BIGINT NOT NULL REFERENCES site (id),
    version BIGINT NOT NULL,
    published_at BIGINT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (site, version)
);

-- A number printed on the pages of a site.
CREATE TABLE swap_target (
    id BIGINT PRIMARY KEY,
    site BIGINT NOT NULL REFERENCES site (id),
    position BIGINT NOT NULL,
    label TEXT NOT NULL,
    number BIGINT NOT NULL
);
CREATE INDEX swap_target_site ON swap_target (site, position);

-- A pool of tracking numbers for one target of one site, for visitors of some sources or pages or for all.
CREATE TABLE pool (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    site BIGINT NOT NULL REFERENCES site (id),
    target BIGINT NOT NULL REFERENCES swap_target (id),
    name TEXT NOT NULL,
    strict_lock BIGINT NOT NULL,
    source_channel TEXT,
    source_medium TEXT,
    source_source TEXT,
    page TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX pool_account ON pool (account);
CREATE INDEX pool_site ON pool (site);

-- A tracking number, unique in the instance.
CREATE TABLE tracking_number (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    trunk BIGINT NOT NULL REFERENCES trunk (id),
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    site BIGINT REFERENCES site (id),
    target BIGINT REFERENCES swap_target (id),
    pool BIGINT REFERENCES pool (id),
    source_channel TEXT,
    source_medium TEXT,
    source_source TEXT,
    business_line BIGINT NOT NULL,
    second_line BIGINT,
    flow BIGINT REFERENCES call_flow (id),
    stage TEXT NOT NULL,
    stage_since BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX tracking_number_number ON tracking_number (number);
CREATE INDEX tracking_number_account ON tracking_number (account);
CREATE INDEX tracking_number_pool ON tracking_number (pool);
CREATE INDEX tracking_number_site ON tracking_number (site);

-- Visits -------------------------------------------------------------------------------------------------------------

-- A visit: a projection of its touches; synthetic: the server's own test. seen_at changes often and must not be indexed, so that PostgreSQL can
-- rewrite the row in place.
CREATE TABLE session (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL,
    site BIGINT NOT NULL,
    visitor BIGINT NOT NULL,
    consent TEXT NOT NULL,
    device TEXT NOT NULL,
    state TEXT,
    place TEXT,
    synthetic BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    channel TEXT NOT NULL,
    medium TEXT NOT NULL,
    source TEXT NOT NULL,
    ad_campaign TEXT,
    term TEXT,
    content TEXT,
    rule TEXT NOT NULL,
    landing TEXT NOT NULL,
    referrer TEXT NOT NULL,
    click_ids TEXT
) /*pg: WITH (fillfactor = 80)*/;
CREATE INDEX session_site ON session (site, started_at, id);
-- What a visitor did before; ids of new visitors grow, so most writes go to the end of it.
CREATE INDEX session_visitor ON session (visitor, started_at);

-- A further arrival of a session, whose row tells its first; append-only.
CREATE TABLE touch (
    id BIGINT NOT NULL,
    session BIGINT NOT NULL,
    at BIGINT NOT NULL,
    page TEXT NOT NULL,
    referrer TEXT NOT NULL,
    channel TEXT NOT NULL,
    medium TEXT NOT NULL,
    source TEXT NOT NULL,
    ad_campaign TEXT,
    term TEXT,
    content TEXT,
    rule TEXT NOT NULL,
    click_ids TEXT,
    PRIMARY KEY (session, id)
);

-- One page that was looked at after an arrival; append-only.
CREATE TABLE page_view (
    id BIGINT NOT NULL,
    session BIGINT NOT NULL,
    at BIGINT NOT NULL,
    page TEXT NOT NULL,
    PRIMARY KEY (session, id)
);

-- A session holding a number: the memory of pools across a restart. A lease also ends when a later one has its number.
CREATE TABLE lease (
    id BIGINT PRIMARY KEY,
    pool BIGINT NOT NULL,
    number BIGINT NOT NULL,
    target BIGINT NOT NULL,
    session BIGINT NOT NULL,
    visitor BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    ended_at BIGINT
) /*pg: WITH (fillfactor = 80)*/;
CREATE INDEX lease_number ON lease (number, started_at);

-- A page said that it shows a number; append-only.
CREATE TABLE showing (
    id BIGINT PRIMARY KEY,
    number BIGINT NOT NULL,
    session BIGINT NOT NULL,
    visitor BIGINT NOT NULL,
    lease BIGINT,
    at BIGINT NOT NULL,
    page TEXT NOT NULL,
    swaps BIGINT NOT NULL
);
CREATE INDEX showing_number ON showing (number, at);
CREATE INDEX showing_session ON showing (session);

-- A showing was last visible then; append-only.
CREATE TABLE showing_end (
    showing BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (showing, at)
);

-- A tap on a tel: link; append-only. late: the page told it after a while, so the time is its word.
CREATE TABLE tap (
    id BIGINT PRIMARY KEY,
    session BIGINT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    late BIGINT NOT NULL
);
CREATE INDEX tap_number ON tap (number, at);
CREATE INDEX tap_session ON tap (session);

-- A form that a visitor sent, with the details the site asked for; `phone` when it is a number.
CREATE TABLE form (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL,
    session BIGINT NOT NULL,
    visitor BIGINT NOT NULL,
    at BIGINT NOT NULL,
    page TEXT NOT NULL,
    phone BIGINT,
    name TEXT,
    email TEXT,
    zip TEXT,
    consent TEXT
);
CREATE INDEX form_phone ON form (account, phone, at);
CREATE INDEX form_session ON form (session);

-- Calls --------------------------------------------------------------------------------------------------------------

-- A call: a projection of its events, with the source as it was credited; synthetic: the server's own test, which is
-- part of no figure.
CREATE TABLE call (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL,
    trunk BIGINT NOT NULL,
    number BIGINT NOT NULL,
    dialled BIGINT NOT NULL,
    site BIGINT,
    caller BIGINT,
    caller_text TEXT NOT NULL,
    attestation TEXT,
    sip_call_id TEXT NOT NULL,
    state TEXT NOT NULL,
    result TEXT,
    started_at BIGINT NOT NULL,
    answered_at BIGINT,
    ended_at BIGINT,
    progress_at BIGINT NOT NULL,
    talk_ms BIGINT NOT NULL,
    destination BIGINT,
    channel TEXT,
    medium TEXT,
    source TEXT,
    ad_campaign TEXT,
    term TEXT,
    content TEXT,
    rule TEXT,
    session BIGINT,
    probability DOUBLE PRECISION,
    ambiguous BIGINT NOT NULL,
    first_time BIGINT NOT NULL,
    ended_by TEXT,
    end_reason TEXT,
    sip_status BIGINT,
    q850 BIGINT,
    jitter_ms DOUBLE PRECISION,
    loss_percent DOUBLE PRECISION,
    mos DOUBLE PRECISION,
    recording BIGINT,
    review BIGINT NOT NULL,
    candidates TEXT NOT NULL,
    model BIGINT,
    confirmed_at BIGINT,
    synthetic BIGINT NOT NULL,
    flow BIGINT,
    flow_version BIGINT,
    flow_depth BIGINT NOT NULL
) /*pg: WITH (fillfactor = 80)*/;
CREATE INDEX call_account ON call (account, started_at, id);
CREATE INDEX call_caller ON call (account, caller, started_at, id);
-- With what the share of strays of a number is counted from, so that a call reads no rows for it.
CREATE INDEX call_number ON call (number, started_at, id, synthetic, session);
CREATE INDEX call_session ON call (session, started_at, id);
-- Small indexes for the tabs of the call log and for the start of the process.
CREATE INDEX call_open ON call (started_at, id) WHERE state <> 'ended';
CREATE INDEX call_ambiguous ON call (account, started_at, id) WHERE ambiguous = 1;
CREATE INDEX call_missed ON call (account, started_at, id) WHERE state = 'ended' AND answered_at IS NULL;

-- What happened in a call, in order; append-only.
CREATE TABLE call_event (
    id BIGINT NOT NULL,
    call BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    attempt BIGINT,
    destination BIGINT,
    sip_status BIGINT,
    detail TEXT NOT NULL,
    PRIMARY KEY (call, id)
);

-- The audio of a call.
CREATE TABLE recording (
    id BIGINT PRIMARY KEY,
    call BIGINT NOT NULL,
    account BIGINT NOT NULL,
    path TEXT NOT NULL,
    state TEXT NOT NULL,
    duration_ms BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    started_at BIGINT NOT NULL
);
CREATE INDEX recording_call ON recording (call);
CREATE INDEX recording_unfinished ON recording (id) WHERE state = 'writing';

-- Attribution --------------------------------------------------------------------------------------------------------

-- The truth of a call as it became known, with what was said of the call when it came; append-only. Of several labels
-- of one call the latest counts.
CREATE TABLE label (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL,
    site BIGINT,
    call BIGINT NOT NULL,
    called_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    session BIGINT,
    tapped BIGINT NOT NULL,
    said_session BIGINT,
    said_probability DOUBLE PRECISION NOT NULL,
    at BIGINT NOT NULL,
    said_by BIGINT
);
CREATE INDEX label_site ON label (site, called_at, id);
CREATE INDEX label_call ON label (call, id);

-- A model that a site's calls taught, as a document; append-only, and calls name the one that weighed them.
CREATE TABLE attribution_model (
    id BIGINT PRIMARY KEY,
    site BIGINT NOT NULL,
    fitted_at BIGINT NOT NULL,
    labels BIGINT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX attribution_model_site ON attribution_model (site, fitted_at, id);
