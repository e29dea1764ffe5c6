// One cluster: how it stands, its replication tree, its problems, and what is being done about them.
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useParams } from "react-router";
import { useCluster } from "../../api/queries/clusters";
import { useRecoveries } from "../../api/queries/recoveries";
import type { Cluster } from "../../api/types";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { PageHeader } from "../../ui/PageHeader";
import { Tabs } from "../../ui/Tabs";
import css from "./cluster.module.css";
import { Connections } from "./Connections";
import { Facts, PauseNote, StateOf } from "./Facts";
import { PolicyTab } from "./PolicyTab";
import { Problems } from "./Problems";
import { ClusterActions } from "./orders/ClusterActions";
import type { Order } from "./orders/order";
import { OrderDialog } from "./orders/OrderDialog";
import { FollowedRecovery } from "./progress/FollowedRecovery";
import { Rebuilds } from "./progress/Rebuilds";
import { useFollowed, type Following } from "./progress/useFollowed";
import { Recoveries } from "./Recoveries";
import { Topology } from "./topology/Topology";

export function Component() {
  const { name = "" } = useParams();
  const { t: ofFleet } = useTranslation("fleet");
  const [order, setOrder] = useState<Order | null>(null);
  const query = useCluster(name);
  const cluster = query.data;
  return (
    <>
      <PageHeader
        title={name}
        crumbs={[{ label: ofFleet("title"), to: "/" }]}
        status={cluster && <StateOf cluster={cluster} />}
        actions={cluster && <ClusterActions cluster={cluster} onOrder={setOrder} />}
      >
        {cluster && <Facts cluster={cluster} />}
      </PageHeader>
      <Loaded query={query}>
        {(cluster) => (
          <Parts key={cluster.name} cluster={cluster} order={order} onOrder={setOrder} />
        )}
      </Loaded>
    </>
  );
}

function Parts({
  cluster,
  order,
  onOrder,
}: {
  cluster: Cluster;
  order: Order | null;
  onOrder: (order: Order | null) => void;
}) {
  const { t } = useTranslation("cluster");
  const ordered = useLocation().state as Following | null;
  const recoveries = useRecoveries(cluster.name).data?.pages[0]?.items;
  const newest = recoveries && (recoveries[0]?.id ?? null);
  const followed = useFollowed(cluster.recovery, newest, ordered?.follow ?? null);
  return (
    <>
      <div className={css.above}>
        {followed.id !== null && (
          <FollowedRecovery key={followed.id} id={followed.id} onDismiss={followed.dismiss} />
        )}
        <Rebuilds nodes={cluster.nodes} />
        {cluster.pause && <PauseNote pause={cluster.pause} />}
      </div>
      <Tabs
        label={t("tabs.label")}
        tabs={[
          {
            id: "topology",
            label: t("tabs.topology"),
            content: <Overview cluster={cluster} onOrder={onOrder} />,
          },
          {
            id: "policy",
            label: t("tabs.policy"),
            content: <PolicyTab cluster={cluster} />,
          },
          {
            id: "recoveries",
            label: t("tabs.recoveries"),
            content: <Recoveries cluster={cluster.name} />,
          },
          {
            id: "connections",
            label: t("tabs.connections"),
            content: <Connections cluster={cluster.name} />,
          },
        ]}
      />
      {order && (
        <OrderDialog
          order={order}
          cluster={cluster}
          onClose={() => onOrder(null)}
          onBegun={followed.follow}
        />
      )}
    </>
  );
}

function Overview({ cluster, onOrder }: { cluster: Cluster; onOrder: (order: Order) => void }) {
  const { t } = useTranslation("cluster");
  return (
    <div className={css.stack}>
      <Problems cluster={cluster} />
      <Card title={t("tree.title")}>
        <Topology cluster={cluster} onOrder={onOrder} />
      </Card>
    </div>
  );
}
