//! A switchover as it is ordered, and what is found before it begins.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::evidence::human;
use crate::names::NodeName;
use crate::policy::words;
use crate::recovery::CandidateVerdict;

/// What is done about transactions that have been open for long on the primary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LongTransactions {
    /// The switchover waits for them before anybody has to hold.
    #[default]
    Wait,
    /// Their sessions are ended.
    Kill,
    /// There is no switchover while there are any.
    Refuse,
}
words!(
    LongTransactions, "policy for long transactions",
    Wait => "wait", Kill => "kill", Refuse => "refuse",
);

/// An order to make another node the primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Who is to be the primary; the best replica when it is not said.
    pub to: Option<NodeName>,
    /// For how long nobody may be able to write; then everything is undone.
    pub pause: Duration,
    /// What is done about long transactions.
    pub transactions: LongTransactions,
    /// From this age on a transaction is long.
    pub older_than: Duration,
    /// Who orders it.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
}

impl Order {
    /// How long nobody may write unless the operator says otherwise.
    pub const USUAL_PAUSE: Duration = Duration::from_secs(1);
    /// The pauses there may be; a shorter one is over before anyone can hold.
    pub const PAUSES: RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_mins(1);
    /// From when on a transaction is long unless the operator says otherwise.
    pub const USUAL_AGE: Duration = Duration::from_secs(1);
    /// The greatest age from which on a transaction may be called long.
    pub const GREATEST_AGE: Duration = Duration::from_hours(24);
}

/// A transaction that has been open for long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTransaction {
    /// The server's number of its session.
    pub session: u64,
    /// Whose it is.
    pub user: String,
    /// Since when it is open.
    pub age: Duration,
}

impl fmt::Display for OpenTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, user, age } = self;
        write!(f, "session {session} of {user}, open for {}", human(*age))
    }
}

/// The stable name of a check made before a switchover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckCode {
    /// The primary answers and takes writes.
    PrimaryHealthy,
    /// The cluster's mode lets Lictor act.
    Mode,
    /// Nothing else is under way.
    NoRecovery,
    /// There is a node that can be made primary.
    Candidate,
    /// The candidate answers.
    CandidateAnswers,
    /// Nothing in the candidate's definition or settings forbids it.
    CandidateFit,
    /// The candidate follows the primary, and both its threads run.
    CandidateFollows,
    /// The candidate is not further behind than the pause allows.
    CandidateLag,
    /// The candidate holds nothing that the primary does not.
    NoErrantGtids,
    /// Afterwards enough nodes can acknowledge.
    SemiSync,
    /// Nobody who follows is older than the candidate.
    VersionOrder,
    /// Transactions open for long.
    LongTransactions,
    /// Who is asked to hold writes.
    Subscribers,
    /// Whether the budget of failovers is touched.
    Budget,
}
words!(
    CheckCode, "check",
    PrimaryHealthy => "PrimaryHealthy", Mode => "Mode", NoRecovery => "NoRecovery",
    Candidate => "Candidate", CandidateAnswers => "CandidateAnswers",
    CandidateFit => "CandidateFit", CandidateFollows => "CandidateFollows",
    CandidateLag => "CandidateLag", NoErrantGtids => "NoErrantGtids", SemiSync => "SemiSync",
    VersionOrder => "VersionOrder", LongTransactions => "LongTransactions",
    Subscribers => "Subscribers", Budget => "Budget",
);

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Finding {
    /// As it should be.
    Ok,
    /// Worth knowing; it stands in nobody's way.
    Warning,
    /// There is no switchover with it.
    Blocker,
}

/// One check made before a switchover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub code: CheckCode,
    /// How it ended.
    pub finding: Finding,
    /// What was found, as a sentence.
    pub sentence: String,
}

/// Everything that was found before a switchover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preflight {
    /// The checks, in the order they are read.
    pub checks: Vec<Check>,
    /// Who would be the primary, or is to be.
    pub candidate: Option<NodeName>,
    /// Every replica with its rank or why it is none.
    pub candidates: Vec<CandidateVerdict>,
}

impl Preflight {
    /// Who is made primary, if nothing stands in the way.
    #[must_use]
    pub fn cleared(&self) -> Option<&NodeName> {
        let blocked = |check: &Check| check.finding == Finding::Blocker;
        let candidate = self.candidate.as_ref();
        candidate.filter(|_| !self.checks.iter().any(blocked))
    }

    /// What stands in the way.
    pub fn blockers(&self) -> impl Iterator<Item = &Check> {
        let blocks = |check: &&Check| check.finding == Finding::Blocker;
        self.checks.iter().filter(blocks)
    }
}
