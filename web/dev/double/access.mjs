// The double's tokens and sessions. Three texts are tokens from the start: `viewer`, `operator` and
// `admin`, each with the role it says; so are `subscriber` and `agent`, which are not for people.
import { randomBytes } from "node:crypto";
import { Problem } from "./problem.mjs";

const TRIES = 5;
const TRIES_SECS = 20;
const ROLES = ["subscriber", "agent", "viewer", "operator", "admin"];

const ago = (secs) => new Date(Date.now() - secs * 1000).toISOString();
const hex = (bytes) => randomBytes(bytes).toString("hex");

function token(name, role, more = {}) {
  return {
    id: hex(6),
    name,
    role,
    clusters: [],
    created_at: ago(86_400 * 30),
    created_by: "bootstrap",
    expires_at: null,
    revoked_at: null,
    revoked_by: null,
    last_used_at: null,
    last_used_from: null,
    ...more,
  };
}

/** What the double knows of tokens, with what was tried and refused. */
export function access() {
  const by = new Map(ROLES.map((role) => [role, token(role, role)]));
  by.set(hex(32), token("ci", "operator", { expires_at: ago(86_400), last_used_at: ago(90_000) }));
  by.set(hex(32), token("bo", "viewer", { revoked_at: ago(7200), revoked_by: "admin" }));
  const scoped = token("orders-team", "operator", {
    clusters: ["orders"],
    expires_at: ago(-864e3),
  });
  by.set("orders-team", scoped);
  return { by, sessions: new Map(), streams: new Map(), failed: [], denials: [] };
}

const isGood = (one) =>
  one !== undefined &&
  !one.revoked_at &&
  !(one.expires_at && Date.parse(one.expires_at) < Date.now());

function cookieOf(request) {
  return /(?:^|;\s*)lictor_session=([0-9a-f]+)/.exec(request.headers.cookie ?? "")?.[1];
}

/** Who asks: the token, and the session where a cookie says it. Throws where nobody does. */
export function caller({ by, sessions }, request) {
  const text = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
  const session = sessions.get(cookieOf(request));
  const found = text === undefined ? session?.token : by.get(text);
  if (text === undefined && session === undefined)
    throw new Problem(401, "NO_TOKEN", "a token is needed: `lictor token create` makes one");
  if (!isGood(found))
    throw new Problem(401, "BAD_TOKEN", "the token is not known, or not any more");
  found.last_used_at = ago(0);
  found.last_used_from = request.socket.remoteAddress;
  return { token: found, session: text === undefined ? session : null };
}

const OPERATE = /^\/v1\/(clusters\/[^/]+\/(switchover|failover|pause|resume)|nodes\/[^/]+\/)/;
const READS = /^\/v1\/(rules\/test|config\/diff|session)$/;

function needed(method, path) {
  if (path.startsWith("/v1/tokens")) return "admin";
  if (path === "/v1/session") return "subscriber";
  if (method === "GET" || READS.test(path)) return "viewer";
  return OPERATE.test(path) ? "operator" : "admin";
}

/** Throws unless the caller may do that. */
export function permit({ token: one, session }, { method, headers }, path) {
  if (method !== "GET" && session && headers["lictor-csrf"] !== session.csrf)
    throw new Problem(403, "NO_CSRF", "the header lictor-csrf is not this session's");
  const role = needed(method, path);
  if (ROLES.indexOf(one.role) < ROLES.indexOf(role))
    throw new Problem(403, "NOT_ALLOWED", `${one.name} is ${one.role}; this takes ${role}`);
  const cluster = /^\/v1\/clusters\/([^/]+)/.exec(path)?.[1];
  if (cluster && one.clusters.length > 0 && !one.clusters.includes(decodeURIComponent(cluster)))
    throw new Problem(403, "OUT_OF_SCOPE", `${one.name} is not good for ${cluster}`);
}

/** Writes down who was turned away, as an entry of the audit log. */
export function note(access, request, path, problem) {
  if (problem.body?.status !== 401 && problem.body?.status !== 403) return;
  const session = access.sessions.get(cookieOf(request));
  access.denials.unshift({
    id: 1_000_000 + access.denials.length,
    at: ago(0),
    actor: request.headers["lictor-actor"] ?? session?.token.name ?? "unknown",
    action: request.method,
    target: path,
    reason: null,
    result: problem.body.detail,
    token: session?.token.name ?? null,
    from: request.socket.remoteAddress,
    outcome: "denied",
  });
}

/** Ends the streams of a token, as lictord does when it is revoked. */
function cut({ streams }, one) {
  for (const [response, of] of streams) if (of === one) response.end();
}

function logIn({ state: { access }, body }) {
  access.failed = access.failed.filter((at) => at > Date.now() - TRIES_SECS * 1000);
  if (access.failed.length >= TRIES) {
    const left = Math.ceil(TRIES_SECS - (Date.now() - access.failed[0]) / 1000);
    const problem = new Problem(429, "TOO_MANY_REQUESTS", "too many tries from this address");
    throw Object.assign(problem, { headers: { "retry-after": String(left) } });
  }
  const found = access.by.get(body.token);
  if (!isGood(found)) {
    access.failed.push(Date.now());
    throw new Problem(401, "BAD_TOKEN", "the token is not known, or not any more");
  }
  const [cookie, csrf] = [hex(32), hex(32)];
  access.sessions.set(cookie, { token: found, csrf });
  const set = `lictor_session=${cookie}; Path=/; HttpOnly; SameSite=Strict`;
  return { data: { token: found, csrf }, headers: { "set-cookie": set } };
}

function logOut({ state: { access }, headers }) {
  access.sessions.delete(cookieOf({ headers }));
  const gone = "lictor_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0";
  return { status: 204, headers: { "set-cookie": gone } };
}

function needReason(body) {
  if (!body.reason) throw new Problem(400, "INVALID_FIELD", "a reason must be given");
}

function create({ state: { access }, body, who }) {
  needReason(body);
  const { name, role, clusters = [], expires_in_secs: secs } = body;
  if ([...access.by.values()].some((one) => one.name === name && !one.revoked_at))
    throw new Problem(409, "ALREADY_EXISTS", `there is a token ${name} already`);
  const expires_at = secs ? ago(-secs) : null;
  const more = { clusters, expires_at, created_at: ago(0), created_by: who.token.name };
  const made = token(name, role, more);
  const secret = `lictor_${made.id}_${hex(32)}`;
  access.by.set(secret, made);
  return { status: 201, data: { token: made, secret } };
}

function revoke({ state: { access }, body, who }, id) {
  needReason(body);
  const found = [...access.by.values()].find((one) => one.id === id);
  if (!found) throw new Problem(404, "NOT_FOUND", `there is no token ${id}`);
  found.revoked_at = ago(0);
  found.revoked_by = who.token.name;
  cut(access, found);
  const unheard = found.name === "orders-team" ? ["lictord-3"] : [];
  return { data: { token: found, unheard } };
}

function list({ state: { access } }) {
  const order = (a, b) => Number(!isGood(a)) - Number(!isGood(b)) || (a.name < b.name ? -1 : 1);
  return { data: { items: [...access.by.values()].sort(order) } };
}

export const routes = [
  [
    "GET",
    /^\/v1\/session$/,
    ({ who }) => ({ data: { token: who.token, csrf: who.session?.csrf ?? null } }),
  ],
  ["POST", /^\/v1\/session$/, logIn],
  ["DELETE", /^\/v1\/session$/, logOut],
  ["GET", /^\/v1\/tokens$/, list],
  ["POST", /^\/v1\/tokens$/, create],
  ["DELETE", /^\/v1\/tokens\/([^/]+)$/, revoke],
];
