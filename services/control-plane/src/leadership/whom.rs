//! Who leads, as far as this instance sees.

use lictor_domain::Term;
use lictor_engine::leadership::{LeaderSeen, RoleStatus};

/// Who leads, as far as this instance sees: a hint where to send things, no proof.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Whom {
    /// Nobody, or nobody knows.
    #[default]
    Nobody,
    /// This instance, in this term.
    Me(Term),
    /// Another one.
    Other(LeaderSeen),
}

impl Whom {
    /// The leader's term.
    pub(crate) const fn term(&self) -> Option<Term> {
        match self {
            Self::Nobody => None,
            Self::Me(term) => Some(*term),
            Self::Other(leader) => Some(leader.term),
        }
    }

    /// The leader, when it is another instance.
    pub(crate) fn other(&self) -> Option<LeaderSeen> {
        match self {
            Self::Other(leader) => Some(leader.clone()),
            Self::Nobody | Self::Me(_) => None,
        }
    }
}

impl From<&RoleStatus> for Whom {
    fn from(role: &RoleStatus) -> Self {
        match role {
            RoleStatus::Leader { term, .. } => Self::Me(*term),
            RoleStatus::Follower {
                leader: Some(leader),
            } => Self::Other(leader.clone()),
            RoleStatus::Follower { leader: None }
            | RoleStatus::Contending
            | RoleStatus::Leaving => Self::Nobody,
        }
    }
}
