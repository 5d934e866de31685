-- Passwords that somebody else has seen, and calls to places that may not be dialled.

-- Whether the password was printed for its user, who must choose another before anything else.
ALTER TABLE app_user ADD COLUMN password_once BIGINT NOT NULL DEFAULT 0;

-- The first toll rule that kept a destination of a call from being dialled. Small: only such calls are in the index.
ALTER TABLE call ADD COLUMN toll_refused TEXT;
CREATE INDEX call_toll_refused ON call (account, started_at, id) WHERE toll_refused IS NOT NULL;
