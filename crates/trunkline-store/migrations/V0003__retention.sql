-- What an account chose about telling callers of a recording, and how long recordings are kept; null: until somebody
-- deletes them. The flag of before stays what it was, true for a waiver.
ALTER TABLE account ADD COLUMN recording_consent TEXT NOT NULL DEFAULT 'notice';
ALTER TABLE account ADD COLUMN recording_keep_days BIGINT;
UPDATE account SET recording_consent = 'waiver' WHERE recording_waiver = 1;

-- When and why the file of a recording was deleted; its row stays, with the state `deleted`.
ALTER TABLE recording ADD COLUMN deleted_at BIGINT;
ALTER TABLE recording ADD COLUMN deleted_because TEXT;
CREATE INDEX recording_kept ON recording (account, started_at, id) WHERE state <> 'writing' AND state <> 'deleted';
