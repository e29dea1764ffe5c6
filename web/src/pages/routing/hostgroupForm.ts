// A hostgroup as it is typed, and the entry of the document that it makes.
import {
  CAPACITY,
  type Capacity,
  type HostgroupEntry,
  type ServerEntry,
  type ServerStatus,
} from "./document";
import { ADDRESS, NAME } from "./names";

export const KINDS = ["writer", "reader", "custom"] as const;
export const ROLES = ["primary", "replica"] as const;
export const STATUSES = ["online", "offline_soft", "offline_hard"] as const;

/** What each number may be at most; as the document's schema says. */
export const LIMITS = [
  { field: "weight", most: 10_000_000 },
  { field: "max_connections", most: 4_294_967_295 },
  { field: "max_replication_lag", most: 126_144_000 },
] as const;

export interface CapacityForm {
  weight: string;
  max_connections: string;
  max_replication_lag: string;
}

export interface ServerForm extends CapacityForm {
  /** Of the form, so that a row keeps its fields while others come and go. */
  key: number;
  address: string;
  status: ServerStatus;
}

export interface HostgroupForm extends CapacityForm {
  id: string;
  name: string;
  kind: (typeof KINDS)[number];
  fill: "role" | "listed";
  cluster: string;
  role: (typeof ROLES)[number];
  servers: ServerForm[];
}

let lastKey = 0;

/** A server to be filled in. */
export function blankServer(): ServerForm {
  return serverForm({ address: "" });
}

/** The form of a hostgroup, or of a new one. */
export function formOf(
  was: HostgroupEntry | null,
  all: HostgroupEntry[],
  clusters: string[],
): HostgroupForm {
  const next = Math.max(0, ...all.map((one) => one.id)) + 1;
  return {
    id: String(was?.id ?? next),
    name: was?.name ?? "",
    kind: was?.kind ?? "custom",
    fill: was?.cluster === undefined ? "listed" : "role",
    cluster: was?.cluster ?? clusters[0] ?? "",
    role: was?.role ?? "replica",
    servers: (was?.servers ?? []).map(serverForm),
    ...capacityForm(was ?? {}),
  };
}

function serverForm(server: ServerEntry): ServerForm {
  lastKey += 1;
  const { address, status = "online" } = server;
  return { key: lastKey, address, status, ...capacityForm(server) };
}

function capacityForm(of: Capacity): CapacityForm {
  const text = (field: keyof Capacity) => String(of[field] ?? CAPACITY[field]);
  return {
    weight: text("weight"),
    max_connections: text("max_connections"),
    max_replication_lag: text("max_replication_lag"),
  };
}

/** The fields that are not as they may be; those of a server begin with its place. */
export function wrongIn(form: HostgroupForm): ReadonlySet<string> {
  const wrong = new Set<string>();
  if (!isNumber(form.id, 4_294_967_295)) wrong.add("id");
  if (!NAME.test(form.name)) wrong.add("name");
  const capacity = (of: CapacityForm, prefix: string) => {
    for (const { field, most } of LIMITS) if (!isNumber(of[field], most)) wrong.add(prefix + field);
  };
  if (form.fill === "role") {
    if (form.cluster === "") wrong.add("cluster");
    capacity(form, "");
    return wrong;
  }
  for (const [at, server] of form.servers.entries()) {
    const twice =
      form.servers.findIndex((one) => one.address.trim() === server.address.trim()) !== at;
    if (!ADDRESS.test(server.address.trim()) || twice) wrong.add(`${at}.address`);
    capacity(server, `${at}.`);
  }
  return wrong;
}

function isNumber(text: string, most: number): boolean {
  return /^\s*[0-9]+\s*$/.test(text) && Number(text) <= most;
}

/** The entry of the document that a form without anything wrong makes. */
export function hostgroupOf(form: HostgroupForm): HostgroupEntry {
  const { name, kind } = form;
  const head = { id: Number(form.id), name, kind };
  if (form.fill === "role")
    return { ...head, cluster: form.cluster, role: form.role, ...capacityOf(form) };
  const servers = form.servers.map((one) => ({
    address: one.address.trim(),
    status: one.status,
    ...capacityOf(one),
  }));
  return { ...head, servers };
}

function capacityOf(form: CapacityForm): Required<Capacity> {
  return {
    weight: Number(form.weight),
    max_connections: Number(form.max_connections),
    max_replication_lag: Number(form.max_replication_lag),
  };
}
