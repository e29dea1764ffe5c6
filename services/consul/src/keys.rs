//! Single keys, read and written exactly.
//!
//! Values are bytes that mean nothing here. A key is never taken for a prefix
//! of others, which is why no prefix call is used.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use crate::client::Consul;
use crate::error::ConsulError;
use crate::txn::Op;

/// A key's value and the index of its last write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value; empty where none was given.
    pub value: Vec<u8>,
    /// Consul's index of the write that made it.
    pub modify_index: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyRead {
    key: String,
    value: Option<String>,
    modify_index: u64,
}

impl Consul {
    /// Reads one key, as a quorum of Consul's servers knows it.
    pub async fn read_exact(&self, key: &str) -> Result<Option<Entry>, ConsulError> {
        let doing = format!("reading key `{key}`");
        let url = self.consistent(&format!("v1/kv/{key}"));
        let answer = self.send(Method::GET, url, &doing).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let found: [KeyRead; 1] = answer.json(&doing)?;
        let [found] = found;
        // A key such as `a/../b` would be answered as another one.
        if found.key != key {
            return Err(answer.unexpected(&doing));
        }
        let value = BASE64_STANDARD
            .decode(found.value.unwrap_or_default())
            .map_err(|_| answer.unexpected(&doing))?;
        Ok(Some(Entry {
            value,
            modify_index: found.modify_index,
        }))
    }

    /// Writes `key` if its index is still `expected`; 0 means that it must not
    /// exist. Returns the new index, or `None` where another was there first
    /// and nothing was written.
    pub async fn compare_and_set(
        &self,
        key: &str,
        value: &[u8],
        expected: u64,
    ) -> Result<Option<u64>, ConsulError> {
        let doing = format!("writing key `{key}`");
        let op = Op::compare_and_set(key, value, expected);
        match self.commit_key(op, &doing).await {
            Err(ConsulError::Conflict { .. }) => Ok(None),
            Ok(None) => Err(ConsulError::from_answer(&doing, 200, b"no index was given")),
            written => written,
        }
    }

    /// Deletes `key` if its index is still `expected`. Returns whether the key
    /// is gone, which it also is where it was not there before.
    pub async fn delete_cas(&self, key: &str, expected: u64) -> Result<bool, ConsulError> {
        let doing = format!("deleting key `{key}`");
        match self.commit_key(Op::delete_cas(key, expected), &doing).await {
            Err(ConsulError::Conflict { .. }) => Ok(false),
            deleted => deleted.map(|_| true),
        }
    }
}
