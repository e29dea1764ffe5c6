// Steps as a table, phase by phase: what a screen reader reads and a printer prints.
import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import type { Recovery } from "../../api/types";
import { Sentence } from "../../ui/Sentence";
import css from "./recoveries.module.css";
import { precise } from "./timeline";

export function StepTable({ label, phases }: { label: string; phases: Recovery["phases"] }) {
  const { t } = useTranslation("recoveries");
  return (
    <div className={css.scroll}>
      <table className={css.steps} aria-label={label}>
        <thead>
          <tr>
            <th scope="col" className={css.number}>
              {t("steps.began")}
            </th>
            <th scope="col" className={css.number}>
              {t("steps.took")}
            </th>
            <th scope="col">{t("steps.what")}</th>
          </tr>
        </thead>
        <tbody>
          {phases.map((phase) => (
            <Fragment key={phase.name}>
              <tr className={css.phase}>
                <th scope="rowgroup" colSpan={2}>
                  {t(`phase.${phase.name}`)}{" "}
                  <span className={css.took}>{precise(phase.took_us)}</span>
                </th>
                <td>{t(`phaseIs.${phase.name}`)}</td>
              </tr>
              {phase.steps.map((step, at) => (
                <tr key={at}>
                  <td className={css.number}>+{precise(step.began_us)}</td>
                  <td className={css.number}>
                    {step.took_us === null ? t("state.running") : precise(step.took_us)}
                  </td>
                  <td>
                    <Sentence>{step.sentence}</Sentence>
                  </td>
                </tr>
              ))}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}
