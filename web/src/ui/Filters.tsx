// Search and filters above a list. "/" goes to the search, ↓ from there into the list, Escape
// empties it.
import { X } from "lucide-react";
import { useEffect, useId, useRef, type KeyboardEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./Button";
import { Input, Select } from "./Field";
import css from "./Filters.module.css";
import { fromLocal, toLocal } from "./localTime";
import { useTyped } from "./useTyped";

export function Filters({
  found,
  onClear,
  children,
}: {
  /** How much is found, told to screen readers as it changes. */
  found?: ReactNode;
  /** There while something is filtered. */
  onClear?: (() => void) | false;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <form role="search" className={css.filters} onSubmit={(event) => event.preventDefault()}>
      {children}
      {onClear && (
        <Button icon={X} variant="ghost" onClick={onClear}>
          {t("clearFilters")}
        </Button>
      )}
      {found !== undefined && (
        <p className={css.found} aria-live="polite">
          {found}
        </p>
      )}
    </form>
  );
}

/** Any control of the bar, with its name beside it. */
export function Named({ label, children }: { label: ReactNode; children: ReactNode }) {
  return (
    <label className={css.choice}>
      <span>{label}</span>
      {children}
    </label>
  );
}

/** One of some words, or any. A value from the address that is none of them is shown as it is. */
export function Choice({
  label,
  value,
  choices,
  onChange,
}: {
  label: string;
  value: string | undefined;
  choices: { value: string; label: string }[];
  onChange: (value: string | null) => void;
}) {
  const { t } = useTranslation();
  const known = value === undefined || choices.some((one) => one.value === value);
  return (
    <Named label={label}>
      <Select
        value={value ?? ""}
        onChange={(next) => onChange(next === "" ? null : next)}
        options={[
          { value: "", label: t("any") },
          ...choices,
          ...(known ? [] : [{ value, label: value }]),
        ]}
      />
    </Named>
  );
}

/** A word that is typed; what is known of it is offered. */
export function TextChoice({
  label,
  value = "",
  offers,
  onChange,
}: {
  label: string;
  value: string | undefined;
  offers: readonly string[];
  onChange: (value: string) => void;
}) {
  const [typed, type] = useTyped(value, onChange);
  const { t } = useTranslation();
  const list = useId();
  return (
    <Named label={label}>
      <Input
        value={typed}
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && type("")}
        placeholder={t("any")}
        list={list}
        autoComplete="off"
        spellCheck={false}
        className={css.text}
      />
      <datalist id={list}>
        {offers.map((offer) => (
          <option key={offer} value={offer} />
        ))}
      </datalist>
    </Named>
  );
}

/** A moment (RFC 3339), typed in the browser's own time zone to the minute; null: emptied. */
export function TimeChoice({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string | undefined;
  onChange: (value: string | null) => void;
}) {
  const { t } = useTranslation();
  return (
    <Named label={label}>
      <Input
        type="datetime-local"
        title={t("localTime")}
        value={toLocal(value)}
        onChange={(event) => onChange(fromLocal(event.target.value))}
        className={css.time}
      />
    </Named>
  );
}

/** The search of the page; one on each. */
export function SearchBox({
  label,
  q,
  onSearch,
}: {
  label: string;
  q: string;
  onSearch: (q: string) => void;
}) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  const [typed, type] = useTyped(q, onSearch);
  useEffect(() => {
    const listen = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "/" || isTyping(event.target)) return;
      event.preventDefault();
      input.current?.focus();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape") type("");
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    document.querySelector<HTMLElement>("main [data-index] :is(a[href],button,summary)")?.focus();
  };
  return (
    <Input
      ref={input}
      type="search"
      value={typed}
      onChange={(event) => type(event.target.value)}
      onKeyDown={press}
      placeholder={t("searchHint")}
      aria-label={label}
      autoComplete="off"
      spellCheck={false}
      className={css.search}
    />
  );
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, dialog") !== null;
}
