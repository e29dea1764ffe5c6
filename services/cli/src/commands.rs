//! What each command asks, and how it shows the answer.

use anyhow::Context;
use clap::CommandFactory;
use lictor_view::{
    AddedCluster, Cluster, ControlPlane, Hostgroup, NodeConnections, ProblemKind, QueryRule,
    Recovery, RecoverySummary, RuleTest, Subscriber,
};
use lictor_wire::domain::rule::default_rules;
use lictor_wire::domain::{ClusterName, RoutingTable};
use lictor_wire::v1::cluster_service_client::ClusterServiceClient;
use lictor_wire::v1::control_plane_service_client::ControlPlaneServiceClient;
use lictor_wire::v1::recovery_service_client::RecoveryServiceClient;
use lictor_wire::v1::routing_service_client::RoutingServiceClient;
use lictor_wire::v1::{
    AddClusterRequest, GetClusterRequest, GetConnectionsRequest, GetRecoveryRequest,
    GetStatusRequest, GetTableRequest, ListClustersRequest, ListProblemCodesRequest,
    ListRecoveriesRequest, ListSubscribersRequest, PauseClusterRequest, ResumeClusterRequest,
    TestRuleRequest, UpdatePolicyRequest,
};

use crate::args::{
    Cli, ClusterCommand, ControlPlaneCommand, Format, HostgroupCommand, Noun, ProblemCommand,
    RecoveryCommand, RouteCommand, RuleCommand, Server, SubscriberCommand, TlsCommand,
};
use crate::call::{Connection, PATIENT, SOON, answer, connect};
use crate::failover;
use crate::history;
use crate::ident;
use crate::import;
use crate::nodes;
use crate::output::show;
use crate::view::rule::Written;
use crate::{config, keyspaces, operations, switchover, tls, tokens, watch};

/// Bytes of a routing table at most.
const LARGEST_TABLE: usize = 64 * 1024 * 1024;

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
        Noun::Import(command) => import::run(command, &server, format).await,
        Noun::Recovery(command) => {
            let client = RecoveryServiceClient::new(connect(&server).await?);
            recovery(command, client, format).await
        }
        Noun::Operation(command) => operations::run(command, &server, format).await,
        Noun::Route(RouteCommand::Watch) => watch::run(&server, format).await,
        Noun::Route(RouteCommand::Show) => {
            let table = routing_table(&server).await?;
            show(&lictor_view::RoutingTable::from(&table), format)
        }
        Noun::Config(command) => config::run(command, &server, format).await,
        Noun::Keyspace(command) => keyspaces::run(command, &server, format).await,
        Noun::Hostgroup(command) => hostgroup(&command, &server, format).await,
        Noun::Rule(command) => rule(command, &server, format).await,
        Noun::Subscriber(SubscriberCommand::List) => {
            let client = RoutingServiceClient::new(connect(&server).await?);
            show(&subscribers(client).await?, format)
        }
        Noun::History(command) => history::history(command, &server, format).await,
        Noun::Audit(command) => history::audit(command, &server, format).await,
        Noun::Availability(args) => history::availability(args, &server, format).await,
        Noun::Problem(ProblemCommand::List(args)) => history::problems(args, &server, format).await,
        Noun::Problem(ProblemCommand::ListCodes) => show(&problem_kinds(&server).await?, format),
        Noun::Problem(ProblemCommand::Explain { code }) => {
            let kinds = problem_kinds(&server).await?;
            explain(&code, &kinds, format)
        }
        Noun::Token(command) => tokens::run(command, &server, format).await,
        Noun::Tls(TlsCommand::Init(args)) => tls::init(&args, format),
        Noun::Status | Noun::ControlPlane(ControlPlaneCommand::Status) => {
            let mut client = ControlPlaneServiceClient::new(connect(&server).await?);
            let status = answer(SOON, client.get_status(GetStatusRequest {})).await?;
            show(&ControlPlane::from(status), format)
        }
    }
}

async fn problem_kinds(server: &Server) -> anyhow::Result<Vec<ProblemKind>> {
    let mut client = ControlPlaneServiceClient::new(connect(server).await?);
    let call = client.list_problem_codes(ListProblemCodesRequest {});
    let kinds = answer(SOON, call).await?.kinds.into_iter();
    Ok(kinds.map(Into::into).collect())
}

fn explain(code: &str, kinds: &[ProblemKind], format: Format) -> anyhow::Result<()> {
    let mut kinds = kinds.iter();
    let kind = kinds.find(|kind| kind.code.eq_ignore_ascii_case(code));
    let kind = kind.with_context(|| {
        format!("there is no problem code {code}; `lictor problem list-codes` shows all")
    })?;
    show(kind, format)
}

pub(crate) async fn routing_table(server: &Server) -> anyhow::Result<RoutingTable> {
    let client = RoutingServiceClient::new(connect(server).await?);
    let mut client = client.max_decoding_message_size(LARGEST_TABLE);
    let request = GetTableRequest::default();
    let response = answer(SOON, client.get_table(request)).await?;
    let table = response.table.context("the answer has no table")?;
    Ok(table.try_into()?)
}

async fn hostgroup(
    command: &HostgroupCommand,
    server: &Server,
    format: Format,
) -> anyhow::Result<()> {
    let table = routing_table(server).await?;
    match command {
        HostgroupCommand::List => {
            let all: Vec<Hostgroup> = table.hostgroups.values().map(Into::into).collect();
            show(&all, format)
        }
        HostgroupCommand::Show { id } => {
            let found = table.hostgroups.get(id);
            let found = found.with_context(|| format!("there is no hostgroup {id}"))?;
            show(&Hostgroup::from(found), format)
        }
    }
}

async fn rule(command: RuleCommand, server: &Server, format: Format) -> anyhow::Result<()> {
    match command {
        RuleCommand::List => {
            let table = routing_table(server).await?;
            let all: Vec<QueryRule> = table.query_rules.values().map(Into::into).collect();
            show(&all, format)
        }
        RuleCommand::Default { writer, reader } => {
            show(&Written::of(default_rules(writer, reader)?), format)
        }
        RuleCommand::Test {
            sql,
            user,
            schema,
            file,
        } => {
            let request = TestRuleRequest {
                sql,
                username: user,
                schemaname: schema,
                document: file.as_deref().map(config::document).transpose()?,
            };
            let mut client = config::client(server).await?;
            let tested = answer(SOON, client.test_rule(request)).await?;
            show(&RuleTest::from(tested), format)
        }
    }
}

async fn subscribers(
    mut client: RoutingServiceClient<Connection>,
) -> anyhow::Result<Vec<Subscriber>> {
    let call = client.list_subscribers(ListSubscribersRequest {});
    let response = answer(SOON, call).await?;
    for sentence in response.unheard {
        eprintln!("lictor: {sentence}");
    }
    let subscribers = response.subscribers.into_iter();
    Ok(subscribers.map(Into::into).collect())
}

async fn cluster(
    command: ClusterCommand,
    channel: Connection,
    format: Format,
) -> anyhow::Result<()> {
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
            show(&AddedCluster::from(added), format)
        }
        ClusterCommand::List => {
            let call = client.list_clusters(ListClustersRequest {});
            let clusters = answer(SOON, call).await?.clusters.into_iter();
            let all: Vec<Cluster> = clusters.map(Into::into).collect();
            show(&all, format)
        }
        ClusterCommand::Show { name } => show(&get_cluster(&mut client, &name).await?, format),
        ClusterCommand::Connections { name } => {
            let request = GetConnectionsRequest { name: name.into() };
            let response = answer(SOON, client.get_connections(request)).await?;
            let nodes = response.nodes.into_iter();
            let all: Vec<NodeConnections> = nodes.map(Into::into).collect();
            show(&all, format)
        }
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
    client: &mut ClusterServiceClient<Connection>,
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
    mut client: RecoveryServiceClient<Connection>,
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
            let all: Vec<RecoverySummary> = recoveries.map(Into::into).collect();
            show(&all, format)
        }
        RecoveryCommand::Show { id } => {
            let id = recovery_id(&mut client, id).await?;
            let response = answer(SOON, client.get_recovery(GetRecoveryRequest { id })).await?;
            let recovery = response.recovery.context("the answer has no recovery")?;
            show(&Recovery::from(recovery), format)
        }
    }
}

/// The whole id of the recovery meant: `last`, or how its id begins.
async fn recovery_id(
    client: &mut RecoveryServiceClient<Connection>,
    meant: String,
) -> anyhow::Result<String> {
    if ident::is_whole(&meant) {
        return Ok(meant);
    }
    let request = ListRecoveriesRequest {
        limit: ident::looked_through(&meant),
        ..ListRecoveriesRequest::default()
    };
    let recoveries = answer(SOON, client.list_recoveries(request)).await?;
    let ids = recoveries.recoveries.into_iter().map(|one| one.id);
    ident::one_of(ids, &meant, "recovery")
}
