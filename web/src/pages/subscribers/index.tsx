// Everyone who is told the routes, and how far each is: who is behind is on top.
import { Users } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useSubscribers } from "../../api/queries/subscribers";
import type { Subscriber } from "../../api/types";
import { duration } from "../../format";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Fact, FactFilter, Facts } from "../../ui/Facts";
import { Choice, Filters, SearchBox } from "../../ui/Filters";
import { Loaded } from "../../ui/Loaded";
import { PageHeader } from "../../ui/PageHeader";
import { Table } from "../../ui/Table";
import { pick, useAddress } from "../../ui/useAddress";
import { subscriberColumns } from "./columns";
import { SubscriberCard } from "./SubscriberCard";
import { mostUrgentFirst, narrow, SUBSCRIBER_KINDS, summarise } from "./subscribers";

export function Component() {
  const { t } = useTranslation("subscribers");
  const subscribers = useSubscribers();
  return (
    <>
      <PageHeader title={t("title")} />
      <Loaded query={subscribers}>
        {(all) =>
          all.length === 0 ? (
            <Empty icon={Users} title={t("none")}>
              <p>{t("noneText")}</p>
            </Empty>
          ) : (
            <Subscribers all={all} />
          )
        }
      </Loaded>
    </>
  );
}

const KEYS = ["q", "kind", "cluster", "state"] as const;

function Subscribers({ all }: { all: Subscriber[] }) {
  const { t } = useTranslation("subscribers");
  const { t: common } = useTranslation();
  const [params, change] = useAddress();
  const filter = pick(params, KEYS);
  const found = mostUrgentFirst(narrow(all, filter));
  const columns = useMemo(() => subscriberColumns(t), [t]);
  const clear = () => change({ q: null, kind: null, cluster: null, state: null });
  const filtered = Object.keys(filter).length > 0;
  const clusters = [...new Set(all.flatMap((one) => one.clusters))].sort();
  return (
    <>
      <Summary all={all} state={filter.state} onState={(state) => change({ state })} />
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
          label={t("column.kind")}
          value={filter.kind}
          choices={SUBSCRIBER_KINDS.map((value) => ({ value, label: t(`kind.${value}`) }))}
          onChange={(kind) => change({ kind })}
        />
        <Choice
          label={t("cluster")}
          value={filter.cluster}
          choices={clusters.map((value) => ({ value, label: value }))}
          onChange={(cluster) => change({ cluster })}
        />
      </Filters>
      <Table
        label={t("title")}
        rows={found}
        columns={columns}
        rowKey={(one) => `${one.id} ${one.address}`}
        card={(one) => <SubscriberCard subscriber={one} />}
        cardHeight={170}
        empty={
          <Empty icon={Users} title={t("noneFit")}>
            <Button onClick={clear}>{common("clearFilters")}</Button>
          </Empty>
        }
      />
    </>
  );
}

function Summary({
  all,
  state,
  onState,
}: {
  all: Subscriber[];
  state: string | undefined;
  onState: (state: string | null) => void;
}) {
  const { t } = useTranslation("subscribers");
  const sum = summarise(all);
  const press = (next: string) => () => onState(state === next ? null : next);
  return (
    <Facts label={t("summary.label")}>
      <Fact label={t("summary.connected")} value={sum.connected} />
      <FactFilter
        label={t("summary.behind")}
        value={sum.behind}
        tone={sum.behind > 0 ? "warning" : "ok"}
        pressed={state === "behind"}
        onPress={press("behind")}
      />
      <FactFilter
        label={t("summary.nacked")}
        value={sum.nacked}
        tone={sum.nacked > 0 ? "warning" : "ok"}
        pressed={state === "nacked"}
        onPress={press("nacked")}
      />
      <Fact label={t("summary.median")} value={duration(sum.median_us)} />
      <Fact label={t("summary.max")} value={duration(sum.max_us)} />
    </Facts>
  );
}
