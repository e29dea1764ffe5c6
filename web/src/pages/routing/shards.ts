// Edits of one keyspace: a shard is split, two are merged, one is moved, or its writes are held.
// Each gives a keyspace or says why not, as `lictor keyspace` does; whether it is whole is the
// server's to say.
import type { KeyspaceEntry, Scalar, ShardEntry, Writes } from "./document";
import { compare, hash, hashRange, hashRangeText, hashText, key, scalar } from "./keys";
import { made, refused, type Result } from "./refusal";

/** What a shard owns. */
type Part = Pick<ShardEntry, "range" | "from" | "below" | "slots" | "values" | "default">;

/** Gives what `at` says of `shard` to a new shard on `cluster`, which takes writes if `shard` does. */
export function split(
  keyspace: KeyspaceEntry,
  shard: string,
  at: string,
  into: string,
  cluster: string,
): Result<KeyspaceEntry> {
  const old = keyspace.shards.find((one) => one.name === shard);
  if (!old) return refused("no_shard", { shard });
  if (keyspace.shards.some((one) => one.name === into))
    return refused("shard_taken", { shard: into });
  const parts = cut(keyspace, old, at.trim());
  if (!parts.ok) return parts;
  const [rest, taken] = parts.value;
  const added: ShardEntry = {
    name: into,
    cluster,
    ...(old.writes && { writes: old.writes }),
    ...taken,
  };
  return made({
    ...keyspace,
    shards: keyspace.shards.flatMap((one) => (one === old ? [{ ...old, ...rest }, added] : [one])),
  });
}

/** Gives all that `other` owns to `into`, and removes `other`. */
export function merge(keyspace: KeyspaceEntry, into: string, other: string): Result<KeyspaceEntry> {
  const [one, two] = [into, other].map((name) => keyspace.shards.find((it) => it.name === name));
  if (!one) return refused("no_shard", { shard: into });
  if (!two) return refused("no_shard", { shard: other });
  if (one === two) return refused("itself", { shard: into });
  const both = joined(keyspace, one, two);
  if (!both) return refused("not_neighbours", { first: into, second: other });
  const shards = keyspace.shards.filter((it) => it !== two);
  return made({
    ...keyspace,
    shards: shards.map((it) => (it === one ? bare({ ...it, ...both }) : it)),
  });
}

/** The shards that `shard` can be merged with. */
export function neighbours(keyspace: KeyspaceEntry, shard: string): string[] {
  const one = keyspace.shards.find((it) => it.name === shard);
  const others = keyspace.shards.filter((it) => it !== one);
  return one ? others.filter((it) => joined(keyspace, one, it)).map((it) => it.name) : [];
}

/** Says that another cluster holds the rows of `shard`. */
export function moved(
  keyspace: KeyspaceEntry,
  shard: string,
  cluster: string,
): Result<KeyspaceEntry> {
  const old = keyspace.shards.find((one) => one.name === shard);
  if (!old) return refused("no_shard", { shard });
  if (old.cluster === cluster) return refused("already_there", { shard, cluster });
  return made(replaced(keyspace, old, { ...old, cluster }));
}

/** Holds the writes of `shard`, or lets them go on. */
export function withWrites(
  keyspace: KeyspaceEntry,
  shard: string,
  writes: Writes,
): Result<KeyspaceEntry> {
  const old = keyspace.shards.find((one) => one.name === shard);
  return old ? made(replaced(keyspace, old, { ...old, writes })) : refused("no_shard", { shard });
}

/** Whether its writes are held. */
export function isHeld(shard: ShardEntry): boolean {
  return shard.writes === "held";
}

function replaced(keyspace: KeyspaceEntry, old: ShardEntry, by: ShardEntry): KeyspaceEntry {
  return { ...keyspace, shards: keyspace.shards.map((one) => (one === old ? by : one)) };
}

/** What is left of a shard, and what a cut takes. */
function cut(keyspace: KeyspaceEntry, shard: ShardEntry, at: string): Result<[Part, Part]> {
  switch (keyspace.function) {
    case "hash":
      return cutHashes(shard, at);
    case "range":
      return cutKeys(keyspace, shard, at);
    case "md5_mod":
      return cutSlots(shard, at);
    case "lookup":
      return cutValues(keyspace, shard, at);
  }
}

function cutHashes(shard: ShardEntry, at: string): Result<[Part, Part]> {
  const position = hash(at);
  const owned = hashRange(shard.range ?? "");
  if (position === null || owned === null) return refused("bad_cut", { at });
  const { from, below } = owned;
  if (position <= (from ?? 0n) || (below !== null && position >= below)) {
    return refused("outside", { shard: shard.name, at: hashText(position) });
  }
  return made([
    { range: hashRangeText(from, position) },
    { range: hashRangeText(position, below) },
  ]);
}

function cutKeys(keyspace: KeyspaceEntry, shard: ShardEntry, at: string): Result<[Part, Part]> {
  const type = keyspace.key;
  const first = at === "" ? null : key(type, at);
  if (first === null) return refused("bad_cut", { at });
  const [from, below] = bounds(keyspace, shard);
  if (
    (from !== null && compare(type, first, from) <= 0) ||
    (below !== null && compare(type, first, below) >= 0)
  ) {
    return refused("outside", { shard: shard.name, at: first });
  }
  const bound = scalar(type, first);
  return made([
    { below: bound },
    { from: bound, ...(shard.below !== undefined && { below: shard.below }) },
  ]);
}

function bounds(keyspace: KeyspaceEntry, shard: ShardEntry): [string | null, string | null] {
  const read = (bound: Scalar | undefined) =>
    bound === undefined ? null : key(keyspace.key, bound);
  return [read(shard.from), read(shard.below)];
}

function cutSlots(shard: ShardEntry, at: string): Result<[Part, Part]> {
  const taken = slots(at);
  if (taken === null) return refused("bad_cut", { at });
  const divided = divide(shard.slots ?? [], taken);
  if (!divided || divided[0].length === 0) return refused("outside", { shard: shard.name, at });
  return made([{ slots: divided[0] }, { slots: divided[1] }]);
}

function cutValues(keyspace: KeyspaceEntry, shard: ShardEntry, at: string): Result<[Part, Part]> {
  const taken = values(keyspace, at);
  if (taken === null) return refused("bad_cut", { at });
  const divided = divide(owned(keyspace, shard), taken);
  if (!divided || (divided[0].length === 0 && !shard.default)) {
    return refused("outside", { shard: shard.name, at });
  }
  const written = (keys: string[]) => keys.map((one) => scalar(keyspace.key, one));
  return made([{ values: written(divided[0]) }, { values: written(divided[1]) }]);
}

function owned(keyspace: KeyspaceEntry, shard: ShardEntry): string[] {
  return (shard.values ?? []).map((value) => key(keyspace.key, value) ?? String(value));
}

/** The items that are not taken, and those that are; null where one is taken that is not there. */
function divide<T>(items: T[], taken: T[]): [T[], T[]] | null {
  const all = new Set(taken);
  const given = items.filter((item) => all.has(item));
  const rest = items.filter((item) => !all.has(item));
  return given.length > 0 && given.length === all.size ? [rest, given] : null;
}

/** Slots with commas between, such as `0, 4-7`; null when it is no such list. */
export function slots(text: string): number[] | null {
  const parts = text
    .split(",")
    .map((part) => /^\s*([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?\s*$/.exec(part));
  const all = parts.flatMap((part) => {
    if (!part) return [Number.NaN];
    const [first, last] = [Number(part[1]), Number(part[2] ?? part[1])];
    return last < first
      ? [Number.NaN]
      : Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
  return all.some(Number.isNaN) ? null : [...new Set(all)].sort((one, two) => one - two);
}

/** Slots as they are written: runs of them with a hyphen. */
export function slotsText(slots: number[]): string {
  return runs(slots)
    .map(([first, last]) => (first === last ? String(first) : `${String(first)}-${String(last)}`))
    .join(", ");
}

/** Slots in runs, from the first to the last of each. */
export function runs(slots: number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const slot of [...slots].sort((one, two) => one - two)) {
    const last = runs.at(-1);
    if (last && slot <= last[1] + 1) last[1] = slot;
    else runs.push([slot, slot]);
  }
  return runs;
}

/** Keys with commas between; null when one of them is none. */
export function values(keyspace: KeyspaceEntry, text: string): string[] | null {
  const keys = text
    .split(",")
    .map((part) => (part.trim() === "" ? null : key(keyspace.key, part.trim())));
  return keys.every((one) => one !== null) ? keys : null;
}

/** What two shards own together; null when their ranges do not touch. */
function joined(keyspace: KeyspaceEntry, one: ShardEntry, two: ShardEntry): Part | null {
  switch (keyspace.function) {
    case "hash": {
      const [first, second] = [hashRange(one.range ?? ""), hashRange(two.range ?? "")];
      const both =
        first && second && touching([first.from, first.below], [second.from, second.below]);
      return both && { range: hashRangeText(...both) };
    }
    case "range": {
      const both = touching(bounds(keyspace, one), bounds(keyspace, two));
      if (!both) return null;
      const [from, below] = both.map((bound) =>
        bound === null ? undefined : scalar(keyspace.key, bound),
      );
      return { from, below };
    }
    case "md5_mod":
      return { slots: [...(one.slots ?? []), ...(two.slots ?? [])].sort((a, b) => a - b) };
    case "lookup": {
      const values = [...(one.values ?? []), ...(two.values ?? [])];
      return { values, ...((one.default ?? two.default) && { default: true }) };
    }
  }
}

function touching<T>(
  [from, below]: (T | null | undefined)[],
  [otherFrom, otherBelow]: (T | null | undefined)[],
): [T | null, T | null] | null {
  if (below != null && below === otherFrom) return [from ?? null, otherBelow ?? null];
  if (otherBelow != null && otherBelow === from) return [otherFrom ?? null, below ?? null];
  return null;
}

/** Without the fields that are undefined: a document leaves them out. */
function bare<T extends object>(entry: T): T {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined)) as T;
}
