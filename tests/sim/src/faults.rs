//! How what goes wrong comes about, and how it ends.

use std::time::Duration;

use lictor_engine::leadership::Store;
use lictor_engine::message::Event;

use crate::agenda::{MS, Micros, SECOND};
use crate::invariants::Premise;
use crate::mysqld::{Mysqld, Process};
use crate::network::{Place, Way};
use crate::scenario::{Lost, Trouble, Victim, What};
use crate::world::{Happening, World};

/// Between two keepalives of a standing connection.
const KEEPALIVE: Micros = 5 * SECOND;
/// A leader that has seen a server within this knows how it stands.
const SEEN: Duration = Duration::from_secs(1);
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
            What::Isolated(victim) => {
                let place = self.victim(victim);
                self.cut(Way::Lictor(place), lasts);
                for other in (0..self.nodes.len()).filter(|other| *other != place) {
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
            What::OperatorFailsOver => self.operator_fails_over(),
            What::OperatorRebuilds(place) => self.operator_rebuilds(place),
            What::Maintenance(place) => self.maintenance(place, lasts),
            What::Pause => self.pause(lasts),
            What::ModeIs(mode) => self.mode_is(mode, lasts),
            What::AcksAre(acks) => self.acks_are(acks, lasts),
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

    /// A server goes down, or hangs, for a time.
    pub fn strike(&mut self, fault: Fault, lasts: Micros) {
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
        let unacknowledged = !node.pending.is_empty() && process != Process::Hung;
        if process == Process::Hung {
            node.turn(process, now);
        } else {
            node.die(process, now);
        }
        node.looked_after |= nobody_leads;
        let name = node.name.clone();
        self.note(|| format!("{name} is {process:?} for {} ms", lasts / MS));
        self.ledger.premises.saw(match fault {
            Fault::Crash(_) => Premise::Crashed,
            Fault::Hang(_) => Premise::Hung,
            Fault::PowerLoss(_) => Premise::PowerLost,
        });
        if unacknowledged {
            self.ledger.premises.saw(Premise::RestartedUnacknowledged);
        }
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
        if self.lost == Some(place) {
            return;
        }
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

    /// The one that is never repaired is struck once more.
    fn lose_one(&mut self) {
        let Some(Lost { victim, hangs }) = self.scenario.lost else {
            return;
        };
        let place = self.victim(victim);
        let is_primary = self.nodes[place].writable || self.is_primary(place);
        if self.is_rebuilt(place) || is_primary && !self.can_spare(place) {
            return;
        }
        let fault = if hangs {
            Fault::Hang(place)
        } else {
            Fault::Crash(place)
        };
        self.strike(fault, BOOT);
        self.lost = Some(place);
        self.note(|| format!("node {} is lost for good", place + 1));
        self.ledger.premises.saw(Premise::MinorityLost);
        if is_primary {
            self.ledger.premises.saw(Premise::PrimaryLost);
        }
    }

    fn is_primary(&self, place: Place) -> bool {
        let cluster = self.leader().map(|leader| leader.keeper.cluster());
        cluster.is_none_or(|cluster| cluster.primary == self.nodes[place].name)
    }

    /// Whoever shall start it again would wait for ever, and no other is rebuilt.
    fn is_rebuilt(&self, place: Place) -> bool {
        let desk = self.leader().map(|leader| leader.keeper.rebuilds());
        let running = desk.and_then(|desk| desk.running());
        running.is_some_and(|record| record.node == self.nodes[place].name)
    }

    /// Whether the others are healthy: they follow this primary, whose commits wait
    /// for them, and a leader has seen it. Without that there is no proof against
    /// it, or no witness, and a failover is the operator's to force.
    fn can_spare(&self, primary: Place) -> bool {
        let node = &self.nodes[primary];
        let healthy = |other: &Mysqld| {
            let channel = other.channel.as_ref();
            let follows = channel.is_some_and(|c| c.source == primary && c.is_connected());
            other.runs() && follows && channel.is_some_and(|c| c.applying)
        };
        let mut others = self.nodes.iter().filter(|other| other.place != primary);
        let known = self.leader().is_some_and(|leader| {
            let keeper = &leader.keeper;
            let idle = keeper.recovery().is_none() && keeper.inherited().is_none();
            let mut nodes = keeper.cluster().nodes.iter();
            let sound = nodes.all(|node| node.quarantine.is_none());
            let time = leader.clock.at(self.now());
            let seen = keeper.view().primary().fresh_report(time, SEEN);
            let known = keeper.view().effective_acks() as usize == self.scenario.acks;
            idle && sound && known && seen.is_some() && self.in_charge() == Some(leader.reign)
        });
        let enforcing = node.waits_for == Some(self.scenario.acks);
        node.runs() && node.writable && enforcing && known && others.all(healthy)
    }

    /// Everything is repaired at once, but for the one that is lost: the storm is
    /// over.
    pub fn calm_down(&mut self) {
        self.note(|| "everything is repaired".to_owned());
        self.lose_one();
        self.network.mend();
        self.subscribers_return();
        self.contenders_reach_the_stores();
        for place in (0..self.nodes.len())
            .filter(|place| self.lost != Some(*place))
            .collect::<Vec<_>>()
        {
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
