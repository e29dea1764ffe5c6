// The control plane as the instance that answers sees it: who leads, the others, leases, stores.
import { useTranslation } from "react-i18next";
import { useControlPlane } from "../../api/queries/control-plane";
import type { ControlPlane } from "../../api/types";
import { count, durationSecs, UNKNOWN } from "../../format";
import { Badge, Status } from "../../ui/Badge";
import { Card } from "../../ui/Card";
import { Fact, Facts } from "../../ui/Facts";
import { Loaded } from "../../ui/Loaded";
import { Note } from "../../ui/Note";
import { PageHeader } from "../../ui/PageHeader";
import { Sentence } from "../../ui/Sentence";
import css from "./ControlPlane.module.css";
import { Leases } from "./Leases";
import { leaders } from "./leases";
import { Members } from "./Members";

export function Component() {
  const { t } = useTranslation("control-plane");
  const query = useControlPlane();
  return (
    <>
      <PageHeader title={t("title")} status={query.data && <Standing of={query.data} />}>
        <p className={css.faint}>{t("asSeen")}</p>
      </PageHeader>
      <Loaded query={query}>{(plane) => <Whole plane={plane} />}</Loaded>
    </>
  );
}

function Standing({ of: { leader, ready } }: { of: ControlPlane }) {
  const { t } = useTranslation("control-plane");
  return (
    <>
      <Badge tone={leader ? "accent" : "neutral"}>{t(leader ? "leads" : "follows")}</Badge>
      <Status tone={ready ? "ok" : "critical"}>{t(ready ? "ready.yes" : "ready.no")}</Status>
    </>
  );
}

function Whole({ plane }: { plane: ControlPlane }) {
  const { t, i18n } = useTranslation("control-plane");
  const named = leaders(plane.leases);
  return (
    <div className={css.page}>
      <Facts label={t("summary")}>
        <Fact label={t("instance")} value={plane.instance} />
        <Fact label={t("version")} value={plane.version} />
        <Fact
          label={t("term")}
          value={plane.term === 0 ? UNKNOWN : count(plane.term, i18n.language)}
        />
        <Fact label={t("uptime")} value={durationSecs(plane.uptime_secs)} />
      </Facts>
      {named.length > 1 && (
        <Note tone="warning">
          <p>{t("leases.disagree", { names: named.join(", ") })}</p>
        </Note>
      )}
      {plane.sentences.length > 0 && (
        <Note tone={plane.ready ? "info" : "warning"}>
          <ul className={css.sentences}>
            {plane.sentences.map((sentence) => (
              <li key={sentence}>
                <Sentence>{sentence}</Sentence>
              </li>
            ))}
          </ul>
        </Note>
      )}
      <Members plane={plane} />
      <Leases plane={plane} />
      <div className={css.columns}>
        <Stores stores={plane.stores} />
        <Drift repaired={plane.consul_drift} />
      </div>
    </div>
  );
}

function Stores({ stores }: Pick<ControlPlane, "stores">) {
  const { t } = useTranslation("control-plane");
  return (
    <Card title={t("stores.title")}>
      <ul className={css.list}>
        {stores.map((store) => (
          <li key={store.name}>
            <p className={css.head}>
              <strong>{store.name}</strong>
              <Status tone={store.reachable ? "ok" : "critical"}>
                {t(store.reachable ? "stores.reachable" : "stores.away")}
              </Status>
            </p>
            <p className={css.faint}>
              <Sentence>{store.sentence}</Sentence>
            </p>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** A repair is no harm done, and a sign that somebody else writes where Lictor does. */
function Drift({ repaired }: { repaired: number }) {
  const { t } = useTranslation("control-plane");
  return (
    <Card title={t("drift.title")}>
      <div className={css.list}>
        <Status tone={repaired === 0 ? "ok" : "warning"}>
          {repaired === 0 ? t("drift.none") : t("drift.repaired", { count: repaired })}
        </Status>
        <p className={css.faint}>{t("drift.what")}</p>
      </div>
    </Card>
  );
}
