//! What readers see of a cluster: one consistent picture, made after every step
//! of its steward and shared by all who ask.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use lictor_domain::{ClusterRoute, Mono, Now, Problem, Recovery, Span};
use lictor_engine::health::{self, NodeHealth};
use lictor_engine::history::{Chronicle, Picture, ProblemKey};
use lictor_engine::keeper::Keeper;
use lictor_engine::rebuild::Desk;
use lictor_engine::timing::Timing;
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
    /// Since when each problem has been there.
    pub(crate) since: BTreeMap<ProblemKey, DateTime<Utc>>,
    /// For how long it has been observed without a gap.
    pub(crate) observed: Option<Span>,
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
            since: BTreeMap::new(),
            observed: None,
            at: now.mono,
            wall: now.wall,
        })
    }

    /// What the chronicle of its cluster looks at.
    pub(crate) fn picture<'a>(&'a self, timing: &'a Timing) -> Picture<'a> {
        Picture {
            view: &self.view,
            timing,
            problems: &self.problems,
            health: &self.health,
            route: &self.route,
            recovery: self.recovery.as_ref(),
            ended: self.ended.as_deref(),
            complete: self.is_complete(),
            now: Now {
                mono: self.at,
                wall: self.wall,
            },
        }
    }

    /// The same with what its chronicle knows of the time before.
    pub(crate) fn remembering(self: Arc<Self>, chronicle: &Chronicle) -> Arc<Self> {
        let mut snapshot = Arc::unwrap_or_clone(self);
        snapshot.since = chronicle.open();
        snapshot.observed = chronicle.observed();
        Arc::new(snapshot)
    }

    /// Whether every node has been looked at at least once.
    pub(crate) fn is_complete(&self) -> bool {
        self.view.cluster.nodes.iter().all(|node| {
            let seen = self.view.node(&node.name);
            seen.answer.is_some() || seen.silence.is_some()
        })
    }
}
