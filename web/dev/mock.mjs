// A double of lictord's REST API, for development and for measuring the page with many clusters.
// It is never shipped, decides nothing and proves nothing about lictord.
//
//   node dev/mock.mjs [--port 7400] [--clusters 12] [--events 20]   (events a second)
//
// Log in with the token `viewer`, `operator` or `admin`. It serves dist/ as well, with the policy lictord sends, if there is a build.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { parseArgs } from "node:util";
import { access, caller, note, permit } from "./double/access.mjs";
import { dice, fleet, summary, tick } from "./double/fleet.mjs";
import { Problem, routes } from "./double/routes.mjs";
import { happensNow } from "./double/story.mjs";

const { values: args } = parseArgs({
  options: {
    port: { type: "string", default: "7400" },
    clusters: { type: "string", default: "12" },
    events: { type: "string", default: "20" },
  },
});

const listeners = new Set();
let number = 0;
const state = {
  access: access(),
  clusters: fleet(Number(args.clusters)),
  startedAt: Date.now(),
  running: new Map(),
  /** The newest first. */
  happened: [],
  rebuilds: new Map(),
  send(event, data) {
    number += 1;
    const text = `id: ${number}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    for (const response of listeners) response.write(text);
  },
};

const dist = new URL("../dist/", import.meta.url);
const types = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const policy = "default-src 'self'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'";

async function page(path, response) {
  const type = types[extname(path)];
  const body = await readFile(new URL(type ? `.${path}` : "index.html", dist));
  response.writeHead(200, {
    "content-type": type ?? "text/html; charset=utf-8",
    "content-security-policy": policy,
  });
  response.end(body);
}

/** It remembers no events, so nobody can go on where they were. */
function events(request, response, who) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const hello = {
    instance: "lictord-1",
    leader: true,
    resumed: false,
  };
  response.write(`id: ${number}\nevent: hello\ndata: ${JSON.stringify(hello)}\n\n`);
  listeners.add(response);
  state.access.streams.set(response, who.token);
  request.on("close", () => {
    listeners.delete(response);
    state.access.streams.delete(response);
  });
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return parts.length ? JSON.parse(Buffer.concat(parts).toString("utf8")) : {};
}

function answer(response, status, data, headers = {}) {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type, "cache-control": "no-store", ...headers });
  response.end(typeof data === "string" ? data : data === undefined ? "" : JSON.stringify(data));
}

async function handle(request, response) {
  const url = new URL(request.url, "http://double");
  const path = decodeURI(url.pathname);
  if (!path.startsWith("/v1/")) return page(path, response);
  const open = request.method === "POST" && path === "/v1/session";
  const who = open ? null : caller(state.access, request);
  if (who) permit(who, request, path);
  if (path === "/v1/events") return events(request, response, who);
  const body = request.method === "GET" ? {} : await bodyOf(request);
  for (const [method, pattern, act] of routes) {
    const found = method === request.method && pattern.exec(path);
    if (!found) continue;
    const call = { state, body, params: url.searchParams, headers: request.headers, who };
    const { status = 200, headers, ...rest } = act(call, ...found.slice(1)) ?? {};
    return answer(response, status, rest.data, headers);
  }
  throw new Problem(404, "NOT_FOUND", `${request.method} ${path} is nothing the double knows`);
}

createServer((request, response) => {
  handle(request, response).catch((error) => {
    note(state.access, request, new URL(request.url, "http://double").pathname, error);
    const known = error instanceof Problem ? error : new Problem(500, "INTERNAL", String(error));
    answer(response, known.body.status, known.body, known.headers);
  });
}).listen(Number(args.port), "127.0.0.1", () => {
  console.log(`the double answers on http://127.0.0.1:${args.port}, ${args.clusters} clusters`);
});

const random = dice(3);
setInterval(
  () => {
    const all = [...state.clusters.values()];
    const cluster = all[Math.floor(random() * all.length)];
    if (!cluster) return;
    tick(cluster, random);
    state.send("cluster", summary(cluster));
  },
  1000 / Number(args.events),
);
setInterval(() => {
  if (state.clusters.size === 0) return;
  const one = happensNow(state.clusters, random, 901 + state.happened.length);
  state.happened.unshift(one);
  state.send("happening", one);
}, 4000);
setInterval(() => {
  for (const response of listeners) response.write(": alive\n\n");
}, 5000);
