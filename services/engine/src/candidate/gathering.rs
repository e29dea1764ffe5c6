//! Who could be promoted with what another replica gives it.
//!
//! The most advanced replica may be one that must not be promoted. A fit one that
//! only lacks what that one holds can get it there: over replication, from the
//! binary log. So a donor has applied, or is applying, all that is demanded, logs
//! it, has not purged what is lacking, and takes no writes. One that holds
//! anything foreign gives nothing: what it gave could not be taken back.

use std::collections::BTreeMap;

use lictor_domain::{GtidSet, Node, NodeName, NodeReport, Rejection};

use super::{errant, unfit_report};
use crate::view::ClusterView;

/// A replica that would win with what another one holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathering {
    /// Who would win.
    pub node: NodeName,
    /// Who holds everything.
    pub from: NodeName,
    /// What the one lacks and the other holds.
    pub missing: GtidSet,
    /// All that it must hold then.
    pub holds: GtidSet,
    /// The donor is set to wait for acknowledgements itself.
    pub donor_waits: bool,
}

/// Who got nothing although it was to, and why: it is not tried again.
pub type Failed = BTreeMap<NodeName, Rejection>;

/// Who holds all that is demanded and can give it.
pub(super) struct Donors<'a> {
    donors: Vec<(&'a Node, &'a NodeReport, GtidSet)>,
    demanded: GtidSet,
}

impl<'a> Donors<'a> {
    pub(super) fn among(
        view: &'a ClusterView,
        held: &BTreeMap<NodeName, GtidSet>,
        demanded: GtidSet,
    ) -> Self {
        let donor = |node: &'a Node, report: Option<&'a NodeReport>| {
            let (report, set) = (report?, held.get(&node.name)?);
            let gives = unfit_report(report).is_empty()
                && !report.writability.accepts_writes()
                && node.quarantine.is_none()
                && errant(view, set).is_empty()
                && demanded.is_subset_of(set);
            gives.then(|| (node, report, set.clone()))
        };
        let donors = view.replicas();
        let donors = donors.filter_map(|(node, replica)| donor(node, replica.report()));
        Self {
            donors: donors.collect(),
            demanded,
        }
    }

    /// How a replica that holds `set` gets the rest; `None` if nobody can give it,
    /// and where somebody could have, why that one cannot any more.
    pub(super) fn give(&self, node: &Node, set: &GtidSet) -> Result<Gathering, Option<Rejection>> {
        let missing = self.demanded.subtract(set);
        let mut purged = None;
        for (donor, report, holds) in &self.donors {
            if donor.name == node.name {
                continue;
            }
            // What the donor holds beyond it comes along.
            let gone = holds.subtract(set).intersection(&report.purged);
            if gone.is_empty() {
                let semi_sync = report.semi_sync.as_ref();
                return Ok(Gathering {
                    node: node.name.clone(),
                    from: donor.name.clone(),
                    missing,
                    holds: self.demanded.union(set),
                    donor_waits: semi_sync.is_some_and(|semi_sync| semi_sync.source_enabled),
                });
            }
            purged = Some(Rejection::Purged {
                by: donor.name.clone(),
                missing: gone,
            });
        }
        Err(purged)
    }
}
