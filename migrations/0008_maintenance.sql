-- What operators take out of Lictor's hands for a time. What is over stays until
-- it is replaced: whoever reads it looks at its end.

ALTER TABLE node
    ADD COLUMN maintenance_owner text,
    ADD COLUMN maintenance_reason text,
    ADD COLUMN maintenance_until timestamptz,
    ADD CHECK (num_nulls(maintenance_owner, maintenance_reason, maintenance_until) IN (0, 3));

-- A pause without an end lasts until it is ended.
ALTER TABLE cluster
    ADD COLUMN pause_owner text,
    ADD COLUMN pause_reason text,
    ADD COLUMN pause_until timestamptz,
    ADD CHECK (num_nulls(pause_owner, pause_reason) IN (0, 2)),
    ADD CHECK (pause_until IS NULL OR pause_owner IS NOT NULL);
