-- Clusters and their nodes. Names sort by byte, as Lictor sorts them.

CREATE TABLE cluster (
    name         text COLLATE "C" PRIMARY KEY,
    policy       jsonb  NOT NULL,
    epoch_term   bigint NOT NULL CHECK (epoch_term >= 0),
    epoch_n      bigint NOT NULL CHECK (epoch_n >= 0),
    primary_node text COLLATE "C" NOT NULL
);

CREATE TABLE node (
    name              text COLLATE "C" PRIMARY KEY,
    cluster           text COLLATE "C" NOT NULL REFERENCES cluster (name),
    address           text NOT NULL UNIQUE,
    server_uuid       uuid NOT NULL UNIQUE,
    promotion         text NOT NULL,
    zone              text,
    quarantine_reason text,
    quarantine_errant text,
    UNIQUE (cluster, name),
    CHECK ((quarantine_reason IS NULL) = (quarantine_errant IS NULL))
);

-- A cluster's primary is one of its own nodes. Checked at commit, for the
-- cluster is written before its nodes.
ALTER TABLE cluster
    ADD FOREIGN KEY (name, primary_node) REFERENCES node (cluster, name)
    DEFERRABLE INITIALLY DEFERRED;
