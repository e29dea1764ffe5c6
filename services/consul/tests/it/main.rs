//! This room against a real Consul.

#[cfg(test)]
mod agent;
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod trouble;
