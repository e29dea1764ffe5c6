//! A single Consul server that keeps its data over restarts.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver};
use serde_json::json;

use crate::block::Block;
use crate::process::Recipe;
use crate::server::{Kind, Server, Slot};
use crate::tools::Tools;

const HTTP_PORT: u16 = 8500;
const DNS_PORT: u16 = 8600;

/// How long one look may take.
const LOOK: Duration = Duration::from_secs(2);

/// A Consul server agent.
#[derive(Debug)]
pub struct Consul {
    slot: Slot,
    tools: &'static Tools,
    http: reqwest::Client,
    resolver: TokioResolver,
}

impl Server for Consul {
    fn slot(&self) -> &Slot {
        &self.slot
    }
}

impl Consul {
    pub(crate) fn new(
        tools: &'static Tools,
        block: Block,
        last_octet: u8,
        lab: &Path,
    ) -> Result<Self> {
        let ip = block.address(last_octet);
        let slot = Slot::new(
            Kind::Consul,
            "consul",
            SocketAddrV4::new(ip, HTTP_PORT),
            lab,
        )?;
        let config = json!({
            "node_name": "lab-consul",
            "server": true,
            "bootstrap_expect": 1,
            "data_dir": slot.dir().join("data"),
            "bind_addr": ip,
            "client_addr": ip,
            "performance": { "raft_multiplier": 1 },
            "leave_on_terminate": false,
            "skip_leave_on_interrupt": true,
            "disable_update_check": true,
        });
        fs::write(config_file(&slot), config.to_string())?;
        Ok(Self {
            slot,
            tools,
            http: reqwest::Client::builder().timeout(LOOK).build()?,
            resolver: resolver(ip)?,
        })
    }

    /// Starts it on the data it has, after killing it if it runs, and waits
    /// until it leads its cluster of one and knows all it knew.
    pub async fn start(&self) -> Result<()> {
        let recipe = Recipe::new(&self.tools.consul, None, self.log_path())
            .args(["agent", "-ui", "-config-file"])
            .arg(config_file(&self.slot));
        self.slot.launch(recipe).await?;
        // Consistent: answered only by a leader that has applied its whole log.
        let nodes = format!("{}/v1/catalog/nodes?consistent", self.url());
        self.slot
            .until_ready(async || {
                let answer = self.http.get(&nodes).send().await?;
                answer.error_for_status().map(drop)
            })
            .await
    }

    /// Its HTTP address, `http://ADDRESS:8500`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Where it answers DNS.
    #[must_use]
    pub fn dns_address(&self) -> SocketAddrV4 {
        SocketAddrV4::new(*self.address().ip(), DNS_PORT)
    }

    /// The addresses behind a name, asked of it now; none when it knows none.
    pub async fn dns_a(&self, name: &str) -> Result<Vec<Ipv4Addr>> {
        let records = self.dns(name, RecordType::A).await?;
        Ok(records
            .into_iter()
            .filter_map(|record| match record {
                RData::A(address) => Some(address.0),
                _ => None,
            })
            .collect())
    }

    /// The targets and ports behind a name, asked of it now; none when it knows
    /// none.
    pub async fn dns_srv(&self, name: &str) -> Result<Vec<(String, u16)>> {
        let records = self.dns(name, RecordType::SRV).await?;
        Ok(records
            .into_iter()
            .filter_map(|record| match record {
                RData::SRV(server) => Some((server.target.to_string(), server.port)),
                _ => None,
            })
            .collect())
    }

    async fn dns(&self, name: &str, kind: RecordType) -> Result<Vec<RData>> {
        match self.resolver.lookup(name, kind).await {
            Ok(found) => Ok(found
                .answers()
                .iter()
                .map(|record| record.data.clone())
                .collect()),
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(error) => Err(error).with_context(|| format!("Consul did not resolve {name}")),
        }
    }
}

/// Asks this server only, remembers nothing, and retries nothing.
fn resolver(ip: Ipv4Addr) -> Result<TokioResolver> {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = DNS_PORT;
        connection
    });
    let server = NameServerConfig::new(IpAddr::V4(ip), true, connections.to_vec());
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    options.timeout = LOOK;
    options.attempts = 0;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    Ok(builder.build()?)
}

fn config_file(slot: &Slot) -> PathBuf {
    slot.dir().join("consul.json")
}
