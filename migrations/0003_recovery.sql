-- Recoveries. The document is the recovery; the columns beside it are taken
-- from it, to find it by. It is json and not jsonb because what MySQL says in
-- an error may hold a NUL character, which jsonb refuses. It outlives its
-- cluster, so nothing refers to that.

CREATE TABLE recovery (
    id          uuid PRIMARY KEY,
    cluster     text COLLATE "C" NOT NULL,
    kind        text   NOT NULL,
    state       text   NOT NULL,
    epoch_term  bigint NOT NULL CHECK (epoch_term >= 0),
    epoch_n     bigint NOT NULL CHECK (epoch_n >= 0),
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    old_primary text COLLATE "C" NOT NULL,
    new_primary text COLLATE "C",
    document    json   NOT NULL,
    CHECK ((state = 'running') = (finished_at IS NULL))
);

CREATE INDEX recovery_newest ON recovery (started_at DESC, id DESC);
CREATE INDEX recovery_newest_of_cluster ON recovery (cluster, started_at DESC, id DESC);
CREATE INDEX recovery_unfinished ON recovery (started_at) WHERE state = 'running';
CREATE INDEX recovery_done ON recovery (cluster, finished_at) WHERE state = 'done';
