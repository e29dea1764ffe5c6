// What the tabs edit: the draft, or the newest version while there is none. Reckoned once for the
// page: a list asks for it in each of its rows.
import { createContext, useContext, useMemo } from "react";
import { useConfig } from "../../api/queries/config";
import type { Base } from "./draft";
import { complete, type Document } from "./document";
import type { Edit } from "./edits";
import type { Refusal } from "./refusal";
import { make, useWork } from "./store";

export interface Editing {
  /** The newest version; null until it is there. */
  head: Base | null;
  /** What is edited; null until the newest version is there. */
  document: Document | null;
  /** Whether `document` is a draft. */
  isDraft: boolean;
  /** Adds an edit to the draft; why not, if it cannot be made. */
  edit: (edit: Edit) => Refusal | null;
}

/** Given by the page. */
export const EditingContext = createContext<Editing>({
  head: null,
  document: null,
  isDraft: false,
  edit: () => UNREAD,
});

/** Nothing can be edited that is not shown. */
const UNREAD: Refusal = { code: "unread", named: {} };

export function useEditing(): Editing {
  return useContext(EditingContext);
}

/** For the page: what is edited now. */
export function useEdited(): Editing {
  const { data } = useConfig();
  const { draft } = useWork();
  const head = useMemo<Base | null>(() => {
    if (!data) return null;
    const document = complete(data.document as Partial<Document>);
    return { version: data.version.version, document };
  }, [data]);
  return useMemo(
    () => ({
      head,
      document: draft?.document ?? head?.document ?? null,
      isDraft: draft !== null,
      edit: (edit) => (head ? make(head, edit) : UNREAD),
    }),
    [head, draft],
  );
}
