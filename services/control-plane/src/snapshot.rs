//! What readers see of a cluster: one consistent picture, made after every step
//! of its steward and shared by all who ask.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use lictor_domain::{ClusterRoute, Mono, Problem, Recovery};
use lictor_engine::health::{self, NodeHealth};
use lictor_engine::keeper::Keeper;
use lictor_engine::rebuild::Desk;
use lictor_engine::view::ClusterView;

/// One cluster at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Its definition and what is known of its nodes.
    pub(crate) view: ClusterView,
    /// What is not as it should be.
    pub(crate) problems: Vec<Problem>,
    /// What Consul is to show of each node.
    pub(crate) health: Vec<NodeHealth>,
    /// Where its traffic goes.
    pub(crate) route: ClusterRoute,
    /// The failover under way.
    pub(crate) recovery: Option<Recovery>,
    /// The one that ended last under this leader: Postgres may not have it yet.
    pub(crate) ended: Option<Arc<Recovery>>,
    /// The rebuilds of its nodes.
    pub(crate) rebuilds: Desk,
    /// When the picture was made, on this process's clock.
    pub(crate) at: Mono,
    /// The same moment on the wall clock.
    pub(crate) wall: DateTime<Utc>,
}

impl Snapshot {
    /// The picture a keeper gives now.
    pub(crate) fn of(
        keeper: &Keeper,
        ended: Option<Arc<Recovery>>,
        now: lictor_domain::Now,
    ) -> Arc<Self> {
        let route = keeper.route(now.mono);
        Arc::new(Self {
            view: keeper.view().clone(),
            problems: keeper.problems(now),
            health: health::of_cluster(keeper.view(), keeper.timing(), &route, now.mono),
            route,
            recovery: keeper.recovery().cloned(),
            ended,
            rebuilds: keeper.rebuilds().clone(),
            at: now.mono,
            wall: now.wall,
        })
    }

    /// Whether every node has been looked at at least once.
    pub(crate) fn is_complete(&self) -> bool {
        self.view.cluster.nodes.iter().all(|node| {
            let seen = self.view.node(&node.name);
            seen.answer.is_some() || seen.silence.is_some()
        })
    }
}
