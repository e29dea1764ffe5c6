// The health of a node: each check with its sentence, and how it was over time.
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useHealthHistory } from "../../api/queries/nodes";
import type { Happening, Node } from "../../api/types";
import { clock, exact } from "../../format";
import { Status, type Tone } from "../../ui/Badge";
import { Card } from "../../ui/Card";
import { ErrorNote } from "../../ui/ErrorNote";
import { Select } from "../../ui/Field";
import { Sentence } from "../../ui/Sentence";
import { Skeleton } from "../../ui/Skeleton";
import { Time, useNow } from "../../ui/Time";
import { checkHealth, healthTone } from "../cluster/model/standing";
import css from "./node.module.css";
import { stretches, type Stretch } from "./strip";

const WINDOWS = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 };
type Window = keyof typeof WINDOWS;
const CHOICES: Window[] = ["hour", "day", "week"];
/** Changes that are listed; all of them are in the history. */
const LISTED = 8;

export function HealthCard({ node }: { node: Node }) {
  const { t } = useTranslation("node");
  const [window, setWindow] = useState<Window>("day");
  return (
    <Card
      title={t("sections.health")}
      actions={
        <Select
          aria-label={t("history.window")}
          value={window}
          onChange={setWindow}
          options={CHOICES.map((value) => ({ value, label: t(`history.windows.${value}`) }))}
        />
      }
    >
      <div className={css.stack}>
        <Checks checks={node.checks} />
        <Past node={node} ms={WINDOWS[window]} />
      </div>
    </Card>
  );
}

function Checks({ checks }: { checks: Node["checks"] }) {
  const { t } = useTranslation("node");
  if (checks.length === 0) return <p className={css.faint}>{t("noCheck")}</p>;
  return (
    <ul className={css.checks} aria-label={t("checks")}>
      {checks.map((check) => (
        <li key={check.kind}>
          <Status tone={healthTone(checkHealth(check.status))}>{t(`check.${check.kind}`)}</Status>
          <Sentence>{check.sentence}</Sentence>
        </li>
      ))}
    </ul>
  );
}

function Past({ node, ms }: { node: Node; ms: number }) {
  const { t } = useTranslation("node");
  const query = useHealthHistory(node);
  const now = useNow();
  if (query.isError) return <ErrorNote error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Skeleton lines={3} />;
  const { health, observation, whole } = query.data;
  const from = now - ms;
  const shown = health
    .filter((change) => Date.parse(change.at) >= from)
    .toSorted((a, b) => b.id - a.id);
  const cut = !whole && shown.length === health.length;
  const drawn = stretches(health, from, now, observation);
  const known = drawn.some((stretch) => stretch.change !== null);
  return (
    <div>
      <Strip
        label={t("history.picture", {
          node: node.name,
          from: exact(new Date(from).toISOString()),
        })}
        stretches={drawn}
        from={from}
        to={now}
      />
      {shown.length > 0 ? (
        <Changes changes={shown.slice(0, LISTED)} />
      ) : (
        <p className={css.faint}>{t(known ? "history.empty" : "history.unknown")}</p>
      )}
      <p className={css.faint}>
        <Link to={`/problems?tab=history&node=${encodeURIComponent(node.name)}`}>
          {t(cut ? "history.cut" : "history.all")}
        </Link>
      </p>
    </div>
  );
}

function toneOf(change: Happening | null): Tone {
  return change === null ? "unknown" : healthTone(checkHealth(change.code));
}

function Strip({
  label,
  stretches,
  from,
  to,
}: {
  label: string;
  stretches: Stretch[];
  from: number;
  to: number;
}) {
  const { t } = useTranslation("node");
  const share = (ms: number) => `${(100 * ms) / (to - from)}%`;
  return (
    <figure className={css.figure}>
      <div className={css.strip} role="img" aria-label={label}>
        {stretches.map((stretch) => (
          <span
            key={stretch.from}
            data-tone={toneOf(stretch.change)}
            style={{ left: share(stretch.from - from), width: share(stretch.to - stretch.from) }}
            title={`${clock(stretch.from)} – ${clock(stretch.to)}: ${
              stretch.change?.sentence ?? t("history.unknown")
            }`}
          />
        ))}
      </div>
      <figcaption className={css.axis}>
        <Time at={new Date(from).toISOString()} full />
        <span>{t("history.now")}</span>
      </figcaption>
    </figure>
  );
}

function Changes({ changes }: { changes: Happening[] }) {
  const { t } = useTranslation("node");
  return (
    <ul className={css.checks} aria-label={t("history.changes")}>
      {changes.map((change) => (
        <li key={change.id}>
          <Status tone={toneOf(change)}>
            <Time at={change.at} />
          </Status>
          <Sentence>{change.sentence}</Sentence>
        </li>
      ))}
    </ul>
  );
}
