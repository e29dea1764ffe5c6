//! The machine: its state, and what each event makes of it.
//!
//! Invariant: a lease is counted from the instant its write was issued, and a
//! role that needs leases ends in the first step at which they have run out,
//! before anything else is done in that step.

use std::time::Duration;

use lictor_domain::{Mono, Term};

use super::message::{CasAnswer, Command, Event, StepDownReason, TermAnswer};
use super::slot::{Seen, Slot};
use super::store::{PerStore, Store};
use super::timing::LeaseTiming;

/// One instance's part in the leadership of the control plane.
#[derive(Clone, Debug)]
pub struct Leadership {
    pub(super) me: String,
    pub(super) advertise: String,
    pub(super) timing: LeaseTiming,
    pub(super) role: Role,
    pub(super) slots: PerStore<Slot>,
    /// The highest counter written so far, so that no record is written twice.
    pub(super) attempt: u64,
    /// The highest term in whose favour a term of ours was refused.
    refused_for: Term,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    /// Watches; bids from `resume_at` on, when both records are free.
    Following { resume_at: Mono },
    /// Takes both, all or nothing. It renews nothing, so it has an end.
    Contending(Bid),
    /// Leads for as long as one lease is valid.
    Leading(Tenure),
    /// Gives back, and begins nothing.
    Leaving,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Bid {
    /// Postgres is being written, its term unchanged.
    Claiming,
    /// Postgres is held until then; Consul is being written, with the term.
    Taking { claimed_until: Mono, term: Term },
    /// Both are held; Postgres is being written, with the term.
    Sealing(Tenure),
    /// Both bear the term; older terms are being shut out.
    Fencing {
        tenure: Tenure,
        fences: PerStore<Fence>,
    },
}

/// A term, and until when its holder has each store. A lease found lost ends at
/// the instant it was found so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tenure {
    pub(super) term: Term,
    pub(super) until: PerStore<Mono>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fence {
    #[default]
    Unasked,
    Asked,
    Raised,
}

/// One step: its instant, its jitter, and what it has ordered so far.
pub(super) struct Step {
    pub(super) now: Mono,
    jitter: Duration,
    pub(super) commands: Vec<Command>,
}

impl Tenure {
    pub(super) fn any_until(&self) -> Mono {
        self.until.postgres.max(self.until.consul)
    }

    fn both_until(&self) -> Mono {
        self.until.postgres.min(self.until.consul)
    }
}

impl Bid {
    /// When the first of its leases runs out; `None` while it has none.
    fn ends_at(&self) -> Option<Mono> {
        match self {
            Self::Claiming => None,
            Self::Taking { claimed_until, .. } => Some(*claimed_until),
            Self::Sealing(tenure) | Self::Fencing { tenure, .. } => Some(tenure.both_until()),
        }
    }
}

impl Leadership {
    /// A follower that has seen nothing yet; step it with [`Event::Tick`].
    ///
    /// No two living processes may have the same `instance_id`: a record that
    /// bears it is taken for this machine's own. One that starts under the id of
    /// its dead predecessor need not wait for that one's leases to end.
    /// `advertise` is the URL under which the instance serves.
    #[must_use]
    pub fn new(
        instance_id: impl Into<String>,
        advertise: impl Into<String>,
        timing: LeaseTiming,
    ) -> Self {
        Self {
            me: instance_id.into(),
            advertise: advertise.into(),
            timing,
            role: Role::Following {
                resume_at: Mono::default(),
            },
            slots: PerStore::default(),
            attempt: 0,
            refused_for: Term(0),
        }
    }

    /// What follows from `event` at `now`, an instant after the event and
    /// before any of the commands is carried out.
    ///
    /// `jitter` is drawn anew for each step, uniformly from zero to
    /// [`LeaseTiming::max_jitter`]; it lengthens the backoff after a failed bid.
    #[must_use]
    pub fn step(mut self, event: Event, now: Mono, jitter: Duration) -> (Self, Vec<Command>) {
        let mut step = Step {
            now,
            jitter,
            commands: Vec::new(),
        };
        self.check_leases(&mut step);
        self.apply(event, &mut step);
        self.check_leases(&mut step);
        self.plan(&mut step);
        (self, step.commands)
    }

    /// The term being led, and the instant until which commands may be sent to
    /// nodes; `None` when this instance does not lead.
    ///
    /// Compare it with a clock read just before sending.
    #[must_use]
    pub fn valid_until(&self) -> Option<(Term, Mono)> {
        match &self.role {
            Role::Leading(tenure) => Some((tenure.term, tenure.any_until())),
            Role::Following { .. } | Role::Contending(_) | Role::Leaving => None,
        }
    }

    /// Whether it has resigned, and no store bears its name any more.
    #[must_use]
    pub fn has_left(&self) -> bool {
        matches!(self.role, Role::Leaving)
            && !self.slots.both().iter().any(|slot| slot.may_bear(&self.me))
    }

    /// When to step with [`Event::Tick`] if nothing else happens before;
    /// `None`: nothing is to be done before the next answer or `Resign`.
    #[must_use]
    pub fn wake_at(&self) -> Option<Mono> {
        let idle = || self.slots.both().into_iter().filter(|slot| slot.is_idle());
        match &self.role {
            Role::Following { .. } if idle().count() < Store::BOTH.len() => None,
            Role::Following { resume_at } => {
                let read_at = idle().map(Slot::due).max();
                let bid_at = self.both_free_at().map(|free_at| free_at.max(*resume_at));
                read_at.into_iter().chain(bid_at).min()
            }
            Role::Contending(bid) => bid.ends_at(),
            Role::Leading(tenure) => idle().map(Slot::due).chain([tenure.any_until()]).min(),
            Role::Leaving => idle()
                .filter(|slot| slot.may_bear(&self.me))
                .map(Slot::due)
                .min(),
        }
    }

    fn check_leases(&mut self, step: &mut Step) {
        match &self.role {
            Role::Contending(bid) if bid.ends_at().is_some_and(|end| step.now >= end) => {
                self.withdraw(step);
            }
            Role::Leading(tenure) if step.now >= tenure.any_until() => {
                self.step_down(StepDownReason::LeasesLost, step);
            }
            Role::Following { .. } | Role::Contending(_) | Role::Leading(_) | Role::Leaving => {}
        }
    }

    fn apply(&mut self, event: Event, step: &mut Step) {
        let poll = self.timing.poll;
        match event {
            Event::Tick => {}
            Event::Read { store, result } => {
                let slot = self.slots.get_mut(store);
                slot.read_answered(result, step.now, poll);
                self.compare_with_tenure(store, step);
            }
            Event::Cas {
                store,
                attempt,
                answer,
            } => {
                let slot = self.slots.get_mut(store);
                if let Some(issued) = slot.cas_answered(attempt, answer, step.now, poll) {
                    self.written(store, issued, answer, step);
                }
            }
            Event::Term {
                store,
                term,
                answer,
            } => self.term_answered(store, term, answer, step),
            Event::Resign => {
                if let Role::Leading(_) = self.role {
                    self.step_down(StepDownReason::Resigned, step);
                }
                self.role = Role::Leaving;
            }
        }
    }

    /// A leader that has read a record asks whether it is still its own.
    fn compare_with_tenure(&mut self, store: Store, step: &mut Step) {
        let Role::Leading(tenure) = &mut self.role else {
            return;
        };
        let slot = self.slots.get_mut(store);
        let Some(seen) = slot.known() else {
            return;
        };
        let by = seen.term();
        if by > tenure.term {
            return self.step_down(StepDownReason::Superseded { by }, step);
        }
        if by < tenure.term || !seen.is_of(&self.me) {
            *tenure.until.get_mut(store) = step.now;
        }
        if step.now >= seen.free_at(&self.me, self.timing.lease, false) {
            slot.set_due(step.now);
        }
    }

    /// A compare-and-set that was issued at `issued` was answered.
    fn written(&mut self, store: Store, issued: Mono, answer: CasAnswer, step: &Step) {
        let held = answer == CasAnswer::Held;
        let until = issued + self.timing.validity();
        match &mut self.role {
            Role::Contending(_) if !held => self.withdraw(step),
            Role::Contending(bid) => {
                let bid = *bid;
                self.role = Role::Contending(self.held(bid, store, until));
            }
            Role::Leading(tenure) if held => {
                *tenure.until.get_mut(store) = until;
                let slot = self.slots.get_mut(store);
                slot.set_due(issued + self.timing.renew);
            }
            Role::Following { .. } | Role::Leading(_) | Role::Leaving => {}
        }
    }

    /// What becomes of a bid that has got `store` until `until`.
    fn held(&self, bid: Bid, store: Store, until: Mono) -> Bid {
        match (bid, store) {
            (Bid::Claiming, Store::Postgres) => Bid::Taking {
                claimed_until: until,
                term: self.next_term(),
            },
            (
                Bid::Taking {
                    claimed_until,
                    term,
                },
                Store::Consul,
            ) => Bid::Sealing(Tenure {
                term,
                until: PerStore {
                    postgres: claimed_until,
                    consul: until,
                },
            }),
            (Bid::Sealing(mut tenure), Store::Postgres) => {
                tenure.until.postgres = until;
                Bid::Fencing {
                    tenure,
                    fences: PerStore::default(),
                }
            }
            (bid, _) => bid,
        }
    }

    /// One above every term that is known to have begun.
    fn next_term(&self) -> Term {
        let in_records = self.slots.both().into_iter().filter_map(Slot::seen);
        let highest = in_records.map(Seen::term).max();
        let Term(highest) = highest.unwrap_or_default().max(self.refused_for);
        Term(highest.saturating_add(1))
    }

    fn term_answered(&mut self, store: Store, term: Term, answer: TermAnswer, step: &mut Step) {
        if let TermAnswer::Refused { by } = answer {
            self.refused_for = self.refused_for.max(by).max(term);
        }
        match (&mut self.role, answer) {
            (Role::Contending(Bid::Fencing { tenure, fences }), _) if tenure.term == term => {
                let tenure = *tenure;
                *fences.get_mut(store) = Fence::Raised;
                if answer != TermAnswer::Advanced {
                    self.withdraw(step);
                } else if fences.both().iter().all(|fence| **fence == Fence::Raised) {
                    self.begin(tenure, step);
                }
            }
            (Role::Leading(tenure), TermAnswer::Refused { by }) if tenure.term == term => {
                self.step_down(StepDownReason::Superseded { by }, step);
            }
            _ => {}
        }
    }

    fn begin(&mut self, tenure: Tenure, step: &mut Step) {
        self.role = Role::Leading(tenure);
        for store in Store::BOTH {
            self.slots.get_mut(store).set_due(step.now);
        }
        step.commands.push(Command::Lead { term: tenure.term });
    }

    fn withdraw(&mut self, step: &Step) {
        let resume_at = step.now + self.timing.poll + step.jitter;
        self.role = Role::Following { resume_at };
    }

    fn step_down(&mut self, reason: StepDownReason, step: &mut Step) {
        self.role = Role::Following {
            resume_at: step.now,
        };
        step.commands.push(Command::StepDown { reason });
    }
}
