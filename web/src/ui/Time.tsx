// A moment: how long ago, with the exact time in the tooltip; or the exact time itself.
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { duration, exact, relative, UNKNOWN } from "../format";
import { Tooltip } from "./Tooltip";

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | null = null;

/** The present, in ms since 1970, each second; one clock for the whole page. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  // It stood still while nobody looked.
  if (timer === null) now = Date.now();
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  };
}

/** `at`: RFC 3339; null is unknown. */
export function Time({ at, full = false }: { at: string | null; full?: boolean }) {
  if (at === null) return <span>{UNKNOWN}</span>;
  return full ? <time dateTime={at}>{exact(at)}</time> : <Ago at={at} />;
}

function Ago({ at }: { at: string }) {
  const present = useNow();
  const { i18n } = useTranslation();
  return (
    <Tooltip text={exact(at)}>
      <time dateTime={at}>{relative(at, present, i18n.language)}</time>
    </Tooltip>
  );
}

/** A duration in µs; null is unknown. */
export function Duration({ micros }: { micros: number | null }) {
  return <span>{duration(micros)}</span>;
}
