//! Consul's copy of each cluster's last recovery: the intent of a running one
//! is there when Postgres is not.

use lictor_consul::{Consul, ConsulError, Entry};
use lictor_domain::{ClusterName, Recovery};

fn key(cluster: &ClusterName) -> String {
    format!("lictor/recovery/{cluster}")
}

/// How often a write is tried that another one came before: also the answer to
/// our own may have been lost.
const TRIES: usize = 3;

/// Overwrites the copy. One of a newer epoch stays: [`ConsulError::StaleTerm`]
/// then says that a newer leader has begun another recovery. So does one of the
/// same recovery that has come further: a late write changes nothing.
pub(crate) async fn save(consul: &Consul, record: &Recovery) -> Result<(), ConsulError> {
    for _ in 0..TRIES {
        if try_to_save(consul, record).await? {
            return Ok(());
        }
    }
    Err(ConsulError::Conflict {
        doing: doing(record),
        failed: vec!["others wrote the key at the same moment".to_owned()],
    })
}

fn doing(record: &Recovery) -> String {
    format!("storing recovery {}", record.id)
}

/// False when the key was written meanwhile.
async fn try_to_save(consul: &Consul, record: &Recovery) -> Result<bool, ConsulError> {
    let key = key(&record.cluster);
    let entry = consul.read_exact(&key).await?;
    let found = entry.as_ref().and_then(read);
    match found {
        Some(newer) if newer.epoch > record.epoch => {
            return Err(ConsulError::StaleTerm {
                doing: doing(record),
                reason: format!("recovery {} is of a newer epoch", newer.id),
            });
        }
        Some(same) if same.id == record.id && same.standing() > record.standing() => {
            return Ok(true);
        }
        _ => {}
    }
    let value = serde_json::json!(record).to_string();
    let index = entry.map_or(0, |entry| entry.modify_index);
    let written = consul.compare_and_set(&key, value.as_bytes(), index);
    Ok(written.await?.is_some())
}

/// Reads the copy; one that is no recovery counts as none.
pub(crate) async fn load(
    consul: &Consul,
    cluster: &ClusterName,
) -> Result<Option<Recovery>, ConsulError> {
    let entry = consul.read_exact(&key(cluster)).await?;
    Ok(entry.as_ref().and_then(read))
}

fn read(entry: &Entry) -> Option<Recovery> {
    serde_json::from_slice(&entry.value).ok()
}
