import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import type { ClusterAvailability } from "../../api/types";
import { Held } from "./Held";

const of = (change: Partial<ClusterAvailability>): ClusterAvailability => ({
  cluster: "orders",
  observed_secs: 86_400,
  unavailable_secs: 0,
  availability_percent: 99.999999,
  failures: 0,
  mtbf_secs: null,
  mttr_secs: null,
  objective_availability_percent: 99.95,
  availability_met: true,
  rto_objective_secs: 10,
  rto_worst_secs: null,
  rto_met: null,
  rpo_objective_secs: null,
  rpo_worst_secs: null,
  rpo_met: null,
  rpo_sentence: "",
  outages: [],
  ...change,
});

afterEach(cleanup);

it("tells in words that an objective was met or missed", () => {
  render(<Held figure="availability" of={of({})} />);
  expect(screen.getByText("99.99999 %").textContent).toBe("99.99999 % met");
  cleanup();
  render(<Held figure="rto" of={of({ failures: 1, rto_worst_secs: 12, rto_met: false })} />);
  expect(screen.getByText("12 s").textContent).toBe("12 s missed");
  expect(screen.getByText("at most 10 s")).toBeTruthy();
});

it("gives what nobody knows no number, and does not call it met", () => {
  render(<Held figure="rto" of={of({ failures: 1 })} />);
  expect(screen.getByText("–").textContent).toBe("– unknown");
});

it("says nothing of an objective that is not set", () => {
  render(<Held figure="rpo" of={of({})} />);
  expect(screen.getByText("no objective")).toBeTruthy();
  expect(screen.queryByText("met")).toBeNull();
});
