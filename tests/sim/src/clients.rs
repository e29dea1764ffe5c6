//! Clients that write all the time to where the last route said, and what they
//! are told.

use lictor_domain::gtid::Gtid;
use lictor_domain::{ClusterRoute, Epoch};

use crate::agenda::{MS, Micros, SECOND};
use crate::flaw::Flaw;
use crate::invariants::{self};
use crate::network::Place;
use crate::world::{Happening, World};

/// A client sends no more while so many of its commits wait at a server.
const MOST_WAITING: usize = 12;
/// A wrong server falls back after this.
const FALLS_BACK: Micros = 60 * MS;

/// One client.
#[derive(Debug)]
pub struct Client {
    epoch: Epoch,
    revision: u64,
    /// Where it writes.
    pub writer: Option<Place>,
}

impl Client {
    /// A client that writes there.
    #[must_use]
    pub fn at(place: Place) -> Self {
        Self {
            epoch: Epoch::default(),
            revision: 0,
            writer: Some(place),
        }
    }
}

impl World {
    /// A client writes.
    pub fn write(&mut self, client: usize) {
        let pause = self.dice.time(15 * MS..=60 * MS);
        self.agenda.plan(pause, Happening::Write(client));
        let Some(place) = self.clients[client].writer else {
            return;
        };
        let now = self.now();
        if self.nodes[place].pending.len() < MOST_WAITING && self.nodes[place].write(now).is_some()
        {
            self.stir_replicas(place);
        }
        if self.flaw == Flaw::TrustsAFallBack && self.nodes[place].runs() {
            let done = self.nodes[place].fall_back(now.saturating_sub(FALLS_BACK));
            self.tell_clients(place, done);
        }
    }

    /// Commits were acknowledged to their clients.
    pub fn tell_clients(&mut self, place: Place, done: Vec<Gtid>) {
        for gtid in done {
            if let Some(breach) = invariants::no_lost_write::at_acknowledgement(self, place, &gtid)
            {
                self.break_off(breach);
            }
            self.ledger.acknowledge(gtid, place, self.agenda.now());
        }
    }

    /// A route goes to every client; some hear of it late.
    pub fn send_route(&mut self, route: &ClusterRoute) {
        self.revision += 1;
        for client in 0..self.clients.len() {
            let delay = if self.dice.percent(5) {
                self.dice.time(100 * MS..=3 * SECOND)
            } else {
                self.dice.hop()
            };
            let happening = Happening::Route(client, self.revision, route.clone());
            self.agenda.plan(delay, happening);
        }
    }

    /// A route arrives; an older one is refused.
    pub fn route(&mut self, client: usize, revision: u64, route: &ClusterRoute) {
        let place = route.writer().and_then(|writer| self.place(&writer.node));
        let client = &mut self.clients[client];
        if revision > client.revision && route.epoch >= client.epoch {
            client.revision = revision;
            client.epoch = route.epoch;
            client.writer = place;
        }
    }
}
