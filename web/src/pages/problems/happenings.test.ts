import { describe, expect, it } from "vitest";
import type { Happening } from "../../api/types";
import { belongs, together } from "./happenings";

const happening = (id: number, change: Partial<Happening> = {}): Happening => ({
  id,
  at: "2026-11-22T12:00:00.000Z",
  cluster: "orders",
  node: "orders-1",
  kind: "problem_opened",
  code: "DeadPrimary",
  severity: "critical",
  sentence: "orders-1 is dead",
  evidence: ["the host refuses connections"],
  recovery: null,
  planned: false,
  ...change,
});

describe("what arrives live", () => {
  it("is shown on top, once, also when a page has it", () => {
    const list = together([happening(9), happening(8)], [[happening(8), happening(7)]], {});
    expect(list.map((it) => it.id)).toEqual([9, 8, 7]);
  });
  it("is not shown where the filter would not have let it through", () => {
    expect(together([happening(9)], [[]], { cluster: "users" })).toEqual([]);
    expect(belongs(happening(9), { severity: "warning" })).toBe(false);
    expect(belongs(happening(9), { q: "IS DEAD", code: "DeadPrimary" })).toBe(true);
    expect(belongs(happening(9), { q: "refuses" })).toBe(false);
  });
  it("respects a range of time: its end is not part of it", () => {
    expect(belongs(happening(9), { from: "2026-11-22T12:00:00Z" })).toBe(true);
    expect(belongs(happening(9), { to: "2026-11-22T12:00:00Z" })).toBe(false);
  });
});
