//! Where the time of recoveries went, phase by phase, as their records tell it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use comfy_table::Table;
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::eventually;
use serde_json::{Map, Value};

use crate::figures::{Spread, ms, table};

/// How long each phase took in each recovery, in milliseconds, in the order in
/// which the phases came.
#[derive(Debug, Default)]
pub struct Phases(Vec<(String, Vec<f64>)>);

impl Phases {
    /// Adds a figure that no record has, such as the time before the first sign.
    pub fn note(&mut self, phase: &str, ms: f64) {
        match self.0.iter_mut().find(|(name, _)| name == phase) {
            Some((_, figures)) => figures.push(ms),
            None => self.0.push((phase.to_owned(), vec![ms])),
        }
    }

    /// Adds the phases of the cluster's last recovery, which replaced
    /// `old_primary`, once it is done; returns how long it took to have writes
    /// accepted.
    ///
    /// # Errors
    /// When it is not done in time, or never accepted writes.
    pub async fn note_last(
        &mut self,
        scene: &Scene,
        cluster: &str,
        old_primary: &str,
    ) -> Result<Duration> {
        let recovery = eventually("the recovery to be done", PATIENCE, || async {
            let recovery = scene.last_recovery(cluster).await?;
            let summary = recovery.summary.as_ref().context("it has no summary")?;
            let done = summary.state().as_str_name().ends_with("DONE");
            ensure!(done && summary.old_primary == old_primary, "{summary:?}");
            Ok(recovery)
        })
        .await?;
        for span in &recovery.phases {
            let name = span.phase().as_str_name();
            let name = name.trim_start_matches("PHASE_").to_lowercase();
            self.note(&name, ms(Duration::from_micros(span.took_us)));
        }
        let writable = recovery.summary.and_then(|s| s.time_to_writable_us);
        Ok(Duration::from_micros(writable.context("never writable")?))
    }

    fn spreads(&self) -> impl Iterator<Item = (&str, Option<Spread>)> {
        let phases = self.0.iter();
        phases.map(|(name, figures)| (name.as_str(), Spread::of(figures.iter().copied())))
    }

    /// For people.
    #[must_use]
    pub fn table(&self) -> Table {
        table(self.spreads())
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let phases = self.spreads();
        let phases = phases.filter_map(|(name, spread)| Some((name.to_owned(), spread?.json())));
        Value::Object(phases.collect::<Map<_, _>>())
    }
}
