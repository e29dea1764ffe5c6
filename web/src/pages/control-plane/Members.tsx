// Every instance of the control plane that is registered.
import { useTranslation } from "react-i18next";
import type { ControlPlane } from "../../api/types";
import { duration, durationSecs, UNKNOWN } from "../../format";
import { Badge, Status } from "../../ui/Badge";
import { Card } from "../../ui/Card";
import { Sentence } from "../../ui/Sentence";
import { SmallTable, type SmallColumn } from "../../ui/SmallTable";
import css from "./ControlPlane.module.css";

type Member = ControlPlane["members"][number];

export function Members({ plane: { members, instance } }: { plane: ControlPlane }) {
  const { t } = useTranslation("control-plane");
  const columns: SmallColumn<Member>[] = [
    {
      header: t("instance"),
      cell: (member) => (
        <>
          {member.instance} {member.instance === instance && <Badge>{t("members.this")}</Badge>}
          <div className={css.below}>{member.address}</div>
        </>
      ),
    },
    {
      header: t("members.role"),
      cell: (member) =>
        member.leader ? <Badge tone="accent">{t("members.leader")}</Badge> : t("members.follower"),
    },
    { header: t("members.ready"), cell: (member) => <Ready ready={member.ready} /> },
    { header: t("version"), cell: (member) => member.version ?? UNKNOWN },
    { header: t("term"), cell: (member) => member.term ?? UNKNOWN, end: true },
    { header: t("uptime"), cell: (member) => durationSecs(member.uptime_secs), end: true },
    {
      header: t("members.subscribers"),
      cell: (member) => member.subscribers ?? UNKNOWN,
      end: true,
    },
    { header: t("members.relay"), cell: (member) => <RelayOf member={member} /> },
    {
      header: t("members.state"),
      cell: (member) => <Sentence>{member.sentence}</Sentence>,
      fill: true,
    },
  ];
  return (
    <Card title={t("members.title")} flush>
      <SmallTable
        label={t("members.title")}
        columns={columns}
        rows={members}
        rowKey={(member) => member.instance}
      />
    </Card>
  );
}

/** How far what it passes on is behind what the leader has. */
function RelayOf({ member }: { member: Member }) {
  const { t } = useTranslation("control-plane");
  if (!member.answers) return UNKNOWN;
  if (member.relay === null) return member.leader ? t("members.relays.leads") : UNKNOWN;
  const { current, behind, heard_us, held, head } = member.relay;
  const late = behind === null || behind === 0 ? null : behind;
  return (
    <div title={`${held ?? UNKNOWN} / ${head ?? UNKNOWN}`}>
      <Status tone={current ? "ok" : "warning"}>
        {current
          ? t("members.relays.current")
          : late === null
            ? t("members.relays.stale")
            : t("members.relays.behind", { count: late })}
      </Status>
      {heard_us !== null && (
        <div className={css.below}>{t("members.relays.heard", { ago: duration(heard_us) })}</div>
      )}
    </div>
  );
}

function Ready({ ready }: { ready: boolean | null }) {
  const { t } = useTranslation("control-plane");
  if (ready === null) return <Status tone="unknown">{t("ready.unknown")}</Status>;
  return <Status tone={ready ? "ok" : "critical"}>{t(ready ? "ready.yes" : "ready.no")}</Status>;
}
