// What the double answers. A handler returns { data, status?, headers? } or throws a Problem.
import * as access from "./access.mjs";
import * as config from "./config.mjs";
import { summary } from "./fleet.mjs";
import * as orders from "./orders.mjs";
import { Problem } from "./problem.mjs";
import * as story from "./story.mjs";

export { Problem };

function page(items, params, limit = 100) {
  const from = Number(params.get("after") ?? 0);
  const size = Number(params.get("limit") ?? limit);
  const next = from + size < items.length ? String(from + size) : null;
  return { data: { items: items.slice(from, from + size), next } };
}

const holds = (text, wanted) => !wanted || text.toLowerCase().includes(wanted.toLowerCase());
const is = (value, wanted) => !wanted || value === wanted;

export function clusterOf(state, name) {
  const cluster = state.clusters.get(decodeURIComponent(name));
  if (!cluster) throw new Problem(404, "NOT_FOUND", `there is no cluster ${name}`);
  return cluster;
}

export function nodeOf(state, name) {
  const wanted = decodeURIComponent(name);
  for (const cluster of state.clusters.values())
    for (const node of cluster.nodes) if (node.name === wanted) return { cluster, node };
  throw new Problem(404, "NOT_FOUND", `there is no node ${name}`);
}

const allNodes = (state) => [...state.clusters.values()].flatMap(({ nodes }) => nodes);
const allRecoveries = (state) => [...state.running.values(), ...story.recoveries(state.clusters)];

function clusters({ state, params }) {
  const all = [...state.clusters.values()].map(summary);
  const found = all.filter(
    (one) => holds(one.name, params.get("q")) && is(one.severity, params.get("severity")),
  );
  return page(found, params);
}

function connections({ state }, name) {
  const items = clusterOf(state, name).nodes.map((node) => ({
    node: node.name,
    max_connections: 500,
    reserve: 20,
    pools: 4,
    share: 120,
    handed_out: 480,
  }));
  return { data: { items } };
}

function variables({ state }, name) {
  nodeOf(state, name);
  const items = [
    ["gtid_mode", "ON", "ON", "ok", "transactions carry GTIDs"],
    ["binlog_format", "ROW", "ROW", "ok", "changes are logged as rows"],
    ["sync_binlog", "0", "1", "differs", "a crash of the host may lose acknowledged transactions"],
    ["super_read_only", null, "ON on replicas", "unknown", "the node has not answered"],
  ].map(([variable, value, recommended, verdict, sentence]) => ({
    name: variable,
    value,
    recommended,
    verdict,
    sentence,
  }));
  return { data: { items } };
}

function problems({ state, params }) {
  const items = [...state.clusters.values()].flatMap((cluster) =>
    cluster.problems.map((problem) => ({
      ...problem,
      cluster: cluster.name,
      since: new Date(state.startedAt - 90_000).toISOString(),
    })),
  );
  return {
    data: {
      items: items.filter(
        (one) =>
          is(one.cluster, params.get("cluster")) &&
          is(one.severity, params.get("severity")) &&
          holds(`${one.code} ${one.sentence}`, params.get("q")),
      ),
    },
  };
}

function happened({ state, params }) {
  const [from, to] = [params.get("from"), params.get("to")];
  return [...state.happened, ...story.happenings(state.clusters, 900)].filter(
    (one) =>
      is(one.cluster, params.get("cluster")) &&
      is(one.node, params.get("node")) &&
      is(one.kind, params.get("kind")) &&
      is(one.code, params.get("code")) &&
      is(one.severity, params.get("severity")) &&
      holds(`${one.sentence} ${one.code} ${one.cluster} ${one.node ?? ""}`, params.get("q")) &&
      (!from || Date.parse(one.at) >= Date.parse(from)) &&
      (!to || Date.parse(one.at) < Date.parse(to)),
  );
}

function history(call) {
  const after = Number(call.params.get("after") ?? Infinity);
  const older = happened(call).filter((one) => one.id < after);
  const items = older.slice(0, Number(call.params.get("limit") ?? 50));
  return { data: { items, next: items.length < older.length ? String(items.at(-1).id) : null } };
}

/** Rows of one list as CSV, named by their fields. */
function csv(rows) {
  const cell = (value) => JSON.stringify(value ?? "").replaceAll('\\"', '""');
  const lines = [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row))];
  const data = lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
  return { data, headers: { "content-type": "text/csv; charset=utf-8" } };
}

function audit({ state, params }) {
  const all = [...state.access.denials, ...story.audits(state.clusters, 240)];
  const found = all.filter(
    (one) =>
      is(one.actor, params.get("actor")) &&
      is(one.action, params.get("action")) &&
      is(one.target, params.get("target")) &&
      is(one.outcome, params.get("outcome")) &&
      holds(`${one.actor} ${one.action} ${one.target} ${one.reason}`, params.get("q")),
  );
  return page(found, params);
}

function recoveries({ state, params }) {
  const found = allRecoveries(state).filter((one) => is(one.cluster, params.get("cluster")));
  return page(found, params);
}

function recovery({ state }, id) {
  const found = allRecoveries(state).find((one) => one.id === id);
  if (!found) throw new Problem(404, "NOT_FOUND", `there is no recovery ${id}`);
  return { data: found };
}

function operations({ state, params }) {
  const all = [...state.rebuilds.values(), ...allRecoveries(state).map(story.operationOf)];
  const found = all.filter(
    (one) => is(one.cluster, params.get("cluster")) && is(one.state, params.get("state")),
  );
  return page(found, params);
}

function operation({ state }, id) {
  return {
    data: state.rebuilds.get(id) ?? story.operationOf(recovery({ state }, id).data),
  };
}

function resolve({ state, params }, name) {
  const table = config.routing(state.clusters);
  const keyspace = table.keyspaces.find((one) => one.name === decodeURIComponent(name));
  if (!keyspace) throw new Problem(404, "NOT_FOUND", `there is no keyspace ${name}`);
  const key = params.get("key") ?? "";
  const shard = keyspace.shards[key.length % keyspace.shards.length];
  const route = table.clusters.find((one) => one.cluster === shard.cluster) ?? null;
  return {
    data: { keyspace: name, key, shard: shard.name, cluster: shard.cluster, held: false, route },
  };
}

function ruleTest({ body }) {
  const read = /^\s*select/i.test(body.sql ?? "");
  return {
    data: {
      digest: (body.sql ?? "").replace(/\d+|'[^']*'/g, "?"),
      steps: [
        { rule_id: 100, matched: false, code: "DIGEST", sentence: "the digest does not match" },
        { rule_id: 200, matched: read, code: read ? "MATCHED" : "DIGEST", sentence: "" },
      ],
      outcome: {
        destination_hostgroup: read ? 11 : null,
        hostgroup_name: read ? "orders-reader" : null,
        chosen_by: read ? 200 : null,
        applied: read ? 200 : null,
      },
      statement: { reads: read, code: read ? "SELECT" : "WRITE", sentence: "" },
    },
  };
}

/** The version If-Match names. */
function base(headers, head) {
  const said = headers["if-match"];
  if (!said) throw new Problem(428, "IF_MATCH_REQUIRED", "If-Match must name a version");
  const from = Number(said.replaceAll('"', ""));
  if (from !== head)
    throw new Problem(412, "CONFIG_MOVED", `version ${head} was made meanwhile`, {
      conflict: { base: from, head, between: config.steps().slice(0, 1) },
    });
  return from;
}

export const routes = [
  ["GET", /^\/v1\/clusters$/, clusters],
  ["GET", /^\/v1\/clusters\/([^/]+)$/, ({ state }, name) => ({ data: clusterOf(state, name) })],
  ["GET", /^\/v1\/clusters\/([^/]+)\/connections$/, connections],
  [
    "GET",
    /^\/v1\/nodes$/,
    ({ state, params }) =>
      page(
        allNodes(state).filter((one) => is(one.cluster, params.get("cluster"))),
        params,
      ),
  ],
  ["GET", /^\/v1\/nodes\/([^/]+)$/, ({ state }, name) => ({ data: nodeOf(state, name).node })],
  ["GET", /^\/v1\/nodes\/([^/]+)\/variables$/, variables],
  ["GET", /^\/v1\/recoveries$/, recoveries],
  ["GET", /^\/v1\/recoveries\/([^/]+)$/, recovery],
  ["GET", /^\/v1\/operations$/, operations],
  ["GET", /^\/v1\/operations\/([^/]+)$/, operation],
  ["GET", /^\/v1\/routing$/, ({ state }) => ({ data: config.routing(state.clusters) })],
  [
    "GET",
    /^\/v1\/subscribers$/,
    ({ state, params }) => page(config.subscribers(state.clusters, 60), params),
  ],
  ["GET", /^\/v1\/keyspaces\/([^/]+)\/resolve$/, resolve],
  ["POST", /^\/v1\/rules\/test$/, ruleTest],
  [
    "GET",
    /^\/v1\/config$/,
    ({ state, params }) => {
      const data = config.config(state.clusters, Number(params.get("version") ?? 18));
      return { data, headers: { etag: `"${data.version.version}"` } };
    },
  ],
  [
    "PUT",
    /^\/v1\/config$/,
    ({ body, headers }) => ({
      data: config.outcome(body.dry_run, base(headers, 18)),
    }),
  ],
  [
    "POST",
    /^\/v1\/config\/rollback$/,
    ({ body, headers }) => ({
      data: config.outcome(body.dry_run, base(headers, 18)),
    }),
  ],
  ["POST", /^\/v1\/config\/diff$/, ({ body }) => ({ data: config.diff(body.from ?? 18) })],
  ["GET", /^\/v1\/config\/versions$/, ({ params }) => page(config.steps(), params)],
  ["GET", /^\/v1\/control-plane$/, ({ state }) => ({ data: config.controlPlane(state.startedAt) })],
  ["GET", /^\/v1\/problem-codes$/, () => ({ data: { items: config.problemKinds } })],
  ["GET", /^\/v1\/problems$/, problems],
  ["GET", /^\/v1\/history$/, history],
  ["GET", /^\/v1\/history\.csv$/, (call) => csv(happened(call))],
  ["GET", /^\/v1\/audit$/, audit],
  [
    "GET",
    /^\/v1\/availability$/,
    ({ state, params }) => ({
      data: story.availability(state.clusters, params),
    }),
  ],
  [
    "GET",
    /^\/v1\/availability\.csv$/,
    ({ state, params }) =>
      csv(
        story.availability(state.clusters, params).clusters.map(({ outages, ...one }) => ({
          ...one,
          outages: outages.length,
        })),
      ),
  ],
  ...access.routes,
  ...orders.routes({ clusterOf, nodeOf }),
];
