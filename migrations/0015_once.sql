-- Requests that are to happen once: the key the caller chose, and what was answered.

CREATE TABLE once (
    key        text        PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 128),
    -- SHA-256 of the request: the same key may not stand for another one.
    request    bytea       NOT NULL CHECK (length(request) = 32),
    -- Who took it up; one of an earlier term will never be answered.
    term       bigint      NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    -- The answer, as JSON; none while the request runs.
    answer     text
);

CREATE INDEX ON once (claimed_at);
