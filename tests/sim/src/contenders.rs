//! Several `lictord` that contend for the leadership: the real lease machine of
//! each, by a clock of its own, over a model of the two stores.
//!
//! Questions and answers are delayed and lost; a process can be paused, cut off
//! from a store, or die and start anew. Everything that reaches a paused process
//! waits until it goes on, and then comes in no particular order. What it had
//! sent before arrives all the same.

use std::collections::BTreeMap;
use std::time::Duration;

use lictor_domain::Term;
use lictor_domain::lease::LeaseRecord;
use lictor_engine::leadership::{
    CasAnswer, Command, Event, Leadership, LeaseTiming, PerStore, Store, TermAnswer, Unreachable,
};

use crate::agenda::{Clock, MS, Micros, SECOND, micros};
use crate::conduct;
use crate::dice::Dice;
use crate::flaw::Flaw;
use crate::invariants::Premise;
use crate::leader::Reign;
use crate::world::{Happening, World};

/// A process that died is started again after this, at least.
const START: Micros = 300 * MS;

/// One process.
#[derive(Debug)]
pub struct Contender {
    machine: Leadership,
    clock: Clock,
    /// Rises with each start: what was sent to an earlier life is lost.
    life: u64,
    paused_until: Micros,
    cut_off_until: PerStore<Micros>,
    /// Questions that are not answered yet.
    open: BTreeMap<u64, Command>,
}

/// What a store keeps for the leadership.
#[derive(Debug, Default)]
pub struct Lease {
    record: Option<LeaseRecord>,
    fence: Term,
}

/// Something that happens to a contender.
#[derive(Debug)]
pub enum Contest {
    /// Its machine wanted to be told the time.
    Wake,
    /// A question reaches its store.
    Arrive(u64, Command),
    /// The answer reaches it, or its deadline has passed.
    Answer(u64, Event),
    /// It takes over the cluster, once the store answers.
    Begin(Term),
}

impl Contender {
    fn new(who: usize, life: u64, clock: Clock) -> Self {
        let name = format!("lictord-{who}-{life}");
        Self {
            machine: Leadership::new(name, "http://lictord", LeaseTiming::default()),
            clock,
            life,
            paused_until: 0,
            cut_off_until: PerStore::default(),
            open: BTreeMap::new(),
        }
    }

    /// The term that it leads by its own clock at this moment.
    fn acts(&self, now: Micros) -> Option<Reign> {
        let (term, until) = self.machine.valid_until()?;
        (self.clock.at(now) < until).then_some(term.0)
    }

    /// The term that it believes to lead until it looks at its clock.
    fn believes(&self) -> Option<Reign> {
        self.machine.valid_until().map(|(term, _)| term.0)
    }
}

impl World {
    /// Every contender starts.
    pub fn begin_contest(&mut self) {
        for who in 0..self.scenario.contenders {
            let clock = self.dice.clock();
            self.contenders.push(Contender::new(who, 0, clock));
            self.contend(who, Event::Tick);
        }
    }

    /// Whether a leader may act, by the clock of its process.
    #[must_use]
    pub fn may_act(&self, reign: Reign) -> bool {
        if self.contenders.is_empty() || self.flaw == Flaw::ActsWithoutALease {
            return true;
        }
        let acts = |one: &Contender| one.acts(self.now()) == Some(reign);
        self.contenders.iter().any(acts)
    }

    /// How many act at this moment.
    #[must_use]
    pub fn acting(&self) -> usize {
        let now = self.now();
        let acting = self.contenders.iter().filter(|one| one.acts(now).is_some());
        acting.count()
    }

    /// Until when the process of a leader is paused, if it is.
    #[must_use]
    pub fn paused_until(&self, reign: Reign) -> Option<Micros> {
        let now = self.now();
        let led = |one: &&Contender| one.believes() == Some(reign);
        let contender = self.contenders.iter().find(led)?;
        (contender.paused_until > now).then_some(contender.paused_until)
    }

    /// Something happens to a life of a contender.
    pub fn contest(&mut self, who: usize, life: u64, what: Contest) {
        let now = self.now();
        if let Contest::Arrive(question, command) = what {
            return self.arrive(who, life, question, &command);
        }
        let contender = &mut self.contenders[who];
        if contender.life != life {
            return;
        }
        if contender.paused_until > now {
            let later = contender.paused_until + self.dice.time(0..=9);
            return self
                .agenda
                .plan_at(later, Happening::Contest(who, life, what));
        }
        match what {
            Contest::Wake => {
                let due = contender.machine.wake_at();
                if due.is_some_and(|at| contender.clock.at(now) >= at) {
                    self.contend(who, Event::Tick);
                }
            }
            Contest::Answer(question, event) => {
                if contender.open.remove(&question).is_some() {
                    self.contend(who, event);
                }
            }
            Contest::Begin(term) => self.take_over(who, term),
            Contest::Arrive(..) => {}
        }
    }

    /// A contender's machine takes a step.
    fn contend(&mut self, who: usize, event: Event) {
        let jitter = self
            .dice
            .time(0..=micros(LeaseTiming::default().max_jitter()));
        let now = self.now();
        let contender = &mut self.contenders[who];
        let clock = contender.clock;
        let machine = contender.machine.clone();
        let (machine, commands) = machine.step(event, clock.at(now), Duration::from_micros(jitter));
        let wake_at = machine.wake_at();
        contender.machine = machine;
        let life = contender.life;
        if let Some(at) = wake_at {
            // Not before it shows that time.
            let at = clock.moment(at).max(now + 1);
            self.agenda
                .plan_at(at, Happening::Contest(who, life, Contest::Wake));
        }
        for command in commands {
            self.obey_machine(who, command);
        }
        if let Some(breach) = conduct::one_leader::at_step(self) {
            self.break_off(breach);
        }
    }

    fn obey_machine(&mut self, who: usize, command: Command) {
        match command {
            Command::Lead { term } => self.take_over(who, term),
            Command::StepDown { reason } => {
                self.note(|| format!("lictord {who} steps down: {reason}"));
                self.end_reigns_of(who);
            }
            Command::Read { .. } | Command::Cas { .. } | Command::AdvanceTerm { .. } => {
                self.ask(who, command);
            }
        }
    }

    /// It begins to reign as soon as Postgres tells it what to reign over.
    fn take_over(&mut self, who: usize, term: Term) {
        let now = self.now();
        if self.contenders[who].acts(now) != Some(term.0) {
            return;
        }
        self.write_notes();
        if self.store.answers(Store::Postgres, now) {
            let clock = self.contenders[who].clock;
            self.begin_reign(term.0, Some(who), clock);
        } else {
            let life = self.contenders[who].life;
            let again = Happening::Contest(who, life, Contest::Begin(term));
            self.agenda.plan(300 * MS, again);
        }
    }

    fn end_reigns_of(&mut self, who: usize) {
        let of_it = self.leaders.iter().filter(|l| l.who == Some(who));
        let reigns: Vec<Reign> = of_it.map(|leader| leader.reign).collect();
        for reign in reigns {
            self.end_reign(reign);
        }
    }

    fn ask(&mut self, who: usize, command: Command) {
        self.questions += 1;
        let question = self.questions;
        let now = self.now();
        let passage = self.dice.passage();
        let contender = &mut self.contenders[who];
        contender.open.insert(question, command.clone());
        let (clock, life) = (contender.clock, contender.life);
        let deadline = clock.at(now) + LeaseTiming::default().deadline();
        let silence = Contest::Answer(question, unanswered(&command));
        let deadline = clock.moment(deadline);
        self.agenda
            .plan_at(deadline, Happening::Contest(who, life, silence));
        if let Some(delay) = passage {
            let arrival = Contest::Arrive(question, command);
            self.agenda
                .plan(delay, Happening::Contest(who, life, arrival));
        }
    }

    /// A question reaches its store, whatever has become of its sender.
    fn arrive(&mut self, who: usize, life: u64, question: u64, command: &Command) {
        let (Command::Read { store }
        | Command::Cas { store, .. }
        | Command::AdvanceTerm { store, .. }) = command
        else {
            return;
        };
        let (store, now) = (*store, self.now());
        let contender = &self.contenders[who];
        let cut_off = contender.life == life && *contender.cut_off_until.get(store) > now;
        if cut_off || !self.store.answers(store, now) {
            return;
        }
        let Some(event) = serve(self.leases.get_mut(store), command) else {
            return;
        };
        if let Command::AdvanceTerm { term, .. } = command {
            self.store.fence(term.0);
        }
        if let Some(delay) = self.dice.passage() {
            let answer = Contest::Answer(question, event);
            self.agenda
                .plan(delay, Happening::Contest(who, life, answer));
        }
    }

    /// The process that leads, or else any.
    fn leading(&self) -> usize {
        let leader = self.leader().and_then(|leader| leader.who);
        leader.unwrap_or_default()
    }

    /// The leading process is paused.
    pub fn leader_pauses(&mut self, until: Micros) {
        if self.contenders.is_empty() {
            return;
        }
        let who = self.leading();
        self.note(|| format!("lictord {who} is paused"));
        self.contenders[who].paused_until = until;
        if let Some(reign) = self.contenders[who].believes() {
            self.store.hold_back(reign, until);
            self.agenda.plan_at(until, Happening::GoesOn(who));
        }
    }

    /// A paused process goes on.
    pub fn goes_on(&mut self, who: usize) {
        let believes = self.contenders[who].believes();
        let newer = |reign: Reign| self.leader().is_some_and(|leader| leader.reign > reign);
        if believes.is_some_and(newer) {
            self.note(|| format!("lictord {who} goes on, and does not know of a newer term"));
            self.ledger.premises.saw(Premise::DeposedLeaderWoke);
        }
    }

    /// The leading process does not reach a store, or neither.
    pub fn leader_loses(&mut self, store: Option<Store>, until: Micros) {
        if self.contenders.is_empty() {
            return;
        }
        let who = self.leading();
        self.note(|| format!("lictord {who} is cut off from {}", named(store)));
        for lost in Store::BOTH {
            if store.is_none_or(|store| store == lost) {
                *self.contenders[who].cut_off_until.get_mut(lost) = until;
            }
        }
    }

    /// The leading process ends, and is started anew.
    pub fn contender_dies(&mut self) {
        let who = self.leading();
        self.note(|| format!("lictord {who} dies"));
        self.end_reigns_of(who);
        let (life, clock) = (self.contenders[who].life + 1, self.dice.clock());
        self.contenders[who] = Contender::new(who, life, clock);
        let start = self.dice.time(START..=2 * SECOND);
        let begin = Happening::Start(who, life);
        self.agenda.plan(start, begin);
    }

    /// A process that died is there again.
    pub fn start(&mut self, who: usize, life: u64) {
        if self.contenders[who].life == life {
            self.contend(who, Event::Tick);
        }
    }

    /// Every process reaches the stores; one that is paused goes on in its time.
    pub fn contenders_reach_the_stores(&mut self) {
        for contender in &mut self.contenders {
            contender.cut_off_until = PerStore::default();
        }
    }
}

/// Both stores, or one.
fn named(store: Option<Store>) -> String {
    store.map_or_else(|| "both stores".to_owned(), |store| store.to_string())
}

/// What a contender is told when a store stays silent.
fn unanswered(command: &Command) -> Event {
    match command {
        Command::Cas { store, attempt, .. } => Event::Cas {
            store: *store,
            attempt: *attempt,
            answer: CasAnswer::Unknown,
        },
        Command::AdvanceTerm { store, term } => Event::Term {
            store: *store,
            term: *term,
            answer: TermAnswer::Unknown,
        },
        Command::Read { store } => Event::Read {
            store: *store,
            result: Err(Unreachable),
        },
        Command::Lead { .. } | Command::StepDown { .. } => Event::Tick,
    }
}

/// What a store does and answers.
fn serve(lease: &mut Lease, command: &Command) -> Option<Event> {
    match command {
        Command::Read { store } => Some(Event::Read {
            store: *store,
            result: Ok(lease.record.clone()),
        }),
        Command::Cas {
            store,
            expected,
            new,
            attempt,
        } => {
            let same = lease.record == *expected;
            if same {
                lease.record = Some(new.clone());
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
            let answer = if lease.fence > *term {
                TermAnswer::Refused { by: lease.fence }
            } else {
                lease.fence = *term;
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

impl Dice {
    /// How long something to or from a store is under way; `None`: for ever.
    fn passage(&mut self) -> Option<Micros> {
        match self.number(0..=199) {
            0..=1 => None,
            2..=3 => Some(self.time(MS..=3 * SECOND)),
            4..=13 => Some(self.time(MS..=600 * MS)),
            _ => Some(self.time(MS / 2..=20 * MS)),
        }
    }
}
