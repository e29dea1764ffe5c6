// A failover by hand: to whom, whether without a proof of fencing, and what the rehearsal says.
//
// It is sent without an idempotency key: those are kept in Postgres, and a failover must be possible
// while that is away. Given twice, the second finds the first one's new primary and is refused.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { keys } from "../../../api/keys";
import { orders } from "../../../api/orders";
import type { Cluster, FailoverReport } from "../../../api/types";
import { Checkbox, Field } from "../../../ui/Field";
import { Note } from "../../../ui/Note";
import { Sentence } from "../../../ui/Sentence";
import { Candidates } from "../../recoveries/Candidates";
import { Blockers } from "./Findings";
import { NodeSelect } from "./NodeSelect";
import { OrderFrame } from "./OrderFrame";
import css from "./orders.module.css";
import { Rehearsed } from "./Rehearsed";
import { foundBy, useRehearsal } from "./useRehearsal";

export function FailoverDialog({
  cluster,
  to: wanted,
  onClose,
  onBegun,
}: {
  cluster: Cluster;
  to: string | null;
  onClose: () => void;
  onBegun: (operation: string) => void;
}) {
  const { t } = useTranslation("orders");
  const cache = useQueryClient();
  const [to, setTo] = useState(wanted ?? "");
  const [force, setForce] = useState(false);
  const order = { to: to || undefined, force };
  const rehearsal = useRehearsal("failover", cluster.name, order, (order, request) =>
    orders.failOver(cluster.name, order, request),
  );
  const found = foundBy(rehearsal);
  const candidate = found?.candidate ?? null;
  const clear = found?.blockers.length === 0 || force;
  const onGive = async (reason: string) => {
    // To whom the button says, even if another would be chosen by now.
    const to = candidate ?? undefined;
    const report = await orders.failOver(cluster.name, { ...order, to, reason });
    void cache.invalidateQueries({ queryKey: keys.cluster(cluster.name) });
    if (report.operation) onBegun(report.operation);
  };
  return (
    <OrderFrame
      title={t("failover.title", { cluster: cluster.name })}
      lead={t("failover.lead")}
      size="lg"
      danger
      name={cluster.name}
      confirm={
        candidate
          ? t("failover.confirm", { cluster: cluster.name, node: candidate })
          : t("failover.confirmAny", { cluster: cluster.name })
      }
      ready={candidate !== null && clear}
      onClose={onClose}
      onGive={onGive}
    >
      <Field label={t("failover.to")}>
        <NodeSelect
          nodes={cluster.nodes.filter((node) => node.name !== cluster.primary)}
          none={t("lictorChooses")}
          value={to}
          onChange={setTo}
        />
      </Field>
      <Checkbox
        label={t("failover.force")}
        checked={force}
        onChange={(event) => setForce(event.target.checked)}
      />
      {force && (
        <Note tone="warning">
          <p>{t("failover.forceHint")}</p>
        </Note>
      )}
      <Rehearsed query={rehearsal}>{(report) => <Report report={report} />}</Rehearsed>
    </OrderFrame>
  );
}

function Report({ report }: { report: FailoverReport }) {
  const { t } = useTranslation("orders");
  return (
    <>
      {report.candidate === null && <p>{t("noCandidate")}</p>}
      {report.blockers.length > 0 && <Blockers findings={report.blockers} />}
      {report.steps.length > 0 && (
        <div>
          <p className={css.lead}>{t("failover.steps")}</p>
          <ol className={css.steps}>
            {report.steps.map((step, at) => (
              <li key={at}>
                <Sentence>{step}</Sentence>
              </li>
            ))}
          </ol>
        </div>
      )}
      {report.candidates.length > 0 && (
        <details className={css.more}>
          <summary>{t("candidates")}</summary>
          <Candidates candidates={report.candidates} chosen={report.candidate} />
        </details>
      )}
    </>
  );
}
