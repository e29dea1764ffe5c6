//! What the API and the logs say of one instance's leadership.

use std::fmt;
use std::time::Duration;

use lictor_domain::lease::LeaseRecord;
use lictor_domain::{Mono, Term};

use super::machine::{Leadership, Role};
use super::slot::Slot;
use super::store::{PerStore, Store};

/// One instance's part in the leadership at one instant; displayed as a
/// sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What it does.
    pub role: RoleStatus,
    /// How it sees each store.
    pub stores: PerStore<StoreStatus>,
}

/// What an instance does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleStatus {
    /// It follows.
    Follower {
        /// Whom, if a leader is to be seen.
        leader: Option<LeaderSeen>,
    },
    /// It is taking both records.
    Contending,
    /// It leads.
    Leader {
        /// Its term.
        term: Term,
        /// How long it may act without another renewal.
        valid_for: Duration,
    },
    /// It has resigned.
    Leaving,
}

/// A leader as a follower sees it: a hint where to send things, no promise. The
/// instance named may not have begun to lead yet, or may have stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderSeen {
    /// Its instance id.
    pub holder: String,
    /// Where it serves, as a URL.
    pub advertise: String,
    /// Its term.
    pub term: Term,
}

/// How an instance sees one store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreStatus {
    /// Whether its last question to the store was answered.
    pub answers: bool,
    /// The record last seen there.
    pub record: Option<LeaseRecord>,
    /// For how long it has been seen unchanged; `None` if it was never read.
    pub unchanged_for: Option<Duration>,
    /// How long the instance's own lease there lasts; `None` if it has none.
    pub valid_for: Option<Duration>,
}

impl Leadership {
    /// How things stand at `now`.
    #[must_use]
    pub fn status(&self, now: Mono) -> Status {
        Status {
            role: match &self.role {
                Role::Following { .. } => RoleStatus::Follower {
                    leader: self.leader_seen(now),
                },
                Role::Contending(_) => RoleStatus::Contending,
                Role::Leading(tenure) => RoleStatus::Leader {
                    term: tenure.term,
                    valid_for: tenure.any_until().since(now),
                },
                Role::Leaving => RoleStatus::Leaving,
            },
            stores: PerStore {
                postgres: self.store_status(Store::Postgres, now),
                consul: self.store_status(Store::Consul, now),
            },
        }
    }

    /// The holder of the highest term that was renewed within the last lease.
    /// Of two with the same term it is Consul's: who has not got both yet is
    /// never named there.
    fn leader_seen(&self, now: Mono) -> Option<LeaderSeen> {
        let fresh = |slot: &Slot| {
            let seen = slot.seen()?;
            let record = seen.record.as_ref()?;
            let holder = record
                .holder
                .as_ref()
                .filter(|holder| **holder != self.me)?;
            (now.since(seen.since) < self.timing.lease).then(|| LeaderSeen {
                holder: holder.clone(),
                advertise: record.advertise.clone(),
                term: record.term,
            })
        };
        let leaders = self.slots.both().into_iter().filter_map(fresh);
        leaders.max_by_key(|leader| leader.term)
    }

    fn store_status(&self, store: Store, now: Mono) -> StoreStatus {
        let slot = self.slots.get(store);
        let lease = match &self.role {
            Role::Leading(tenure) => Some(tenure.until.get(store).since(now)),
            Role::Following { .. } | Role::Contending(_) | Role::Leaving => None,
        };
        StoreStatus {
            answers: slot.is_current(),
            record: slot.seen().and_then(|seen| seen.record.clone()),
            unchanged_for: slot.seen().map(|seen| now.since(seen.since)),
            valid_for: lease.filter(|left| !left.is_zero()),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.role {
            RoleStatus::Follower { leader: None } => {
                f.write_str("Follows; no leader is to be seen")?;
            }
            RoleStatus::Follower {
                leader: Some(leader),
            } => write!(
                f,
                "Follows {} at {}, which leads in term {}",
                leader.holder, leader.advertise, leader.term
            )?,
            RoleStatus::Contending => f.write_str("Is taking both leases")?,
            RoleStatus::Leader { term, valid_for } => {
                write!(f, "Leads in term {term}, valid for {valid_for:.1?}")?;
            }
            RoleStatus::Leaving => f.write_str("Has resigned")?,
        }
        let leads = matches!(self.role, RoleStatus::Leader { .. });
        for store in Store::BOTH {
            let status = self.stores.get(store);
            if !status.answers {
                write!(f, "; {store} does not answer")?;
            } else if leads && status.valid_for.is_none() {
                write!(f, "; the lease in {store} is lost")?;
            }
        }
        f.write_str(".")
    }
}
