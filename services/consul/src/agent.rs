//! This control plane's own service, kept by the local agent, so that clients
//! find it by DNS too.
//!
//! The agent owns it and probes it; nothing here goes through the catalog.

use std::collections::BTreeMap;

use reqwest::{Method, Url};
use serde_json::json;

use crate::client::Consul;
use crate::error::ConsulError;

/// How often the agent asks for readiness, and how long it waits.
const PROBE_INTERVAL: &str = "2s";
const PROBE_TIMEOUT: &str = "1s";

/// A service that the local agent keeps for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfService {
    /// The service's name, as in DNS.
    pub name: String,
    /// Its id, unique on the agent.
    pub id: String,
    /// The host that clients connect to.
    pub address: String,
    /// The port that clients connect to.
    pub port: u16,
    /// Its tags.
    pub tags: Vec<String>,
    /// What else clients are told.
    pub meta: BTreeMap<String, String>,
    /// What the agent fetches to see that it is ready.
    pub ready: Url,
}

/// The id of the check of such a service.
#[must_use]
pub fn ready_check(id: &str) -> String {
    format!("{id}-ready")
}

impl Consul {
    /// Registers or updates our own service; critical until the agent's first
    /// probe, and with its status kept when only tags change.
    pub async fn register_self(&self, service: &SelfService) -> Result<(), ConsulError> {
        let doing = format!("registering service {} with the agent", service.id);
        let mut url = self.url("v1/agent/service/register");
        url.set_query(Some("replace-existing-checks=true"));
        let answer = self.put(url, &payload(service), &doing).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        Err(answer.unexpected(&doing))
    }

    /// Takes our own service out of the agent; nothing where it is not there.
    pub async fn deregister_self(&self, id: &str) -> Result<(), ConsulError> {
        let doing = format!("deregistering service {id} from the agent");
        let url = self.url(&format!("v1/agent/service/deregister/{id}"));
        let answer = self.send(Method::PUT, url, &doing).await?;
        // Where access is ruled, the agent looks whose it is before it finds nothing.
        let unknown = answer.body.starts_with(b"Unknown service");
        if answer.status.is_success() || unknown {
            return Ok(());
        }
        Err(answer.unexpected(&doing))
    }
}

fn payload(service: &SelfService) -> serde_json::Value {
    json!({
        "ID": service.id,
        "Name": service.name,
        "Address": service.address,
        "Port": service.port,
        "Tags": service.tags,
        "Meta": service.meta,
        "Check": {
            "CheckID": ready_check(&service.id),
            "Name": "ready",
            "HTTP": service.ready.as_str(),
            // The agent trusts its own authorities alone, and the check is no secret.
            "TLSSkipVerify": service.ready.scheme() == "https",
            "Interval": PROBE_INTERVAL,
            "Timeout": PROBE_TIMEOUT,
        },
    })
}
