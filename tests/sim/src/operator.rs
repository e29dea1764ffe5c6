//! The operator's own hands: he stops and starts replicas, works on those that are
//! in maintenance, and rebuilds what Lictor does not.

use lictor_domain::{NodeReport, RebuildPolicy, ReceiverState};
use lictor_engine::tree::Moment;
use lictor_engine::view::NodeView;

use crate::agenda::{MS, Micros, SECOND};
use crate::faults::Fault;
use crate::leader::engine_time;
use crate::mysqld::{Channel, Mysqld};
use crate::network::Place;
use crate::world::World;

/// So long after all was repaired the operator leaves rebuilding to Lictor.
const BY_HAND: Micros = 20 * SECOND;

impl World {
    /// He stops a replica's receiver, for reasons of his own.
    pub fn operator_stops(&mut self, place: Place) {
        let node = &mut self.nodes[place];
        let receives = node
            .channel
            .as_ref()
            .is_some_and(Channel::is_told_to_receive);
        if node.writable || !node.runs() || !receives {
            return;
        }
        node.stop_receiver();
        node.stopped_by_operator = true;
        node.looked_after = true;
        let name = node.name.clone();
        self.note(|| format!("the operator stops the receiver of {name}"));
    }

    /// What a careful operator does: starts what was stopped by hand, never
    /// during a recovery and never towards a deposed primary; has rebuilt what is
    /// quarantined.
    pub fn operate(&mut self) {
        self.work_on_nodes();
        if self.ledger.calmed {
            self.restore_definition();
        }
        let Some(leader) = self.leader() else { return };
        if leader.keeper.recovery().is_some() || leader.keeper.inherited().is_some() {
            return;
        }
        let Some(primary) = self.place(&leader.keeper.cluster().primary) else {
            return;
        };
        if self.needs_opening(primary) && self.dice.percent(10) {
            self.open_by_hand(primary);
        }
        for place in 0..self.nodes.len() {
            if self.is_left_stopped(place) && self.dice.percent(10) {
                self.nodes[place].start_receiver(true);
                let name = self.nodes[place].name.clone();
                self.note(|| format!("the operator starts the receiver of {name}"));
            }
        }
        self.have_rebuilt(primary);
    }

    /// In maintenance a node is restarted, and its receiver stopped.
    fn work_on_nodes(&mut self) {
        for place in 0..self.nodes.len() {
            if !self.is_worked_on(place) || self.ledger.calmed {
                continue;
            }
            match self.dice.number(0..=19) {
                0 => self.operator_stops(place),
                1 => {
                    let lasts = self.dice.time(700 * MS..=2 * SECOND);
                    self.strike(Fault::Crash(place), lasts);
                }
                _ => {}
            }
        }
    }

    /// What is quarantined Lictor rebuilds, by itself or by order; what has diverged
    /// otherwise the operator rebuilds by hand when all is calm.
    fn have_rebuilt(&mut self, primary: Place) {
        let leader = self.leader();
        if leader.is_some_and(|leader| leader.keeper.rebuilds().running().is_some()) {
            return;
        }
        if !self.dice.percent(10) {
            return;
        }
        let waited = self.ledger.calmed && self.now() > self.calm_at + BY_HAND;
        if waited || self.scenario.rebuild == RebuildPolicy::Manual {
            let mut quarantined: Vec<Place> = (0..self.nodes.len()).collect();
            quarantined.retain(|place| self.is_quarantined(*place));
            if let Some(place) = self.dice.one(&quarantined) {
                return self.operator_rebuilds(place);
            }
        }
        if self.ledger.calmed {
            for place in self.to_be_rebuilt(primary) {
                self.rebuild(place, primary);
            }
        }
    }

    fn is_quarantined(&self, place: Place) -> bool {
        let leader = self.leader();
        let name = &self.nodes[place].name;
        let defined = leader.and_then(|leader| leader.keeper.cluster().node(name));
        self.nodes[place].runs() && defined.is_some_and(|node| node.quarantine.is_some())
    }

    /// A primary that booted while nobody led looks, without semi-sync, like one
    /// that was closed by hand.
    fn needs_opening(&self, primary: Place) -> bool {
        let node = &self.nodes[primary];
        let asynchronous = self.scenario.acks == 0;
        asynchronous && self.ledger.calmed && node.runs() && !node.writable
    }

    /// He closes whoever else is open first.
    fn open_by_hand(&mut self, primary: Place) {
        let other = |node: &&mut Mysqld| node.place != primary && node.writable;
        if let Some(other) = self.nodes.iter_mut().find(other) {
            if other.runs() {
                other.close();
                let name = other.name.clone();
                self.note(|| format!("the operator closes {name}"));
            }
            return;
        }
        self.nodes[primary].open(0);
        let name = self.nodes[primary].name.clone();
        self.note(|| format!("the operator opens {name}"));
    }

    /// Whether a replica is the operator's to start: he looks at what Lictor
    /// shows before he touches anything.
    fn is_left_stopped(&self, place: Place) -> bool {
        let node = &self.nodes[place];
        let source = self.shown_source(place);
        let channel = node.channel.as_ref().filter(|c| Some(c.source) == source);
        let idle = channel.is_some_and(|c| !c.is_told_to_receive() || !c.applying);
        let leader = self.leader();
        let seen = leader.map(|leader| leader.keeper.view().node(&node.name));
        let shown = seen.filter(|seen| seen.silence.is_none());
        let shown = shown.and_then(NodeView::report);
        let his = node.stopped_by_operator || (self.ledger.calmed && node.looked_after);
        his && idle && node.runs() && shown.is_some_and(is_idle)
    }

    /// Whom Lictor shows as the source that a node is to follow now.
    #[must_use]
    pub fn shown_source(&self, place: Place) -> Option<Place> {
        let leader = self.leader()?;
        let moment = Moment {
            view: leader.keeper.view(),
            timing: leader.keeper.timing(),
            now: engine_time(leader.clock, self.now()).mono,
        };
        self.place(&moment.source(&self.nodes[place].name)?.name)
    }

    /// Those that have diverged, and follow all the same. A server keeps its UUID, and
    /// must not look as if it had lost what it numbered: whoever else holds that is
    /// rebuilt with it.
    fn to_be_rebuilt(&self, primary: Place) -> Vec<Place> {
        let places = 0..self.nodes.len();
        let mut spoilt: Vec<Place> = places.filter(|p| self.is_spoilt(*p, primary)).collect();
        loop {
            let together = spoilt.clone();
            spoilt.retain(|place| {
                let mut holders = self.holders_of_its_own(*place, primary);
                holders.all(|holder| together.contains(&holder))
            });
            if spoilt == together {
                return spoilt;
            }
        }
    }

    fn is_spoilt(&self, place: Place, primary: Place) -> bool {
        let donor = &self.nodes[primary];
        let extra = self.nodes[place].holds().subtract(&donor.executed);
        let diverged = !extra.without_origin(donor.uuid.0).is_empty();
        let both_run = self.nodes[place].runs() && donor.runs();
        diverged && !self.is_quarantined(place) && place != primary && both_run
    }

    /// Who else holds what this one numbered and the donor lacks.
    fn holders_of_its_own(&self, place: Place, donor: Place) -> impl Iterator<Item = Place> {
        let uuid = self.nodes[place].uuid.0;
        let others = self.nodes.iter().filter(move |node| node.place != place);
        let holders = others.filter(move |node| {
            let extra = node.holds().subtract(&self.nodes[donor].executed);
            extra != extra.without_origin(uuid)
        });
        holders.map(|node| node.place)
    }

    fn rebuild(&mut self, place: Place, donor: Place) {
        let now = self.now();
        let data = self.nodes[donor].executed.clone();
        self.nodes[place].clone_from_donor(&data, now);
        let name = self.nodes[place].name.clone();
        self.note(|| format!("the operator rebuilds {name} from {}", donor + 1));
        self.break_connections(place);
    }
}

fn is_idle(report: &NodeReport) -> bool {
    let replication = report.replication.as_ref();
    replication.is_some_and(|r| r.receiver == ReceiverState::Stopped || !r.applier_running)
}
