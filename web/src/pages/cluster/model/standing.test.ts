import { describe, expect, it } from "vitest";

import { node, primary } from "../fixture";
import { acknowledges, flow, flowTone, guardState, health, healthTone } from "./standing";

describe("the health of a node", () => {
  it("is its worst check", () => {
    expect(health(node(2))).toBe("passing");
    const checks = [
      { kind: "connect", status: "passing", sentence: "" },
      { kind: "lag", status: "critical", sentence: "" },
      { kind: "latency", status: "warning", sentence: "" },
    ] as const;
    expect(health(node(2, { checks: [...checks] }))).toBe("critical");
  });

  it("without a check is unknown, which is not good", () => {
    expect(health(node(2, { checks: [] }))).toBe("unknown");
    expect(healthTone("unknown")).not.toBe("ok");
  });

  it("says quarantine and maintenance first", () => {
    const maintenance = { owner: "ada", reason: "a new disk", until: null };
    const quarantine = { reason: "errant", errant: "", incomplete: false };
    expect(health(node(2, { maintenance }))).toBe("maintenance");
    expect(health(node(2, { maintenance, quarantine }))).toBe("quarantined");
  });
});

describe("the line to a replica", () => {
  it("tells where replication stands still", () => {
    expect(flow(node(2))).toBe("flowing");
    expect(flow(node(2, { receiver: "stopped" }))).toBe("receiver_stopped");
    expect(flow(node(2, { receiver: "connecting" }))).toBe("connecting");
    expect(flow(node(2, { applier_running: false }))).toBe("applier_stopped");
  });

  it("is unknown when the node is silent, or nobody said", () => {
    expect(flow(node(2, { latency_us: null }))).toBe("unknown");
    expect(flow(node(2, { receiver: "unknown" }))).toBe("unknown");
    expect(flow(node(2, { applier_running: null }))).toBe("unknown");
    expect(flowTone(node(2, { applier_running: null }))).toBe("unknown");
  });

  it("takes its tone from the server's lag check, and unknown lag is not good", () => {
    expect(flowTone(node(2))).toBe("ok");
    expect(flowTone(node(2, { lag_us: null }))).toBe("unknown");
    const late = [{ kind: "lag", status: "warning", sentence: "It is 6 s behind." }] as const;
    expect(flowTone(node(2, { lag_us: 6_000_000, checks: [...late] }))).toBe("warning");
  });

  it("acknowledges only when both sides are known to have semi-sync on", () => {
    expect(acknowledges(node(2), primary())).toBe(true);
    expect(
      acknowledges(node(2), primary({ semi_sync: { source: null, replica: true } })),
    ).toBeNull();
    expect(acknowledges(node(2, { semi_sync: { source: false, replica: false } }), primary())).toBe(
      false,
    );
  });
});

it("a guard is bound, free, or not heard", () => {
  const guard = { instance: "7", last_heard: null, lease_ends: null };
  const at = "2026-11-23T09:00:00.000Z";
  expect(guardState(node(2))).toBeNull();
  expect(guardState(node(2, { guard }))).toBe("unheard");
  expect(guardState(node(2, { guard: { ...guard, last_heard: at } }))).toBe("free");
  expect(guardState(node(2, { guard: { ...guard, last_heard: at, lease_ends: at } }))).toBe(
    "bound",
  );
});
