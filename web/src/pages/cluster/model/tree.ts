// The replication tree of a cluster: who gets its data from whom now. It only arranges what the
// server reports; a node whose source is no node of the cluster is a root of its own, and a circle
// is cut, so that every node stands in the tree exactly once.
import type { Cluster, Node } from "../../../api/types";

export interface Branch {
  node: Node;
  /** The node it gets its data from; null at a root. */
  parent: Branch | null;
  children: Branch[];
  /** 0 at a root. */
  depth: number;
}

const byName = (a: Node, b: Node): number => a.name.localeCompare(b.name, "en", { numeric: true });

/** The node that listens at this address. */
export function nodeAt(nodes: readonly Node[], address: string | null): Node | null {
  return nodes.find((node) => node.address === address) ?? null;
}

/** The roots: the primary first, then whoever follows nobody of this cluster. */
export function grow(cluster: Pick<Cluster, "nodes" | "primary">): Branch[] {
  const waiting = new Map([...cluster.nodes].sort(byName).map((node) => [node.name, node]));
  const take = (node: Node, parent: Branch | null): Branch => {
    waiting.delete(node.name);
    const branch: Branch = { node, parent, children: [], depth: parent ? parent.depth + 1 : 0 };
    for (const below of [...waiting.values()]) {
      const follows = below.name !== cluster.primary && below.source === node.address;
      if (follows && waiting.has(below.name)) branch.children.push(take(below, branch));
    }
    return branch;
  };
  const roots: Branch[] = [];
  const primary = waiting.get(cluster.primary);
  if (primary) roots.push(take(primary, null));
  for (const node of [...waiting.values()]) {
    const isRoot = nodeAt([...waiting.values()], node.source) === null;
    if (waiting.has(node.name) && isRoot) roots.push(take(node, null));
  }
  for (const node of [...waiting.values()]) {
    if (waiting.has(node.name)) roots.push(take(node, null));
  }
  return roots;
}

/** Every branch in reading order: a node, then what is below it. */
export function inOrder(roots: readonly Branch[]): Branch[] {
  return roots.flatMap((branch) => [branch, ...inOrder(branch.children)]);
}

/** Whether `node` gets its data through `above`, or is it. */
export function isBelow(branch: Branch, above: string): boolean {
  return branch.node.name === above || (branch.parent !== null && isBelow(branch.parent, above));
}

export type Arrow = "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight" | "Home" | "End";

const ARROWS: readonly string[] = [
  "ArrowUp",
  "ArrowDown",
  "ArrowLeft",
  "ArrowRight",
  "Home",
  "End",
];

export function isArrow(key: string): key is Arrow {
  return ARROWS.includes(key);
}

/** Where an arrow key leads: up and down in reading order, left to the source, right to the first
 *  replica; the same place at an end. */
export function walk(roots: readonly Branch[], from: string, arrow: Arrow): string {
  const all = inOrder(roots);
  const at = all.findIndex((branch) => branch.node.name === from);
  const here = all[at];
  if (!here) return all[0]?.node.name ?? from;
  const there = {
    ArrowUp: all[at - 1],
    ArrowDown: all[at + 1],
    ArrowLeft: here.parent ?? undefined,
    ArrowRight: here.children[0],
    Home: all[0],
    End: all[all.length - 1],
  }[arrow];
  return there?.node.name ?? from;
}
