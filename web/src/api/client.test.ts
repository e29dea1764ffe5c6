import { beforeEach, describe, expect, it, vi } from "vitest";
import { changeSettings } from "../settings";
import { become, currentStanding } from "../session";
import { logInAs } from "../session.fixture";
import { api, ApiError, everyPage, newKey, path, url } from "./client";

const calls: { url: string; init: RequestInit }[] = [];
let answers: (Response | Error)[] = [];

beforeEach(() => {
  calls.length = 0;
  answers = [];
  changeSettings({ actor: "" });
  become({ state: "out", ended: false });
  vi.stubGlobal("fetch", (at: string, init: RequestInit) => {
    calls.push({ url: at, init });
    const next = answers.shift() ?? new Error("no answer is left");
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  });
});

const json = (body: unknown, init?: ResponseInit) => new Response(JSON.stringify(body), init);
const header = (at: number, name: string) => (calls[at]?.init.headers as Headers).get(name);

async function refused(asked: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await asked.then(
    () => null,
    (failed: unknown) => failed,
  );
  if (error instanceof ApiError) return error;
  throw new Error(`not refused: ${String(error)}`);
}

describe("an address", () => {
  it("has each part encoded", () => {
    expect(path`/v1/nodes/${"a/b ?"}`).toBe("/v1/nodes/a%2Fb%20%3F");
  });

  it("leaves out what is not asked and repeats lists", () => {
    expect(url("/v1/events", { cluster: ["a", "b"], q: undefined, node: "" })).toBe(
      "/v1/events?cluster=a&cluster=b",
    );
  });
});

describe("a mutation", () => {
  it("says who it is, what it starts from, and under which key", async () => {
    changeSettings({ actor: "ann" });
    answers = [json({ base: 3 })];
    await api.put("/v1/config", { reason: "x" }, { ifMatch: 3, idempotencyKey: "k" });
    expect(header(0, "lictor-actor")).toBe("ann");
    expect(header(0, "if-match")).toBe('"3"');
    expect(header(0, "idempotency-key")).toBe("k");
    expect(header(0, "content-type")).toBe("application/json");
  });

  it("proves that this page sends it, which a read need not", async () => {
    logInAs("operator", { csrf: "c5" });
    answers = [json({}), json({})];
    await api.delete("/v1/x");
    await api.get("/v1/x");
    expect([header(0, "lictor-csrf"), header(1, "lictor-csrf")]).toEqual(["c5", null]);
  });

  it("gives the version and the place of what came of it", async () => {
    const headers = { etag: '"17"', location: "/v1/operations/7" };
    answers = [json({}, { status: 202, headers })];
    const answer = await api.send("POST", "/v1/x", {}, {});
    expect(answer).toMatchObject({ status: 202, version: 17, location: "/v1/operations/7" });
  });

  it("has another key each time", () => {
    expect(newKey()).toMatch(/^[0-9a-f]{32}$/);
    expect(newKey()).not.toBe(newKey());
  });
});

describe("what fails", () => {
  it("is the problem that lictord told", async () => {
    const findings = [{ code: "C", node: null, sentence: "s", remedy: "r" }];
    answers = [
      json({ title: "Refused", detail: "no", code: "REFUSED", findings }, { status: 409 }),
    ];
    const { problem } = await refused(api.get("/v1/x"));
    expect(problem).toMatchObject({ status: 409, code: "REFUSED", findings, errors: [] });
  });

  it("is told by its status when something else answered", async () => {
    answers = [new Response("<html>", { status: 502, statusText: "Bad Gateway" })];
    expect((await refused(api.get("/v1/x"))).problem).toMatchObject({
      status: 502,
      code: "HTTP_502",
      title: "Bad Gateway",
    });
  });

  it("says for how long lictord wants no other try", async () => {
    const headers = { "retry-after": "7" };
    answers = [json({}, { status: 429, headers }), json({}, { status: 500 })];
    expect((await refused(api.get("/v1/x"))).retryAfter).toBe(7);
    expect((await refused(api.get("/v1/x"))).retryAfter).toBeNull();
  });

  it("ends the session under which it was asked when lictord takes it no more", async () => {
    logInAs("viewer");
    answers = [json({ code: "BAD_TOKEN" }, { status: 401 })];
    await refused(api.get("/v1/x"));
    expect(currentStanding()).toEqual({ state: "out", ended: true });
  });

  it("does not end a session that began while it was asked", async () => {
    logInAs("viewer");
    answers = [json({ code: "BAD_TOKEN" }, { status: 401 })];
    const late = refused(api.get("/v1/x"));
    logInAs("admin");
    await late;
    expect(currentStanding()).toMatchObject({ state: "in" });
  });

  it("leaves the session to one who may not do one thing", async () => {
    logInAs("viewer");
    answers = [json({ code: "NOT_ALLOWED" }, { status: 403 })];
    await refused(api.get("/v1/x"));
    expect(currentStanding()).toMatchObject({ state: "in" });
  });

  it("says when lictord cannot be reached, and when an answer is no JSON", async () => {
    answers = [new TypeError("connection refused"), new Response("<html>")];
    expect((await refused(api.get("/v1/x"))).problem.code).toBe("UNREACHABLE");
    expect((await refused(api.get("/v1/x"))).problem.code).toBe("NOT_JSON");
  });
});

it("asks for every page of a list", async () => {
  answers = [json({ items: [1, 2], next: "b" }), json({ items: [3], next: null })];
  expect(await everyPage("/v1/clusters", {}, 2)).toEqual([1, 2, 3]);
  expect(calls.map((call) => call.url)).toEqual([
    "/v1/clusters?limit=2",
    "/v1/clusters?limit=2&after=b",
  ]);
});
