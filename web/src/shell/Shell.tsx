// The frame around every page: navigation, top bar, the connection's state, notices.
import { Menu as MenuIcon } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Outlet, ScrollRestoration, useLocation } from "react-router";
import { IconButton } from "../ui/Button";
import { classes } from "../ui/class";
import { LostBanner } from "./Connection";
import { Nav } from "./Nav";
import { Notices } from "./Notices";
import { Palette } from "./Palette";
import css from "./Shell.module.css";
import { TopBar } from "./TopBar";

export function Shell() {
  const { t } = useTranslation("shell");
  const { pathname } = useLocation();
  const [openAt, setOpenAt] = useState<string | null>(null);
  const [palette, setPalette] = useState(false);
  useKey("k", () => setPalette(true), true);
  const content = useFocusOnVisit(pathname);
  // Open on the page where it was opened: going elsewhere closes it.
  const navOpen = openAt === pathname;
  useKey("escape", () => setOpenAt(null));
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#content">
        {t("skip")}
      </a>
      <aside className={classes(css.side, navOpen && css.open)}>
        <Nav />
      </aside>
      {navOpen && (
        <button
          type="button"
          tabIndex={-1}
          aria-hidden
          className={css.veil}
          onClick={() => setOpenAt(null)}
        />
      )}
      <div className={css.main}>
        <TopBar onJump={() => setPalette(true)}>
          <span className={css.burger}>
            <IconButton
              icon={MenuIcon}
              label={t("menu")}
              aria-expanded={navOpen}
              onClick={() => setOpenAt(navOpen ? null : pathname)}
            />
          </span>
        </TopBar>
        <LostBanner />
        <main ref={content} id="content" tabIndex={-1} className={css.content}>
          <Outlet />
        </main>
      </div>
      <Notices />
      {palette && <Palette onClose={() => setPalette(false)} />}
      <ScrollRestoration />
    </div>
  );
}

/** Another page gets the focus, so that screen readers and the Tab key begin there. */
function useFocusOnVisit(pathname: string) {
  const content = useRef<HTMLElement>(null);
  const visited = useRef(pathname);
  useEffect(() => {
    if (visited.current === pathname) return;
    visited.current = pathname;
    content.current?.focus({ preventScroll: true });
  }, [pathname]);
  return content;
}

/** Calls `act` when the key is pressed anywhere, alone or with Ctrl or ⌘. */
function useKey(key: string, act: () => void, withCtrl = false): void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== key || (event.ctrlKey || event.metaKey) !== withCtrl) return;
      if (withCtrl) event.preventDefault();
      latest.current();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, [key, withCtrl]);
}
