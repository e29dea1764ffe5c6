// The fleet: every cluster, the worst first.
import { Boxes } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useAvailability } from "../../api/queries/availability";
import { useClusters } from "../../api/queries/clusters";
import type { ClusterSummary } from "../../api/types";
import { Button } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { Empty } from "../../ui/Empty";
import { Loaded } from "../../ui/Loaded";
import { PageHeader } from "../../ui/PageHeader";
import { Table } from "../../ui/Table";
import { fleetColumns } from "./columns";
import { ClusterCard } from "./ClusterCard";
import { FilterBar } from "./FilterBar";
import { Summary } from "./Summary";
import { useFleetAddress } from "./useFleetAddress";
import { fits, isFiltered } from "./view";

export function Component() {
  const { t } = useTranslation("fleet");
  const clusters = useClusters();
  return (
    <>
      <PageHeader title={t("title")} />
      <Loaded query={clusters}>
        {(all) => (all.length === 0 ? <NoCluster /> : <Fleet all={all} />)}
      </Loaded>
    </>
  );
}

function Fleet({ all }: { all: ClusterSummary[] }) {
  const { t } = useTranslation("fleet");
  const { t: common } = useTranslation();
  const address = useFleetAddress();
  const { filter, sorting } = address;
  const availability = useAvailabilities();
  const columns = useMemo(() => fleetColumns(t, availability), [t, availability]);
  const found = useMemo(() => all.filter((cluster) => fits(cluster, filter)), [all, filter]);
  return (
    <>
      <Summary all={all} filter={filter} onFilter={address.setFilter} />
      <FilterBar
        found={found.length}
        all={all.length}
        filter={filter}
        onFilter={address.setFilter}
      />
      <Table
        label={t("label")}
        rows={found}
        columns={columns}
        rowKey={nameOf}
        sorting={sorting}
        onSortingChange={address.setSorting}
        cardHeight={148}
        card={(cluster) => (
          <ClusterCard cluster={cluster} availability={availability.get(cluster.name)} />
        )}
        empty={
          <Empty icon={Boxes} title={t("noneFit")}>
            {isFiltered(filter) && (
              <Button onClick={address.clear}>{common("clearFilters")}</Button>
            )}
          </Empty>
        }
      />
    </>
  );
}

const nameOf = (cluster: ClusterSummary) => cluster.name;

/** By cluster; a cluster that is not in it is not known. */
function useAvailabilities() {
  const { data } = useAvailability({ period: "month" });
  return useMemo(() => new Map(data?.clusters.map((one) => [one.cluster, one])), [data]);
}

function NoCluster() {
  const { t } = useTranslation("fleet");
  return (
    <Empty icon={Boxes} title={t("none.title")}>
      <p>{t("none.text")}</p>
      <Copy text={t("none.add")} />
      <p>{t("none.after")}</p>
    </Empty>
  );
}
