// Every recovery, the newest first; pages are asked for as one scrolls.
import { LifeBuoy } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useClusters } from "../../api/queries/clusters";
import { useRecoveries } from "../../api/queries/recoveries";
import type { RecoverySummary } from "../../api/types";
import { Empty } from "../../ui/Empty";
import { ErrorNote } from "../../ui/ErrorNote";
import { Select } from "../../ui/Field";
import { More } from "../../ui/More";
import { PageHeader } from "../../ui/PageHeader";
import { Skeleton } from "../../ui/Skeleton";
import { Table, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import css from "./recoveries.module.css";
import { OutcomeOf, StateOf } from "./Outcome";

const KINDS = ["failover", "switchover"] as const;
const STATES = ["running", "done", "aborted"] as const;

export function Component() {
  const { t } = useTranslation("recoveries");
  const [search] = useSearchParams();
  const [cluster, kind, state] = [search.get("cluster"), search.get("kind"), search.get("state")];
  const recoveries = useRecoveries(cluster ?? undefined);
  const rows = useMemo(() => {
    const all = recoveries.data?.pages.flatMap((page) => page.items) ?? [];
    return all.filter((one) => (!kind || one.kind === kind) && (!state || one.state === state));
  }, [recoveries.data, kind, state]);
  const { hasNextPage, isFetching, isError, error, fetchNextPage } = recoveries;
  return (
    <>
      <PageHeader title={t("title")} actions={<Filters />} />
      {isError && <ErrorNote error={error} onRetry={() => void recoveries.refetch()} />}
      {recoveries.isPending ? (
        <Skeleton lines={8} />
      ) : (
        <List
          rows={rows}
          ended={!hasNextPage && !isError}
          filtered={Boolean(cluster ?? kind ?? state)}
        />
      )}
      {hasNextPage && !isError && <More busy={isFetching} onMore={() => void fetchNextPage()} />}
    </>
  );
}

function Filters() {
  const { t } = useTranslation("recoveries");
  const clusters = useClusters();
  const names = clusters.data?.map((one) => one.name).sort() ?? [];
  const word = {
    kind: (one: (typeof KINDS)[number]) => t(`kind.${one}`),
    state: (one: (typeof STATES)[number]) => t(`state.${one}`),
  };
  return (
    <div className={css.filters}>
      <Filter
        name="cluster"
        label={t("filter.cluster")}
        any={t("filter.anyCluster")}
        choices={names.map((one) => [one, one])}
      />
      <Filter
        name="kind"
        label={t("filter.kind")}
        any={t("filter.anyKind")}
        choices={KINDS.map((one) => [one, word.kind(one)])}
      />
      <Filter
        name="state"
        label={t("filter.state")}
        any={t("filter.anyState")}
        choices={STATES.map((one) => [one, word.state(one)])}
      />
    </div>
  );
}

/** A choice that is kept in the address. */
function Filter({
  name,
  label,
  any,
  choices,
}: {
  name: string;
  label: string;
  any: string;
  choices: [string, string][];
}) {
  const [search, setSearch] = useSearchParams();
  const value = search.get(name) ?? "";
  const known = choices.some(([one]) => one === value);
  const all = value === "" || known ? choices : [...choices, [value, value] as const];
  const choose = (next: string) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        if (next) after.set(name, next);
        else after.delete(name);
        return after;
      },
      { replace: true },
    );
  return (
    <Select
      aria-label={label}
      value={value}
      onChange={choose}
      options={[{ value: "", label: any }, ...all.map(([value, label]) => ({ value, label }))]}
    />
  );
}

function List({
  rows,
  ended,
  filtered,
}: {
  rows: RecoverySummary[];
  ended: boolean;
  filtered: boolean;
}) {
  const { t } = useTranslation("recoveries");
  const columns = useMemo(() => columnsOf(t), [t]);
  if (rows.length === 0) {
    return ended ? <Empty icon={LifeBuoy} title={filtered ? t("noneMatch") : t("none")} /> : null;
  }
  return (
    <Table
      label={t("title")}
      rows={rows}
      columns={columns}
      rowKey={(row) => row.id}
      card={(row) => <Card row={row} />}
      cardHeight={132}
    />
  );
}

type T = ReturnType<typeof useTranslation<"recoveries">>["t"];

function columnsOf(t: T): Column<RecoverySummary>[] {
  return [
    {
      id: "began",
      header: t("column.began"),
      enableSorting: false,
      meta: { width: "9rem" },
      cell: ({ row }) => (
        <Link to={`/recoveries/${row.original.id}`}>
          <Time at={row.original.started_at} />
        </Link>
      ),
    },
    {
      id: "cluster",
      header: t("column.cluster"),
      enableSorting: false,
      cell: ({ row }) => (
        <Link to={`/clusters/${row.original.cluster}`}>{row.original.cluster}</Link>
      ),
    },
    {
      id: "kind",
      header: t("column.kind"),
      enableSorting: false,
      cell: ({ row }) => t(`kind.${row.original.kind}`),
    },
    {
      id: "state",
      header: t("column.state"),
      enableSorting: false,
      cell: ({ row }) => <StateOf recovery={row.original} />,
    },
    {
      id: "verdict",
      header: t("column.verdict"),
      enableSorting: false,
      cell: ({ row }) => <code>{row.original.verdict}</code>,
    },
    {
      id: "outcome",
      header: t("column.outcome"),
      enableSorting: false,
      meta: { wrap: true },
      cell: ({ row }) => <OutcomeOf recovery={row.original} />,
    },
    {
      id: "epoch",
      header: t("column.epoch"),
      enableSorting: false,
      cell: ({ row }) => row.original.epoch,
    },
  ];
}

function Card({ row }: { row: RecoverySummary }) {
  const { t } = useTranslation("recoveries");
  return (
    <article className={css.item}>
      <p className={css.itemHead}>
        <Link to={`/recoveries/${row.id}`}>
          {t("of", { kind: t(`kind.${row.kind}`), cluster: row.cluster })}
        </Link>
        <StateOf recovery={row} />
      </p>
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
