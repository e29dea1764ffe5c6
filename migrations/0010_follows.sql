-- The node that a replica is to follow while that lives; without one, the
-- primary. Checked at commit: the nodes of a cluster are written one after the
-- other.

ALTER TABLE node
    ADD COLUMN follows text COLLATE "C",
    ADD CHECK (follows <> name),
    ADD FOREIGN KEY (cluster, follows) REFERENCES node (cluster, name)
        DEFERRABLE INITIALLY DEFERRED;
