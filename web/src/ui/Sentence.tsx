// What lictord says, in its own words: English, whatever the page's language.
import type { ReactNode } from "react";

export function Sentence({ children }: { children: ReactNode }) {
  return <span lang="en">{children}</span>;
}
