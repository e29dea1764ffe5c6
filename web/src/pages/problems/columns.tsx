// The columns of the problems' and the history's tables.
import type { TFunction } from "i18next";
import { Link } from "react-router";
import type { ClusterProblem, Happening } from "../../api/types";
import { Badge, Status } from "../../ui/Badge";
import { Sentence } from "../../ui/Sentence";
import { severityTone } from "../../ui/status";
import type { Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { ClusterLink, NodeLink } from "./links";
import css from "./Problems.module.css";
import { rank } from "./problems";
import { Told } from "./Told";

type T = TFunction<"problems">;
type Common = TFunction;

export function problemColumns(t: T, common: Common): Column<ClusterProblem>[] {
  return [
    {
      id: "severity",
      header: t("column.severity"),
      accessorFn: rank,
      cell: ({ row: { original: one } }) => (
        <Status tone={severityTone(one.severity)}>{common(`severity.${one.severity}`)}</Status>
      ),
    },
    {
      id: "cluster",
      header: t("column.cluster"),
      accessorKey: "cluster",
      cell: ({ row: { original: one } }) => <ClusterLink name={one.cluster} />,
    },
    {
      id: "node",
      header: t("column.node"),
      accessorFn: (one) => one.node ?? "",
      cell: ({ row: { original: one } }) => <NodeLink name={one.node} />,
    },
    {
      id: "code",
      header: t("column.code"),
      accessorKey: "code",
      cell: ({ row: { original: one } }) => <code>{one.code}</code>,
    },
    {
      id: "sentence",
      header: t("column.sentence"),
      enableSorting: false,
      meta: { fill: true, wrap: true },
      cell: ({ row: { original: one } }) => <ProblemTold problem={one} />,
    },
    {
      id: "since",
      header: t("column.since"),
      accessorFn: (one) => one.since ?? "",
      sortDescFirst: true,
      cell: ({ row: { original: one } }) => <Time at={one.since} />,
    },
  ];
}

export function ProblemTold({ problem }: { problem: ClusterProblem }) {
  return (
    <Told sentence={problem.sentence} evidence={problem.evidence}>
      {problem.response && (
        <p className={css.faint}>
          <Sentence>{problem.response}</Sentence>
        </p>
      )}
    </Told>
  );
}

export function happeningColumns(t: T, common: Common): Column<Happening>[] {
  const columns: Column<Happening>[] = [
    {
      id: "at",
      header: t("column.at"),
      cell: ({ row: { original: one } }) => <Time at={one.at} full />,
    },
    {
      id: "severity",
      header: t("column.severity"),
      cell: ({ row: { original: one } }) => (
        <Status tone={severityTone(one.severity)}>{common(`severity.${one.severity}`)}</Status>
      ),
    },
    {
      id: "kind",
      header: t("column.kind"),
      cell: ({ row: { original: one } }) => <Kind of={one} t={t} />,
    },
    {
      id: "cluster",
      header: t("column.cluster"),
      cell: ({ row: { original: one } }) => <ClusterLink name={one.cluster} />,
    },
    {
      id: "node",
      header: t("column.node"),
      cell: ({ row: { original: one } }) => <NodeLink name={one.node} />,
    },
    {
      id: "code",
      header: t("column.code"),
      cell: ({ row: { original: one } }) => <code>{one.code}</code>,
    },
    {
      id: "sentence",
      header: t("column.sentence"),
      meta: { fill: true, wrap: true },
      cell: ({ row: { original: one } }) => <HappeningTold happening={one} t={t} />,
    },
  ];
  // It is the server's order, page by page.
  return columns.map((column) => ({ ...column, enableSorting: false }));
}

export function Kind({ of, t }: { of: Happening; t: T }) {
  return (
    <span className={css.kind}>
      {t(`kind.${of.kind}`)}
      {of.planned && <Badge tone="accent">{t("planned")}</Badge>}
    </span>
  );
}

export function HappeningTold({ happening, t }: { happening: Happening; t: T }) {
  return (
    <Told sentence={happening.sentence} evidence={happening.evidence}>
      {happening.recovery !== null && (
        <Link to={`/recoveries/${encodeURIComponent(happening.recovery)}`}>{t("recovery")}</Link>
      )}
    </Told>
  );
}
