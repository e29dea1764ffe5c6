-- What is configured, in versions: each row is the whole of it. The clusters in
-- the newest row say what `cluster` and `node` say; a transaction that changes
-- those adds the row. The first leader makes the first one.

CREATE TABLE config_version (
    version  bigint PRIMARY KEY CHECK (version > 0),
    at       timestamptz NOT NULL DEFAULT now(),
    author   text  NOT NULL,
    action   text  NOT NULL,
    reason   text,
    document jsonb NOT NULL
);
