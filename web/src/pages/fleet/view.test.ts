import { describe, expect, it } from "vitest";
import type { ClusterSummary } from "../../api/types";
import {
  byEpoch,
  byHealth,
  byLag,
  filterOf,
  fits,
  healthOf,
  sortOf,
  sortText,
  totals,
} from "./view";

function cluster(change: Partial<ClusterSummary> = {}): ClusterSummary {
  return {
    name: "orders",
    epoch: "1.1",
    primary: "orders-1",
    mode: "auto",
    state: "serving",
    severity: null,
    problems: { critical: 0, warning: 0, info: 0 },
    worst: null,
    nodes: { total: 3, passing: 3, warning: 0, critical: 0, unknown: 0 },
    max_lag_us: 900,
    lag_unknown: 0,
    paused: false,
    recovery: null,
    ...change,
  };
}

const unseen = { total: 3, passing: 2, warning: 0, critical: 0, unknown: 1 };

describe("the health of a cluster", () => {
  it("is healthy when it serves, all its nodes are seen and nothing is open", () => {
    expect(healthOf(cluster())).toBe("ok");
  });

  it("is unknown while a node or where writes go is unknown, though nothing is open", () => {
    expect(healthOf(cluster({ nodes: unseen }))).toBe("unknown");
    expect(healthOf(cluster({ state: "unknown" }))).toBe("unknown");
    expect(healthOf(cluster({ state: "unknown", severity: "info" }))).toBe("unknown");
  });

  it("is critical without a primary, whatever is open", () => {
    expect(healthOf(cluster({ state: "no_primary", severity: "info" }))).toBe("critical");
  });

  it("orders the worst first, then by name", () => {
    const all = [
      cluster({ name: "c" }),
      cluster({ name: "b" }),
      cluster({ name: "a", severity: "info" }),
      cluster({ name: "z", severity: "critical" }),
    ];
    expect(all.sort(byHealth).map(({ name }) => name)).toEqual(["z", "a", "b", "c"]);
  });
});

describe("the filter", () => {
  it("finds by a part of the cluster's or the primary's name", () => {
    const filter = filterOf(new URLSearchParams("q= ORDERS-1"));
    expect(fits(cluster(), filter)).toBe(true);
    expect(fits(cluster({ primary: "orders-2" }), filter)).toBe(false);
  });

  it("holds all that is asked", () => {
    const filter = filterOf(new URLSearchParams("health=warning&mode=manual"));
    expect(fits(cluster({ severity: "warning", mode: "manual" }), filter)).toBe(true);
    expect(fits(cluster({ severity: "warning" }), filter)).toBe(false);
  });

  it("leaves out what it does not know", () => {
    expect(filterOf(new URLSearchParams("health=purple")).health).toBeNull();
  });
});

describe("the order", () => {
  it("reads epochs as numbers", () => {
    expect(byEpoch(cluster({ epoch: "1.9" }), cluster({ epoch: "1.10" }))).toBeLessThan(0);
  });

  it("takes an unknown lag for the largest", () => {
    expect(byLag(cluster({ lag_unknown: 1 }), cluster({ max_lag_us: 9e9 }))).toBeGreaterThan(0);
  });

  it("is in the address, but for the usual one", () => {
    expect(sortText(sortOf(new URLSearchParams("sort=-lag")))).toBe("-lag");
    expect(sortText(sortOf(new URLSearchParams()))).toBeNull();
  });
});

it("counts what takes no writes, and not what is unknown", () => {
  const sum = totals([cluster(), cluster({ state: "held" }), cluster({ state: "unknown" })]);
  expect([sum.all, sum.noWrites, sum.health.unknown]).toEqual([3, 1, 1]);
});
