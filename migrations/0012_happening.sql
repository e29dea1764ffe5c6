-- What happened to clusters, and when anybody was there to see. It outlives its
-- cluster, so nothing refers to that. Rows are added by the leader, and removed
-- by it when they are old.

CREATE TABLE happening (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL,
    cluster  text COLLATE "C" NOT NULL,
    node     text COLLATE "C",
    kind     text    NOT NULL,
    code     text    NOT NULL,
    severity text    NOT NULL,
    sentence text    NOT NULL,
    evidence text[]  NOT NULL,
    response text,
    recovery uuid,
    planned  boolean NOT NULL,
    -- Of a problem that was opened: it has not been closed yet.
    lasts    boolean NOT NULL
);

-- The same thing told again, because nobody knew whether it was stored, is one.
CREATE UNIQUE INDEX happening_once ON happening (cluster, kind, code, at, coalesce(node, ''));
CREATE INDEX happening_of_cluster ON happening (cluster, id DESC);
CREATE INDEX happening_of_node ON happening (node, id DESC) WHERE node IS NOT NULL;
CREATE INDEX happening_of_kind ON happening (kind, id DESC);
CREATE INDEX happening_by_age ON happening (at);
CREATE INDEX happening_lasting ON happening (cluster) WHERE lasts;
CREATE INDEX happening_health ON happening (node, id DESC) WHERE kind = 'node_health';
CREATE INDEX happening_availability ON happening (cluster, id DESC)
    WHERE kind IN ('unavailable', 'available', 'primary_changed');

-- A time without a gap in which a leader knew whether the cluster takes writes.
-- Its end is moved on every few seconds while it lasts: what a leader that died
-- saw after that is not counted.
CREATE TABLE observation (
    cluster    text COLLATE "C" NOT NULL,
    from_at    timestamptz NOT NULL,
    until_at   timestamptz NOT NULL CHECK (until_at >= from_at),
    PRIMARY KEY (cluster, from_at)
);
CREATE INDEX observation_by_end ON observation (until_at);

CREATE INDEX audit_of_actor ON audit (actor, id DESC);
CREATE INDEX audit_of_action ON audit (action, id DESC);
CREATE INDEX audit_of_target ON audit (target, id DESC);
