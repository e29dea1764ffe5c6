// A draft: edits on top of a version of the configuration. Pure; `store.ts` keeps the one that is
// being worked on.
import type { Document } from "./document";
import { type Edit, edited } from "./edits";
import type { Refusal, Result } from "./refusal";
import { made } from "./refusal";

/** A version as it was read. */
export interface Base {
  version: number;
  document: Document;
}

export interface Draft {
  base: Base;
  edits: Edit[];
  /** What comes of the edits. */
  document: Document;
}

/** An edit that does not fit any more, and why. */
export interface Misfit {
  edit: Edit;
  refusal: Refusal;
}

/** A draft that changes nothing yet. */
export function begun(base: Base): Draft {
  return { base, edits: [], document: base.document };
}

/** The draft with one more edit, if it can be made. */
export function extended(draft: Draft, edit: Edit): Result<Draft> {
  const document = edited(draft.document, edit);
  return document.ok
    ? made({ ...draft, edits: [...draft.edits, edit], document: document.value })
    : document;
}

/** These edits made on a version, as far as they fit; the others with the reason. */
export function redone(base: Base, edits: Edit[]): { draft: Draft; misfits: Misfit[] } {
  const misfits: Misfit[] = [];
  const draft = edits.reduce((draft, edit) => {
    const more = extended(draft, edit);
    if (more.ok) return more.value;
    misfits.push({ edit, refusal: more.refusal });
    return draft;
  }, begun(base));
  return { draft, misfits };
}

/** The draft without one of its edits, and the later ones that needed it. */
export function without(draft: Draft, at: number): { draft: Draft; misfits: Misfit[] } {
  return redone(draft.base, draft.edits.toSpliced(at, 1));
}
