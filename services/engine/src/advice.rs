//! What a server's variables should be, so that it replicates well and loses
//! nothing, and why.
//!
//! Invariant: only a value that the server told can be right. It says nothing of
//! what a probe shows beside the variables: that is `analysis`.

use std::collections::BTreeMap;

use lictor_domain::report::SemiSync;
use lictor_domain::{NodeName, Variable, VariableVerdict};

use crate::analysis::LONG_NET_TIMEOUT;
use crate::view::ClusterView;

/// A day, in seconds.
const DAY: u64 = 86_400;

/// What one variable should be.
#[derive(Clone, Debug)]
pub struct Advice {
    name: &'static str,
    /// What servers before 8.0.26 call it.
    older: Option<&'static str>,
    wanted: Wanted,
    why: &'static str,
    /// Servers without it lack nothing.
    optional: bool,
}

#[derive(Clone, Debug)]
enum Wanted {
    /// This word.
    Word(&'static str),
    /// This number or a larger one.
    AtLeast(u64),
    /// From 1 to `most`.
    Within { best: u64, most: u64 },
    /// What no other node has; `None` for a node that never said what it has.
    Unique(Vec<Option<u32>>),
}

/// What there is to say about this node's variables, in a fixed order.
#[must_use]
pub fn advice(view: &ClusterView, node: &NodeName) -> Vec<Advice> {
    let is_primary = view.cluster.primary == *node;
    let acks = view.cluster.policy.durability.acks();
    let others = view.cluster.nodes.iter().filter(|it| it.name != *node);
    let ids = others.map(|it| Some(view.node(&it.name).report()?.server_id));
    let mut all = vec![wanted(
        "server_id",
        Wanted::Unique(ids.collect()),
        "two servers of the same number throw away what they get from each other",
    )];
    all.extend(gtids());
    all.extend(logs());
    all.extend(access(is_primary));
    all.extend(replication());
    all.push(relay_log_recovery(acks));
    all.extend(semi_sync(is_primary, acks));
    all
}

impl Advice {
    /// What to ask the server for.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.older)
    }

    /// The variable, among those that the server `told`; `None` where the server
    /// may lack it, and does.
    #[must_use]
    pub fn judge(&self, told: &BTreeMap<String, String>) -> Option<Variable> {
        let value = self.names().find_map(|name| told.get(name)).cloned();
        if value.is_none() && self.optional {
            return None;
        }
        let verdict = value.as_deref().map(|value| self.wanted.verdict(value));
        Some(Variable {
            name: self.name,
            value,
            recommended: self.wanted.text(),
            verdict: verdict.unwrap_or(VariableVerdict::Unknown),
            why: self.why,
        })
    }

    fn formerly(self, older: &'static str) -> Self {
        Self {
            older: Some(older),
            ..self
        }
    }

    fn where_there_is_one(self) -> Self {
        Self {
            optional: true,
            ..self
        }
    }
}

impl Wanted {
    fn verdict(&self, value: &str) -> VariableVerdict {
        let number = || value.parse::<u64>().ok();
        let right = match self {
            Self::Word(word) => Some(value.eq_ignore_ascii_case(word)),
            Self::AtLeast(least) => number().map(|number| number >= *least),
            Self::Within { most, .. } => number().map(|number| (1..=*most).contains(&number)),
            Self::Unique(others) => number().and_then(|id| is_unique(id, others)),
        };
        match right {
            Some(true) => VariableVerdict::Ok,
            Some(false) => VariableVerdict::Differs,
            None => VariableVerdict::Unknown,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Word(word) => (*word).to_owned(),
            Self::AtLeast(least) => format!("{least} or more"),
            Self::Within { best, most } => format!("{best}, at most {most}"),
            Self::Unique(_) => "a number of its own".to_owned(),
        }
    }
}

/// `None` when it cannot be told: a node never said what it has.
fn is_unique(id: u64, others: &[Option<u32>]) -> Option<bool> {
    let taken = others.iter().flatten().any(|other| u64::from(*other) == id);
    if id == 0 || taken {
        return Some(false);
    }
    others.iter().all(Option::is_some).then_some(true)
}

const fn wanted(name: &'static str, wanted: Wanted, why: &'static str) -> Advice {
    Advice {
        name,
        older: None,
        wanted,
        why,
        optional: false,
    }
}

const fn word(name: &'static str, word: &'static str, why: &'static str) -> Advice {
    wanted(name, Wanted::Word(word), why)
}

const fn switch(on: bool) -> &'static str {
    if on { "ON" } else { "OFF" }
}

const fn gtids() -> [Advice; 2] {
    [
        word(
            "gtid_mode",
            "ON",
            "by GTIDs Lictor tells who holds what, and moves replicas",
        ),
        word(
            "enforce_gtid_consistency",
            "ON",
            "what cannot be replicated by GTID must not be committed",
        ),
    ]
}

fn logs() -> [Advice; 6] {
    [
        word(
            "log_bin",
            "ON",
            "without a binary log nothing is replicated from it",
        ),
        word(
            "log_replica_updates",
            "ON",
            "as a primary it has to give the others what it once got as a replica",
        )
        .formerly("log_slave_updates"),
        word(
            "binlog_format",
            "ROW",
            "a statement may do something else on a replica, a row does not",
        ),
        word(
            "sync_binlog",
            "1",
            "anything else loses commits, or keeps what nobody else has, when its machine fails",
        ),
        word(
            "innodb_flush_log_at_trx_commit",
            "1",
            "anything else loses commits when its machine fails",
        ),
        wanted(
            "binlog_expire_logs_seconds",
            Wanted::AtLeast(DAY),
            "a node that was away for longer than the log is kept has to be rebuilt; with 0 the \
             logs are kept until the disk is full",
        ),
    ]
}

fn access(is_primary: bool) -> [Advice; 4] {
    let (read_only, why) = if is_primary {
        (switch(false), "it is the primary, and takes the writes")
    } else {
        (
            switch(true),
            "what is written on a replica exists nowhere else, and keeps it from being primary",
        )
    };
    [
        word("read_only", read_only, why),
        word("super_read_only", read_only, why),
        word(
            "offline_mode",
            "OFF",
            "while it is ON, clients are turned away",
        ),
        word(
            "skip_replica_start",
            "ON",
            "Lictor starts the receiver after a boot, when it knows whom to follow; one that \
             starts by itself may acknowledge writes of a primary that was replaced",
        )
        .formerly("skip_slave_start"),
    ]
}

fn replication() -> [Advice; 6] {
    [
        wanted(
            "replica_net_timeout",
            Wanted::Within {
                best: 4,
                most: LONG_NET_TIMEOUT.as_secs(),
            },
            "for so many seconds a replica waits for a source that has gone silent",
        )
        .formerly("slave_net_timeout"),
        wanted(
            "replica_parallel_workers",
            Wanted::AtLeast(2),
            "a single worker falls behind a busy primary, and a failover waits for it",
        )
        .formerly("slave_parallel_workers"),
        word(
            "replica_parallel_type",
            "LOGICAL_CLOCK",
            "by DATABASE, the writes to one schema are applied one after another",
        )
        .formerly("slave_parallel_type")
        .where_there_is_one(),
        word(
            "replica_preserve_commit_order",
            "ON",
            "otherwise readers see states that the primary never had",
        )
        .formerly("slave_preserve_commit_order"),
        word(
            "replica_exec_mode",
            "STRICT",
            "otherwise a replica whose data differs goes on without a word",
        )
        .formerly("slave_exec_mode"),
        word(
            "replica_skip_errors",
            "OFF",
            "a transaction that fails and is passed over is missing from then on",
        )
        .formerly("slave_skip_errors"),
    ]
}

/// A relay log that is recovered is thrown away and fetched again.
const fn relay_log_recovery(acks: u32) -> Advice {
    let (on, why) = if acks > 0 {
        (
            false,
            "when it boots with ON, it throws away what it has acknowledged and not applied yet, \
             and the primary may be gone by then",
        )
    } else {
        (
            true,
            "a relay log that its machine's failure has torn is fetched again",
        )
    };
    word("relay_log_recovery", switch(on), why)
}

fn semi_sync(is_primary: bool, acks: u32) -> Vec<Advice> {
    if acks == 0 {
        let why = "the durability of the cluster is async: commits wait for nobody";
        return vec![source_enabled(false, why).where_there_is_one()];
    }
    if !is_primary {
        let why = "at a replica it freezes the applier; Lictor turns it on before it opens a node";
        let acknowledges = word(
            "rpl_semi_sync_replica_enabled",
            "ON",
            "commits of the primary wait for replicas that acknowledge",
        );
        return vec![
            source_enabled(false, why),
            acknowledges.formerly("rpl_semi_sync_slave_enabled"),
        ];
    }
    let why = "by the durability of the cluster, commits wait for replicas";
    let never = u64::try_from(SemiSync::NEVER.as_millis()).unwrap_or(u64::MAX);
    vec![
        source_enabled(true, why),
        wanted(
            "rpl_semi_sync_source_wait_for_replica_count",
            Wanted::AtLeast(acks.into()),
            "so many replicas must hold a commit, by the durability of the cluster",
        )
        .formerly("rpl_semi_sync_master_wait_for_slave_count"),
        wanted(
            "rpl_semi_sync_source_timeout",
            Wanted::AtLeast(never),
            "after so many milliseconds commits no longer wait, and a failover may lose them",
        )
        .formerly("rpl_semi_sync_master_timeout"),
        word(
            "rpl_semi_sync_source_wait_no_replica",
            "ON",
            "otherwise commits do not wait as soon as too few replicas are connected",
        )
        .formerly("rpl_semi_sync_master_wait_no_slave"),
        word(
            "rpl_semi_sync_source_wait_point",
            "AFTER_SYNC",
            "otherwise others see a commit before any replica holds it",
        )
        .formerly("rpl_semi_sync_master_wait_point"),
    ]
}

fn source_enabled(on: bool, why: &'static str) -> Advice {
    word("rpl_semi_sync_source_enabled", switch(on), why).formerly("rpl_semi_sync_master_enabled")
}

#[cfg(test)]
mod tests;
