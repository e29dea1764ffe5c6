//! Ranges that cover an ordered space exactly once.
//!
//! Invariant: the first range begins at the least value, each next one where
//! the one before ends, and the last has no end. Only the bounds between them
//! are kept, so a gap or an overlap cannot be written.

use super::error::Fault;
use super::index::ShardIndex;
use super::shard::{self, Shard};
use super::span::{Bound, Span};

/// Shards whose ranges cover a space exactly once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges<B> {
    /// In order of their ranges.
    shards: Vec<Shard>,
    /// The bounds between them.
    index: ShardIndex<B>,
}

impl<B: Bound> Ranges<B> {
    /// The shards, if their ranges cover the space exactly once.
    pub fn new(mut owners: Vec<Owner<B>>) -> Result<Self, Fault> {
        shard::check(owners.iter().map(|(shard, _)| shard))?;
        shard::check_size(owners.iter().map(|(_, span)| span.from.size()))?;
        if let Some((shard, span)) = owners.iter().find(|(_, span)| span.is_empty()) {
            return Err(Fault::EmptyRange {
                shard: shard.name.clone(),
                range: span.to_string(),
            });
        }
        // The end of the space is above every other.
        owners.sort_by_cached_key(|(_, Span { from, below })| {
            (from.clone(), below.is_none(), below.clone())
        });
        check_cover(&owners)?;
        let bounds = owners.iter().skip(1).map(|(_, span)| span.from.clone());
        let index = ShardIndex::new(bounds.collect()).ok_or(Fault::TooManyShards {
            found: owners.len(),
        })?;
        Ok(Self {
            index,
            shards: owners.into_iter().map(|(shard, _)| shard).collect(),
        })
    }

    /// The shard that owns `point`.
    #[inline]
    #[must_use]
    pub fn find(&self, point: &B::Point) -> &Shard {
        &self.shards[self.index.find(point)]
    }

    /// The bounds between the ranges, in order.
    pub(super) fn bounds(&self) -> &[B] {
        self.index.bounds()
    }

    /// The shards, in order of their ranges.
    #[must_use]
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// The range of the shard at this place in their order.
    fn span(&self, at: usize) -> Span<B> {
        let bounds = self.index.bounds();
        Span::new(
            at.checked_sub(1)
                .and_then(|before| bounds.get(before))
                .cloned(),
            bounds.get(at).cloned(),
        )
    }

    /// Each shard with its range, in order.
    pub fn owners(&self) -> impl Iterator<Item = (&Shard, Span<B>)> {
        let shards = self.shards.iter().enumerate();
        shards.map(|(at, shard)| (shard, self.span(at)))
    }
}

type Owner<B> = (Shard, Span<B>);

/// Whether ordered, non-empty ranges cover the space exactly once.
fn check_cover<B: Bound>(owners: &[Owner<B>]) -> Result<(), Fault> {
    if let Some(first) = owners.first()
        && let Some(from) = first.1.begin()
    {
        return Err(gap(None, Some(first), &Span::new(None, Some(from.clone()))));
    }
    for pair in owners.windows(2) {
        let [one, two] = pair else { continue };
        match &one.1.below {
            Some(below) if *below == two.1.from => {}
            Some(below) if *below < two.1.from => {
                let between = Span::new(Some(below.clone()), Some(two.1.from.clone()));
                return Err(gap(Some(one), Some(two), &between));
            }
            _ => return Err(overlap(one, two)),
        }
    }
    if let Some(last) = owners.last()
        && let Some(below) = &last.1.below
    {
        return Err(gap(Some(last), None, &Span::new(Some(below.clone()), None)));
    }
    Ok(())
}

fn gap<B: Bound>(before: Option<&Owner<B>>, after: Option<&Owner<B>>, gap: &Span<B>) -> Fault {
    let (gap_from, gap_below) = (gap.from.clone(), gap.below.clone());
    let longer = before.map(|(shard, span)| {
        let whole = Span {
            from: span.from.clone(),
            below: gap_below,
        };
        format!("`{}` own {whole}", shard.name)
    });
    let earlier = after.map(|(shard, span)| {
        let whole = Span {
            from: gap_from,
            below: span.below.clone(),
        };
        format!("`{}` own {whole}", shard.name)
    });
    let place = match (before, after) {
        (Some(one), Some(two)) => format!("between `{}` and `{}`", one.0.name, two.0.name),
        (Some(one), None) => format!("after `{}`", one.0.name),
        (None, Some(two)) => format!("before `{}`", two.0.name),
        (None, None) => String::new(),
    };
    let remedies: Vec<String> = longer.into_iter().chain(earlier).collect();
    Fault::Gap {
        gap: gap.to_string(),
        place,
        remedy: remedies.join(", or "),
    }
}

fn overlap<B: Bound>(one: &Owner<B>, two: &Owner<B>) -> Fault {
    let both = one.1.common(&two.1).unwrap_or_else(|| two.1.clone());
    let remedy = if one.1.from < two.1.from {
        let shorter = Span {
            from: one.1.from.clone(),
            below: Some(two.1.from.clone()),
        };
        format!("let `{}` own {shorter}", one.0.name)
    } else if one.1.below != two.1.below {
        let later = Span::new(one.1.below.clone(), two.1.below.clone());
        format!("let `{}` own {later}", two.0.name)
    } else {
        "remove one, or divide it between them".to_owned()
    };
    Fault::Overlap {
        first: one.0.name.clone(),
        second: two.0.name.clone(),
        overlap: both.to_string(),
        remedy,
    }
}
