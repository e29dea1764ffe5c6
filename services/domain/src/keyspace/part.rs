//! What shards own, as far as it can be cut and put together.

use std::collections::BTreeSet;

use super::cut::{Cut, list};
use super::hash::Position;
use super::span::{Bound, KeyBound, Span};
use super::values::Listed;

/// What a shard owns, of one kind.
pub(super) trait Part: Sized {
    /// What a cut of it has to be, for people.
    const WANTED: &'static str;

    /// What is left of it, and what a cut takes; `None` when either is nothing.
    fn split(&self, cut: &Cut) -> Option<(Self, Self)>;

    /// Both together; `None` when they do not touch.
    fn join(&self, other: &Self) -> Option<Self>;

    /// What it is, for people.
    fn tell(&self) -> String;
}

fn split_span<B: Bound>(span: &Span<B>, at: &B) -> Option<(Span<B>, Span<B>)> {
    let lower = Span {
        from: span.from.clone(),
        below: Some(at.clone()),
    };
    let upper = Span {
        from: at.clone(),
        below: span.below.clone(),
    };
    (!lower.is_empty() && !upper.is_empty()).then_some((lower, upper))
}

fn join_spans<B: Bound>(one: &Span<B>, two: &Span<B>) -> Option<Span<B>> {
    let follows = |one: &Span<B>, two: &Span<B>| {
        let touch = one.below.as_ref() == Some(&two.from);
        touch.then(|| Span {
            from: one.from.clone(),
            below: two.below.clone(),
        })
    };
    follows(one, two).or_else(|| follows(two, one))
}

impl Part for Span<Position> {
    const WANTED: &'static str = "name a hash within, above the first";

    fn split(&self, cut: &Cut) -> Option<(Self, Self)> {
        match cut {
            Cut::Hash(at) => split_span(self, at),
            _ => None,
        }
    }

    fn join(&self, other: &Self) -> Option<Self> {
        join_spans(self, other)
    }

    fn tell(&self) -> String {
        self.to_string()
    }
}

impl<B: KeyBound> Part for Span<B> {
    const WANTED: &'static str = "name a key within, above the first";

    fn split(&self, cut: &Cut) -> Option<(Self, Self)> {
        match cut {
            Cut::Key(key) => split_span(self, &B::of_key(key)?),
            _ => None,
        }
    }

    fn join(&self, other: &Self) -> Option<Self> {
        join_spans(self, other)
    }

    fn tell(&self) -> String {
        self.to_string()
    }
}

/// The items that are not taken, and those that are; `None` when nothing is
/// taken, or something that is not there.
fn divide<T: Ord + Clone>(items: &[T], taken: &[T]) -> Option<(Vec<T>, Vec<T>)> {
    let taken: BTreeSet<&T> = taken.iter().collect();
    let (new, rest): (Vec<T>, Vec<T>) =
        items.iter().cloned().partition(|item| taken.contains(item));
    (!new.is_empty() && new.len() == taken.len()).then_some((rest, new))
}

impl Part for Vec<u32> {
    const WANTED: &'static str = "name some of its slots, and not all";

    fn split(&self, cut: &Cut) -> Option<(Self, Self)> {
        match cut {
            Cut::Slots(slots) => divide(self, slots).filter(|(rest, _)| !rest.is_empty()),
            _ => None,
        }
    }

    fn join(&self, other: &Self) -> Option<Self> {
        Some([self.as_slice(), other].concat())
    }

    fn tell(&self) -> String {
        format!("the slots {}", list(self))
    }
}

impl Part for Listed {
    const WANTED: &'static str = "name some of its values, and leave it some or the default";

    fn split(&self, cut: &Cut) -> Option<(Self, Self)> {
        let Cut::Values(keys) = cut else { return None };
        let (rest, values) = divide(&self.values, keys)?;
        let rest = Self {
            values: rest,
            default: self.default,
        };
        let new = Self {
            values,
            default: false,
        };
        (rest.default || !rest.values.is_empty()).then_some((rest, new))
    }

    fn join(&self, other: &Self) -> Option<Self> {
        Some(Self {
            values: [self.values.as_slice(), &other.values].concat(),
            default: self.default || other.default,
        })
    }

    fn tell(&self) -> String {
        match (self.values.as_slice(), self.default) {
            ([], _) => "what no shard lists".to_owned(),
            (values, false) => format!("the values {}", list(values)),
            (values, true) => format!("the values {}, and what no shard lists", list(values)),
        }
    }
}
