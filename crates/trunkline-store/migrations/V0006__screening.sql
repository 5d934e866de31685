-- Screening: which calls are let through, challenged or refused.

-- What an account says about screening; an account without a row has the defaults.
CREATE TABLE screening (
    account BIGINT PRIMARY KEY REFERENCES account (id),
    settings TEXT NOT NULL
);

-- Callers who are always let through, and callers who never are; of one pattern there is one entry.
CREATE TABLE screening_entry (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    list TEXT NOT NULL,
    pattern TEXT NOT NULL,
    note TEXT NOT NULL,
    added_by BIGINT,
    added_at BIGINT NOT NULL,
    expires_at BIGINT
);
CREATE UNIQUE INDEX screening_entry_pattern ON screening_entry (account, pattern);

-- What screening found of a call: the word of what stopped it (challenge or block), and the whole as a document.
ALTER TABLE call ADD COLUMN screened TEXT;
ALTER TABLE call ADD COLUMN screening TEXT;
-- Small: only calls that were stopped.
CREATE INDEX call_screened ON call (account, started_at, id) WHERE screened IS NOT NULL;
-- In the place of call_number: the share of strays of a number is counted without blocked calls, and without reading a row.
CREATE INDEX call_number_result ON call (number, started_at, id, synthetic, session, result);
DROP INDEX call_number;
