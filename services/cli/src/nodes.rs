//! `node …`: shows nodes, moves them and brings them back.

use std::time::Duration;

use anyhow::{Context, bail};
use lictor_view::{
    Cluster, Node, NodeMaintenance, NodePlacement, RebuildReport, RebuildState, RejoinReport,
    RepointReport, Variable,
};
use lictor_wire::domain::NodeName;
use lictor_wire::v1::cluster_service_client::ClusterServiceClient;
use lictor_wire::v1::node_service_client::NodeServiceClient;
use lictor_wire::v1::{
    BeginMaintenanceRequest, EndMaintenanceRequest, GetNodeVariablesRequest, ListClustersRequest,
    PromotionRule, RebuildNodeRequest, RejoinNodeRequest, RepointNodeRequest, SetNodeRequest,
};

use crate::args::{Format, NodeCommand};
use crate::call::{Connection, PATIENT, SOON, answer};
use crate::commands::get_cluster;
use crate::output::{show, tell};
use crate::view::upkeep;

/// Between two looks at how far a rebuild is.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Does what the command says.
pub(crate) async fn run(
    command: NodeCommand,
    channel: Connection,
    format: Format,
) -> anyhow::Result<()> {
    let mut clusters = ClusterServiceClient::new(channel.clone());
    let mut client = NodeServiceClient::new(channel);
    match command {
        NodeCommand::List { cluster } => {
            let nodes = match cluster {
                Some(cluster) => get_cluster(&mut clusters, &cluster).await?.nodes,
                None => all_nodes(&mut clusters).await?,
            };
            show(&nodes, format)
        }
        NodeCommand::Show { node } => show(&get_node(&mut clusters, &node).await?, format),
        NodeCommand::Variables { node } => show(&variables(client, node).await?, format),
        NodeCommand::Set {
            node,
            promotion_rule,
            time,
            zone,
            reason,
        } => {
            let rule = promotion_rule.map(PromotionRule::from);
            let request = SetNodeRequest {
                node: node.to_string(),
                promotion: rule.unwrap_or_default().into(),
                promotion_for_secs: time,
                zone,
                reason,
            };
            let set = answer(SOON, client.set_node(request)).await?;
            show(&NodePlacement::new(node.into(), set), format)
        }
        NodeCommand::Maintenance {
            node,
            owner: Some(owner),
            reason: Some(reason),
            time: Some(for_secs),
            ..
        } => begin_maintenance(&node, (owner, reason, for_secs), client, format).await,
        NodeCommand::Maintenance { node, reason, .. } => {
            let request = EndMaintenanceRequest {
                node: node.to_string(),
                reason: reason.unwrap_or_else(|| "asked for on the command line".to_owned()),
            };
            answer(SOON, client.end_maintenance(request)).await?;
            show(&NodeMaintenance::new(node.into(), None), format)
        }
        NodeCommand::Repoint {
            node,
            to,
            dry_run,
            reason,
        } => {
            let request = RepointNodeRequest {
                node: node.into(),
                source: to.0.map(Into::into).unwrap_or_default(),
                dry_run,
                reason,
            };
            repoint(request, client, format).await
        }
        NodeCommand::Rejoin {
            node,
            inject_empty,
            dry_run,
            reason,
        } => {
            let request = RejoinNodeRequest {
                node: node.into(),
                inject_empty,
                dry_run,
                reason,
                ..RejoinNodeRequest::default()
            };
            rejoin(request, client, format).await
        }
        NodeCommand::Rebuild {
            node,
            donor,
            force,
            dry_run,
            detach,
            reason,
        } => {
            let request = RebuildNodeRequest {
                node: node.to_string(),
                donor: donor.map(Into::into).unwrap_or_default(),
                force,
                dry_run,
                reason,
            };
            let begun = answer(PATIENT, client.rebuild_node(request)).await?;
            let begun = RebuildReport::new(node.to_string(), begun);
            if detach || dry_run {
                return show(&begun, format);
            }
            follow(&mut clusters, &node, &begun, format).await
        }
    }
}

async fn variables(
    mut client: NodeServiceClient<Connection>,
    node: NodeName,
) -> anyhow::Result<Vec<Variable>> {
    let node = node.into();
    let call = client.get_node_variables(GetNodeVariablesRequest { node });
    let told = answer(PATIENT, call).await?.variables.into_iter();
    Ok(told.map(Into::into).collect())
}

async fn begin_maintenance(
    node: &NodeName,
    (owner, reason, for_secs): (String, String, u64),
    mut client: NodeServiceClient<Connection>,
    format: Format,
) -> anyhow::Result<()> {
    let request = BeginMaintenanceRequest {
        node: node.to_string(),
        owner,
        reason,
        for_secs,
    };
    let begun = answer(SOON, client.begin_maintenance(request)).await?;
    show(
        &NodeMaintenance::new(node.to_string(), begun.maintenance),
        format,
    )
}

async fn repoint(
    request: RepointNodeRequest,
    mut client: NodeServiceClient<Connection>,
    format: Format,
) -> anyhow::Result<()> {
    let done = answer(PATIENT, client.repoint_node(request)).await?;
    show(&RepointReport::from(done), format)
}

/// What is to be injected is shown first, and nothing else is.
async fn rejoin(
    mut request: RejoinNodeRequest,
    mut client: NodeServiceClient<Connection>,
    format: Format,
) -> anyhow::Result<()> {
    if request.inject_empty && !request.dry_run {
        let look = RejoinNodeRequest {
            dry_run: true,
            ..request.clone()
        };
        let shown = answer(PATIENT, client.rejoin_node(look)).await?;
        request.errant.clone_from(&shown.injected);
        tell(&RejoinReport::from(shown), format)?;
    }
    let done = answer(PATIENT, client.rejoin_node(request)).await?;
    show(&RejoinReport::from(done), format)
}

/// Shows how a rebuild goes on until it is over. It goes on without us.
async fn follow(
    clusters: &mut ClusterServiceClient<Connection>,
    name: &NodeName,
    begun: &RebuildReport,
    format: Format,
) -> anyhow::Result<()> {
    tell(begun, format)?;
    let mut last = String::new();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let node = get_node(clusters, name).await?;
        let rebuild = node
            .rebuild
            .as_ref()
            .filter(|it| begun.operation.as_ref() == Some(&it.id));
        let rebuild = rebuild.context(
            "the rebuild is not known any more: the leader changed; see `lictor node show`",
        )?;
        if let Some(failure) = upkeep::failure(rebuild) {
            bail!("{name} was not rebuilt, and stays quarantined: {failure}");
        }
        if rebuild.state == RebuildState::Done {
            return show(&node, format);
        }
        let line = upkeep::stand(rebuild, name.as_str());
        if line != last && format == Format::Table {
            crate::output::say(&line)?;
            last = line;
        }
    }
}

async fn all_nodes(client: &mut ClusterServiceClient<Connection>) -> anyhow::Result<Vec<Node>> {
    let call = client.list_clusters(ListClustersRequest {});
    let clusters = answer(SOON, call).await?.clusters.into_iter();
    Ok(clusters
        .flat_map(|cluster| Cluster::from(cluster).nodes)
        .collect())
}

async fn get_node(
    client: &mut ClusterServiceClient<Connection>,
    name: &NodeName,
) -> anyhow::Result<Node> {
    let nodes = all_nodes(client).await?;
    nodes
        .into_iter()
        .find(|node| node.name == name.as_str())
        .with_context(|| format!("there is no node {name}; `lictor node list` shows all"))
}
