import { expect, it } from "vitest";
import { leaders, leaseState } from "./leases";

const lease = (store: string, holder: string | null, age_us: number | null) => ({
  store,
  holder,
  advertise: "http://10.0.0.5:7400",
  term: 3,
  age_us,
});

it("a lease just renewed is held, one that missed renewals is late, one unchanged for longer than the lease is free", () => {
  expect(leaseState(lease("consul", "a", 300_000))).toBe("held");
  expect(leaseState(lease("consul", "a", 900_000))).toBe("late");
  expect(leaseState(lease("consul", "a", 1_600_000))).toBe("free");
});
it("a lease without a holder is free, and one of a store that was never read is unknown", () => {
  expect(leaseState(lease("consul", null, 100_000))).toBe("free");
  expect(leaseState(lease("consul", null, null))).toBe("unknown");
  expect(leaseState(lease("postgres", "a", null))).toBe("unknown");
});
it("who leads is who holds a lease: two names are a disagreement to be shown", () => {
  expect(leaders([lease("postgres", "a", 1), lease("consul", "a", 1)])).toEqual(["a"]);
  expect(leaders([lease("postgres", "b", 1), lease("consul", "a", 1)])).toEqual(["a", "b"]);
  expect(leaders([lease("postgres", null, null), lease("consul", "a", 9_000_000)])).toEqual([]);
});
