import { describe, expect, it } from "vitest";

import { cluster, node, primary } from "../fixture";
import { noDrop, targets } from "./drop";
import { draw } from "./layout";
import { grow, inOrder, walk } from "./tree";

const at = (number: number): string => `127.0.10.${number}:3306`;
/** 1 ⟵ 2 ⟵ 4, 1 ⟵ 3 */
const deep = cluster({
  nodes: [node(4, { source: at(2), follows: "orders-2" }), node(3), primary(), node(2)],
});
const names = (of: ReturnType<typeof grow>): string[] =>
  inOrder(of).map(({ node: { name } }) => name);

describe("the replication tree", () => {
  it("shows each node below its source, the primary first", () => {
    expect(names(grow(deep))).toEqual(["orders-1", "orders-2", "orders-4", "orders-3"]);
    expect(inOrder(grow(deep)).map((branch) => branch.depth)).toEqual([0, 1, 2, 1]);
  });

  it("shows a node that follows nobody of the cluster as a root of its own", () => {
    const lost = cluster({
      nodes: [primary(), node(2, { source: "10.9.9.9:3306" }), node(3, { source: null })],
    });
    expect(grow(lost).map(({ node: { name } }) => name)).toEqual([
      "orders-1",
      "orders-2",
      "orders-3",
    ]);
  });

  it("shows a replica of a lost primary once, below it", () => {
    const failed = cluster({
      primary: "orders-2",
      nodes: [node(1, { source: null }), node(2), node(3, { source: at(1) })],
    });
    expect(names(grow(failed))).toEqual(["orders-2", "orders-1", "orders-3"]);
    expect(inOrder(grow(failed)).map((branch) => branch.depth)).toEqual([0, 0, 1]);
  });

  it("shows each node once where sources go in a circle", () => {
    const circle = cluster({
      primary: "orders-9",
      nodes: [node(1, { source: at(2) }), node(2, { source: at(1) }), node(3, { source: at(3) })],
    });
    expect(names(grow(circle))).toEqual(["orders-1", "orders-2", "orders-3"]);
  });

  it("never hangs the primary below another", () => {
    const returned = cluster({ nodes: [primary({ source: at(2) }), node(2)] });
    expect(names(grow(returned))).toEqual(["orders-1", "orders-2"]);
  });

  it("is walked with the arrow keys, and stays at its ends", () => {
    const roots = grow(deep);
    expect(walk(roots, "orders-1", "ArrowRight")).toBe("orders-2");
    expect(walk(roots, "orders-2", "ArrowDown")).toBe("orders-4");
    expect(walk(roots, "orders-4", "ArrowLeft")).toBe("orders-2");
    expect(walk(roots, "orders-4", "ArrowRight")).toBe("orders-4");
    expect(walk(roots, "orders-1", "ArrowUp")).toBe("orders-1");
    expect(walk(roots, "orders-1", "End")).toBe("orders-3");
    expect(walk(roots, "a node that is gone", "ArrowDown")).toBe("orders-1");
  });
});

describe("the picture", () => {
  it("has room for every card, and none lies on another", () => {
    const { places, width, height, card } = draw(grow(deep));
    expect(places).toHaveLength(4);
    for (const a of places) {
      expect(a.x).toBeGreaterThanOrEqual(0);
      expect(a.y).toBeGreaterThanOrEqual(0);
      expect(a.x + card.width).toBeLessThanOrEqual(width);
      expect(a.y + card.height).toBeLessThanOrEqual(height);
      for (const b of places.filter((one) => one !== a)) {
        const apart = Math.abs(a.x - b.x) >= card.width || Math.abs(a.y - b.y) >= card.height;
        expect(apart).toBe(true);
      }
    }
  });

  it("draws a line for each node that has a source, left to right", () => {
    const { lines, places } = draw(grow(deep));
    expect(lines.map((line) => line.branch.node.name).sort()).toEqual([
      "orders-2",
      "orders-3",
      "orders-4",
    ]);
    expect(places[0]).toMatchObject({ x: 0, y: 0 });
  });

  it("has a source beside its first replica, so that the primary is in sight", () => {
    const many = Array.from({ length: 29 }, (_, at) =>
      node(at + 2, { address: `127.0.11.${at}:3306` }),
    );
    const { places } = draw(grow(cluster({ nodes: [primary(), ...many] })), true);
    expect(places[0]?.y).toBe(places[1]?.y);
  });

  it("of no node is empty", () => {
    expect(draw([])).toMatchObject({ width: 0, height: 0, places: [], lines: [] });
  });
});

describe("a drop", () => {
  const roots = grow(deep);

  it("is senseless on itself, on what is below it, and where it is already", () => {
    expect(noDrop(roots, "orders-1", "orders-2", "orders-2")).toBe("itself");
    expect(noDrop(roots, "orders-1", "orders-2", "orders-4")).toBe("own_replica");
    expect(noDrop(roots, "orders-1", "orders-2", "orders-1")).toBe("is_there");
    expect(noDrop(roots, "orders-1", "orders-1", "orders-3")).toBe("primary_follows_nobody");
  });

  it("is asked about wherever it could make sense", () => {
    expect(targets(roots, "orders-1", "orders-4")).toEqual(["orders-1", "orders-3"]);
    expect(targets(roots, "orders-1", "orders-2")).toEqual(["orders-3"]);
  });

  it("on its source makes sense while that is not where it is to stay", () => {
    const strayed = grow(
      cluster({ nodes: [primary(), node(2), node(3, { follows: "orders-2" })] }),
    );
    expect(noDrop(strayed, "orders-1", "orders-3", "orders-1")).toBeNull();
  });
});
