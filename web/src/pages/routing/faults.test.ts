import { describe, expect, it } from "vitest";

import type { ApiProblem } from "../../api/types";
import { complete } from "./document";
import { faults, isAbout } from "./faults";

const document = complete({
  keyspaces: {
    shop: {
      function: "hash",
      key: "integer",
      shards: [
        { name: "s0", cluster: "orders", range: "-40" },
        { name: "s1", cluster: "orders", range: "80-" },
      ],
    },
  },
  hostgroups: [{ id: 10, name: "w", kind: "writer", cluster: "orders", role: "primary" }],
  query_rules: [{ rule_id: 7, active: true }],
});

function told(field: string, detail: string) {
  const problem: ApiProblem = {
    type: "urn:lictor:problem:invalid",
    title: "",
    status: 400,
    detail: "",
    code: "INVALID_FIELD",
    errors: [{ field, detail, line: null, column: null }],
    findings: [],
    conflict: null,
    leader: null,
  };
  const [fault] = faults(problem, document);
  if (!fault) throw new Error("no fault");
  return fault;
}

describe("a fault points at", () => {
  it("the shard that the server names", () => {
    expect(told("keyspaces.shop.shards[s1].cluster", "there is no cluster x")).toMatchObject({
      item: { kind: "keyspace", name: "shop", shard: "s1" },
      field: "cluster",
    });
    expect(told("document.keyspaces.shop.shards[0].range", "…").item).toEqual({
      kind: "keyspace",
      name: "shop",
      shard: "s0",
    });
  });

  it("the keyspace that is not whole, and the shard beside the gap", () => {
    const gap = "keyspace `shop`: no shard owns 40-80, between; let shard `s0` own it";
    expect(told("keyspaces", gap).item).toEqual({ kind: "keyspace", name: "shop", shard: "s0" });
  });

  it("the hostgroup or the rule at that place of the list", () => {
    expect(told("hostgroups[0].cluster", "…")).toMatchObject({
      item: { kind: "hostgroup", id: 10 },
      field: "cluster",
    });
    expect(told("query_rules[0]", "rule 7: `match_digest` is no pattern")).toMatchObject({
      item: { kind: "rule", id: 7 },
      field: "match_digest",
    });
  });

  it("the document where it is about nothing else", () => {
    expect(told("reason", "it is missing").item).toEqual({ kind: "document" });
    expect(told("query_rules[9].apply", "…").item).toEqual({ kind: "document" });
  });

  it("only its own item", () => {
    const fault = told("keyspaces.shop.shards[s1].cluster", "…");
    expect(isAbout(fault, { kind: "keyspace", name: "shop", shard: null })).toBe(true);
    expect(isAbout(fault, { kind: "keyspace", name: "shop", shard: "s0" })).toBe(false);
    expect(isAbout(fault, { kind: "rule", id: 7 })).toBe(false);
  });
});
