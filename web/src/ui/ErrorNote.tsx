// Why something failed, as lictord said it: the detail, the fields, the findings, the conflict.
import { OctagonAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client";
import { Button } from "./Button";
import css from "./Note.module.css";
import { Sentence } from "./Sentence";

export function ErrorNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  const problem = error instanceof ApiError ? error.problem : null;
  return (
    <div className={css.error} role="alert">
      <OctagonAlert aria-hidden size={16} className={css.mark} />
      <div className={css.text}>
        <p>
          <strong>
            <Sentence>{problem?.title ?? t("failed")}</Sentence>
          </strong>{" "}
          {problem && <code className={css.code}>{problem.code}</code>}
        </p>
        {problem && problem.detail !== problem.title && (
          <p>
            <Sentence>{problem.detail}</Sentence>
          </p>
        )}
        {!problem && error instanceof Error && <p>{error.message}</p>}
        {problem && problem.errors.length > 0 && (
          <ul className={css.list}>
            {problem.errors.map((one) => (
              <li key={`${one.field} ${one.detail}`}>
                <code>{one.field}</code>{" "}
                {one.line !== null && (
                  <span>
                    (
                    {one.column === null
                      ? t("line", { line: one.line })
                      : t("lineColumn", { line: one.line, column: one.column })}
                    ){" "}
                  </span>
                )}
                <Sentence>{one.detail}</Sentence>
              </li>
            ))}
          </ul>
        )}
        {problem && problem.findings.length > 0 && (
          <ul className={css.list}>
            {problem.findings.map((finding) => (
              <li key={`${finding.code} ${finding.node ?? ""} ${finding.sentence}`}>
                <Sentence>{finding.sentence}</Sentence>
                {finding.remedy && (
                  <p className={css.faint}>
                    {t("remedy")}: <Sentence>{finding.remedy}</Sentence>
                  </p>
                )}
              </li>
            ))}
          </ul>
        )}
        {problem?.conflict && (
          <p>{t("conflict", { head: problem.conflict.head, base: problem.conflict.base })}</p>
        )}
        {problem?.leader && <p>{t("leaderIs", { leader: problem.leader })}</p>}
        {onRetry && (
          <Button size="sm" onClick={onRetry}>
            {t("retry")}
          </Button>
        )}
      </div>
    </div>
  );
}
