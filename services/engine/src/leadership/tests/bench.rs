//! One machine on a bench: it is told what happens and shows what it orders.

use std::time::Duration;

use lictor_domain::lease::LeaseRecord;
use lictor_domain::{Mono, Term};

use crate::leadership::*;

pub(super) const fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

const JITTER: Duration = ms(70);

/// One machine under the default times (lease 1500, renewal 400, poll 200,
/// validity 1200 ms), the time in milliseconds, and what it ordered last.
pub(super) struct Bench {
    pub(super) machine: Leadership,
    pub(super) now: u64,
    pub(super) commands: Vec<Command>,
    /// The write last ordered in each store.
    attempts: PerStore<u64>,
}

pub(super) fn record(holder: Option<&str>, term: u64, counter: u64) -> LeaseRecord {
    LeaseRecord {
        holder: holder.map(str::to_owned),
        advertise: holder.map_or_else(String::new, |holder| format!("http://{holder}")),
        term: Term(term),
        counter,
    }
}

pub(super) fn read(store: Store) -> Command {
    Command::Read { store }
}

pub(super) fn cas(store: Store, expected: Option<LeaseRecord>, new: LeaseRecord) -> Command {
    Command::Cas {
        store,
        attempt: new.counter,
        expected,
        new,
    }
}

pub(super) fn advance(store: Store, term: u64) -> Command {
    Command::AdvanceTerm {
        store,
        term: Term(term),
    }
}

impl Bench {
    pub(super) fn new() -> Self {
        Self {
            machine: Leadership::new("a", "http://a", LeaseTiming::default()),
            now: 1000,
            commands: Vec::new(),
            attempts: PerStore::default(),
        }
    }

    /// One that has read `postgres` and `consul` just now.
    pub(super) fn that_read(postgres: Option<LeaseRecord>, consul: Option<LeaseRecord>) -> Self {
        let mut bench = Self::new();
        bench.tick(0);
        bench.answer_read(Store::Postgres, Ok(postgres));
        bench.answer_read(Store::Consul, Ok(consul));
        bench
    }

    /// One that took both at 1000 in term 8, and holds both until 2200.
    pub(super) fn that_leads() -> Self {
        let mut bench = Self::that_read(Some(record(None, 7, 40)), Some(record(None, 5, 90)));
        bench.answer_cas(Store::Postgres, CasAnswer::Held);
        bench.answer_cas(Store::Consul, CasAnswer::Held);
        bench.answer_cas(Store::Postgres, CasAnswer::Held);
        bench.answer_term(Store::Postgres, TermAnswer::Advanced);
        bench.answer_term(Store::Consul, TermAnswer::Advanced);
        for store in Store::BOTH {
            bench.answer_cas(store, CasAnswer::Held);
        }
        bench
    }

    pub(super) fn step(&mut self, event: Event) {
        let now = Mono::default() + ms(self.now);
        let (machine, commands) = self.machine.clone().step(event, now, JITTER);
        self.machine = machine;
        for command in &commands {
            if let Command::Cas { store, attempt, .. } = command {
                *self.attempts.get_mut(*store) = *attempt;
            }
        }
        self.commands = commands;
    }

    /// Lets `answer` deal with each command, and with what follows from it.
    pub(super) fn serve(&mut self, mut answer: impl FnMut(&mut Self, Command)) {
        let mut ordered = std::mem::take(&mut self.commands);
        while !ordered.is_empty() {
            answer(self, ordered.remove(0));
            ordered.append(&mut self.commands);
        }
    }

    pub(super) fn tick(&mut self, later: u64) {
        self.now += later;
        self.step(Event::Tick);
    }

    pub(super) fn answer_read(
        &mut self,
        store: Store,
        result: Result<Option<LeaseRecord>, Unreachable>,
    ) {
        self.step(Event::Read { store, result });
    }

    /// Answers the write last ordered in `store`.
    pub(super) fn answer_cas(&mut self, store: Store, answer: CasAnswer) {
        let attempt = *self.attempts.get(store);
        self.step(Event::Cas {
            store,
            attempt,
            answer,
        });
    }

    pub(super) fn answer_term(&mut self, store: Store, answer: TermAnswer) {
        self.step(Event::Term {
            store,
            term: Term(8),
            answer,
        });
    }

    pub(super) fn valid_until(&self) -> Option<u64> {
        let (_, until) = self.machine.valid_until()?;
        u64::try_from(until.since(Mono::default()).as_millis()).ok()
    }

    pub(super) fn status(&self) -> Status {
        self.machine.status(Mono::default() + ms(self.now))
    }

    /// Whether it has not begun a bid.
    pub(super) fn follows(&self) -> bool {
        matches!(self.status().role, RoleStatus::Follower { .. })
    }
}
