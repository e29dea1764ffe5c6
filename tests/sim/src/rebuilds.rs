//! The hands of a rebuild: they ask both servers, copy, and ask what came of it.
//!
//! While the copy runs the node answers, and its GTIDs promise data that it has
//! not any more. The copy lives in a session of its leader: it ends unfinished
//! when that one, the node or its donor is lost. A whole copy shuts its server
//! down, which is then started again.

use lictor_domain::{CopyProgress, NodeAddress, NodeName, RebuildId};
use lictor_engine::message::Event;
use lictor_engine::rebuild::{RebuildAct, RebuildDone, Restarter, RunsOn};

use crate::agenda::{MS, Micros, SECOND};
use crate::faults::Fault;
use crate::flaw::Flaw;
use crate::invariants::Premise;
use crate::leader::Reign;
use crate::mysqld::Data;
use crate::network::{Place, Way};
use crate::store::Note;
use crate::world::{Happening, World};

/// Asking a server one thing.
const ASK: Micros = 3 * SECOND;
/// How long the beginning of a rebuild may take to be stored.
const BEGIN: Micros = 10 * SECOND;

/// A copy under way.
#[derive(Clone, Debug)]
pub struct Copy {
    id: RebuildId,
    reign: Reign,
    node: Place,
    donor: Place,
    /// The lives of both when it began.
    lives: (u64, u64),
}

impl World {
    /// A step of a rebuild.
    pub fn rebuild_step(&mut self, reign: Reign, id: RebuildId, act: RebuildAct) {
        match act {
            RebuildAct::Check { node, donor } => {
                let both = [node, donor].map(|name| self.reaches(&name));
                let result = if both == [true, true] {
                    Ok(())
                } else {
                    Err("one of them does not answer".to_owned())
                };
                let wait = if result.is_ok() { MS } else { ASK };
                self.rebuild_told(reign, id, RebuildDone::Checked(result), wait);
            }
            RebuildAct::Begin { record, quarantine } => {
                self.write_note(reign, Note::Begins(record, quarantine));
                self.beginning.insert((reign, id));
                self.agenda.plan(BEGIN, Happening::NotBegun(reign, id));
            }
            RebuildAct::Copy { node, donor } => self.begin_copy(reign, id, &node, &donor),
            RebuildAct::Inspect { node } => self.inspect(reign, id, &node),
            RebuildAct::Save(record) => self.write_note(reign, Note::Rebuild(record)),
        }
    }

    /// The stores write what is due; who waits for it is told.
    pub fn write_notes(&mut self) {
        let now = self.now();
        for (reign, id) in self.store.write(now) {
            let hop = self.dice.hop();
            if self.beginning.remove(&(reign, id)) {
                self.rebuild_told(reign, id, RebuildDone::Begun(Ok(())), hop);
            }
        }
    }

    /// Who waits for it is told so, unless it was stored.
    pub fn not_begun(&mut self, reign: Reign, id: RebuildId) {
        if self.beginning.remove(&(reign, id)) {
            let late = Err("it was not stored in time that it begins".to_owned());
            self.rebuild_told(reign, id, RebuildDone::Begun(late), 0);
        }
    }

    fn rebuild_told(&mut self, reign: Reign, id: RebuildId, done: RebuildDone, after: Micros) {
        let event = Event::Rebuilding { id, done };
        self.agenda.plan(after, Happening::Tell(reign, event));
    }

    fn reaches(&self, name: &NodeName) -> bool {
        let place = self.place(name);
        place.is_some_and(|place| self.nodes[place].runs() && self.passes(Way::Lictor(place)))
    }

    fn begin_copy(&mut self, reign: Reign, id: RebuildId, node: &NodeName, donor: &NodeAddress) {
        let places = (self.place(node), self.place_at(donor));
        let (Some(place), Some(donor)) = places else {
            return;
        };
        if !self.reaches(node) || !self.may_act(reign) {
            let done = RebuildDone::Copied(Err("no session in time".to_owned()));
            return self.rebuild_told(reign, id, done, ASK);
        }
        self.note(|| {
            format!(
                "the data of {node} is replaced by that of node {}",
                donor + 1
            )
        });
        self.nodes[place].replace_data(reign);
        let copy = Copy {
            id,
            reign,
            node: place,
            donor,
            lives: (self.nodes[place].life, self.nodes[donor].life),
        };
        let takes = self.dice.time(300 * MS..=4 * SECOND);
        let progress = RebuildDone::Progress(CopyProgress::default());
        self.rebuild_told(reign, id, progress, takes / 2);
        self.agenda.plan(takes, Happening::Copied(copy));
    }

    /// A copy ends, whole or not.
    pub fn copied(&mut self, copy: &Copy) {
        let Copy {
            id,
            reign,
            node,
            donor,
            lives,
        } = *copy;
        let both = [node, donor].map(|place| self.nodes[place].runs());
        let same = (self.nodes[node].life, self.nodes[donor].life) == lives;
        let led = self.leader().is_some_and(|leader| leader.reign == reign);
        let passes = self.passes(Way::between(node, donor)) && self.passes(Way::Lictor(node));
        if !same || both != [true, true] || !led || !passes {
            self.nodes[node].leave_half_copied(lives.0);
            self.ledger.premises.saw(Premise::CopyBrokenOff);
            let done = RebuildDone::Copied(Err("the copy was broken off".to_owned()));
            return self.rebuild_told(reign, id, done, MS);
        }
        let now = self.now();
        let data = self.nodes[donor].executed.clone();
        self.nodes[node].take_copy(&data, now);
        self.ledger.premises.saw(Premise::Rebuilt);
        self.note(|| format!("node {} holds a whole copy of node {}", node + 1, donor + 1));
        let supervised = self.dice.percent(50);
        let (restarter, down) = if supervised {
            (Restarter::Supervisor, SECOND)
        } else {
            (Restarter::Somebody, 3 * SECOND)
        };
        self.strike(Fault::Crash(node), down);
        self.rebuild_told(reign, id, RebuildDone::Copied(Ok(restarter)), MS);
    }

    fn inspect(&mut self, reign: Reign, id: RebuildId, name: &NodeName) {
        let Some(place) = self.place(name) else {
            return;
        };
        if !self.reaches(name) {
            let done = RebuildDone::Inspected(Err("no answer in time".to_owned()));
            return self.rebuild_told(reign, id, done, ASK);
        }
        let newest = self.leader().map(|leader| leader.reign);
        let found = match self.nodes[place].data {
            Data::Replaced { by, .. } if Some(by) == newest => RunsOn::Unfinished,
            Data::Replaced { .. } | Data::Half => {
                RunsOn::FailedCopy("the copy was broken off".to_owned())
            }
            Data::Copy => RunsOn::Copy,
            Data::Own => RunsOn::FailedCopy("no copy was begun".to_owned()),
        };
        let found = match found {
            RunsOn::FailedCopy(_) if self.flaw == Flaw::TrustsHalfACopy => RunsOn::Copy,
            found => found,
        };
        let hop = self.hop_at(place);
        self.rebuild_told(reign, id, RebuildDone::Inspected(Ok(found)), hop);
    }
}
