//! The term key: the one value that fences every write to the catalog.
//!
//! It holds `{"term": …, "holder": …}` and only rises. Whoever raised it holds
//! its index as a [`TermGuard`]; any later write to the key makes that guard
//! worthless.

use lictor_domain::Term;
use serde::{Deserialize, Serialize};

use crate::client::Consul;
use crate::error::ConsulError;
use crate::keys::Entry;

/// Proof that this control plane raised the term key, to be shown with every
/// change to the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermGuard {
    key: String,
    modify_index: u64,
    term: Term,
}

impl TermGuard {
    /// The term key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Consul's index of the write that raised it.
    #[must_use]
    pub const fn modify_index(&self) -> u64 {
        self.modify_index
    }

    /// The term it was raised to.
    #[must_use]
    pub const fn term(&self) -> Term {
        self.term
    }

    #[cfg(test)]
    pub(crate) fn for_tests(key: &str, modify_index: u64) -> Self {
        Self {
            key: key.to_owned(),
            modify_index,
            term: Term(1),
        }
    }
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct TermRecord {
    term: Term,
    holder: String,
}

impl Consul {
    /// Raises the term key to `term` for `holder`, and returns the guard.
    ///
    /// A repeated call after an answer that was lost returns the guard of the
    /// write that was made. A key that already holds a higher term, or this
    /// one for another holder, is [`ConsulError::StaleTerm`]; a key that holds
    /// no term at all, or was written at the same moment, is
    /// [`ConsulError::Conflict`].
    pub async fn advance_term(
        &self,
        key: &str,
        term: Term,
        holder: &str,
    ) -> Result<TermGuard, ConsulError> {
        let doing = format!("raising the term key `{key}` to {term}");
        let wanted = TermRecord {
            term,
            holder: holder.to_owned(),
        };
        let guard = |modify_index| TermGuard {
            key: key.to_owned(),
            modify_index,
            term,
        };
        let expected = match self.read_exact(key).await? {
            None => 0,
            Some(entry) => match compare(&entry, &wanted, &doing)? {
                Found::Lower => entry.modify_index,
                Found::Same => return Ok(guard(entry.modify_index)),
            },
        };
        let value = serde_json::json!(wanted).to_string();
        match self
            .compare_and_set(key, value.as_bytes(), expected)
            .await?
        {
            Some(modify_index) => Ok(guard(modify_index)),
            None => Err(ConsulError::Conflict {
                doing,
                failed: vec!["another wrote the key at the same moment".to_owned()],
            }),
        }
    }
}

/// What the key holds, where it does not forbid the wanted term.
enum Found {
    Lower,
    Same,
}

fn compare(entry: &Entry, wanted: &TermRecord, doing: &str) -> Result<Found, ConsulError> {
    let Ok(found) = serde_json::from_slice::<TermRecord>(&entry.value) else {
        return Err(ConsulError::Conflict {
            doing: doing.to_owned(),
            failed: vec!["the key holds something that is no term".to_owned()],
        });
    };
    if found == *wanted {
        return Ok(Found::Same);
    }
    if found.term < wanted.term {
        return Ok(Found::Lower);
    }
    Err(ConsulError::StaleTerm {
        doing: doing.to_owned(),
        reason: format!("the key holds term {} of {}", found.term, found.holder),
    })
}
