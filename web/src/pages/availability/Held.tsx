// A figure held against its objective: told by a mark and a word, not by colour alone.
import { useTranslation } from "react-i18next";
import type { ClusterAvailability } from "../../api/types";
import { UNKNOWN } from "../../format";
import { Status, type Tone } from "../../ui/Badge";
import css from "./Availability.module.css";
import { percent, secs, verdicts, type Figure, type Verdict } from "./figures";

const TONES: Partial<Record<Verdict, Tone>> = {
  met: "ok",
  missed: "critical",
  unknown: "unknown",
};

export function Held({ figure, of }: { figure: Figure; of: ClusterAvailability }) {
  const { t } = useTranslation("availability");
  const verdict = verdicts(of)[figure];
  const tone = TONES[verdict];
  const { reached, objective } = told(of)[figure];
  return (
    <span className={css.held}>
      {tone === undefined ? (
        reached
      ) : (
        <Status tone={tone}>
          {reached} <span className="visually-hidden">{t(`verdict.${verdict}`)}</span>
        </Status>
      )}
      <small className={css.faint}>
        {objective === null ? t("unset") : t(`objective.${figure}`, { objective })}
      </small>
    </span>
  );
}

function told(
  of: ClusterAvailability,
): Record<Figure, { reached: string; objective: string | null }> {
  const orNull = (value: number | null, tell: (value: number) => string) =>
    value === null ? null : tell(value);
  return {
    availability: {
      reached: orNull(of.availability_percent, percent) ?? UNKNOWN,
      objective: orNull(of.objective_availability_percent, percent),
    },
    rto: { reached: secs(of.rto_worst_secs), objective: orNull(of.rto_objective_secs, secs) },
    rpo: { reached: secs(of.rpo_worst_secs), objective: orNull(of.rpo_objective_secs, secs) },
  };
}
