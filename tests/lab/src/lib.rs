//! A laboratory of real `MySQL`, Consul, Postgres and `lictord` servers on
//! loopback, or each on a host of its own, with faults to inject.
//!
//! A [`Lab`] leases a block of addresses that no other laboratory on the
//! machine uses, starts servers there on their usual ports, and stops them
//! all when it is dropped. Servers never outlive the process that started them,
//! however that process ends.
//!
//! What it must not do: touch a server it did not start, or decide anything
//! about a cluster; it only obeys the test that holds it.

mod access;
mod accounts;
mod block;
mod cache;
mod cluster;
mod consul;
mod disk;
mod firewall;
mod lab;
mod lictord;
mod mysqld;
mod network;
mod node;
mod ports;
mod postgres;
mod process;
mod server;
mod tls;
mod tools;
mod wait;
mod words;

pub use accounts::{APP, APP_DATABASE, Account, CONTROL, REPLICATION, ROOT};
pub use block::Block;
pub use cluster::Cluster;
pub use consul::Consul;
pub use disk::disks_or_skip;
pub use lab::{Lab, LabBuilder};
pub use lictord::{Lictord, Standing, sibling};
pub use network::networks_or_skip;
pub use node::Node;
pub use postgres::Postgres;
pub use server::{Kind, Server, Slot, State};
pub use tls::{Authority, Identity};
pub use tools::Tools;
pub use wait::eventually;
