//! Registration: finds all nodes of a cluster from any one of them, has the
//! engine judge what was found, and stores the cluster. Nothing is stored unless
//! everything is in order.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use futures::future::join_all;
use lictor_domain::{
    Cluster, ClusterName, Epoch, Node, NodeAddress, NodeName, Policy, PromotionRule, Survey, Term,
};
use lictor_engine::admission::{self, Admitted, Objection};
use lictor_engine::message::Event;
use lictor_mysql::{MysqlError, Session, Target};
use lictor_store::{AuditEntry, StoreError};
use thiserror::Error;

use crate::app::Shared;

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
    #[error("this instance does not lead")]
    NotLeading {
        /// Where the leader serves, if it is known.
        leader: Option<String>,
    },
    /// Put the nodes in order first.
    #[error("the cluster is not in order")]
    Refused(Vec<Objection>),
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

impl From<StoreError> for RegistrationError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(conflict) => Self::Taken {
                what: conflict.to_string(),
            },
            StoreError::StaleTerm { .. } => Self::NotLeading { leader: None },
            other => Self::Unavailable {
                sentence: format!("Postgres did not store it: {other}"),
            },
        }
    }
}

/// Registers the cluster that `seed` belongs to, or brings a registered one up
/// to date. Without a policy a new cluster gets the default, a known one keeps
/// its own.
pub(crate) async fn add_cluster(
    app: &Shared,
    name: ClusterName,
    seed: NodeAddress,
    policy: Option<Policy>,
    actor: &str,
) -> Result<Added, RegistrationError> {
    let Some(lease) = app.standing.lease() else {
        let leader = app.standing.view().leader_advertise;
        return Err(RegistrationError::NotLeading { leader });
    };
    let term = lease.term();
    let known = known_cluster(app, &name).await?;
    let policy = policy
        .or_else(|| known.as_ref().map(|cluster| cluster.policy.clone()))
        .unwrap_or_default();
    let found = crawl(app, &seed, term).await?;
    let admitted = admission::admit(&found.surveys, &found.unreachable, &policy)
        .map_err(RegistrationError::Refused)?;
    let audit = |result: &str| AuditEntry {
        actor: actor.to_owned(),
        action: "cluster.add".to_owned(),
        target: name.to_string(),
        reason: None,
        result: result.to_owned(),
    };
    let warnings = admitted.warnings.clone();
    let created = known.is_none();
    match known {
        None => {
            let cluster = new_cluster(&name, policy, &found.surveys, &admitted, term)?;
            app.store
                .cluster_add(term, &cluster, &audit("registered"))
                .await?;
            welcome(app, cluster).await?;
        }
        Some(mut cluster) => {
            if cluster.policy != policy {
                let entry = audit("policy changed");
                app.store
                    .cluster_set_policy(term, &name, &policy, &entry)
                    .await?;
                cluster.policy = policy;
            }
            refresh(app, term, cluster, &found.surveys).await?;
            app.store.audit_append(term, &audit("refreshed")).await?;
        }
    }
    Ok(Added { created, warnings })
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

/// Has a steward take the cluster up, and waits until it has been looked at.
async fn welcome(app: &Shared, cluster: Cluster) -> Result<(), RegistrationError> {
    let name = cluster.name.clone();
    let gone = || RegistrationError::Unavailable {
        sentence: "it is stored, but leadership was lost meanwhile; the next leader takes it up"
            .to_owned(),
    };
    if !app.fleet.receive(cluster).await {
        return Err(gone());
    }
    let seen = async {
        loop {
            if let Some(steward) = app.fleet.steward(&name) {
                let mut snapshot = steward.snapshot.clone();
                let _ = snapshot.wait_for(|snapshot| snapshot.is_complete()).await;
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SURVEY, seen).await.map_err(|_| gone())
}

/// Brings the nodes of a known cluster up to date.
async fn refresh(
    app: &Shared,
    term: Term,
    mut cluster: Cluster,
    surveys: &[Survey],
) -> Result<(), RegistrationError> {
    for survey in sorted(surveys) {
        let uuid = survey.report.server_uuid;
        let known = cluster
            .nodes
            .iter_mut()
            .find(|node| node.server_uuid == uuid || node.address == survey.address);
        match known {
            Some(node) if node.server_uuid == uuid && node.address == survey.address => {}
            Some(node) => {
                node.server_uuid = uuid;
                node.address = survey.address.clone();
                app.store.node_update(term, &cluster.name, node).await?;
            }
            None => {
                let node = new_node(free_name(&cluster), survey);
                app.store.node_add(term, &cluster.name, &node).await?;
                cluster.nodes.push(node);
            }
        }
    }
    if let Some(steward) = app.fleet.steward(&cluster.name) {
        // A steward that is gone has lost its reign: the next one reads the store.
        let _ = steward.events.send(Event::Redefined(cluster)).await;
    }
    Ok(())
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
        promotion: PromotionRule::default(),
        zone: None,
        quarantine: None,
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
    let nodes: Vec<Node> = numbered
        .map(|(number, survey)| new_node(NodeName::numbered(name, number), survey))
        .collect();
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
async fn crawl(app: &Shared, seed: &NodeAddress, term: Term) -> Result<Found, RegistrationError> {
    let first =
        survey(app, seed, term)
            .await
            .map_err(|error| RegistrationError::SeedUnreachable {
                sentence: format!("the seed {seed} cannot be looked at: {error}"),
            })?;
    let mut seen: BTreeMap<NodeAddress, Result<Survey, String>> = BTreeMap::new();
    let mut next: BTreeSet<NodeAddress> = admission::crawl_next(&first).into_iter().collect();
    seen.insert(seed.clone(), Ok(first));
    loop {
        next.retain(|address| !seen.contains_key(address));
        if next.is_empty() {
            break;
        }
        if seen.len() + next.len() > MOST_NODES {
            return Err(RegistrationError::SeedUnreachable {
                sentence: format!("more than {MOST_NODES} nodes hang together from {seed}"),
            });
        }
        let round = next.iter().map(|address| async move {
            let survey = survey(app, address, term).await;
            (address.clone(), survey.map_err(|error| error.to_string()))
        });
        let round = join_all(round).await;
        next = round
            .iter()
            .filter_map(|(_, survey)| survey.as_ref().ok())
            .flat_map(admission::crawl_next)
            .collect();
        seen.extend(round);
    }
    let mut found = Found {
        surveys: vec![],
        unreachable: vec![],
    };
    for (address, survey) in seen {
        match survey {
            Ok(survey) => found.surveys.push(survey),
            Err(reason) => found.unreachable.push((address, reason)),
        }
    }
    Ok(found)
}

async fn survey(app: &Shared, address: &NodeAddress, term: Term) -> Result<Survey, MysqlError> {
    let target = Target {
        address: address.clone(),
        account: app.settings.mysql.control_account(),
        term,
    };
    let mut session = Session::open(&target, SURVEY).await?;
    session.survey(SURVEY).await
}
