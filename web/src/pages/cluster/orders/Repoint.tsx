// Whom a replica is to follow.
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { orders } from "../../../api/orders";
import type { Cluster } from "../../../api/types";
import { Field } from "../../../ui/Field";
import { notify } from "../../../ui/notices";
import { Sentence } from "../../../ui/Sentence";
import { noDrop } from "../model/drop";
import { grow } from "../model/tree";
import { NodeSelect } from "./NodeSelect";
import { OrderFrame } from "./OrderFrame";
import { Rehearsed } from "./Rehearsed";
import { useGive } from "./useGive";
import { foundBy, useRehearsal } from "./useRehearsal";

export function RepointDialog({
  cluster,
  node,
  source: wanted,
  onClose,
}: {
  cluster: Cluster;
  node: string;
  /** Null: not chosen yet. */
  source: string | null;
  onClose: () => void;
}) {
  const { t } = useTranslation("orders");
  // The primary is followed whoever it is: a replica that follows it is to go with it.
  const [source, setSource] = useState(wanted === cluster.primary ? "" : (wanted ?? ""));
  const roots = useMemo(() => grow(cluster), [cluster]);
  const order = { source };
  const rehearsal = useRehearsal("repoint", node, order, (order, request) =>
    orders.repoint(node, order, request),
  );
  const give = useGive(cluster.name);
  const named = source || t("repoint.primary");
  return (
    <OrderFrame
      title={t("repoint.title", { node })}
      confirm={t("repoint.confirm", { node, source: source || cluster.primary })}
      size="lg"
      ready={foundBy(rehearsal) !== undefined}
      onClose={onClose}
      onGive={async (reason) => {
        await give({ ...order, reason }, (body, request) => orders.repoint(node, body, request));
        notify(t("repoint.done", { node, source: named }));
      }}
    >
      <Field label={t("repoint.source")}>
        <NodeSelect
          nodes={cluster.nodes.filter(({ name }) => name !== node && name !== cluster.primary)}
          none={t("repoint.primary")}
          value={source}
          onChange={setSource}
          isRefused={(name) => noDrop(roots, cluster.primary, node, name) === "own_replica"}
        />
      </Field>
      <Rehearsed query={rehearsal}>
        {(found) => (
          <p>
            <Sentence>{found.sentence}</Sentence>
          </p>
        )}
      </Rehearsed>
    </OrderFrame>
  );
}
