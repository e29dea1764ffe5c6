// A page without the frame of the others: the log-in page, and what is in its place.
import { useEffect, type ReactNode } from "react";
import { LanguageChoice, ThemeChoice } from "./TopBar";
import css from "./Front.module.css";

export function Front({ title, children }: { title: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Lictor`;
  }, [title]);
  return (
    <div className={css.front}>
      <header className={css.bar}>
        <span className={css.brand}>
          <img src="/favicon.svg" alt="" width={22} height={22} />
          Lictor
        </span>
        <span className={css.tools}>
          <LanguageChoice />
          <ThemeChoice />
        </span>
      </header>
      <main className={css.room}>
        <h1>{title}</h1>
        {children}
      </main>
    </div>
  );
}
