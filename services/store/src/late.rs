//! What was kept on a disk while Postgres was away, and is written afterwards:
//! each once, however often it is tried.
//!
//! What a leader of the current term kept is written as any of its history. What
//! one kept that leads no more, is written beside the fence of terms: it only
//! adds to what is shown, and changes nothing that a leader goes on from.

use chrono::{DateTime, Utc};
use lictor_domain::{Happening, Recovery, Term};
use serde::{Deserialize, Serialize};
use sqlx::Connection;
use sqlx::types::Uuid;

use crate::audit::{self, AuditEntry};
use crate::error::StoreError;
use crate::happening;
use crate::recovery;
use crate::store::Store;
use crate::term;

/// An entry of the audit log that may have to be written more than once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditNote {
    /// Its identity.
    pub key: Uuid,
    /// When the deed was done, by the clock of who saw it.
    pub at: DateTime<Utc>,
    /// The deed.
    pub entry: AuditEntry,
}

impl Store {
    /// Adds the entry unless it was added before; in the name of a leader of that
    /// term, if it is one's.
    pub async fn audit_note_once(
        &self,
        term: Option<Term>,
        note: &AuditNote,
    ) -> Result<(), StoreError> {
        self.read(async |connection| {
            let mut transaction = connection.begin().await?;
            if let Some(term) = term {
                term::hold(&mut transaction, term).await?;
            }
            audit::append_as(&mut transaction, &note.entry, Some((note.key, note.at))).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    /// Adds what a leader told that leads no more. Nobody goes on from it.
    pub async fn happening_append_late(&self, happenings: &[Happening]) -> Result<(), StoreError> {
        self.read(async |connection| {
            let mut transaction = connection.begin().await?;
            for happening in happenings {
                happening::append_late(&mut transaction, happening).await?;
            }
            Ok(transaction.commit().await?)
        })
        .await
    }

    /// Adds a recovery that has ended, unless it is stored already, in whatever
    /// state.
    pub async fn recovery_add_late(&self, recovery: &Recovery) -> Result<(), StoreError> {
        self.read(async |connection| recovery::add_late(connection, recovery).await)
            .await
    }
}
