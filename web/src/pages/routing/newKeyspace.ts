// A keyspace to begin with.
import type { KeyFunction, KeyspaceEntry, KeyType } from "./document";
import { hashRangeText } from "./keys";

export const FUNCTIONS: readonly KeyFunction[] = ["hash", "range", "md5_mod", "lookup"];

const ANY: readonly KeyType[] = ["integer", "unsigned", "string", "bytes", "uuid"];

/** Which keys each function can divide: a range needs an order that every language agrees on. */
export const KEY_TYPES: Record<KeyFunction, readonly KeyType[]> = {
  hash: ANY,
  range: ["integer", "unsigned", "bytes"],
  md5_mod: ANY,
  lookup: ANY,
};

/** A keyspace with one shard for each cluster, as even as it can be; a range and a lookup begin
 *  with one shard that owns every key. */
export function evenly(
  divides: KeyFunction,
  key: KeyType,
  clusters: string[],
  modulo: number,
): KeyspaceEntry {
  const named = clusters.map((cluster, at) => ({ name: `s${at}`, cluster }));
  switch (divides) {
    case "hash":
      return {
        function: divides,
        key,
        shards: named.map((shard, at) => ({ ...shard, range: part(at, clusters.length) })),
      };
    case "range":
      return { function: divides, key, shards: named };
    case "md5_mod": {
      const slots = (at: number) =>
        Array.from({ length: modulo }, (_, slot) => slot).filter(
          (slot) => Math.floor((slot * clusters.length) / modulo) === at,
        );
      return {
        function: divides,
        key,
        modulo,
        shards: named.map((shard, at) => ({ ...shard, slots: slots(at) })),
      };
    }
    case "lookup":
      return {
        function: divides,
        key,
        shards: named.map((shard) => ({ ...shard, default: true })),
      };
  }
}

/** One of so many parts of all hashes, cut at whole 16 bits: short to read. */
function part(at: number, of: number): string {
  const bound = (at: number) => BigInt(Math.floor((at * 65_536) / of)) << 48n;
  return hashRangeText(at === 0 ? null : bound(at), at + 1 === of ? null : bound(at + 1));
}
