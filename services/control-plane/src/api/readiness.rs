//! Whether this instance is fit to serve, and what is missing if it is not.

use std::time::SystemTime;

use crate::app::App;
use crate::leadership::StandingView;
use crate::relay::RelayView;

/// What an operator should see to, although it hinders nobody yet.
pub(super) fn warnings(app: &App) -> Vec<String> {
    let certificates = app.certificates.as_ref();
    let warnings = certificates.map(|certificates| certificates.warnings(SystemTime::now()));
    warnings.unwrap_or_default()
}

/// What is missing for this instance to serve; nothing when it is ready.
pub(super) fn of(app: &App) -> Vec<String> {
    missing(&app.standing.view(), app.is_complete(), &app.relayed())
}

/// A leader is ready once its routing table is complete, even while one store
/// is away: leadership needs one of them. Any other is while it relays the leader's
/// table.
fn missing(standing: &StandingView, complete: bool, relay: &RelayView) -> Vec<String> {
    let ready = if standing.leader {
        complete
    } else {
        relay.is_current()
    };
    if ready {
        return vec![];
    }
    let leadership = if standing.leader {
        "the routing table is not complete: the clusters are being looked at".to_owned()
    } else {
        let (sentence, relay) = (&standing.sentence, relay.sentence());
        format!("this instance does not lead: {sentence}; {relay}")
    };
    let away = standing.stores.iter().filter(|store| !store.reachable);
    let stores = away.map(|store| store.sentence.clone());
    std::iter::once(leadership).chain(stores).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lictor_domain::{Revision, Term};

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

    /// What is held where the leader has revision 1.2.
    fn relaying(held: u64) -> RelayView {
        let rev = |n| Some(Revision { term: Term(1), n });
        RelayView {
            leader: Some("lictor-1".to_owned()),
            heard: Some(Duration::ZERO),
            newest: rev(2),
            held: rev(held),
        }
    }

    const READY: Vec<String> = vec![];

    #[test]
    fn a_leader_with_a_table_is_ready_even_when_a_store_is_away() {
        assert_eq!(missing(&standing(true, false), true, &relaying(1)), READY);
    }

    #[test]
    fn any_other_is_ready_while_it_relays_the_leaders_table() {
        assert_eq!(missing(&standing(false, false), false, &relaying(2)), READY);
        let late = missing(&standing(false, true), false, &relaying(1));
        assert!(late[0].contains("1.1 is held here"), "{late:?}");
    }

    #[test]
    fn what_is_missing_is_said() {
        let without_table = missing(&standing(true, true), false, &relaying(2));
        assert!(
            without_table[0].contains("routing table"),
            "{without_table:?}"
        );
        let without_store = missing(&standing(false, false), true, &relaying(1));
        assert!(
            without_store[0].starts_with("this instance does not lead: it waits; "),
            "{without_store:?}"
        );
        assert_eq!(without_store[1], "postgres does not answer");
    }
}
