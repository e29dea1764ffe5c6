//! What was told before, put together from what is stored of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use lictor_domain::{ClusterName, Happening, HappeningKind, ProblemCode};

use super::{Past, PastOutage};
use crate::health::Status;

impl Past {
    /// The past of each cluster, from problems that were not closed, the last word
    /// on each node, on each cluster's outages and on its primary, and until when
    /// it was observed. What a newer release has written and this one does not
    /// know is left out.
    #[must_use]
    pub fn of_all(
        happenings: impl IntoIterator<Item = Happening>,
        observed_until: BTreeMap<ClusterName, DateTime<Utc>>,
    ) -> BTreeMap<ClusterName, Self> {
        let mut all: BTreeMap<_, Self> = BTreeMap::new();
        for (cluster, until) in observed_until {
            all.entry(cluster).or_default().observed_until = Some(until);
        }
        for happening in happenings {
            all.entry(happening.cluster.clone())
                .or_default()
                .take(happening);
        }
        all
    }

    fn take(&mut self, told: Happening) {
        match told.kind {
            HappeningKind::ProblemOpened => {
                let code = ProblemCode::ALL.iter();
                let code = code.copied().find(|code| code.as_str() == told.code);
                let problem = code.map(|code| ((code, told.node), told.at, told.sentence));
                self.problems.extend(problem);
            }
            HappeningKind::NodeHealth => {
                let all = [Status::Passing, Status::Warning, Status::Critical];
                let status = all.into_iter().find(|status| status.as_str() == told.code);
                self.nodes.extend(told.node.zip(status));
            }
            HappeningKind::Unavailable => {
                self.outage = Some(PastOutage {
                    since: told.at,
                    code: told.code,
                    planned: told.planned,
                    recovery: told.recovery,
                });
            }
            HappeningKind::PrimaryChanged => self.change = told.recovery,
            HappeningKind::ProblemClosed
            | HappeningKind::Available
            | HappeningKind::Observation => {}
        }
    }
}
