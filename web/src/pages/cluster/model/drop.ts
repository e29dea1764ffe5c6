// Which node may be dropped on which, as far as the picture itself can tell. It only keeps senseless
// drops away; whether a sensible one is possible is the server's to say.
import type { Branch } from "./tree";
import { inOrder, isBelow } from "./tree";

/** Why a node cannot be dropped there. */
export type NoDrop = "itself" | "is_there" | "own_replica" | "primary_follows_nobody";

/** Why this node cannot be made to follow that one; null: ask the server. */
export function noDrop(
  roots: readonly Branch[],
  primary: string,
  node: string,
  source: string,
): NoDrop | null {
  if (node === source) return "itself";
  if (node === primary) return "primary_follows_nobody";
  const all = inOrder(roots);
  const target = all.find((branch) => branch.node.name === source);
  const dragged = all.find((branch) => branch.node.name === node);
  if (!target || !dragged) return "itself";
  if (isBelow(target, node)) return "own_replica";
  const stays = (dragged.node.follows ?? primary) === source;
  return stays && dragged.parent === target ? "is_there" : null;
}

/** The nodes it may be dropped on, in reading order. */
export function targets(roots: readonly Branch[], primary: string, node: string): string[] {
  return inOrder(roots)
    .map((branch) => branch.node.name)
    .filter((source) => noDrop(roots, primary, node, source) === null);
}
