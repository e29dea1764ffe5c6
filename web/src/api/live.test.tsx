import { QueryClient } from "@tanstack/react-query";
import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { become, currentStanding } from "../session";
import { logInAs } from "../session.fixture";
import { keys } from "./keys";
import { followEvents, useLive } from "./live";
import type { ClusterSummary } from "./types";

interface Stream {
  lastId: string | null;
  say: (text: string) => Promise<void>;
  end: () => Promise<void>;
}

let streams: Stream[] = [];
let stop: AbortController;

const hello = (resumed: boolean) =>
  `id: 4\nevent: hello\ndata: {"instance":"l-1","leader":true,"resumed":${resumed}}\n\n`;

/** Time passes, and what waits for it is done. */
const pass = (ms: number) =>
  act(async () => {
    await vi.advanceTimersByTimeAsync(ms);
  });

function serve(_: string, { headers, signal }: RequestInit): Promise<Response> {
  let to: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (controller) => void (to = controller) });
  signal?.addEventListener("abort", () => to.error(new Error("aborted")));
  streams.push({
    lastId: (headers as Headers).get("last-event-id"),
    say: (text) => {
      to.enqueue(new TextEncoder().encode(text));
      return pass(50);
    },
    end: () => {
      to.close();
      return pass(1);
    },
  });
  return Promise.resolve(new Response(body));
}

function stream(at: number): Stream {
  const found = streams[at];
  if (!found) throw new Error(`there is no stream ${at}`);
  return found;
}

async function follow() {
  const cache = new QueryClient();
  const { result } = renderHook(() => useLive());
  void followEvents(cache, stop.signal);
  await pass(1);
  return { cache, state: () => result.current.state };
}

beforeEach(() => {
  vi.useFakeTimers();
  streams = [];
  stop = new AbortController();
  vi.stubGlobal("fetch", serve);
});

afterEach(async () => {
  stop.abort();
  await vi.runAllTimersAsync();
  vi.useRealTimers();
});

it("is live once it was greeted, and writes what it hears", async () => {
  const { cache, state } = await follow();
  cache.setQueryData(keys.clusters(), []);
  await stream(0).say(hello(true));
  expect(state()).toBe("live");
  await stream(0).say('event: cluster\ndata: {"name":"orders"}\n\n');
  const fleet = cache.getQueryData<ClusterSummary[]>(keys.clusters());
  expect(fleet?.map(({ name }) => name)).toEqual(["orders"]);
});

it("is lost when the stream ends, and goes on from the last event it heard", async () => {
  const { state } = await follow();
  await stream(0).say(hello(true));
  await stream(0).end();
  expect(state()).toBe("lost");
  await pass(300);
  expect(stream(1).lastId).toBe("4");
  await stream(1).say(hello(true));
  expect(state()).toBe("live");
});

it("is lost when the stream is silent, though it stands", async () => {
  const { state } = await follow();
  await stream(0).say(hello(true));
  await pass(9_000);
  await stream(0).say(": alive\n\n");
  await pass(9_000);
  expect(state()).toBe("live");
  await pass(5_000);
  expect(state()).toBe("lost");
});

it("leaves out events it does not know and data it cannot read", async () => {
  const { state } = await follow();
  await stream(0).say(`${hello(true)}event: weather\ndata: rain\n\n`);
  expect(state()).toBe("live");
});

it("ends the session when lictord takes it no more", async () => {
  logInAs("viewer");
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("", { status: 401 })));
  await follow();
  expect(currentStanding()).toEqual({ state: "out", ended: true });
  become({ state: "out", ended: false });
});
