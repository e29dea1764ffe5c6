// How far a running recovery is: its phases in order, those to come included, and its clock. The
// clock runs on this machine's own, from the last time the server told; the wall clocks of the two
// are never compared.
import type { PhaseName, Recovery } from "../../../api/types";

const USUAL: Partial<Record<string, PhaseName[]>> = {
  failover: ["detect", "fence", "elect", "catch_up", "promote", "publish", "repoint"],
  switchover: ["prepare", "hold", "close", "catch_up", "promote", "publish", "repoint"],
};

export type PhaseState = "done" | "running" | "to_come" | "left_out";

export interface Phase {
  name: PhaseName;
  state: PhaseState;
  /** How long it took; null before it is over. */
  took_us: number | null;
  steps: Recovery["phases"][number]["steps"];
}

/** Every phase, in the order they run. */
export function phases(recovery: Recovery): Phase[] {
  const seen = recovery.phases.map((phase) => phase.name);
  const runs = recovery.state === "running";
  const told = recovery.phases.map((phase, at): Phase => {
    const open = phase.steps.some((step) => step.took_us === null);
    const state = runs && (open || at === seen.length - 1) ? "running" : "done";
    return {
      name: phase.name,
      state,
      took_us: state === "done" ? phase.took_us : null,
      steps: phase.steps,
    };
  });
  const undone = seen.includes("undo");
  // Of a kind that is not known here, nobody can say what is to come.
  const usual = USUAL[recovery.kind] ?? [];
  const reached = Math.max(-1, ...seen.map((name) => usual.indexOf(name)));
  const rest = undone ? [] : usual.slice(reached + 1);
  const state: PhaseState = runs ? "to_come" : "left_out";
  return [...told, ...rest.map((name): Phase => ({ name, state, took_us: null, steps: [] }))];
}

/** The latest moment that the record tells of, in µs since the recovery began. */
export function told(recovery: Recovery): number {
  const steps = recovery.phases.flatMap((phase) => phase.steps);
  return Math.max(0, ...steps.map((step) => step.began_us + (step.took_us ?? 0)));
}

/** Its clock in µs: what is told, and while it runs what has passed here since. */
export function elapsed(recovery: Recovery, sinceToldMs: number): number {
  return told(recovery) + (recovery.state === "running" ? Math.max(0, sinceToldMs) * 1000 : 0);
}
