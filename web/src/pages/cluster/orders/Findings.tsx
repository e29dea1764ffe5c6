// What stands in an order's way or does not, each with its sentence.
import { useTranslation } from "react-i18next";
import type { Finding, PreflightCheck } from "../../../api/types";
import { Status, type Tone } from "../../../ui/Badge";
import { Sentence } from "../../../ui/Sentence";
import css from "./orders.module.css";

const TONES: Record<PreflightCheck["finding"], Tone> = {
  ok: "ok",
  warning: "warning",
  blocker: "critical",
};

/** The checklist of a preflight, what stands in the way first. */
export function Checklist({ checks }: { checks: PreflightCheck[] }) {
  const { t } = useTranslation("orders");
  const order: PreflightCheck["finding"][] = ["blocker", "warning", "ok"];
  const sorted = checks.toSorted((a, b) => order.indexOf(a.finding) - order.indexOf(b.finding));
  return (
    <ul className={css.checks} aria-label={t("checklist")}>
      {sorted.map((check, at) => (
        <li key={at} data-finding={check.finding}>
          <Status tone={toneOf(check.finding)} hidden>
            {t(`finding.${check.finding}`)}
          </Status>
          <Sentence>{check.sentence}</Sentence>
        </li>
      ))}
    </ul>
  );
}

/** A finding that this page does not know is never shown as good. */
function toneOf(finding: string): Tone {
  return finding in TONES ? TONES[finding as PreflightCheck["finding"]] : "unknown";
}

/** What stands in the way, each with what to do about it. */
export function Blockers({ findings }: { findings: Finding[] }) {
  const { t } = useTranslation("orders");
  const { t: common } = useTranslation();
  return (
    <ul className={css.checks} aria-label={t("failover.blockers")}>
      {findings.map((finding, at) => (
        <li key={at} data-finding="blocker">
          <Status tone="critical" hidden>
            {t("finding.blocker")}
          </Status>
          <div>
            <p>
              <Sentence>{finding.sentence}</Sentence>
            </p>
            {finding.remedy && (
              <p className={css.lead}>
                {common("remedy")}: <Sentence>{finding.remedy}</Sentence>
              </p>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
