import { expect, it } from "vitest";
import { best } from "./search";

const all = ["users", "old-orders", "orders-2", "Orders"].map((name) => ({ name }));

it("puts the names that begin with what was typed first", () => {
  expect(best(all, " order", 9).map(({ name }) => name)).toEqual([
    "Orders",
    "orders-2",
    "old-orders",
  ]);
});

it("gives no more than asked for", () => {
  expect(best(all, "", 2)).toHaveLength(2);
});
