//! Which clusters and nodes there are to show: a leader shows what its stewards
//! see; any other instance shows what is stored, and says UNAVAILABLE rather than
//! nothing when it cannot know.

use lictor_domain::{ClusterName, NodeName, Scope};
use lictor_wire::v1;
use tonic::Status;

use super::super::problem::{self, Problem};
use super::view;
use crate::app::Shared;

/// One cluster.
pub(super) async fn cluster(app: &Shared, name: &ClusterName) -> Result<v1::ClusterView, Status> {
    if let Some(steward) = app.fleet.steward(name) {
        return Ok(view::seen(&steward.snapshot.borrow()));
    }
    let cluster = app.store.cluster_get(name).await.map_err(Problem::from)?;
    Ok(view::stored(&cluster))
}

/// Every cluster of these, in order of name.
pub(super) async fn clusters(app: &Shared, of: &Scope) -> Result<Vec<v1::ClusterView>, Status> {
    if app.is_complete() {
        let snapshots = app.fleet.snapshots();
        let snapshots = snapshots.iter();
        return Ok(snapshots
            .filter(|snapshot| of.has(&snapshot.view.cluster.name))
            .map(|snapshot| view::seen(snapshot))
            .collect());
    }
    let clusters = app.store.cluster_list().await.map_err(Problem::from)?;
    let clusters = clusters.iter().filter(|cluster| of.has(&cluster.name));
    Ok(clusters.map(view::stored).collect())
}

/// The nodes of every cluster of these, in order of cluster and name.
pub(super) async fn nodes(app: &Shared, of: &Scope) -> Result<Vec<v1::NodeView>, Status> {
    let clusters = clusters(app, of).await?.into_iter();
    Ok(clusters.flat_map(|it| it.nodes).collect())
}

/// One node.
pub(super) async fn node(app: &Shared, name: &NodeName) -> Result<v1::NodeView, Status> {
    let nodes = nodes(app, &Scope::All).await?.into_iter();
    let mut found = nodes.filter(|node| node.name == name.as_str());
    let missing = || problem::not_found(format!("no cluster has a node `{name}`"));
    found.next().ok_or_else(missing)
}

/// The part of a list that comes after the item of this name, and at most so many.
pub(super) fn page<T>(
    all: Vec<T>,
    name: impl Fn(&T) -> &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<T>, Status> {
    let from = match after {
        None => 0,
        Some(after) => {
            let at = all.iter().position(|item| name(item) == after);
            let missing = || problem::not_found(format!("there is no `{after}` to go on after"));
            at.ok_or_else(missing)? + 1
        }
    };
    Ok(all.into_iter().skip(from).take(limit).collect())
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[test]
    fn a_page_begins_after_the_last_item_of_the_one_before() {
        let all = || vec!["a", "b", "c"];
        let turned = |after, limit| page(all(), |it| it, after, limit);
        assert_eq!(turned(None, 2).unwrap(), ["a", "b"]);
        assert_eq!(turned(Some("b"), 2).unwrap(), ["c"]);
        assert_eq!(turned(Some("c"), 2).unwrap(), Vec::<&str>::new());
        let gone = turned(Some("x"), 2).unwrap_err();
        assert_eq!(gone.code(), Code::NotFound);
    }
}
