//! `cluster failover`: orders a failover and shows how it goes on until it is
//! over. It goes on without us.

use std::time::Duration;

use anyhow::{Context, bail};
use lictor_wire::v1::cluster_service_client::ClusterServiceClient;
use lictor_wire::v1::recovery_service_client::RecoveryServiceClient;
use lictor_wire::v1::{self, FailoverClusterRequest, GetRecoveryRequest};
use tonic::transport::Channel;

use crate::args::{FailoverArgs, Format};
use crate::call::{PATIENT, SOON, answer};
use crate::output::{say, show, tell};
use crate::view::failover::Found;
use crate::view::recovery::Story;

/// Between two looks at how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Does what the command says.
pub(crate) async fn run(
    args: FailoverArgs,
    channel: Channel,
    format: Format,
) -> anyhow::Result<()> {
    let mut clusters = ClusterServiceClient::new(channel.clone());
    let dry_run = args.dry_run;
    let request = FailoverClusterRequest {
        name: args.name.into(),
        to: args.to.map(Into::into),
        force: args.force,
        dry_run,
        reason: args.reason,
    };
    let found = answer(PATIENT, clusters.failover_cluster(request)).await?;
    let Some(id) = found.recovery.clone() else {
        let found = if dry_run {
            Found::from(found)
        } else {
            Found::done(found)
        };
        return show(&found, format);
    };
    tell(&Found::from(found), format)?;
    follow(RecoveryServiceClient::new(channel), id, format).await
}

/// Shows each step as it begins, and the whole story in the end.
async fn follow(
    mut client: RecoveryServiceClient<Channel>,
    id: String,
    format: Format,
) -> anyhow::Result<()> {
    let mut shown = 0;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let request = GetRecoveryRequest { id: id.clone() };
        let response = answer(SOON, client.get_recovery(request)).await?;
        let recovery = response.recovery.context("the answer has no recovery")?;
        if format == Format::Table {
            for step in recovery.steps.iter().skip(shown) {
                say(&format!("  {}", step.sentence))?;
            }
            shown = recovery.steps.len();
        }
        let summary = recovery.summary.clone().unwrap_or_default();
        match summary.state() {
            v1::RecoveryState::Running => {}
            v1::RecoveryState::Done => return show(&Story::from(recovery), format),
            _ => {
                tell(&Story::from(recovery), format)?;
                let reason = summary.abort_reason.unwrap_or_default();
                bail!("the failover was given up: {reason}");
            }
        }
    }
}
