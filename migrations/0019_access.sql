-- Who may call, and what. A token is remembered as long as the audit log speaks of
-- it; it lets nobody in once it was revoked or has expired.

CREATE TABLE token (
    id             text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[0-9a-f]{12}$'),
    name           text COLLATE "C" NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    -- SHA-256 of its text, which is stored nowhere.
    hash           bytea       NOT NULL UNIQUE CHECK (length(hash) = 32),
    role           text        NOT NULL,
    -- The only clusters it is good for; every cluster when there is none.
    clusters       text[]      NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL,
    created_by     text        NOT NULL,
    -- When it ends by itself; never when null.
    expires_at     timestamptz,
    revoked_at     timestamptz,
    revoked_by     text,
    last_used_at   timestamptz,
    -- The address it was used from then, where that is known.
    last_used_from text,
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);

-- A name is free again once its token was revoked.
CREATE UNIQUE INDEX token_name ON token (name) WHERE revoked_at IS NULL;

-- The name of the token that was shown; none of what Lictor did itself.
ALTER TABLE audit ADD COLUMN token text;
-- The address it was asked from, where that is known.
ALTER TABLE audit ADD COLUMN origin text;
-- What came of it. What was written before there was this column says so in its
-- result alone.
ALTER TABLE audit ADD COLUMN outcome text NOT NULL DEFAULT 'done'
    CHECK (outcome IN ('done', 'refused', 'denied'));

CREATE INDEX audit_of_token ON audit (token, id DESC) WHERE token IS NOT NULL;
CREATE INDEX audit_not_done ON audit (outcome, id DESC) WHERE outcome <> 'done';
