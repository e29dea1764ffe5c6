// How a recovery stands: in a word, and in a sentence.
import { useTranslation } from "react-i18next";
import type { RecoverySummary } from "../../api/types";
import { duration } from "../../format";
import { Status } from "../../ui/Badge";
import { Sentence } from "../../ui/Sentence";
import { runTone } from "../../ui/status";

/** How long nobody could write, where that is known. */
export function unwritable(recovery: RecoverySummary): number | null {
  return recovery.write_pause_us ?? recovery.time_to_writable_us;
}

/** Its state; how long nobody could write, once it is done. */
export function StateOf({ recovery }: { recovery: RecoverySummary }) {
  const { t } = useTranslation("recoveries");
  const took = unwritable(recovery);
  const text =
    recovery.state === "done" && took !== null
      ? t("doneIn", { time: duration(took) })
      : t(`state.${recovery.state}`);
  return <Status tone={runTone(recovery.state)}>{text}</Status>;
}

/** What came of it, as a sentence. */
export function OutcomeOf({ recovery }: { recovery: RecoverySummary }) {
  const { t } = useTranslation("recoveries");
  const { old_primary: from, new_primary: to, abort_reason: why } = recovery;
  if (recovery.state === "aborted") {
    return (
      <>
        {t("outcome.aborted")} {why !== null && <Sentence>{why}</Sentence>}
      </>
    );
  }
  if (recovery.state === "done")
    return to === null ? t("outcome.done") : t("outcome.tookOver", { from, to });
  return to === null ? t("outcome.running", { from }) : t("outcome.runningTo", { from, to });
}

/** How long nobody could write, as a sentence. */
export function PauseOf({ recovery }: { recovery: RecoverySummary }) {
  const { t } = useTranslation("recoveries");
  if (recovery.write_pause_us !== null)
    return t("pause", { time: duration(recovery.write_pause_us) });
  if (recovery.time_to_writable_us !== null)
    return t("writable", { time: duration(recovery.time_to_writable_us) });
  return recovery.state === "running" ? t("notYet") : t("pauseUnknown");
}
