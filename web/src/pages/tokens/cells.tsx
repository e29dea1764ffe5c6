// What a token's row and its card say alike.
import { useTranslation } from "react-i18next";
import type { Token } from "../../api/types";
import { useSession } from "../../session";
import { Badge, Status, type Tone } from "../../ui/Badge";
import { Time, useNow } from "../../ui/Time";
import { stateOf, type State } from "./tokens";
import css from "./Tokens.module.css";

const TONES: Record<State, Tone> = { good: "ok", expired: "neutral", revoked: "critical" };

export function Name({ of: { id, name } }: { of: Token }) {
  const { t } = useTranslation("tokens");
  const own = useSession()?.token.id === id;
  return (
    <>
      <strong className={css.name}>{name}</strong>{" "}
      {own && <Badge tone="accent">{t("yours")}</Badge>}
      <div className={css.faint}>
        <code>{id}</code>
      </div>
    </>
  );
}

export function Clusters({ of: { clusters } }: { of: Token }) {
  const { t } = useTranslation("access");
  return clusters.length === 0 ? t("everyCluster") : clusters.join(", ");
}

export function StateOf({ token }: { token: Token }) {
  const { t } = useTranslation("tokens");
  const state = stateOf(token, useNow());
  const { revoked_by: who, revoked_at: at } = token;
  return (
    <>
      <Status tone={TONES[state]}>{t(`state.${state}`)}</Status>
      {at !== null && (
        <div className={css.faint}>
          <Time at={at} /> {who !== null && t("by", { who })}
        </div>
      )}
    </>
  );
}

export function Made({ of: { created_at: at, created_by: who } }: { of: Token }) {
  const { t } = useTranslation("tokens");
  return (
    <>
      <Time at={at} />
      <div className={css.faint}>{t("by", { who })}</div>
    </>
  );
}

export function Expires({ of: { expires_at: at } }: { of: Token }) {
  const { t } = useTranslation("tokens");
  return at === null ? t("never") : <Time at={at} />;
}

export function LastUse({ of: { last_used_at: at, last_used_from: from } }: { of: Token }) {
  const { t } = useTranslation("tokens");
  if (at === null) return t("neverUsed");
  return (
    <>
      <Time at={at} />
      {from !== null && <div className={css.faint}>{t("usedFrom", { from })}</div>}
    </>
  );
}
