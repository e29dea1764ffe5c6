//! What is sent, made once and shared by everyone it goes to.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use lictor_domain::{Hints, Revision, RoutingDelta, RoutingTable};

/// A change of what a subscriber holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Update {
    /// The whole table.
    Snapshot(Arc<RoutingTable>),
    /// What changed.
    Delta(Box<RoutingDelta>),
}

impl Update {
    /// The revision it leads to.
    pub(crate) fn revision(&self) -> Revision {
        match self {
            Self::Snapshot(table) => table.revision,
            Self::Delta(delta) => delta.to,
        }
    }
}

/// What is sent, with room for its encoded form.
#[derive(Debug)]
pub(crate) struct Parcel<T> {
    content: T,
    encoded: OnceLock<Bytes>,
}

impl<T> Parcel<T> {
    pub(super) fn new(content: T) -> Arc<Self> {
        Arc::new(Self {
            content,
            encoded: OnceLock::new(),
        })
    }

    /// What it is.
    pub(crate) const fn content(&self) -> &T {
        &self.content
    }

    /// The encoded form, made by the first who asks.
    pub(crate) fn encoded(&self, encode: impl FnOnce(&T) -> Bytes) -> Bytes {
        self.encoded.get_or_init(|| encode(&self.content)).clone()
    }
}

/// What a subscriber is sent next.
#[derive(Clone, Debug)]
pub(crate) enum Next {
    /// A change, to be answered.
    Update(Arc<Parcel<Update>>),
    /// What helps to choose among nodes.
    Hints(Arc<Parcel<Hints>>),
}
