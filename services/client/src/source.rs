//! What stands behind the routing table now.

use std::time::SystemTime;

use tokio::time::Instant;

/// Where the routing table comes from, and whether it is kept up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableSource {
    /// A control plane keeps it up to date.
    ControlPlane,
    /// A control plane sent it, and none can be reached now.
    LastGood {
        /// Since when.
        since: Instant,
        /// Why, as a sentence.
        reason: String,
    },
    /// It was read from the cache file, and no control plane has been reached
    /// since.
    CacheFile {
        /// When the file was written, by the clock of its writer.
        written: SystemTime,
        /// Why there is no control plane, as a sentence.
        reason: String,
    },
}

/// The way to the control plane.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// Why there is no stream; none while there is one.
    pub(crate) trouble: Option<String>,
    /// Since when it is so.
    pub(crate) since: Instant,
    /// Whether there ever was one.
    pub(crate) was_up: bool,
    /// How many endpoints in a row gave no stream.
    pub(crate) failures: usize,
}

impl Link {
    pub(crate) fn new() -> Self {
        Self {
            trouble: Some("not connected yet".to_owned()),
            since: Instant::now(),
            was_up: false,
            failures: 0,
        }
    }

    /// There is a stream.
    pub(crate) fn up(&mut self) {
        *self = Self {
            trouble: None,
            since: Instant::now(),
            was_up: true,
            failures: 0,
        };
    }

    /// A stream ended, or could not be opened; whether there was one before.
    pub(crate) fn down(&mut self, reason: String) -> bool {
        let was_up = self.trouble.is_none();
        if was_up {
            self.since = Instant::now();
        }
        self.trouble = Some(reason);
        self.failures += 1;
        was_up
    }

    pub(crate) fn source(&self, cached: Option<SystemTime>) -> TableSource {
        match (self.trouble.clone(), cached) {
            (None, _) => TableSource::ControlPlane,
            (Some(reason), Some(written)) if !self.was_up => {
                TableSource::CacheFile { written, reason }
            }
            (Some(reason), _) => TableSource::LastGood {
                since: self.since,
                reason,
            },
        }
    }
}
