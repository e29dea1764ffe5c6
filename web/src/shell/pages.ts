// The pages one can go to without knowing a name.
import {
  Activity,
  Boxes,
  History,
  KeyRound,
  LifeBuoy,
  Network,
  ScrollText,
  ServerCog,
  Users,
  type LucideIcon,
} from "lucide-react";
import { useMemo } from "react";
import { lackOf, type Need } from "../api/access";
import { useSession } from "../session";

type Key =
  | "fleet"
  | "problems"
  | "recoveries"
  | "availability"
  | "routing"
  | "subscribers"
  | "controlPlane"
  | "audit"
  | "tokens";

export interface PageLink {
  key: Key;
  to: string;
  icon: LucideIcon;
  /** Only who may do that has any use for it. */
  need?: Need;
}

const pages: PageLink[] = [
  { key: "fleet", to: "/", icon: Boxes },
  { key: "problems", to: "/problems", icon: Activity },
  { key: "recoveries", to: "/recoveries", icon: LifeBuoy },
  { key: "availability", to: "/availability", icon: History },
  { key: "routing", to: "/routing", icon: Network },
  { key: "subscribers", to: "/subscribers", icon: Users },
  { key: "controlPlane", to: "/control-plane", icon: ServerCog },
  { key: "audit", to: "/audit", icon: ScrollText },
  { key: "tokens", to: "/tokens", icon: KeyRound, need: "administer" },
];

/** Those that are any use to who is logged in. */
export function usePages(): PageLink[] {
  const token = useSession()?.token;
  return useMemo(
    () => pages.filter(({ need }) => !need || (token && lackOf(token, need, null) === null)),
    [token],
  );
}
