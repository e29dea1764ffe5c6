// Rebuilds as they go on: how much is copied, how fast, and how long it still takes.
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useOperation } from "../../../api/queries/operations";
import type { Node, Rebuild } from "../../../api/types";
import { bytes, durationSecs, UNKNOWN } from "../../../format";
import { Badge, Status, type Tone } from "../../../ui/Badge";
import { Card } from "../../../ui/Card";
import { Note } from "../../../ui/Note";
import { Sentence } from "../../../ui/Sentence";
import { Time } from "../../../ui/Time";
import css from "./Progress.module.css";
import { isRebuilding } from "../model/standing";
import { rate, sampled, secondsLeft, type Sample } from "../model/rate";

/** Those under way, and those that failed and left their node quarantined. */
export function Rebuilds({ nodes }: { nodes: readonly Node[] }) {
  return nodes.map((node) => {
    const { rebuild } = node;
    const shown = isRebuilding(node) || (rebuild?.state === "failed" && node.quarantine !== null);
    return rebuild && shown ? (
      <RebuildCard key={rebuild.id} node={node.name} rebuild={rebuild} />
    ) : null;
  });
}

function tone(state: Rebuild["state"]): Tone {
  if (state === "failed") return "critical";
  return state === "done" ? "ok" : "info";
}

export function RebuildCard({ node, rebuild }: { node: string; rebuild: Rebuild }) {
  const { t } = useTranslation("orders");
  return (
    <Card title={t("rebuilding.title", { node, donor: rebuild.donor })}>
      <div className={css.progress}>
        <p role="status" className={css.outcome}>
          <Status tone={tone(rebuild.state)}>{t(`rebuilding.state.${rebuild.state}`)}</Status>
          {rebuild.stage && <Badge>{rebuild.stage}</Badge>}
        </p>
        <Copied rebuild={rebuild} label={t("rebuilding.label", { node })} />
        {rebuild.restart_by_hand && rebuild.state === "restarting" && (
          <Note tone="warning">
            <p>{t("rebuilding.byHand", { node })}</p>
          </Note>
        )}
        {rebuild.failure && (
          <Note tone="error">
            <p>
              <Sentence>{rebuild.failure}</Sentence>
            </p>
          </Note>
        )}
        <p className={css.faint}>
          {t("rebuilding.by", { actor: rebuild.actor })} ·{" "}
          <Time at={rebuild.finished_at ?? rebuild.started_at} />
        </p>
      </div>
    </Card>
  );
}

function Copied({ rebuild, label }: { rebuild: Rebuild; label: string }) {
  const { t } = useTranslation("orders");
  const { data, dataUpdatedAt } = useOperation(rebuild.id);
  // The stream tells of the operation more often than the node is asked for.
  const copied = Math.max(data?.copied_bytes ?? 0, rebuild.copied_bytes);
  const estimated = data?.estimated_bytes ?? rebuild.estimated_bytes;
  const perSecond = useRate(copied, dataUpdatedAt);
  if (estimated <= 0) return null;
  const copying = rebuild.state === "copying";
  const left = copying ? secondsLeft(copied, estimated, perSecond) : null;
  return (
    <div>
      <progress
        className={css.bar}
        max={estimated}
        value={Math.min(copied, estimated)}
        aria-label={label}
      />
      <p className={css.figures}>
        <span>
          {t("rebuilding.copied", { copied: bytes(copied), estimated: bytes(estimated) })}
        </span>
        {copying && (
          <span>
            {t("rebuilding.rate", { rate: perSecond === null ? UNKNOWN : bytes(perSecond) })}
          </span>
        )}
        {left !== null && <span>{t("rebuilding.left", { time: durationSecs(left) })}</span>}
      </p>
    </div>
  );
}

/** Bytes a second; `at`: when so many were told, in ms. */
function useRate(copied: number, at: number): number | null {
  const [samples, setSamples] = useState<Sample[]>([]);
  if (samples.at(-1)?.bytes !== copied) setSamples(sampled(samples, { at, bytes: copied }));
  return rate(samples);
}
