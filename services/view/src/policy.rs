//! What an operator wants of a cluster.

use std::time::Duration;

use lictor_wire::domain::{self, Durability, OnStarved};
use lictor_wire::v1;

words! {
    /// How far Lictor may act on a cluster by itself.
    Mode from Mode {
        /// Never touches a node; records what it would have done, and why.
        Observe = "observe",
        /// Does nothing by itself; records what it would have done, and why.
        Manual = "manual",
        /// Fails over, lets old primaries rejoin and keeps replicas in place.
        Auto = "auto",
    }
}

words! {
    /// How long a primary may give no sign of life before it counts as hung.
    Profile from Profile {
        /// One second.
        Fast = "fast",
        /// Three seconds.
        Balanced = "balanced",
        /// Ten seconds.
        Conservative = "conservative",
    }
}

words! {
    /// Who starts the rebuild of a quarantined node.
    RebuildPolicy from RebuildPolicy {
        /// An operator.
        Manual = "manual",
        /// Lictor by itself, one node at a time; what only that node holds is lost.
        Auto = "auto",
    }
}

words! {
    /// Who serves reads when no replica does.
    NoReaders from NoReaders {
        /// Nobody.
        None = "none",
        /// The primary.
        Primary = "primary",
    }
}

words! {
    /// What is done when a failover's winner held the most, and another replica is
    /// better placed.
    BetterPlaced from BetterPlaced {
        /// Lictor switches over to it once it has caught up.
        Switch = "switch",
        /// The winner stays the primary.
        Stay = "stay",
    }
}

shown! {
    /// What the operator wants of a cluster.
    pub struct Policy {
        /// How far Lictor may act by itself.
        pub mode: Mode,
        /// When a silent primary counts as hung.
        pub profile: Profile,
        /// What a commit must survive: `async`, or `semi-sync:N` for N
        /// acknowledging replicas.
        pub durability: String,
        /// Failovers allowed in a time.
        pub budget: Budget,
        /// Replicas further behind than this many seconds serve no reads.
        pub max_read_lag_secs: u64,
        /// Who starts the rebuild of a quarantined node.
        pub rebuild: RebuildPolicy,
        /// What is done when too few replicas can acknowledge: `wait`, or
        /// `loosen:N/TIME`.
        pub on_starved: String,
        /// Who serves reads when no replica does.
        pub no_readers: NoReaders,
        /// So many replicas serve reads however far they are behind: `N` or `N%`.
        pub keep_readers: String,
        /// Never more replicas than this serve reads: `N` or `N%`.
        pub max_readers: String,
        /// Whether a failover may go on where nothing proves that the old primary
        /// is closed.
        pub accept_unfenced: bool,
        /// What is done when another replica is better placed than the winner.
        pub better_placed: BetterPlaced,
        /// What is promised.
        pub objectives: Objectives,
    }

    /// What is promised of a cluster, for reports to compare with; null where
    /// nothing is.
    pub struct Objectives {
        /// How much of the time it takes writes, in percent.
        pub availability_percent: Option<f64>,
        /// No unplanned outage is longer than so many seconds.
        pub rto_secs: Option<u64>,
        /// A failover loses the acknowledged writes of at most so many seconds.
        pub rpo_secs: Option<u64>,
    }
}

shown! {
    /// How many failovers a cluster may have in a time before Lictor stops and asks.
    pub struct Budget {
        /// Failovers allowed within the window; 0 allows none.
        pub failovers: u32,
        /// The window, in seconds.
        pub window_secs: u64,
    }
}

impl From<v1::Policy> for Policy {
    fn from(policy: v1::Policy) -> Self {
        Self {
            mode: Mode::read(policy.mode),
            profile: Profile::read(policy.profile),
            durability: durability(policy.durability),
            budget: policy.budget.unwrap_or_default().into(),
            max_read_lag_secs: policy.max_read_lag_secs,
            rebuild: RebuildPolicy::read(policy.rebuild),
            on_starved: on_starved(policy.on_starved),
            no_readers: NoReaders::read(policy.no_readers),
            keep_readers: share(policy.keep_readers),
            max_readers: share(policy.max_readers),
            accept_unfenced: policy.accept_unfenced,
            better_placed: BetterPlaced::read(policy.better_placed),
            objectives: policy.objectives.unwrap_or_default().into(),
        }
    }
}

impl From<v1::Objectives> for Objectives {
    fn from(objectives: v1::Objectives) -> Self {
        Self {
            availability_percent: objectives.availability_percent,
            rto_secs: objectives.rto_secs,
            rpo_secs: objectives.rpo_secs,
        }
    }
}

impl From<v1::Budget> for Budget {
    fn from(budget: v1::Budget) -> Self {
        Self {
            failovers: budget.failovers,
            window_secs: budget.window_secs,
        }
    }
}

const UNKNOWN: &str = "unknown";

fn durability(durability: Option<v1::Durability>) -> String {
    let durability = durability.map(Durability::try_from);
    match durability {
        Some(Ok(Durability::Async)) => "async".to_owned(),
        Some(Ok(Durability::SemiSync { acks })) => format!("semi-sync:{acks}"),
        _ => UNKNOWN.to_owned(),
    }
}

/// What commits are to survive, as it is shown and said: `async`, `semi-sync`, or
/// `semi-sync:N` with N of at least 1.
#[must_use]
pub fn read_durability(text: &str) -> Option<Durability> {
    text.replacen(':', " ", 1).parse().ok()
}

fn on_starved(policy: Option<v1::OnStarved>) -> String {
    let policy = policy.map(OnStarved::try_from);
    match policy {
        Some(Ok(OnStarved::Wait)) => "wait".to_owned(),
        Some(Ok(OnStarved::Loosen {
            min_acks,
            after_secs,
        })) => {
            let after = humantime::format_duration(Duration::from_secs(after_secs));
            format!("loosen:{min_acks}/{}", after.to_string().replace(' ', ""))
        }
        _ => UNKNOWN.to_owned(),
    }
}

/// What is done when too few replicas can acknowledge, as it is shown and said:
/// `wait`, or `loosen:N/TIME` such as `loosen:0/5s`, in whole seconds.
#[must_use]
pub fn read_on_starved(text: &str) -> Option<OnStarved> {
    if text == "wait" {
        return Some(OnStarved::Wait);
    }
    let (acks, time) = text.strip_prefix("loosen:")?.split_once('/')?;
    let after = humantime::parse_duration(time).ok()?;
    let whole = after.subsec_nanos() == 0 && !after.is_zero();
    whole.then_some(OnStarved::Loosen {
        min_acks: acks.parse().ok()?,
        after_secs: after.as_secs(),
    })
}

fn share(share: Option<v1::Share>) -> String {
    let share = share.map(domain::Share::try_from);
    match share {
        Some(Ok(share)) => share.to_string(),
        _ => UNKNOWN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commits_wait_for_is_shown_as_the_command_line_takes_it() {
        assert_eq!(durability(Some(Durability::Async.into())), "async");
        assert_eq!(durability(Some(Durability::ONE_ACK.into())), "semi-sync:1");
        let loosen = OnStarved::Loosen {
            min_acks: 2,
            after_secs: 90,
        };
        assert_eq!(on_starved(Some(loosen.into())), "loosen:2/1m30s");
        assert_eq!(on_starved(Some(OnStarved::Wait.into())), "wait");
    }

    #[test]
    fn what_a_newer_peer_wants_is_unknown() {
        let policy = Policy::from(v1::Policy::default());
        assert_eq!(policy.mode, Mode::Unknown);
        assert_eq!(policy.durability, "unknown");
        assert_eq!(policy.on_starved, "unknown");
        assert_eq!(policy.keep_readers, "unknown");
    }
}
