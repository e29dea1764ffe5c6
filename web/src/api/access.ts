// What a role lets its holder do, as lictord has it. lictord decides by itself: this is only so that
// the page does not offer what would be refused.
import type { Token, TokenRole } from "./types";

/** `operate`: what keeps clusters writable. `administer`: what changes how Lictor works. */
export type Need = "operate" | "administer";

export const ROLES: TokenRole[] = ["viewer", "operator", "admin", "subscriber", "agent"];

const ENOUGH: Record<Need, TokenRole[]> = {
  operate: ["operator", "admin"],
  administer: ["admin"],
};

/** Why a token does not suffice; null where it does. */
export type Lack = "role" | "scope";

/** Whether the token suffices, for that cluster or for what belongs to none. */
export function lackOf(token: Token, need: Need, cluster: string | null): Lack | null {
  if (!ENOUGH[need].includes(token.role)) return "role";
  if (token.clusters.length === 0) return null;
  return cluster !== null && token.clusters.includes(cluster) ? null : "scope";
}

/** Whether the page is any use to its holder. */
export function isForPeople(role: TokenRole): boolean {
  return role !== "subscriber" && role !== "agent";
}
