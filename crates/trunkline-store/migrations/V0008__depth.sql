-- Numbers that stand in blocks, and which blocks pages still carry.

-- The versions of a site's block that carried a number; last is null while the one in force does.
CREATE TABLE published_number (
    number BIGINT NOT NULL REFERENCES tracking_number (id) ON DELETE CASCADE,
    site BIGINT NOT NULL REFERENCES site (id) ON DELETE CASCADE,
    first_version BIGINT NOT NULL,
    last_version BIGINT,
    PRIMARY KEY (number, site)
);

-- When a page last told that it carries a version of a site's block; written at most once an hour each.
CREATE TABLE block_seen (
    site BIGINT NOT NULL,
    version BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (site, version)
);

-- The network a number was given to, so that its share of the pool is known after a restart; 0 when it has no limit. The
-- prefix of a network, never a visitor's address.
ALTER TABLE lease ADD COLUMN network BIGINT NOT NULL DEFAULT 0;

-- A call that was connected for so long is qualified.
ALTER TABLE account ADD COLUMN qualified_seconds BIGINT NOT NULL DEFAULT 90;

-- What the server's own test of a site found last; wrong is null when all was right.
CREATE TABLE site_check (
    site BIGINT PRIMARY KEY REFERENCES site (id) ON DELETE CASCADE,
    checked_at BIGINT NOT NULL,
    took_ms BIGINT NOT NULL,
    page TEXT NOT NULL,
    number BIGINT,
    call BIGINT,
    wrong TEXT
);

-- The country of a visit outside the United States and Canada, by its network.
ALTER TABLE session ADD COLUMN country TEXT;
