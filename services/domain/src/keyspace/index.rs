//! From a point to its range, fast: a table of jumps and a short search.
//!
//! Law: [`ShardIndex::find`] gives the number of bounds at or below a point. It
//! takes no lock and allocates nothing.

use super::span::{Bound, Point};

/// So many jumps: 8 KiB, which stay in a core's first cache.
const BUCKETS: usize = 1 << 12;
const BUCKET_BITS: u32 = BUCKETS.trailing_zeros();

/// The bounds between ranges, and the jumps to them.
///
/// The ranks between the first and the last bound are cut into equal buckets,
/// so that ranges crowded into a small part of the space are found as fast as
/// ranges over all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardIndex<B> {
    /// In ascending order.
    bounds: Vec<B>,
    /// The rank of the first bound.
    lowest: u64,
    /// So many bits of a rank are within a bucket.
    shift: u32,
    /// How many bounds lie in the buckets before each.
    before: Box<[u16; BUCKETS + 1]>,
}

impl<B: Bound> ShardIndex<B> {
    /// An index over ascending `bounds`; there is none over more than 65,535.
    pub(super) fn new(bounds: Vec<B>) -> Option<Self> {
        let rank = |bound: Option<&B>| bound.map_or(0, |bound| bound.borrow().rank());
        let lowest = rank(bounds.first());
        let span = rank(bounds.last()).saturating_sub(lowest);
        let span_bits = u64::BITS - span.leading_zeros();
        let mut index = Self {
            lowest,
            shift: span_bits.saturating_sub(BUCKET_BITS),
            before: Box::new([0; BUCKETS + 1]),
            bounds,
        };
        for (at, bound) in index.bounds.iter().enumerate() {
            let bucket = index.bucket(bound.borrow());
            index.before[bucket + 1] = u16::try_from(at + 1).ok()?;
        }
        let mut count = 0;
        for before in index.before.iter_mut() {
            count = count.max(*before);
            *before = count;
        }
        Some(index)
    }

    #[inline]
    fn bucket(&self, point: &B::Point) -> usize {
        let bucket = point.rank().saturating_sub(self.lowest) >> self.shift;
        usize::try_from(bucket).map_or(BUCKETS - 1, |bucket| bucket.min(BUCKETS - 1))
    }

    /// How many bounds are at or below `point`.
    #[inline]
    #[must_use]
    pub fn find(&self, point: &B::Point) -> usize {
        let bucket = self.bucket(point);
        let first = usize::from(self.before[bucket]);
        let end = usize::from(self.before[bucket + 1]);
        let near = &self.bounds[first..end];
        first + near.partition_point(|bound| bound.borrow() <= point)
    }

    /// The bounds, in order.
    #[must_use]
    pub fn bounds(&self) -> &[B] {
        &self.bounds
    }
}
