// What the list of tokens says of each, and which of them fit what is looked for. Pure.
import type { Token } from "../../api/types";

export type State = "good" | "expired" | "revoked";
export const STATES: State[] = ["good", "expired", "revoked"];

/** At `now`, in ms since 1970. */
export function stateOf(token: Token, now: number): State {
  if (token.revoked_at !== null) return "revoked";
  return token.expires_at !== null && Date.parse(token.expires_at) <= now ? "expired" : "good";
}

export interface Filter {
  q?: string;
  role?: string;
  state?: string;
}

/** Those that fit. A word is looked for in names, ids, clusters and makers. */
export function narrow(tokens: readonly Token[], filter: Filter, now: number): Token[] {
  const word = filter.q?.toLowerCase() ?? "";
  return tokens.filter(
    (token) =>
      (!filter.role || token.role === filter.role) &&
      (!filter.state || stateOf(token, now) === filter.state) &&
      [token.name, token.id, token.created_by, ...token.clusters].some((text) =>
        text.toLowerCase().includes(word),
      ),
  );
}

/** As lictord takes it. */
export function isName(text: string): boolean {
  return /^[A-Za-z0-9\-_.@]{1,64}$/.test(text);
}

const DAY = 86_400;

/** How long a new token can be good, in seconds; null: until it is revoked. */
export const TERMS = {
  day: DAY,
  week: 7 * DAY,
  month: 30 * DAY,
  quarter: 90 * DAY,
  year: 365 * DAY,
  never: null,
} as const;

export type Term = keyof typeof TERMS;
