import { describe, expect, it } from "vitest";
import type { Subscriber } from "../../api/types";
import { mostUrgentFirst, narrow, summarise } from "./subscribers";

const subscriber = (id: string, change: Partial<Subscriber> = {}): Subscriber => ({
  id,
  kind: "client",
  version: "1.0.0",
  address: "10.0.0.1:4000",
  instance: "lictord-1",
  clusters: [],
  keyspaces: [],
  hostgroups: [],
  pools: 1,
  connected_at: null,
  sent: "3.7",
  acked: "3.7",
  ack_delay_us: null,
  nacks: 0,
  last_nack: null,
  behind: false,
  ...change,
});

const QUICK = subscriber("quick", { ack_delay_us: 400 });
const SLOW = subscriber("slow", { ack_delay_us: 90_000, kind: "proxy", clusters: ["orders"] });
const BEHIND = subscriber("behind", { behind: true, acked: "3.5" });
const REFUSED = subscriber("refused", {
  nacks: 2,
  last_nack: { revision: "3.6", reason: "rule 4 does not compile" },
});

describe("the list", () => {
  it("has who is behind on top, then who refused, then the slowest", () => {
    const names = mostUrgentFirst([QUICK, SLOW, REFUSED, BEHIND]).map((it) => it.id);
    expect(names).toEqual(["behind", "refused", "slow", "quick"]);
  });
  it("finds one by the reason of its refusal", () => {
    expect(narrow([QUICK, REFUSED], { q: "COMPILE" })).toEqual([REFUSED]);
  });
  it("of a cluster has those that are told of every cluster", () => {
    expect(narrow([QUICK, SLOW], { cluster: "users" })).toEqual([QUICK]);
    expect(narrow([QUICK, SLOW], { cluster: "orders" })).toEqual([QUICK, SLOW]);
  });
  it("can be of those behind, or of those that refused", () => {
    expect(narrow([QUICK, BEHIND, REFUSED], { state: "behind" })).toEqual([BEHIND]);
    expect(narrow([QUICK, BEHIND, REFUSED], { state: "nacked" })).toEqual([REFUSED]);
  });
});

describe("the summary", () => {
  it("counts, and takes the middle and the largest delay of those known", () => {
    expect(summarise([QUICK, SLOW, BEHIND, REFUSED])).toEqual({
      connected: 4,
      behind: 1,
      nacked: 1,
      median_us: 400,
      max_us: 90_000,
    });
  });
  it("knows no delay where nobody acknowledged yet", () => {
    expect(summarise([BEHIND])).toMatchObject({ median_us: null, max_us: null });
  });
});
