//! How what goes wrong comes about, and how it ends.

use lictor_engine::leadership::Store;
use lictor_engine::message::Event;

use crate::agenda::{MS, Micros, SECOND};
use crate::mysqld::Process;
use crate::network::{Place, Way};
use crate::scenario::{Trouble, Victim, What};
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
    /// Something goes wrong.
    pub fn trouble(&mut self, trouble: &Trouble) {
        let lasts = trouble.lasts;
        let until = self.now() + lasts;
        match trouble.what {
            What::Crash(victim) => self.strike(Fault::Crash(self.victim(victim)), lasts.max(BOOT)),
            What::Hang(victim) => self.strike(Fault::Hang(self.victim(victim)), lasts),
            What::PowerLoss(victim) => {
                self.strike(
                    Fault::PowerLoss(self.victim(victim)),
                    lasts.max(BOOT) + SECOND,
                );
            }
            What::Slow(victim) => {
                let place = self.victim(victim);
                self.note(|| format!("node {} is slow for {} ms", place + 1, lasts / MS));
                self.nodes[place].slow_until = until;
            }
            What::CutOff(victim) => self.cut(Way::Lictor(self.victim(victim)), lasts),
            What::Apart(victim, other) => {
                let place = self.victim(victim);
                if place != other {
                    self.cut(Way::between(place, other), lasts);
                }
            }
            What::Alone => {
                for place in 0..self.nodes.len() {
                    self.cut(Way::Lictor(place), lasts);
                }
            }
            What::LeaderDies => self.leader_dies(),
            What::StoresOut => {
                self.note(|| format!("both stores are away for {} ms", lasts / MS));
                for store in Store::BOTH {
                    self.store.fail_until(store, until);
                }
            }
            What::StoreOut(store) => {
                self.note(|| format!("{store} is away for {} ms", lasts / MS));
                self.store.fail_until(store, until);
            }
            What::LeaderPauses => self.leader_pauses(until),
            What::LeaderLoses(store) => self.leader_loses(store, until),
            What::OperatorStops(place) => self.operator_stops(place),
            What::OperatorSwitches => self.operator_switches(),
            What::SubscriberLeaves(who) => self.subscriber_leaves(who, until),
            What::SubscriberLags(who) => self.subscriber_lags(who, until),
        }
    }

    fn victim(&self, victim: Victim) -> Place {
        match victim {
            Victim::Node(place) => place,
            Victim::Primary => {
                let primary = self.nodes.iter().position(|node| node.writable);
                primary.unwrap_or_default()
            }
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
        let nobody_leads = self.leaders.is_empty();
        let node = &mut self.nodes[place];
        if !node.runs() {
            return;
        }
        if process == Process::Hung {
            node.turn(process, now);
        } else {
            node.die(process, now);
        }
        node.looked_after |= nobody_leads;
        let name = node.name.clone();
        self.note(|| format!("{name} is {process:?} for {} ms", lasts / MS));
        if process == Process::Dead {
            self.break_connections(place);
        }
        self.agenda.plan(lasts, Happening::Mend(fault));
    }

    /// A process that ends closes its connections.
    pub fn break_connections(&mut self, place: Place) {
        self.stir_replicas(place);
        let name = self.nodes[place].name.clone();
        if self.passes(Way::Lictor(place)) {
            let eof = self.dice.time(MS..=90 * MS);
            self.tell_later(eof, &Event::ConnectionLost { node: name });
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
            self.tell_later(reset, &Event::ConnectionLost { node: name });
        }
        self.release_stuck();
    }

    /// Everything is repaired at once: the storm is over.
    pub fn calm_down(&mut self) {
        self.note(|| "everything is repaired".to_owned());
        self.network.mend();
        self.subscribers_return();
        self.contenders_reach_the_stores();
        for place in 0..self.nodes.len() {
            let node = &mut self.nodes[place];
            node.slow_until = 0;
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
}
