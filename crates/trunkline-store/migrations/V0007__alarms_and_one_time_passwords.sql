-- Passwords that somebody else has seen.

-- Whether the password was printed for its user, who must choose another before anything else.
ALTER TABLE app_user ADD COLUMN password_once BIGINT NOT NULL DEFAULT 0;
