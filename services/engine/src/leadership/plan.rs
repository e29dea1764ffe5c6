//! What each role asks of the stores next.
//!
//! Invariant: every write expects exactly the record that was seen, and bears a
//! counter above that record's and above all this instance has written.

use lictor_domain::lease::LeaseRecord;
use lictor_domain::{Mono, Term};

use super::machine::{Bid, Fence, Leadership, Role, Step};
use super::message::Command;
use super::slot::Seen;
use super::store::Store;

impl Leadership {
    pub(super) fn plan(&mut self, step: &mut Step) {
        match self.role {
            Role::Following { resume_at } => self.follow(resume_at, step),
            Role::Contending(bid) => self.contend(bid, step),
            Role::Leading(tenure) => {
                for store in Store::BOTH {
                    self.renew(store, tenure.term, step);
                }
            }
            Role::Leaving => {
                self.give_back(step);
                for store in Store::BOTH {
                    let slot = self.slots.get(store);
                    if slot.may_bear(&self.me) && slot.is_due(step.now) {
                        self.read(store, step);
                    }
                }
            }
        }
    }

    /// When both records are free, if both are known.
    pub(super) fn both_free_at(&self) -> Option<Mono> {
        let postgres = self.slots.postgres.known()?;
        let consul = self.slots.consul.known()?;
        let both_missing = postgres.record.is_none() && consul.record.is_none();
        let free_at = |seen: &Seen| seen.free_at(&self.me, self.timing.lease, both_missing);
        Some(free_at(postgres).max(free_at(consul)))
    }

    fn follow(&mut self, resume_at: Mono, step: &mut Step) {
        let free_at = self.both_free_at();
        if step.now >= resume_at && free_at.is_some_and(|free_at| step.now >= free_at) {
            self.role = Role::Contending(Bid::Claiming);
            return self.take(Store::Postgres, None, step);
        }
        self.give_back(step);
        if self.slots.both().iter().all(|slot| slot.is_due(step.now)) {
            for store in Store::BOTH {
                self.read(store, step);
            }
        }
    }

    fn contend(&mut self, bid: Bid, step: &mut Step) {
        match bid {
            Bid::Claiming => {}
            Bid::Taking { term, .. } => self.take(Store::Consul, Some(term), step),
            Bid::Sealing(tenure) => self.take(Store::Postgres, Some(tenure.term), step),
            Bid::Fencing { tenure, mut fences } => {
                for store in Store::BOTH {
                    let fence = fences.get_mut(store);
                    if *fence == Fence::Unasked {
                        *fence = Fence::Asked;
                        step.commands.push(Command::AdvanceTerm {
                            store,
                            term: tenure.term,
                        });
                    }
                }
                self.role = Role::Contending(Bid::Fencing { tenure, fences });
            }
        }
    }

    /// A leader renews what it has, takes what came back, and watches what
    /// another has.
    fn renew(&mut self, store: Store, term: Term, step: &mut Step) {
        let slot = self.slots.get(store);
        if !slot.is_due(step.now) {
            return;
        }
        let free_at = slot
            .known()
            .map(|seen| seen.free_at(&self.me, self.timing.lease, false));
        if free_at.is_some_and(|free_at| step.now >= free_at) {
            self.take(store, Some(term), step);
        } else {
            self.read(store, step);
        }
    }

    /// Gives back every record that is known to bear this instance's name.
    fn give_back(&mut self, step: &mut Step) {
        for store in Store::BOTH {
            let known = self.slots.get(store).known();
            if known.is_some_and(|seen| seen.is_of(&self.me)) {
                self.write(store, None, String::new(), None, step);
            }
        }
    }

    /// Puts this instance's name into the record, with `term` or with the term
    /// that is there.
    fn take(&mut self, store: Store, term: Option<Term>, step: &mut Step) {
        let (holder, advertise) = (self.me.clone(), self.advertise.clone());
        self.write(store, Some(holder), advertise, term, step);
    }

    fn write(
        &mut self,
        store: Store,
        holder: Option<String>,
        advertise: String,
        term: Option<Term>,
        step: &mut Step,
    ) {
        let slot = self.slots.get_mut(store);
        let Some(seen) = slot.known() else {
            return;
        };
        self.attempt = self.attempt.max(seen.counter()).saturating_add(1);
        let new = LeaseRecord {
            holder,
            advertise,
            term: term.unwrap_or(seen.term()),
            counter: self.attempt,
        };
        step.commands.push(Command::Cas {
            store,
            expected: seen.record.clone(),
            new: new.clone(),
            attempt: self.attempt,
        });
        slot.cas_asked(new, step.now);
    }

    fn read(&mut self, store: Store, step: &mut Step) {
        self.slots.get_mut(store).read_asked(step.now);
        step.commands.push(Command::Read { store });
    }
}
