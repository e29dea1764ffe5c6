import { describe, expect, it } from "vitest";
import { evenly } from "./newKeyspace";

describe("a new keyspace", () => {
  it("of hashes has neighbours that touch, from end to end", () => {
    const ranges = (clusters: number) =>
      evenly(
        "hash",
        "integer",
        Array.from({ length: clusters }, () => "c"),
        0,
      ).shards.map((shard) => shard.range);
    expect(ranges(1)).toEqual(["-"]);
    expect(ranges(2)).toEqual(["-80", "80-"]);
    expect(ranges(3)).toEqual(["-5555", "5555-aaaa", "aaaa-"]);
  });

  it("of slots gives each slot once", () => {
    const { shards } = evenly("md5_mod", "string", ["a", "b", "c"], 16);
    const slots = shards.flatMap((shard) => shard.slots ?? []);
    expect(slots).toEqual(Array.from({ length: 16 }, (_, slot) => slot));
    expect(shards.map((shard) => shard.slots?.length)).toEqual([6, 5, 5]);
  });

  it("of ranges or of listed keys owns every key in one shard", () => {
    expect(evenly("range", "integer", ["a"], 0).shards).toEqual([{ name: "s0", cluster: "a" }]);
    expect(evenly("lookup", "string", ["a"], 0).shards).toEqual([
      { name: "s0", cluster: "a", default: true },
    ]);
  });
});
