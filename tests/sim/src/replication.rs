//! How transactions and acknowledgements travel between servers.

use lictor_domain::{GtidSet, ReceiverState};

use crate::agenda::{MS, Micros};
use crate::invariants::Premise;
use crate::mysqld::{HEARTBEAT, NET_TIMEOUT, Process};
use crate::network::{Place, Way};
use crate::world::{Happening, World};

/// Before a packet that was lost is sent again.
const RETRANSMIT: Micros = 100 * MS;
/// Before a broken connection is noticed by the other end, at most.
const NOTICED: Micros = 20 * MS;

impl World {
    /// A replica's regular word from its source.
    pub fn heartbeat(&mut self, place: Place) {
        self.agenda.plan(HEARTBEAT, Happening::Heartbeat(place));
        self.fetch(place);
        self.apply(place);
    }

    /// A replica fetches what is new, or learns that it cannot.
    pub fn fetch(&mut self, place: Place) {
        let now = self.now();
        let replica = &self.nodes[place];
        let Some(channel) = replica
            .channel
            .as_ref()
            .filter(|channel| channel.is_told_to_receive())
        else {
            return;
        };
        if !replica.runs() {
            return;
        }
        let source_place = channel.source;
        let passes = self.passes(Way::between(place, source_place));
        let source = &self.nodes[source_place];
        let (process, life, log) = (source.process, source.life, source.binlog());
        let awaited = source.awaits(place);
        let held = replica.holds();
        if !passes {
            self.ledger.premises.saw(Premise::ServersApart);
        }
        let Some(channel) = self.nodes[place].channel.as_mut() else {
            return;
        };
        if !passes || process != Process::Running {
            let refused = passes && process == Process::Dead;
            let deaf = channel.heard_at.is_none_or(|at| now > at + NET_TIMEOUT);
            if refused || deaf {
                channel.receiver = ReceiverState::Connecting;
                channel.failed = true;
            }
            return;
        }
        if channel.heard_at.is_none_or(|at| now > at + 2 * HEARTBEAT) {
            channel.back_at = now;
        }
        channel.receiver = ReceiverState::Running;
        channel.failed = false;
        channel.heard_at = Some(now);
        let new = log.subtract(&held);
        // Who connects holding something already acknowledges it as well.
        if new.is_empty() && !awaited {
            return;
        }
        channel.relay = channel.relay.union(&new);
        let happening = Happening::Acknowledged {
            replica: place,
            source: source_place,
            life,
            held: held.union(&new),
        };
        let hop = self.hop_at(place);
        self.agenda.plan(hop, happening);
        let lag = self.dice.time(0..=10 * MS);
        self.agenda.plan(lag, Happening::Apply(place));
    }

    /// An acknowledgement arrives. What is on its way to a hung server waits
    /// there, and what is lost on a cut way is sent again.
    pub fn acknowledged(&mut self, replica: Place, source: Place, life: u64, held: GtidSet) {
        let server = &mut self.nodes[source];
        if server.life != life || !server.lives() {
            return;
        }
        let cut = self
            .network
            .is_cut(Way::between(replica, source), self.agenda.now());
        if cut || !server.runs() {
            let again = Happening::Acknowledged {
                replica,
                source,
                life,
                held,
            };
            self.agenda.plan(RETRANSMIT, again);
            return;
        }
        let done = server.acknowledged_by(replica, &held);
        self.tell_clients(source, done);
    }

    /// A replica applies some of what it received.
    pub fn apply(&mut self, place: Place) {
        if !self.nodes[place].runs() {
            return;
        }
        let slow = self.now() < self.nodes[place].slow_until;
        let most = if slow { 1 } else { self.dice.time(1..=8) };
        let more = self.nodes[place].apply(most);
        self.stir_replicas(place);
        if more {
            let pause = self.dice.time(MS..=30 * MS);
            self.agenda.plan(pause, Happening::Apply(place));
        }
    }

    /// Something changed at a source: its replicas will see it.
    pub fn stir_replicas(&mut self, source: Place) {
        for place in 0..self.nodes.len() {
            if self.nodes[place].receives_from(source) {
                let hop = self.dice.hop().min(NOTICED);
                self.agenda.plan(hop, Happening::Fetch(place));
            }
        }
    }
}
