import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { become, currentStanding } from "../session";
import { aToken, logInAs } from "../session.fixture";
import { newCache } from "./cache";
import { askSession, followSession, logIn, logOut, startSession } from "./session";

const asked: string[] = [];
let answers: (Response | Error)[];

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const session = { token: aToken({ name: "bo" }), csrf: "c" };

beforeEach(() => {
  vi.useFakeTimers();
  asked.length = 0;
  answers = [];
  become({ state: "asking", error: null });
  vi.stubGlobal("fetch", (path: string, init: RequestInit = {}) => {
    asked.push(`${init.method ?? "GET"} ${path}`);
    const next = answers.shift() ?? new Error("no answer is left");
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  });
});
afterEach(() => {
  become({ state: "out", ended: false });
  vi.useRealTimers();
});

it("at the start, who has a session is in", async () => {
  answers = [json(session)];
  await startSession();
  expect(currentStanding()).toEqual({ state: "in", session });
});

it("at the start, who has none is out, and nothing of theirs has ended", async () => {
  answers = [json({ code: "NO_TOKEN" }, 401)];
  await startSession();
  expect(currentStanding()).toEqual({ state: "out", ended: false });
});

it("at the start, lictord is asked until it says who it is", async () => {
  answers = [new Error("refused"), json({ code: "UNAVAILABLE" }, 503), json(session)];
  const started = startSession();
  await vi.advanceTimersByTimeAsync(1);
  expect(currentStanding()).toMatchObject({
    state: "asking",
    error: { problem: { code: "UNREACHABLE" } },
  });
  await vi.advanceTimersByTimeAsync(10_000);
  await started;
  expect(currentStanding().state).toBe("in");
  expect(asked).toEqual(Array(3).fill("GET /v1/session"));
});

it("logging in and out is lictord's to say", async () => {
  answers = [json({ code: "BAD_TOKEN" }, 401), json(session), new Response(null, { status: 204 })];
  become({ state: "out", ended: true });
  await expect(logIn("lictor_x")).rejects.toThrow();
  expect(currentStanding()).toEqual({ state: "out", ended: true });
  await logIn("lictor_y");
  expect(currentStanding()).toEqual({ state: "in", session });
  await logOut();
  expect(currentStanding()).toEqual({ state: "out", ended: false });
});

it("asked again, another tab's session is taken over, and one that is gone has ended", async () => {
  logInAs("viewer");
  answers = [json(session), json({ code: "BAD_TOKEN" }, 401)];
  await askSession();
  expect(currentStanding()).toEqual({ state: "in", session });
  await askSession();
  expect(currentStanding()).toEqual({ state: "out", ended: true });
});

it("asked again in vain, nothing changes", async () => {
  logInAs("viewer");
  const before = currentStanding();
  answers = [new Error("refused")];
  await askSession();
  expect(currentStanding()).toBe(before);
});

it("what one token was shown is gone for the next, and machines are shown nothing", async () => {
  const cache = newCache();
  const streams: AbortSignal[] = [];
  vi.stubGlobal("fetch", (path: string, { signal }: RequestInit) => {
    if (path === "/v1/events" && signal) streams.push(signal);
    return new Promise(() => undefined);
  });
  followSession(cache);
  logInAs("viewer", { id: "aaaaaaaaaaaa" });
  await vi.advanceTimersByTimeAsync(1);
  cache.setQueryData(["x"], 1);
  logInAs("viewer", { id: "aaaaaaaaaaaa", csrf: "another" });
  expect(cache.getQueryData(["x"])).toBe(1);
  expect(streams.map((signal) => signal.aborted)).toEqual([false]);
  logInAs("agent", { id: "bbbbbbbbbbbb" });
  await vi.advanceTimersByTimeAsync(1);
  expect(cache.getQueryData(["x"])).toBeUndefined();
  expect(streams.map((signal) => signal.aborted)).toEqual([true]);
});
