//! Consul's copy of each cluster's last recovery: the intent of a running one
//! is there when Postgres is not.

use lictor_consul::{Consul, ConsulError};
use lictor_domain::{ClusterName, Recovery};

fn key(cluster: &ClusterName) -> String {
    format!("lictor/recovery/{cluster}")
}

/// Overwrites the copy.
pub(crate) async fn save(consul: &Consul, record: &Recovery) -> Result<(), ConsulError> {
    let key = key(&record.cluster);
    let value = serde_json::json!(record).to_string();
    loop {
        let index = consul
            .read_exact(&key)
            .await?
            .map_or(0, |entry| entry.modify_index);
        // Another write in between: only this term's leader writes here, so it
        // was an older one of its own. The caller's deadline bounds this.
        if consul
            .compare_and_set(&key, value.as_bytes(), index)
            .await?
            .is_some()
        {
            return Ok(());
        }
    }
}

/// Reads the copy; one that is no recovery counts as none.
pub(crate) async fn load(
    consul: &Consul,
    cluster: &ClusterName,
) -> Result<Option<Recovery>, ConsulError> {
    let entry = consul.read_exact(&key(cluster)).await?;
    Ok(entry.and_then(|entry| serde_json::from_slice(&entry.value).ok()))
}
