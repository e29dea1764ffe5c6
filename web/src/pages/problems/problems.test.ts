import { describe, expect, it } from "vitest";
import type { ClusterProblem } from "../../api/types";
import { count, narrow, worstFirst } from "./problems";

const problem = (
  cluster: string,
  code: string,
  severity: ClusterProblem["severity"],
  node: string | null = null,
): ClusterProblem => ({
  cluster,
  code,
  severity,
  node,
  sentence: `${code} stands`,
  response: "nothing is done",
  evidence: ["the host refuses connections"],
  since: null,
});

const LAG = problem("orders", "ReplicationLagging", "warning", "orders-2");
const DEAD = problem("users", "DeadPrimary", "critical", "users-1");
const ERRANT = problem("users", "ErrantGtid", "info", "users-2");
const ALSO_LAG = problem("users", "ReplicationLagging", "warning", "users-3");
const ALL = [LAG, ERRANT, ALSO_LAG, DEAD];

describe("narrowing", () => {
  it("finds text in the evidence, whatever its case", () => {
    expect(narrow(ALL, { q: "REFUSES" })).toHaveLength(4);
    expect(narrow(ALL, { q: "users-3" })).toEqual([ALSO_LAG]);
  });
  it("holds every condition at once", () => {
    expect(narrow(ALL, { code: "ReplicationLagging", cluster: "users" })).toEqual([ALSO_LAG]);
    expect(narrow(ALL, { severity: "critical", node: "users-2" })).toEqual([]);
  });
});

describe("the order", () => {
  it("has the worst first, then goes by cluster and code", () => {
    expect(worstFirst(ALL)).toEqual([DEAD, LAG, ALSO_LAG, ERRANT]);
  });
  it("does not depend on the order of arrival", () => {
    expect(worstFirst([...ALL].reverse())).toEqual(worstFirst(ALL));
  });
  it("does not put a severity that nobody knows last", () => {
    const odd = problem("a", "New", "unknown" as "info");
    expect(worstFirst([ERRANT, odd, LAG])).toEqual([LAG, odd, ERRANT]);
  });
});

it("counts by severity", () => {
  expect(count(ALL)).toEqual({ critical: 1, warning: 2, info: 1 });
});
