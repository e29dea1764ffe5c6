// Leaving a node or a cluster alone for a time, and where a node stands.
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { orders } from "../../../api/orders";
import type { Cluster, Node, NodeChange } from "../../../api/types";
import { exact } from "../../../format";
import { useSession } from "../../../session";
import { useSettings } from "../../../settings";
import { Checkbox, Field, Input, Select } from "../../../ui/Field";
import { notify } from "../../../ui/notices";
import { lastingSecs, type Lasting } from "../model/duration";
import { LastingField } from "./LastingField";
import { OrderFrame } from "./OrderFrame";
import { useGive } from "./useGive";

interface OfNode {
  cluster: Cluster;
  node: Node;
  onClose: () => void;
}

interface OfCluster {
  cluster: Cluster;
  onClose: () => void;
}

const HOUR: Lasting = { count: "1", unit: "hours" };

function OwnerField({ value, onChange }: { value: string; onChange: (owner: string) => void }) {
  const { t } = useTranslation("orders");
  const { actor } = useSettings();
  const session = useSession();
  return (
    <Field label={t("owner")}>
      <Input
        value={value}
        placeholder={actor || session?.token.name}
        maxLength={128}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}

export function MaintenanceDialog({ cluster, node: { name }, onClose }: OfNode) {
  const { t } = useTranslation("orders");
  const [owner, setOwner] = useState("");
  const [lasting, setLasting] = useState(HOUR);
  const secs = lastingSecs(lasting);
  const give = useGive(cluster.name);
  return (
    <OrderFrame
      title={t("maintenance.title", { node: name })}
      lead={t("maintenance.lead")}
      confirm={t("maintenance.confirm", { node: name })}
      ready={secs !== null}
      onClose={onClose}
      onGive={async (reason) => {
        const order = { owner: owner.trim() || undefined, reason, for_secs: secs ?? 0 };
        await give(order, (body, request) => orders.maintain(name, body, request));
        notify(t("maintenance.begun", { node: name }));
      }}
    >
      <LastingField value={lasting} onChange={setLasting} />
      <OwnerField value={owner} onChange={setOwner} />
    </OrderFrame>
  );
}

export function EndMaintenanceDialog({ cluster, node, onClose }: OfNode) {
  const { t } = useTranslation("orders");
  const { name, maintenance } = node;
  const give = useGive(cluster.name);
  const now = maintenance && {
    owner: maintenance.owner,
    reason: maintenance.reason,
    at: maintenance.until === null ? t("duration.lasting") : exact(maintenance.until),
  };
  return (
    <OrderFrame
      title={t("maintenance.endTitle", { node: name })}
      lead={now ? t("maintenance.now", now) : undefined}
      confirm={t("maintenance.end", { node: name })}
      onClose={onClose}
      onGive={async (reason) => {
        await give({ reason }, (body, request) => orders.endMaintenance(name, body, request));
        notify(t("maintenance.ended", { node: name }));
      }}
    />
  );
}

export function PauseDialog({ cluster: { name }, onClose }: OfCluster) {
  const { t } = useTranslation("orders");
  const [owner, setOwner] = useState("");
  const [open, setOpen] = useState(false);
  const [lasting, setLasting] = useState(HOUR);
  const secs = lastingSecs(lasting);
  const give = useGive(name);
  return (
    <OrderFrame
      title={t("pause.title", { cluster: name })}
      lead={t("pause.lead")}
      confirm={t("pause.confirm", { cluster: name })}
      ready={open || secs !== null}
      onClose={onClose}
      onGive={async (reason) => {
        const for_secs = open ? undefined : (secs ?? undefined);
        const order = { owner: owner.trim() || undefined, reason, for_secs };
        await give(order, (body, request) => orders.pause(name, body, request));
        notify(t("pause.done", { cluster: name }));
      }}
    >
      <Checkbox
        label={t("pause.forever")}
        checked={open}
        onChange={(event) => setOpen(event.target.checked)}
      />
      {!open && <LastingField value={lasting} onChange={setLasting} />}
      <OwnerField value={owner} onChange={setOwner} />
    </OrderFrame>
  );
}

export function ResumeDialog({ cluster: { name }, onClose }: OfCluster) {
  const { t } = useTranslation("orders");
  const give = useGive(name);
  return (
    <OrderFrame
      title={t("pause.resumeTitle", { cluster: name })}
      lead={t("pause.resumeLead")}
      confirm={t("pause.resume", { cluster: name })}
      onClose={onClose}
      onGive={async (reason) => {
        await give({ reason }, (body, request) => orders.resume(name, body, request));
        notify(t("pause.resumed", { cluster: name }));
      }}
    />
  );
}

const RULES: Node["promotion"][] = ["prefer", "neutral", "prefer_not", "must_not"];
const ZONE = /^([a-z]([a-z0-9-]*[a-z0-9])?)?$/;

export function PlacementDialog({ cluster, node, onClose }: OfNode) {
  const { t } = useTranslation("orders");
  const { name } = node;
  const [rule, setRule] = useState(node.promotion);
  const [ends, setEnds] = useState(false);
  const [lasting, setLasting] = useState(HOUR);
  const [zone, setZone] = useState(node.zone ?? "");
  const secs = lastingSecs(lasting);
  const give = useGive(cluster.name);
  const ruled = rule !== node.promotion || ends || node.promotion_until !== null;
  const moved = zone.trim() !== (node.zone ?? "");
  const zoneFits = ZONE.test(zone.trim()) && zone.trim().length <= 63;
  const order = {
    ...(ruled && { promotion: rule, promotion_for_secs: ends ? (secs ?? undefined) : undefined }),
    ...(moved && { zone: zone.trim() }),
  };
  return (
    <OrderFrame
      title={t("placement.title", { node: name })}
      confirm={t("placement.confirm", { node: name })}
      ready={(ruled || moved) && zoneFits && (!ends || secs !== null)}
      onClose={onClose}
      onGive={async (reason) => {
        // `ready` has seen that it names something.
        const change = { ...order, reason } as NodeChange;
        await give(change, (body, request) => orders.place(name, body, request));
        notify(t("placement.done", { node: name }));
      }}
    >
      <Field label={t("placement.rule")} hint={t("placement.ruleHint")}>
        <Select
          value={rule}
          onChange={setRule}
          options={RULES.map((value) => ({ value, label: t(`placement.rules.${value}`) }))}
        />
      </Field>
      {rule !== "neutral" && (
        <Checkbox
          label={t("placement.until")}
          checked={ends}
          onChange={(event) => setEnds(event.target.checked)}
        />
      )}
      {ends && rule !== "neutral" && <LastingField value={lasting} onChange={setLasting} />}
      <Field
        label={t("placement.zone")}
        hint={t("placement.zoneHint")}
        error={!zoneFits && t("placement.zoneFault")}
      >
        <Input
          value={zone}
          maxLength={63}
          spellCheck={false}
          aria-invalid={!zoneFits}
          onChange={(event) => setZone(event.target.value)}
        />
      </Field>
    </OrderFrame>
  );
}
