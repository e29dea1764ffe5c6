// What can be ordered of a node, in a menu.
import {
  ArrowLeftRight,
  CircleCheck,
  EllipsisVertical,
  ExternalLink,
  MapPin,
  RefreshCw,
  Siren,
  Split,
  Undo2,
  Wrench,
} from "lucide-react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { Node } from "../../../api/types";
import { IconButton } from "../../../ui/Button";
import { Menu, type MenuItem } from "../../../ui/Menu";
import { useMay } from "../../../ui/useMay";
import { nodePath } from "../model/address";
import { isRebuilding } from "../model/standing";
import type { NodeOrder } from "./order";

export interface NodeMenuProps {
  node: Node;
  isPrimary: boolean;
  onOrder: (order: NodeOrder) => void;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  /** Of the button. */
  tabIndex?: number;
}

export function NodeMenu({
  node,
  isPrimary,
  onOrder,
  open,
  onOpenChange,
  tabIndex,
}: NodeMenuProps) {
  const { t } = useTranslation("cluster");
  const items = useNodeItems(node, isPrimary, onOrder);
  const { allowed, why } = useMay("operate", node.cluster);
  const navigate = useNavigate();
  const visit: MenuItem = {
    label: t("menu.open"),
    icon: ExternalLink,
    onSelect: () => void navigate(nodePath(node.name)),
  };
  return (
    <Menu
      label={
        <>
          {node.name}
          {why !== undefined && <p>{why}</p>}
        </>
      }
      items={allowed ? [visit, "line", ...items] : [visit]}
      open={open}
      onOpenChange={onOpenChange}
    >
      <IconButton
        icon={EllipsisVertical}
        size="sm"
        label={t("menu.label", { name: node.name })}
        tabIndex={tabIndex}
      />
    </Menu>
  );
}

/** The orders that a node can be given in its role, by one who may give any. */
export function useNodeItems(
  node: Node,
  isPrimary: boolean,
  onOrder: (order: NodeOrder) => void,
): (MenuItem | "line")[] {
  const { t } = useTranslation("cluster");
  const { name } = node;
  const { allowed: administers } = useMay("administer", node.cluster);
  const upkeep: MenuItem[] = [
    node.maintenance
      ? {
          label: t("menu.endMaintenance"),
          icon: CircleCheck,
          onSelect: () => onOrder({ kind: "end_maintenance", node: name }),
        }
      : {
          label: t("menu.maintenance"),
          icon: Wrench,
          onSelect: () => onOrder({ kind: "maintenance", node: name }),
        },
  ];
  if (administers)
    upkeep.push({
      label: t("menu.placement"),
      icon: MapPin,
      onSelect: () => onOrder({ kind: "placement", node: name }),
    });
  if (isPrimary) return upkeep;
  return [
    {
      label: t("menu.switchTo"),
      icon: ArrowLeftRight,
      onSelect: () => onOrder({ kind: "switchover", to: name }),
    },
    {
      label: t("menu.repoint"),
      icon: Split,
      onSelect: () => onOrder({ kind: "repoint", node: name, source: null }),
    },
    "line",
    ...upkeep,
    "line",
    {
      label: t("menu.rejoin"),
      icon: Undo2,
      onSelect: () => onOrder({ kind: "rejoin", node: name }),
    },
    {
      label: t("menu.rebuild"),
      icon: RefreshCw,
      danger: true,
      disabled: isRebuilding(node),
      onSelect: () => onOrder({ kind: "rebuild", node: name }),
    },
    {
      label: t("menu.failTo"),
      icon: Siren,
      danger: true,
      onSelect: () => onOrder({ kind: "failover", to: name }),
    },
  ];
}
