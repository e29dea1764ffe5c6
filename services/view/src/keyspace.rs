//! Keyspaces, their shards, and where a key lives.

use lictor_wire::domain::keyspace::{
    Bound, Function, KeyBound, KeyRanges, Listed, Position, Ranges, Slots, Span, Values,
};
use lictor_wire::domain::{self, ClusterRoute};
use lictor_wire::{WireError, v1};

use crate::routing::Route;

words! {
    /// How a keyspace divides its keys.
    KeyspaceFunction {
        /// By ranges of the keys' hashes.
        Hash = "hash",
        /// By ranges of the keys themselves.
        Range = "range",
        /// By the remainder of the keys' MD5.
        Md5Mod = "md5_mod",
        /// By explicit values.
        Lookup = "lookup",
    }
}

words! {
    /// The type of a keyspace's keys.
    KeyType from KeyType {
        /// Text.
        String = "string",
        /// A byte string.
        Bytes = "bytes",
        /// A signed integer of 64 bits.
        Integer = "integer",
        /// An unsigned integer of 64 bits.
        Unsigned = "unsigned",
        /// A UUID.
        Uuid = "uuid",
    }
}

words! {
    /// Whether a shard takes writes.
    Writes from Writes {
        /// It does.
        Serving = "serving",
        /// Wait before writing to it: its data is being moved.
        Held = "held",
    }
}

shown! {
    /// A set of keys, divided among shards.
    pub struct Keyspace {
        /// Its name.
        pub name: String,
        /// How it divides its keys.
        pub function: KeyspaceFunction,
        /// The type of its keys.
        pub key: KeyType,
        /// How many slots there are, for `md5_mod`.
        pub modulo: Option<u32>,
        /// The shards: in order of their ranges, else of their names.
        pub shards: Vec<Shard>,
    }

    /// Where some of the keys live.
    pub struct Shard {
        /// Its name, unique in its keyspace.
        pub name: String,
        /// The cluster that holds its rows.
        pub cluster: String,
        /// Whether it takes writes.
        pub writes: Writes,
        /// Address of the primary of that cluster, while it takes writes.
        pub writer: Option<String>,
        /// What it owns, for people.
        pub owns: String,
        /// Of a million keys so many, rounded down; null where that cannot be told.
        pub share_per_million: Option<u32>,
        /// Of a hash (16 hexadecimal digits) or a range: where it begins; null when
        /// that is open.
        pub from: Option<String>,
        /// Of a hash or a range: below what it ends; null when that is open.
        pub below: Option<String>,
        /// Of `md5_mod`: its slots, in ascending order.
        pub slots: Vec<u32>,
        /// Of `lookup`: its keys, in ascending order.
        pub values: Vec<String>,
        /// Of `lookup`: whether it also owns what no shard lists.
        pub is_default: bool,
    }

    /// Where a key lives.
    pub struct Resolution {
        /// The keyspace.
        pub keyspace: String,
        /// The key.
        pub key: String,
        /// The shard's name.
        pub shard: String,
        /// The cluster that holds the shard.
        pub cluster: String,
        /// Whether writes to the shard wait.
        pub held: bool,
        /// That cluster's route; null when there is none yet.
        pub route: Option<Route>,
    }
}

/// What a shard owns, as it can be drawn.
#[derive(Default)]
struct Owned {
    share_per_million: Option<u32>,
    from: Option<String>,
    below: Option<String>,
    slots: Vec<u32>,
    values: Vec<String>,
    is_default: bool,
}

impl Keyspace {
    /// A keyspace, its shards with their writers as the table says.
    #[must_use]
    pub fn new(keyspace: &domain::Keyspace, table: &domain::RoutingTable) -> Self {
        let told = keyspace.owners().into_iter();
        let shards = told.zip(owned(&keyspace.function));
        let function = &keyspace.function;
        Self {
            name: keyspace.name.to_string(),
            function: function.into(),
            key: v1::KeyType::from(function.key_type()).into(),
            modulo: match function {
                Function::Md5Mod { slots, .. } => Some(slots.modulo()),
                _ => None,
            },
            shards: shards
                .map(|((shard, owns), owned)| Shard::new(shard, owns, owned, table))
                .collect(),
        }
    }
}

impl Shard {
    fn new(
        shard: &domain::Shard,
        owns: String,
        owned: Owned,
        table: &domain::RoutingTable,
    ) -> Self {
        let route = table.clusters.get(&shard.cluster);
        let writer = route.and_then(ClusterRoute::writer);
        Self {
            name: shard.name.to_string(),
            cluster: shard.cluster.to_string(),
            writes: v1::Writes::from(shard.writes).into(),
            writer: writer.map(|writer| writer.address.to_string()),
            owns,
            share_per_million: owned.share_per_million,
            from: owned.from,
            below: owned.below,
            slots: owned.slots,
            values: owned.values,
            is_default: owned.is_default,
        }
    }
}

impl From<&Function> for KeyspaceFunction {
    fn from(function: &Function) -> Self {
        match function {
            Function::Hash { .. } => Self::Hash,
            Function::Range(_) => Self::Range,
            Function::Md5Mod { .. } => Self::Md5Mod,
            Function::Lookup(_) => Self::Lookup,
        }
    }
}

/// What each shard owns, in the order of the shards.
fn owned(function: &Function) -> Vec<Owned> {
    match function {
        Function::Hash { ranges, .. } => hashes(ranges),
        Function::Range(KeyRanges::Integer(ranges)) => keys(ranges),
        Function::Range(KeyRanges::Unsigned(ranges)) => keys(ranges),
        Function::Range(KeyRanges::Bytes(ranges)) => keys(ranges),
        Function::Md5Mod { slots, .. } => slot_lists(slots),
        Function::Lookup(values) => lists(values),
    }
}

fn per_million(part: u128, whole: u128) -> Option<u32> {
    u32::try_from(part * 1_000_000 / whole.max(1)).ok()
}

fn hashes(ranges: &Ranges<Position>) -> Vec<Owned> {
    const SPACE: u128 = 1 << 64;
    let shown = |at: &Position| format!("{:016x}", at.0);
    let owned = ranges.owners().map(|(_, span)| {
        let end = span.below.map_or(SPACE, |below| u128::from(below.0));
        Owned {
            share_per_million: per_million(end - u128::from(span.from.0), SPACE),
            from: span.begin().map(shown),
            below: span.below.as_ref().map(shown),
            ..Owned::default()
        }
    });
    owned.collect()
}

fn keys<B: Bound + KeyBound>(ranges: &Ranges<B>) -> Vec<Owned> {
    let shown = |bound: &B| bound.key().to_string();
    let owned = |span: Span<B>| Owned {
        from: span.begin().map(shown),
        below: span.below.as_ref().map(shown),
        ..Owned::default()
    };
    ranges.owners().map(|(_, span)| owned(span)).collect()
}

fn slot_lists(slots: &Slots) -> Vec<Owned> {
    let modulo = u128::from(slots.modulo());
    let owned = slots.owners().map(|(_, slots)| Owned {
        share_per_million: per_million(slots.len() as u128, modulo),
        slots,
        ..Owned::default()
    });
    owned.collect()
}

fn lists(values: &Values) -> Vec<Owned> {
    let owned = |listed: Listed| Owned {
        values: listed.values.iter().map(ToString::to_string).collect(),
        is_default: listed.default,
        ..Owned::default()
    };
    values.owners().map(|(_, listed)| owned(listed)).collect()
}

impl Resolution {
    /// Where that key of that keyspace lives. An error when the route makes no
    /// sense.
    pub fn new(
        keyspace: String,
        key: String,
        found: v1::ResolveKeyResponse,
    ) -> Result<Self, WireError> {
        let route = found.route.map(ClusterRoute::try_from).transpose();
        let route = route.map_err(|error| error.within("route"))?;
        Ok(Self {
            keyspace,
            key,
            shard: found.shard,
            cluster: found.cluster,
            held: found.held,
            route: route.as_ref().map(Route::from),
        })
    }
}

#[cfg(test)]
mod tests {
    use v1::keyspace::Function as F;
    use v1::shard::Owns;

    use super::*;

    fn shown(key_type: v1::KeyType, function: F, owns: [Owns; 2]) -> Keyspace {
        let shards = owns.into_iter().enumerate().map(|(at, owns)| v1::Shard {
            name: format!("s{at}"),
            cluster: "orders".to_owned(),
            writes: v1::Writes::Serving.into(),
            owns: Some(owns),
        });
        let keyspace = domain::Keyspace::try_from(v1::Keyspace {
            name: "shop".to_owned(),
            key_type: key_type.into(),
            function: Some(function),
            shards: shards.collect(),
        });
        Keyspace::new(&keyspace.unwrap(), &domain::RoutingTable::default())
    }

    type Drawn<'a> = (Option<u32>, Option<&'a str>, Option<&'a str>);

    fn drawn(keyspace: &Keyspace) -> Vec<Drawn<'_>> {
        let shards = keyspace.shards.iter();
        let drawn = shards.map(|it| {
            let share = it.share_per_million;
            (share, it.from.as_deref(), it.below.as_deref())
        });
        drawn.collect()
    }

    #[test]
    fn a_shard_of_hashes_has_its_share_of_the_whole_space() {
        let range = |from, below| Owns::Hashes(v1::HashRange { from, below });
        let algorithm = v1::HashAlgorithm::Xxh3.into();
        let quarter = 1 << 62;
        let shop = shown(
            v1::KeyType::String,
            F::Hash(v1::HashFunction { algorithm }),
            [range(0, Some(quarter)), range(quarter, None)],
        );
        let bound = Some("4000000000000000");
        assert_eq!(
            drawn(&shop),
            [(Some(250_000), None, bound), (Some(750_000), bound, None)]
        );
        assert_eq!(shop.shards[0].writer, None, "it has no route");
    }

    #[test]
    fn a_range_of_keys_has_bounds_and_no_share() {
        let range = |from, below| Owns::Integers(v1::IntegerRange { from, below });
        let shop = shown(
            v1::KeyType::Integer,
            F::Range(v1::RangeFunction {}),
            [range(None, Some(-5)), range(Some(-5), None)],
        );
        let bound = Some("-5");
        assert_eq!(drawn(&shop), [(None, None, bound), (None, bound, None)]);
    }

    #[test]
    fn slots_and_listed_keys_are_told_one_by_one() {
        let slots = |slots: &[u32]| {
            Owns::Slots(v1::Slots {
                slots: slots.to_vec(),
            })
        };
        let shop = shown(
            v1::KeyType::String,
            F::Md5Mod(v1::Md5ModFunction { modulo: 3 }),
            [slots(&[0, 2]), slots(&[1])],
        );
        assert_eq!(shop.modulo, Some(3));
        assert_eq!(shop.shards[0].slots, [0, 2]);
        assert_eq!(shop.shards[1].share_per_million, Some(333_333));

        let values = |text: &str, default| {
            let value = Some(v1::key::Value::Text(text.to_owned()));
            let keys = vec![v1::Key { value }];
            Owns::Values(v1::Values { keys, default })
        };
        let shop = shown(
            v1::KeyType::String,
            F::Lookup(v1::LookupFunction {}),
            [values("de", false), values("fr", true)],
        );
        assert_eq!(shop.modulo, None);
        assert_eq!(shop.shards[0].values, ["de"]);
        let defaults = shop.shards.iter().map(|it| it.is_default);
        assert_eq!(defaults.collect::<Vec<_>>(), [false, true]);
    }
}
