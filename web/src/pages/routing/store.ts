// The one draft that is being worked on, shared by the tabs. It lasts as long as the page is open;
// who would leave with one is warned (see DraftGuard).
import { useSyncExternalStore } from "react";
import { begun, extended, redone, without, type Base, type Draft, type Misfit } from "./draft";
import type { Edit } from "./edits";
import type { Fault } from "./faults";
import type { Refusal } from "./refusal";

export interface Work {
  /** null: nothing is edited. */
  draft: Draft | null;
  /** Edits that were lost when the draft was made again, until they are read. */
  misfits: Misfit[];
  /** What the server found wrong with the draft as it is. */
  faults: Fault[];
}

const NOTHING: Work = { draft: null, misfits: [], faults: [] };

let work = NOTHING;
const listeners = new Set<() => void>();

export function useWork(): Work {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => work,
  );
}

/** Adds an edit to the draft, or begins one on `head`; why not, if it cannot be made. */
export function make(head: Base, edit: Edit): Refusal | null {
  const done = extended(work.draft ?? begun(head), edit);
  if (!done.ok) return done.refusal;
  set({ ...work, draft: done.value, faults: [] });
  return null;
}

/** Takes one edit back, and those that needed it. */
export function takeBack(at: number): void {
  if (work.draft) remade(without(work.draft, at));
}

/** Makes the edits again on a newer version, as far as they fit. */
export function redo(head: Base): void {
  if (work.draft) remade(redone(head, work.draft.edits));
}

/** Says what the server found wrong. */
export function blame(faults: Fault[]): void {
  set({ ...work, faults });
}

/** The lost edits were read. */
export function forgetMisfits(): void {
  set({ ...work, misfits: [] });
}

/** Forgets the draft. */
export function discard(): void {
  set(NOTHING);
}

function remade({ draft, misfits }: { draft: Draft; misfits: Misfit[] }): void {
  set({ draft: draft.edits.length > 0 ? draft : null, misfits, faults: [] });
}

function set(next: Work): void {
  work = next;
  for (const listener of listeners) listener();
}
