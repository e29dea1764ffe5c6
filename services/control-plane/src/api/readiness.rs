//! Whether this instance is fit to serve, and what is missing if it is not.

use crate::app::Shared;
use crate::leadership::StandingView;

/// What is missing for this instance to serve; nothing when it is ready.
pub(super) fn of(app: &Shared) -> Vec<String> {
    missing(&app.standing.view(), app.is_complete())
}

/// A leader is ready once its routing table is complete, even while one store
/// is away: leadership needs one of them.
fn missing(standing: &StandingView, complete: bool) -> Vec<String> {
    if standing.leader && complete {
        return vec![];
    }
    let leadership = if standing.leader {
        "the routing table is not complete: the clusters are being looked at".to_owned()
    } else {
        format!("this instance does not lead: {}", standing.sentence)
    };
    let away = standing.stores.iter().filter(|store| !store.reachable);
    let stores = away.map(|store| store.sentence.clone());
    std::iter::once(leadership).chain(stores).collect()
}

#[cfg(test)]
mod tests {
    use lictor_domain::Term;

    use super::*;
    use crate::leadership::StoreView;

    fn standing(leader: bool, postgres: bool) -> StandingView {
        StandingView {
            leader,
            term: Term(1),
            leader_advertise: None,
            leases: vec![],
            stores: vec![StoreView {
                name: "postgres",
                reachable: postgres,
                sentence: "postgres does not answer".to_owned(),
            }],
            sentence: "it waits".to_owned(),
        }
    }

    #[test]
    fn a_leader_with_a_table_is_ready_even_when_a_store_is_away() {
        assert_eq!(missing(&standing(true, false), true), Vec::<String>::new());
    }

    #[test]
    fn what_is_missing_is_said() {
        let without_table = missing(&standing(true, true), false);
        assert!(
            without_table[0].contains("routing table"),
            "{without_table:?}"
        );
        let without_store = missing(&standing(false, false), true);
        assert_eq!(
            without_store,
            [
                "this instance does not lead: it waits",
                "postgres does not answer"
            ]
        );
    }
}
