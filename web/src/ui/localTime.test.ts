import { expect, it } from "vitest";
import { fromLocal, toLocal } from "./localTime";

it("a time goes to the input and back to the minute", () => {
  const typed = toLocal("2026-11-22T12:34:56.000Z");
  expect(typed).toMatch(/^2026-11-2\dT\d\d:\d4$/);
  expect(fromLocal(typed)).toBe("2026-11-22T12:34:00.000Z");
});

it("what is no time is nothing", () => {
  expect(toLocal(null)).toBe("");
  expect(toLocal("yesterday")).toBe("");
  expect(fromLocal("")).toBeNull();
  expect(fromLocal("2026-13-45")).toBeNull();
});
