//! Measuring by criterion, whose medians are the figures.

use std::fs::File;

use anyhow::{Context, Result};
use criterion::{Bencher, Criterion};
use serde_json::Value;
use tempfile::TempDir;

/// The median of one thing measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    /// What was measured, for people.
    pub(crate) what: &'static str,
    /// Its key in the JSON, which names its unit.
    pub(crate) key: &'static str,
    /// The median, in that unit.
    pub(crate) median: f64,
}

/// Runs criterion, which keeps its estimates in a directory.
pub(crate) struct Measure {
    criterion: Criterion,
    home: TempDir,
}

impl Measure {
    pub(crate) fn new() -> Result<Self> {
        let home = tempfile::tempdir()?;
        let criterion = Criterion::default().output_directory(home.path());
        Ok(Self { criterion, home })
    }

    /// The median time of one iteration, in nanoseconds. The key names it in
    /// what criterion prints.
    pub(crate) fn ns(&mut self, key: &str, run: impl FnMut(&mut Bencher<'_>)) -> Result<f64> {
        self.criterion.bench_function(key, run);
        let path = self.home.path().join(key).join("new/estimates.json");
        let file = File::open(&path).with_context(|| format!("{}", path.display()))?;
        let estimates: Value = serde_json::from_reader(file)?;
        estimates["median"]["point_estimate"]
            .as_f64()
            .with_context(|| format!("{} has no median", path.display()))
    }
}
