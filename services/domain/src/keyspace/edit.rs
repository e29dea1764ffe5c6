//! Edits of a keyspace: a shard is split, two are merged, one is moved to
//! another cluster, or its writes are held. Each gives a whole keyspace or says
//! why not. No data is moved by it: that is for the operator to do, between
//! holding a shard's writes and letting them go on.

use thiserror::Error;

use super::cut::{Cut, list};
use super::error::Fault;
use super::part::Part;
use super::ranges::Ranges;
use super::shard::{Shard, Writes};
use super::slots::Slots;
use super::values::Values;
use super::{Function, KeyRanges, Keyspace};
use crate::names::{ClusterName, KeyspaceName, ShardName};

/// Why an edit cannot be made; the keyspace stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("keyspace `{keyspace}`: {refusal}")]
pub struct EditError {
    /// The keyspace.
    pub keyspace: KeyspaceName,
    /// Why not.
    pub refusal: Box<EditRefusal>,
}

/// Why an edit cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EditRefusal {
    /// There is no such shard.
    #[error("there is no shard `{shard}`; there are: {}", list(.there))]
    NoSuchShard {
        /// The name.
        shard: ShardName,
        /// The shards that there are.
        there: Vec<ShardName>,
    },
    /// The name of the new shard is taken.
    #[error("there is a shard `{shard}` already; give the new one another name")]
    NameTaken {
        /// The name.
        shard: ShardName,
    },
    /// One side of the cut would own nothing.
    #[error("shard `{shard}` owns {owns}, and cannot be split at {cut}: {wanted}")]
    Outside {
        /// The shard.
        shard: ShardName,
        /// What it owns.
        owns: String,
        /// Where it was to be split.
        cut: Cut,
        /// What is allowed.
        wanted: &'static str,
    },
    /// A shard cannot be merged with itself.
    #[error("shard `{shard}` cannot be merged with itself; name two shards")]
    Itself {
        /// The shard.
        shard: ShardName,
    },
    /// The ranges of two shards do not touch.
    #[error(
        "`{first}` owns {owns}, and `{second}` {others}, which do not touch; only neighbours can be merged"
    )]
    NotNeighbours {
        /// One.
        first: ShardName,
        /// What it owns.
        owns: String,
        /// The other.
        second: ShardName,
        /// What that owns.
        others: String,
    },
    /// It would change nothing.
    #[error("shard `{shard}` is on {cluster} already")]
    AlreadyThere {
        /// The shard.
        shard: ShardName,
        /// The cluster.
        cluster: ClusterName,
    },
    /// What comes out is no keyspace.
    #[error("{0}")]
    Whole(Fault),
}

/// One edit, whatever the function divides; shards by their place.
enum Edit<'a> {
    Split { at: usize, cut: &'a Cut, new: Shard },
    Merge { into: usize, other: usize },
    Replace { at: usize, by: Shard },
}

/// Shards, and what each owns.
type Owners<T> = Vec<(Shard, T)>;

impl Edit<'_> {
    fn of<'s, T: Part>(
        self,
        owners: impl Iterator<Item = (&'s Shard, T)>,
    ) -> Result<Owners<T>, EditRefusal> {
        let mut owners: Owners<T> = owners.map(|(shard, part)| (shard.clone(), part)).collect();
        match self {
            Self::Split { at, cut, new } => {
                let taken = split(&mut owners[at], cut)?;
                owners.push((new, taken));
            }
            Self::Merge { into, other } => {
                owners[into].1 = joined(&owners[into], &owners[other])?;
                owners.remove(other);
            }
            Self::Replace { at, by } => owners[at].0 = by,
        }
        Ok(owners)
    }
}

/// Leaves the shard the rest, and gives what the cut takes.
fn split<T: Part>((shard, part): &mut (Shard, T), cut: &Cut) -> Result<T, EditRefusal> {
    let (rest, taken) = part.split(cut).ok_or_else(|| EditRefusal::Outside {
        shard: shard.name.clone(),
        owns: part.tell(),
        cut: cut.clone(),
        wanted: T::WANTED,
    })?;
    *part = rest;
    Ok(taken)
}

fn joined<T: Part>(one: &(Shard, T), two: &(Shard, T)) -> Result<T, EditRefusal> {
    let both = one.1.join(&two.1);
    both.ok_or_else(|| EditRefusal::NotNeighbours {
        first: one.0.name.clone(),
        owns: one.1.tell(),
        second: two.0.name.clone(),
        others: two.1.tell(),
    })
}

impl Function {
    fn edited(&self, edit: Edit<'_>) -> Result<Self, EditRefusal> {
        let function = match self {
            Self::Hash {
                algorithm,
                key,
                ranges,
            } => Ranges::new(edit.of(ranges.owners())?).map(|ranges| Self::Hash {
                algorithm: *algorithm,
                key: *key,
                ranges,
            }),
            Self::Range(KeyRanges::Integer(ranges)) => {
                let edited = Ranges::new(edit.of(ranges.owners())?);
                edited.map(KeyRanges::Integer).map(Self::Range)
            }
            Self::Range(KeyRanges::Unsigned(ranges)) => {
                let edited = Ranges::new(edit.of(ranges.owners())?);
                edited.map(KeyRanges::Unsigned).map(Self::Range)
            }
            Self::Range(KeyRanges::Bytes(ranges)) => {
                let edited = Ranges::new(edit.of(ranges.owners())?);
                edited.map(KeyRanges::Bytes).map(Self::Range)
            }
            Self::Md5Mod { key, slots } => {
                let edited = Slots::new(slots.modulo(), edit.of(slots.owners())?);
                edited.map(|slots| Self::Md5Mod { key: *key, slots })
            }
            Self::Lookup(values) => {
                Values::new(values.key_type(), edit.of(values.owners())?).map(Self::Lookup)
            }
        };
        function.map_err(EditRefusal::Whole)
    }
}

impl Keyspace {
    /// Gives a part of `shard` to a new one on `cluster`, which takes writes if
    /// `shard` does.
    pub fn split(
        &self,
        shard: &ShardName,
        cut: &Cut,
        new: ShardName,
        cluster: ClusterName,
    ) -> Result<Self, EditError> {
        self.edited(|| {
            let at = self.place(shard)?;
            if self.shard(&new).is_some() {
                return Err(EditRefusal::NameTaken { shard: new });
            }
            let new = Shard {
                name: new,
                cluster,
                writes: self.shards()[at].writes,
            };
            Ok(Edit::Split { at, cut, new })
        })
    }

    /// Gives all that `other` owns to `into`, and removes `other`.
    pub fn merge(&self, into: &ShardName, other: &ShardName) -> Result<Self, EditError> {
        self.edited(|| {
            let edit = Edit::Merge {
                into: self.place(into)?,
                other: self.place(other)?,
            };
            if into == other {
                return Err(EditRefusal::Itself {
                    shard: into.clone(),
                });
            }
            Ok(edit)
        })
    }

    /// Says that another cluster holds the rows of `shard`.
    pub fn move_to(&self, shard: &ShardName, cluster: ClusterName) -> Result<Self, EditError> {
        self.edited(|| {
            let at = self.place(shard)?;
            let old = &self.shards()[at];
            if old.cluster == cluster {
                return Err(EditRefusal::AlreadyThere {
                    shard: shard.clone(),
                    cluster,
                });
            }
            let by = Shard {
                cluster,
                ..old.clone()
            };
            Ok(Edit::Replace { at, by })
        })
    }

    /// Holds the writes of `shard`, or lets them go on.
    pub fn with_writes(&self, shard: &ShardName, writes: Writes) -> Result<Self, EditError> {
        self.edited(|| {
            let at = self.place(shard)?;
            let by = Shard {
                writes,
                ..self.shards()[at].clone()
            };
            Ok(Edit::Replace { at, by })
        })
    }

    fn edited<'a>(
        &self,
        edit: impl FnOnce() -> Result<Edit<'a>, EditRefusal>,
    ) -> Result<Self, EditError> {
        match edit().and_then(|edit| self.function.edited(edit)) {
            Ok(function) => Ok(Self {
                name: self.name.clone(),
                function,
            }),
            Err(refusal) => Err(EditError {
                keyspace: self.name.clone(),
                refusal: Box::new(refusal),
            }),
        }
    }

    /// Where a shard stands among the others.
    fn place(&self, name: &ShardName) -> Result<usize, EditRefusal> {
        let mut shards = self.shards().iter();
        let place = shards.position(|shard| shard.name == *name);
        place.ok_or_else(|| EditRefusal::NoSuchShard {
            shard: name.clone(),
            there: self
                .shards()
                .iter()
                .map(|shard| shard.name.clone())
                .collect(),
        })
    }
}
