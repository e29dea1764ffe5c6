import { describe, expect, it } from "vitest";

import { begun, type Draft, extended, redone, without } from "./draft";
import { complete, type Document } from "./document";
import type { Edit } from "./edits";
import { reordering } from "./rules";

const document: Document = complete({
  clusters: { orders: { policy: { mode: "auto" } }, users: {} },
  keyspaces: {
    shop: {
      function: "hash",
      key: "integer",
      shards: [
        { name: "s0", cluster: "orders", range: "-80" },
        { name: "s1", cluster: "users", range: "80-" },
      ],
    },
  },
  hostgroups: [
    { id: 30, name: "reports", kind: "custom", servers: [{ address: "10.0.0.9:3306" }] },
  ],
  query_rules: [
    { rule_id: 2, active: true, match_digest: "^SELECT" },
    { rule_id: 1, active: true, match_digest: "FOR UPDATE" },
  ],
});
const base = { version: 7, document };

const splitS0: Edit = {
  kind: "split",
  keyspace: "shop",
  shard: "s0",
  at: "40",
  into: "s2",
  cluster: "users",
};
const holdS2: Edit = { kind: "writes", keyspace: "shop", shard: "s2", writes: "held" };
const moveS1: Edit = { kind: "move", keyspace: "shop", shard: "s1", from: "users", to: "orders" };

function drafted(...edits: Edit[]): Draft {
  const { draft, misfits } = redone(base, edits);
  expect(misfits).toEqual([]);
  return draft;
}

function refusal(edit: Edit, on: Document = document) {
  const done = extended(begun({ version: 7, document: on }), edit);
  return done.ok ? null : done.refusal.code;
}

describe("a draft", () => {
  it("changes the document and leaves its base as it is", () => {
    const draft = drafted(splitS0, holdS2);
    expect(
      draft.document.keyspaces.shop?.shards.map((it) => [it.name, it.range, it.writes]),
    ).toEqual([
      ["s0", "-40", undefined],
      ["s2", "40-80", "held"],
      ["s1", "80-", undefined],
    ]);
    expect(document.keyspaces.shop?.shards).toHaveLength(2);
    expect(draft.document.clusters).toBe(document.clusters);
  });

  it("keeps what came before when an edit is refused", () => {
    const draft = drafted(splitS0);
    expect(extended(draft, splitS0).ok).toBe(false);
    expect(draft.edits).toEqual([splitS0]);
  });

  it("loses with an edit those that needed it", () => {
    const { draft, misfits } = without(drafted(splitS0, holdS2, moveS1), 0);
    expect(draft.edits).toEqual([moveS1]);
    expect(misfits).toEqual([
      { edit: holdS2, refusal: { code: "no_shard", named: { shard: "s2" } } },
    ]);
  });

  it("is made again on what others did in between", () => {
    const theirs = drafted(moveS1).document;
    const { draft, misfits } = redone({ version: 8, document: theirs }, [splitS0]);
    expect(misfits).toEqual([]);
    expect(draft.base.version).toBe(8);
    expect(draft.document.keyspaces.shop?.shards.map((it) => it.cluster)).toEqual([
      "orders",
      "users",
      "orders",
    ]);
  });
});

describe("an edit overwrites nothing it has not seen", () => {
  it("of a shard that was moved elsewhere", () => {
    const theirs = drafted({ ...moveS1, to: "orders" }).document;
    expect(refusal({ ...moveS1, from: "users", to: "third" }, theirs)).toBe("changed_since");
    expect(refusal(moveS1, theirs)).toBe("already_there");
  });

  it("of a rule or a hostgroup that says something else by now, or is gone", () => {
    const [first] = document.query_rules;
    const edit: Edit = {
      kind: "rule",
      id: 1,
      was: first ?? null,
      to: { rule_id: 1, active: false },
    };
    expect(refusal(edit)).toBeNull();
    expect(refusal({ ...edit, was: { rule_id: 1, active: true } })).toBe("changed_since");
    expect(refusal({ ...edit, id: 5 })).toBe("gone");
    const group = document.hostgroups[0] ?? null;
    expect(refusal({ kind: "hostgroup", id: 30, was: group, to: null })).toBeNull();
    expect(refusal({ kind: "hostgroup", id: 30, was: null, to: group })).toBe("id_taken");
  });

  it("of a rule whose number is taken", () => {
    const [first] = document.query_rules;
    expect(
      refusal({ kind: "rule", id: 1, was: first ?? null, to: { rule_id: 2, active: true } }),
    ).toBe("id_taken");
    expect(
      refusal({ kind: "rule", id: 9, was: null, to: { rule_id: 9, active: true } }),
    ).toBeNull();
  });

  it("of rules that change places", () => {
    const moving = reordering(document.query_rules, 0, 1);
    if (!moving) throw new Error("nothing moves");
    const draft = drafted({ kind: "order", ...moving });
    expect(draft.document.query_rules.map((rule) => [rule.rule_id, rule.match_digest])).toEqual([
      [1, "^SELECT"],
      [2, "FOR UPDATE"],
    ]);
    expect(refusal({ kind: "order", ...moving }, draft.document)).toBe("changed_since");
  });

  it("of a keyspace that is there already, or changed since it was to be removed", () => {
    const shop = document.keyspaces.shop ?? null;
    expect(refusal({ kind: "keyspace", name: "shop", was: null, to: shop })).toBe("keyspace_taken");
    const remove: Edit = { kind: "keyspace", name: "shop", was: shop, to: null };
    expect(drafted(remove).document.keyspaces).toEqual({});
    expect(refusal(remove, drafted(moveS1).document)).toBe("changed_since");
  });
});
