//! `cluster switchover`: gives the order, follows it step by step, and tells the
//! story at its end.

use std::time::Duration;

use anyhow::{Context, bail};
use lictor_wire::v1::cluster_service_client::ClusterServiceClient;
use lictor_wire::v1::recovery_service_client::RecoveryServiceClient;
use lictor_wire::v1::{self, GetRecoveryRequest, SwitchoverClusterRequest};
use tokio::time::Instant;
use tonic::transport::Channel;

use crate::args::{Format, SwitchoverArgs};
use crate::call::{SOON, answer};
use crate::output::{say, show};
use crate::view::switchover::{Preflight, Switchover, step};

/// Between two looks at the recovery.
const EVERY: Duration = Duration::from_millis(50);
/// Waiting for long transactions, the pause, undoing and the rest take less.
const LONGEST: Duration = Duration::from_mins(5);

/// Gives the order and follows it.
pub(crate) async fn run(
    channel: Channel,
    args: SwitchoverArgs,
    format: Format,
) -> anyhow::Result<()> {
    let request = SwitchoverClusterRequest::from(args);
    let rehearse = request.dry_run;
    let mut client = ClusterServiceClient::new(channel.clone());
    let response = answer(SOON, client.switchover_cluster(request)).await?;
    let recovery = response.recovery.clone();
    let preflight = Preflight::from(response);
    let Some(id) = recovery else {
        show(&preflight, format)?;
        if rehearse && preflight.clear {
            return Ok(());
        }
        bail!("the switchover cannot be done now");
    };
    let people = format == Format::Table;
    if people {
        show(&preflight, format)?;
        say("\nWhat is being done:")?;
    }
    let recovery = follow(channel, id, people).await?;
    let done = state(&recovery) == v1::RecoveryState::Done;
    let story = recovery.into();
    if people {
        say("")?;
    }
    show(&Switchover { preflight, story }, format)?;
    if done {
        return Ok(());
    }
    bail!("the switchover was given up, and everything is as it was")
}

fn state(recovery: &v1::Recovery) -> v1::RecoveryState {
    let summary = recovery.summary.as_ref();
    summary.map(v1::RecoverySummary::state).unwrap_or_default()
}

/// Looks at the recovery until it is over; tells each step that has ended.
async fn follow(channel: Channel, id: String, tell: bool) -> anyhow::Result<v1::Recovery> {
    let mut client = RecoveryServiceClient::new(channel);
    let begun = Instant::now();
    let mut told = vec![];
    loop {
        let request = GetRecoveryRequest { id: id.clone() };
        let response = answer(SOON, client.get_recovery(request)).await?;
        let recovery = response.recovery.context("the answer has no recovery")?;
        for (at, line) in recovery.steps.iter().map(step).enumerate() {
            if let Some(line) = line.filter(|_| tell && !told.contains(&at)) {
                say(&line)?;
                told.push(at);
            }
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
