-- Numbers bought from carriers, and the accounts there.

-- The account at the carrier of a trunk; the key is sealed in `credential`. own_price: what a number costs a month, where
-- the carrier tells no prices.
CREATE TABLE carrier (
    trunk BIGINT PRIMARY KEY REFERENCES trunk (id),
    dialect TEXT NOT NULL,
    api_url TEXT,
    user_name TEXT NOT NULL,
    sip_connection TEXT,
    own_price_micros BIGINT,
    own_price_currency TEXT,
    set_at BIGINT NOT NULL
);

-- A number on its way from a carrier. State: offered, sending, bought, refused, not_bought. What is `sending` may have been
-- bought: it is looked up at the carrier, never sent again.
CREATE TABLE purchase (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    trunk BIGINT NOT NULL,
    phone BIGINT NOT NULL,
    country TEXT NOT NULL,
    line_kind TEXT NOT NULL,
    place TEXT NOT NULL,
    monthly_micros BIGINT NOT NULL,
    setup_micros BIGINT NOT NULL,
    currency TEXT NOT NULL,
    -- The tracking number it becomes.
    number BIGINT NOT NULL,
    business_line BIGINT NOT NULL,
    pool BIGINT,
    label TEXT NOT NULL,
    state TEXT NOT NULL,
    trouble TEXT NOT NULL,
    offered_by BIGINT,
    offered_at BIGINT NOT NULL,
    sent_at BIGINT,
    settled_at BIGINT
);
CREATE INDEX purchase_account ON purchase (account, id);
-- One number is bought once at a time, whoever wants it.
CREATE UNIQUE INDEX purchase_sending ON purchase (phone) WHERE state = 'sending';

-- What a number is called at its carrier, and what it costs; all null for one that was not bought here.
ALTER TABLE tracking_number ADD COLUMN carrier_name TEXT;
ALTER TABLE tracking_number ADD COLUMN monthly_micros BIGINT;
ALTER TABLE tracking_number ADD COLUMN setup_micros BIGINT;
ALTER TABLE tracking_number ADD COLUMN cost_currency TEXT;
ALTER TABLE tracking_number ADD COLUMN bought_at BIGINT;
ALTER TABLE tracking_number ADD COLUMN given_back_at BIGINT;
