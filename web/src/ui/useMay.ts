// Whether who is logged in may do something, and why not.
import { useTranslation } from "react-i18next";
import { lackOf, type Need } from "../api/access";
import { useSession } from "../session";

export interface May {
  allowed: boolean;
  /** Why not, for `refused` of a button or a menu; undefined where it is allowed. */
  why: string | undefined;
}

/** `cluster`: of which cluster; left out for what belongs to none. */
export function useMay(need: Need, cluster: string | null = null): May {
  const { t } = useTranslation("access");
  const session = useSession();
  if (session === null) return { allowed: false, why: t("may.nobody") };
  const { role, name } = session.token;
  const lack = lackOf(session.token, need, cluster);
  if (lack === null) return { allowed: true, why: undefined };
  if (lack === "role") {
    const named = { name, role: t(`role.${role}.name`) };
    return { allowed: false, why: t(`may.${need}`, named) };
  }
  return {
    allowed: false,
    why: cluster === null ? t("may.everyCluster", { name }) : t("may.cluster", { name, cluster }),
  };
}
