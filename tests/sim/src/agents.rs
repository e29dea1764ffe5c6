//! Agents beside the servers, as `lictor-agent` is: each lets its server live only
//! under a lease, which it counts by a clock of its own from before it asked, and
//! kills the server when that ends. It asks any leader that it reaches; what it
//! asks and what it is told may be late or lost.

use std::time::Duration;

use lictor_domain::Mono;
use lictor_engine::guard::{Answer, Renewal};

use crate::agenda::{Clock, MS, Micros, SECOND};
use crate::dice::Dice;
use crate::faults::Fault;
use crate::flaw::Flaw;
use crate::invariants::Premise;
use crate::leader::{Reign, engine_time};
use crate::mysqld::Process;
use crate::network::{Place, Way};
use crate::world::{Happening, World};

/// How long a lease lasts.
const LEASE: Duration = Duration::from_secs(3);
/// Between two renewals.
const PACE: Micros = 500 * MS;
/// A renewal without an answer for so long is given up.
const DEADLINE: Micros = 600 * MS;
/// From the end of a lease until the server is dead, at most; less than a leader
/// allows by whatever clock.
const DYING: Micros = 1_500 * MS;

/// The agent of one server.
#[derive(Debug)]
pub struct Agent {
    clock: Clock,
    /// Of the server that it guards.
    life: u64,
    /// Renewals so far.
    number: u64,
    ends: Option<Mono>,
}

/// Something that happens to an agent, or to what it asks.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// It asks, unless it has asked since its renewal of this number.
    Asks(u64),
    /// A renewal reaches a leader.
    Heard(Reign, Asked),
    /// The answer reaches the agent.
    Told(Asked, Answer),
    /// The lease of a life of its server may have ended.
    Ends(u64),
}

/// A renewal, and when it was asked by the agent's clock.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    renewal: Renewal,
    life: u64,
    at: Mono,
}

impl Agent {
    /// One that has not asked yet.
    pub fn new(dice: &mut Dice) -> Self {
        Self {
            clock: dice.clock(),
            life: 0,
            number: 0,
            ends: None,
        }
    }
}

impl World {
    /// Every server has an agent from the beginning.
    pub fn begin_agents(&mut self) {
        for place in 0..self.nodes.len() {
            self.agents.push(Agent::new(&mut self.dice));
            self.agenda.plan(0, Happening::Agent(place, Step::Asks(0)));
        }
    }

    /// Something happens to the agent of a server.
    pub fn agent(&mut self, place: Place, step: Step) {
        match step {
            Step::Asks(last) => self.agent_asks(place, last),
            Step::Heard(reign, asked) => self.agent_is_heard(place, reign, asked),
            Step::Told(asked, answer) => self.agent_is_told(place, asked, answer),
            Step::Ends(life) => self.lease_ends(place, life),
        }
    }

    fn agent_asks(&mut self, place: Place, last: u64) {
        let now = self.now();
        let (agent, node) = (&mut self.agents[place], &self.nodes[place]);
        if agent.number != last {
            return;
        }
        let Some(instance) = node.instance().filter(|_| node.lives()) else {
            let later = Happening::Agent(place, Step::Asks(last));
            return self.agenda.plan(PACE, later);
        };
        if agent.life != node.life {
            (agent.life, agent.ends) = (node.life, None);
        }
        agent.number += 1;
        let at = agent.clock.at(now);
        let asked = Asked {
            renewal: Renewal {
                instance,
                number: agent.number,
                holds: agent.ends.map(|ends| ends.since(at)),
            },
            life: agent.life,
            at,
        };
        let again = Happening::Agent(place, Step::Asks(agent.number));
        self.agenda.plan(DEADLINE, again);
        let reigns: Vec<Reign> = self.leaders.iter().map(|leader| leader.reign).collect();
        let reached = self.dice.one(&reigns);
        if let Some(reign) = reached.filter(|_| self.passes(Way::Lictor(place))) {
            let hop = self.dice.hop();
            let heard = Happening::Agent(place, Step::Heard(reign, asked));
            self.agenda.plan(hop, heard);
        }
    }

    fn agent_is_heard(&mut self, place: Place, reign: Reign, asked: Asked) {
        let (now, name) = (self.now(), self.nodes[place].name.clone());
        if !self.may_act(reign) {
            return;
        }
        let forgets = self.flaw == Flaw::ForgetsTheLease;
        let (mut renewal, mut lease) = (asked.renewal, LEASE);
        if forgets {
            renewal.holds = renewal.holds.map(|_| Duration::ZERO);
            lease = Duration::ZERO;
        }
        let Some(leader) = self.leader_of(reign) else {
            return;
        };
        let time = engine_time(leader.clock, now);
        let mut answer = leader.keeper.renew(&name, &renewal, lease, time);
        if forgets && matches!(answer, Answer::Bound(_)) {
            answer = Answer::Bound(LEASE);
        }
        self.decided(reign, vec![]);
        if self.passes(Way::Lictor(place)) {
            let hop = self.dice.hop();
            let told = Happening::Agent(place, Step::Told(asked, answer));
            self.agenda.plan(hop, told);
        }
    }

    fn agent_is_told(&mut self, place: Place, asked: Asked, answer: Answer) {
        let dying = self.dice.time(0..=DYING);
        let agent = &mut self.agents[place];
        let number = asked.renewal.number;
        if agent.life != asked.life || agent.number != number {
            return;
        }
        let bound_anew = agent.ends.is_none() && matches!(answer, Answer::Bound(_));
        match answer {
            Answer::Bound(lease) => agent.ends = Some(asked.at + lease),
            Answer::Free => agent.ends = None,
            Answer::Refused(_) => {}
        }
        let pause = if bound_anew { 0 } else { PACE };
        let next = Happening::Agent(place, Step::Asks(number));
        self.agenda.plan(pause, next);
        let ends = self.agents[place].ends;
        if let Some(ends) = ends.filter(|_| matches!(answer, Answer::Bound(_))) {
            self.ledger.premises.saw(Premise::LeaseGranted);
            let end = self.agents[place].clock.moment(ends) + dying;
            let ends = Happening::Agent(place, Step::Ends(asked.life));
            self.agenda.plan_at(end, ends);
        }
    }

    fn lease_ends(&mut self, place: Place, life: u64) {
        let now = self.now();
        let (agent, node) = (&self.agents[place], &mut self.nodes[place]);
        let time = agent.clock.at(now);
        let over = agent.ends.is_some_and(|ends| ends <= time);
        if !over || agent.life != life || node.life != life || !node.lives() {
            return;
        }
        // It ends a process that hangs, too.
        node.turn(Process::Running, now);
        self.note(|| format!("the agent of node {} kills it", place + 1));
        self.ledger.premises.saw(Premise::KilledByAgent);
        let boot = self.dice.time(SECOND..=2 * SECOND);
        self.strike(Fault::Crash(place), boot);
    }
}
