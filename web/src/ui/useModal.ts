// Opens a <dialog> over everything, gives the focus to its first control, and gives it back.
import { useLayoutEffect, useState } from "react";

/** The element, for what floats in it, and the ref to set it with. */
export function useModal() {
  const [element, setElement] = useState<HTMLDialogElement | null>(null);
  // A layout effect: it is undone while the element still stands, or the focus would be lost.
  useLayoutEffect(() => {
    if (!element) return;
    element.showModal();
    element.querySelector<HTMLElement>("input, select, textarea")?.focus();
    return () => element.close();
  }, [element]);
  return [element, setElement] as const;
}
