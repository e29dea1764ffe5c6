// The story of one recovery: what, when, how long nobody could write; then each step, and why.
import { Printer } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useRecovery } from "../../api/queries/recoveries";
import type { Problem, Recovery } from "../../api/types";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Copy } from "../../ui/Copy";
import { Empty } from "../../ui/Empty";
import { Loaded } from "../../ui/Loaded";
import { Note } from "../../ui/Note";
import { PageHeader } from "../../ui/PageHeader";
import { Sentence } from "../../ui/Sentence";
import { severityTone } from "../../ui/status";
import { Time, useNow } from "../../ui/Time";
import { Candidates } from "./Candidates";
import css from "./recoveries.module.css";
import { OutcomeOf, PauseOf, StateOf } from "./Outcome";
import { StepTable } from "./StepTable";
import { timeline } from "./timeline";
import { TimelineChart } from "./TimelineChart";

export function Component() {
  const { t } = useTranslation("recoveries");
  const { id = "" } = useParams();
  const query = useRecovery(id);
  const recovery = query.data;
  const title = recovery
    ? t("of", { kind: t(`kind.${recovery.kind}`), cluster: recovery.cluster })
    : t("one");
  return (
    <>
      <PageHeader
        title={title}
        crumbs={[{ label: t("title"), to: "/recoveries" }]}
        status={recovery && <StateOf recovery={recovery} />}
        actions={
          <Button icon={Printer} onClick={() => window.print()} className={css.unprinted}>
            {t("print")}
          </Button>
        }
      >
        {recovery && <Head recovery={recovery} />}
      </PageHeader>
      <Loaded query={query}>{(recovery) => <Story recovery={recovery} />}</Loaded>
    </>
  );
}

function Head({ recovery }: { recovery: Recovery }) {
  const { t } = useTranslation("recoveries");
  return (
    <div className={css.head} aria-live="polite">
      <p className={css.lead}>
        <OutcomeOf recovery={recovery} />{" "}
        <strong>
          <PauseOf recovery={recovery} />
        </strong>
      </p>
      <p className={css.faint}>
        <Time at={recovery.started_at} full /> · {t("epoch", { epoch: recovery.epoch })} ·{" "}
        <Link to={`/clusters/${recovery.cluster}`}>{recovery.cluster}</Link> ·{" "}
        <Copy text={recovery.id} />
      </p>
    </div>
  );
}

function Story({ recovery }: { recovery: Recovery }) {
  const { t } = useTranslation("recoveries");
  const line = useTimeline(recovery);
  const told = recovery.phases.filter((phase) => phase.name === "hold" || phase.name === "publish");
  return (
    <div className={css.story}>
      <Card title={t("timeline.title")}>
        {line.bars.length === 0 ? (
          <Empty title={t("timeline.none")} />
        ) : (
          <TimelineChart line={line} />
        )}
      </Card>
      <Card title={t(recovery.kind === "failover" ? "steps.sinceSign" : "steps.sinceOrder")} flush>
        <StepTable label={t("steps.all")} phases={recovery.phases} />
      </Card>
      <div className={css.columns}>
        {recovery.problem && <Why problem={recovery.problem} />}
        <Fencing recovery={recovery} />
        {told.length > 0 && (
          <Card title={t("told.title")} flush>
            <StepTable label={t("told.title")} phases={told} />
          </Card>
        )}
      </div>
      {recovery.candidates.length > 0 && (
        <Candidates candidates={recovery.candidates} chosen={recovery.new_primary} />
      )}
    </div>
  );
}

function useTimeline(recovery: Recovery) {
  const now = useNow();
  const since = recovery.started_at === null ? 0 : now - Date.parse(recovery.started_at);
  return timeline(recovery, Math.max(since, 0) * 1000);
}

function Why({ problem }: { problem: Problem }) {
  const { t } = useTranslation("recoveries");
  return (
    <Card
      title={t("why.title")}
      actions={<Badge tone={severityTone(problem.severity)}>{problem.code}</Badge>}
    >
      <div className={css.text}>
        <p>
          <Sentence>{problem.sentence}</Sentence>
        </p>
        <h3>{t("why.evidence")}</h3>
        {problem.evidence.length === 0 ? (
          <p className={css.faint}>{t("why.noEvidence")}</p>
        ) : (
          <ul className={css.evidence}>
            {problem.evidence.map((sentence) => (
              <li key={sentence}>
                <Sentence>{sentence}</Sentence>
              </li>
            ))}
          </ul>
        )}
        <p className={css.faint}>
          <Sentence>{problem.response}</Sentence>
        </p>
      </div>
    </Card>
  );
}

/** An old primary that is not fenced, or only by somebody's word, is told as a warning. */
const DOUBTFUL = new Set(["unfenced", "overridden"]);

function Fencing({ recovery }: { recovery: Recovery }) {
  const { t } = useTranslation("recoveries");
  const { fencing, old_primary: node } = recovery;
  return (
    <Card title={t("fencing.title", { node })} actions={fencing && <code>{fencing.proof}</code>}>
      {fencing === null ? (
        <p className={css.faint}>
          {t(recovery.state === "running" ? "fencing.notYet" : "fencing.none")}
        </p>
      ) : (
        <Note tone={DOUBTFUL.has(fencing.proof) ? "warning" : "info"}>
          <p>
            <Sentence>{fencing.sentence}</Sentence>
          </p>
        </Note>
      )}
    </Card>
  );
}
