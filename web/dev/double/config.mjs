// The double's routing, configuration, subscribers and control plane.

const ago = (secs) => new Date(Date.now() - secs * 1000).toISOString();

export function routing(clusters) {
  const all = [...clusters.values()];
  return {
    revision: "1.42",
    clusters: all.map((cluster) => route(cluster)),
    keyspaces: all.length > 1 ? keyspaces(all) : [],
    hostgroups: all.slice(0, 2).flatMap((cluster, at) => hostgroups(cluster, 10 * (at + 1))),
    query_rules: rules,
  };
}

function route(cluster) {
  const writer = cluster.nodes.find((node) => node.name === cluster.primary);
  return {
    cluster: cluster.name,
    epoch: cluster.epoch,
    state: cluster.state,
    writer: cluster.state === "serving" ? { node: writer.name, address: writer.address } : null,
    readers: cluster.nodes
      .filter((node) => node.role === "replica")
      .map((node) => ({ node: node.name, address: node.address, weight: 100 })),
  };
}

function shard(name, cluster, more) {
  return {
    name,
    cluster: cluster.name,
    writes: "serving",
    writer: cluster.primary,
    owns: "",
    share_per_million: null,
    from: null,
    below: null,
    slots: [],
    values: [],
    is_default: false,
    ...more,
  };
}

function keyspaces(all) {
  const at = (index) => all[index % all.length];
  const hash = ["0000000000000000", "4000000000000000", "8000000000000000", "c000000000000000"];
  return [
    {
      name: "customers",
      function: "hash",
      key: "string",
      modulo: null,
      shards: hash.map((from, index) =>
        shard(`c${index}`, at(index), {
          owns: `hashes from ${from}`,
          share_per_million: 250_000,
          from,
          below: hash[index + 1] ?? null,
        }),
      ),
    },
    {
      name: "events",
      function: "range",
      key: "integer",
      modulo: null,
      shards: [
        shard("old", at(0), { owns: "keys below 1000000", below: "1000000" }),
        shard("new", at(1), { owns: "keys from 1000000", from: "1000000" }),
      ],
    },
    {
      name: "sessions",
      function: "md5_mod",
      key: "bytes",
      modulo: 4,
      shards: [
        shard("s0", at(0), { owns: "slots 0 and 1", share_per_million: 500_000, slots: [0, 1] }),
        shard("s1", at(2), { owns: "slots 2 and 3", share_per_million: 500_000, slots: [2, 3] }),
      ],
    },
    {
      name: "tenants",
      function: "lookup",
      key: "string",
      modulo: null,
      shards: [
        shard("big", at(1), { owns: "acme, globex", values: ["acme", "globex"] }),
        shard("rest", at(0), { owns: "every other key", is_default: true }),
      ],
    },
  ];
}

function hostgroups(cluster, id) {
  const server = (node) => ({
    address: node.address,
    status: "online",
    weight: 100,
    max_connections: 400,
    max_replication_lag: 10,
  });
  const of = (role) => cluster.nodes.filter((node) => node.role === role).map(server);
  return [
    {
      id,
      name: `${cluster.name}-writer`,
      kind: "writer",
      cluster: cluster.name,
      role: "primary",
      servers: of("primary"),
    },
    {
      id: id + 1,
      name: `${cluster.name}-reader`,
      kind: "reader",
      cluster: cluster.name,
      role: "replica",
      servers: of("replica"),
    },
  ];
}

const rule = (rule_id, more) => ({
  rule_id,
  active: true,
  username: null,
  schemaname: null,
  flag_in: 0,
  match_digest: null,
  match_pattern: null,
  negate_match_pattern: false,
  re_modifiers: "CASELESS",
  flag_out: null,
  destination_hostgroup: null,
  cache_ttl: null,
  cache_empty_result: null,
  cache_timeout: null,
  timeout: null,
  retries: null,
  delay: null,
  multiplex: null,
  error_msg: null,
  apply: true,
  comment: null,
  ...more,
});

const rules = [
  rule(100, { match_digest: "^SELECT .* FOR UPDATE", destination_hostgroup: 10, comment: "locks" }),
  rule(200, { match_digest: "^SELECT", destination_hostgroup: 11, comment: "reads" }),
  rule(300, { username: "report", destination_hostgroup: 11, active: false }),
];

const version = (number) => ({
  version: number,
  at: ago((20 - number) * 5400),
  author: number % 2 ? "ann" : "bo",
  action: number % 5 === 0 ? "rollback" : "apply",
  reason: number % 3 ? "more room for customers" : null,
});

const change = {
  kind: "shard",
  key: "customers/c1",
  edit: "changed",
  fields: [{ field: "cluster", from: "orders", to: "users" }],
  sentence: "shard c1 of customers moves from orders to users",
  moves: [
    {
      keys: "hashes from 4000000000000000 below 8000000000000000",
      per_million: 250_000,
      from: { shard: "c1", cluster: "orders" },
      to: { shard: "c1", cluster: "users" },
      changes_cluster: true,
      sentence: "25 % of the keys of customers move from orders to users",
    },
  ],
  redivided: null,
};

export function steps() {
  return Array.from({ length: 18 }, (_, at) => ({ version: version(18 - at), changes: [change] }));
}

const said = (fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

/** The table as a document has it. */
function documentOf(clusters) {
  const { keyspaces: spaces, hostgroups: groups, query_rules } = routing(clusters);
  const shardOf = (divides, one) => ({
    name: one.name,
    cluster: one.cluster,
    writes: one.writes,
    ...(divides === "hash" && {
      range: `${/^0+$/.test(one.from) ? "" : one.from}-${one.below ?? ""}`,
    }),
    ...(divides === "range" &&
      said({ from: one.from && Number(one.from), below: one.below && Number(one.below) })),
    ...(divides === "md5_mod" && { slots: one.slots }),
    ...(divides === "lookup" && (one.is_default ? { default: true } : { values: one.values })),
  });
  const entry = ({ function: divides, key, modulo, shards }) =>
    said({ function: divides, key, modulo, shards: shards.map((one) => shardOf(divides, one)) });
  return {
    clusters: Object.fromEntries([...clusters.keys()].map((name) => [name, {}])),
    keyspaces: Object.fromEntries(spaces.map((one) => [one.name, entry(one)])),
    hostgroups: groups.map(({ id, name, kind, cluster, role }) => ({
      id,
      name,
      kind,
      cluster,
      role,
    })),
    query_rules: query_rules.map(({ flag_in: flagIN, flag_out: flagOUT, ...rule }) =>
      said({ ...rule, flagIN, flagOUT }),
    ),
  };
}

export function config(clusters, number = 18) {
  return {
    version: version(number),
    document: documentOf(clusters),
    yaml: "keyspaces:\n  customers:\n    function: hash\n    shards:\n      c0: { cluster: orders }\n",
  };
}

export function diff(from) {
  return { from, changes: [change] };
}

export function outcome(dryRun, base) {
  return {
    base,
    made: dryRun ? null : version(base + 1),
    changes: [change],
    revision: dryRun ? null : "1.43",
    subscribers: 12,
    acked: dryRun ? 0 : 11,
  };
}

export function subscribers(clusters, count) {
  const names = [...clusters.keys()];
  return Array.from({ length: count }, (_, at) => ({
    id: `sub-${at + 1}`,
    kind: ["client", "client", "proxy", "cli"][at % 4],
    version: "0.1.0",
    address: `10.9.${at >> 8}.${at & 255}:51${String(at).padStart(3, "0")}`,
    instance: `lictord-${1 + (at % 2)}`,
    clusters: at % 3 ? names.slice(0, 2) : [],
    keyspaces: at % 4 ? [] : ["customers"],
    hostgroups: at % 4 === 2 ? [10, 11] : [],
    pools: at % 5,
    connected_at: ago(at * 60),
    sent: "1.42",
    acked: at % 10 === 7 ? "1.39" : "1.42",
    ack_delay_us: at % 10 === 7 ? null : 900 + at * 37,
    nacks: at % 10 === 7 ? 2 : 0,
    last_nack: at % 10 === 7 ? { revision: "1.41", reason: "an unknown keyspace function" } : null,
    behind: at % 10 === 7,
  }));
}

export function controlPlane(startedAt) {
  const member = (number, leader) => ({
    instance: `lictord-${number}`,
    address: `10.0.0.${number}:7400`,
    leader,
    ready: number === 3 ? null : true,
    sentence: leader ? "it leads" : number === 3 ? "nobody has heard of it" : "it follows, ready",
    answers: number !== 3,
    version: number === 3 ? null : "0.1.0",
    term: number === 3 ? null : 4,
    uptime_secs: number === 3 ? null : 86_400,
    subscribers: number === 3 ? null : 12,
    relay:
      number === 2
        ? {
            current: true,
            leader: "lictord-1",
            held: "4.42",
            head: "4.42",
            behind: 0,
            heard_us: 180_000,
          }
        : null,
  });
  const lease = (store, age_us) => ({
    store,
    holder: "lictord-1",
    advertise: "http://10.0.0.1:7400",
    term: 4,
    age_us,
  });
  return {
    version: "0.1.0",
    instance: "lictord-1",
    leader: true,
    ready: true,
    term: 4,
    uptime_secs: Math.floor((Date.now() - startedAt) / 1000),
    consul_drift: 2,
    leases: [lease("postgres", 212_000), lease("consul", 905_000)],
    stores: [
      { name: "postgres", reachable: true, sentence: "it answers in 0.8 ms" },
      { name: "consul", reachable: true, sentence: "it answers in 1.2 ms" },
    ],
    sentences: ["lictord-1 leads in term 4"],
    members: [member(1, true), member(2, false), member(3, false)],
  };
}

export const problemKinds = [
  {
    code: "DeadPrimary",
    severity: "critical",
    meaning: "the primary is dead",
    response: "Lictor fails over",
  },
  {
    code: "ReplicaLags",
    severity: "warning",
    meaning: "a replica is behind",
    response: "it serves no readers",
  },
  { code: "NodeUnseen", severity: "warning", meaning: "a node does not answer", response: "none" },
  {
    code: "Quarantined",
    severity: "info",
    meaning: "a node is kept apart",
    response: "rebuild it",
  },
];
