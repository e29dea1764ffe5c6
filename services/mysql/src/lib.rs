//! MySQL nodes: probe, replication, fencing.
