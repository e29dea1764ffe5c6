// A policy as a form holds it: text and choices, and the change they make. Words are written as the
// API writes them: `semi-sync:1`, `loosen:0/5s`, `50%`.
import type { Policy } from "../../../api/types";

export interface Draft {
  mode: Policy["mode"];
  profile: Policy["profile"];
  /** How many replicas must acknowledge; `0` is asynchronous, empty is unknown. */
  acks: string;
  failovers: string;
  window_secs: string;
  max_read_lag_secs: string;
  rebuild: Policy["rebuild"];
  loosens: boolean;
  min_acks: string;
  after_secs: string;
  no_readers: Policy["no_readers"];
  keep_readers: string;
  max_readers: string;
  accept_unfenced: boolean;
  better_placed: Policy["better_placed"];
  availability_percent: string;
  rto_secs: string;
  rpo_secs: string;
}

/** A change of a policy: only what differs. */
export type PolicyChange = Partial<Policy>;

export type Fault =
  "count" | "count_from_1" | "share" | "percent" | "seconds" | "only_async" | "fewer_acks";

const UNITS: Record<string, number> = {
  s: 1,
  sec: 1,
  second: 1,
  m: 60,
  min: 60,
  minute: 60,
  h: 3600,
  hr: 3600,
  hour: 3600,
  day: 86_400,
  d: 86_400,
};

/** Whole seconds of a text such as `1m 30s`; null when it is none. */
export function seconds(text: string): number | null {
  const parts = [...text.matchAll(/(\d+)\s*([a-z]+)/g)];
  const rest = text.replaceAll(/(\d+)\s*([a-z]+)/g, "").trim();
  if (parts.length === 0 || rest !== "") return null;
  let sum = 0;
  for (const [, count, unit] of parts) {
    const known = UNITS[unit ?? ""] ?? UNITS[(unit ?? "").replace(/s$/, "")];
    if (known === undefined) return null;
    sum += Number(count) * known;
  }
  return sum;
}

const shown = (value: number | null): string => (value === null ? "" : String(value));

export function draftOf(policy: Policy): Draft {
  const asynchronous = policy.durability === "async" ? "0" : "";
  const acks = /^semi-sync:(\d+)$/.exec(policy.durability)?.[1] ?? asynchronous;
  const loosen = /^loosen:(\d+)\/(.+)$/.exec(policy.on_starved);
  return {
    mode: policy.mode,
    profile: policy.profile,
    acks,
    failovers: String(policy.budget.failovers),
    window_secs: String(policy.budget.window_secs),
    max_read_lag_secs: String(policy.max_read_lag_secs),
    rebuild: policy.rebuild,
    loosens: loosen !== null,
    min_acks: loosen?.[1] ?? "0",
    after_secs: shown(seconds(loosen?.[2] ?? "5s")),
    no_readers: policy.no_readers,
    keep_readers: policy.keep_readers,
    max_readers: policy.max_readers,
    accept_unfenced: policy.accept_unfenced,
    better_placed: policy.better_placed,
    availability_percent: shown(policy.objectives.availability_percent),
    rto_secs: shown(policy.objectives.rto_secs),
    rpo_secs: shown(policy.objectives.rpo_secs),
  };
}

/** The policy that a faultless draft describes. */
export function policyOf(draft: Draft): Policy {
  const number = (text: string): number | null => (text.trim() === "" ? null : Number(text));
  return {
    mode: draft.mode,
    profile: draft.profile,
    durability: Number(draft.acks) === 0 ? "async" : `semi-sync:${Number(draft.acks)}`,
    budget: { failovers: Number(draft.failovers), window_secs: Number(draft.window_secs) },
    max_read_lag_secs: Number(draft.max_read_lag_secs),
    rebuild: draft.rebuild,
    on_starved: draft.loosens
      ? `loosen:${Number(draft.min_acks)}/${Number(draft.after_secs)}s`
      : "wait",
    no_readers: draft.no_readers,
    keep_readers: draft.keep_readers.trim(),
    max_readers: draft.max_readers.trim(),
    accept_unfenced: draft.accept_unfenced,
    better_placed: draft.better_placed,
    objectives: {
      availability_percent: number(draft.availability_percent),
      rto_secs: number(draft.rto_secs),
      rpo_secs: number(draft.rpo_secs),
    },
  };
}

const isCount = (text: string): boolean => /^\d{1,9}$/.test(text.trim());
const isShare = (text: string): boolean => isCount(text) || /^(100|\d{1,2})%$/.test(text.trim());
const isNumber = (text: string): boolean => /^\d+(\.\d+)?$/.test(text.trim());

/** What is wrong with a draft, by field; the server judges the rest. */
export function faults(draft: Draft): Partial<Record<keyof Draft, Fault>> {
  const found: Partial<Record<keyof Draft, Fault>> = {};
  const expect = (field: keyof Draft, holds: boolean, fault: Fault): void => {
    if (!holds) found[field] = fault;
  };
  const fromOne = (text: string): boolean => isCount(text) && Number(text) >= 1;
  const unset = (text: string): boolean => text.trim() === "";
  expect("acks", isCount(draft.acks), "count");
  expect("failovers", isCount(draft.failovers), "count");
  expect("window_secs", fromOne(draft.window_secs), "count_from_1");
  expect("max_read_lag_secs", isCount(draft.max_read_lag_secs), "seconds");
  expect("keep_readers", isShare(draft.keep_readers), "share");
  expect("max_readers", isShare(draft.max_readers), "share");
  if (draft.loosens) {
    expect(
      "min_acks",
      isCount(draft.min_acks) && Number(draft.min_acks) < Number(draft.acks),
      "fewer_acks",
    );
    expect("after_secs", fromOne(draft.after_secs), "count_from_1");
  }
  expect("accept_unfenced", !draft.accept_unfenced || Number(draft.acks) === 0, "only_async");
  const percent = draft.availability_percent;
  expect(
    "availability_percent",
    unset(percent) || (isNumber(percent) && Number(percent) <= 100),
    "percent",
  );
  expect("rto_secs", unset(draft.rto_secs) || isCount(draft.rto_secs), "seconds");
  expect("rpo_secs", unset(draft.rpo_secs) || isCount(draft.rpo_secs), "seconds");
  return found;
}

/** What differs of these two, as PATCH takes it. */
export function change(from: Policy, to: Policy): PolicyChange {
  const same = (field: keyof Policy): boolean => {
    if (field === "on_starved")
      return (
        draftOf(from).after_secs === draftOf(to).after_secs &&
        draftOf(from).min_acks === draftOf(to).min_acks &&
        draftOf(from).loosens === draftOf(to).loosens
      );
    return JSON.stringify(from[field]) === JSON.stringify(to[field]);
  };
  const fields = (Object.keys(to) as (keyof Policy)[]).filter((field) => !same(field));
  return Object.fromEntries(fields.map((field) => [field, to[field]]));
}

/** The fields in the order they are shown, by what they are about. */
export const GROUPS: {
  id: "acting" | "durable" | "reads" | "objectives";
  fields: (keyof Draft)[];
}[] = [
  {
    id: "acting",
    fields: ["mode", "profile", "failovers", "window_secs", "rebuild", "better_placed"],
  },
  {
    id: "durable",
    fields: ["acks", "accept_unfenced", "loosens", "min_acks", "after_secs"],
  },
  { id: "reads", fields: ["max_read_lag_secs", "no_readers", "keep_readers", "max_readers"] },
  { id: "objectives", fields: ["availability_percent", "rto_secs", "rpo_secs"] },
];

/** What a field may be chosen from; the others are typed. */
export const CHOICES: Partial<Record<keyof Draft, readonly (string | boolean)[]>> = {
  mode: ["observe", "manual", "auto"],
  profile: ["fast", "balanced", "conservative"],
  rebuild: ["manual", "auto"],
  better_placed: ["switch", "stay"],
  accept_unfenced: [false, true],
  loosens: [false, true],
  no_readers: ["none", "primary"],
};

/** The fields that differ, in the order they are shown. */
export function edited(before: Draft, after: Draft): (keyof Draft)[] {
  const fields = GROUPS.flatMap((group) => group.fields);
  return fields.filter((field) => {
    const hidden = (field === "min_acks" || field === "after_secs") && !after.loosens;
    return !hidden && before[field] !== after[field];
  });
}
