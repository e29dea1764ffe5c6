// Where the cards of the replication tree stand and how the lines between them run. Sources are on
// the left, replicas on the right, and a source stands beside its first replica: however tall the
// tree, the primary is where reading begins. All lengths in CSS pixels.
import type { Branch } from "./tree";

export interface CardSize {
  width: number;
  height: number;
}

const FULL: CardSize = { width: 268, height: 124 };
const COMPACT: CardSize = { width: 224, height: 62 };
/** More nodes than these are drawn with less about each. */
const MANY = 12;
const GAP = { across: 56, down: 14 };
const BEND = 24;
const RADIUS = 8;

export interface Place {
  branch: Branch;
  x: number;
  y: number;
}

export interface Line {
  /** The replica whose replication it is. */
  branch: Branch;
  /** SVG path from the source's card to where the way to this replica alone begins. */
  trunk: string;
  /** SVG path from there to the replica's card. */
  twig: string;
}

export interface Picture {
  width: number;
  height: number;
  card: CardSize;
  places: Place[];
  lines: Line[];
}

export function isCompact(nodes: number): boolean {
  return nodes > MANY;
}

/** The picture of these trees, one below the other. */
export function draw(roots: readonly Branch[], compact = false): Picture {
  const card = compact ? COMPACT : FULL;
  const places: Place[] = [];
  const lines: Line[] = [];
  let row = 0;
  const place = (branch: Branch, source: Place | null) => {
    const x = branch.depth * (card.width + GAP.across);
    const here: Place = { branch, x, y: row * (card.height + GAP.down) };
    places.push(here);
    if (source) lines.push(line(source, here, card));
    branch.children.forEach((child, at) => {
      if (at > 0) row += 1;
      place(child, here);
    });
  };
  roots.forEach((root, at) => {
    if (at > 0) row += 1;
    place(root, null);
  });
  const far = (end: (place: Place) => number) => Math.max(0, ...places.map(end));
  return {
    width: far(({ x }) => x + card.width),
    height: far(({ y }) => y + card.height),
    card,
    places,
    lines,
  };
}

function line(source: Place, replica: Place, card: CardSize): Line {
  const from = { x: source.x + card.width, y: source.y + card.height / 2 };
  const to = { x: replica.x, y: replica.y + card.height / 2 };
  const turn = from.x + BEND;
  const round = Math.min(RADIUS, (to.y - from.y) / 2);
  const trunk = [
    `M${from.x},${from.y} L${turn - round},${from.y} Q${turn},${from.y} ${turn},${from.y + round}`,
    `L${turn},${to.y - round} Q${turn},${to.y} ${turn + round},${to.y} L${turn + RADIUS},${to.y}`,
  ].join(" ");
  return { branch: replica.branch, trunk, twig: `M${turn + RADIUS},${to.y} L${to.x},${to.y}` };
}
