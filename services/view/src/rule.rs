//! Hostgroups, query rules, and where a statement goes.

use lictor_wire::{domain, v1};

use crate::all;
use crate::node::Role;

words! {
    /// What a hostgroup is for.
    HostgroupKind from HostgroupKind {
        /// Takes writes.
        Writer = "writer",
        /// Serves reads.
        Reader = "reader",
        /// Anything else.
        Custom = "custom",
    }
}

words! {
    /// Whether a server is used.
    ServerStatus from ServerStatus {
        /// It is used.
        Online = "online",
        /// What it has begun ends there, and nothing new goes to it.
        OfflineSoft = "offline_soft",
        /// Nothing goes to it, and what it has begun is cut off.
        OfflineHard = "offline_hard",
    }
}

shown! {
    /// A hostgroup as it is filled now.
    pub struct Hostgroup {
        /// Its number.
        pub id: u32,
        /// Its name.
        pub name: String,
        /// What it is for.
        pub kind: HostgroupKind,
        /// The cluster whose nodes fill it; null where its servers are listed.
        pub cluster: Option<String>,
        /// Which nodes of that cluster.
        pub role: Option<Role>,
        /// Its servers, in order of address.
        pub servers: Vec<Server>,
    }

    /// A server of a hostgroup.
    pub struct Server {
        /// Where it listens.
        pub address: String,
        /// Whether it is used.
        pub status: ServerStatus,
        /// Its share, relative to the others' in the hostgroup.
        pub weight: u32,
        /// Connections that one proxy may have to it.
        pub max_connections: u32,
        /// Further behind than this many seconds it is left out; 0 for however far.
        pub max_replication_lag: u32,
    }

    /// A query rule, as in ProxySQL: where a statement goes, and what else is done
    /// with it.
    pub struct QueryRule {
        /// Its number.
        pub rule_id: u32,
        /// Whether it is tried at all.
        pub active: bool,
        /// Only statements of this user.
        pub username: Option<String>,
        /// Only statements in this default schema.
        pub schemaname: Option<String>,
        /// Only while the evaluation carries this flag.
        pub flag_in: u32,
        /// Only statements whose digest has a match of this pattern.
        pub match_digest: Option<String>,
        /// Only statements whose text has a match of this pattern.
        pub match_pattern: Option<String>,
        /// Only statements where the patterns do not match.
        pub negate_match_pattern: bool,
        /// How the patterns are read: `CASELESS`, or empty.
        pub re_modifiers: String,
        /// The flag to carry from here on.
        pub flag_out: Option<u32>,
        /// The hostgroup that the statement goes to.
        pub destination_hostgroup: Option<u32>,
        /// For how many milliseconds its result may be cached.
        pub cache_ttl: Option<u32>,
        /// Whether a result without rows may be cached too.
        pub cache_empty_result: Option<bool>,
        /// For how many milliseconds to wait for a result that is being cached.
        pub cache_timeout: Option<u32>,
        /// After how many milliseconds the statement is ended; 0 for never.
        pub timeout: Option<u32>,
        /// How often it is tried again when it fails.
        pub retries: Option<u32>,
        /// For how many milliseconds it is held back.
        pub delay: Option<u32>,
        /// Whether its connection may serve other sessions between statements: 0, 1
        /// or 2.
        pub multiplex: Option<u32>,
        /// The statement is not sent anywhere, and this is the error.
        pub error_msg: Option<String>,
        /// Whether a match of this rule ends the evaluation.
        pub apply: bool,
        /// What people say about it.
        pub comment: Option<String>,
    }

    /// Where a statement goes, and why.
    pub struct RuleTest {
        /// The statement's digest, as `match_digest` sees it.
        pub digest: String,
        /// Every rule, in the order in which they are tried.
        pub steps: Vec<RuleStep>,
        /// What comes of it.
        pub outcome: RuleOutcome,
        /// Where it goes when no rule says.
        pub statement: Option<StatementClass>,
    }

    /// One rule, and whether it matched.
    pub struct RuleStep {
        /// The rule.
        pub rule_id: u32,
        /// Whether it matched.
        pub matched: bool,
        /// Stable name of the reason.
        pub code: String,
        /// The reason.
        pub sentence: String,
    }

    /// What the rules set for a statement; what is null is the sender's choice.
    pub struct RuleOutcome {
        /// The hostgroup that the statement goes to.
        pub destination_hostgroup: Option<u32>,
        /// The name of that hostgroup.
        pub hostgroup_name: Option<String>,
        /// The rule that said so.
        pub chosen_by: Option<u32>,
        /// The rule whose `apply` ended the evaluation.
        pub applied: Option<u32>,
        /// For how many milliseconds its result may be cached.
        pub cache_ttl: Option<u32>,
        /// Whether a result without rows may be cached too.
        pub cache_empty_result: Option<bool>,
        /// For how many milliseconds to wait for a result that is being cached.
        pub cache_timeout: Option<u32>,
        /// After how many milliseconds the statement is ended; 0 for never.
        pub timeout: Option<u32>,
        /// How often it is tried again when it fails.
        pub retries: Option<u32>,
        /// For how many milliseconds it is held back.
        pub delay: Option<u32>,
        /// As in a query rule.
        pub multiplex: Option<u32>,
        /// The statement is not to be sent anywhere, and this is the error.
        pub error_msg: Option<String>,
    }

    /// Where a statement goes when no rule says it.
    pub struct StatementClass {
        /// Whether it only reads, so that a replica can answer it.
        pub reads: bool,
        /// Stable name of the reason.
        pub code: String,
        /// The reason.
        pub sentence: String,
    }
}

impl From<&domain::HostgroupRoute> for Hostgroup {
    fn from(route: &domain::HostgroupRoute) -> Self {
        let filling = route.filled_by.as_ref();
        let servers = route.servers.iter().map(|server| Server {
            address: server.address.to_string(),
            status: v1::ServerStatus::from(server.status).into(),
            weight: server.capacity.weight,
            max_connections: server.capacity.max_connections,
            max_replication_lag: server.capacity.max_replication_lag,
        });
        Self {
            id: route.id.0,
            name: route.name.to_string(),
            kind: v1::HostgroupKind::from(route.kind).into(),
            cluster: filling.map(|filling| filling.cluster.to_string()),
            role: filling.map(|filling| filling.role.into()),
            servers: servers.collect(),
        }
    }
}

impl From<&domain::QueryRule> for QueryRule {
    fn from(rule: &domain::QueryRule) -> Self {
        let rule = v1::QueryRule::from(rule.clone());
        Self {
            rule_id: rule.rule_id,
            active: rule.active,
            username: rule.username,
            schemaname: rule.schemaname,
            flag_in: rule.flag_in,
            match_digest: rule.match_digest,
            match_pattern: rule.match_pattern,
            negate_match_pattern: rule.negate_match_pattern,
            re_modifiers: rule.re_modifiers,
            flag_out: rule.flag_out,
            destination_hostgroup: rule.destination_hostgroup,
            cache_ttl: rule.cache_ttl,
            cache_empty_result: rule.cache_empty_result,
            cache_timeout: rule.cache_timeout,
            timeout: rule.timeout,
            retries: rule.retries,
            delay: rule.delay,
            multiplex: rule.multiplex,
            error_msg: rule.error_msg,
            apply: rule.apply,
            comment: rule.comment,
        }
    }
}

impl From<v1::TestRuleResponse> for RuleTest {
    fn from(response: v1::TestRuleResponse) -> Self {
        let explained = response.explanation.unwrap_or_default();
        let outcome = explained.outcome.unwrap_or_default();
        Self {
            digest: explained.digest,
            steps: all(explained.steps),
            outcome: RuleOutcome::new(outcome, response.hostgroup_name),
            statement: response.statement.map(|class| StatementClass {
                reads: class.reads,
                code: class.code,
                sentence: class.sentence,
            }),
        }
    }
}

impl From<v1::RuleStep> for RuleStep {
    fn from(step: v1::RuleStep) -> Self {
        Self {
            rule_id: step.rule_id,
            matched: step.matched,
            code: step.code,
            sentence: step.sentence,
        }
    }
}

impl RuleOutcome {
    fn new(outcome: v1::RuleOutcome, hostgroup_name: Option<String>) -> Self {
        Self {
            destination_hostgroup: outcome.destination_hostgroup,
            hostgroup_name,
            chosen_by: outcome.chosen_by,
            applied: outcome.applied,
            cache_ttl: outcome.cache_ttl,
            cache_empty_result: outcome.cache_empty_result,
            cache_timeout: outcome.cache_timeout,
            timeout: outcome.timeout,
            retries: outcome.retries,
            delay: outcome.delay,
            multiplex: outcome.multiplex,
            error_msg: outcome.error_msg,
        }
    }
}
