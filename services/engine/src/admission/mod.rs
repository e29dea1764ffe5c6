//! Registration: may these nodes become a cluster, and who is its primary?
//!
//! A cluster is admitted only when every node that could acknowledge a commit
//! is known and could be promoted; whatever stands against that is an
//! objection, and all of them are said at once, each with its remedy. What
//! merely makes the cluster slower to save, or a commit easier to lose, is a
//! warning.

mod cluster;
mod node;
#[cfg(test)]
mod tests;
mod warning;

use std::collections::BTreeSet;

use lictor_domain::{NodeAddress, Policy, ServerUuid, Survey};

pub use self::node::REQUIRED_PRIVILEGES;

/// Something that is not as it should be, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The node it is about, where it is about one.
    pub node: Option<NodeAddress>,
    /// What is wrong, as a sentence.
    pub sentence: String,
    /// What to do, with the statements or settings where there are any.
    pub remedy: String,
}

/// A node of an admitted cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Where it listens.
    pub address: NodeAddress,
    /// Who it is.
    pub server_uuid: ServerUuid,
    /// The node it follows, where that is not the primary.
    pub follows: Option<NodeAddress>,
}

/// A cluster that may be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The primary's address.
    pub primary: NodeAddress,
    /// Every node: the primary first, then the others in order of address.
    pub nodes: Vec<Member>,
    /// What should be mended, but keeps nobody from registering.
    pub warnings: Vec<Objection>,
}

/// Judges what crawling found: every node that could be surveyed, and every
/// address that could not, with the reason.
///
/// The error holds every objection there is, so that they can be mended in one
/// go; it is never empty.
pub fn admit(
    surveys: &[Survey],
    unreachable: &[(NodeAddress, String)],
    policy: &Policy,
) -> Result<Admitted, Vec<Objection>> {
    let mut objections = cluster::unreachable(unreachable);
    for survey in surveys {
        objections.extend(node::objections(survey, policy));
    }
    objections.extend(cluster::strangers(surveys, unreachable));
    objections.extend(cluster::doubles(surveys));
    objections.extend(cluster::circles(surveys));
    let primary = match cluster::primary(surveys) {
        Ok(primary) => primary,
        Err(objection) => {
            objections.push(objection);
            return Err(objections);
        }
    };
    objections.extend(cluster::replicas(primary, surveys));
    if !objections.is_empty() {
        return Err(objections);
    }
    let member = |survey| member(survey, primary);
    let mut replicas: Vec<_> = others(primary, surveys).map(member).collect();
    replicas.sort_by(|a, b| a.address.cmp(&b.address));
    Ok(Admitted {
        primary: primary.address.clone(),
        nodes: std::iter::once(member(primary)).chain(replicas).collect(),
        warnings: warning::warnings(primary, surveys, policy),
    })
}

/// The addresses to look at after this node: its source, and its replicas as it
/// lists them.
#[must_use]
pub fn crawl_next(survey: &Survey) -> Vec<NodeAddress> {
    let source = survey.report.replication.as_ref().map(|r| r.source.clone());
    let listed = survey.replicas.iter().filter_map(|r| r.address.clone());
    let next: BTreeSet<_> = source.into_iter().chain(listed).collect();
    next.into_iter()
        .filter(|address| *address != survey.address)
        .collect()
}

fn member(survey: &Survey, primary: &Survey) -> Member {
    let source = survey.report.replication.as_ref().map(|r| &r.source);
    let source = source.filter(|_| survey.address != primary.address);
    Member {
        follows: source.filter(|source| **source != primary.address).cloned(),
        address: survey.address.clone(),
        server_uuid: survey.report.server_uuid,
    }
}

/// Every node but the primary.
fn others<'a>(primary: &'a Survey, surveys: &'a [Survey]) -> impl Iterator<Item = &'a Survey> {
    surveys
        .iter()
        .filter(|survey| survey.address != primary.address)
}

fn objection(node: &NodeAddress, sentence: String, remedy: String) -> Objection {
    Objection {
        node: Some(node.clone()),
        sentence,
        remedy,
    }
}
