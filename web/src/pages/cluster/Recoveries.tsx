// The latest recoveries of the cluster; all of them are a page of their own.
import { LifeBuoy } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useRecoveries } from "../../api/queries/recoveries";
import type { RecoverySummary } from "../../api/types";
import { Empty } from "../../ui/Empty";
import { ErrorNote } from "../../ui/ErrorNote";
import { Skeleton } from "../../ui/Skeleton";
import { Time } from "../../ui/Time";
import { OutcomeOf, StateOf } from "../recoveries/Outcome";
import css from "./cluster.module.css";
import { recoveryPath } from "./model/address";

export function Recoveries({ cluster }: { cluster: string }) {
  const { t } = useTranslation("cluster");
  const query = useRecoveries(cluster);
  const rows = query.data?.pages[0]?.items ?? [];
  return (
    <div className={css.stack}>
      {query.isError && <ErrorNote error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton lines={5} />}
      {query.data && rows.length === 0 && <Empty icon={LifeBuoy} title={t("recoveries.none")} />}
      {rows.map((row) => (
        <One key={row.id} row={row} />
      ))}
      {rows.length > 0 && (
        <p>
          <Link to={`/recoveries?cluster=${encodeURIComponent(cluster)}`}>
            {t("recoveries.all")}
          </Link>
        </p>
      )}
    </div>
  );
}

function One({ row }: { row: RecoverySummary }) {
  const { t } = useTranslation("recoveries");
  return (
    <article className={css.item}>
      <div className={css.itemHead}>
        <Link to={recoveryPath(row.id)}>{t(`kind.${row.kind}`)}</Link>
        <StateOf recovery={row} />
      </div>
      <p>
        <OutcomeOf recovery={row} />
      </p>
      <p className={css.faint}>
        <Time at={row.started_at} /> · <code>{row.verdict}</code> ·{" "}
        {t("epoch", { epoch: row.epoch })}
      </p>
    </article>
  );
}
