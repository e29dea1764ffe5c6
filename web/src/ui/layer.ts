// Where floating things (menus, tooltips) are put: the body, or the open dialog, which covers it.
import { createContext, useContext } from "react";

export const Layer = createContext<HTMLElement | null>(null);

export function useLayer(): HTMLElement | undefined {
  return useContext(Layer) ?? undefined;
}
