-- How a rebuild stands, beside its document: operations are found by it.

ALTER TABLE rebuild ADD COLUMN state text;

-- What MySQL says in an error may hold a NUL character, which Postgres does not read.
UPDATE rebuild SET state =
    replace(document::text, '\u0000', '')::json -> 'state' ->> 'state';
UPDATE rebuild SET state = 'running' WHERE finished_at IS NULL;

ALTER TABLE rebuild
    ALTER COLUMN state SET NOT NULL,
    ADD CHECK (state IN ('running', 'done', 'failed')),
    ADD CHECK ((state = 'running') = (finished_at IS NULL));

-- Recoveries and rebuilds under one view.
CREATE VIEW operation AS
    SELECT id, true AS recovers, cluster,
           CASE state WHEN 'aborted' THEN 'failed' ELSE state END AS state, document
    FROM recovery
    UNION ALL
    SELECT id, false, cluster, state, document FROM rebuild;
