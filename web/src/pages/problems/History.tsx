// What happened, the newest first: what happens now comes on top, older pages as one scrolls.
import { ArrowUp, Download, History as HistoryIcon } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { url } from "../../api/client";
import { useClusters } from "../../api/queries/clusters";
import { useArrived, useHistory, useProblemKinds } from "../../api/queries/history";
import type { Happening } from "../../api/types";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { ErrorNote } from "../../ui/ErrorNote";
import { Choice, Filters, SearchBox, TextChoice } from "../../ui/Filters";
import { LinkButton } from "../../ui/LinkButton";
import { More } from "../../ui/More";
import { Skeleton } from "../../ui/Skeleton";
import { Table } from "../../ui/Table";
import { pick, useAddress, type Change } from "../../ui/useAddress";
import { HappeningCard } from "./cards";
import { happeningColumns } from "./columns";
import { belongs, HISTORY_KEYS, KINDS, together, type HistoryFilter } from "./happenings";
import css from "./Problems.module.css";
import { SEVERITIES } from "./problems";
import { TimeRange } from "./TimeRange";
import { useHeld } from "./useHeld";

export function History() {
  const { t } = useTranslation("problems");
  const { t: common } = useTranslation();
  const [params, change] = useAddress();
  const filter = useMemo(() => pick(params, HISTORY_KEYS), [params]);
  const history = useHistory(filter);
  const [arrived, waiting] = useHeld(useArrived());
  const rows = useMemo(() => {
    const pages = history.data?.pages.map((page) => page.items);
    return pages === undefined ? null : together(arrived, pages, filter);
  }, [history.data, arrived, filter]);
  const columns = useMemo(() => happeningColumns(t, common), [t, common]);
  const unseen = waiting.filter((one) => belongs(one, filter)).length;
  const { hasNextPage, isFetching, isError, error, fetchNextPage } = history;
  const clear = () => change(Object.fromEntries(HISTORY_KEYS.map((key) => [key, null])));
  return (
    <>
      <Bar filter={filter} onChange={change} onClear={clear} rows={rows ?? []} />
      {isError && <ErrorNote error={error} onRetry={() => void history.refetch()} />}
      {unseen > 0 && (
        <p className={css.unseen}>
          <Button icon={ArrowUp} variant="primary" onClick={() => window.scrollTo({ top: 0 })}>
            {t("unseen", { count: unseen })}
          </Button>
        </p>
      )}
      {rows !== null && (
        <Table
          label={t("tab.history")}
          rows={rows}
          columns={columns}
          rowKey={(one) => String(one.id)}
          card={(one) => <HappeningCard happening={one} />}
          cardHeight={120}
          empty={hasNextPage || isError ? <></> : <Nothing filter={filter} onClear={clear} />}
        />
      )}
      {history.isPending && <Skeleton lines={8} />}
      {hasNextPage && !isError && <More busy={isFetching} onMore={() => void fetchNextPage()} />}
    </>
  );
}

function Nothing({ filter, onClear }: { filter: HistoryFilter; onClear: () => void }) {
  const { t } = useTranslation("problems");
  const { t: common } = useTranslation();
  const filtered = Object.keys(filter).length > 0;
  return (
    <Empty icon={HistoryIcon} title={t(filtered ? "nothingFits" : "nothing")}>
      {filtered && <Button onClick={onClear}>{common("clearFilters")}</Button>}
    </Empty>
  );
}

function Bar({
  filter,
  onChange,
  onClear,
  rows,
}: {
  filter: HistoryFilter;
  onChange: (values: Change) => void;
  onClear: () => void;
  rows: Happening[];
}) {
  const { t } = useTranslation("problems");
  const { t: common } = useTranslation();
  const clusters = useClusters().data?.map((one) => one.name) ?? [];
  const kinds = useProblemKinds().data ?? [];
  const nodes = [...new Set(rows.flatMap((one) => one.node ?? []))].sort();
  const codes = [...new Set([...kinds, ...rows].map((one) => one.code))].sort();
  return (
    <Filters
      found={t("shown", { count: rows.length })}
      onClear={Object.keys(filter).length > 0 && onClear}
    >
      <SearchBox label={t("searchHistory")} q={filter.q ?? ""} onSearch={(q) => onChange({ q })} />
      <Choice
        label={t("column.cluster")}
        value={filter.cluster}
        choices={[...clusters].sort().map((value) => ({ value, label: value }))}
        onChange={(cluster) => onChange({ cluster })}
      />
      <Choice
        label={t("column.severity")}
        value={filter.severity}
        choices={SEVERITIES.map((value) => ({ value, label: common(`severity.${value}`) }))}
        onChange={(severity) => onChange({ severity })}
      />
      <Choice
        label={t("column.kind")}
        value={filter.kind}
        choices={KINDS.map((value) => ({ value, label: t(`kind.${value}`) }))}
        onChange={(kind) => onChange({ kind })}
      />
      <TextChoice
        label={t("column.code")}
        value={filter.code}
        offers={codes}
        onChange={(code) => onChange({ code })}
      />
      <TextChoice
        label={t("column.node")}
        value={filter.node}
        offers={nodes}
        onChange={(node) => onChange({ node })}
      />
      <TimeRange from={filter.from} to={filter.to} onChange={onChange} />
      <LinkButton icon={Download} href={url("/v1/history.csv", filter)} download>
        {common("csv")}
      </LinkButton>
    </Filters>
  );
}
