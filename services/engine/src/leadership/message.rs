//! What goes into the machine and what comes out of it.

use lictor_domain::Term;
use lictor_domain::lease::LeaseRecord;

use super::store::Store;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The instant of [`wake_at`](super::Leadership::wake_at) has come, or the
    /// process has started.
    Tick,
    /// The answer to [`Command::Read`].
    Read {
        /// The store that was read.
        store: Store,
        /// Its record, `None` where there is none.
        result: Result<Option<LeaseRecord>, Unreachable>,
    },
    /// The answer to [`Command::Cas`].
    Cas {
        /// The store that was to be written.
        store: Store,
        /// The attempt of the command.
        attempt: u64,
        /// What came of it.
        answer: CasAnswer,
    },
    /// The answer to [`Command::AdvanceTerm`]; also, with
    /// [`TermAnswer::Refused`], whenever a later write of that term was refused
    /// as stale.
    Term {
        /// The store that guards the term.
        store: Store,
        /// The term that was shown to it.
        term: Term,
        /// What came of it.
        answer: TermAnswer,
    },
    /// The process is about to end: give everything back.
    Resign,
}

/// A read failed or was not answered within the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable;

/// What came of a compare-and-set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CasAnswer {
    /// The new record was written.
    Held,
    /// The record was another one than expected; nothing was written.
    Refused,
    /// No answer within the deadline, or a failure that does not tell: the
    /// record may have been written, or may be yet.
    Unknown,
}

/// What a store said to a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermAnswer {
    /// It now refuses every older term.
    Advanced,
    /// It knows a newer one.
    Refused {
        /// A term that has begun; the refused one where no more is known.
        by: Term,
    },
    /// No answer within the deadline, or a failure that does not tell.
    Unknown,
}

/// What the control plane has to do.
///
/// `Read`, `Cas` and `AdvanceTerm` are each answered by exactly one event,
/// within [`deadline`](super::LeaseTiming::deadline).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Read the store's record; the newest one, never a replica's or a cache's.
    Read {
        /// The store.
        store: Store,
    },
    /// Write `new` if the store's record is `expected`, compared as a whole.
    Cas {
        /// The store.
        store: Store,
        /// What must be there; `None`: no record at all.
        expected: Option<LeaseRecord>,
        /// What to put there.
        new: LeaseRecord,
        /// To be given back in the answer.
        attempt: u64,
    },
    /// Make the store refuse every term below `term`. May be repeated.
    AdvanceTerm {
        /// The store.
        store: Store,
        /// The new term.
        term: Term,
    },
    /// Begin to lead. Before each command to a node, ask whether the instant is
    /// still before [`valid_until`](super::Leadership::valid_until).
    Lead {
        /// The term of this leadership.
        term: Term,
    },
    /// Stop at once: send nothing more.
    StepDown {
        /// Why.
        reason: StepDownReason,
    },
}

/// Why a leader stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepDownReason {
    /// It had no valid lease in either store.
    #[error("it had no valid lease left in either store")]
    LeasesLost,
    /// Another leader has begun.
    #[error("term {by} has begun")]
    Superseded {
        /// The newer term.
        by: Term,
    },
    /// It was told to.
    #[error("it resigned")]
    Resigned,
}
