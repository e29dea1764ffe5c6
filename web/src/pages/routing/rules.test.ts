import { describe, expect, it } from "vitest";

import type { RuleEntry } from "./document";
import { conditions, GROUPS, lean, nextId, reordered, reordering, typed } from "./rules";

const rules: RuleEntry[] = [1, 2, 5, 9].map((rule_id) => ({
  rule_id,
  active: true,
  comment: `was ${rule_id}`,
}));

function after(from: number, to: number) {
  const moving = reordering(rules, from, to);
  return moving && reordered(moving).map((rule) => [rule.rule_id, rule.comment]);
}

describe("a rule that is moved", () => {
  it("upwards takes the id of its new place, and those it passes move down by one", () => {
    expect(after(3, 1)).toEqual([
      [2, "was 9"],
      [5, "was 2"],
      [9, "was 5"],
    ]);
  });

  it("downwards likewise", () => {
    expect(after(0, 1)).toEqual([
      [1, "was 2"],
      [2, "was 1"],
    ]);
  });

  it("touches no rule outside, and does nothing where it stands", () => {
    expect(reordering(rules, 1, 2)?.was.map((rule) => rule.rule_id)).toEqual([2, 5]);
    for (const [from, to] of [
      [1, 1],
      [0, -1],
      [3, 4],
      [7, 0],
    ] as const)
      expect(reordering(rules, from, to)).toBeNull();
  });
});

describe("a rule", () => {
  it("that is new comes last, with room before it", () => {
    expect(nextId(rules)).toBe(10);
    expect(nextId([{ rule_id: 100, active: true }])).toBe(110);
    expect(nextId([])).toBe(10);
  });

  it("says what it asks of a statement", () => {
    const rule = {
      ...rules[0],
      rule_id: 1,
      active: true,
      match_digest: "^SELECT",
      negate_match_pattern: true,
      username: "app",
      flagIN: 3,
    };
    expect(conditions(rule)).toEqual([
      { field: "flagIN", value: "3", negated: false },
      { field: "username", value: "app", negated: false },
      { field: "match_digest", value: "^SELECT", negated: true },
    ]);
    expect(conditions({ rule_id: 1, active: true, flagIN: 0 })).toEqual([]);
  });

  it("leaves out what it need not say", () => {
    const rule: RuleEntry = {
      rule_id: 1,
      active: false,
      flagIN: 0,
      apply: false,
      re_modifiers: "CASELESS",
      multiplex: 0,
      comment: undefined,
    };
    expect(lean(rule)).toEqual({ rule_id: 1, active: false, multiplex: 0 });
  });
});

describe("what is typed into the form", () => {
  const field = (name: keyof RuleEntry) => {
    const found = GROUPS.flatMap((group) => group.fields).find((one) => one.name === name);
    if (!found) throw new Error(`no field ${name}`);
    return found;
  };

  it("is within what the field allows", () => {
    expect(typed(field("retries"), "1000")).toBe(1000);
    for (const bad of ["1001", "-1", "1.5", "x"]) expect(typed(field("retries"), bad)).toBeNull();
    expect(typed(field("cache_ttl"), "0")).toBeNull();
    expect(typed(field("re_modifiers"), "")).toBe("");
    expect(typed(field("multiplex"), "2")).toBe(2);
    expect(typed(field("multiplex"), "")).toBeUndefined();
  });

  it("leaves out what is empty, but for the number", () => {
    expect(typed(field("timeout"), " ")).toBeUndefined();
    expect(typed(field("username"), "")).toBeUndefined();
    expect(typed(field("rule_id"), "")).toBeNull();
  });

  it("has every field of the schema once", () => {
    const names = GROUPS.flatMap((group) => group.fields.map((one) => one.name));
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(21);
  });
});
