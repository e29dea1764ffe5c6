// How the live stream stands: a mark in the top bar, a banner while it is lost.
import { useTranslation } from "react-i18next";
import { useLive } from "../api/live";
import { clock } from "../format";
import { Status } from "../ui/Badge";
import { Tooltip } from "../ui/Tooltip";
import css from "./Shell.module.css";

const tones = { connecting: "unknown", live: "ok", lost: "critical" } as const;

export function ConnectionMark() {
  const { t } = useTranslation("shell");
  const { state, instance, leader } = useLive();
  const who = instance && t(leader ? "live.leader" : "live.follower", { instance });
  return (
    <Tooltip text={who ?? t(`live.${state}`)}>
      <span className={css.connection} data-state={state}>
        <Status tone={tones[state]}>{t(`live.${state}`)}</Status>
      </span>
    </Tooltip>
  );
}

/** Says that it is lost, and that it is back, to screen readers as well. */
export function LostBanner() {
  const { t } = useTranslation("shell");
  const { state, since } = useLive();
  return (
    <div aria-live="assertive">
      {state === "lost" && (
        <p className={css.lost}>
          <Status tone="critical">{t("live.lostLong", { at: clock(since) })}</Status>
        </p>
      )}
    </div>
  );
}
