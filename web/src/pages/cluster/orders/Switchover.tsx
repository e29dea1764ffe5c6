// A switchover: to whom, what of long transactions, and what the preflight says.
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { orders } from "../../../api/orders";
import type { Cluster, SwitchoverRequest } from "../../../api/types";
import { Field, Input, Select } from "../../../ui/Field";
import { Candidates } from "../../recoveries/Candidates";
import { Checklist } from "./Findings";
import { NodeSelect } from "./NodeSelect";
import { OrderFrame } from "./OrderFrame";
import css from "./orders.module.css";
import { Rehearsed } from "./Rehearsed";
import { useGive } from "./useGive";
import { foundBy, useRehearsal } from "./useRehearsal";

type Long = NonNullable<SwitchoverRequest["long_transactions"]>;

interface Form {
  to: string;
  /** Empty: as the server has it. */
  long: Long | "";
  olderSecs: string;
  pauseMs: string;
}

const LONGS: Long[] = ["wait", "kill", "refuse"];

function within(text: string, least: number, most: number): boolean {
  return text === "" || (/^\d{1,6}$/.test(text) && Number(text) >= least && Number(text) <= most);
}

function faultsOf(form: Form) {
  return { older: !within(form.olderSecs, 0, 86_400), pause: !within(form.pauseMs, 50, 60_000) };
}

/** What is not said is left to the server. */
function requestOf(form: Form): Omit<SwitchoverRequest, "reason" | "dry_run"> {
  const wrong = faultsOf(form);
  const number = (text: string, is: boolean) => (text === "" || is ? undefined : Number(text));
  const pause = number(form.pauseMs, wrong.pause);
  return {
    to: form.to || undefined,
    long_transactions: form.long || undefined,
    older_than_secs: number(form.olderSecs, wrong.older),
    pause_us: pause === undefined ? undefined : pause * 1000,
  };
}

export function SwitchoverDialog({
  cluster,
  to,
  onClose,
  onBegun,
}: {
  cluster: Cluster;
  to: string | null;
  onClose: () => void;
  onBegun: (operation: string) => void;
}) {
  const { t } = useTranslation("orders");
  const [form, setForm] = useState<Form>({ to: to ?? "", long: "", olderSecs: "", pauseMs: "" });
  const order = requestOf(useDeferredValue(form));
  const rehearsal = useRehearsal("switchover", cluster.name, order, (order, request) =>
    orders.switchOver(cluster.name, order, request),
  );
  const found = foundBy(rehearsal);
  const give = useGive(cluster.name);
  const wrong = faultsOf(form);
  const candidate = found?.candidate ?? null;
  return (
    <OrderFrame
      title={t("switchover.title", { cluster: cluster.name })}
      lead={t("switchover.lead")}
      size="lg"
      name={cluster.name}
      confirm={
        candidate
          ? t("switchover.confirm", { cluster: cluster.name, node: candidate })
          : t("switchover.confirmAny", { cluster: cluster.name })
      }
      ready={found?.clear === true && !wrong.older && !wrong.pause}
      onClose={onClose}
      onGive={async (reason) => {
        // To whom the button says, even if another would be chosen by now.
        const to = candidate ?? undefined;
        const report = await give({ ...requestOf(form), to, reason }, (body, request) =>
          orders.switchOver(cluster.name, body, request),
        );
        if (report.operation) onBegun(report.operation);
      }}
    >
      <Options form={form} onChange={setForm} cluster={cluster} />
      <Rehearsed query={rehearsal}>
        {(report) => (
          <>
            <Checklist checks={report.checks} />
            {report.candidates.length > 0 && (
              <details className={css.more}>
                <summary>{t("candidates")}</summary>
                <Candidates candidates={report.candidates} chosen={report.candidate} />
              </details>
            )}
          </>
        )}
      </Rehearsed>
    </OrderFrame>
  );
}

function Options({
  form,
  onChange,
  cluster,
}: {
  form: Form;
  onChange: (form: Form) => void;
  cluster: Cluster;
}) {
  const { t } = useTranslation("orders");
  const wrong = faultsOf(form);
  return (
    <>
      <Field label={t("switchover.to")}>
        <NodeSelect
          nodes={cluster.nodes.filter((node) => node.name !== cluster.primary)}
          none={t("lictorChooses")}
          value={form.to}
          onChange={(to) => onChange({ ...form, to })}
        />
      </Field>
      <details className={css.more}>
        <summary>{t("switchover.more")}</summary>
        <div className={css.grid}>
          <Field label={t("switchover.long")}>
            <Select
              value={form.long}
              onChange={(long) => onChange({ ...form, long })}
              options={[
                { value: "", label: t("usual") },
                ...LONGS.map((value) => ({ value, label: t(`switchover.longs.${value}`) })),
              ]}
            />
          </Field>
          <Field label={t("switchover.older")} error={wrong.older && t("switchover.olderFault")}>
            <Input
              inputMode="numeric"
              placeholder={t("usual")}
              value={form.olderSecs}
              aria-invalid={wrong.older}
              onChange={(event) => onChange({ ...form, olderSecs: event.target.value.trim() })}
            />
          </Field>
          <Field
            label={t("switchover.pause")}
            hint={t("switchover.pauseHint")}
            error={wrong.pause && t("switchover.pauseFault")}
          >
            <Input
              inputMode="numeric"
              placeholder={t("usual")}
              value={form.pauseMs}
              aria-invalid={wrong.pause}
              onChange={(event) => onChange({ ...form, pauseMs: event.target.value.trim() })}
            />
          </Field>
        </div>
      </details>
    </>
  );
}
