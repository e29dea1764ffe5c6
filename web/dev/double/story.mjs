// The double's past: recoveries, operations, happenings, audit, availability.
import { dice } from "./fleet.mjs";

const ago = (secs) => new Date(Date.now() - secs * 1000).toISOString();

const plan = [
  ["detect", 4000, "the primary is dead: its process is gone and its replicas lost it"],
  ["fence", 9800, "the old primary is fenced: its process is dead"],
  ["elect", 40, "the candidate is elected; it received every transaction"],
  ["catch_up", 3200, "the candidate applies all it received"],
  ["promote", 900, "open the candidate for writes"],
  ["publish", 700, "publish the new primary to 12 subscribers"],
  ["repoint", 21000, "the other replicas follow the new primary"],
];

const planned = [
  ["prepare", 2100, "store the intent; no long transaction is open"],
  ["hold", 1900, "12 of 12 subscribers hold their writes"],
  ["close", 800, "the old primary is super_read_only"],
  ...plan.slice(3),
];

export function candidates(cluster, chosen) {
  return cluster.nodes
    .filter((node) => node.name !== cluster.primary)
    .map((node) => ({
      node: node.name,
      rank: node.quarantine ? null : node.name === chosen ? 1 : 2,
      reason: node.name === chosen ? "it received most, and is preferred" : "it received as much",
      rejections: node.quarantine ? ["it is quarantined"] : [],
      received: node.gtid_executed,
    }));
}

export function recovery(cluster, id, kind, secsAgo, state = "done") {
  const chosen = cluster.nodes[1].name;
  let began = 0;
  const phases = (kind === "switchover" ? planned : plan).map(([name, took, sentence]) => {
    const steps = [
      { began_us: began, took_us: Math.floor(took / 2), sentence },
      {
        began_us: began + Math.floor(took / 2),
        took_us: Math.floor(took / 2),
        sentence: "store it",
      },
    ];
    began += took;
    return { name, took_us: took, steps };
  });
  return {
    id,
    cluster: cluster.name,
    kind,
    epoch: "1.2",
    started_at: ago(secsAgo),
    old_primary: cluster.primary,
    new_primary: state === "aborted" ? null : chosen,
    state,
    abort_reason: state === "aborted" ? "the primary answers again" : null,
    verdict: "DeadPrimary",
    time_to_writable_us: state === "done" ? 18_640 : null,
    write_pause_us: kind === "switchover" ? 12_400 : null,
    problem: {
      code: "DeadPrimary",
      severity: "critical",
      node: cluster.primary,
      sentence: `${cluster.primary} is dead: its process is gone and its replicas lost it`,
      response: "Lictor fails over to the best replica",
      evidence: [`the standing connection to ${cluster.primary} ended`],
    },
    fencing: {
      proof: "process_dead",
      sentence: "its process is dead: its host refuses connections",
    },
    candidates: candidates(cluster, chosen),
    phases,
  };
}

export function recoveries(clusters) {
  return [...clusters.values()]
    .slice(0, 40)
    .map((cluster, at) =>
      recovery(
        cluster,
        `01HF${String(at).padStart(6, "0")}`,
        at % 3 === 1 ? "switchover" : "failover",
        3600 * (at + 1),
        at % 11 === 4 ? "aborted" : "done",
      ),
    );
}

export function operationOf(recovery) {
  const steps = recovery.phases.flatMap(({ name, steps: made }) =>
    made.map((step) => ({ phase: name, ...step })),
  );
  return {
    id: recovery.id,
    kind: recovery.kind,
    cluster: recovery.cluster,
    node: null,
    state: { running: "running", done: "done", aborted: "failed" }[recovery.state],
    started_at: recovery.started_at,
    finished_at: recovery.state === "running" ? null : recovery.started_at,
    actor: recovery.kind === "switchover" ? "ann" : null,
    stage: steps.at(-1)?.phase ?? null,
    copied_bytes: null,
    estimated_bytes: null,
    steps,
    sentence: `${recovery.kind} of ${recovery.cluster}`,
  };
}

const kinds = [
  ["problem_opened", "ReplicaLags", "warning", "a replica is 34 s behind"],
  ["problem_closed", "ReplicaLags", "info", "the replica has caught up"],
  ["node_health", "critical", "warning", "it has not answered for 3 s"],
  ["unavailable", "DeadPrimary", "critical", "no node takes writes"],
  ["primary_changed", "Failover", "info", "the second node is the primary now"],
  ["available", "DeadPrimary", "info", "writes are served again"],
  ["observation", "Begun", "info", "lictord-1 observes it from now on"],
];

function happening(all, random, id, at) {
  const cluster = all[Math.floor(random() * all.length)];
  const [kind, code, severity, sentence] = kinds[Math.floor(random() * kinds.length)];
  return {
    id,
    at,
    cluster: cluster.name,
    node: kind === "node_health" ? cluster.nodes[1].name : null,
    kind,
    code,
    severity,
    sentence: `${cluster.name}: ${sentence}`,
    evidence: kind === "observation" ? [] : ["the standing connection ended"],
    recovery: kind === "primary_changed" ? "01HF000000" : null,
    planned: kind === "primary_changed" && random() < 0.5,
  };
}

/** The newest first, the same each time. */
export function happenings(clusters, count) {
  const random = dice(11);
  const all = [...clusters.values()];
  return Array.from({ length: all.length ? count : 0 }, (_, at) =>
    happening(all, random, count - at, ago(at * 337)),
  );
}

/** Something happens now. */
export function happensNow(clusters, random, id) {
  return happening([...clusters.values()], random, id, ago(0));
}

const came = {
  done: { outcome: "done", result: "done" },
  refused: { outcome: "refused", result: "refused: the candidate is quarantined" },
  denied: { outcome: "denied", result: "denied: guest is viewer; this takes operator" },
};

export function audits(clusters, count) {
  const actions = [
    "cluster.add",
    "cluster.set",
    "cluster.switchover",
    "config.apply",
    "node.maintenance.begin",
  ];
  const names = [...clusters.keys()];
  return Array.from({ length: count }, (_, at) => ({
    id: count - at,
    at: ago(at * 911),
    actor: ["ann", "bo", "deploy-bot"][at % 3],
    action: actions[at % actions.length],
    target: names[at % Math.max(names.length, 1)] ?? "config",
    reason: at % 2 ? "planned work" : null,
    ...came[at % 9 === 8 ? "refused" : at % 11 === 10 ? "denied" : "done"],
    token: at % 11 === 10 ? "guest" : "ops",
    from: "10.0.0.9",
  }));
}

const spans = { day: 86_400, month: 30 * 86_400, year: 365 * 86_400 };

export function availability(clusters, params) {
  const secs = spans[params.get("period") ?? "month"] ?? spans.month;
  const wanted = params.get("cluster");
  return {
    from: params.get("from") ?? ago(secs),
    to: params.get("to") ?? ago(0),
    formula: [
      "availability = (observed − unavailable) / observed; planned outages count, and time that nobody observed is left out",
      "MTBF = (observed − unavailable) / failures; a failure is an outage that nobody wanted",
      "MTTR = time of the failures / failures",
      "RTO reached = the longest failure",
      "RPO reached = 0 s where each failover was fenced by a proof and commits waited for a replica; else unknown",
    ],
    clusters: [...clusters.values()]
      .map((cluster, at) => clusterAvailability(cluster, at, secs))
      .filter((one) => !wanted || one.cluster === wanted),
  };
}

function clusterAvailability(cluster, at, secs) {
  const unseen = at % 13 === 12;
  const failures = at % 4 === 1 && !unseen ? 2 : 0;
  const each = at % 8 === 1 ? 850 : 0.9;
  const planned = failures ? 0.4 : 0;
  const observed = unseen ? 0 : at % 5 === 1 ? secs * 0.92 : secs;
  const down = failures * each + planned;
  const objective = cluster.policy.objectives.availability_percent;
  const reached = unseen ? null : 100 * (1 - down / observed);
  const outage = (share, lasted, wanted) => ({
    began_at: ago(secs * share),
    ended_at: ago(secs * share - lasted),
    secs: lasted,
    planned: wanted,
    cause: wanted ? "a switchover to another node" : `${cluster.primary} was dead`,
    recovery: wanted || share > 0.5 ? "01HF000000" : null,
  });
  return {
    cluster: cluster.name,
    observed_secs: observed,
    unavailable_secs: down,
    availability_percent: reached,
    failures,
    mtbf_secs: failures ? (observed - down) / failures : null,
    mttr_secs: failures ? each : null,
    objective_availability_percent: at % 6 === 2 ? null : objective,
    availability_met: reached === null || at % 6 === 2 ? null : reached >= objective,
    rto_objective_secs: 10,
    rto_worst_secs: failures ? each : null,
    rto_met: failures ? each <= 10 : null,
    rpo_objective_secs: 0,
    rpo_worst_secs: failures && at % 8 === 1 ? 0 : null,
    rpo_met: failures && at % 8 === 1 ? true : null,
    rpo_sentence: failures
      ? "0 s: each failover was fenced by a proof, and commits waited for a replica"
      : "unknown: nobody failed over",
    outages: failures
      ? [outage(0.81, each, false), outage(0.42, planned, true), outage(0.13, each, false)]
      : [],
  };
}
