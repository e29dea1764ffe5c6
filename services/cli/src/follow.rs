//! Follows a recovery that was ordered, and tells each step as it begins. The
//! recovery goes on without us.

use std::time::Duration;

use anyhow::{Context, bail};
use lictor_wire::v1::recovery_service_client::RecoveryServiceClient;
use lictor_wire::v1::{self, GetRecoveryRequest};
use tokio::time::Instant;

use crate::args::Format;
use crate::call::{Connection, SOON, answer};
use crate::output::say;

/// Between two looks at the recovery.
const EVERY: Duration = Duration::from_millis(50);
/// Everything that a recovery waits for takes less.
const LONGEST: Duration = Duration::from_mins(5);

/// The recovery when it is over.
pub(crate) async fn follow(
    channel: Connection,
    id: String,
    format: Format,
) -> anyhow::Result<v1::Recovery> {
    let mut client = RecoveryServiceClient::new(channel);
    let begun = Instant::now();
    let mut told = 0;
    loop {
        let request = GetRecoveryRequest { id: id.clone() };
        let response = answer(SOON, client.get_recovery(request)).await?;
        let recovery = response.recovery.context("the answer has no recovery")?;
        if format == Format::Table {
            for step in recovery.steps.iter().skip(told) {
                say(&format!("  {}", step.sentence))?;
            }
            told = recovery.steps.len();
        }
        if state(&recovery) != v1::RecoveryState::Running {
            return Ok(recovery);
        }
        if begun.elapsed() > LONGEST {
            bail!("it still runs; `lictor recovery show {id}` tells how it stands");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// How it stands.
pub(crate) fn state(recovery: &v1::Recovery) -> v1::RecoveryState {
    let summary = recovery.summary.as_ref();
    summary.map(v1::RecoverySummary::state).unwrap_or_default()
}
