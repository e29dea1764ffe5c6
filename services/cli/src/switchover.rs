//! `cluster switchover`: gives the order, follows it step by step, and tells the
//! story at its end.

use anyhow::bail;
use lictor_view::SwitchoverReport;
use lictor_wire::objections;
use lictor_wire::v1::cluster_service_client::ClusterServiceClient;
use lictor_wire::v1::{self, SwitchoverClusterRequest};

use crate::args::{Format, SwitchoverArgs};
use crate::call::{Connection, SOON, answer, answer_or_status, explain};
use crate::follow::{follow, state};
use crate::output::{say, show};
use crate::view::switchover::Switchover;

/// Gives the order and follows it.
pub(crate) async fn run(
    channel: Connection,
    args: SwitchoverArgs,
    format: Format,
) -> anyhow::Result<()> {
    let request = SwitchoverClusterRequest::from(args);
    let rehearse = request.dry_run;
    let mut client = ClusterServiceClient::new(channel.clone());
    let ordered = client.switchover_cluster(request.clone());
    let response = match answer_or_status(SOON, ordered).await? {
        Ok(response) => response,
        Err(status) => {
            if !objections(&status).is_empty() {
                show_every_check(client, request, format).await?;
            }
            bail!(explain(&status));
        }
    };
    let recovery = response.recovery.clone();
    let preflight = SwitchoverReport::from(response);
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
    let recovery = follow(channel, id, format).await?;
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

/// A refusal names what stands in the way; a rehearsal shows what does not, too.
async fn show_every_check(
    mut client: ClusterServiceClient<Connection>,
    order: SwitchoverClusterRequest,
    format: Format,
) -> anyhow::Result<()> {
    let rehearsal = SwitchoverClusterRequest {
        dry_run: true,
        ..order
    };
    let found = answer(SOON, client.switchover_cluster(rehearsal)).await?;
    show(&SwitchoverReport::from(found), format)
}
