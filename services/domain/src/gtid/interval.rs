//! Sets of transaction numbers of one source.
//!
//! Invariant of [`IntervalSet`]: intervals ascend, and between two neighbours at
//! least one number is missing.

/// The largest transaction number MySQL accepts: 2⁶³ − 2.
pub const MAX_NUMBER: u64 = i64::MAX as u64 - 1;

/// Whether MySQL accepts this as a transaction number.
pub(super) fn is_number(number: u64) -> bool {
    (1..=MAX_NUMBER).contains(&number)
}

/// Consecutive transaction numbers, both ends included; never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interval {
    start: u64,
    end: u64,
}

impl Interval {
    /// The numbers `start..=end`; `None` if there are none, or not all are in
    /// 1..=[`MAX_NUMBER`].
    #[must_use]
    pub fn new(start: u64, end: u64) -> Option<Self> {
        (is_number(start) && is_number(end) && start <= end).then_some(Self { start, end })
    }

    /// The first number.
    #[must_use]
    pub fn start(self) -> u64 {
        self.start
    }

    /// The last number.
    #[must_use]
    pub fn end(self) -> u64 {
        self.end
    }

    /// How many numbers it holds, at least one.
    #[must_use]
    pub fn count(self) -> u64 {
        self.end - self.start + 1
    }
}

/// A set of transaction numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct IntervalSet(Vec<Interval>);

impl IntervalSet {
    /// The union of intervals in any order, overlapping or not.
    pub(super) fn from_unordered(mut intervals: Vec<Interval>) -> Self {
        // The standard stable sort detects runs: linear for ordered input and
        // for two ordered inputs joined.
        intervals.sort_by_key(|interval| interval.start);
        intervals.dedup_by(|next, last| {
            let touch = next.start <= last.end + 1;
            if touch {
                last.end = last.end.max(next.end);
            }
            touch
        });
        Self(intervals)
    }

    pub(super) fn as_slice(&self) -> &[Interval] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        let at = self.0.partition_point(|interval| interval.end < number);
        self.0.get(at).is_some_and(|found| found.start <= number)
    }

    /// Adds a number in 1..=[`MAX_NUMBER`]; false if it was there already.
    pub(super) fn insert(&mut self, number: u64) -> bool {
        if self.contains(number) {
            return false;
        }
        let touched = self.0.partition_point(|interval| interval.end + 1 < number);
        let beyond = self
            .0
            .partition_point(|interval| interval.start <= number + 1);
        let merged = self.0[touched..beyond].iter().fold(
            Interval {
                start: number,
                end: number,
            },
            |merged, next| Interval {
                start: merged.start.min(next.start),
                end: merged.end.max(next.end),
            },
        );
        self.0.splice(touched..beyond, [merged]);
        true
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        Self::from_unordered([self.as_slice(), other.as_slice()].concat())
    }

    pub(super) fn subtract(&self, other: &Self) -> Self {
        let mut kept = Vec::new();
        let mut cuts = other.0.iter().peekable();
        for whole in &self.0 {
            let mut start = whole.start;
            while cuts.next_if(|cut| cut.end < start).is_some() {}
            while let Some(cut) = cuts.peek().filter(|cut| cut.start <= whole.end) {
                kept.extend(Interval::new(start, cut.start - 1));
                start = cut.end + 1;
                if start > whole.end {
                    // This cut may reach into the next interval: keep it.
                    break;
                }
                cuts.next();
            }
            kept.extend(Interval::new(start, whole.end));
        }
        Self(kept)
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        let mut shared = Vec::new();
        let mut ours = self.0.iter().peekable();
        let mut theirs = other.0.iter().peekable();
        while let (Some(our), Some(their)) = (ours.peek(), theirs.peek()) {
            let (start, end) = (our.start.max(their.start), our.end.min(their.end));
            shared.extend(Interval::new(start, end));
            if our.end < their.end {
                ours.next();
            } else {
                theirs.next();
            }
        }
        Self(shared)
    }

    pub(super) fn is_subset_of(&self, other: &Self) -> bool {
        let mut theirs = other.0.iter().peekable();
        self.0.iter().all(|our| {
            while theirs.next_if(|their| their.end < our.start).is_some() {}
            theirs
                .peek()
                .is_some_and(|their| their.start <= our.start && our.end <= their.end)
        })
    }
}
