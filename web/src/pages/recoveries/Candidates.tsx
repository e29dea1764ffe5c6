// What the election found about each replica.
import { useTranslation } from "react-i18next";
import type { Candidate } from "../../api/types";
import { Badge } from "../../ui/Badge";
import { Card } from "../../ui/Card";
import { Copy } from "../../ui/Copy";
import { Sentence } from "../../ui/Sentence";
import { amount } from "./gtid";
import css from "./recoveries.module.css";

export function Candidates({
  candidates,
  chosen,
}: {
  candidates: Candidate[];
  chosen: string | null;
}) {
  const { t } = useTranslation("recoveries");
  // Those without a rank are rejected, and come last.
  const place = (one: Candidate) => one.rank ?? Number.POSITIVE_INFINITY;
  const ordered = candidates.toSorted(
    (one, two) => place(one) - place(two) || one.node.localeCompare(two.node),
  );
  return (
    <Card title={t("candidates.title")}>
      <ol className={css.candidates}>
        {ordered.map((one) => (
          <li key={one.node}>
            <span className={css.rank} aria-hidden>
              {one.rank ?? "×"}
            </span>
            <div className={css.text}>
              <p>
                <strong>{one.node}</strong>{" "}
                {one.node === chosen && <Badge tone="ok">{t("candidates.chosen")}</Badge>}
                {one.rank === null && <Badge tone="critical">{t("candidates.rejected")}</Badge>}
                {one.rank !== null && (
                  <span className="visually-hidden">
                    {t("candidates.rank", { rank: one.rank })}
                  </span>
                )}
              </p>
              {one.reason && (
                <p>
                  <Sentence>{one.reason}</Sentence>
                </p>
              )}
              {one.rejections.map((why) => (
                <p key={why} className={css.rejection}>
                  <Sentence>{why}</Sentence>
                </p>
              ))}
              <Received set={one.received} known={one.rank !== null} />
            </div>
          </li>
        ))}
      </ol>
    </Card>
  );
}

/** What a replica had received, in a line until it is opened. Nothing is also what one that gave no
 *  answer has, and that is never among the ranked. */
function Received({ set, known }: { set: string; known: boolean }) {
  const { t } = useTranslation("recoveries");
  if (set === "") return <p className={css.faint}>{t(known ? "gtid.empty" : "gtid.none")}</p>;
  return (
    <details className={css.gtids}>
      <summary>
        <Amount set={set} />
      </summary>
      <Copy text={set} />
    </details>
  );
}

function Amount({ set }: { set: string }) {
  const { t, i18n } = useTranslation("recoveries");
  const found = amount(set);
  if (found === null) return t("gtid.received");
  const from = t("gtid.sources", { count: found.sources });
  if (found.transactions === null) return from;
  return t("gtid.transactions", {
    transactions: found.transactions.toLocaleString(i18n.language),
    from,
  });
}
