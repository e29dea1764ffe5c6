//! End-to-end tests on real servers.

mod agents;
mod architecture;
mod audit;
mod bad_input;
mod catalog;
mod crash_matrix;
mod durability;
mod failover;
mod leadership;
mod maintenance;
mod observe;
mod ordered_failover;
mod placement;
mod problems;
mod push;
mod readers;
mod rebuild;
mod rebuild_interrupted;
mod registration;
mod rejoin;
mod switchover;
mod switchover_disturbed;
mod takeover;
mod trees;
mod unfenced;
