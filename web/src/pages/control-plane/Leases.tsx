// The lease in each store: who holds it, and how long ago it was seen renewed.
import { useTranslation } from "react-i18next";
import type { ControlPlane } from "../../api/types";
import { duration, UNKNOWN } from "../../format";
import { Status, type Tone } from "../../ui/Badge";
import { Card } from "../../ui/Card";
import { SmallTable, type SmallColumn } from "../../ui/SmallTable";
import css from "./ControlPlane.module.css";
import { leaseState, type LeaseState } from "./leases";

type Lease = ControlPlane["leases"][number];

const TONES: Record<LeaseState, Tone> = {
  held: "ok",
  late: "warning",
  free: "warning",
  unknown: "unknown",
};

export function Leases({ plane: { leases } }: { plane: ControlPlane }) {
  const { t } = useTranslation("control-plane");
  const columns: SmallColumn<Lease>[] = [
    { header: t("leases.store"), cell: (lease) => lease.store },
    {
      header: t("leases.state"),
      cell: (lease) => {
        const state = leaseState(lease);
        return <Status tone={TONES[state]}>{t(`leases.is.${state}`)}</Status>;
      },
    },
    { header: t("leases.holder"), cell: (lease) => lease.holder ?? UNKNOWN },
    {
      header: t("term"),
      cell: (lease) => (lease.age_us === null ? UNKNOWN : lease.term),
      end: true,
    },
    { header: t("leases.age"), cell: (lease) => duration(lease.age_us), end: true },
    { header: t("leases.advertise"), cell: (lease) => lease.advertise || UNKNOWN, fill: true },
  ];
  return (
    <Card title={t("leases.title")} flush>
      <SmallTable
        label={t("leases.title")}
        columns={columns}
        rows={leases}
        rowKey={(lease) => lease.store}
      />
      <p className={css.hint}>{t("leases.what")}</p>
    </Card>
  );
}
