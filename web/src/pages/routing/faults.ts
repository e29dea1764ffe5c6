// What a refused document is wrong about: paths of the server, led back to what is on the screen.
import type { ApiProblem } from "../../api/types";
import type { Document } from "./document";

export type Item =
  | { kind: "keyspace"; name: string; shard: string | null }
  | { kind: "hostgroup"; id: number }
  | { kind: "rule"; id: number }
  | { kind: "document" };

/** One fault: the item it is about, the field within, and the sentence. */
export interface Fault {
  item: Item;
  field: string;
  sentence: string;
}

/** The faults of a refusal, for the document that was sent. */
export function faults(problem: ApiProblem, document: Document): Fault[] {
  return problem.errors.map(({ field, detail }) => ({
    ...located(field, detail, document),
    sentence: detail,
  }));
}

function located(path: string, sentence: string, document: Document): Omit<Fault, "sentence"> {
  const at = path.replace(/^document\.?/, "");
  const keyspace = /^keyspaces(?:\.([a-z0-9-]+))?(?:\.shards\[([^\]]+)\])?\.?(.*)$/.exec(at);
  if (keyspace) return ofKeyspace(keyspace, sentence, document);
  const listed = /^(hostgroups|query_rules)\[([0-9]+)\]\.?(.*)$/.exec(at);
  const [, list, place = "", field = ""] = listed ?? [];
  const hostgroup = list === "hostgroups" ? document.hostgroups[Number(place)] : undefined;
  if (hostgroup) return { item: { kind: "hostgroup", id: hostgroup.id }, field };
  const rule = list === "query_rules" ? document.query_rules[Number(place)] : undefined;
  if (rule) return { item: { kind: "rule", id: rule.rule_id }, field: field || namedIn(sentence) };
  return { item: { kind: "document" }, field: at };
}

/** The server names a shard by its name or its place, and a keyspace that is not whole in words. */
function ofKeyspace(
  [, path, shard, field = ""]: RegExpExecArray,
  sentence: string,
  document: Document,
): Omit<Fault, "sentence"> {
  const name = path ?? /^keyspace `([^`]+)`/.exec(sentence)?.[1];
  const entry = name === undefined ? undefined : document.keyspaces[name];
  if (name === undefined || !entry) return { item: { kind: "document" }, field: "keyspaces" };
  const told = shard ?? /shards? `([^`]+)`/.exec(sentence)?.[1];
  const found = entry.shards.find((it) => it.name === told) ?? entry.shards[Number(told)];
  return {
    item: { kind: "keyspace", name, shard: found?.name ?? null },
    field: field || namedIn(sentence),
  };
}

/** The field that a sentence is about, where it says so. */
function namedIn(sentence: string): string {
  return (
    /field `([^`]+)`/.exec(sentence)?.[1] ?? /`(match_[a-z]+|[a-z_]+)`/.exec(sentence)?.[1] ?? ""
  );
}

/** Whether a fault is about this item. */
export function isAbout(fault: Fault, item: Item): boolean {
  const one = fault.item;
  switch (item.kind) {
    case "keyspace":
      return (
        one.kind === "keyspace" &&
        one.name === item.name &&
        (item.shard === null || one.shard === item.shard)
      );
    case "hostgroup":
    case "rule":
      return one.kind === item.kind && one.id === item.id;
    case "document":
      return one.kind === "document";
  }
}
