// Short notices that something was done. What matters stays on its page; a notice is gone soon.
import { useSyncExternalStore } from "react";

export interface Notice {
  id: number;
  text: string;
  tone: "ok" | "critical";
}

const SHOWN_MS = 6000;
const MOST = 4;

let notices: Notice[] = [];
let last = 0;
const listeners = new Set<() => void>();

/** Says it, in a corner and to screen readers. */
export function notify(text: string, tone: Notice["tone"] = "ok"): void {
  last += 1;
  const notice = { id: last, text, tone };
  set([...notices, notice].slice(-MOST));
  setTimeout(() => dismiss(notice.id), SHOWN_MS);
}

export function dismiss(id: number): void {
  set(notices.filter((notice) => notice.id !== id));
}

export function useNotices(): Notice[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => notices,
  );
}

function set(next: Notice[]): void {
  notices = next;
  for (const listener of listeners) listener();
}
