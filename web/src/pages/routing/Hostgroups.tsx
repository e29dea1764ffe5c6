// Hostgroups: what fills each now, and what the document says of its servers.
import { Pencil, Plus, Server, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useConfig } from "../../api/queries/config";
import { useRouting } from "../../api/queries/routing";
import type { Hostgroup } from "../../api/types";
import { Badge, Status, type Tone } from "../../ui/Badge";
import { Button, IconButton } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { Loaded } from "../../ui/Loaded";
import { Note } from "../../ui/Note";
import { SmallTable, type SmallColumn } from "../../ui/SmallTable";
import { CAPACITY, same, type HostgroupEntry, type ServerStatus } from "./document";
import { isAbout } from "./faults";
import { HostgroupDialog } from "./HostgroupDialog";
import css from "./routing.module.css";
import { useWork } from "./store";
import { useMay } from "../../ui/useMay";
import { useEditing } from "./editing";

const STATUS: Record<ServerStatus, Tone> = {
  online: "ok",
  offline_soft: "warning",
  offline_hard: "critical",
};

export function Hostgroups() {
  const { t } = useTranslation("routing");
  const config = useConfig();
  const filled = useRouting().data?.hostgroups ?? [];
  const { document, head } = useEditing();
  const [asked, setAsked] = useState<HostgroupEntry | "new" | null>(null);
  const { why } = useMay("administer");
  const before = new Map(head?.document.hostgroups.map((one) => [one.id, one]));
  return (
    <Loaded query={config}>
      {() => (
        <div className={css.stack}>
          <div className={css.toolbar}>
            <p className={css.faint}>{t("hostgroup.about")}</p>
            <Button icon={Plus} refused={why} onClick={() => setAsked("new")}>
              {t("hostgroup.add")}
            </Button>
          </div>
          {document?.hostgroups.length === 0 && <Empty icon={Server} title={t("hostgroup.none")} />}
          {document?.hostgroups.map((entry) => (
            <HostgroupCard
              key={entry.id}
              entry={entry}
              before={before.get(entry.id) ?? null}
              now={filled.find((one) => one.id === entry.id) ?? null}
              onEdit={() => setAsked(entry)}
            />
          ))}
          {asked !== null && (
            <HostgroupDialog was={asked === "new" ? null : asked} onClose={() => setAsked(null)} />
          )}
        </div>
      )}
    </Loaded>
  );
}

interface CardProps {
  entry: HostgroupEntry;
  before: HostgroupEntry | null;
  now: Hostgroup | null;
  onEdit: () => void;
}

function HostgroupCard({ entry, before, now, onEdit }: CardProps) {
  const { t } = useTranslation("routing");
  const { why } = useMay("administer");
  const { edit } = useEditing();
  const { faults } = useWork();
  const wrong = faults.some((fault) => isAbout(fault, { kind: "hostgroup", id: entry.id }));
  return (
    <Card
      flush
      title={
        <>
          {entry.id} {entry.name}{" "}
          <span className={css.kind}>{t(`hostgroup.kind.${entry.kind}`)}</span>{" "}
          {before === null && <Badge tone="ok">{t("map.new")}</Badge>}
          {before !== null && !same(before, entry) && <Badge tone="info">{t("map.changed")}</Badge>}
          {wrong && <Badge tone="critical">{t("wrong")}</Badge>}
        </>
      }
      actions={
        <>
          <IconButton
            icon={Pencil}
            refused={why}
            label={t("hostgroup.edit", { id: entry.id })}
            onClick={onEdit}
          />
          <IconButton
            icon={Trash2}
            refused={why}
            label={t("hostgroup.remove", { id: entry.id })}
            onClick={() => void edit({ kind: "hostgroup", id: entry.id, was: entry, to: null })}
          />
        </>
      }
    >
      <div className={css.filling}>
        <Filling entry={entry} />
      </div>
      <Servers entry={entry} before={before} now={now} />
    </Card>
  );
}

/** What fills it, and with a role what each of those is given. */
function Filling({ entry }: { entry: HostgroupEntry }) {
  const { t } = useTranslation("routing");
  const { t: common } = useTranslation();
  if (entry.cluster === undefined || entry.role === undefined)
    return <p>{t("hostgroup.listed")}</p>;
  const given = { ...CAPACITY, ...entry };
  return (
    <p>
      {t("hostgroup.filled", { role: common(`role.${entry.role}`) })}{" "}
      <Link to={`/clusters/${entry.cluster}`}>{entry.cluster}</Link>{" "}
      <span className={css.faint}>
        {t("hostgroup.given", {
          weight: given.weight,
          connections: given.max_connections,
          lag: lagText(given.max_replication_lag, t),
        })}
      </span>
    </p>
  );
}

interface Row {
  address: string;
  status: ServerStatus;
  weight: number;
  max_connections: number;
  max_replication_lag: number;
}

/** Those of the document where they are listed by hand, else those that fill it now. */
function Servers({ entry, before, now }: Omit<CardProps, "onEdit">) {
  const { t } = useTranslation("routing");
  const rows: Row[] =
    entry.servers?.map((one) => ({ ...CAPACITY, status: "online", ...one })) ?? now?.servers ?? [];
  const isDraft = entry.servers === undefined && before !== null && !same(before, entry);
  if (rows.length === 0) {
    const text =
      now === null && entry.servers === undefined ? t("hostgroup.unknown") : t("hostgroup.nobody");
    return (
      <div className={css.filling}>
        <Note tone="warning">{text}</Note>
      </div>
    );
  }
  return (
    <>
      <SmallTable
        label={t("hostgroup.servers", { id: entry.id })}
        columns={columnsOf(t)}
        rows={rows}
        rowKey={(row) => row.address}
      />
      {isDraft && <p className={css.filling}>{t("hostgroup.notYet")}</p>}
    </>
  );
}

type T = ReturnType<typeof useTranslation<"routing">>["t"];

function columnsOf(t: T): SmallColumn<Row>[] {
  return [
    { header: t("column.server"), cell: (row) => <code>{row.address}</code> },
    {
      header: t("column.status"),
      cell: (row) => <Status tone={STATUS[row.status]}>{t(`status.${row.status}`)}</Status>,
    },
    { header: t("column.weight"), cell: (row) => row.weight, end: true },
    { header: t("column.maxConnections"), cell: (row) => row.max_connections, end: true },
    { header: t("column.maxLag"), cell: (row) => lagText(row.max_replication_lag, t), end: true },
  ];
}

function lagText(secs: number, t: T): string {
  return secs === 0 ? t("hostgroup.anyLag") : `${secs} s`;
}
