//! What a change of a keyspace moves: which keys get another shard, or their
//! shard another cluster.
//!
//! Law: a key is in a move if, and only if, its shard or that shard's cluster
//! differs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::hash::Position;
use super::key::{Key, KeyType};
use super::ranges::Ranges;
use super::shard::Shard;
use super::slots::Slots;
use super::span::{Bound, Span};
use super::values::Values;
use super::{Function, KeyRanges, Keyspace};
use crate::names::{ClusterName, ShardName};

/// Where a key lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Its shard.
    pub shard: ShardName,
    /// The cluster of that shard.
    pub cluster: ClusterName,
}

impl From<&Shard> for Place {
    fn from(shard: &Shard) -> Self {
        Self {
            shard: shard.name.clone(),
            cluster: shard.cluster.clone(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` on {}", self.shard, self.cluster)
    }
}

/// An exact part of all keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    /// So many
    pub part: u128,
    /// of so many; at most 2⁶⁴.
    pub whole: u128,
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = self.part * 10_000 / self.whole.max(1);
        match (hundredths / 100, hundredths % 100) {
            (0, 0) if self.part > 0 => f.write_str("less than 0.01%"),
            (percent, 0) => write!(f, "{percent}%"),
            (percent, rest) if rest % 10 == 0 => write!(f, "{percent}.{}%", rest / 10),
            (percent, rest) => write!(f, "{percent}.{rest:02}%"),
        }
    }
}

/// Which keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// This part of all keys.
    Part(Fraction),
    /// A range of signed integers.
    Integers(Span<i64>),
    /// A range of unsigned integers.
    Unsigned(Span<u64>),
    /// A range of byte strings.
    Bytes(Span<Vec<u8>>),
    /// These keys.
    Values(Vec<Key<'static>>),
    /// Every key that neither configuration lists.
    Others,
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(fraction) => write!(f, "{fraction} of the keys"),
            Self::Integers(span) => span.fmt(f),
            Self::Unsigned(span) => span.fmt(f),
            Self::Bytes(span) => span.fmt(f),
            Self::Values(keys) => {
                let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
                write!(f, "the keys {}", keys.join(", "))
            }
            Self::Others => f.write_str("all other keys"),
        }
    }
}

/// Keys that live elsewhere afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Which.
    pub keys: Keys,
    /// Where they live before; `None` when no shard owns them.
    pub from: Option<Place>,
    /// Where they live afterwards; `None` when no shard owns them.
    pub to: Option<Place>,
}

impl Move {
    /// Whether their rows are to be copied to another cluster.
    #[must_use]
    pub fn changes_cluster(&self) -> bool {
        let clusters = self.from.as_ref().zip(self.to.as_ref());
        clusters.is_some_and(|(from, to)| from.cluster != to.cluster)
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = &self.keys;
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, "{keys}: from {from} to {to}"),
            (None, Some(to)) => write!(f, "{keys}: from no shard to {to}"),
            (Some(from), None) => write!(f, "{keys}: from {from} to no shard"),
            (None, None) => write!(f, "{keys}: without a shard"),
        }
    }
}

/// Why nothing can be said about single keys: any may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redivided {
    /// The function is another one.
    Function {
        /// Before.
        from: &'static str,
        /// Afterwards.
        to: &'static str,
    },
    /// The keys are of another type.
    KeyType {
        /// Before.
        from: KeyType,
        /// Afterwards.
        to: KeyType,
    },
    /// The number of slots is another one, and there are too many shards to
    /// count what goes from each to each.
    Modulo {
        /// Before.
        from: u32,
        /// Afterwards.
        to: u32,
    },
}

impl fmt::Display for Redivided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function { from, to } => write!(f, "the function changes from {from} to {to}"),
            Self::KeyType { from, to } => write!(f, "the key type changes from {from} to {to}"),
            Self::Modulo { from, to } => write!(f, "the modulo changes from {from} to {to}"),
        }
    }
}

/// What a change moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preview {
    /// Exactly these keys.
    Moves(Vec<Move>),
    /// Any key may move.
    Redivided(Redivided),
}

impl Preview {
    /// What moves when `from` is replaced by `to`.
    #[must_use]
    pub fn new(from: &Keyspace, to: &Keyspace) -> Self {
        let (from, to) = (&from.function, &to.function);
        if from.key_type() != to.key_type() && from.as_str() == to.as_str() {
            return Self::Redivided(Redivided::KeyType {
                from: from.key_type(),
                to: to.key_type(),
            });
        }
        match (from, to) {
            (Function::Hash { ranges: one, .. }, Function::Hash { ranges: two, .. }) => {
                Self::Moves(hash_moves(one, two))
            }
            (Function::Range(one), Function::Range(two)) => Self::Moves(range_moves(one, two)),
            (Function::Md5Mod { slots: one, .. }, Function::Md5Mod { slots: two, .. }) => {
                slot_moves(one, two)
            }
            (Function::Lookup(one), Function::Lookup(two)) => Self::Moves(value_moves(one, two)),
            _ => Self::Redivided(Redivided::Function {
                from: from.as_str(),
                to: to.as_str(),
            }),
        }
    }

    /// The moves, as far as they are known.
    #[must_use]
    pub fn moves(&self) -> &[Move] {
        match self {
            Self::Moves(moves) => moves,
            Self::Redivided(_) => &[],
        }
    }

    /// The part of all keys that moves, where keys are hashed.
    #[must_use]
    pub fn part(&self) -> Option<Fraction> {
        sum(self.moves().iter())
    }

    /// The part of all keys that moves to another cluster, where keys are hashed.
    #[must_use]
    pub fn part_to_other_clusters(&self) -> Option<Fraction> {
        sum(self.moves().iter().filter(|moved| moved.changes_cluster()))
    }
}

/// All together; `None` when that is not known, or nothing.
fn sum<'a>(moves: impl Iterator<Item = &'a Move>) -> Option<Fraction> {
    let fractions = moves.map(|moved| match moved.keys {
        Keys::Part(fraction) => Some(fraction),
        _ => None,
    });
    let fractions: Vec<_> = fractions.collect::<Option<_>>()?;
    Some(Fraction {
        part: fractions.iter().map(|fraction| fraction.part).sum(),
        whole: fractions.first()?.whole,
    })
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moves = match self {
            Self::Redivided(why) => return write!(f, "any key may move: {why}"),
            Self::Moves(moves) if moves.is_empty() => return f.write_str("no key moves"),
            Self::Moves(moves) => moves,
        };
        match self.part() {
            Some(part) => write!(f, "{part} of the keys move")?,
            None => f.write_str("keys move")?,
        }
        let across = moves.iter().filter(|moved| moved.changes_cluster()).count();
        match self.part_to_other_clusters() {
            Some(part) => write!(f, ", {part} to another cluster"),
            None if across == 0 => f.write_str(", none to another cluster"),
            None if across == moves.len() => f.write_str(", all to another cluster"),
            None => f.write_str(", some to another cluster"),
        }
    }
}

/// The ranges whose owner or whose owner's cluster differs.
fn moved_ranges<B: Bound>(from: &Ranges<B>, to: &Ranges<B>) -> Vec<(Span<B>, Place, Place)> {
    let cuts: BTreeSet<&B> = from.bounds().iter().chain(to.bounds()).collect();
    let begins = std::iter::once(None).chain(cuts.iter().map(|cut| Some((*cut).clone())));
    let ends = cuts.iter().map(|cut| Some((*cut).clone())).chain([None]);
    let spans = begins.zip(ends).map(|(begin, end)| Span::new(begin, end));
    let owners = spans.map(|span| {
        let point = span.from.borrow();
        let (one, two) = (from.find(point).into(), to.find(point).into());
        (span, one, two)
    });
    owners.filter(|(_, one, two)| one != two).collect()
}

fn hash_moves(from: &Ranges<Position>, to: &Ranges<Position>) -> Vec<Move> {
    const WHOLE: u128 = 1 << 64;
    let mut parts = Parts::new();
    for (span, one, two) in moved_ranges(from, to) {
        let end = span.below.map_or(WHOLE, |below| below.0.into());
        *parts.entry((one, two)).or_default() += end - u128::from(span.from.0);
    }
    fractions(parts, WHOLE)
}

/// How much goes from where to where.
type Parts = BTreeMap<(Place, Place), u128>;

fn fractions(parts: Parts, whole: u128) -> Vec<Move> {
    let moves = parts.into_iter().map(|((from, to), part)| Move {
        keys: Keys::Part(Fraction { part, whole }),
        from: Some(from),
        to: Some(to),
    });
    moves.collect()
}

fn range_moves(from: &KeyRanges, to: &KeyRanges) -> Vec<Move> {
    fn moves<B: Bound>(from: &Ranges<B>, to: &Ranges<B>, keys: fn(Span<B>) -> Keys) -> Vec<Move> {
        let moves = moved_ranges(from, to);
        let moves = moves.into_iter().map(|(span, one, two)| Move {
            keys: keys(span),
            from: Some(one),
            to: Some(two),
        });
        moves.collect()
    }
    match (from, to) {
        (KeyRanges::Integer(from), KeyRanges::Integer(to)) => moves(from, to, Keys::Integers),
        (KeyRanges::Unsigned(from), KeyRanges::Unsigned(to)) => moves(from, to, Keys::Unsigned),
        (KeyRanges::Bytes(from), KeyRanges::Bytes(to)) => moves(from, to, Keys::Bytes),
        _ => vec![],
    }
}

/// More pairs of shards than these are not told apart when the modulo changes.
const MAX_PAIRS: usize = 1 << 16;

/// A key's two remainders are alike modulo the greatest common divisor of both
/// modulos, and all such pairs are equally frequent.
fn slot_moves(from: &Slots, to: &Slots) -> Preview {
    if from.modulo() != to.modulo() && from.shards().len() * to.shards().len() > MAX_PAIRS {
        return Preview::Redivided(Redivided::Modulo {
            from: from.modulo(),
            to: to.modulo(),
        });
    }
    let common = gcd(from.modulo(), to.modulo());
    let mut parts = Parts::new();
    for class in 0..common {
        let after = owners_of(to, class, common);
        for (one, some) in owners_of(from, class, common) {
            for (two, others) in after.iter().filter(|(two, _)| **two != one) {
                *parts.entry((one.clone(), two.clone())).or_default() += some * others;
            }
        }
    }
    let whole = u128::from(from.modulo()) * u128::from(to.modulo() / common);
    Preview::Moves(fractions(parts, whole))
}

/// How many slots of a class each shard owns.
fn owners_of(slots: &Slots, class: u32, classes: u32) -> BTreeMap<Place, u128> {
    let mut owners = BTreeMap::new();
    for slot in (class..slots.modulo()).step_by(classes as usize) {
        *owners.entry(slots.find(slot.into()).into()).or_default() += 1;
    }
    owners
}

const fn gcd(one: u32, two: u32) -> u32 {
    if two == 0 { one } else { gcd(two, one % two) }
}

fn value_moves(from: &Values, to: &Values) -> Vec<Move> {
    let place = |shard: Option<&Shard>| shard.map(Place::from);
    let mut moves: BTreeMap<_, Vec<Key<'static>>> = BTreeMap::new();
    let keys: BTreeSet<_> = from.keys().chain(to.keys()).collect();
    for key in keys {
        let (one, two) = (place(from.find(key)), place(to.find(key)));
        if one != two {
            moves.entry((one, two)).or_default().push(key.clone());
        }
    }
    let listed = moves.into_iter().map(|((from, to), keys)| Move {
        keys: Keys::Values(keys),
        from,
        to,
    });
    let (one, two) = (place(from.default()), place(to.default()));
    let others = (one != two).then_some(Move {
        keys: Keys::Others,
        from: one,
        to: two,
    });
    listed.chain(others).collect()
}
