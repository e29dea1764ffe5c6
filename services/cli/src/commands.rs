//! What each command asks, and how it shows the answer.

use anyhow::{Context, bail};
use clap::CommandFactory;
use lictor_wire::domain::{ClusterName, RoutingTable};
use lictor_wire::v1::cluster_service_client::ClusterServiceClient;
use lictor_wire::v1::control_plane_service_client::ControlPlaneServiceClient;
use lictor_wire::v1::recovery_service_client::RecoveryServiceClient;
use lictor_wire::v1::routing_service_client::RoutingServiceClient;
use lictor_wire::v1::{
    AddClusterRequest, GetClusterRequest, GetRecoveryRequest, GetStatusRequest, GetTableRequest,
    ListClustersRequest, ListProblemCodesRequest, ListRecoveriesRequest, ListSubscribersRequest,
    PauseClusterRequest, ResumeClusterRequest, UpdatePolicyRequest,
};
use tonic::transport::Channel;

use crate::args::{
    Cli, ClusterCommand, Format, Noun, ProblemCommand, RecoveryCommand, RouteCommand,
    SubscriberCommand,
};
use crate::call::{PATIENT, SOON, answer, connect};
use crate::failover;
use crate::nodes;
use crate::output::show;
use crate::view::cluster::{Added, Cluster, Clusters};
use crate::view::problem::{ProblemKind, ProblemKinds};
use crate::view::recovery::{Story, Summaries};
use crate::view::routing::{Subscribers, Table};
use crate::view::status::Status;
use crate::{switchover, watch};

/// Does what the command line says.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    let (server, format) = (cli.server, cli.output);
    match cli.noun {
        Noun::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "lictor", &mut script);
            crate::output::say(String::from_utf8(script)?.trim_end())
        }
        Noun::Cluster(command) => cluster(command, connect(&server).await?, format).await,
        Noun::Node(command) => nodes::run(command, connect(&server).await?, format).await,
        Noun::Recovery(command) => {
            let client = RecoveryServiceClient::new(connect(&server).await?);
            recovery(command, client, format).await
        }
        Noun::Route(RouteCommand::Watch) => watch::run(&server, format).await,
        Noun::Route(RouteCommand::Show) => {
            let client = RoutingServiceClient::new(connect(&server).await?);
            show(&table(client).await?, format)
        }
        Noun::Subscriber(SubscriberCommand::List) => {
            let client = RoutingServiceClient::new(connect(&server).await?);
            show(&subscribers(client).await?, format)
        }
        Noun::Problem(command) => {
            let mut client = ControlPlaneServiceClient::new(connect(&server).await?);
            let call = client.list_problem_codes(ListProblemCodesRequest {});
            let kinds = answer(SOON, call).await?.kinds.into_iter();
            problem(command, kinds.map(Into::into).collect(), format)
        }
        Noun::Status => {
            let mut client = ControlPlaneServiceClient::new(connect(&server).await?);
            let status = answer(SOON, client.get_status(GetStatusRequest {})).await?;
            show(&Status::from(status), format)
        }
    }
}

fn problem(command: ProblemCommand, kinds: Vec<ProblemKind>, format: Format) -> anyhow::Result<()> {
    match command {
        ProblemCommand::ListCodes => show(&ProblemKinds(kinds), format),
        ProblemCommand::Explain { code } => {
            let kind = kinds.iter().find(|kind| kind.is(&code));
            let kind = kind.with_context(|| {
                format!("there is no problem code {code}; `lictor problem list-codes` shows all")
            })?;
            show(kind, format)
        }
    }
}

async fn table(mut client: RoutingServiceClient<Channel>) -> anyhow::Result<Table> {
    let request = GetTableRequest { clusters: vec![] };
    let response = answer(SOON, client.get_table(request)).await?;
    let table = response.table.context("the answer has no table")?;
    Ok(Table::from(&RoutingTable::try_from(table)?))
}

async fn subscribers(mut client: RoutingServiceClient<Channel>) -> anyhow::Result<Subscribers> {
    let call = client.list_subscribers(ListSubscribersRequest {});
    let subscribers = answer(SOON, call).await?.subscribers.into_iter();
    Ok(Subscribers(subscribers.map(Into::into).collect()))
}

async fn cluster(command: ClusterCommand, channel: Channel, format: Format) -> anyhow::Result<()> {
    const NO_CLUSTER: &str = "the answer has no cluster";
    let mut client = ClusterServiceClient::new(channel.clone());
    match command {
        ClusterCommand::Switchover(args) => switchover::run(channel, args, format).await,
        ClusterCommand::Failover(args) => failover::run(args, channel, format).await,
        ClusterCommand::Add { name, seed, policy } => {
            let request = AddClusterRequest {
                name: name.into(),
                seed: seed.into(),
                policy: Some(policy.into()),
            };
            let added = answer(PATIENT, client.add_cluster(request)).await?;
            show(&Added::from(added), format)
        }
        ClusterCommand::List => {
            let call = client.list_clusters(ListClustersRequest {});
            let clusters = answer(SOON, call).await?.clusters.into_iter();
            show(&Clusters(clusters.map(Into::into).collect()), format)
        }
        ClusterCommand::Show { name } => show(&get_cluster(&mut client, &name).await?, format),
        ClusterCommand::Pause {
            name,
            reason,
            time,
            owner,
        } => {
            let request = PauseClusterRequest {
                name: name.into(),
                owner,
                reason,
                for_secs: time,
            };
            let response = answer(SOON, client.pause_cluster(request)).await?;
            show(
                &Cluster::from(response.cluster.context(NO_CLUSTER)?),
                format,
            )
        }
        ClusterCommand::Resume { name, reason } => {
            let request = ResumeClusterRequest {
                name: name.into(),
                reason,
            };
            let response = answer(SOON, client.resume_cluster(request)).await?;
            show(
                &Cluster::from(response.cluster.context(NO_CLUSTER)?),
                format,
            )
        }
        ClusterCommand::Set {
            name,
            policy,
            reason,
        } => {
            let request = UpdatePolicyRequest {
                name: name.into(),
                change: Some(policy.into()),
                reason,
            };
            let response = answer(SOON, client.update_policy(request)).await?;
            show(
                &Cluster::from(response.cluster.context(NO_CLUSTER)?),
                format,
            )
        }
    }
}

pub(crate) async fn get_cluster(
    client: &mut ClusterServiceClient<Channel>,
    name: &ClusterName,
) -> anyhow::Result<Cluster> {
    let request = GetClusterRequest {
        name: name.to_string(),
    };
    let response = answer(SOON, client.get_cluster(request)).await?;
    let cluster = response.cluster.context("the answer has no cluster")?;
    Ok(cluster.into())
}

async fn recovery(
    command: RecoveryCommand,
    mut client: RecoveryServiceClient<Channel>,
    format: Format,
) -> anyhow::Result<()> {
    match command {
        RecoveryCommand::List { cluster, limit } => {
            let request = ListRecoveriesRequest {
                cluster: cluster.map(Into::into),
                limit,
                before: None,
            };
            let call = client.list_recoveries(request);
            let recoveries = answer(SOON, call).await?.recoveries.into_iter();
            show(&Summaries(recoveries.map(Into::into).collect()), format)
        }
        RecoveryCommand::Show { id } => {
            let id = recovery_id(&mut client, id).await?;
            let response = answer(SOON, client.get_recovery(GetRecoveryRequest { id })).await?;
            let recovery = response.recovery.context("the answer has no recovery")?;
            show(&Story::from(recovery), format)
        }
    }
}

/// The whole id of the recovery meant: `last`, or how its id begins.
async fn recovery_id(
    client: &mut RecoveryServiceClient<Channel>,
    meant: String,
) -> anyhow::Result<String> {
    const WHOLE: usize = 36;
    const LOOKED_THROUGH: u32 = 500;
    if meant.len() >= WHOLE {
        return Ok(meant);
    }
    let last = meant == "last";
    let request = ListRecoveriesRequest {
        limit: if last { 1 } else { LOOKED_THROUGH },
        ..ListRecoveriesRequest::default()
    };
    let recoveries = answer(SOON, client.list_recoveries(request)).await?;
    let ids = recoveries.recoveries.into_iter().map(|one| one.id);
    let mut found = ids.filter(|id| last || id.starts_with(&meant));
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (Some(_), Some(_)) => bail!("more than one recovery's id begins with {meant}"),
        (None, _) if last => bail!("there was no recovery yet"),
        (None, _) => bail!(
            "no recovery's id begins with {meant}; `lictor recovery list -o json` shows them whole"
        ),
    }
}
