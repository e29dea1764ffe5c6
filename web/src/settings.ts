// What the person at this browser chose: theme, language, the name for the audit log. Kept in the
// browser only; a browser that keeps nothing still works for as long as the page is open.
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
export type Language = "en" | "zh";

export interface Settings {
  theme: Theme;
  language: Language;
  /** On whose behalf changes are made, for the audit log, in visible ASCII; empty: nobody said. */
  actor: string;
}

const prefix = "lictor.";
const listeners = new Set<() => void>();
let settings = read();

/** The settings as they are now. */
export function currentSettings(): Settings {
  return settings;
}

/** Changes some settings and keeps them. */
export function changeSettings(change: Partial<Settings>): void {
  settings = { ...settings, ...change };
  for (const [key, value] of Object.entries(change)) keep(key, value);
  apply(settings);
  for (const listener of listeners) listener();
}

/** Calls `listener` after each change, until the returned function is called. */
export function onSettings(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The settings, for a component. */
export function useSettings(): Settings {
  return useSyncExternalStore(onSettings, currentSettings);
}

function read(): Settings {
  const theme = kept("theme");
  const language = kept("language") ?? navigator.language.slice(0, 2);
  return {
    theme: theme === "light" || theme === "dark" ? theme : "system",
    language: language === "zh" ? "zh" : "en",
    actor: (kept("actor") ?? "").replace(/[^\x20-\x7e]/g, ""),
  };
}

function apply({ theme, language }: Settings): void {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  root.lang = language;
}

function kept(key: string): string | null {
  try {
    return localStorage.getItem(prefix + key);
  } catch {
    return null;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(prefix + key, value);
  } catch {
    // A browser that forbids storage: the setting lasts as long as the page.
  }
}
