//! Epochs and revisions.

use lictor_domain as domain;
use lictor_domain::Term;

use crate::v1;

impl From<domain::Epoch> for v1::Epoch {
    fn from(epoch: domain::Epoch) -> Self {
        Self {
            term: epoch.term.0,
            n: epoch.n,
        }
    }
}

impl From<v1::Epoch> for domain::Epoch {
    fn from(epoch: v1::Epoch) -> Self {
        Self {
            term: Term(epoch.term),
            n: epoch.n,
        }
    }
}

impl From<domain::Revision> for v1::Revision {
    fn from(revision: domain::Revision) -> Self {
        Self {
            term: revision.term.0,
            n: revision.n,
        }
    }
}

impl From<v1::Revision> for domain::Revision {
    fn from(revision: v1::Revision) -> Self {
        Self {
            term: Term(revision.term),
            n: revision.n,
        }
    }
}
