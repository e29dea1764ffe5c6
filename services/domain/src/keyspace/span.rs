//! Ranges of an ordered space, and what bounds them.

use std::borrow::Borrow;
use std::fmt;

use super::key::{Key, KeyType, show_bytes};

/// A point of an ordered space.
pub trait Point: Ord {
    /// Roughly where it lies; never lower for a greater point.
    fn rank(&self) -> u64;
}

impl Point for u64 {
    #[inline]
    fn rank(&self) -> u64 {
        *self
    }
}

impl Point for i64 {
    #[inline]
    fn rank(&self) -> u64 {
        self.cast_unsigned() ^ (1 << 63)
    }
}

impl Point for [u8] {
    /// Its first eight bytes.
    fn rank(&self) -> u64 {
        let mut head = [0; 8];
        let length = self.len().min(head.len());
        head[..length].copy_from_slice(&self[..length]);
        u64::from_be_bytes(head)
    }
}

/// What bounds a range.
pub trait Bound: Clone + Ord + fmt::Debug + Borrow<Self::Point> {
    /// What lies in the range.
    type Point: Point + ?Sized;

    /// The least value of the space.
    fn least() -> Self;

    /// How many bytes it takes.
    fn size(&self) -> usize {
        size_of::<Self>()
    }

    /// Writes a range for people.
    fn show(span: &Span<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// A bound between keys.
pub trait KeyBound: Bound {
    /// The type of the keys.
    const TYPE: KeyType;

    /// The bound at this key, if it [fits](Key::fits) that type.
    fn of_key(key: &Key<'_>) -> Option<Self>;

    /// The key.
    fn key(&self) -> Key<'static>;
}

/// A range: from a value, to below another or to the end of the space.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span<B> {
    /// Where it begins.
    pub from: B,
    /// Below what it ends; `None` when it goes to the end of the space.
    pub below: Option<B>,
}

impl<B: Bound> Span<B> {
    /// The range between two bounds; none is the end of the space.
    #[must_use]
    pub fn new(from: Option<B>, below: Option<B>) -> Self {
        Self {
            from: from.unwrap_or_else(B::least),
            below,
        }
    }

    /// Where it begins; `None` when that is the start of the space.
    #[must_use]
    pub fn begin(&self) -> Option<&B> {
        Some(&self.from).filter(|from| **from != B::least())
    }

    /// Whether nothing lies in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.below.as_ref().is_some_and(|below| *below <= self.from)
    }

    /// What lies in both ranges; `None` when that is nothing.
    #[must_use]
    pub fn common(&self, other: &Self) -> Option<Self> {
        let below = match (&self.below, &other.below) {
            (Some(one), Some(two)) => Some(one.min(two).clone()),
            (one, two) => one.clone().or_else(|| two.clone()),
        };
        let common = Self {
            from: self.from.clone().max(other.from.clone()),
            below,
        };
        (!common.is_empty()).then_some(common)
    }
}

impl<B: Bound> fmt::Display for Span<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        B::show(self, f)
    }
}

/// A bound for people.
type Show<B> = fn(&B, &mut fmt::Formatter<'_>) -> fmt::Result;

/// A range of keys, in words.
fn show_keys<B: Bound>(span: &Span<B>, f: &mut fmt::Formatter<'_>, show: Show<B>) -> fmt::Result {
    let bounds = [(" from ", span.begin()), (" below ", span.below.as_ref())];
    if let [(_, None), (_, None)] = bounds {
        return f.write_str("all keys");
    }
    f.write_str("keys")?;
    for (word, bound) in bounds {
        if let Some(bound) = bound {
            f.write_str(word)?;
            show(bound, f)?;
        }
    }
    Ok(())
}

impl Bound for u64 {
    type Point = Self;

    fn least() -> Self {
        Self::MIN
    }

    fn show(span: &Span<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_keys(span, f, fmt::Display::fmt)
    }
}

impl KeyBound for u64 {
    const TYPE: KeyType = KeyType::Unsigned;

    fn of_key(key: &Key<'_>) -> Option<Self> {
        key.unsigned()
    }

    fn key(&self) -> Key<'static> {
        Key::from(*self)
    }
}

impl Bound for i64 {
    type Point = Self;

    fn least() -> Self {
        Self::MIN
    }

    fn show(span: &Span<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_keys(span, f, fmt::Display::fmt)
    }
}

impl KeyBound for i64 {
    const TYPE: KeyType = KeyType::Integer;

    fn of_key(key: &Key<'_>) -> Option<Self> {
        key.integer()
    }

    fn key(&self) -> Key<'static> {
        Key::from(*self)
    }
}

impl Bound for Vec<u8> {
    type Point = [u8];

    fn least() -> Self {
        Self::new()
    }

    fn size(&self) -> usize {
        self.len()
    }

    fn show(span: &Span<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_keys(span, f, |bound, f| show_bytes(bound, f))
    }
}

impl KeyBound for Vec<u8> {
    const TYPE: KeyType = KeyType::Bytes;

    fn of_key(key: &Key<'_>) -> Option<Self> {
        key.bytes().map(<[u8]>::to_vec)
    }

    fn key(&self) -> Key<'static> {
        Key::from(self.clone())
    }
}
