// What a rehearsal found, or why it found nothing; it can be asked for again.
import type { UseQueryResult } from "@tanstack/react-query";
import { useId, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../ui/Button";
import { ErrorNote } from "../../../ui/ErrorNote";
import css from "./orders.module.css";

export function Rehearsed<T>({
  query,
  children,
}: {
  query: UseQueryResult<T>;
  children: (found: T) => ReactNode;
}) {
  const { t } = useTranslation("orders");
  const id = useId();
  return (
    <section aria-labelledby={id} aria-busy={query.isFetching} className={css.rehearsed}>
      <div className={css.rehearsedHead}>
        <h3 id={id}>{t("found")}</h3>
        <Button size="sm" busy={query.isFetching} onClick={() => void query.refetch()}>
          {t("again")}
        </Button>
      </div>
      {query.isError && <ErrorNote error={query.error} />}
      {query.isPending && <p className={css.lead}>{t("asking")}</p>}
      {query.data !== undefined && !query.isError && (
        <div className={css.found} data-old={query.isPlaceholderData || undefined}>
          {children(query.data)}
        </div>
      )}
    </section>
  );
}
