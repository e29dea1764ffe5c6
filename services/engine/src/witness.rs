//! What the other instances of the control plane say of the primary, when they are
//! asked whether they reach it.
//!
//! One that reaches it speaks against a failover. One that does not, or says
//! nothing, is no evidence: a failover waits for nobody here.

use std::collections::BTreeMap;
use std::time::Duration;

use lictor_domain::{Evidence, Mono, NodeName};

/// A word counts for so long after it was asked for.
const FRESH: Duration = Duration::from_secs(1);

/// How an instance reaches a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// The node answered it.
    Answers,
    /// The node did not.
    Misses {
        /// What came instead.
        reason: String,
    },
}

/// What one instance said.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Testified {
    node: NodeName,
    asked: Mono,
    word: Word,
}

/// What each instance said last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witnesses(BTreeMap<String, Testified>);

impl Witnesses {
    /// An instance said this of a node, asked at that moment.
    pub(crate) fn heard(&mut self, member: String, node: NodeName, asked: Mono, word: Word) {
        let newer = |held: &Testified| held.asked > asked;
        if !self.0.get(&member).is_some_and(newer) {
            let testified = Testified { node, asked, word };
            self.0.insert(member, testified);
        }
    }

    /// What was said of a node and counts at `now`, for who was asked after `since`:
    /// whether it is reached, and the words as evidence.
    pub(crate) fn of(&self, node: &NodeName, since: Mono, now: Mono) -> (bool, Vec<Evidence>) {
        let counts = |said: &&Testified| {
            said.node == *node && said.asked > since && now.since(said.asked) <= FRESH
        };
        let each = self.0.iter().filter(|(_, said)| counts(said));
        let reached = each.clone().any(|(_, said)| said.word == Word::Answers);
        let evidence = each.map(|(member, said)| match &said.word {
            Word::Answers => Evidence::MemberReaches {
                member: member.clone(),
                node: node.clone(),
                ago: now.since(said.asked),
            },
            Word::Misses { reason } => Evidence::MemberMisses {
                member: member.clone(),
                node: node.clone(),
                reason: reason.clone(),
            },
        });
        (reached, evidence.collect())
    }
}
