// The configuration document, as its schema says, as far as these pages read and write it.
// What they do not know (`clusters`) is carried along untouched.

/** A key as documents write it; integers that a double cannot hold are bigints. */
export type Scalar = string | number | bigint;

export type KeyFunction = "hash" | "range" | "md5_mod" | "lookup";
export type KeyType = "string" | "bytes" | "integer" | "unsigned" | "uuid";
export type Writes = "serving" | "held";

export interface ShardEntry {
  name: string;
  cluster: string;
  writes?: Writes;
  range?: string;
  from?: Scalar;
  below?: Scalar;
  slots?: number[];
  values?: Scalar[];
  default?: boolean;
}

export interface KeyspaceEntry {
  function: KeyFunction;
  hash?: string;
  key: KeyType;
  modulo?: number;
  shards: ShardEntry[];
}

export interface Capacity {
  weight?: number;
  max_connections?: number;
  max_replication_lag?: number;
}

export type ServerStatus = "online" | "offline_soft" | "offline_hard";

export interface ServerEntry extends Capacity {
  address: string;
  status?: ServerStatus;
}

export interface HostgroupEntry extends Capacity {
  id: number;
  name: string;
  kind: "writer" | "reader" | "custom";
  cluster?: string;
  role?: "primary" | "replica";
  servers?: ServerEntry[];
}

export interface RuleEntry {
  rule_id: number;
  active: boolean;
  username?: string;
  schemaname?: string;
  flagIN?: number;
  match_digest?: string;
  match_pattern?: string;
  negate_match_pattern?: boolean;
  re_modifiers?: string;
  flagOUT?: number;
  destination_hostgroup?: number;
  cache_ttl?: number;
  cache_empty_result?: boolean;
  cache_timeout?: number;
  timeout?: number;
  retries?: number;
  delay?: number;
  multiplex?: number;
  error_msg?: string;
  apply?: boolean;
  comment?: string;
}

export interface Document {
  clusters: Record<string, unknown>;
  keyspaces: Record<string, KeyspaceEntry>;
  hostgroups: HostgroupEntry[];
  query_rules: RuleEntry[];
}

/** What a field says when it is left out. */
export const CAPACITY: Required<Capacity> = {
  weight: 1,
  max_connections: 1000,
  max_replication_lag: 0,
};

/** A document with every section, hostgroups and rules in order of their number. */
export function complete(document: Partial<Document>): Document {
  const { clusters = {}, keyspaces = {}, hostgroups = [], query_rules = [] } = document;
  return {
    clusters,
    keyspaces,
    hostgroups: [...hostgroups].sort((one, two) => one.id - two.id),
    query_rules: [...query_rules].sort((one, two) => one.rule_id - two.rule_id),
  };
}

/** Whether two values of a document say the same; a field left out is one that is undefined. */
export function same(one: unknown, two: unknown): boolean {
  if (Object.is(one, two)) return true;
  if (Array.isArray(one) && Array.isArray(two)) {
    return one.length === two.length && one.every((item, at) => same(item, two[at]));
  }
  if (!isRecord(one) || !isRecord(two)) return false;
  const fields = new Set([...Object.keys(one), ...Object.keys(two)]);
  return [...fields].every((field) => same(one[field], two[field]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
