//! A laboratory of real MySQL, Consul and Postgres servers on loopback.

fn main() {}
