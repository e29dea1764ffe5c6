import { expect, it } from "vitest";
import { readChoice, writeChoice } from "./period";

const read = (query: string) => readChoice(new URLSearchParams(query));

it("reads a named period", () => {
  expect(read("period=year")).toEqual({ period: "year" });
});
it("reads a range, and a range goes before a name", () => {
  expect(read("period=day&from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z")).toEqual({
    from: "2026-11-01T00:00:00.000Z",
    to: "2026-11-02T00:00:00.000Z",
  });
});
it("takes nonsense, and a range that ends before it begins, for the month", () => {
  expect(read("period=decade")).toEqual({ period: "month" });
  expect(read("from=yesterday&to=2026-11-02T00:00:00Z")).toEqual({ period: "month" });
  expect(read("from=2026-11-03T00:00:00Z&to=2026-11-02T00:00:00Z")).toEqual({ period: "month" });
});
it("writes what it reads", () => {
  const range = { from: "2026-11-01T00:00:00.000Z", to: "2026-11-02T00:00:00.000Z" };
  expect(readChoice(writeChoice(range, "orders"))).toEqual(range);
  expect(writeChoice({ period: "day" }, "orders").toString()).toBe("period=day&cluster=orders");
});
