// The pages one can go to without knowing a name.
import {
  Activity,
  Boxes,
  History,
  LifeBuoy,
  Network,
  ScrollText,
  ServerCog,
  Users,
  type LucideIcon,
} from "lucide-react";

type Key =
  | "fleet"
  | "problems"
  | "recoveries"
  | "availability"
  | "routing"
  | "subscribers"
  | "controlPlane"
  | "audit";

export interface PageLink {
  key: Key;
  to: string;
  icon: LucideIcon;
}

export const pages: PageLink[] = [
  { key: "fleet", to: "/", icon: Boxes },
  { key: "problems", to: "/problems", icon: Activity },
  { key: "recoveries", to: "/recoveries", icon: LifeBuoy },
  { key: "availability", to: "/availability", icon: History },
  { key: "routing", to: "/routing", icon: Network },
  { key: "subscribers", to: "/subscribers", icon: Users },
  { key: "controlPlane", to: "/control-plane", icon: ServerCog },
  { key: "audit", to: "/audit", icon: ScrollText },
];
