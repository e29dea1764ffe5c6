import { expect, it } from "vitest";

import type { Happening } from "../../api/types";
import { stretches } from "./strip";

const change = (id: number, ms: number): Happening => ({
  id,
  at: new Date(ms).toISOString(),
  cluster: "orders",
  node: "orders-2",
  kind: "node_health",
  code: "critical",
  severity: "critical",
  sentence: "",
  evidence: [],
  recovery: null,
  planned: false,
});
const drawn = (changes: Happening[]): [number, number, number | null][] =>
  stretches(changes, 100, 200).map(({ from, to, change: of }) => [from, to, of?.id ?? null]);

it("nothing known is drawn as unknown", () => {
  expect(drawn([])).toEqual([[100, 200, null]]);
});

it("stretches follow each other without a gap, the newest first or last", () => {
  const found: [number, number, number | null][] = [
    [100, 150, null],
    [150, 170, 1],
    [170, 200, 2],
  ];
  expect(drawn([change(1, 150), change(2, 170)])).toEqual(found);
  expect(drawn([change(2, 170), change(1, 150)])).toEqual(found);
});

it("what was known before says how it began", () => {
  expect(drawn([change(1, 20), change(2, 60), change(3, 150)])).toEqual([
    [100, 150, 2],
    [150, 200, 3],
  ]);
});

it("what came later is left out", () => {
  expect(drawn([change(1, 250)])).toEqual([[100, 200, null]]);
});

const observation = (id: number, ms: number, code: string): Happening => ({
  ...change(id, ms),
  kind: "observation",
  node: null,
  code,
});

it("before somebody began to watch nothing is known", () => {
  const found = stretches([change(2, 150)], 100, 200, [observation(1, 140, "Begun")]);
  expect(found.map(({ from, change: of }) => [from, of?.id ?? null])).toEqual([
    [100, null],
    [150, 2],
  ]);
});

it("nobody knows how it was while nobody watched", () => {
  const unwatched = [observation(2, 120, "Ended"), observation(3, 160, "Begun")];
  const found = stretches([change(1, 20)], 100, 200, unwatched);
  expect(found.map(({ from, to, change: of }) => [from, to, of?.id ?? null])).toEqual([
    [100, 120, 1],
    [120, 160, null],
    [160, 200, 1],
  ]);
});
