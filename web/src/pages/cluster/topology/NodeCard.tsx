// A node in the picture: its name, how it stands, and what is special about it. A replica can be
// dragged, by the card with a pointer and by its handle with the keyboard; any node is a place to drop.
// Its text, beginning with its name, is what it is called to those who hear it.
import { useDraggable, useDroppable } from "@dnd-kit/core";
import { Crown, GripVertical } from "lucide-react";
import type { CSSProperties } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Cluster } from "../../../api/types";
import { useMay } from "../../../ui/useMay";
import { nodePath } from "../model/address";
import type { NoDrop } from "../model/drop";
import type { Place } from "../model/layout";
import { health, healthTone } from "../model/standing";
import type { Branch } from "../model/tree";
import { NodeMenu } from "../orders/NodeMenu";
import type { NodeOrder } from "../orders/order";
import { HealthOf, TaskOf } from "../Standing";
import { NodeBadges } from "./NodeBadges";
import css from "./Topology.module.css";

export interface NodeCardProps {
  place: Place;
  cluster: Cluster;
  /** Whether it is the one of the tree that the Tab key leads to. */
  current: boolean;
  /** How many stand beside it below the same source, and which of them it is, from 1. */
  among: { size: number; at: number };
  /** Name of the node that is dragged now. */
  dragged: string | null;
  /** Why that one cannot be dropped here. */
  noDrop: NoDrop | null;
  menuOpen: boolean;
  onMenu: (open: boolean) => void;
  onOrder: (order: NodeOrder) => void;
  onFocus: () => void;
  register: (card: HTMLElement | null) => void;
}

export function NodeCard(props: NodeCardProps) {
  const { place, cluster, current, among, dragged, noDrop, onFocus, register } = props;
  const { branch, x, y } = place;
  const { node } = branch;
  const { t } = useTranslation("cluster");
  const isPrimary = node.name === cluster.primary;
  const { allowed } = useMay("operate", cluster.name);
  const stays = isPrimary || !allowed;
  const {
    setNodeRef: setDragged,
    setActivatorNodeRef: setHandle,
    listeners,
    attributes,
  } = useDraggable({ id: node.name, disabled: stays });
  const { setNodeRef: setTarget, isOver } = useDroppable({
    id: node.name,
    disabled: dragged === null || noDrop !== null,
  });
  // The keys are the handle's: on the card they are the tree's.
  const { onKeyDown: liftByKey, ...liftByPointer } = listeners ?? {};
  const position = { "--x": `${x}px`, "--y": `${y}px`, "--depth": branch.depth };
  return (
    <div
      ref={(card) => {
        register(card);
        setDragged(card);
        setTarget(card);
      }}
      role="treeitem"
      tabIndex={current ? 0 : -1}
      aria-selected={current}
      aria-level={branch.depth + 1}
      aria-setsize={among.size}
      aria-posinset={among.at}
      aria-expanded={branch.children.length > 0 || undefined}
      data-node={node.name}
      data-tone={healthTone(health(node))}
      data-lifted={dragged === node.name || undefined}
      data-drop={dragged === null ? undefined : dropState(noDrop, isOver)}
      className={css.card}
      style={position as CSSProperties}
      onFocus={onFocus}
      {...liftByPointer}
    >
      <div className={css.head}>
        <Name branch={branch} isPrimary={isPrimary} current={current} />
        <HealthOf node={node} />
        {!stays && (
          <button
            ref={setHandle}
            type="button"
            className={css.handle}
            tabIndex={current ? 0 : -1}
            aria-label={t("tree.move", { name: node.name })}
            aria-describedby={attributes["aria-describedby"]}
            onKeyDown={(event) => {
              (liftByKey as ((event: unknown) => void) | undefined)?.(event);
            }}
          >
            <GripVertical aria-hidden size={14} />
          </button>
        )}
        <NodeMenu
          node={node}
          isPrimary={isPrimary}
          onOrder={props.onOrder}
          open={props.menuOpen}
          onOpenChange={props.onMenu}
          tabIndex={current ? 0 : -1}
        />
      </div>
      <div className={css.task}>
        <TaskOf node={node} />
      </div>
      <Facts branch={branch} />
      <div className={css.badges}>
        <NodeBadges branch={branch} cluster={cluster} />
      </div>
      {dragged !== null && noDrop !== null && noDrop !== "itself" && (
        <p className={css.noDrop}>{t(`drag.no.${noDrop}`)}</p>
      )}
    </div>
  );
}

function dropState(noDrop: NoDrop | null, isOver: boolean): "no" | "yes" | "over" {
  if (noDrop !== null) return "no";
  return isOver ? "over" : "yes";
}

function Name({
  branch: { node },
  isPrimary,
  current,
}: {
  branch: Branch;
  isPrimary: boolean;
  current: boolean;
}) {
  const { t } = useTranslation();
  return (
    <>
      <Link
        to={nodePath(node.name)}
        tabIndex={current ? 0 : -1}
        className={css.name}
        draggable={false}
      >
        {node.name}
      </Link>
      {isPrimary && (
        <span className={css.crown} title={t("role.primary")}>
          <Crown aria-hidden size={14} />
        </span>
      )}
      <span className="visually-hidden">{t(`role.${node.role}`)}</span>
    </>
  );
}

function Facts({ branch: { node } }: { branch: Branch }) {
  return (
    <div className={css.facts}>
      <span>{node.address}</span>
      {node.version && <span>{node.version}</span>}
      {node.zone && <span>{node.zone}</span>}
    </div>
  );
}
