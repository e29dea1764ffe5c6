// What is said of one subscriber, in the table and on a card.
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Subscriber } from "../../api/types";
import { duration, UNKNOWN } from "../../format";
import { Status } from "../../ui/Badge";
import { Sentence } from "../../ui/Sentence";
import css from "./Subscribers.module.css";

interface Of {
  subscriber: Subscriber;
}

/** Whether it has acknowledged what it was last sent; who was sent nothing is not up to date. */
export function Standing({ subscriber }: Of) {
  const { t } = useTranslation("subscribers");
  if (subscriber.behind) return <Status tone="warning">{t("behind")}</Status>;
  if (subscriber.sent === null) return <Status tone="unknown">{t("nothingSent")}</Status>;
  return <Status tone="ok">{t("current")}</Status>;
}

/** What it is told: everything, unless it asked for less. */
export function ToldOf({ subscriber: { clusters, keyspaces, hostgroups } }: Of) {
  const { t } = useTranslation("subscribers");
  if (clusters.length + keyspaces.length + hostgroups.length === 0) return t("everything");
  return (
    <span className={css.told}>
      {clusters.map((name, at) => (
        <span key={name}>
          {at > 0 && ", "}
          <Link to={`/clusters/${encodeURIComponent(name)}`}>{name}</Link>
        </span>
      ))}
      {keyspaces.length > 0 && (
        <span className={css.part}>{t("keyspaces", { names: keyspaces.join(", ") })}</span>
      )}
      {hostgroups.length > 0 && (
        <span className={css.part}>{t("hostgroups", { ids: hostgroups.join(", ") })}</span>
      )}
    </span>
  );
}

export function Revision({ value }: { value: string | null }) {
  return value === null ? UNKNOWN : <code>{value}</code>;
}

/** How many revisions it refused since it connected, and why the last one. */
export function Nacks({ subscriber: { nacks, last_nack: last } }: Of) {
  const { t } = useTranslation("subscribers");
  if (nacks === 0 && last === null) return <span className={css.faint}>0</span>;
  return (
    <span className={css.nacks}>
      <Status tone="warning">{t("nacks", { count: nacks })}</Status>
      {last !== null && (
        <span>
          <Revision value={last.revision} />: <Sentence>{last.reason}</Sentence>
        </span>
      )}
    </span>
  );
}

export function Delay({ subscriber }: Of) {
  return <span>{duration(subscriber.ack_delay_us)}</span>;
}
