//! Sets of GTIDs and how two of them relate.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::identifier::{Gtid, Source};
use super::interval::{Interval, IntervalSet};
use super::write::Prefix;

/// A set of GTIDs, as in `gtid_executed` or a receiver's retrieved set.
///
/// Its text ([`FromStr`](std::str::FromStr), [`Display`](std::fmt::Display), serde)
/// is MySQL's: `uuid:1-5:7:tag:1,uuid2:1`. Printed, UUIDs and tags are in lower
/// case and in order, and no space or newline follows a comma.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct GtidSet {
    /// No value is empty.
    sources: BTreeMap<Source, IntervalSet>,
}

/// How far one set is compared to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// Both hold the same transactions.
    Equal,
    /// The other holds all of ours and more.
    Behind,
    /// We hold all of the other's and more.
    Ahead,
    /// Each holds transactions the other lacks.
    Diverged,
}

impl GtidSet {
    /// The set of these parts, whose sources are distinct.
    pub(super) fn from_parts(parts: impl Iterator<Item = (Source, IntervalSet)>) -> Self {
        Self {
            sources: parts.filter(|(_, numbers)| !numbers.is_empty()).collect(),
        }
    }

    /// Whether the set holds no transaction.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// How many transactions the set holds.
    #[must_use]
    pub fn count(&self) -> u128 {
        self.intervals()
            .map(|(_, interval)| u128::from(interval.count()))
            .sum()
    }

    /// Whether the set holds this transaction.
    #[must_use]
    pub fn contains(&self, gtid: &Gtid) -> bool {
        self.sources
            .get(gtid.source())
            .is_some_and(|numbers| numbers.contains(gtid.number()))
    }

    /// Adds a transaction; false if the set held it already.
    pub fn insert(&mut self, gtid: Gtid) -> bool {
        let (source, number) = gtid.into_parts();
        self.sources.entry(source).or_default().insert(number)
    }

    /// Each source that has transactions here, in canonical order, with its
    /// intervals: ascending, disjoint and non-adjacent.
    pub fn sources(&self) -> impl Iterator<Item = (&Source, &[Interval])> {
        self.sources
            .iter()
            .map(|(source, numbers)| (source, numbers.as_slice()))
    }

    /// The transactions in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut sources = self.sources.clone();
        for (source, theirs) in &other.sources {
            sources
                .entry(source.clone())
                .and_modify(|ours| *ours = ours.union(theirs))
                .or_insert_with(|| theirs.clone());
        }
        Self { sources }
    }

    /// The transactions in this set that the other lacks.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        Self::from_parts(self.sources.iter().map(|(source, ours)| {
            let kept = match other.sources.get(source) {
                Some(theirs) => ours.subtract(theirs),
                None => ours.clone(),
            };
            (source.clone(), kept)
        }))
    }

    /// The transactions in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self::from_parts(self.sources.iter().filter_map(|(source, ours)| {
            let theirs = other.sources.get(source)?;
            Some((source.clone(), ours.intersection(theirs)))
        }))
    }

    /// Whether the other set holds every transaction of this one.
    #[must_use]
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.sources.iter().all(|(source, ours)| {
            let theirs = other.sources.get(source);
            theirs.is_some_and(|theirs| ours.is_subset_of(theirs))
        })
    }

    /// The errant transactions of a node that executed this set, `reference`
    /// being all that its primary executed: those the primary never had.
    ///
    /// Only sound if `reference` was read after this set; read before, it makes
    /// ordinary new transactions look errant.
    #[must_use]
    pub fn errant_against(&self, reference: &Self) -> Self {
        self.subtract(reference)
    }

    /// This set without what the server `origin` numbered, under any tag.
    #[must_use]
    pub fn without_origin(&self, origin: Uuid) -> Self {
        let mut sources = self.sources.clone();
        sources.retain(|source, _| source.uuid != origin);
        Self { sources }
    }

    /// Where this set stands as seen from the other.
    #[must_use]
    pub fn relation(&self, other: &Self) -> Relation {
        match (self.is_subset_of(other), other.is_subset_of(self)) {
            (true, true) => Relation::Equal,
            (true, false) => Relation::Behind,
            (false, true) => Relation::Ahead,
            (false, false) => Relation::Diverged,
        }
    }

    /// Every transaction, one by one. A set can hold more than anyone can go
    /// through: look at [`Self::count`] first.
    pub fn gtids(&self) -> impl Iterator<Item = Gtid> {
        self.intervals().flat_map(|(source, interval)| {
            (interval.start()..=interval.end())
                .filter_map(|number| Gtid::new(source.clone(), number))
        })
    }

    /// The set in a sentence: its first `max` intervals, and how many were left
    /// out; "no transactions" if it is empty.
    #[must_use]
    pub fn summary(&self, max: usize) -> String {
        let total = self.intervals().count();
        let hidden = total.saturating_sub(max);
        let noun = if hidden == 1 { "interval" } else { "intervals" };
        if total == 0 {
            "no transactions".to_owned()
        } else if hidden == 0 {
            self.to_string()
        } else if max == 0 {
            format!("{hidden} {noun}")
        } else {
            format!("{} … and {hidden} more {noun}", Prefix(self, max))
        }
    }

    /// Every interval with its source, in canonical order.
    pub(super) fn intervals(&self) -> impl Iterator<Item = (&Source, Interval)> {
        self.sources().flat_map(|(source, intervals)| {
            intervals.iter().map(move |interval| (source, *interval))
        })
    }
}
