//! The world of the simulation: instances, stores, the network between them,
//! and what goes wrong.
//!
//! Time here is real time in microseconds; each instance sees it through a
//! clock of its own that runs up to the stated drift too fast or too slow.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use lictor_domain::Term;
use lictor_domain::lease::LeaseRecord;

use super::parts::{Clock, Dice, MS, Micros, SECOND, micros};
use crate::leadership::{
    CasAnswer, Command, Event, Leadership, LeaseTiming, PerStore, RoleStatus, Status,
    StepDownReason, Store, TermAnswer, Unreachable,
};

/// The longest that anything sent can still be under way.
pub(super) const LATEST: Micros = 3 * SECOND;

/// How long a slow store takes for an answer, at most; the deadline is shorter.
const SLOW: Micros = 400 * MS;

/// The complaint that matters most.
pub(super) const TWO_LEAD: &str = "two lead at one instant";

/// What a wrong implementation would do. Each must be caught, or the simulation
/// would prove nothing of the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    /// A holder trusts its lease as long as observers wait.
    NoMargin,
    /// A lease is counted from the answer, not from the issue of the write.
    CountsFromTheAnswer,
    /// Commands are sent until a step says stop, without a look at the clock.
    ActsWithoutLooking,
    /// A write that was not answered counts as made.
    TakesLostForWritten,
    /// Postgres is taken, Consul only pretended: each has one of its own.
    TakesOnlyOne,
}

#[derive(Default)]
pub(super) struct SimStore {
    pub(super) record: Option<LeaseRecord>,
    fence: Term,
    outage: Outage,
    out_until: Micros,
}

#[derive(Clone, Copy, Default)]
pub(super) enum Outage {
    #[default]
    Refuses,
    Hangs,
    /// It does what it is told, and its answers are lost.
    Mute,
    /// It does what it is told, and takes about a deadline for it.
    Slow,
}

impl Outage {
    pub(super) const ALL: [Self; 4] = [Self::Refuses, Self::Hangs, Self::Mute, Self::Slow];
}

pub(super) struct Instance {
    pub(super) machine: Leadership,
    clock: Clock,
    born: u64,
    pub(super) paused_until: Micros,
    cut_off_until: PerStore<Micros>,
    open: BTreeMap<u64, Command>,
    /// For [`Flaw::ActsWithoutLooking`].
    leads: bool,
    /// For [`Flaw::TakesOnlyOne`].
    own_consul: Option<LeaseRecord>,
}

#[derive(Clone)]
enum Happening {
    Wake,
    Arrive { question: u64, command: Command },
    Answer { question: u64, event: Event },
    Deadline { question: u64, event: Event },
    Fault,
}

/// One thing to happen: when, in which order, to which instance and which of
/// its lives.
struct Entry {
    at: Micros,
    order: u64,
    who: usize,
    born: u64,
    what: Happening,
}

impl Entry {
    fn key(&self) -> (Micros, u64) {
        (self.at, self.order)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl Instance {
    /// Makes a write look as if it had been issued only now.
    fn forget_issue(&mut self, command: Command, now: Micros) {
        if let Command::Cas { store, new, .. } = command {
            let now = self.clock.at(now);
            self.machine.slots.get_mut(store).cas_asked(new, now);
        }
    }
}

pub(super) struct World {
    dice: Dice,
    flaw: Flaw,
    timing: LeaseTiming,
    now: Micros,
    count: u64,
    queue: BinaryHeap<Reverse<Entry>>,
    pub(super) stores: PerStore<SimStore>,
    pub(super) instances: Vec<Instance>,
    turbulent: bool,
    pub(super) forgetful: bool,
    pub(super) led: Vec<Term>,
    pub(super) broken: Option<String>,
    seed: u64,
}

impl World {
    pub(super) fn new(seed: u64, flaw: Flaw) -> Self {
        let timing = LeaseTiming::default();
        let timing = LeaseTiming {
            margin: match flaw {
                Flaw::NoMargin => Duration::ZERO,
                _ if seed.is_multiple_of(2) => timing.lease / 10,
                _ => timing.margin,
            },
            ..timing
        };
        let mut world = Self {
            dice: Dice(seed),
            flaw,
            timing,
            now: 0,
            count: 0,
            queue: BinaryHeap::new(),
            stores: PerStore::default(),
            instances: Vec::new(),
            turbulent: false,
            forgetful: false,
            led: Vec::new(),
            broken: None,
            seed,
        };
        for who in 0..3 {
            let instance = world.newborn();
            world.instances.push(instance);
            let first_sign = world.dice.between(0, 300 * MS);
            world.schedule(first_sign, who, Happening::Wake);
        }
        world
    }

    fn newborn(&mut self) -> Instance {
        self.count += 1;
        let drift = u64::from(LeaseTiming::DRIFT_PERCENT) * 10 * MS;
        let id = format!("lictord-{}", self.count);
        Instance {
            machine: Leadership::new(&id, format!("http://{id}:7400"), self.timing),
            clock: Clock {
                origin: self.dice.between(0, 1_000_000 * SECOND),
                rate: match self.dice.between(0, 2) {
                    0 => SECOND - drift,
                    1 => SECOND,
                    _ => SECOND + drift,
                },
            },
            born: self.count,
            paused_until: 0,
            cut_off_until: PerStore::default(),
            open: BTreeMap::new(),
            leads: false,
            own_consul: None,
        }
    }

    fn schedule(&mut self, at: Micros, who: usize, what: Happening) {
        self.count += 1;
        self.queue.push(Reverse(Entry {
            at: at.max(self.now),
            order: self.count,
            who,
            born: self.instances.get(who).map_or(0, |one| one.born),
            what,
        }));
    }

    pub(super) fn complain(&mut self, what: impl Into<String>) {
        self.broken.get_or_insert(what.into());
    }

    /// Lets everything happen for `time`, or until an invariant breaks.
    pub(super) fn run(&mut self, time: Micros) {
        let end = self.now + time;
        while self.broken.is_none() {
            match self.queue.peek() {
                Some(Reverse(entry)) if entry.at <= end => {}
                _ => break,
            }
            let Some(Reverse(entry)) = self.queue.pop() else {
                break;
            };
            self.now = entry.at;
            self.happen(entry);
        }
        if self.broken.is_none() {
            self.now = end;
        }
    }

    fn happen(&mut self, entry: Entry) {
        let Entry {
            who, born, what, ..
        } = entry;
        match what {
            Happening::Fault => return self.fault(),
            Happening::Arrive { question, command } => {
                return self.arrive(who, born, question, &command);
            }
            _ => {}
        }
        let instance = &mut self.instances[who];
        if instance.born != born {
            return;
        }
        if instance.paused_until > self.now {
            // Which of several things a process meets first when it goes on is
            // anyone's guess.
            let later = instance.paused_until + self.dice.between(0, 9);
            return self.schedule(later, who, what);
        }
        match what {
            Happening::Wake => {
                let clock = instance.clock;
                let wake_at = instance.machine.wake_at();
                if wake_at.is_some_and(|at| clock.at(self.now) >= at) {
                    self.step(who, Event::Tick);
                }
            }
            Happening::Answer { question, event } | Happening::Deadline { question, event } => {
                if let Some(command) = instance.open.remove(&question) {
                    if self.flaw == Flaw::CountsFromTheAnswer {
                        instance.forget_issue(command, self.now);
                    }
                    self.step(who, event);
                }
            }
            Happening::Fault | Happening::Arrive { .. } => {}
        }
    }

    pub(super) fn step(&mut self, who: usize, event: Event) {
        let max_jitter = micros(self.timing.max_jitter());
        let jitter = Duration::from_micros(self.dice.between(0, max_jitter));
        let instance = &mut self.instances[who];
        let now = instance.clock.at(self.now);
        let (machine, commands) = instance.machine.clone().step(event, now, jitter);
        instance.machine = machine;
        let wake_at = instance.machine.wake_at();
        if wake_at.is_some_and(|at| at <= now) {
            self.complain(format!("{who} would wake without end"));
        }
        if let Some(at) = wake_at {
            let at = self.instances[who].clock.real(at);
            self.schedule(at, who, Happening::Wake);
        }
        for command in commands {
            self.obey(who, command);
        }
        self.check();
    }

    fn obey(&mut self, who: usize, command: Command) {
        match &command {
            Command::Lead { term } => {
                if self.led.last().is_some_and(|last| last >= term) {
                    self.complain(format!("term {term} does not rise"));
                }
                self.led.push(*term);
                self.instances[who].leads = true;
            }
            Command::StepDown { reason } => {
                if matches!(reason, StepDownReason::Superseded { .. }) {
                    self.complain(format!("{who} led although {reason}"));
                }
                self.instances[who].leads = false;
            }
            Command::Read { .. } | Command::Cas { .. } | Command::AdvanceTerm { .. } => {
                self.ask(who, command);
            }
        }
    }

    fn ask(&mut self, who: usize, command: Command) {
        self.count += 1;
        let question = self.count;
        let instance = &mut self.instances[who];
        instance.open.insert(question, command.clone());
        let deadline = instance.clock.at(self.now) + self.timing.deadline();
        let deadline = instance.clock.real(deadline);
        if let Some(event) = self.no_answer(&command) {
            self.schedule(deadline, who, Happening::Deadline { question, event });
        }
        if let Some(delay) = self.passage() {
            let arrival = self.now + delay;
            self.schedule(arrival, who, Happening::Arrive { question, command });
        }
    }

    /// What an instance is told when a store fails or stays silent.
    fn no_answer(&self, command: &Command) -> Option<Event> {
        match command {
            Command::Read { store } => Some(Event::Read {
                store: *store,
                result: Err(Unreachable),
            }),
            Command::Cas { store, attempt, .. } => Some(Event::Cas {
                store: *store,
                attempt: *attempt,
                answer: match self.flaw {
                    Flaw::TakesLostForWritten => CasAnswer::Held,
                    _ => CasAnswer::Unknown,
                },
            }),
            Command::AdvanceTerm { store, term } => Some(Event::Term {
                store: *store,
                term: *term,
                answer: TermAnswer::Unknown,
            }),
            Command::Lead { .. } | Command::StepDown { .. } => None,
        }
    }

    /// How long something sent is under way; `None`: it never arrives.
    fn passage(&mut self) -> Option<Micros> {
        if !self.turbulent {
            return Some(self.dice.between(MS / 2, 5 * MS));
        }
        match self.dice.between(0, 99) {
            0..3 => None,
            3..5 => Some(self.dice.between(MS, LATEST)),
            5..12 => Some(self.dice.between(MS, 600 * MS)),
            _ => Some(self.dice.between(MS / 2, 20 * MS)),
        }
    }

    /// A command reaches its store, whatever has become of its sender.
    fn arrive(&mut self, who: usize, born: u64, question: u64, command: &Command) {
        let (Command::Read { store }
        | Command::Cas { store, .. }
        | Command::AdvanceTerm { store, .. }) = command
        else {
            return;
        };
        let store = *store;
        let same_life = self.instances[who].born == born;
        let cut_off_until = *self.instances[who].cut_off_until.get(store);
        let out = self.stores.get(store);
        let outage = (out.out_until > self.now).then_some(out.outage);
        let event = match outage {
            _ if same_life && cut_off_until > self.now => return,
            None | Some(Outage::Slow) => self.serve(who, command),
            Some(Outage::Hangs) => return,
            Some(Outage::Refuses) => self.no_answer(command),
            Some(Outage::Mute) => {
                self.serve(who, command);
                return;
            }
        };
        if same_life && let (Some(event), Some(delay)) = (event, self.passage()) {
            let thought = match outage {
                Some(Outage::Slow) => self.dice.between(SLOW / 2, SLOW),
                _ => 0,
            };
            let arrival = self.now + delay + thought;
            self.schedule(arrival, who, Happening::Answer { question, event });
        }
    }

    fn serve(&mut self, who: usize, command: &Command) -> Option<Event> {
        match command {
            Command::Read { store } => Some(Event::Read {
                store: *store,
                result: Ok(self.record(who, *store).clone()),
            }),
            Command::Cas {
                store,
                expected,
                new,
                attempt,
            } => {
                let record = self.record(who, *store);
                let same = record == expected;
                let falls = same && record.as_ref().is_some_and(|old| old.term > new.term);
                if same {
                    *record = Some(new.clone());
                }
                if falls && !self.forgetful {
                    self.complain(format!("the term in {store} fell"));
                }
                Some(Event::Cas {
                    store: *store,
                    attempt: *attempt,
                    answer: if same {
                        CasAnswer::Held
                    } else {
                        CasAnswer::Refused
                    },
                })
            }
            Command::AdvanceTerm { store, term } => {
                let fence = &mut self.stores.get_mut(*store).fence;
                let answer = if *fence > *term {
                    TermAnswer::Refused { by: *fence }
                } else {
                    *fence = *term;
                    TermAnswer::Advanced
                };
                Some(Event::Term {
                    store: *store,
                    term: *term,
                    answer,
                })
            }
            Command::Lead { .. } | Command::StepDown { .. } => None,
        }
    }

    fn record(&mut self, who: usize, store: Store) -> &mut Option<LeaseRecord> {
        match (self.flaw, store) {
            (Flaw::TakesOnlyOne, Store::Consul) => &mut self.instances[who].own_consul,
            _ => &mut self.stores.get_mut(store).record,
        }
    }

    fn fault(&mut self) {
        if !self.turbulent {
            return;
        }
        let anyone = self.dice.below(self.instances.len());
        let who = match self.leader() {
            Some((leader, _)) if self.dice.percent(50) => leader,
            _ => anyone,
        };
        let store = self.dice.store();
        let time = match self.dice.below(2) {
            0 => self.dice.between(50 * MS, SECOND),
            _ => self.dice.between(SECOND, LATEST),
        };
        match self.dice.between(0, 11) {
            0 | 1 => self.instances[who].paused_until = self.now + time,
            2 | 3 => self.cut_off(who, store, time),
            4 | 5 => self.isolate(who, time),
            6 => self.fail(store, Outage::Refuses, time),
            7 => self.fail(store, Outage::Hangs, time),
            8 => self.fail(store, Outage::Mute, time),
            9 => self.fail(store, Outage::Slow, time),
            10 => self.restart(who),
            _ if self.has_resigned(who) => self.restart(who),
            _ => self.step_if_awake(who, Event::Resign),
        }
        let next = match self.dice.below(2) {
            0 => self.now + self.dice.between(20 * MS, 600 * MS),
            _ => self.now + self.dice.between(SECOND, LATEST),
        };
        self.schedule(next, 0, Happening::Fault);
    }

    pub(super) fn isolate(&mut self, who: usize, time: Micros) {
        for store in Store::BOTH {
            self.cut_off(who, store, time);
        }
    }

    fn step_if_awake(&mut self, who: usize, event: Event) {
        if self.instances[who].paused_until <= self.now {
            self.step(who, event);
        }
    }

    fn restart(&mut self, who: usize) {
        self.instances[who] = self.newborn();
        self.step(who, Event::Tick);
    }

    pub(super) fn cut_off(&mut self, who: usize, store: Store, time: Micros) {
        *self.instances[who].cut_off_until.get_mut(store) = self.now + time;
    }

    pub(super) fn fail(&mut self, store: Store, outage: Outage, time: Micros) {
        let store = self.stores.get_mut(store);
        store.outage = outage;
        store.out_until = self.now + time;
    }

    fn has_resigned(&self, who: usize) -> bool {
        matches!(self.status(who).role, RoleStatus::Leaving)
    }

    /// From now on nothing fails, and whoever has resigned starts again.
    pub(super) fn calm_down(&mut self) {
        self.turbulent = false;
        for store in Store::BOTH {
            self.stores.get_mut(store).out_until = 0;
            for who in 0..self.instances.len() {
                self.cut_off(who, store, 0);
            }
        }
        for who in 0..self.instances.len() {
            if self.has_resigned(who) {
                self.restart(who);
            }
        }
    }

    pub(super) fn status(&self, who: usize) -> Status {
        let instance = &self.instances[who];
        instance.machine.status(instance.clock.at(self.now))
    }

    /// Whether it would send a command to a node at this real instant.
    fn acts(&self, instance: &Instance) -> bool {
        let now = instance.clock.at(self.now);
        match self.flaw {
            Flaw::ActsWithoutLooking => instance.leads,
            _ => instance
                .machine
                .valid_until()
                .is_some_and(|(_, until)| now < until),
        }
    }

    /// Who acts at this instant, and in which term.
    pub(super) fn leader(&self) -> Option<(usize, Term)> {
        let who = self.instances.iter().position(|one| self.acts(one))?;
        let (term, _) = self.instances[who].machine.valid_until()?;
        Some((who, term))
    }

    fn check(&mut self) {
        let acting = self.instances.iter().filter(|one| self.acts(one)).count();
        if acting > 1 {
            self.complain(TWO_LEAD);
        }
    }

    /// Runs for `time`, and complains if at any millisecond anyone but `leader`
    /// leads, or nobody does.
    pub(super) fn run_under(&mut self, leader: (usize, Term), time: Micros) {
        let end = self.now + time;
        while self.now < end && self.broken.is_none() {
            self.run(MS);
            if self.leader() != Some(leader) {
                self.complain(format!("{:?} leads instead of {leader:?}", self.leader()));
            }
        }
    }

    /// Some time, `most` at most.
    pub(super) fn up_to(&mut self, most: Micros) -> Micros {
        self.dice.between(0, most)
    }

    /// `who` sends a write, and goes on only after `pause`.
    pub(super) fn pause_while_writing(&mut self, who: usize, pause: Micros) {
        let writing = |open: &BTreeMap<u64, Command>| {
            open.values()
                .any(|command| matches!(command, Command::Cas { .. }))
        };
        while !writing(&self.instances[who].open) {
            self.run(MS / 4);
        }
        self.instances[who].paused_until = self.now + pause;
        self.run(pause);
    }

    /// Runs for `time` while one fault after another happens.
    pub(super) fn storm(&mut self, time: Micros) {
        self.turbulent = true;
        self.schedule(self.now + SECOND, 0, Happening::Fault);
        self.run(time);
    }

    pub(super) fn finish(self) -> Vec<Term> {
        assert_eq!(self.broken, None, "seed {} at {} µs", self.seed, self.now);
        self.led
    }
}
