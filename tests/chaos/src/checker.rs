//! What a run must not have done, counted.

use anyhow::{Result, ensure};

/// What the checker found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Writes that were acknowledged.
    pub(crate) acknowledged: usize,
    /// Those of them that some node does not have at the end.
    pub(crate) lost: usize,
    /// Those that a deposed primary acknowledged.
    pub(crate) stale: usize,
    /// Primacies there were.
    pub(crate) epochs: usize,
}

impl Findings {
    /// Whether all is as it must be.
    pub(crate) fn verdict(&self) -> Result<()> {
        let Self {
            acknowledged,
            lost,
            stale,
            ..
        } = self;
        ensure!(
            *lost == 0 && *stale == 0,
            "of {acknowledged} acknowledged writes {lost} are lost, and {stale} were \
             acknowledged by a deposed primary"
        );
        ensure!(*acknowledged > 0, "no write was acknowledged at all");
        Ok(())
    }
}
