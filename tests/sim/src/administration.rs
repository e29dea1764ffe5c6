//! What operators change of a cluster's definition, and order of Lictor: stored
//! in Postgres first, then told to the leader. While either cannot be had it is
//! refused, and nothing changes.

use std::num::NonZeroU32;

use lictor_domain::{
    Cluster, Durability, FailoverOrder, LongTransactions, Maintenance, Mode, Node, Order, Pause,
    RecoveryId,
};
use lictor_engine::leadership::Store;
use lictor_engine::maintenance;
use lictor_engine::message::Event;
use lictor_engine::rebuild;
use lictor_engine::switchover::Facts;
use uuid::Uuid;

use crate::agenda::{Clock, Micros};
use crate::flaw::Flaw;
use crate::invariants::Premise;
use crate::leader::{Reign, engine_time};
use crate::network::Place;
use crate::scenario::{Trouble, What};
use crate::world::{Happening, World};

/// Who orders.
pub const OPERATOR: &str = "ada";

impl World {
    /// The leader that takes orders, if there is one.
    #[must_use]
    pub fn in_charge(&self) -> Option<Reign> {
        let reign = self.leader()?.reign;
        (self.may_act(reign) && self.paused_until(reign).is_none()).then_some(reign)
    }

    /// The cluster as its operators have it by now.
    #[must_use]
    pub fn defined(&self) -> Cluster {
        let mut cluster = self.store.cluster().clone();
        cluster.expire(engine_time(Clock::drifting(0), self.now()).wall);
        cluster
    }

    /// Changes the definition; whether it was changed.
    fn redefine(&mut self, change: impl FnOnce(&mut Cluster)) -> bool {
        let Some(reign) = self.in_charge() else {
            return false;
        };
        let now = self.now();
        if !self.store.answers(Store::Postgres, now) || !self.store.redefine(reign, change) {
            return false;
        }
        let mut cluster = self.store.cluster().clone();
        if let Some(leader) = self.leader_of(reign) {
            // What is stored of them may be older than what the keeper decided.
            for node in &mut cluster.nodes {
                let known = leader.keeper.cluster().node(&node.name);
                node.quarantine = known.and_then(|known| known.quarantine.clone());
            }
        }
        if self.flaw != Flaw::TouchesWhatIsTakenOut {
            self.tell(reign, Event::Redefined(cluster));
        }
        true
    }

    /// The mode is set for a time.
    pub fn mode_is(&mut self, mode: Mode, lasts: Micros) {
        if self.redefine(|cluster| cluster.policy.mode = mode) {
            self.note(|| format!("the operator sets the mode to {mode}"));
            self.ledger.premises.saw(Premise::ModeChanged);
            self.take_back(What::ModeIs(Mode::Auto), mode == Mode::Auto, lasts);
        }
    }

    /// Commits are to wait for so many replicas, for a time.
    pub fn acks_are(&mut self, acks: usize, lasts: Micros) {
        let usual = self.scenario.acks;
        // A leader of this flaw is wrong about what commits wait for already.
        if self.flaw == Flaw::FencesOneTooFew {
            return;
        }
        if self.redefine(|cluster| cluster.policy.durability = durability(acks)) {
            self.note(|| format!("the operator lets commits wait for {acks} replica(s)"));
            self.ledger.premises.saw(Premise::DurabilityChanged);
            self.take_back(What::AcksAre(usual), acks == usual, lasts);
        }
    }

    fn take_back(&mut self, what: What, is_usual: bool, after: Micros) {
        if !is_usual {
            let at = self.now() + after;
            let trouble = Trouble { at, lasts: 0, what };
            self.agenda.plan_at(at, Happening::Trouble(trouble));
        }
    }

    /// The cluster is paused, and resumes by itself.
    pub fn pause(&mut self, lasts: Micros) {
        let until = engine_time(Clock::drifting(0), self.now() + lasts).wall;
        let pause = Pause {
            owner: OPERATOR.to_owned(),
            reason: "a network change".to_owned(),
            until: Some(until),
        };
        if self.redefine(|cluster| cluster.pause = Some(pause)) {
            self.note(|| "the operator pauses the cluster".to_owned());
            self.ledger.premises.saw(Premise::ClusterPaused);
        }
    }

    /// Somebody works on a node, which he is not let if it takes the writes.
    pub fn maintenance(&mut self, place: Place, lasts: Micros) {
        let until = engine_time(Clock::drifting(0), self.now() + lasts).wall;
        let name = self.nodes[place].name.clone();
        let cluster = self.leader().map(|leader| leader.keeper.cluster());
        let known = cluster.and_then(|cluster| Some((cluster, cluster.node(&name)?)));
        if known.is_none_or(|(cluster, node)| maintenance::may_begin(cluster, node).is_err()) {
            return;
        }
        let begins = |node: &mut Node| {
            node.maintenance = Some(Maintenance {
                owner: OPERATOR.to_owned(),
                reason: "a new disk".to_owned(),
                until,
            });
        };
        let changed = self.redefine(|cluster| {
            let mut nodes = cluster.nodes.iter_mut();
            nodes
                .find(|node| node.name == name)
                .into_iter()
                .for_each(begins);
        });
        if changed {
            self.note(|| format!("the operator works on {name}"));
            self.ledger.premises.saw(Premise::Maintained);
        }
    }

    /// Whether somebody works on a node now.
    #[must_use]
    pub fn is_worked_on(&self, place: Place) -> bool {
        let cluster = self.defined();
        let node = cluster.node(&self.nodes[place].name);
        node.is_some_and(|node| node.maintenance.is_some())
    }

    /// When all is repaired, the definition is what it was at the beginning.
    pub fn restore_definition(&mut self) {
        let usual = durability(self.policy_acks());
        let cluster = self.store.cluster();
        let policy = &cluster.policy;
        if policy.mode != Mode::Auto || policy.durability != usual {
            self.redefine(|cluster| {
                cluster.policy.mode = Mode::Auto;
                cluster.policy.durability = usual;
            });
        }
    }

    /// He wants another primary, while anything else may go wrong.
    pub fn operator_switches(&mut self) {
        let order = Order {
            to: None,
            pause: Order::USUAL_PAUSE,
            transactions: LongTransactions::Wait,
            older_than: Order::USUAL_AGE,
            actor: OPERATOR.to_owned(),
            reason: None,
        };
        let facts = Facts {
            transactions: Ok(vec![]),
            subscribers: 2,
        };
        let (fresh, at) = (self.fresh_id(), self.now());
        let Some(leader) = self.in_charge().and_then(|reign| self.leader_of(reign)) else {
            return;
        };
        let (reign, now) = (leader.reign, engine_time(leader.clock, at));
        let (preflight, commands) = leader.keeper.switch_over(order, &facts, now, fresh);
        self.note(|| match preflight.cleared() {
            Some(candidate) => format!("the operator makes {candidate} the primary"),
            None => "the operator wants another primary, and is refused".to_owned(),
        });
        if preflight.cleared().is_some() {
            self.ledger.premises.saw(Premise::SwitchoverOrdered);
        }
        self.decided(reign, commands);
    }

    /// He orders a failover; by force only after he has made sure that the
    /// primary is gone.
    pub fn operator_fails_over(&mut self) {
        let Some(primary) = self
            .leader()
            .map(|leader| leader.keeper.cluster().primary.clone())
        else {
            return;
        };
        let gone = self
            .place(&primary)
            .is_some_and(|place| !self.nodes[place].lives());
        let order = FailoverOrder {
            to: None,
            force: gone,
            operator: OPERATOR.to_owned(),
            reason: "it is of no use".to_owned(),
        };
        self.order_failover(order);
    }

    /// Gives the order to the leader.
    pub fn order_failover(&mut self, order: FailoverOrder) {
        let (fresh, at) = (self.fresh_id(), self.now());
        let Some(leader) = self.in_charge().and_then(|reign| self.leader_of(reign)) else {
            return;
        };
        let (reign, now) = (leader.reign, engine_time(leader.clock, at));
        let how = if order.force { " by force" } else { "" };
        let (by_operator, forced) = (order.operator == OPERATOR, order.force);
        let (rehearsal, commands) = leader.keeper.order_failover(order, now, fresh);
        let begun = rehearsal.blockers.is_empty();
        if by_operator && begun {
            let premise = if forced {
                self.ledger.forced.insert(fresh);
                Premise::FailoverForced
            } else {
                Premise::FailoverOrdered
            };
            self.ledger.premises.saw(premise);
        }
        self.note(|| match &rehearsal.blockers[..] {
            [] => format!("the operator orders a failover{how}"),
            [first, ..] => format!("the operator orders a failover{how}, refused: {first}"),
        });
        self.decided(reign, commands);
    }

    /// He wants a node's data replaced.
    pub fn operator_rebuilds(&mut self, place: Place) {
        let Some(reign) = self.in_charge() else {
            return;
        };
        let node = self.nodes[place].name.clone();
        self.note(|| format!("the operator wants {node} rebuilt"));
        let order = rebuild::Order {
            node,
            donor: None,
            force: true,
            actor: OPERATOR.to_owned(),
        };
        let id = lictor_domain::RebuildId(self.fresh_id().0);
        self.tell(reign, Event::RebuildOrdered { id, order });
    }

    /// An identity that no recovery has had; those of orders are apart from those
    /// of a leader's own.
    fn fresh_id(&self) -> RecoveryId {
        RecoveryId(Uuid::from_u128(u128::from(self.now()) << 32 | 1 << 31))
    }
}

fn durability(acks: usize) -> Durability {
    let acks = u32::try_from(acks).ok().and_then(NonZeroU32::new);
    acks.map_or(Durability::Async, |acks| Durability::SemiSync { acks })
}
