// A sentence that opens to what it rests on.
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Sentence } from "../../ui/Sentence";
import css from "./Problems.module.css";

export function Told({
  sentence,
  evidence,
  children,
}: {
  sentence: string;
  evidence: readonly string[];
  /** What else there is to say. */
  children?: ReactNode;
}) {
  const { t } = useTranslation("problems");
  if (evidence.length === 0 && !children) return <Sentence>{sentence}</Sentence>;
  return (
    <details className={css.told}>
      <summary>
        <Sentence>{sentence}</Sentence>
      </summary>
      <div className={css.more}>
        {evidence.length > 0 && (
          <>
            <p className={css.faint}>{t("evidence")}</p>
            <ul className={css.evidence}>
              {evidence.map((one) => (
                <li key={one}>
                  <Sentence>{one}</Sentence>
                </li>
              ))}
            </ul>
          </>
        )}
        {children}
      </div>
    </details>
  );
}
