-- Stored sounds of an account; the files are in the folder of sounds, named by their hash.
CREATE TABLE prompt (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    duration_ms BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX prompt_account ON prompt (account, id);
