import { describe, expect, it } from "vitest";

import { policy } from "../fixture";
import { change, draftOf, faults, policyOf, seconds } from "./policy";

describe("a policy in a form", () => {
  it("is the same policy when nothing was edited", () => {
    const loosening = { ...policy, on_starved: "loosen:0/1m 30s", durability: "semi-sync:2" };
    for (const one of [policy, loosening, { ...policy, durability: "async" }]) {
      expect(change(one, policyOf(draftOf(one)))).toEqual({});
      expect(faults(draftOf(one))).toEqual({});
    }
  });

  it("sends only what was edited", () => {
    const draft = { ...draftOf(policy), mode: "manual" as const, acks: "0", rto_secs: "30" };
    expect(change(policy, policyOf(draft))).toEqual({
      mode: "manual",
      durability: "async",
      objectives: { availability_percent: null, rto_secs: 30, rpo_secs: null },
    });
    const loosens = { ...draftOf(policy), loosens: true, after_secs: "5" };
    expect(change(policy, policyOf(loosens))).toEqual({ on_starved: "loosen:0/5s" });
  });

  it("tells which fields are not what they should be", () => {
    const draft = {
      ...draftOf(policy),
      acks: "",
      keep_readers: "120%",
      availability_percent: "101",
    };
    expect(faults(draft)).toEqual({
      acks: "count",
      keep_readers: "share",
      availability_percent: "percent",
    });
  });

  it("has an unfenced failover only where commits wait for nobody", () => {
    expect(faults({ ...draftOf(policy), accept_unfenced: true })).toEqual({
      accept_unfenced: "only_async",
    });
    expect(faults({ ...draftOf(policy), accept_unfenced: true, acks: "0" })).toEqual({});
  });

  it("loosens to fewer acknowledgements than it wants", () => {
    expect(faults({ ...draftOf(policy), loosens: true, min_acks: "1" })).toEqual({
      min_acks: "fewer_acks",
    });
  });
});

it("a time is read in seconds", () => {
  expect(seconds("5s")).toBe(5);
  expect(seconds("1m 30s")).toBe(90);
  expect(seconds("2h")).toBe(7200);
  expect(seconds("1day 1s")).toBe(86_401);
  expect(seconds("soon")).toBeNull();
  expect(seconds("5parsecs")).toBeNull();
});
