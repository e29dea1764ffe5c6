//! All clusters this instance keeps, by name: the way from an API call to a
//! cluster's steward and to its last snapshot.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use lictor_domain::{Cluster, ClusterName};
use lictor_engine::message::Event;
use tokio::sync::{mpsc, oneshot, watch};

use crate::orders::Order;
use crate::snapshot::Snapshot;

/// How long a new cluster's steward is waited for, and how long its word that it
/// has taken up a definition.
const TAKE_UP: Duration = Duration::from_secs(5);

/// The way to one cluster's steward.
#[derive(Clone, Debug)]
pub(crate) struct Steward {
    /// Its last snapshot.
    pub(crate) snapshot: watch::Receiver<Arc<Snapshot>>,
    /// Takes events for its keeper.
    pub(crate) events: mpsc::Sender<Event>,
    /// Takes operators' orders.
    pub(crate) orders: mpsc::Sender<Order>,
}

/// All clusters this instance keeps.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    stewards: RwLock<BTreeMap<ClusterName, Steward>>,
    /// Where new clusters are taken up while this instance leads.
    reception: RwLock<Option<mpsc::Sender<Newcomer>>>,
}

/// A cluster that was added while this instance leads.
#[derive(Debug)]
pub(crate) struct Newcomer {
    pub(crate) cluster: Cluster,
    /// Told who has taken it up.
    pub(crate) taken_up: oneshot::Sender<Steward>,
}

impl Fleet {
    /// The last snapshot of every cluster, in order of name.
    pub(crate) fn snapshots(&self) -> Vec<Arc<Snapshot>> {
        let stewards = self.stewards.read().unwrap_or_else(PoisonError::into_inner);
        stewards
            .values()
            .map(|steward| steward.snapshot.borrow().clone())
            .collect()
    }

    /// The steward of a cluster.
    pub(crate) fn steward(&self, name: &ClusterName) -> Option<Steward> {
        let stewards = self.stewards.read().unwrap_or_else(PoisonError::into_inner);
        stewards.get(name).cloned()
    }

    /// A steward has taken up its cluster.
    pub(crate) fn enter(&self, name: ClusterName, steward: Steward) {
        let mut stewards = self
            .stewards
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        stewards.insert(name, steward);
    }

    /// New clusters are taken up here from now on.
    pub(crate) fn open_reception(&self, reception: mpsc::Sender<Newcomer>) {
        *self
            .reception
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(reception);
    }

    /// Tells a cluster's steward its definition, after having it taken up if it
    /// is new, and waits until everybody who asks is shown it. `None` when nobody reigns here any more, and the next leader
    /// reads it from the store; or when a reign has only just begun, and takes
    /// it up as soon as it has read the others.
    pub(crate) async fn define(&self, cluster: Cluster) -> Option<Steward> {
        let steward = match self.steward(&cluster.name) {
            Some(steward) => steward,
            None => self.receive(cluster.clone()).await?,
        };
        let (shown, answer) = oneshot::channel();
        let told = async {
            let order = Order::Define(cluster, shown);
            steward.orders.send(order).await.ok()?;
            answer.await.ok()
        };
        tokio::time::timeout(TAKE_UP, told).await.ok()??;
        Some(steward)
    }

    async fn receive(&self, cluster: Cluster) -> Option<Steward> {
        let reception = {
            let reception = self
                .reception
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            reception.clone()?
        };
        let (taken_up, answer) = oneshot::channel();
        let received = async {
            let newcomer = Newcomer { cluster, taken_up };
            reception.send(newcomer).await.ok()?;
            answer.await.ok()
        };
        tokio::time::timeout(TAKE_UP, received).await.ok()?
    }

    /// All stewards have left: leadership is over.
    pub(crate) fn clear(&self) {
        *self
            .reception
            .write()
            .unwrap_or_else(PoisonError::into_inner) = None;
        let mut stewards = self
            .stewards
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        stewards.clear();
    }
}

#[cfg(test)]
mod tests {
    use lictor_domain::{Epoch, Policy, Term};
    use lictor_engine::keeper::{Inheritance, Keeper};

    use super::*;

    fn cluster() -> Cluster {
        Cluster {
            name: "orders".parse().unwrap(),
            policy: Policy::default(),
            epoch: Epoch::default(),
            primary: "orders-1".parse().unwrap(),
            nodes: vec![],
            pause: None,
        }
    }

    fn seen() -> Arc<Snapshot> {
        let inheritance = Inheritance {
            cluster: cluster(),
            unfinished: None,
            done_at: vec![],
            given_up: vec![],
            last_done: None,
            rebuild: None,
        };
        let now = crate::clock::now();
        Snapshot::of(&Keeper::new(inheritance, Term(1), now), None, now)
    }

    #[tokio::test]
    async fn a_newcomer_waits_for_the_reign_and_is_told_its_definition() {
        let (fleet, (reception, mut newcomers)) = (Fleet::default(), mpsc::channel(1));
        fleet.open_reception(reception);
        let (orders, mut ordered) = mpsc::channel(1);
        let (_sender, snapshot) = watch::channel(seen());
        let taking_up = async {
            let newcomer = newcomers.recv().await.unwrap();
            assert_eq!(newcomer.cluster, cluster());
            newcomer
                .taken_up
                .send(Steward {
                    snapshot,
                    events: mpsc::channel(1).0,
                    orders,
                })
                .unwrap();
            let Some(Order::Define(defined, shown)) = ordered.recv().await else {
                panic!("no definition");
            };
            assert_eq!(defined, cluster());
            shown.send(()).unwrap();
        };
        let (steward, ()) = tokio::join!(fleet.define(cluster()), taking_up);
        assert!(steward.is_some());
    }

    #[tokio::test]
    async fn where_nobody_reigns_nothing_is_taken_up() {
        let fleet = Fleet::default();
        assert!(fleet.define(cluster()).await.is_none());
        let (reception, newcomers) = mpsc::channel(1);
        fleet.open_reception(reception);
        drop(newcomers);
        assert!(fleet.define(cluster()).await.is_none());
    }
}
