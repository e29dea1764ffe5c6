//! Drafts with everything in them, for the laws.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::num::NonZeroU32;
use std::str::FromStr;

use chrono::DateTime;
use lictor_domain::config::{ClusterConfig, Draft, Placement};
use lictor_domain::hostgroup::{
    Capacity, Hostgroup, HostgroupId, HostgroupKind, Members, Role, Server, ServerStatus,
};
use lictor_domain::keyspace::{Keyspace, Keyspaces, Writes};
use lictor_domain::names::{
    ClusterName, HostgroupName, KeyspaceName, NodeAddress, ShardName, Zone,
};
use lictor_domain::policy::{
    BetterPlaced, Budget, Durability, Mode, NoReaders, Objectives, OnStarved, Policy, Profile,
    PromotionRule, RebuildPolicy, Share,
};
use lictor_domain::rule::{Multiplex, QueryRule, ReModifiers, RuleFields, RuleId};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// Any draft; not always a whole one.
pub(crate) fn drafts() -> impl Strategy<Value = Draft> {
    let clusters = btree_map(name::<ClusterName>(), clusters(), 0..4);
    let keyspaces = vec(keyspaces(), 0..4).prop_map(Keyspaces::from_iter);
    (
        clusters,
        keyspaces,
        vec(hostgroups(), 0..4),
        vec(query_rules(), 0..4),
    )
        .prop_map(|(clusters, keyspaces, hostgroups, query_rules)| Draft {
            clusters,
            keyspaces,
            hostgroups,
            query_rules,
        })
}

/// A name; also such as a careless reader takes for something else than a text.
fn name<T: FromStr + Debug>() -> impl Strategy<Value = T> {
    let text = prop_oneof![
        4 => "[a-z]([a-z0-9-]{0,8}[a-z0-9])?".boxed(),
        1 => select(vec!["null", "true", "yes", "no", "on", "e1", "nan", "inf"])
            .prop_map(str::to_owned)
            .boxed(),
    ];
    text.prop_filter_map("reserved", |text| text.parse().ok())
}

fn addresses() -> impl Strategy<Value = NodeAddress> {
    let host = prop_oneof![
        "10\\.0\\.[0-9]\\.[0-9]",
        "db-[0-9]\\.example\\.org",
        "fd00::[0-9]",
    ];
    (host, 1u16..).prop_filter_map("no address", |(host, port)| {
        NodeAddress::new(&host, port).ok()
    })
}

fn clusters() -> impl Strategy<Value = ClusterConfig> {
    let nodes = btree_map(addresses(), placements(), 0..3);
    (policies(), nodes).prop_map(|(policy, nodes)| ClusterConfig { policy, nodes })
}

fn placements() -> impl Strategy<Value = Placement> {
    let until =
        (0..4_000_000_000i64).prop_filter_map("no time", |secs| DateTime::from_timestamp(secs, 0));
    (
        select(PromotionRule::ALL),
        option::of(until),
        option::of(name::<Zone>()),
    )
        .prop_map(|(promotion, promotion_until, zone)| Placement {
            promotion,
            promotion_until,
            zone,
        })
}

fn policies() -> impl Strategy<Value = Policy> {
    let durability = option::of(1u32..).prop_map(|acks| {
        let acks = acks.and_then(NonZeroU32::new);
        acks.map_or(Durability::Async, |acks| Durability::SemiSync { acks })
    });
    let on_starved = option::of((any::<u32>(), any::<u64>())).prop_map(|loosen| {
        loosen.map_or(OnStarved::Wait, |(min_acks, after_secs)| {
            OnStarved::Loosen {
                min_acks,
                after_secs,
            }
        })
    });
    let budget = (any::<u32>(), any::<u64>()).prop_map(|(failovers, window_secs)| Budget {
        failovers,
        window_secs,
    });
    (
        (select(Mode::ALL), select(Profile::ALL), durability, budget),
        (any::<u64>(), select(RebuildPolicy::ALL), on_starved),
        (select(NoReaders::ALL), shares(), shares()),
        (any::<bool>(), select(BetterPlaced::ALL), objectives()),
    )
        .prop_map(|(first, second, third, fourth)| Policy {
            mode: first.0,
            profile: first.1,
            durability: first.2,
            budget: first.3,
            max_read_lag_secs: second.0,
            rebuild: second.1,
            on_starved: second.2,
            no_readers: third.0,
            keep_readers: third.1,
            max_readers: third.2,
            accept_unfenced: fourth.0,
            better_placed: fourth.1,
            objectives: fourth.2,
        })
}

fn objectives() -> impl Strategy<Value = Objectives> {
    let percent = (1..=1_000_000u32).prop_filter_map("no percent", |part| {
        (f64::from(part) / 10_000.0).try_into().ok()
    });
    (
        option::of(percent),
        option::of(any::<u64>()),
        option::of(any::<u64>()),
    )
        .prop_map(|(availability_percent, rto_secs, rpo_secs)| Objectives {
            availability_percent,
            rto_secs,
            rpo_secs,
        })
}

fn shares() -> impl Strategy<Value = Share> {
    prop_oneof![
        any::<u32>().prop_map(Share::Count),
        (0..=100u32).prop_map(Share::Percent),
    ]
}

fn capacities() -> impl Strategy<Value = Capacity> {
    (
        0..=Capacity::MAX_WEIGHT,
        any::<u32>(),
        0..=Capacity::MAX_LAG,
    )
        .prop_map(|(weight, max_connections, max_replication_lag)| Capacity {
            weight,
            max_connections,
            max_replication_lag,
        })
}

fn hostgroups() -> impl Strategy<Value = Hostgroup> {
    let by_role = (name::<ClusterName>(), select(Role::ALL), capacities()).prop_map(
        |(cluster, role, capacity)| Members::ByRole {
            cluster,
            role,
            capacity,
        },
    );
    let listed = btree_map(addresses(), (select(ServerStatus::ALL), capacities()), 0..3);
    let listed = listed.prop_map(|servers: BTreeMap<_, _>| {
        let servers = servers.into_iter();
        Members::Listed(
            servers
                .map(|(address, (status, capacity))| Server {
                    address,
                    status,
                    capacity,
                })
                .collect(),
        )
    });
    (
        any::<u32>().prop_map(HostgroupId),
        name::<HostgroupName>(),
        select(HostgroupKind::ALL),
        prop_oneof![by_role, listed],
    )
        .prop_map(|(id, name, kind, members)| Hostgroup {
            id,
            name,
            kind,
            members,
        })
}

/// Any text without a NUL, also one that YAML has to quote with care.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>().prop_map(|text| text.replace('\0', "")),
        "[ \n\t:#'\"{}\\[\\],&*!|>%@`?~\u{85}\u{2028}\u{feff}a-]{1,12}",
        select(vec![
            "~",
            "null",
            "true",
            "0x1f",
            "1e3",
            ".inf",
            "-",
            "<<",
            "2026-11-23"
        ])
        .prop_map(str::to_owned),
    ]
}

fn some(texts: impl Strategy<Value = String>) -> impl Strategy<Value = Option<String>> {
    option::of(texts.prop_filter("empty", |text| !text.is_empty()))
}

fn patterns() -> impl Strategy<Value = Option<String>> {
    some(prop_oneof![
        "[a-zA-Z0-9 #:'\"-]{1,12}",
        select(vec![
            "^SELECT.*FOR UPDATE$",
            r"^\s*\(?select\b",
            "[{,}]: #",
            "a|b"
        ])
        .prop_map(str::to_owned),
    ])
}

fn query_rules() -> impl Strategy<Value = QueryRule> {
    let modifiers = select(vec![ReModifiers::Caseless, ReModifiers::None]);
    let multiplex = select(vec![Multiplex::Off, Multiplex::On, Multiplex::Unchanged]);
    let number = || option::of(any::<u32>());
    (
        (1u32.., any::<bool>(), some(texts()), some(texts())),
        (
            any::<u32>(),
            patterns(),
            patterns(),
            any::<bool>(),
            modifiers,
        ),
        (
            number(),
            number(),
            option::of(1u32..),
            option::of(any::<bool>()),
        ),
        (
            number(),
            number(),
            option::of(0..=1000u32),
            number(),
            option::of(multiplex),
        ),
        (option::of(texts()), any::<bool>(), option::of(texts())),
    )
        .prop_filter_map("no rule", |(first, second, third, fourth, fifth)| {
            QueryRule::new(RuleFields {
                rule_id: RuleId(first.0),
                active: first.1,
                username: first.2,
                schemaname: first.3,
                flag_in: second.0,
                match_digest: second.1,
                match_pattern: second.2,
                negate_match_pattern: second.3,
                re_modifiers: second.4,
                flag_out: third.0,
                destination_hostgroup: third.1.map(HostgroupId),
                cache_ttl: third.2,
                cache_empty_result: third.3,
                cache_timeout: fourth.0,
                timeout: fourth.1,
                retries: fourth.2,
                delay: fourth.3,
                multiplex: fourth.4,
                error_msg: fifth.0,
                apply: fifth.1,
                comment: fifth.2,
            })
            .ok()
        })
}

/// A keyspace of any function, read from JSON: what is no keyspace is dropped.
fn keyspaces() -> impl Strategy<Value = Keyspace> {
    let keys = || select(vec!["string", "bytes", "integer", "unsigned", "uuid"]);
    let hash = (keys(), vec(any::<u8>(), 0..4)).prop_map(|(key, mut cuts)| {
        cuts.sort_unstable();
        cuts.dedup();
        cuts.retain(|cut| *cut != 0);
        let bound = |cut: Option<&u8>| cut.map_or_else(String::new, |cut| format!("{cut:02x}"));
        let ranges = (0..=cuts.len()).map(|at| {
            let begin = at.checked_sub(1).and_then(|at| cuts.get(at));
            json!({ "range": format!("{}-{}", bound(begin), bound(cuts.get(at))) })
        });
        (json!({ "function": "hash", "key": key }), ranges.collect())
    });
    let cut = |key, cuts: Vec<Value>| (key, cuts);
    let range = prop_oneof![
        btree_set(any::<i64>(), 0..4)
            .prop_map(move |cuts| cut("integer", cuts.into_iter().map(Value::from).collect())),
        btree_set(1u64.., 0..4)
            .prop_map(move |cuts| cut("unsigned", cuts.into_iter().map(Value::from).collect())),
        btree_set("[a-z0-9]{1,5}", 0..4)
            .prop_map(move |cuts| cut("bytes", cuts.into_iter().map(Value::from).collect())),
    ]
    .prop_map(|(key, cuts)| {
        let bounds = (0..=cuts.len()).map(|at: usize| {
            let mut shard = json!({});
            if let Some(begin) = at.checked_sub(1) {
                shard["from"] = cuts[begin].clone();
            }
            if let Some(end) = cuts.get(at) {
                shard["below"] = end.clone();
            }
            shard
        });
        (json!({ "function": "range", "key": key }), bounds.collect())
    });
    let modulo = (keys(), 1..6u32).prop_map(|(key, modulo)| {
        let slots = (0..modulo).map(|slot| json!({ "slots": [slot] }));
        let keyspace = json!({ "function": "md5_mod", "key": key, "modulo": modulo });
        (keyspace, slots.collect())
    });
    let values = btree_set(prop_oneof![texts(), "[0-9]{1,3}"], 1..4);
    let lookup = values.prop_map(|values| {
        let listed = values.into_iter().map(|value| json!({ "values": [value] }));
        let rest = [json!({ "default": true })];
        let keyspace = json!({ "function": "lookup", "key": "string" });
        (keyspace, listed.chain(rest).collect())
    });
    let any = prop_oneof![hash, range, modulo, lookup];
    let around = (
        name::<KeyspaceName>(),
        name::<ClusterName>(),
        select(Writes::ALL),
    );
    (around, any).prop_filter_map("no keyspace", |(around, (mut keyspace, shards))| {
        let (name, cluster, writes) = around;
        let shards: Vec<Value> = shards;
        let named = shards.into_iter().enumerate().map(|(at, mut shard)| {
            let name: ShardName = format!("s{at}").parse().ok()?;
            shard["name"] = json!(name);
            shard["cluster"] = json!(cluster);
            shard["writes"] = json!(writes);
            Some(shard)
        });
        keyspace["shards"] = named.collect::<Option<_>>()?;
        let keyspaces: Keyspaces = serde_json::from_value(json!({name.as_str(): keyspace})).ok()?;
        keyspaces.iter().next().cloned()
    })
}
