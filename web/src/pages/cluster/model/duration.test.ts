import { expect, it } from "vitest";
import { lastingSecs } from "./duration";

it("a time is a count of its unit", () => {
  expect(lastingSecs({ count: "30", unit: "minutes" })).toBe(1800);
  expect(lastingSecs({ count: " 1.5 ", unit: "hours" })).toBe(5400);
  expect(lastingSecs({ count: "30", unit: "days" })).toBe(2_592_000);
});

it("a time that lictord would not take is none", () => {
  for (const count of ["", "0", "-1", "soon", "31"])
    expect(lastingSecs({ count, unit: "days" })).toBeNull();
});
