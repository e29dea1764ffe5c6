import { describe, expect, it } from "vitest";

import type { KeyspaceEntry } from "./document";
import type { Result } from "./refusal";
import { merge, moved, neighbours, slots, slotsText, split, withWrites } from "./shards";

const shop: KeyspaceEntry = {
  function: "hash",
  key: "integer",
  shards: [
    { name: "s0", cluster: "orders", range: "-80" },
    { name: "s1", cluster: "users", range: "80-c0", writes: "held" },
    { name: "s2", cluster: "users", range: "c0-" },
  ],
};
const years: KeyspaceEntry = {
  function: "range",
  key: "integer",
  shards: [
    { name: "old", cluster: "orders", below: 2000 },
    { name: "new", cluster: "orders", from: 2000 },
  ],
};
const carts: KeyspaceEntry = {
  function: "md5_mod",
  key: "string",
  modulo: 4,
  shards: [
    { name: "s0", cluster: "orders", slots: [0, 1, 2] },
    { name: "s1", cluster: "orders", slots: [3] },
  ],
};
const tenants: KeyspaceEntry = {
  function: "lookup",
  key: "string",
  shards: [
    { name: "eu", cluster: "orders", values: ["de", "fr"] },
    { name: "rest", cluster: "users", default: true },
  ],
};

function shards(result: Result<KeyspaceEntry>) {
  return result.ok ? result.value.shards : result.refusal.code;
}

describe("a split", () => {
  it("leaves a shard of hashes the lower part, and keeps its writes as they are", () => {
    expect(shards(split(shop, "s0", "40", "s9", "users"))).toEqual([
      { name: "s0", cluster: "orders", range: "-40" },
      { name: "s9", cluster: "users", range: "40-80" },
      ...shop.shards.slice(1),
    ]);
    const held = split(shop, "s1", "a0", "s9", "users");
    expect(held.ok && held.value.shards[2]).toEqual({
      name: "s9",
      cluster: "users",
      writes: "held",
      range: "a0-c0",
    });
  });

  it("gives the keys from the cut on, and never rounds them", () => {
    expect(shards(split(years, "new", "9007199254740993", "far", "users"))).toEqual([
      { name: "old", cluster: "orders", below: 2000 },
      { name: "new", cluster: "orders", from: 2000, below: "9007199254740993" },
      { name: "far", cluster: "users", from: "9007199254740993" },
    ]);
    expect(shards(split(years, "old", "-5", "mid", "users"))).toEqual([
      { name: "old", cluster: "orders", below: -5 },
      { name: "mid", cluster: "users", from: -5, below: 2000 },
      { name: "new", cluster: "orders", from: 2000 },
    ]);
  });

  it("gives the slots or the values that are named", () => {
    expect(shards(split(carts, "s0", "1-2", "s9", "users"))).toEqual([
      { name: "s0", cluster: "orders", slots: [0] },
      { name: "s9", cluster: "users", slots: [1, 2] },
      { name: "s1", cluster: "orders", slots: [3] },
    ]);
    expect(shards(split(tenants, "eu", "fr", "fr", "users"))).toEqual([
      { name: "eu", cluster: "orders", values: ["de"] },
      { name: "fr", cluster: "users", values: ["fr"] },
      { name: "rest", cluster: "users", default: true },
    ]);
  });

  it("is refused where a side would own nothing", () => {
    for (const at of ["80", "00"])
      expect(shards(split(shop, "s0", at, "s9", "users"))).toBe("outside");
    expect(shards(split(years, "new", "2000", "s9", "users"))).toBe("outside");
    for (const at of ["0,1,2", "3"])
      expect(shards(split(carts, "s0", at, "s9", "users"))).toBe("outside");
    for (const at of ["de, fr", "it"])
      expect(shards(split(tenants, "eu", at, "s9", "users"))).toBe("outside");
  });

  it("is refused at what is no place", () => {
    for (const at of ["", "4", "xyz"])
      expect(shards(split(shop, "s0", at, "s9", "users"))).toBe("bad_cut");
    for (const at of ["", "y2k"])
      expect(shards(split(years, "new", at, "s9", "users"))).toBe("bad_cut");
    for (const at of ["", "2-1", "a"])
      expect(shards(split(carts, "s0", at, "s9", "users"))).toBe("bad_cut");
    expect(shards(split(tenants, "eu", "de,", "s9", "users"))).toBe("bad_cut");
  });

  it("needs the shard, and a name of its own for the new one", () => {
    expect(shards(split(shop, "s7", "40", "s9", "users"))).toBe("no_shard");
    expect(shards(split(shop, "s0", "40", "s1", "users"))).toBe("shard_taken");
  });
});

describe("a merge", () => {
  it("undoes a split", () => {
    const cases: [KeyspaceEntry, string, string][] = [
      [shop, "s0", "40"],
      [years, "old", "1990"],
      [carts, "s0", "1"],
      [tenants, "eu", "fr"],
    ];
    for (const [keyspace, shard, at] of cases) {
      const parted = split(keyspace, shard, at, "s9", "orders");
      expect(parted.ok && shards(merge(parted.value, shard, "s9"))).toEqual(keyspace.shards);
    }
  });

  it("takes the upper neighbour or the lower one", () => {
    expect(shards(merge(shop, "s2", "s1"))).toEqual([
      shop.shards[0],
      { name: "s2", cluster: "users", range: "80-" },
    ]);
    expect(shards(merge(years, "new", "old"))).toEqual([{ name: "new", cluster: "orders" }]);
    expect(neighbours(shop, "s1")).toEqual(["s0", "s2"]);
    expect(neighbours(shop, "s0")).toEqual(["s1"]);
  });

  it("is refused where the ranges do not touch, or with itself", () => {
    expect(shards(merge(shop, "s0", "s2"))).toBe("not_neighbours");
    expect(shards(merge(shop, "s0", "s0"))).toBe("itself");
  });
});

describe("a shard", () => {
  it("is moved to another cluster, and only to another", () => {
    expect(shards(moved(shop, "s2", "orders"))).toContainEqual({
      name: "s2",
      cluster: "orders",
      range: "c0-",
    });
    expect(shards(moved(shop, "s2", "users"))).toBe("already_there");
  });

  it("has its writes held and released", () => {
    expect(shards(withWrites(shop, "s1", "serving"))).toContainEqual({
      ...shop.shards[1],
      writes: "serving",
    });
    expect(shards(withWrites(shop, "s7", "held"))).toBe("no_shard");
  });
});

describe("slots", () => {
  it("are written in runs and read back", () => {
    expect(slots("7, 0-2,2")).toEqual([0, 1, 2, 7]);
    expect(slotsText([7, 0, 1, 2])).toBe("0-2, 7");
    expect(slots("0--2")).toBeNull();
  });
});
