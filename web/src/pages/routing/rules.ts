// Query rules: their order, what each matches and does, and what their fields may be.
import type { RuleEntry } from "./document";

/** Rules change places: those whose place changes, before, and their ids in the new order. */
export interface Reordering {
  was: RuleEntry[];
  order: number[];
}

/**
 * Takes the rule at one place to another. Only the rules between change their ids: they keep the
 * ids that they have together, so that no other rule is touched. Null when nothing moves.
 */
export function reordering(rules: RuleEntry[], from: number, to: number): Reordering | null {
  const rule = rules[from];
  if (!rule || from === to || to < 0 || to >= rules.length) return null;
  const was = rules.slice(Math.min(from, to), Math.max(from, to) + 1);
  const others = was.filter((one) => one !== rule);
  const after = from < to ? [...others, rule] : [rule, ...others];
  return { was, order: after.map((one) => one.rule_id) };
}

/** The rules in their new order, each with the id of its place. */
export function reordered({ was, order }: Reordering): RuleEntry[] {
  const ids = was.map((rule) => rule.rule_id);
  const byId = new Map(was.map((rule) => [rule.rule_id, rule]));
  return order.flatMap((id, at) => {
    const [rule, place] = [byId.get(id), ids[at]];
    return rule && place !== undefined ? [{ ...rule, rule_id: place }] : [];
  });
}

/** An id for a rule after all others, with room before it. */
export function nextId(rules: RuleEntry[]): number {
  const last = Math.max(0, ...rules.map((rule) => rule.rule_id));
  return Math.floor(last / 10) * 10 + 10;
}

/** What a rule asks of a statement: a field with what it wants. */
export interface Condition {
  field: "username" | "schemaname" | "flagIN" | "match_digest" | "match_pattern";
  value: string;
  negated: boolean;
}

/** What a rule asks of a statement; nothing when it matches every one. */
export function conditions(rule: RuleEntry): Condition[] {
  const patterns = ["match_digest", "match_pattern"] as const;
  const names = ["username", "schemaname"] as const;
  const flag = rule.flagIN
    ? [{ field: "flagIN" as const, value: String(rule.flagIN), negated: false }]
    : [];
  const of = (fields: readonly Condition["field"][], negated: boolean) =>
    fields.flatMap((field) => {
      const value = rule[field];
      return value === undefined ? [] : [{ field, value: String(value), negated }];
    });
  return [...flag, ...of(names, false), ...of(patterns, rule.negate_match_pattern ?? false)];
}

const U32 = 4_294_967_295;

/** How a field is written in the form. */
export type Input =
  | { type: "number"; least: number; most: number }
  | { type: "text" }
  | { type: "pattern" }
  | { type: "truth" }
  | { type: "choice"; values: readonly (string | number | boolean)[] };

export interface Field {
  name: keyof RuleEntry;
  input: Input;
  /** What it says when it is left out, where that is not "nothing". */
  standard?: string | number | boolean;
}

const number = (least = 0, most = U32): Input => ({ type: "number", least, most });

/** Every field of a rule, in the groups that the form shows; as the document's schema says. */
export const GROUPS: readonly {
  name: "order" | "match" | "flow" | "result" | "cache" | "limits";
  fields: readonly Field[];
}[] = [
  {
    name: "order",
    fields: [
      { name: "rule_id", input: number(1) },
      { name: "active", input: { type: "truth" } },
      { name: "comment", input: { type: "text" } },
    ],
  },
  {
    name: "match",
    fields: [
      { name: "match_digest", input: { type: "pattern" } },
      { name: "match_pattern", input: { type: "pattern" } },
      { name: "negate_match_pattern", input: { type: "truth" }, standard: false },
      {
        name: "re_modifiers",
        input: { type: "choice", values: ["CASELESS", ""] },
        standard: "CASELESS",
      },
      { name: "username", input: { type: "text" } },
      { name: "schemaname", input: { type: "text" } },
    ],
  },
  {
    name: "result",
    fields: [
      { name: "destination_hostgroup", input: number() },
      { name: "error_msg", input: { type: "text" } },
      { name: "multiplex", input: { type: "choice", values: [0, 1, 2] } },
    ],
  },
  {
    name: "flow",
    fields: [
      { name: "flagIN", input: number(), standard: 0 },
      { name: "flagOUT", input: number() },
      { name: "apply", input: { type: "truth" }, standard: false },
    ],
  },
  {
    name: "limits",
    fields: [
      { name: "timeout", input: number() },
      { name: "retries", input: number(0, 1000) },
      { name: "delay", input: number() },
    ],
  },
  {
    name: "cache",
    fields: [
      { name: "cache_ttl", input: number(1) },
      { name: "cache_empty_result", input: { type: "choice", values: [true, false] } },
      { name: "cache_timeout", input: number() },
    ],
  },
];

/** A field's value from what was typed; undefined leaves it out, null when it is not allowed. */
export function typed(field: Field, text: string): string | number | boolean | undefined | null {
  const { input } = field;
  switch (input.type) {
    case "truth":
      return text === "true";
    case "choice": {
      const chosen = input.values.find((value) => String(value) === text);
      return text === "" && chosen === undefined ? undefined : (chosen ?? null);
    }
    case "number": {
      if (text.trim() === "") return field.name === "rule_id" ? null : undefined;
      const number = Number(text);
      return /^\s*[0-9]+\s*$/.test(text) && number >= input.least && number <= input.most
        ? number
        : null;
    }
    case "text":
    case "pattern":
      return text === "" ? undefined : text;
  }
}

/** A rule as the document has it: what says its standard value is left out. */
export function lean(rule: RuleEntry): RuleEntry {
  const standards = new Map(
    GROUPS.flatMap((group) => group.fields.map((it) => [it.name as string, it.standard])),
  );
  const said = Object.entries(rule).filter(
    ([name, value]) => value !== undefined && value !== standards.get(name),
  );
  return Object.fromEntries(said) as unknown as RuleEntry;
}
