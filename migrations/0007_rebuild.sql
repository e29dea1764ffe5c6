-- Rebuilds, each one document saved whole at every step, and what a quarantine
-- says of a node's data: from the moment it began to be replaced until it was
-- replaced as a whole it is incomplete, whatever its GTIDs say.

ALTER TABLE node
    ADD COLUMN quarantine_incomplete boolean NOT NULL DEFAULT false,
    ADD CHECK (NOT quarantine_incomplete OR quarantine_reason IS NOT NULL);

CREATE TABLE rebuild (
    id          uuid PRIMARY KEY,
    cluster     text COLLATE "C" NOT NULL,
    node        text COLLATE "C" NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    document    json NOT NULL
);

CREATE INDEX rebuild_unfinished ON rebuild (started_at) WHERE finished_at IS NULL;
