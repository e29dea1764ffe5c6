//! The lease record in Consul, compared as a whole: Consul itself compares the
//! index of the write, so the index each record was seen at is remembered.

use std::sync::{Arc, Mutex, PoisonError};

use lictor_consul::{Consul, ConsulError};
use lictor_domain::lease::LeaseRecord;

/// The lease key, with what was last seen there.
#[derive(Clone, Debug)]
pub(super) struct LeaseKey {
    key: &'static str,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// `None` when there was no record, or one that is none of ours.
    record: Option<LeaseRecord>,
    /// Zero when there was no key.
    index: u64,
}

impl LeaseKey {
    pub(super) fn new(key: &'static str) -> Self {
        Self {
            key,
            seen: Arc::default(),
        }
    }

    /// Reads the record. A value that is no record counts as none, and is
    /// overwritten by whoever takes the lease.
    pub(super) async fn read(&self, consul: &Consul) -> Result<Option<LeaseRecord>, ConsulError> {
        let entry = consul.read_exact(self.key).await?;
        let seen = Seen {
            index: entry.as_ref().map_or(0, |entry| entry.modify_index),
            record: entry.and_then(|entry| serde_json::from_slice(&entry.value).ok()),
        };
        self.remember(seen.clone());
        Ok(seen.record)
    }

    /// Writes `new` if the record is `expected`; false when it is another.
    pub(super) async fn compare_and_set(
        &self,
        consul: &Consul,
        expected: Option<&LeaseRecord>,
        new: &LeaseRecord,
    ) -> Result<bool, ConsulError> {
        let mut seen = self.seen();
        if seen.record.as_ref() != expected {
            self.read(consul).await?;
            seen = self.seen();
        }
        if seen.record.as_ref() != expected {
            return Ok(false);
        }
        let value = serde_json::json!(new).to_string();
        let written = consul
            .compare_and_set(self.key, value.as_bytes(), seen.index)
            .await?;
        if let Some(index) = written {
            self.remember(Seen {
                record: Some(new.clone()),
                index,
            });
        }
        Ok(written.is_some())
    }

    fn seen(&self) -> Seen {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clone()
    }

    fn remember(&self, seen: Seen) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }
}
