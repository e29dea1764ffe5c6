//! Consul: catalog, transactions and keys.
