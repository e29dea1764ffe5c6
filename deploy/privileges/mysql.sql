-- The accounts that Lictor needs on every node, with no privilege that it can do
-- without. Run it on the primary: replication takes it to the others. Put two long
-- passwords in the places of CHANGE-ME, and narrow '%' to where lictord runs and to
-- where the nodes are.

-- The control account, which lictord logs in as:
--   performance_schema         how replication, clones and sessions stand
--   SYSTEM_VARIABLES_ADMIN     super_read_only, semi-sync, heartbeats' settings
--   REPLICATION_SLAVE_ADMIN    start, stop and point replication
--   CONNECTION_ADMIN           end sessions; log in where connections ran out
--   REPLICATION CLIENT         what the binary logs hold
--   REPLICATION SLAVE          who replicates from here
--   PROCESS                    transactions that are open
--   RELOAD                     RESET REPLICA ALL, FLUSH OPTIMIZER_COSTS
--   BACKUP_ADMIN, CLONE_ADMIN  rebuild a node by a copy of another
-- It can neither SELECT from a table of yours nor write to one. But who has its
-- password can read the binary logs, copy a whole server, end any session and point
-- replication anywhere: keep it as one of root.
CREATE USER 'lictor'@'%' IDENTIFIED BY 'CHANGE-ME-CONTROL';
GRANT SYSTEM_VARIABLES_ADMIN, REPLICATION_SLAVE_ADMIN, CONNECTION_ADMIN, REPLICATION CLIENT, REPLICATION SLAVE, PROCESS, RELOAD, BACKUP_ADMIN, CLONE_ADMIN ON *.* TO 'lictor'@'%';
GRANT SELECT ON performance_schema.* TO 'lictor'@'%';

-- The replication account, which replicas log in to their source as. It reads every
-- change of every table, for that is what a replica does.
CREATE USER 'repl'@'%' IDENTIFIED BY 'CHANGE-ME-REPLICATION';
GRANT REPLICATION SLAVE ON *.* TO 'repl'@'%';
