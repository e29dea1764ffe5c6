// The variables of a server beside what they should be, and why.
import { SlidersHorizontal } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useVariables } from "../../api/queries/nodes";
import type { Variable } from "../../api/types";
import { UNKNOWN } from "../../format";
import { Status, type Tone } from "../../ui/Badge";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { Checkbox } from "../../ui/Field";
import { Loaded } from "../../ui/Loaded";
import { Sentence } from "../../ui/Sentence";
import { Table, type Column } from "../../ui/Table";
import css from "./node.module.css";

const TONES: Record<Variable["verdict"], Tone> = {
  ok: "ok",
  differs: "warning",
  unknown: "unknown",
};

export function Variables({ node }: { node: string }) {
  const { t } = useTranslation("node");
  const query = useVariables(node);
  const [all, setAll] = useState(false);
  const columns = useMemo(() => columnsOf(t), [t]);
  return (
    <Card
      title={t("sections.variables")}
      actions={
        <Checkbox
          label={t("variables.onlyDifferent")}
          checked={!all}
          onChange={(event) => setAll(!event.target.checked)}
        />
      }
    >
      <Loaded query={query}>
        {(found) => (
          <Table
            label={t("sections.variables")}
            rows={found.filter((one) => all || one.verdict !== "ok")}
            columns={columns}
            rowKey={(row) => row.name}
            card={(row) => <VariableCard variable={row} />}
            cardHeight={130}
            empty={
              <Empty
                icon={SlidersHorizontal}
                title={t(found.length === 0 ? "variables.nothing" : "variables.none")}
              />
            }
          />
        )}
      </Loaded>
    </Card>
  );
}

function Verdict({ variable: { verdict } }: { variable: Variable }) {
  const { t } = useTranslation("node");
  return <Status tone={TONES[verdict]}>{t(`variables.${verdict}`)}</Status>;
}

type T = ReturnType<typeof useTranslation<"node">>["t"];

function columnsOf(t: T): Column<Variable>[] {
  return [
    {
      id: "name",
      accessorKey: "name",
      header: t("variables.name"),
      cell: ({ row }) => <code>{row.original.name}</code>,
    },
    {
      id: "value",
      accessorKey: "value",
      header: t("variables.value"),
      cell: ({ row }) => <code>{row.original.value ?? UNKNOWN}</code>,
    },
    {
      id: "recommended",
      accessorKey: "recommended",
      header: t("variables.recommended"),
      cell: ({ row }) => <code>{row.original.recommended}</code>,
    },
    {
      id: "verdict",
      accessorKey: "verdict",
      header: t("variables.verdict"),
      cell: ({ row }) => <Verdict variable={row.original} />,
    },
    {
      id: "sentence",
      accessorKey: "sentence",
      header: t("variables.why"),
      enableSorting: false,
      meta: { wrap: true },
      cell: ({ row }) => <Sentence>{row.original.sentence}</Sentence>,
    },
  ];
}

function VariableCard({ variable }: { variable: Variable }) {
  const { t } = useTranslation("node");
  return (
    <article className={css.item}>
      <p className={css.itemHead}>
        <code>{variable.name}</code>
        <Verdict variable={variable} />
      </p>
      <p>
        {t("variables.value")} <code>{variable.value ?? UNKNOWN}</code> ·{" "}
        {t("variables.recommended")} <code>{variable.recommended}</code>
      </p>
      <p className={css.faint}>
        <Sentence>{variable.sentence}</Sentence>
      </p>
    </article>
  );
}
