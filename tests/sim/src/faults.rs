//! What goes wrong, how long it lasts, and the operator who stops and starts
//! replicas and rebuilds the quarantined ones.

use lictor_domain::{NodeReport, ReceiverState};
use lictor_engine::message::Event;
use lictor_engine::view::NodeView;

use crate::agenda::{MS, Micros, SECOND};
use crate::mysqld::{Channel, Process};
use crate::network::{Place, Way};
use crate::world::{Happening, World};

/// Between two keepalives of a standing connection.
const KEEPALIVE: Micros = 5 * SECOND;
/// No server boots faster.
const BOOT: Micros = 700 * MS;

/// Something that went wrong and has an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A process died; it is started again.
    Crash(Place),
    /// A process hung; it goes on.
    Hang(Place),
    /// A host lost its power; it boots.
    PowerLoss(Place),
}

impl World {
    /// Something goes wrong, often more than one thing at once.
    pub fn fault(&mut self) {
        if self.now() >= self.calm_at {
            return;
        }
        let things = if self.dice.percent(30) { 2 } else { 1 };
        for _ in 0..things {
            self.one_fault();
        }
        let next = if self.dice.percent(25) {
            self.dice.time(0..=150 * MS)
        } else {
            self.dice.time(200 * MS..=4 * SECOND)
        };
        self.agenda.plan(next, Happening::Fault);
    }

    fn one_fault(&mut self) {
        let place = self.victim();
        let other = self.dice.number(0..=self.nodes.len() - 1);
        let long = self.dice.percent(50);
        let lasts = if long {
            self.dice.time(SECOND..=7 * SECOND)
        } else {
            self.dice.time(50 * MS..=SECOND)
        };
        let boots = lasts.max(BOOT);
        match self.dice.number(0..=99) {
            0..=29 => self.strike(Fault::Crash(place), boots),
            30..=47 => self.strike(Fault::Hang(place), lasts),
            48..=53 => self.strike(Fault::PowerLoss(place), lasts + SECOND),
            54..=69 => self.cut(Way::Lictor(place), lasts),
            70..=79 if place != other => self.cut(Way::between(place, other), lasts),
            80..=82 => {
                for place in 0..self.nodes.len() {
                    self.cut(Way::Lictor(place), lasts);
                }
            }
            83..=88 => self.leader_dies(),
            89..=93 => {
                self.note(|| format!("both stores are away for {} ms", lasts / MS));
                self.store.fail_until(self.now() + lasts);
            }
            _ => self.operator_stops(other),
        }
    }

    /// The primary more often than another.
    fn victim(&mut self) -> Place {
        let primary = self.nodes.iter().position(|node| node.writable);
        match primary.filter(|_| self.dice.percent(60)) {
            Some(primary) => primary,
            None => self.dice.number(0..=self.nodes.len() - 1),
        }
    }

    fn cut(&mut self, way: Way, lasts: Micros) {
        let now = self.now();
        self.note(|| format!("{way:?} is cut for {} ms", lasts / MS));
        self.network.cut(way, now + lasts);
    }

    fn strike(&mut self, fault: Fault, lasts: Micros) {
        let now = self.now();
        let (place, process) = match fault {
            Fault::Crash(place) => (place, Process::Dead),
            Fault::PowerLoss(place) => (place, Process::Off),
            Fault::Hang(place) => (place, Process::Hung),
        };
        let node = &mut self.nodes[place];
        if !node.runs() {
            return;
        }
        if process == Process::Hung {
            node.turn(process, now);
        } else {
            node.die(process, now);
        }
        node.looked_after |= self.leader.is_none();
        let name = node.name.clone();
        self.note(|| format!("{name} is {process:?} for {} ms", lasts / MS));
        if process == Process::Dead {
            self.break_connections(place);
        }
        self.agenda.plan(lasts, Happening::Mend(fault));
    }

    /// A process that ends closes its connections.
    fn break_connections(&mut self, place: Place) {
        self.stir_replicas(place);
        let name = self.nodes[place].name.clone();
        if self.passes(Way::Lictor(place)) {
            let eof = self.dice.time(MS..=90 * MS);
            self.tell_later(eof, Event::ConnectionLost { node: name });
        }
    }

    /// Something that went wrong is over.
    pub fn mend(&mut self, fault: Fault) {
        let now = self.now();
        let place = match fault {
            Fault::Crash(place) | Fault::Hang(place) | Fault::PowerLoss(place) => place,
        };
        let node = &mut self.nodes[place];
        let expected = match fault {
            Fault::Crash(_) => Process::Dead,
            Fault::Hang(_) => Process::Hung,
            Fault::PowerLoss(_) => Process::Off,
        };
        if node.process != expected {
            return;
        }
        node.turn(Process::Running, now);
        let name = node.name.clone();
        self.note(|| format!("{name} runs again"));
        if expected == Process::Off {
            // No end was sent when the power went; the booted host resets what
            // the next keepalive asks for.
            let reset = self.dice.time(MS..=KEEPALIVE);
            self.tell_later(reset, Event::ConnectionLost { node: name });
        }
        self.release_stuck();
    }

    /// Everything is repaired at once: the storm is over.
    pub fn calm_down(&mut self) {
        self.note(|| "everything is repaired".to_owned());
        self.network.mend();
        for place in 0..self.nodes.len() {
            let node = &self.nodes[place];
            let fault = match node.process {
                Process::Running => continue,
                Process::Dead => Fault::Crash(place),
                Process::Hung => Fault::Hang(place),
                Process::Off => Fault::PowerLoss(place),
            };
            let booted = node.since + BOOT;
            self.agenda.plan_at(booted, Happening::Mend(fault));
        }
        self.release_stuck();
    }

    fn operator_stops(&mut self, place: Place) {
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
    /// during a recovery and never towards a deposed primary; rebuilds what is
    /// quarantined.
    pub fn operate(&mut self) {
        if !self.ledger.calmed && self.now() >= self.calm_at {
            self.ledger.calmed = true;
            self.calm_down();
        }
        let Some(leader) = &self.leader else { return };
        if leader.keeper.recovery().is_some() || leader.keeper.inherited().is_some() {
            return;
        }
        let Some(primary) = self.place(&leader.keeper.cluster().primary) else {
            return;
        };
        for place in 0..self.nodes.len() {
            if self.is_left_stopped(place, primary) && self.dice.percent(10) {
                self.nodes[place].start_receiver(true);
                let name = self.nodes[place].name.clone();
                self.note(|| format!("the operator starts the receiver of {name}"));
            }
            if self.needs_rebuilding(place, primary) && self.dice.percent(10) {
                self.rebuild(place, primary);
            }
        }
    }

    /// Whether a replica is the operator's to start: he looks at what Lictor
    /// shows before he touches anything.
    fn is_left_stopped(&self, place: Place, primary: Place) -> bool {
        let node = &self.nodes[place];
        let channel = node.channel.as_ref().filter(|c| c.source == primary);
        let idle = channel.is_some_and(|c| !c.is_told_to_receive() || !c.applying);
        let leader = self.leader.as_ref();
        let seen = leader.map(|leader| leader.keeper.view().node(&node.name));
        let shown = seen.filter(|seen| seen.silence.is_none());
        let shown = shown.and_then(NodeView::report);
        let his = node.stopped_by_operator || (self.ledger.calmed && node.looked_after);
        his && idle && node.runs() && shown.is_some_and(is_idle)
    }

    fn needs_rebuilding(&self, place: Place, primary: Place) -> bool {
        let leader = self.leader.as_ref();
        let defined =
            leader.and_then(|leader| leader.keeper.cluster().node(&self.nodes[place].name));
        let quarantined = defined.is_some_and(|node| node.quarantine.is_some());
        let donor = &self.nodes[primary];
        let extra = self.nodes[place].holds().subtract(&donor.executed);
        let diverged = self.ledger.calmed && !extra.without_origin(donor.uuid.0).is_empty();
        let both_run = self.nodes[place].runs() && donor.runs();
        (quarantined || diverged)
            && place != primary
            && both_run
            && !self.is_errant_elsewhere(place, primary)
    }

    /// Another still holds what this one numbered and the donor lacks. A real
    /// rebuild makes a server with another UUID; here it keeps its own, and must
    /// not look as if it had lost them.
    fn is_errant_elsewhere(&self, place: Place, donor: Place) -> bool {
        let uuid = self.nodes[place].uuid.0;
        let mut others = self.nodes.iter().filter(|node| node.place != place);
        others.any(|node| {
            let extra = node.holds().subtract(&self.nodes[donor].executed);
            extra != extra.without_origin(uuid)
        })
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
