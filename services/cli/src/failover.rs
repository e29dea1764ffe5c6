//! `cluster failover`: orders a failover and shows how it goes on until it is
//! over. It goes on without us.

use anyhow::bail;
use lictor_view::{FailoverReport, Recovery};
use lictor_wire::v1::cluster_service_client::ClusterServiceClient;
use lictor_wire::v1::{self, FailoverClusterRequest};

use crate::args::{FailoverArgs, Format};
use crate::call::{Connection, PATIENT, answer};
use crate::follow::{follow, state};
use crate::output::{show, tell};
use crate::view::failover::Done;

/// Does what the command says.
pub(crate) async fn run(
    args: FailoverArgs,
    channel: Connection,
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
        let found = FailoverReport::from(found);
        return if dry_run {
            show(&found, format)
        } else {
            show(&Done(found), format)
        };
    };
    tell(&FailoverReport::from(found), format)?;
    let recovery = follow(channel, id, format).await?;
    if state(&recovery) == v1::RecoveryState::Done {
        return show(&Recovery::from(recovery), format);
    }
    let reason = recovery.summary.as_ref();
    let reason = reason.and_then(|summary| summary.abort_reason.clone());
    tell(&Recovery::from(recovery), format)?;
    bail!("the failover was given up: {}", reason.unwrap_or_default())
}
