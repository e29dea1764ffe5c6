// The double's clusters and nodes: generated from a seed, so that each start shows the same.

/** Numbers that look random and are the same each time (mulberry32). */
export function dice(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

const words =
  "orders users billing search ledger cart stock mail audit media chat geo pricing fraud tax ads".split(
    " ",
  );

export function clusterName(index) {
  const word = words[index % words.length];
  const round = Math.floor(index / words.length);
  return round === 0 ? word : `${word}-${String(round).padStart(2, "0")}`;
}

function uuid(random) {
  const hex = (count) =>
    Array.from({ length: count }, () => Math.floor(random() * 16).toString(16)).join("");
  return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;
}

function node(cluster, index, number, role, random) {
  const replica = role === "replica";
  const lag = replica ? Math.floor(random() ** 6 * 3e6) + 400 : null;
  return {
    name: `${cluster}-${number}`,
    cluster,
    address: `10.${index >> 8}.${index & 255}.${number}:3306`,
    server_uuid: uuid(random),
    version: index % 7 === 3 ? "8.4.7" : "9.7.1",
    role,
    writability: replica ? "super_read_only" : "writable",
    checks: [
      { kind: "connect", status: "passing", sentence: "it answers" },
      { kind: "latency", status: "passing", sentence: "a probe takes 0.6 ms" },
      ...(replica ? [{ kind: "lag", status: "passing", sentence: "it is 0.9 ms behind" }] : []),
    ],
    lag_us: lag,
    latency_us: 300 + Math.floor(random() * 900),
    receiver: replica ? "running" : null,
    applier_running: replica ? true : null,
    source: replica ? `10.${index >> 8}.${index & 255}.1:3306` : null,
    follows: null,
    gtid_executed: `${uuid(random)}:1-${1000 + Math.floor(random() * 1e6)}`,
    quarantine: null,
    zone: ["eu-1a", "eu-1b", "eu-1c"][(number - 1) % 3],
    promotion: number === 3 ? "prefer_not" : "neutral",
    promotion_until: null,
    last_seen: new Date().toISOString(),
    maintenance: null,
    rebuild: null,
    guard: replica
      ? null
      : { instance: "lictord-1", last_heard: new Date().toISOString(), lease_ends: null },
    semi_sync: { source: !replica, replica },
  };
}

/** This one has thirty nodes, in a tree of depth three. */
const WIDE = 10;

function cluster(index, random) {
  const name = clusterName(index);
  const size = index === WIDE ? 30 : 3 + (index % 3);
  const nodes = Array.from({ length: size }, (_, at) =>
    node(name, index, at + 1, at === 0 ? "primary" : "replica", random),
  );
  if (size === 5) {
    // One replica behind another: a tree of depth three.
    nodes[4].follows = nodes[1].name;
    nodes[4].source = nodes[1].address;
  }
  for (const [at, one] of nodes.entries()) {
    if (size < 30 || at < 6) continue;
    const above = nodes[at < 24 ? 1 + (at % 4) : 6 + (at % 3)];
    one.follows = above.name;
    one.source = above.address;
  }
  const made = {
    name,
    epoch: `1.${index % 9}`,
    primary: `${name}-1`,
    policy: {
      mode: ["auto", "auto", "manual", "observe"][index % 4],
      profile: ["balanced", "fast", "conservative"][index % 3],
      durability: index % 5 === 4 ? "async" : "semi-sync:1",
      budget: { failovers: 2, window_secs: 3600 },
      max_read_lag_secs: 10,
      rebuild: "manual",
      on_starved: "wait",
      no_readers: "primary",
      keep_readers: "0",
      max_readers: "100%",
      accept_unfenced: false,
      better_placed: "stay",
      objectives: { availability_percent: 99.95, rto_secs: 10, rpo_secs: 0 },
    },
    pause: null,
    problems: [],
    nodes,
    state: "serving",
    recovery: null,
  };
  trouble(made, index);
  return made;
}

/** Some clusters are in trouble, each in its own way. */
function trouble(made, index) {
  const [primary, first, second] = made.nodes;
  const problem = (code, severity, at, sentence, response, evidence) =>
    made.problems.push({ code, severity, node: at?.name ?? null, sentence, response, evidence });
  if (index % 31 === 5) {
    made.state = "no_primary";
    primary.checks[0] = { kind: "connect", status: "critical", sentence: "its host refuses it" };
    primary.writability = "unknown";
    primary.latency_us = null;
    problem(
      "DeadPrimary",
      "critical",
      primary,
      `${primary.name} is dead: its process is gone and its replicas lost it`,
      made.policy.mode === "auto" ? "Lictor fails over to the best replica" : "an operator decides",
      [
        `the standing connection to ${primary.name} ended`,
        `the host of ${primary.name} refuses connections: nothing listens there`,
      ],
    );
  }
  if (index % 17 === 3) {
    first.lag_us = 34_500_000;
    first.checks[2] = { kind: "lag", status: "critical", sentence: "it is 34 s behind" };
    problem(
      "ReplicaLags",
      "warning",
      first,
      `${first.name} is 34 s behind, more than the 10 s that readers may be`,
      "it serves no readers until it has caught up",
      ["its applier runs", "it has 12,044 transactions to apply"],
    );
  }
  if (index % 23 === 7) {
    second.receiver = "unknown";
    second.lag_us = null;
    second.latency_us = null;
    second.writability = "unknown";
    second.checks = [
      { kind: "connect", status: "warning", sentence: "it has not answered for 3 s" },
    ];
    problem("NodeUnseen", "warning", second, `${second.name} has not answered for 3 s`, "none", []);
  }
  if (index % 41 === 9) {
    second.quarantine = {
      reason: "it has transactions that the primary never had",
      errant: `${second.server_uuid}:1-3`,
      incomplete: false,
    };
    problem(
      "Quarantined",
      "info",
      second,
      `${second.name} is quarantined: it has 3 errant transactions`,
      "rebuild it, or inject them as empty",
      [`errant: ${second.server_uuid}:1-3`],
    );
  }
  if (index % 53 === 11) {
    made.pause = { owner: "ann", reason: "moving racks", until: null };
    second.maintenance = { owner: "ann", reason: "a new disk", until: null };
  }
}

const order = { critical: 3, warning: 2, info: 1 };

export function summary(made) {
  const { nodes, problems } = made;
  const counted = { critical: 0, warning: 0, info: 0 };
  for (const problem of problems) counted[problem.severity] += 1;
  const worst = [...problems].sort((a, b) => order[b.severity] - order[a.severity])[0];
  const health = { total: nodes.length, passing: 0, warning: 0, critical: 0, unknown: 0 };
  for (const one of nodes) {
    const has = (status) => one.checks.some((check) => check.status === status);
    health[has("critical") ? "critical" : has("warning") ? "warning" : "passing"] += 1;
  }
  const replicas = nodes.filter((one) => one.role === "replica");
  const lags = replicas.map((one) => one.lag_us).filter((lag) => lag !== null);
  return {
    name: made.name,
    epoch: made.epoch,
    primary: made.primary,
    mode: made.policy.mode,
    state: made.state,
    severity: worst?.severity ?? null,
    problems: counted,
    worst: worst?.sentence ?? null,
    nodes: health,
    max_lag_us: lags.length ? Math.max(...lags) : null,
    lag_unknown: replicas.length - lags.length,
    paused: made.pause !== null,
    recovery: made.recovery,
  };
}

export function fleet(count) {
  const random = dice(7);
  const made = new Map();
  for (let index = 0; index < count; index += 1) {
    const one = cluster(index, random);
    made.set(one.name, one);
  }
  return made;
}

/** A little time passes in one cluster. */
export function tick(made, random) {
  for (const one of made.nodes) {
    if (one.lag_us !== null && one.lag_us < 5e6)
      one.lag_us = Math.max(200, Math.floor(one.lag_us * (0.7 + random() * 0.6)));
    if (one.checks[0].status === "passing") one.last_seen = new Date().toISOString();
  }
}
