// Every problem that stands now, the worst first.
import { CircleCheck, Download, SearchX } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useProblems } from "../../api/queries/history";
import type { ClusterProblem } from "../../api/types";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { FactFilter, Facts } from "../../ui/Facts";
import { Choice, Filters, SearchBox, TextChoice } from "../../ui/Filters";
import { Loaded } from "../../ui/Loaded";
import { severityTone } from "../../ui/status";
import { Table } from "../../ui/Table";
import { pick, useAddress } from "../../ui/useAddress";
import { csv } from "./csv";
import { problemColumns } from "./columns";
import { ProblemCard } from "./cards";
import { count, identity, narrow, SEVERITIES, worstFirst } from "./problems";

const KEYS = ["q", "cluster", "node", "code", "severity"] as const;

export function Now() {
  return <Loaded query={useProblems()}>{(all) => <Problems all={all} />}</Loaded>;
}

function Problems({ all }: { all: ClusterProblem[] }) {
  const { t } = useTranslation("problems");
  const { t: common } = useTranslation();
  const [params, change] = useAddress();
  const filter = pick(params, KEYS);
  const found = worstFirst(narrow(all, filter));
  const counts = count(all);
  const columns = useMemo(() => problemColumns(t, common), [t, common]);
  if (all.length === 0)
    return (
      <Empty icon={CircleCheck} title={t("none")}>
        <p>{t("noneText")}</p>
      </Empty>
    );
  const filtered = Object.keys(filter).length > 0;
  const clear = () => change({ q: null, cluster: null, node: null, code: null, severity: null });
  return (
    <>
      <Facts label={t("summary")}>
        {SEVERITIES.map((severity) => (
          <FactFilter
            key={severity}
            label={common(`severity.${severity}`)}
            tone={severityTone(severity)}
            value={counts[severity]}
            pressed={filter.severity === severity}
            onPress={() => change({ severity: filter.severity === severity ? null : severity })}
          />
        ))}
      </Facts>
      <Filters
        found={
          filtered
            ? t("foundOf", { found: found.length, all: all.length })
            : t("found", { count: all.length })
        }
        onClear={filtered && clear}
      >
        <SearchBox label={t("search")} q={filter.q ?? ""} onSearch={(q) => change({ q })} />
        <Choice
          label={t("column.cluster")}
          value={filter.cluster}
          choices={choices(all.map((one) => one.cluster))}
          onChange={(cluster) => change({ cluster })}
        />
        <Choice
          label={t("column.code")}
          value={filter.code}
          choices={choices(all.map((one) => one.code))}
          onChange={(code) => change({ code })}
        />
        <TextChoice
          label={t("column.node")}
          value={filter.node}
          offers={choices(all.flatMap((one) => one.node ?? [])).map(({ value }) => value)}
          onChange={(node) => change({ node })}
        />
        <Button icon={Download} onClick={() => save(found)}>
          {common("csv")}
        </Button>
      </Filters>
      <Table
        label={t("tab.now")}
        rows={found}
        columns={columns}
        rowKey={identity}
        card={(one) => <ProblemCard problem={one} />}
        cardHeight={120}
        empty={
          <Empty icon={SearchX} title={t("noneFit")}>
            <Button onClick={clear}>{common("clearFilters")}</Button>
          </Empty>
        }
      />
    </>
  );
}

function choices(names: string[]): { value: string; label: string }[] {
  return [...new Set(names)].sort().map((value) => ({ value, label: value }));
}

/** The API tells the problems of now as JSON only; their names are those of its fields. */
function save(problems: ClusterProblem[]): void {
  const text = csv(
    ["cluster", "node", "code", "severity", "since", "sentence", "response", "evidence"],
    problems.map((one) => [
      one.cluster,
      one.node ?? "",
      one.code,
      one.severity,
      one.since ?? "",
      one.sentence,
      one.response,
      one.evidence.join("\n"),
    ]),
  );
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = "lictor-problems.csv";
  link.click();
  URL.revokeObjectURL(address);
}
