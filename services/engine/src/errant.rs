//! Which transactions a node holds that its primary can never have had.
//!
//! A claim made here takes a node out of every pool, so nothing is claimed that
//! a race between two probes could explain: the primary may have handed out a
//! transaction after it was asked and before the node was.

use lictor_domain::{GtidSet, NodeName};

use crate::view::{Answer, ClusterView};

/// What the node holds that the primary neither committed nor numbered itself;
/// empty when there is no such transaction, `None` when that is not known.
///
/// It is known when both have answered and the primary's answer is not older
/// than the node's, or shows a primary that follows nobody: such a primary gets
/// no transactions of foreign origin any more, so its older answer stays true.
/// (It could be handed one by hand, with `SET gtid_next`; the claim then lasts
/// until the primary's next answer.)
#[must_use]
pub fn errant(view: &ClusterView, node: &NodeName) -> Option<GtidSet> {
    let origin = view.primary_node()?.server_uuid.0;
    let primary = view.primary().answer.as_ref()?;
    let answer = view.node(node).answer.as_ref()?;
    judges(primary, answer).then(|| {
        let held = answer.report.holds();
        held.errant_against(&primary.report.executed)
            .without_origin(origin)
    })
}

fn judges(primary: &Answer, node: &Answer) -> bool {
    primary.at >= node.at || primary.report.replication.is_none()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::errant::errant;
    use crate::fixture::{Fixture, NOW, gtids, name};

    const STRANGER: u32 = 9;

    #[test]
    fn what_the_primary_numbered_is_never_errant() {
        let view = Fixture::healthy(1).executed(2, &gtids(1, 1, 5000)).view();
        assert!(errant(&view, &name(2)).unwrap().is_empty());
    }

    #[test]
    fn a_foreign_transaction_the_primary_lacks_is_errant() {
        let foreign = gtids(STRANGER, 7, 8);
        let view = Fixture::healthy(1).executed(2, &foreign).view();
        assert_eq!(errant(&view, &name(2)), Some(foreign));
    }

    #[test]
    fn received_but_not_applied_counts_as_held() {
        let foreign = gtids(STRANGER, 7, 8);
        let received = foreign.clone();
        let view = Fixture::healthy(1)
            .replication(2, |replication| replication.received = received)
            .view();
        assert_eq!(errant(&view, &name(2)), Some(foreign));
    }

    #[test]
    fn a_foreign_transaction_the_primary_holds_too_is_not() {
        let foreign = gtids(STRANGER, 1, 8);
        let view = Fixture::healthy(1)
            .executed(1, &foreign)
            .executed(2, &foreign)
            .view();
        assert!(errant(&view, &name(2)).unwrap().is_empty());
    }

    #[test]
    fn a_primary_that_still_receives_judges_only_older_answers() {
        let fixture = Fixture::healthy(1)
            .executed(2, &gtids(STRANGER, 1, 1))
            .follows(1, 2);
        let mut view = fixture.view();
        assert!(errant(&view, &name(2)).is_some());
        let later = NOW + Duration::from_millis(1);
        view.probed(&name(2), fixture.answer(2), later);
        assert_eq!(errant(&view, &name(2)), None);
        view.probed(&name(1), fixture.answer(1), later);
        assert!(errant(&view, &name(2)).is_some());
    }

    #[test]
    fn nothing_is_claimed_before_both_have_answered() {
        for unseen in [1, 2] {
            let view = Fixture::healthy(1).unseen(unseen).view();
            assert_eq!(errant(&view, &name(2)), None);
        }
    }
}
