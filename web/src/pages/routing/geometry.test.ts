import { describe, expect, it } from "vitest";

import type { Keyspace } from "../../api/types";
import type { KeyspaceEntry } from "./document";
import { bars, fitting, middle, ofDocument, ofTable, share } from "./geometry";

function drawn(entry: KeyspaceEntry) {
  const keyspace = ofDocument("shop", entry);
  const found = bars(keyspace);
  return found?.pieces.map((piece) => [piece.shard.name, piece.from, piece.to]);
}

const hashed: KeyspaceEntry = {
  function: "hash",
  key: "integer",
  shards: [
    { name: "s1", cluster: "users", range: "80-" },
    { name: "s0", cluster: "orders", range: "-40" },
    { name: "s2", cluster: "orders", range: "40-80" },
  ],
};

describe("a keyspace of hashes", () => {
  it("is drawn to scale over all hashes, in order", () => {
    expect(drawn(hashed)).toEqual([
      ["s0", 0, 0.25],
      ["s2", 0.25, 0.5],
      ["s1", 0.5, 1],
    ]);
    expect(bars(ofDocument("shop", hashed))?.marks.map((mark) => mark.text)).toEqual(["40", "80"]);
  });

  it("tells the share of each shard, however small", () => {
    const keyspace = ofDocument("shop", hashed);
    expect(keyspace.shards.map((shard) => share(keyspace, shard))).toEqual([0.5, 0.25, 0.25]);
    const [tiny] = ofDocument("x", {
      ...hashed,
      shards: [{ name: "t", cluster: "c", range: "-0001" }],
    }).shards;
    expect(tiny && share(keyspace, tiny)).toBeCloseTo(1 / 65_536, 8);
  });

  it("is the same from the routing table, where bounds have 16 digits", () => {
    const table: Keyspace = {
      name: "shop",
      function: "hash",
      key: "integer",
      modulo: null,
      shards: [
        { from: "0000000000000000", below: "4000000000000000", name: "s0" },
        { from: "4000000000000000", below: null, name: "s1" },
      ].map((it) => ({
        ...it,
        cluster: "orders",
        writes: "serving",
        writer: null,
        owns: "",
        share_per_million: null,
        slots: [],
        values: [],
        is_default: false,
      })),
    };
    const entry: KeyspaceEntry = {
      function: "hash",
      key: "integer",
      shards: [
        { name: "s0", cluster: "orders", range: "-40" },
        { name: "s1", cluster: "orders", range: "40-" },
      ],
    };
    expect(ofTable(table)).toEqual(ofDocument("shop", entry));
  });
});

describe("a keyspace of ranges", () => {
  const ranged = (key: "integer" | "bytes", ...bounds: (string | number)[]): KeyspaceEntry => ({
    function: "range",
    key,
    shards: [undefined, ...bounds].map((from, at) => ({
      name: `s${at}`,
      cluster: "orders",
      from,
      below: bounds[at],
    })),
  });

  it("keeps some room for its open ends, and the rest is to scale", () => {
    const pieces = drawn(ranged("integer", 0, 100, 400)) ?? [];
    const widths = pieces.map(([, from, to]) => Number(to) - Number(from));
    expect(widths[0]).toBeCloseTo(0.12);
    expect(widths[2]).toBeCloseTo(3 * (widths[1] ?? 0));
    expect(pieces.at(-1)?.[2]).toBe(1);
    expect(bars(ofDocument("x", ranged("integer", 0, 100)))?.exact).toBe(false);
  });

  it("with one bound is halved, and without any is one bar", () => {
    expect(drawn(ranged("integer", 2000))).toEqual([
      ["s0", 0, 0.5],
      ["s1", 0.5, 1],
    ]);
    expect(drawn(ranged("integer"))).toEqual([["s0", 0, 1]]);
  });

  it("of byte strings is drawn by what their bounds do not share", () => {
    const pieces = drawn(ranged("bytes", "user-a", "user-m", "user-z")) ?? [];
    const places = pieces.map(([, , to]) => Number(to));
    expect([...places].sort((one, two) => one - two)).toEqual(places);
    expect(places[1]).toBeGreaterThan(0.3);
    expect(places[1]).toBeLessThan(0.7);
  });
});

describe("a keyspace of slots", () => {
  const entry: KeyspaceEntry = {
    function: "md5_mod",
    key: "string",
    modulo: 8,
    shards: [
      { name: "s0", cluster: "orders", slots: [0, 1, 2, 6] },
      { name: "s1", cluster: "users", slots: [3, 4, 5, 7] },
    ],
  };

  it("is drawn in runs of slots", () => {
    expect(drawn(entry)).toEqual([
      ["s0", 0, 0.375],
      ["s1", 0.375, 0.75],
      ["s0", 0.75, 0.875],
      ["s1", 0.875, 1],
    ]);
  });

  it("that are too many to draw is drawn by each shard's share", () => {
    const every = (rest: number) =>
      Array.from({ length: 2048 }, (_, at) => at).filter((slot) => slot % 4 === rest);
    const shards = [0, 1, 2, 3].map((rest) => ({
      name: `s${rest}`,
      cluster: "orders",
      slots: every(rest),
    }));
    const found = bars(ofDocument("carts", { ...entry, modulo: 2048, shards }));
    expect(found?.interleaved).toBe(true);
    expect(found?.pieces.map((piece) => [piece.from, piece.to])).toEqual([
      [0, 0.25],
      [0.25, 0.5],
      [0.5, 0.75],
      [0.75, 1],
    ]);
  });

  it("gives each shard its share", () => {
    const keyspace = ofDocument("carts", entry);
    expect(keyspace.shards.map((shard) => share(keyspace, shard))).toEqual([0.5, 0.5]);
  });
});

describe("marks on the axis", () => {
  it("leave room for each other, and the last one stays", () => {
    const marks = [0, 0.02, 0.3, 0.9, 0.95].map((at) => ({ at, text: String(at) }));
    expect(fitting(marks, 0.1).map((mark) => mark.at)).toEqual([0, 0.3, 0.95]);
    expect(fitting([], 0.1)).toEqual([]);
  });
});

describe("a proposal for a split", () => {
  it("is the middle, where there is one", () => {
    const proposed = (entry: KeyspaceEntry) => {
      const keyspace = ofDocument("x", entry);
      return keyspace.shards.map((shard) => middle(keyspace, shard));
    };
    expect(proposed(hashed)).toEqual(["c0", "20", "60"]);
    const shards = [
      { name: "a", cluster: "c", from: 10, below: 20 },
      { name: "b", cluster: "c", from: 20 },
    ];
    expect(proposed({ function: "range", key: "integer", shards })).toEqual(["15", null]);
    expect(
      proposed({
        function: "md5_mod",
        key: "string",
        modulo: 3,
        shards: [{ name: "a", cluster: "c", slots: [0, 1, 2] }],
      }),
    ).toEqual(["2"]);
  });
});
