// Every instance of the control plane that is registered.
import { useTranslation } from "react-i18next";
import type { ControlPlane } from "../../api/types";
import { Badge, Status } from "../../ui/Badge";
import { Card } from "../../ui/Card";
import { Sentence } from "../../ui/Sentence";
import { SmallTable, type SmallColumn } from "../../ui/SmallTable";

type Member = ControlPlane["members"][number];

export function Members({ plane: { members, instance } }: { plane: ControlPlane }) {
  const { t } = useTranslation("control-plane");
  const columns: SmallColumn<Member>[] = [
    {
      header: t("instance"),
      cell: (member) => (
        <>
          {member.instance} {member.instance === instance && <Badge>{t("members.this")}</Badge>}
        </>
      ),
    },
    {
      header: t("members.role"),
      cell: (member) =>
        member.leader ? <Badge tone="accent">{t("members.leader")}</Badge> : t("members.follower"),
    },
    { header: t("members.ready"), cell: (member) => <Ready ready={member.ready} /> },
    { header: t("members.address"), cell: (member) => member.address },
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

function Ready({ ready }: { ready: boolean | null }) {
  const { t } = useTranslation("control-plane");
  if (ready === null) return <Status tone="unknown">{t("ready.unknown")}</Status>;
  return <Status tone={ready ? "ok" : "critical"}>{t(ready ? "ready.yes" : "ready.no")}</Status>;
}
