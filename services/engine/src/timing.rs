//! How often nodes are looked at and how long hands may take. All of it follows
//! from the cluster's profile, so that one word tunes a cluster.

use std::time::Duration;

use lictor_domain::Profile;

/// The times one cluster is watched by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Between two scheduled probes of a node.
    pub probe_interval: Duration,
    /// After this a probe has failed.
    pub probe_deadline: Duration,
    /// Without a sign of life for this long the primary counts as hung.
    pub hang_threshold: Duration,
    /// Between two questions to one node while the primary is suspected.
    pub suspicion_pace: Duration,
    /// A report older than this is no testimony.
    pub testimony_age: Duration,
    /// A reader without an answer for this long leaves the pool.
    pub reader_patience: Duration,
}

impl Timing {
    /// The times of a profile.
    #[must_use]
    pub const fn of(profile: Profile) -> Self {
        let probe_interval = match profile {
            Profile::Fast => Duration::from_millis(200),
            Profile::Balanced => Duration::from_millis(400),
            Profile::Conservative => Duration::from_secs(1),
        };
        Self {
            probe_interval,
            probe_deadline: Duration::from_millis(800),
            hang_threshold: profile.hang_threshold(),
            suspicion_pace: Duration::from_millis(5),
            testimony_age: Duration::from_millis(500),
            reader_patience: Duration::from_millis(2500),
        }
    }

    /// How long a receiver must have heard nothing before its silence counts:
    /// three heartbeats, and at least half the hang threshold.
    #[must_use]
    pub fn silence(&self, heartbeat_period: Duration) -> Duration {
        (heartbeat_period * 3).max(self.hang_threshold / 2)
    }
}

/// Deadlines of the hands during a recovery. Each bounds one command as a whole;
/// a hand that passes it has failed.
pub mod deadline {
    use std::time::Duration;

    /// Greeting of a suspected node.
    pub const KNOCK: Duration = Duration::from_millis(200);
    /// Storing the intent in either store.
    pub const INTENT: Duration = Duration::from_secs(2);
    /// Seeking a proof that the old primary is fenced, before a cluster that
    /// accepts it goes on without one.
    pub const PROOF: Duration = Duration::from_secs(1);
    /// Stopping a receiver; one that is reconnecting to a hung source takes 2 s,
    /// and over 4 s if it has just begun.
    pub const STOP_RECEIVER: Duration = Duration::from_secs(10);
    /// Applying what was received.
    pub const CATCH_UP: Duration = Duration::from_mins(1);
    /// Receiving and applying what only another replica holds.
    pub const GATHER: Duration = Duration::from_secs(30);
    /// Opening the candidate.
    pub const OPEN: Duration = Duration::from_secs(5);
    /// Pointing a replica at another source.
    pub const REPOINT: Duration = Duration::from_secs(10);
    /// Opening the old primary again after a switchover was given up.
    pub const REOPEN: Duration = Duration::from_secs(2);
    /// Getting long transactions out of the way before a switchover.
    pub const TRANSACTIONS: Duration = Duration::from_mins(1);
    /// Applying what a switchover's candidate is behind with, before anyone holds.
    pub const NEARING: Duration = Duration::from_secs(10);
    /// Closing a node for writes, commits stuck on their acknowledgement
    /// included.
    pub const CLOSE: Duration = Duration::from_secs(5);
}
