//! How an instance that relays stands to the leader's table.

use std::time::Duration;

use lictor_domain::{Mono, Revision};

use super::{Heard, SILENCE};

/// How an instance that relays stands to the leader's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RelayView {
    /// The leader that it hears.
    pub(crate) leader: Option<String>,
    /// How long ago it heard it.
    pub(crate) heard: Option<Duration>,
    /// The leader's newest revision, as it then was.
    pub(crate) newest: Option<Revision>,
    /// What it holds.
    pub(crate) held: Option<Revision>,
}

impl RelayView {
    pub(super) fn of(last: Option<Heard>, held: Option<Revision>, now: Mono) -> Self {
        let Some(Heard { leader, newest, at }) = last else {
            return Self {
                leader: None,
                heard: None,
                newest: None,
                held,
            };
        };
        Self {
            leader: Some(leader),
            heard: Some(now.since(at)),
            newest: Some(newest),
            held,
        }
    }

    /// Whether what it holds is what the leader has.
    pub(crate) fn is_current(&self) -> bool {
        let heard = self.heard.is_some_and(|ago| ago < SILENCE);
        heard && self.held.is_some() && self.held >= self.newest
    }

    /// How many revisions it is behind; `None` where that cannot be said.
    pub(crate) fn behind(&self) -> Option<u64> {
        let (newest, held) = (self.newest?, self.held?);
        if held >= newest {
            return Some(0);
        }
        (held.term == newest.term).then(|| newest.n - held.n)
    }

    /// How it stands, as a sentence.
    pub(crate) fn sentence(&self) -> String {
        let Some(leader) = &self.leader else {
            return "no leader's routing table is relayed here".to_owned();
        };
        match (self.held, self.newest) {
            _ if self.is_current() => {
                format!("the routing table of {leader} is relayed here as it is")
            }
            (None, _) => format!("the routing table of {leader} has not come here yet"),
            (Some(held), Some(newest)) if held < newest => {
                format!("revision {held} is held here, and {leader} has {newest}")
            }
            _ => format!("{leader} says nothing about its routing table"),
        }
    }
}

#[cfg(test)]
mod tests {
    use lictor_domain::Term;

    use super::*;

    const NOW: Mono = Mono::from_origin(Duration::from_secs(100));

    fn rev(term: u64, n: u64) -> Revision {
        Revision {
            term: Term(term),
            n,
        }
    }

    fn heard(ago: Duration, newest: Revision, held: Option<Revision>) -> RelayView {
        let last = Heard {
            leader: "lictor-1".to_owned(),
            newest,
            at: NOW - ago,
        };
        RelayView::of(Some(last), held, NOW)
    }

    const LATELY: Duration = Duration::from_millis(400);

    #[test]
    fn it_is_current_while_the_leader_is_heard_and_has_nothing_newer() {
        let current = heard(LATELY, rev(2, 7), Some(rev(2, 7)));
        assert!(current.is_current());
        assert_eq!(current.behind(), Some(0));
        assert!(!heard(SILENCE, rev(2, 7), Some(rev(2, 7))).is_current());
        assert!(!heard(LATELY, rev(2, 7), None).is_current());
        assert!(!RelayView::of(None, Some(rev(2, 7)), NOW).is_current());
    }

    #[test]
    fn what_it_lacks_is_said() {
        let behind = heard(LATELY, rev(2, 7), Some(rev(2, 4)));
        assert!(!behind.is_current());
        assert!(behind.sentence().contains("2.4"), "{}", behind.sentence());
        assert_eq!(behind.behind(), Some(3));
        assert_eq!(heard(LATELY, rev(2, 7), Some(rev(1, 9))).behind(), None);
        assert_eq!(heard(LATELY, rev(2, 7), None).behind(), None);
        let without = heard(LATELY, rev(2, 7), None).sentence();
        assert!(without.contains("has not come"), "{without}");
    }
}
