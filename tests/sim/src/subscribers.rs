//! Subscribers: the push of a leader, the table that each keeps, and the writes
//! that it sends where its table says, all the time.
//!
//! A slow one is sent the latest state when it is ready, never a queue. One that
//! loses its connection finds a leader again, at times one that was deposed and
//! does not know it yet; what an old connection had still to give may come late.

use lictor_domain::gtid::Gtid;
use lictor_domain::{ClusterRoute, Epoch, RoutingDelta, RoutingTable};

use crate::agenda::{MS, Micros, SECOND};
use crate::flaw::Flaw;
use crate::invariants::{self, Premise};
use crate::leader::Reign;
use crate::network::Place;
use crate::world::{Happening, World};

/// A subscriber sends no more while so many commits wait at a server.
const MOST_WAITING: usize = 12;
/// A wrong server falls back after this.
const FALLS_BACK: Micros = 60 * MS;

/// One subscriber.
#[derive(Debug, Default)]
pub struct Subscriber {
    /// What it goes by.
    pub table: RoutingTable,
    /// The newest epoch it was ever sent, taken or not.
    pub told: Epoch,
    connection: Option<Connection>,
    connections: u64,
    away_until: Micros,
    slow_until: Micros,
}

#[derive(Debug)]
struct Connection {
    number: u64,
    reign: Reign,
    /// The table it leads to is on its way.
    sent: Option<RoutingTable>,
    busy: bool,
}

/// What a subscriber is sent.
#[derive(Clone, Debug)]
pub enum Update {
    /// The whole table.
    Snapshot(RoutingTable),
    /// What changed.
    Delta(RoutingDelta),
}

impl Update {
    fn routes(&self) -> Box<dyn Iterator<Item = &ClusterRoute> + '_> {
        match self {
            Self::Snapshot(table) => Box::new(table.clusters.values()),
            Self::Delta(delta) => Box::new(delta.clusters.changed.values()),
        }
    }
}

impl Subscriber {
    /// Where its table sends writes; there is one cluster.
    #[must_use]
    pub fn route(&self) -> Option<&ClusterRoute> {
        self.table.clusters.values().next()
    }
}

impl World {
    /// A subscriber without a connection looks for a leader.
    pub fn connect(&mut self, who: usize) {
        let pause = self.dice.time(100 * MS..=400 * MS);
        self.agenda.plan(pause, Happening::Connect(who));
        let now = self.now();
        self.keep_alive(who);
        if self.subscribers[who].connection.is_some() || now < self.subscribers[who].away_until {
            return;
        }
        let older = self.dice.percent(25);
        let leader = if older {
            self.leaders.first()
        } else {
            self.leaders.last()
        };
        let Some(reign) = leader.map(|leader| leader.reign) else {
            return;
        };
        let subscriber = &mut self.subscribers[who];
        subscriber.connections += 1;
        subscriber.connection = Some(Connection {
            number: subscriber.connections,
            reign,
            sent: None,
            busy: false,
        });
        self.push(who);
    }

    /// A connection breaks now and then; one to a process that is paused is given
    /// up after a while.
    fn keep_alive(&mut self, who: usize) {
        let connection = self.subscribers[who].connection.as_ref();
        let paused = connection.and_then(|connection| self.paused_until(connection.reign));
        let given_up = if paused.is_some() { 30 } else { 3 };
        if self.dice.percent(given_up) {
            self.subscribers[who].connection = None;
        }
    }

    /// A leader's table changed.
    pub fn push_to_all(&mut self) {
        for who in 0..self.subscribers.len() {
            self.push(who);
        }
    }

    /// Sends a subscriber what it has not been sent yet, if it is ready.
    fn push(&mut self, who: usize) {
        let connection = self.subscribers[who].connection.as_ref();
        if connection.is_some_and(|connection| self.paused_until(connection.reign).is_some()) {
            return;
        }
        let slow = self.now() < self.subscribers[who].slow_until;
        let delay = if slow {
            self.dice.time(300 * MS..=3 * SECOND)
        } else if self.dice.percent(5) {
            self.dice.time(100 * MS..=SECOND)
        } else {
            self.dice.hop()
        };
        let Some(connection) = self.subscribers[who].connection.as_mut() else {
            return;
        };
        let leader = self.leaders.iter().find(|l| l.reign == connection.reign);
        let Some(table) = leader.and_then(|leader| leader.table.as_ref()) else {
            return;
        };
        if connection.busy || connection.sent.as_ref() == Some(table) {
            return;
        }
        let update = match &connection.sent {
            None => Update::Snapshot(table.clone()),
            Some(sent) => Update::Delta(sent.diff(table)),
        };
        connection.busy = true;
        connection.sent = Some(table.clone());
        let happening = Happening::Delivered(who, connection.number, Box::new(update));
        self.agenda.plan(delay, happening);
    }

    /// Something pushed arrives.
    pub fn delivered(&mut self, who: usize, number: u64, update: Update) {
        let subscriber = &self.subscribers[who];
        let current = subscriber.connection.as_ref().map(|c| c.number) == Some(number);
        if !current && self.dice.percent(50) {
            return;
        }
        let taken = self.take(who, update);
        if !current {
            return;
        }
        if taken {
            let hop = self.dice.hop();
            self.agenda.plan(hop, Happening::Taken(who, number));
        } else {
            self.subscribers[who].connection = None;
        }
    }

    /// A subscriber takes an update, or refuses it.
    fn take(&mut self, who: usize, update: Update) -> bool {
        let subscriber = &mut self.subscribers[who];
        let newest = update.routes().map(|route| route.epoch).max();
        subscriber.told = subscriber.told.max(newest.unwrap_or_default());
        let before = Standing::of(subscriber);
        let result = match update {
            Update::Snapshot(table) if self.flaw == Flaw::AcceptsAnOlderRevision => {
                subscriber.table = table;
                Ok(())
            }
            Update::Snapshot(table) => subscriber.table.replace(table),
            Update::Delta(delta) => subscriber.table.apply(delta),
        };
        let after = Standing::of(subscriber);
        if after.epoch > before.epoch {
            self.ledger.premises.saw(Premise::EpochReachedSubscriber);
        }
        if let Some(breach) = invariants::epochs_rise::at_subscriber(who, &before, &after) {
            self.break_off(breach);
        }
        if let Err(error) = &result {
            self.ledger.premises.saw(Premise::OlderRouteRefused);
            self.note(|| format!("subscriber {who} refuses: {error}"));
        }
        result.is_ok()
    }

    /// A leader hears that its subscriber has taken what was sent.
    pub fn taken(&mut self, who: usize, number: u64) {
        let connection = self.subscribers[who].connection.as_mut();
        if let Some(connection) = connection.filter(|connection| connection.number == number) {
            connection.busy = false;
            self.push(who);
        }
    }

    /// A leader is gone, and with it its connections.
    pub fn end_connections(&mut self, reign: Reign) {
        for subscriber in &mut self.subscribers {
            if subscriber.connection.as_ref().map(|c| c.reign) == Some(reign) {
                subscriber.connection = None;
            }
        }
    }

    /// A subscriber loses its connection, and finds no other before `until`.
    pub fn subscriber_leaves(&mut self, who: usize, until: Micros) {
        self.note(|| format!("subscriber {who} is cut off"));
        self.subscribers[who].connection = None;
        self.subscribers[who].away_until = until;
    }

    /// A subscriber is slow.
    pub fn subscriber_lags(&mut self, who: usize, until: Micros) {
        self.note(|| format!("subscriber {who} is slow"));
        self.subscribers[who].slow_until = until;
    }

    /// Nothing keeps a subscriber away any more.
    pub fn subscribers_return(&mut self) {
        for subscriber in &mut self.subscribers {
            subscriber.away_until = 0;
            subscriber.slow_until = 0;
        }
    }

    /// Where a subscriber sends writes.
    #[must_use]
    pub fn writer_of(&self, subscriber: &Subscriber) -> Option<Place> {
        self.place(&subscriber.route()?.writer()?.node)
    }

    /// A subscriber writes.
    pub fn write(&mut self, who: usize) {
        let pause = self.dice.time(20 * MS..=90 * MS);
        self.agenda.plan(pause, Happening::Write(who));
        let Some(place) = self.writer_of(&self.subscribers[who]) else {
            return;
        };
        if let Some(breach) = invariants::never_older_writer::at_write(self, who, place) {
            self.break_off(breach);
        }
        let now = self.now();
        if self.nodes[place].pending.len() < MOST_WAITING {
            let done = self.nodes[place].write(now);
            self.stir_replicas(place);
            self.tell_clients(place, done);
        }
        if self.flaw == Flaw::TrustsAFallBack && self.nodes[place].runs() {
            let done = self.nodes[place].fall_back(now.saturating_sub(FALLS_BACK));
            self.tell_clients(place, done);
        }
    }

    /// Commits were acknowledged to their clients.
    pub fn tell_clients(&mut self, place: Place, done: Vec<Gtid>) {
        let waits_for = self.nodes[place].waits_for.unwrap_or_default();
        for gtid in done {
            if waits_for < self.scenario.acks {
                self.ledger.premises.saw(Premise::WroteLoosened);
            }
            self.ledger
                .acknowledge(gtid.clone(), place, self.agenda.now());
            if let Some(breach) = invariants::no_lost_write::at_acknowledgement(self, place, &gtid)
            {
                self.break_off(breach);
            }
        }
    }
}

/// How far a subscriber's table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its revision.
    pub revision: lictor_domain::Revision,
    /// The epoch of its cluster.
    pub epoch: Epoch,
}

impl Standing {
    fn of(subscriber: &Subscriber) -> Self {
        Self {
            revision: subscriber.table.revision,
            epoch: subscriber
                .route()
                .map(|route| route.epoch)
                .unwrap_or_default(),
        }
    }
}
