-- Distribution: who sends calls and leads, what is sold, who buys, on which terms.
--
-- Whatever names another row names it together with its account, so that no row of one account ever points to one of
-- another. Names are free again once what had them is put away.

-- Somebody who sends traffic and is paid for it.
CREATE TABLE publisher (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    note TEXT NOT NULL,
    archived_at BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (account, id)
);
CREATE UNIQUE INDEX publisher_name ON publisher (account, name) WHERE archived_at IS NULL;

-- What is sold under one name. `fields` and `duplicates` are JSON; `plan` is the id under which its route plan has versions.
CREATE TABLE campaign (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    vertical TEXT,
    plan BIGINT NOT NULL UNIQUE,
    fields TEXT NOT NULL,
    duplicates TEXT NOT NULL,
    paused BIGINT NOT NULL,
    archived_at BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (account, id)
);
CREATE UNIQUE INDEX campaign_name ON campaign (account, name) WHERE archived_at IS NULL;

-- A publisher's traffic for a campaign. The secret key is kept as its hash; the prefix is what people see. The form key is
-- public.
CREATE TABLE feed (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    campaign BIGINT NOT NULL,
    publisher BIGINT NOT NULL,
    key_hash BYTEA NOT NULL,
    key_prefix TEXT NOT NULL,
    key_made_at BIGINT NOT NULL,
    form_key TEXT NOT NULL,
    paused BIGINT NOT NULL,
    archived_at BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (account, id),
    UNIQUE (campaign, publisher),
    FOREIGN KEY (account, campaign) REFERENCES campaign (account, id),
    FOREIGN KEY (account, publisher) REFERENCES publisher (account, id)
);
CREATE UNIQUE INDEX feed_key ON feed (key_hash);
CREATE UNIQUE INDEX feed_form_key ON feed (form_key);
CREATE INDEX feed_account_publisher ON feed (account, publisher);

-- Somebody who pays. The company is another buyer that it belongs to.
CREATE TABLE buyer (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    company BIGINT,
    credit_limit_micros BIGINT,
    zone TEXT,
    note TEXT NOT NULL,
    paused BIGINT NOT NULL,
    archived_at BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (account, id),
    -- A company may be younger than those that belong to it.
    FOREIGN KEY (account, company) REFERENCES buyer (account, id) DEFERRABLE INITIALLY DEFERRED
);
CREATE UNIQUE INDEX buyer_name ON buyer (account, name) WHERE archived_at IS NULL;

-- Where a buyer takes calls or leads. The endpoint is JSON: how to post to it.
CREATE TABLE destination (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    buyer BIGINT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    endpoint TEXT,
    paused BIGINT NOT NULL,
    archived_at BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (account, id),
    FOREIGN KEY (account, buyer) REFERENCES buyer (account, id)
);
CREATE UNIQUE INDEX destination_name ON destination (buyer, name) WHERE archived_at IS NULL;

-- What a destination takes of a campaign.
CREATE TABLE contract (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    campaign BIGINT NOT NULL,
    destination BIGINT NOT NULL,
    name TEXT NOT NULL,
    paused BIGINT NOT NULL,
    archived_at BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (account, id),
    FOREIGN KEY (account, campaign) REFERENCES campaign (account, id),
    FOREIGN KEY (account, destination) REFERENCES destination (account, id)
);
CREATE UNIQUE INDEX contract_name ON contract (campaign, name) WHERE archived_at IS NULL;

-- A list that filters and suppressions name. The revision says which of its parts count.
CREATE TABLE item_list (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    revision BIGINT NOT NULL,
    items BIGINT NOT NULL,
    filled_at BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (account, id)
);
CREATE UNIQUE INDEX item_list_name ON item_list (account, name);

-- Items of a list, a line each. Parts of a new revision are written one after the other, and count when all are there.
CREATE TABLE item_list_part (
    list BIGINT NOT NULL REFERENCES item_list (id),
    revision BIGINT NOT NULL,
    part BIGINT NOT NULL,
    items TEXT NOT NULL,
    PRIMARY KEY (list, revision, part)
);

-- Every version of what an account, campaign, feed, buyer, destination or contract says, and of every route plan. The
-- document is JSON. State: staged, live, past, withdrawn.
CREATE TABLE terms_version (
    thing BIGINT NOT NULL,
    version BIGINT NOT NULL,
    account BIGINT NOT NULL REFERENCES account (id),
    kind TEXT NOT NULL,
    document TEXT NOT NULL,
    state TEXT NOT NULL,
    live_at BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    made_by BIGINT,
    restores BIGINT,
    PRIMARY KEY (thing, version)
);
CREATE UNIQUE INDEX terms_version_live ON terms_version (thing) WHERE state = 'live';
CREATE UNIQUE INDEX terms_version_staged ON terms_version (thing) WHERE state = 'staged';
CREATE INDEX terms_version_in_force ON terms_version (account, thing, version) WHERE state IN ('live', 'staged');

-- The feed that calls on a number, or on a number of a pool, come through.
ALTER TABLE tracking_number ADD COLUMN feed BIGINT REFERENCES feed (id);
ALTER TABLE pool ADD COLUMN feed BIGINT REFERENCES feed (id);
