// A recovery as it goes on: its phases, its clock and each step with its times.
import { Circle, CircleCheck, CircleMinus, LoaderCircle, type LucideIcon } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useRecovery } from "../../../api/queries/recoveries";
import type { Recovery } from "../../../api/types";
import { duration } from "../../../format";
import { Status } from "../../../ui/Badge";
import { Button } from "../../../ui/Button";
import { Card } from "../../../ui/Card";
import { ErrorNote } from "../../../ui/ErrorNote";
import { Sentence } from "../../../ui/Sentence";
import { Skeleton } from "../../../ui/Skeleton";
import { runTone } from "../../../ui/status";
import { OutcomeOf, PauseOf } from "../../recoveries/Outcome";
import { recoveryPath } from "../model/address";
import { elapsed, phases, type Phase, type PhaseState } from "../model/progress";
import css from "./Progress.module.css";

export function FollowedRecovery({ id, onDismiss }: { id: string; onDismiss: () => void }) {
  const { t } = useTranslation("cluster");
  const { t: ofRecovery } = useTranslation("recoveries");
  const query = useRecovery(id, { poll: true });
  const recovery = query.data;
  const running = recovery?.state === "running";
  return (
    <Card
      title={recovery ? ofRecovery(`kind.${recovery.kind}`) : ofRecovery("one")}
      actions={
        <>
          <Link to={recoveryPath(id)} className={css.story}>
            {t("progress.story")}
          </Link>
          {!running && (
            <Button size="sm" onClick={onDismiss}>
              {t("progress.dismiss")}
            </Button>
          )}
        </>
      }
    >
      {recovery && <Progress recovery={recovery} toldAt={query.dataUpdatedAt} />}
      {!recovery && query.isError && <ErrorNote error={query.error} />}
      {query.isPending && <Skeleton lines={3} />}
    </Card>
  );
}

function Progress({ recovery, toldAt }: { recovery: Recovery; toldAt: number }) {
  const { t } = useTranslation("recoveries");
  const { t: ofCluster } = useTranslation("cluster");
  const all = phases(recovery);
  return (
    <div className={css.progress}>
      <div className={css.head}>
        <p role="status" className={css.outcome}>
          <Status tone={runTone(recovery.state)}>{t(`state.${recovery.state}`)}</Status>
          <span>
            <OutcomeOf recovery={recovery} />{" "}
            {recovery.state !== "running" && <PauseOf recovery={recovery} />}
          </span>
        </p>
        <Clock recovery={recovery} toldAt={toldAt} />
      </div>
      <ol className={css.phases} aria-label={ofCluster("progress.phases")}>
        {all.map((phase) => (
          <PhaseMark key={phase.name} phase={phase} />
        ))}
      </ol>
      <Steps phases={all} />
    </div>
  );
}

const TICK_MS = 100;

/** The time since it began, which goes on between what the server tells. */
function Clock({ recovery, toldAt }: { recovery: Recovery; toldAt: number }) {
  const { t } = useTranslation("cluster");
  const running = recovery.state === "running";
  const [now, setNow] = useState(toldAt);
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [running]);
  return (
    <span className={css.clock} role="timer" aria-label={t("progress.clock")}>
      {duration(elapsed(recovery, now - toldAt))}
    </span>
  );
}

const MARKS: Record<PhaseState, LucideIcon> = {
  done: CircleCheck,
  running: LoaderCircle,
  to_come: Circle,
  left_out: CircleMinus,
};

function PhaseMark({ phase }: { phase: Phase }) {
  const { t } = useTranslation("cluster");
  const { t: ofRecovery } = useTranslation("recoveries");
  const Mark = MARKS[phase.state];
  return (
    <li
      className={css.phase}
      data-phase={phase.name}
      data-state={phase.state}
      aria-current={phase.state === "running" ? "step" : undefined}
    >
      <Mark aria-hidden size={16} className={css.mark} />
      <span>{ofRecovery(`phase.${phase.name}`)}</span>
      <span className={css.took}>
        {phase.took_us === null ? t(`progress.state.${phase.state}`) : duration(phase.took_us)}
      </span>
    </li>
  );
}

function Steps({ phases }: { phases: Phase[] }) {
  const { t } = useTranslation("cluster");
  const steps = phases.flatMap((phase) => phase.steps);
  if (steps.length === 0) return null;
  return (
    <table className={css.steps} aria-label={t("progress.steps")}>
      <thead className="visually-hidden">
        <tr>
          <th scope="col">{t("progress.began")}</th>
          <th scope="col">{t("progress.what")}</th>
          <th scope="col">{t("progress.took")}</th>
        </tr>
      </thead>
      <tbody>
        {steps.map((step, at) => (
          <tr key={at}>
            <td className={css.number}>+{duration(step.began_us)}</td>
            <td>
              <Sentence>{step.sentence}</Sentence>
            </td>
            <td className={css.number}>
              {step.took_us === null ? t("progress.state.running") : duration(step.took_us)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
