//! The links between servers of a laboratory with a network of its own: cut, and
//! healed.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};

use super::Lab;
use crate::network::Network;
use crate::server::Server;

impl Lab {
    /// Cuts the links between each of `one` and each of `other`: packets are
    /// lost, and nobody is told.
    ///
    /// # Errors
    /// When the laboratory has no network of its own, too.
    pub fn cut(&self, one: &[&dyn Server], other: &[&dyn Server]) -> Result<()> {
        self.network()?.cut(&addresses(one), &addresses(other))
    }

    /// Cuts the links between each of these servers and this process.
    ///
    /// # Errors
    /// When the laboratory has no network of its own, too.
    pub fn cut_from_outside(&self, servers: &[&dyn Server]) -> Result<()> {
        let network = self.network()?;
        network.cut(&addresses(servers), &[network.outside()])
    }

    /// Heals every link.
    ///
    /// # Errors
    /// When the laboratory has no network of its own, too.
    pub fn heal(&self) -> Result<()> {
        self.network()?.heal()
    }

    fn network(&self) -> Result<&Network> {
        let network = self.network.as_ref();
        network.context("the laboratory has no network of its own")
    }
}

fn addresses(servers: &[&dyn Server]) -> Vec<Ipv4Addr> {
    let addresses = servers.iter().map(|server| *server.address().ip());
    addresses.collect()
}
