// How a node comes back: let back as it is, or with a donor's data.
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { orders } from "../../../api/orders";

import type { Cluster, Node, RebuildReport, RejoinReport } from "../../../api/types";
import { Copy } from "../../../ui/Copy";
import { Checkbox, Field } from "../../../ui/Field";
import { Note } from "../../../ui/Note";
import { notify } from "../../../ui/notices";
import { Sentence } from "../../../ui/Sentence";
import { NodeSelect } from "./NodeSelect";
import { OrderFrame } from "./OrderFrame";
import css from "./orders.module.css";
import { Rehearsed } from "./Rehearsed";
import { useGive } from "./useGive";
import { foundBy, useRehearsal } from "./useRehearsal";

interface Of {
  cluster: Cluster;
  node: Node;
  onClose: () => void;
}

export function RejoinDialog({ cluster, node: { name }, onClose }: Of) {
  const { t } = useTranslation("orders");
  const [inject, setInject] = useState(false);
  const rehearsal = useRehearsal("rejoin", name, { inject_empty: inject }, (order, request) =>
    orders.rejoin(name, order, request),
  );
  const found = foundBy(rehearsal);
  const give = useGive(cluster.name);
  return (
    <OrderFrame
      title={t("rejoin.title", { node: name })}
      lead={t("rejoin.lead")}
      size="lg"
      confirm={t("rejoin.confirm", { node: name })}
      ready={found !== undefined}
      onClose={onClose}
      onGive={async (reason) => {
        // What was shown, so that nothing is done if it is no longer what the node holds.
        const errant = inject ? found?.injected : undefined;
        const report = await give({ inject_empty: inject, errant, reason }, (body, request) =>
          orders.rejoin(name, body, request),
        );
        notify(report.sentence || t("rejoin.done", { node: name }));
      }}
    >
      <Checkbox
        label={t("rejoin.inject", { node: name })}
        checked={inject}
        onChange={(event) => setInject(event.target.checked)}
      />
      {inject && (
        <Note tone="warning">
          <p>{t("rejoin.injectHint", { node: name })}</p>
        </Note>
      )}
      <Rehearsed query={rehearsal}>{(report) => <Rejoins report={report} />}</Rehearsed>
    </OrderFrame>
  );
}

function Rejoins({ report }: { report: RejoinReport }) {
  const { t } = useTranslation("orders");
  return (
    <>
      <p>
        <Sentence>{report.sentence}</Sentence>
      </p>
      {report.injected && <GtidSet label={t("rejoin.injected")} set={report.injected} />}
    </>
  );
}

export function RebuildDialog({ cluster, node, onClose }: Of) {
  const { t } = useTranslation("orders");
  const { name } = node;
  const [donor, setDonor] = useState("");
  const [force, setForce] = useState(false);
  const order = { donor: donor || undefined, force };
  const rehearsal = useRehearsal("rebuild", name, order, (order, request) =>
    orders.rebuild(name, order, request),
  );
  const found = foundBy(rehearsal);
  const give = useGive(cluster.name);
  return (
    <OrderFrame
      title={t("rebuild.title", { node: name })}
      lead={t("rebuild.lead")}
      size="lg"
      danger
      name={name}
      confirm={t("rebuild.confirm", { node: name })}
      ready={found !== undefined}
      onClose={onClose}
      onGive={async (reason) => {
        // The donor that was shown, even if another would be chosen by now.
        await give({ ...order, donor: found?.donor, reason }, (body, request) =>
          orders.rebuild(name, body, request),
        );
        notify(t("rebuild.begun", { node: name }));
      }}
    >
      <Field label={t("rebuild.donor")}>
        <NodeSelect
          nodes={cluster.nodes.filter((one) => one.name !== name)}
          none={t("rebuild.best")}
          value={donor}
          onChange={setDonor}
        />
      </Field>
      {!node.quarantine && (
        <Checkbox
          label={t("rebuild.force")}
          checked={force}
          onChange={(event) => setForce(event.target.checked)}
        />
      )}
      {force && (
        <Note tone="warning">
          <p>{t("rebuild.forceHint", { node: name })}</p>
        </Note>
      )}
      <Rehearsed query={rehearsal}>
        {(report) => <Rebuilds report={report} node={name} />}
      </Rehearsed>
    </OrderFrame>
  );
}

function Rebuilds({ report, node }: { report: RebuildReport; node: string }) {
  const { t } = useTranslation("orders");
  return (
    <>
      <p>{t("rebuild.from", { donor: report.donor })}</p>
      {report.loses ? (
        <GtidSet label={t("rebuild.loses", { node })} set={report.loses} />
      ) : (
        <p>{t("rebuild.losesNothing", { node })}</p>
      )}
    </>
  );
}

function GtidSet({ label, set }: { label: string; set: string }) {
  return (
    <div>
      <p className={css.lead}>{label}</p>
      <div className={css.set}>
        <Copy text={set} />
      </div>
    </div>
  );
}
