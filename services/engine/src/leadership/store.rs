//! The two stores, and a value for each.

use std::fmt;

/// A store that keeps a lease record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Store {
    /// One row.
    Postgres,
    /// One key.
    Consul,
}

impl Store {
    /// Both, in the order in which they are taken.
    pub const BOTH: [Self; 2] = [Self::Postgres, Self::Consul];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Postgres => Self::Consul,
            Self::Consul => Self::Postgres,
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "Postgres",
            Self::Consul => "Consul",
        })
    }
}

/// One value for each store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerStore<T> {
    /// That of Postgres.
    pub postgres: T,
    /// That of Consul.
    pub consul: T,
}

impl<T> PerStore<T> {
    /// The value of `store`.
    pub const fn get(&self, store: Store) -> &T {
        match store {
            Store::Postgres => &self.postgres,
            Store::Consul => &self.consul,
        }
    }

    /// The value of `store`, to be changed.
    pub const fn get_mut(&mut self, store: Store) -> &mut T {
        match store {
            Store::Postgres => &mut self.postgres,
            Store::Consul => &mut self.consul,
        }
    }

    /// Both values, in the order in which the stores are taken.
    pub const fn both(&self) -> [&T; 2] {
        [&self.postgres, &self.consul]
    }
}
