// The end of a list that goes on: asks for the next page when it comes into sight or is pressed.
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./Button";
import css from "./Page.module.css";

export function More({ busy, onMore }: { busy: boolean; onMore: () => void }) {
  const { t } = useTranslation();
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = end.current;
    if (!element || busy) return;
    const watch = new IntersectionObserver(([entry]) => entry?.isIntersecting && onMore(), {
      rootMargin: "400px",
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, [busy, onMore]);
  return (
    <div ref={end} className={css.more}>
      <Button busy={busy} onClick={onMore}>
        {t("more")}
      </Button>
    </div>
  );
}
