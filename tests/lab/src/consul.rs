//! Consul servers that keep their data over restarts: one, or several that elect
//! a leader. Nobody may do anything there without a token; the laboratory itself, and
//! whoever comes with none, is taken for its operator.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver};
use serde_json::json;

use crate::block::Block;
use crate::process::Recipe;
use crate::server::{Kind, Server, Slot};
use crate::tls::Authority;
use crate::tools::Tools;
use crate::wait::eventually;

const HTTP_PORT: u16 = 8500;
const DNS_PORT: u16 = 8600;

/// The policy that users are told to give `lictord`'s token: no test has more.
const POLICY: &str = include_str!("../../../deploy/privileges/consul.hcl");
/// The line of it that stands once for each cluster.
const CLUSTER: &str = "service \"orders\"";

/// How long servers may take until they take policies.
const START: Duration = Duration::from_mins(1);
/// How long one look may take.
const LOOK: Duration = Duration::from_secs(2);

/// A Consul server agent.
#[derive(Debug)]
pub struct Consul {
    slot: Slot,
    tools: &'static Tools,
    http: reqwest::Client,
    resolver: TokioResolver,
    tokens: Tokens,
    scheme: &'static str,
}

/// Whom the servers know.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    operator: String,
    control: String,
}

impl Tokens {
    /// Of new servers.
    pub(crate) fn new() -> Self {
        Self {
            operator: uuid::Uuid::new_v4().to_string(),
            control: uuid::Uuid::new_v4().to_string(),
        }
    }
}

impl Server for Consul {
    fn slot(&self) -> &Slot {
        &self.slot
    }
}

impl Consul {
    /// One of those at the last octets in `servers`, which join each other.
    pub(crate) fn new(
        name: &str,
        tools: &'static Tools,
        block: Block,
        (last_octet, servers): (u8, &[u8]),
        lab: &Path,
        tokens: &Tokens,
        authority: Option<&Authority>,
    ) -> Result<Self> {
        let ip = block.address(last_octet);
        let address = SocketAddrV4::new(ip, HTTP_PORT);
        let slot = Slot::new(Kind::Consul, name, address, lab)?;
        let others = servers.iter().filter(|other| **other != last_octet);
        let others: Vec<_> = others.map(|other| block.address(*other)).collect();
        let mut config = json!({
            "acl": {
                "enabled": true,
                "default_policy": "deny",
                "down_policy": "extend-cache",
                "tokens": {
                    "master": tokens.operator,
                    "agent": tokens.operator,
                    "default": tokens.operator,
                },
            },
            "node_name": format!("lab-{name}"),
            "server": true,
            "bootstrap_expect": servers.len(),
            "retry_join": others,
            "retry_interval": "1s",
            "data_dir": slot.dir().join("data"),
            "bind_addr": ip,
            "client_addr": ip,
            "performance": { "raft_multiplier": 1 },
            "leave_on_terminate": false,
            "skip_leave_on_interrupt": true,
            "disable_update_check": true,
        });
        let http = reqwest::Client::builder().timeout(LOOK);
        let (http, scheme) = match authority {
            None => (http, "http"),
            Some(authority) => {
                let own = authority.issue(name, &[ip.to_string()])?;
                config["ports"] = json!({ "http": -1, "https": HTTP_PORT });
                config["ca_file"] = json!(own.ca_file);
                config["cert_file"] = json!(own.cert_file);
                config["key_file"] = json!(own.key_file);
                config["verify_incoming_https"] = json!(true);
                (authority.http(http)?, "https")
            }
        };
        fs::write(config_file(&slot), config.to_string())?;
        Ok(Self {
            slot,
            tools,
            http: http.build()?,
            scheme,
            resolver: resolver(ip)?,
            tokens: tokens.clone(),
        })
    }

    /// The token that `lictord` comes with.
    #[must_use]
    pub fn control_token(&self) -> &str {
        &self.tokens.control
    }

    /// Lets `lictord` do what it must for these clusters, and no more.
    pub(crate) async fn admit(&self, clusters: impl Iterator<Item = &str>) -> Result<()> {
        let (frame, line) = POLICY.split_once(CLUSTER).context("no cluster's line")?;
        let line = |cluster| format!("service \"{cluster}\"{line}");
        let rules = frame.to_owned() + &clusters.map(line).collect::<String>();
        self.put("policy", &json!({ "Name": "lictor", "Rules": rules }))
            .await?;
        let policies = json!([{ "Name": "lictor" }]);
        self.put(
            "token",
            &json!({ "SecretID": self.tokens.control, "Policies": policies }),
        )
        .await
    }

    /// Several servers take a while after their election until they take any.
    async fn put(&self, what: &str, body: &serde_json::Value) -> Result<()> {
        eventually("Consul to have a policy", START, || {
            self.try_put(what, body)
        })
        .await
    }

    async fn try_put(&self, what: &str, body: &serde_json::Value) -> Result<()> {
        let at = format!("{}/v1/acl/{what}", self.url());
        let request = self
            .http
            .put(at)
            .header("X-Consul-Token", &self.tokens.operator);
        let answer = request.json(body).send().await?;
        let status = answer.status();
        let said = answer.text().await?;
        ensure!(
            status.is_success(),
            "Consul takes no {what}: {status} {said}"
        );
        Ok(())
    }

    /// Starts it on the data it has, after killing it if it runs, and waits
    /// until its servers have a leader that knows all it knew.
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

    /// The address of the server that leads, as this one sees it.
    ///
    /// # Errors
    /// When it does not answer, or knows no leader.
    pub async fn leader(&self) -> Result<Ipv4Addr> {
        let asked = format!("{}/v1/status/leader", self.url());
        let leader: String = self.http.get(&asked).send().await?.json().await?;
        let leader: SocketAddrV4 = leader.parse().context("there is no leader")?;
        Ok(*leader.ip())
    }

    /// Its HTTP address, `http://ADDRESS:8500`; with TLS `https`, and it lets in only
    /// who shows a certificate.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address())
    }

    /// What it answers to a GET of that URL, as JSON.
    ///
    /// # Errors
    /// When it does not answer, or refuses.
    pub async fn get(&self, url: &str) -> Result<serde_json::Value> {
        let answer = self.http.get(url).send().await?.error_for_status()?;
        Ok(answer.json().await?)
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
