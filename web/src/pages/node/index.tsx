// One node: how it stands and stood, its replication, its variables, and what can be ordered of it.
import { ChevronDown } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { useCluster } from "../../api/queries/clusters";
import { useNode } from "../../api/queries/nodes";
import type { Cluster, Node } from "../../api/types";
import { Button } from "../../ui/Button";
import { Loaded } from "../../ui/Loaded";
import { Menu } from "../../ui/Menu";
import { PageHeader } from "../../ui/PageHeader";
import { useMay } from "../../ui/useMay";
import { clusterPath } from "../cluster/model/address";
import { useNodeItems } from "../cluster/orders/NodeMenu";
import type { NodeOrder } from "../cluster/orders/order";
import { OrderDialog } from "../cluster/orders/OrderDialog";
import type { Following } from "../cluster/progress/useFollowed";
import { HealthOf } from "../cluster/Standing";
import { Facts } from "./Facts";
import { HealthCard } from "./HealthCard";
import css from "./node.module.css";
import { Notes } from "./Notes";
import { Replication } from "./Replication";
import { Variables } from "./Variables";

export function Component() {
  const { name = "" } = useParams();
  const { t: ofFleet } = useTranslation("fleet");
  const query = useNode(name);
  const node = query.data;
  const crumbs = [{ label: ofFleet("title"), to: "/" }];
  if (node) crumbs.push({ label: node.cluster, to: clusterPath(node.cluster) });
  return (
    <>
      <PageHeader
        title={name}
        crumbs={crumbs}
        status={node && <HealthOf node={node} />}
        actions={node && <Orders node={node} />}
      >
        {node && <Lead node={node} />}
      </PageHeader>
      <Loaded query={query}>{(node) => <Parts key={node.name} node={node} />}</Loaded>
    </>
  );
}

function Lead({ node }: { node: Node }) {
  const { t } = useTranslation("node");
  const { t: common } = useTranslation();
  return (
    <p className={css.faint}>
      {t("of", { role: common(`role.${node.role}`), cluster: node.cluster })} · {node.address}
      {node.version && ` · ${node.version}`}
    </p>
  );
}

function Parts({ node }: { node: Node }) {
  const { data: cluster } = useCluster(node.cluster);
  return (
    <div className={css.stack}>
      <Notes node={node} cluster={cluster} />
      <HealthCard node={node} />
      <div className={css.columns}>
        <Replication node={node} cluster={cluster} />
        <Facts node={node} />
      </div>
      <Variables node={node.name} />
    </div>
  );
}

/** The menu of its orders, and the dialog of the one that is being prepared. */
function Orders({ node }: { node: Node }) {
  const { data: cluster } = useCluster(node.cluster);
  return cluster ? <OrdersIn node={node} cluster={cluster} /> : null;
}

function OrdersIn({ node, cluster }: { node: Node; cluster: Cluster }) {
  const { t } = useTranslation("node");
  const [order, setOrder] = useState<NodeOrder | null>(null);
  const items = useNodeItems(node, node.name === cluster.primary, setOrder);
  const { why } = useMay("operate", cluster.name);
  const navigate = useNavigate();
  // A recovery is the cluster's: it is followed on its page.
  const follow = (id: string) => {
    const state: Following = { follow: id };
    void navigate(clusterPath(cluster.name), { state });
  };
  return (
    <>
      <Menu items={items} refused={why}>
        <Button icon={ChevronDown} refused={why}>
          {t("actions")}
        </Button>
      </Menu>
      {order && (
        <OrderDialog
          order={order}
          cluster={cluster}
          onClose={() => setOrder(null)}
          onBegun={follow}
        />
      )}
    </>
  );
}
