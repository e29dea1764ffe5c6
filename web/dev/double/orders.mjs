// The double's orders: each changes the double's memory and tells the stream, as lictord would.
import { summary } from "./fleet.mjs";
import { Problem } from "./problem.mjs";
import { candidates, operationOf, recovery } from "./story.mjs";

const STEP_MS = 600;
const later = (secs) => new Date(Date.now() + secs * 1000).toISOString();

function told(state, cluster) {
  state.send("cluster", summary(cluster));
  return { data: cluster };
}

function needReason(body) {
  if (body.reason) return;
  throw new Problem(400, "INVALID_FIELD", "a reason must be given", {
    errors: [{ field: "reason", detail: "must not be empty", line: null, column: null }],
  });
}

const checks = [
  { code: "CANDIDATE", finding: "ok", sentence: "the candidate answers and replicates" },
  { code: "LAG", finding: "ok", sentence: "the candidate is 0.9 ms behind" },
  { code: "LONG_TRANSACTIONS", finding: "warning", sentence: "one transaction is open for 12 s" },
];

/** A recovery that goes on, phase by phase, each told to the stream. */
function run(state, cluster, kind, to) {
  const whole = recovery(cluster, `01RUN${Date.now()}`, kind, 0, "running");
  const next = to ?? whole.new_primary;
  const made = { ...whole, new_primary: next, phases: [] };
  state.running.set(made.id, made);
  cluster.recovery = made.id;
  cluster.state = "held";
  told(state, cluster);
  let at = 0;
  const timer = setInterval(() => {
    made.phases = whole.phases.slice(0, (at += 1));
    if (at >= whole.phases.length) {
      clearInterval(timer);
      finish(state, cluster, made, next);
    }
    state.send("recovery", made);
    state.send("operation", operationOf(made));
  }, STEP_MS);
  return made.id;
}

function finish(state, cluster, made, next) {
  Object.assign(made, { state: "done", time_to_writable_us: 18_640 });
  const address = cluster.nodes.find((node) => node.name === next).address;
  for (const node of cluster.nodes) {
    const primary = node.name === next;
    node.role = primary ? "primary" : "replica";
    node.source = primary ? null : address;
    node.writability = primary ? "writable" : "super_read_only";
    node.lag_us = primary ? null : 900;
    node.receiver = primary ? null : "running";
    node.applier_running = primary ? null : true;
    node.semi_sync = { source: primary, replica: !primary };
    node.latency_us = 400;
    node.follows = null;
    node.checks = [
      { kind: "connect", status: "passing", sentence: "it answers" },
      { kind: "latency", status: "passing", sentence: "a probe takes 0.6 ms" },
      ...(primary ? [] : [{ kind: "lag", status: "passing", sentence: "it is 0.9 ms behind" }]),
    ];
  }
  cluster.primary = next;
  cluster.epoch = cluster.epoch.replace(/\d+$/, (number) => String(Number(number) + 1));
  cluster.recovery = null;
  cluster.state = "serving";
  cluster.problems = [];
  told(state, cluster);
  state.send("routing", { revision: "1.43" });
}

function accepted(id, data) {
  return { status: 202, headers: { location: `/v1/operations/${id}` }, data };
}

function switchover(room) {
  return ({ state, body }, name) => {
    const cluster = room.clusterOf(state, name);
    const to = body.to ?? cluster.nodes.find((node) => node.name !== cluster.primary).name;
    const report = { clear: true, candidate: to, checks, candidates: candidates(cluster, to) };
    if (body.dry_run) return { data: { ...report, operation: null } };
    const operation = run(state, cluster, "switchover", to);
    return accepted(operation, { ...report, operation });
  };
}

function failover(room) {
  return ({ state, body }, name) => {
    const cluster = room.clusterOf(state, name);
    needReason(body);
    const to = body.to ?? cluster.nodes.find((node) => node.name !== cluster.primary).name;
    const alive = cluster.state === "serving" && !body.force;
    const blockers = alive
      ? [
          {
            code: "PRIMARY_ANSWERS",
            node: cluster.primary,
            sentence: `${cluster.primary} answers and takes writes`,
            remedy: "order a switchover, or force it",
          },
        ]
      : [];
    const steps = ["fence the old primary", `promote ${to}`, "repoint the others"];
    const report = { candidate: to, blockers, steps, candidates: candidates(cluster, to) };
    if (body.dry_run) return { data: { ...report, operation: null } };
    if (alive) throw new Problem(409, "REFUSED", "the failover is refused", { findings: blockers });
    const operation = run(state, cluster, "failover", to);
    return accepted(operation, { ...report, operation });
  };
}

function rebuild(room) {
  return ({ state, body, headers }, name) => {
    const { cluster, node } = room.nodeOf(state, name);
    needReason(body);
    const loses = node.quarantine?.errant ?? "";
    if (!node.quarantine && !body.force)
      throw new Problem(409, "REFUSED", `${name} is not quarantined`, {
        findings: [
          {
            code: "NOT_QUARANTINED",
            node: name,
            sentence: `${name} is not quarantined: its data are good as they are`,
            remedy: "say force",
          },
        ],
      });
    const report = { node: name, donor: body.donor ?? cluster.primary, loses };
    if (body.dry_run) return { data: { ...report, operation: null } };
    const id = `01REB${Date.now()}`;
    const actor = headers["lictor-actor"] ?? "somebody";
    const donor = body.donor ?? cluster.primary;
    const made = {
      id,
      donor,
      actor,
      state: "copying",
      started_at: new Date().toISOString(),
      finished_at: null,
      stage: "FILE COPY",
      copied_bytes: 0,
      estimated_bytes: 8_400_000_000,
      restart_by_hand: false,
      failure: "",
    };
    node.rebuild = made;
    const tell = () => {
      const done = made.state === "done";
      const operation = {
        id,
        kind: "rebuild",
        cluster: cluster.name,
        node: node.name,
        state: done ? "done" : "running",
        started_at: made.started_at,
        finished_at: made.finished_at,
        actor,
        stage: made.stage,
        copied_bytes: made.copied_bytes,
        estimated_bytes: made.estimated_bytes,
        steps: [],
        sentence: `${node.name} is rebuilt from ${donor}`,
      };
      state.rebuilds.set(id, operation);
      state.send("operation", operation);
      told(state, cluster);
    };
    tell();
    const timer = setInterval(() => {
      made.copied_bytes += 1_200_000_000;
      if (made.copied_bytes >= made.estimated_bytes) {
        clearInterval(timer);
        Object.assign(made, { state: "done", stage: "", finished_at: new Date().toISOString() });
        made.copied_bytes = made.estimated_bytes;
        node.quarantine = null;
      }
      tell();
    }, 1000);
    return accepted(id, { ...report, operation: id });
  };
}

function repoint(room) {
  return ({ state, body }, name) => {
    const { cluster, node } = room.nodeOf(state, name);
    needReason(body);
    const wanted = body.source || cluster.primary;
    const source = cluster.nodes.find((one) => one.name === wanted);
    if (!source || source === node)
      throw new Problem(400, "INVALID_FIELD", "source: it names no other node of this cluster", {
        errors: [{ field: "source", detail: "names no other node", line: null, column: null }],
      });
    if (!body.dry_run) {
      node.source = source.address;
      node.follows = source.name === cluster.primary ? null : source.name;
      told(state, cluster);
    }
    return { data: { sentence: `${name} follows ${source.name}, which has all that it lacks` } };
  };
}

function rejoin(room) {
  return ({ state, body }, name) => {
    const { cluster, node } = room.nodeOf(state, name);
    needReason(body);
    const injected = body.inject_empty ? (node.quarantine?.errant ?? "") : "";
    if (node.quarantine && !body.inject_empty)
      throw new Problem(409, "REFUSED", `${name} holds transactions that the primary lacks`, {
        findings: [
          {
            code: "ERRANT_GTID",
            node: name,
            sentence: `only ${name} holds ${node.quarantine.errant}`,
            remedy: "inject them as empty transactions, or rebuild it",
          },
        ],
      });
    if (!body.dry_run) {
      node.quarantine = null;
      told(state, cluster);
    }
    return { data: { sentence: `${name} follows ${cluster.primary}`, injected } };
  };
}

export function routes(room) {
  const cluster = (change) => (call, name) => {
    const found = room.clusterOf(call.state, name);
    change(found, call.body);
    return told(call.state, found);
  };
  const node = (change) => (call, name) => {
    const found = room.nodeOf(call.state, name);
    change(found.node, call.body);
    told(call.state, found.cluster);
    return { data: found.node };
  };
  return [
    [
      "PATCH",
      /^\/v1\/clusters\/([^/]+)\/policy$/,
      cluster((found, { reason, ...change }) => {
        needReason({ reason });
        Object.assign(found.policy, change);
      }),
    ],
    [
      "POST",
      /^\/v1\/clusters\/([^/]+)\/pause$/,
      cluster((found, body) => {
        needReason(body);
        const until = body.for_secs ? later(body.for_secs) : null;
        found.pause = { owner: body.owner ?? "somebody", reason: body.reason, until };
      }),
    ],
    ["POST", /^\/v1\/clusters\/([^/]+)\/resume$/, cluster((found) => (found.pause = null))],
    ["POST", /^\/v1\/clusters\/([^/]+)\/switchover$/, switchover(room)],
    ["POST", /^\/v1\/clusters\/([^/]+)\/failover$/, failover(room)],
    ["POST", /^\/v1\/nodes\/([^/]+)\/rejoin$/, rejoin(room)],
    ["POST", /^\/v1\/nodes\/([^/]+)\/rebuild$/, rebuild(room)],
    ["POST", /^\/v1\/nodes\/([^/]+)\/repoint$/, repoint(room)],
    [
      "PUT",
      /^\/v1\/nodes\/([^/]+)\/maintenance$/,
      node((found, body) => {
        needReason(body);
        const owner = body.owner ?? "somebody";
        found.maintenance = { owner, reason: body.reason, until: later(body.for_secs) };
      }),
    ],
    ["DELETE", /^\/v1\/nodes\/([^/]+)\/maintenance$/, node((found) => (found.maintenance = null))],
    [
      "PATCH",
      /^\/v1\/nodes\/([^/]+)$/,
      node((found, body) => {
        needReason(body);
        if (body.promotion) {
          found.promotion = body.promotion;
          found.promotion_until = body.promotion_for_secs ? later(body.promotion_for_secs) : null;
        }
        if (body.zone !== undefined) found.zone = body.zone || null;
      }),
    ],
  ];
}
