//! Which ways are cut. Clients reach every server that lives; only the ways of
//! `lictord` and between servers are ever cut, in both directions at once.

use std::collections::BTreeMap;

use crate::agenda::Micros;

/// A server's place in the world, from 0.
pub type Place = usize;

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Between `lictord` and a server.
    Lictor(Place),
    /// Between two servers, the lower place first.
    Servers(Place, Place),
}

impl Way {
    /// The way between two servers.
    #[must_use]
    pub fn between(one: Place, other: Place) -> Self {
        Self::Servers(one.min(other), one.max(other))
    }
}

/// The network.
#[derive(Debug, Default)]
pub struct Network {
    cut_until: BTreeMap<Way, Micros>,
}

impl Network {
    /// Cuts a way until a moment, or for longer if it is cut already.
    pub fn cut(&mut self, way: Way, until: Micros) {
        let slot = self.cut_until.entry(way).or_default();
        *slot = until.max(*slot);
    }

    /// Whether a way is cut at this moment.
    #[must_use]
    pub fn is_cut(&self, way: Way, now: Micros) -> bool {
        self.cut_until.get(&way).is_some_and(|until| now < *until)
    }

    /// Mends every way.
    pub fn mend(&mut self) {
        self.cut_until.clear();
    }
}
