// Who did what, to what, why, and what came of it: the newest first.
import { ScrollText } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useAudit } from "../../api/queries/history";
import type { AuditRecord } from "../../api/types";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { ErrorNote } from "../../ui/ErrorNote";
import { Choice, Filters, SearchBox, TextChoice } from "../../ui/Filters";
import { More } from "../../ui/More";
import { PageHeader } from "../../ui/PageHeader";
import { Skeleton } from "../../ui/Skeleton";
import { Table } from "../../ui/Table";
import { pick, useAddress } from "../../ui/useAddress";
import { auditColumns, RecordCard } from "./columns";

const KEYS = ["q", "actor", "action", "target", "outcome"] as const;
const OUTCOMES: AuditRecord["outcome"][] = ["done", "refused", "denied"];

export function Component() {
  const { t } = useTranslation("audit");
  const { t: common } = useTranslation();
  const [params, change] = useAddress();
  const filter = pick(params, KEYS);
  const audit = useAudit(filter);
  const rows = useMemo(() => audit.data?.pages.flatMap((page) => page.items), [audit.data]);
  const columns = useMemo(() => auditColumns(t), [t]);
  const filtered = Object.keys(filter).length > 0;
  const clear = () => change(Object.fromEntries(KEYS.map((key) => [key, null])));
  const { hasNextPage, isError, error, fetchNextPage } = audit;
  const busy = audit.isFetchingNextPage || audit.isPlaceholderData;
  return (
    <>
      <PageHeader title={t("title")} />
      <Filters found={t("shown", { count: rows?.length ?? 0 })} onClear={filtered && clear}>
        <SearchBox label={t("search")} q={filter.q ?? ""} onSearch={(q) => change({ q })} />
        {(["actor", "action", "target"] as const).map((key) => (
          <TextChoice
            key={key}
            label={t(`column.${key}`)}
            value={filter[key]}
            offers={namesOf(rows ?? [], key)}
            onChange={(value) => change({ [key]: value })}
          />
        ))}
        <Choice
          label={t("column.outcome")}
          value={filter.outcome}
          choices={OUTCOMES.map((value) => ({ value, label: t(`outcome.${value}`) }))}
          onChange={(outcome) => change({ outcome })}
        />
      </Filters>
      {isError && <ErrorNote error={error} onRetry={() => void audit.refetch()} />}
      {rows && (
        <Table
          label={t("title")}
          rows={rows}
          columns={columns}
          rowKey={(one) => String(one.id)}
          card={(one) => <RecordCard record={one} />}
          rowHeight={52}
          cardHeight={130}
          narrow={1280}
          empty={
            hasNextPage || isError ? (
              <></>
            ) : (
              <Empty icon={ScrollText} title={t(filtered ? "noneFit" : "none")}>
                {filtered && <Button onClick={clear}>{common("clearFilters")}</Button>}
              </Empty>
            )
          }
        />
      )}
      {audit.isPending && <Skeleton lines={8} />}
      {hasNextPage && !isError && <More busy={busy} onMore={() => void fetchNextPage()} />}
    </>
  );
}

function namesOf(rows: AuditRecord[], key: "actor" | "action" | "target"): string[] {
  return [...new Set(rows.map((one) => one[key]))].sort();
}
