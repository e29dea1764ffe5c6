//! Registration: finds all nodes of a cluster from any one of them, has the
//! engine judge what was found, stores the cluster, and has a steward take it up.
//! Nothing is stored unless everything is in order.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use futures::future::join_all;
use lictor_consul::ConsulError;
use lictor_domain::access::Outcome;
use lictor_domain::{
    Actor, Cluster, ClusterName, Epoch, Node, NodeAddress, NodeName, Policy, Promotion, Survey,
    Term,
};
use lictor_engine::admission::{self, Admitted, Objection};
use lictor_mysql::{Account, MysqlError, Session, Target};
use lictor_store::{AuditEntry, StoreError};
use lictor_wire::WireError;
use lictor_wire::v1::PolicyChange;
use thiserror::Error;

use crate::app::Shared;
use crate::audit;
use crate::fleet;
use crate::leadership::NotLeading;

/// Looking at one node.
const SURVEY: Duration = Duration::from_secs(5);
/// More nodes than this are no cluster, but a loop or a mistake.
const MOST_NODES: usize = 64;

/// What registering a cluster gave.
#[derive(Debug)]
pub(crate) struct Added {
    /// Whether it is new; a known one is brought up to date.
    pub(crate) created: bool,
    /// What is not as it should be, and does not stand in the way.
    pub(crate) warnings: Vec<Objection>,
}

/// Why a cluster is not registered, by what the caller does next.
#[derive(Debug, Error)]
pub(crate) enum RegistrationError {
    /// Ask the leader.
    #[error(transparent)]
    NotLeading(#[from] NotLeading),
    /// Put the nodes in order first.
    #[error("the cluster is not in order")]
    Refused(Vec<Objection>),
    /// The policy makes no sense.
    #[error(transparent)]
    Invalid(#[from] WireError),
    /// Something else has this name or this node.
    #[error("{what}")]
    Taken {
        /// What is taken by whom.
        what: String,
    },
    /// The seed gave no answer, or is no MySQL.
    #[error("{sentence}")]
    SeedUnreachable {
        /// What happened.
        sentence: String,
    },
    /// Try again later.
    #[error("{sentence}")]
    Unavailable {
        /// What is missing.
        sentence: String,
    },
}

impl RegistrationError {
    /// The whole of it on one line.
    fn told(&self) -> String {
        let Self::Refused(objections) = self else {
            return self.to_string();
        };
        let sentences = objections.iter().map(|one| one.sentence.as_str());
        sentences.collect::<Vec<_>>().join("; ")
    }
}

impl From<StoreError> for RegistrationError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(conflict) => Self::Taken {
                what: conflict.to_string(),
            },
            StoreError::StaleTerm { .. } => NotLeading { leader: None }.into(),
            other => Self::Unavailable {
                sentence: format!("Postgres did not store it: {other}"),
            },
        }
    }
}

/// What is to be registered, and who asks for it.
#[derive(Debug)]
pub(crate) struct Wish {
    /// The cluster's name.
    pub(crate) name: ClusterName,
    /// Any one of its nodes.
    pub(crate) seed: NodeAddress,
    /// What its policy shall be, beside what it is or would be.
    pub(crate) change: PolicyChange,
    /// Who asks.
    pub(crate) actor: Actor,
}

impl Wish {
    fn done(&self, result: impl Into<String>) -> AuditEntry {
        self.audit(Outcome::Done, result)
    }

    fn audit(&self, outcome: Outcome, result: impl Into<String>) -> AuditEntry {
        AuditEntry {
            actor: self.actor.clone(),
            action: "cluster.add".to_owned(),
            target: self.name.to_string(),
            reason: None,
            result: result.into(),
            outcome,
        }
    }
}

/// Registers the cluster that the seed belongs to, or brings a registered one
/// up to date. A refusal is in the audit log as well.
pub(crate) async fn add_cluster(app: &Shared, wish: Wish) -> Result<Added, RegistrationError> {
    let term = app.standing.lead()?.term();
    let added = try_add(app, &wish, term).await;
    if let Err(error) = &added {
        let entry = wish.audit(Outcome::Refused, format!("not added: {}", error.told()));
        audit::write(app, term, &entry).await;
    }
    added
}

async fn try_add(app: &Shared, wish: &Wish, term: Term) -> Result<Added, RegistrationError> {
    let found = crawl(app, wish, term).await?;
    let turn = app.changes.lock().await;
    let known = known_cluster(app, &wish.name).await?;
    let policy = known.as_ref().map(|cluster| cluster.policy.clone());
    let policy = wish
        .change
        .clone()
        .applied_to(&policy.unwrap_or_default())?;
    let admitted = admission::admit(&found.surveys, &found.unreachable, &policy)
        .map_err(RegistrationError::Refused)?;
    let created = known.is_none();
    let cluster = match known {
        None => {
            let cluster = new_cluster(&wish.name, policy, &found.surveys, &admitted, term)?;
            consul_takes(app, &wish.name).await?;
            let entry = wish.done("registered");
            app.store.cluster_add(term, &cluster, &entry).await?;
            cluster
        }
        Some(cluster) => {
            let before = cluster.nodes.iter().map(|node| node.name.clone()).collect();
            let mut cluster = refresh(app, wish, term, cluster, policy, &found.surveys).await?;
            keep_tree(app, wish, term, &mut cluster, &before, &admitted).await?;
            cluster
        }
    };
    let steward = app.fleet.define(cluster).await;
    drop(turn);
    if let Some(steward) = steward {
        first_look(steward).await;
    }
    Ok(Added {
        created,
        warnings: admitted.warnings,
    })
}

/// Refuses a cluster that Consul's rules would not let stand in the catalog. While
/// Consul is away nobody knows.
async fn consul_takes(app: &Shared, name: &ClusterName) -> Result<(), RegistrationError> {
    let asked = app.consul.may_register(name).await;
    let Err(error @ ConsulError::Refused { .. }) = asked else {
        return Ok(());
    };
    Err(RegistrationError::Refused(vec![Objection {
        node: None,
        sentence: error.to_string(),
        remedy: format!(
            "let lictord's Consul token write the service \"{name}\" and nodes of the prefix \
             \"mysql-\": deploy/privileges/consul.hcl"
        ),
    }]))
}

async fn known_cluster(
    app: &Shared,
    name: &ClusterName,
) -> Result<Option<Cluster>, RegistrationError> {
    match app.store.cluster_get(name).await {
        Ok(cluster) => Ok(Some(cluster)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Waits a while until every node has been looked at, so that the caller is
/// shown more than names.
async fn first_look(mut steward: fleet::Steward) {
    let seen = steward.snapshot.wait_for(|snapshot| snapshot.is_complete());
    // Registered it is in any case.
    let _ = tokio::time::timeout(SURVEY, seen).await;
}

/// Brings a known cluster up to date: its policy and its nodes.
async fn refresh(
    app: &Shared,
    wish: &Wish,
    term: Term,
    mut cluster: Cluster,
    policy: Policy,
    surveys: &[Survey],
) -> Result<Cluster, RegistrationError> {
    if cluster.policy != policy {
        let entry = wish.done("policy changed");
        app.store
            .cluster_set_policy(term, &wish.name, &policy, &entry)
            .await?;
        cluster.policy = policy;
    }
    for survey in sorted(surveys) {
        let uuid = survey.report.server_uuid;
        match known_node(&mut cluster, survey) {
            Some(node) if node.server_uuid == uuid && node.address == survey.address => {}
            Some(node) => {
                node.server_uuid = uuid;
                node.address = survey.address.clone();
                let entry = wish.done(format!("{} is at {}", node.name, node.address));
                app.store
                    .node_update(term, &wish.name, node, &entry)
                    .await?;
            }
            None => {
                let node = new_node(free_name(&cluster), survey);
                let entry = wish.done(format!("{} added, at {}", node.name, node.address));
                app.store.node_add(term, &wish.name, &node, &entry).await?;
                cluster.nodes.push(node);
            }
        }
    }
    app.store
        .audit_append(term, &wish.done("refreshed"))
        .await?;
    Ok(cluster)
}

/// A node that was not there before stays below the one it follows.
async fn keep_tree(
    app: &Shared,
    wish: &Wish,
    term: Term,
    cluster: &mut Cluster,
    known: &BTreeSet<NodeName>,
    admitted: &Admitted,
) -> Result<(), RegistrationError> {
    let found = sources(&cluster.nodes, admitted);
    for (node, source) in found.into_iter().filter(|(node, _)| !known.contains(node)) {
        let entry = wish.done(format!("{node} is to follow {source}, as it does"));
        app.store
            .node_set_source(term, &node, Some(&source), &entry)
            .await?;
        set_source(&mut cluster.nodes, &node, source);
    }
    Ok(())
}

/// The nodes that follow another than the primary, and whom.
fn sources(nodes: &[Node], admitted: &Admitted) -> Vec<(NodeName, NodeName)> {
    let named = |address: &NodeAddress| {
        let node = nodes.iter().find(|node| node.address == *address);
        node.map(|node| node.name.clone())
    };
    let members = admitted.nodes.iter();
    let sources = members
        .filter_map(|member| Some((named(&member.address)?, named(member.follows.as_ref()?)?)));
    sources.collect()
}

fn set_source(nodes: &mut [Node], name: &NodeName, source: NodeName) {
    if let Some(node) = nodes.iter_mut().find(|node| node.name == *name) {
        node.follows = Some(source);
    }
}

/// The node that this server is: it may have moved. A stranger at the address
/// of a node has taken that node's place.
fn known_node<'a>(cluster: &'a mut Cluster, survey: &Survey) -> Option<&'a mut Node> {
    let nodes = &cluster.nodes;
    let same = nodes
        .iter()
        .position(|node| node.server_uuid == survey.report.server_uuid);
    let there = || nodes.iter().position(|node| node.address == survey.address);
    let index = same.or_else(there)?;
    cluster.nodes.get_mut(index)
}

fn free_name(cluster: &Cluster) -> NodeName {
    let taken: BTreeSet<&NodeName> = cluster.nodes.iter().map(|node| &node.name).collect();
    let mut number = 1;
    loop {
        let name = NodeName::numbered(&cluster.name, number);
        if !taken.contains(&name) {
            return name;
        }
        number += 1;
    }
}

fn new_node(name: NodeName, survey: &Survey) -> Node {
    Node {
        name,
        address: survey.address.clone(),
        server_uuid: survey.report.server_uuid,
        promotion: Promotion::default(),
        zone: None,
        follows: None,
        quarantine: None,
        maintenance: None,
    }
}

/// Numbers nodes by address, so that every seed gives the same names.
fn new_cluster(
    name: &ClusterName,
    policy: Policy,
    surveys: &[Survey],
    admitted: &Admitted,
    term: Term,
) -> Result<Cluster, RegistrationError> {
    let numbered = (1..).zip(sorted(surveys));
    let mut nodes: Vec<Node> = numbered
        .map(|(number, survey)| new_node(NodeName::numbered(name, number), survey))
        .collect();
    for (node, source) in sources(&nodes, admitted) {
        set_source(&mut nodes, &node, source);
    }
    let primary = nodes.iter().find(|node| node.address == admitted.primary);
    let primary = primary.ok_or_else(|| RegistrationError::Unavailable {
        sentence: format!(
            "the primary {} was not among the nodes found",
            admitted.primary
        ),
    })?;
    Ok(Cluster {
        name: name.clone(),
        policy,
        epoch: Epoch::default().next(term),
        primary: primary.name.clone(),
        nodes,
        pause: None,
    })
}

fn sorted(surveys: &[Survey]) -> Vec<&Survey> {
    let mut surveys: Vec<&Survey> = surveys.iter().collect();
    surveys.sort_by_key(|survey| {
        let host = survey.address.host();
        (
            host.parse::<IpAddr>().ok(),
            host.to_owned(),
            survey.address.port(),
        )
    });
    surveys
}

/// What a crawl found.
struct Found {
    surveys: Vec<Survey>,
    unreachable: Vec<(NodeAddress, String)>,
}

/// Looks at the seed, then at every node that another one names.
async fn crawl(app: &Shared, wish: &Wish, term: Term) -> Result<Found, RegistrationError> {
    let (seed, account) = (&wish.seed, app.settings.mysql.control_account(&wish.name));
    let look = |address: &NodeAddress| survey(address.clone(), account.clone(), term);
    let first = look(seed)
        .await
        .map_err(|error| RegistrationError::SeedUnreachable {
            sentence: format!("the seed {seed} cannot be looked at: {error}"),
        })?;
    let mut met: BTreeMap<NodeAddress, Result<Survey, String>> = BTreeMap::new();
    let mut next: BTreeSet<NodeAddress> = admission::crawl_next(&first).into_iter().collect();
    met.insert(seed.clone(), Ok(first));
    loop {
        next.retain(|address| !met.contains_key(address));
        if next.is_empty() {
            break;
        }
        if met.len() + next.len() > MOST_NODES {
            return Err(RegistrationError::SeedUnreachable {
                sentence: format!("more than {MOST_NODES} nodes hang together from {seed}"),
            });
        }
        let round = next.iter().map(|address| {
            let looked = look(address);
            async move {
                (
                    address.clone(),
                    looked.await.map_err(|error| error.to_string()),
                )
            }
        });
        let round = join_all(round).await;
        next = round
            .iter()
            .filter_map(|(_, survey)| survey.as_ref().ok())
            .flat_map(admission::crawl_next)
            .collect();
        met.extend(round);
    }
    let mut found = Found {
        surveys: vec![],
        unreachable: vec![],
    };
    for (address, survey) in met {
        match survey {
            Ok(survey) => found.surveys.push(survey),
            Err(reason) => found.unreachable.push((address, reason)),
        }
    }
    Ok(found)
}

async fn survey(address: NodeAddress, account: Account, term: Term) -> Result<Survey, MysqlError> {
    let target = Target {
        address,
        account,
        term,
    };
    let mut session = Session::open(&target, SURVEY).await?;
    session.survey(SURVEY).await
}
