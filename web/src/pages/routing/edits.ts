// Edits as values, so that a draft is a list of them: each can be taken back, and all of them made
// again on a newer version. An edit that would overwrite what somebody else wrote meanwhile is
// refused; for that it carries what it saw.
import {
  complete,
  type Document,
  type HostgroupEntry,
  type KeyspaceEntry,
  type RuleEntry,
  same,
  type Writes,
} from "./document";
import { made, refused, type Refusal, type Result } from "./refusal";
import { type Reordering, reordered } from "./rules";
import { merge, moved, split, withWrites } from "./shards";

export type Edit =
  | { kind: "split"; keyspace: string; shard: string; at: string; into: string; cluster: string }
  | { kind: "merge"; keyspace: string; shard: string; other: string }
  | { kind: "move"; keyspace: string; shard: string; from: string; to: string }
  | { kind: "writes"; keyspace: string; shard: string; writes: Writes }
  | ({ kind: "keyspace"; name: string } & Change<KeyspaceEntry>)
  | ({ kind: "hostgroup"; id: number } & Change<HostgroupEntry>)
  | ({ kind: "rule"; id: number } & Change<RuleEntry>)
  | ({ kind: "order" } & Reordering);

/** What an item said, and what it is to say; null where there is none. */
interface Change<T> {
  was: T | null;
  to: T | null;
}

/** The document after an edit, or why it does not fit. */
export function edited(document: Document, edit: Edit): Result<Document> {
  switch (edit.kind) {
    case "split":
      return inKeyspace(document, edit.keyspace, (it) =>
        split(it, edit.shard, edit.at, edit.into, edit.cluster),
      );
    case "merge":
      return inKeyspace(document, edit.keyspace, (it) => merge(it, edit.shard, edit.other));
    case "move":
      return inKeyspace(document, edit.keyspace, (it) => relocated(it, edit));
    case "writes":
      return inKeyspace(document, edit.keyspace, (it) => withWrites(it, edit.shard, edit.writes));
    case "keyspace":
      return withKeyspace(document, edit);
    case "hostgroup": {
      const hostgroups = changed(document.hostgroups, (it) => it.id, edit.id, edit);
      return hostgroups.ok
        ? made(complete({ ...document, hostgroups: hostgroups.value }))
        : hostgroups;
    }
    case "rule": {
      const rules = changed(document.query_rules, (it) => it.rule_id, edit.id, edit);
      return rules.ok ? made(complete({ ...document, query_rules: rules.value })) : rules;
    }
    case "order":
      return withOrder(document, edit);
  }
}

function inKeyspace(
  document: Document,
  name: string,
  edit: (keyspace: KeyspaceEntry) => Result<KeyspaceEntry>,
): Result<Document> {
  const keyspace = document.keyspaces[name];
  if (!keyspace) return refused("no_keyspace", { keyspace: name });
  const done = edit(keyspace);
  return done.ok
    ? made({ ...document, keyspaces: { ...document.keyspaces, [name]: done.value } })
    : done;
}

function relocated(
  keyspace: KeyspaceEntry,
  { shard, from, to }: Edit & { kind: "move" },
): Result<KeyspaceEntry> {
  const old = keyspace.shards.find((it) => it.name === shard);
  if (old && old.cluster !== from && old.cluster !== to)
    return refused("changed_since", { item: shard });
  return moved(keyspace, shard, to);
}

function withKeyspace(
  document: Document,
  { name, was, to }: Edit & { kind: "keyspace" },
): Result<Document> {
  const old = document.keyspaces[name] ?? null;
  const stands = asSeen(old, was, name, "keyspace_taken");
  if (stands) return { ok: false, refusal: stands };
  const others = Object.entries(document.keyspaces).filter(([other]) => other !== name);
  const all = to === null ? others : [...others, [name, to] as const];
  return made({ ...document, keyspaces: Object.fromEntries(all) });
}

/** The items with one changed; one that is added or renumbered needs an id that is free. */
function changed<T>(
  items: T[],
  idOf: (item: T) => number,
  id: number,
  { was, to }: Change<T>,
): Result<T[]> {
  const old = items.find((item) => idOf(item) === id) ?? null;
  const stands = asSeen(old, was, String(id), "id_taken");
  if (stands) return { ok: false, refusal: stands };
  const others = items.filter((item) => item !== old);
  if (to === null) return made(others);
  if (others.some((item) => idOf(item) === idOf(to)))
    return refused("id_taken", { item: String(idOf(to)) });
  return made([...others, to]);
}

/** What stands in the way when an item is not as it was seen. */
function asSeen<T>(
  now: T | null,
  seen: T | null,
  item: string,
  taken: Refusal["code"],
): Refusal | null {
  if (same(now, seen)) return null;
  const code = seen === null ? taken : now === null ? "gone" : "changed_since";
  return { code, named: { item } };
}

function withOrder(document: Document, edit: Edit & { kind: "order" }): Result<Document> {
  const ids = edit.was.map((rule) => rule.rule_id);
  const [first, last] = [Math.min(...ids), Math.max(...ids)];
  const between = (rule: RuleEntry) => first <= rule.rule_id && rule.rule_id <= last;
  if (!same(document.query_rules.filter(between), edit.was)) {
    return refused("changed_since", { item: `${first}-${last}` });
  }
  const others = document.query_rules.filter((rule) => !between(rule));
  return made(complete({ ...document, query_rules: [...others, ...reordered(edit)] }));
}
