// A keyspace as it is drawn: what each shard owns, to scale. The same for the routing table in
// force and for a draft. Pure; places are shares of the width, from 0 to 1.
import type { Keyspace } from "../../api/types";
import type { KeyFunction, KeyspaceEntry, KeyType, Writes } from "./document";
import { common, compare, hash, hashRange, hashText, key, rank } from "./keys";
import { runs } from "./shards";

/** A shard with what it owns, as text in the one form that equal keys share. */
export interface ShardShape {
  name: string;
  cluster: string;
  writes: Writes;
  /** Its range, of hashes or of keys; null is an end of the space. */
  from: string | null;
  below: string | null;
  slots: number[];
  values: string[];
  isDefault: boolean;
}

export interface KeyspaceShape {
  name: string;
  function: KeyFunction;
  key: KeyType;
  modulo: number | null;
  shards: ShardShape[];
}

/** A keyspace of the routing table. */
export function ofTable(keyspace: Keyspace): KeyspaceShape {
  // The first hash of all is an end of the space, however it is written.
  const bound = (text: string | null) => {
    const at = keyspace.function === "hash" && text !== null ? hash(text) : null;
    if (at === 0n) return null;
    return at === null ? text : hashText(at);
  };
  const shards = keyspace.shards.map((it) => ({
    name: it.name,
    cluster: it.cluster,
    writes: it.writes,
    from: bound(it.from),
    below: bound(it.below),
    slots: it.slots,
    values: it.values,
    isDefault: it.is_default,
  }));
  const { name, key, modulo } = keyspace;
  return { name, function: keyspace.function, key, modulo, shards };
}

/** A keyspace of a document. */
export function ofDocument(name: string, entry: KeyspaceEntry): KeyspaceShape {
  const shards = entry.shards.map((it) => {
    const [from, below] = boundsOf(entry, it);
    return {
      name: it.name,
      cluster: it.cluster,
      writes: it.writes ?? "serving",
      from,
      below,
      slots: it.slots ?? [],
      values: (it.values ?? []).map((value) => key(entry.key, value) ?? String(value)),
      isDefault: it.default ?? false,
    };
  });
  return { name, function: entry.function, key: entry.key, modulo: entry.modulo ?? null, shards };
}

function boundsOf(
  entry: KeyspaceEntry,
  shard: KeyspaceEntry["shards"][number],
): [string | null, string | null] {
  if (entry.function === "hash") {
    const range = hashRange(shard.range ?? "");
    const text = (at: bigint | null | undefined) => (at == null ? null : hashText(at));
    return [text(range?.from), text(range?.below)];
  }
  const text = (bound: typeof shard.from) => (bound === undefined ? null : key(entry.key, bound));
  return [text(shard.from), text(shard.below)];
}

/** A part of the width that one shard owns. */
export interface Piece {
  shard: ShardShape;
  from: number;
  to: number;
  /** Whether it goes on to an end of the space. */
  openBelow: boolean;
  openAbove: boolean;
}

/** A place on the axis below the bar. */
export interface Mark {
  at: number;
  text: string;
}

export interface Bars {
  pieces: Piece[];
  marks: Mark[];
  /** Whether widths say how many keys: not where an end is open. */
  exact: boolean;
  /** Whether the parts lie in too many places to be drawn: each shard is one piece, by its share. */
  interleaved: boolean;
}

/** More pieces than this are no picture. */
const MOST_PIECES = 512;

const SPACE = 2n ** 64n;
/** So much of the width an open end takes. */
const OPEN = 0.12;

/** The bars of a keyspace; null where it has none, because its keys are listed. */
export function bars(keyspace: KeyspaceShape): Bars | null {
  switch (keyspace.function) {
    case "hash":
      return hashBars(keyspace.shards);
    case "range":
      return rangeBars(keyspace);
    case "md5_mod":
      return slotBars(keyspace);
    case "lookup":
      return null;
  }
}

function hashBars(shards: ShardShape[]): Bars {
  const at = (text: string) => Number(((hash(text) ?? 0n) * 1_000_000n) / SPACE) / 1_000_000;
  return ranged(shards, at, true);
}

function rangeBars({ key: type, shards }: KeyspaceShape): Bars {
  const all = shards.flatMap((it) => [it.from, it.below]).filter((bound) => bound !== null);
  const bounds = [...new Set(all)].sort((one, two) => compare(type, one, two));
  const skip = type === "bytes" ? common(bounds) : 0;
  const ranks = bounds.map((bound) => rank(type, bound, skip));
  const [least, most] = [ranks[0] ?? 0, ranks.at(-1) ?? 0];
  const [left, right] = [
    shards.some((it) => it.from === null) ? OPEN : 0,
    shards.some((it) => it.below === null) ? OPEN : 0,
  ];
  const room = 1 - left - right;
  const at = (text: string) => {
    if (most === least) return left > 0 && right > 0 ? 0.5 : left > 0 ? 1 : 0;
    return left + ((rank(type, text, skip) - least) / (most - least)) * room;
  };
  return ranged(shards, at, left + right === 0);
}

function ranged(shards: ShardShape[], at: (bound: string) => number, exact: boolean): Bars {
  const pieces = shards.map((shard) => ({
    shard,
    from: shard.from === null ? 0 : at(shard.from),
    to: shard.below === null ? 1 : at(shard.below),
    openBelow: shard.from === null,
    openAbove: shard.below === null,
  }));
  pieces.sort((one, two) => one.from - two.from);
  const texts = new Set(shards.flatMap((it) => [it.from, it.below]).filter((it) => it !== null));
  const marks = [...texts].map((text) => ({ at: at(text), text }));
  marks.sort((one, two) => one.at - two.at);
  return { pieces, marks, exact, interleaved: false };
}

function slotBars(keyspace: KeyspaceShape): Bars {
  const all = Math.max(keyspace.modulo ?? 0, 1);
  const pieces = keyspace.shards.flatMap((shard) =>
    runs(shard.slots).map(([first, last]) => closed(shard, first / all, (last + 1) / all)),
  );
  if (pieces.length > MOST_PIECES) return shareBars(keyspace);
  pieces.sort((one, two) => one.from - two.from);
  const marks = pieces.map(({ from }) => ({ at: from, text: String(Math.round(from * all)) }));
  return { pieces, marks, exact: true, interleaved: false };
}

/** One piece for each shard, as wide as its share. */
function shareBars(keyspace: KeyspaceShape): Bars {
  let from = 0;
  const pieces = keyspace.shards.map((shard) => {
    const piece = closed(shard, from, from + (share(keyspace, shard) ?? 0));
    from = piece.to;
    return piece;
  });
  return { pieces, marks: [], exact: true, interleaved: true };
}

function closed(shard: ShardShape, from: number, to: number): Piece {
  return { shard, from, to, openBelow: false, openAbove: false };
}

/** The part of all keys that a shard owns, from 0 to 1, where keys are hashed; else null. */
export function share(keyspace: KeyspaceShape, shard: ShardShape): number | null {
  switch (keyspace.function) {
    case "hash": {
      const from = (shard.from !== null && hash(shard.from)) || 0n;
      const below = shard.below === null ? SPACE : (hash(shard.below) ?? SPACE);
      return Number(((below - from) * 1_000_000_000n) / SPACE) / 1_000_000_000;
    }
    case "md5_mod":
      return shard.slots.length / Math.max(keyspace.modulo ?? 0, 1);
    case "range":
    case "lookup":
      return null;
  }
}

/** The marks that fit beside each other, each `room` wide; the first and the last stay. */
export function fitting(marks: Mark[], room: number): Mark[] {
  const last = marks.at(-1);
  const kept: Mark[] = [];
  for (const mark of marks) {
    const previous = kept.at(-1);
    const clear = (other: Mark | undefined) =>
      !other || other === mark || Math.abs(mark.at - other.at) >= room;
    if (clear(previous) && clear(last)) kept.push(mark);
  }
  return kept;
}

/** A place in the middle of a range, to propose for a split; null where there is none to tell. */
export function middle(keyspace: KeyspaceShape, shard: ShardShape): string | null {
  if (keyspace.function === "hash") {
    const from = (shard.from !== null && hash(shard.from)) || 0n;
    const below = shard.below === null ? SPACE : (hash(shard.below) ?? SPACE);
    return below - from < 2n ? null : hashText((from + below) / 2n);
  }
  if (keyspace.function === "md5_mod") {
    const half = shard.slots.slice(Math.ceil(shard.slots.length / 2));
    return half.length === 0 ? null : half.join(", ");
  }
  const isNumber = keyspace.key === "integer" || keyspace.key === "unsigned";
  if (keyspace.function !== "range" || !isNumber || shard.from === null || shard.below === null)
    return null;
  const [from, below] = [BigInt(shard.from), BigInt(shard.below)];
  return below - from < 2n ? null : String((from + below) / 2n);
}
