//! Slots of a modulo function: each has exactly one owner.

use super::error::Fault;
use super::shard::{self, Shard};

/// The most slots of one keyspace.
pub const MAX_MODULO: u32 = 65_536;

/// Shards that own the slots 0 to n − 1, each once; every shard owns one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slots {
    /// In order of name.
    shards: Vec<Shard>,
    modulo: u32,
    /// For each slot, the place of its owner among the shards.
    owners: Vec<u16>,
}

impl Slots {
    /// The shards with the slots of each, if each of `modulo` slots has one owner.
    pub fn new(modulo: u32, mut owners: Vec<(Shard, Vec<u32>)>) -> Result<Self, Fault> {
        if !(1..=MAX_MODULO).contains(&modulo) {
            return Err(Fault::Modulo { found: modulo });
        }
        shard::check(owners.iter().map(|(shard, _)| shard))?;
        owners.sort_by(|(one, _), (two, _)| one.name.cmp(&two.name));
        Ok(Self {
            modulo,
            owners: owner_of_each(modulo, &owners)?,
            shards: owners.into_iter().map(|(shard, _)| shard).collect(),
        })
    }

    /// How many slots there are.
    #[must_use]
    pub const fn modulo(&self) -> u32 {
        self.modulo
    }

    /// The shard that owns the slot of `number`, which is its remainder.
    #[must_use]
    pub fn find(&self, number: u128) -> &Shard {
        let slot = number % u128::from(self.modulo);
        let owner = usize::try_from(slot).map_or(0, |slot| self.owners[slot]);
        &self.shards[usize::from(owner)]
    }

    /// The shards, in order of name.
    #[must_use]
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// Each shard with its slots, in order.
    pub fn owners(&self) -> impl Iterator<Item = (&Shard, Vec<u32>)> {
        let mut slots = vec![vec![]; self.shards.len()];
        for (slot, owner) in (0..self.modulo).zip(&self.owners) {
            slots[usize::from(*owner)].push(slot);
        }
        self.shards.iter().zip(slots)
    }
}

fn owner_of_each(modulo: u32, owners: &[(Shard, Vec<u32>)]) -> Result<Vec<u16>, Fault> {
    let mut taken: Vec<Option<u16>> = vec![None; modulo as usize];
    for (place, (shard, slots)) in (0..).zip(owners) {
        if slots.is_empty() {
            return Err(Fault::OwnsNothing {
                shard: shard.name.clone(),
                wanted: "`slots`",
            });
        }
        for &slot in slots {
            let owner = taken.get_mut(slot as usize).ok_or(Fault::NoSuchSlot {
                shard: shard.name.clone(),
                slot,
                modulo,
            })?;
            if let Some(first) = owner.replace(place) {
                return Err(Fault::SlotTwice {
                    slot,
                    first: owners[usize::from(first)].0.name.clone(),
                    second: shard.name.clone(),
                });
            }
        }
    }
    (0..)
        .zip(taken)
        .map(|(slot, owner)| owner.ok_or(Fault::SlotUnowned { slot, modulo }))
        .collect()
}
