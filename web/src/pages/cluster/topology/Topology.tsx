// The replication tree as a live picture: cards with lines between them, in one accessible tree.
// On a narrow screen the same cards stand as an indented list (see the stylesheet).
import { DndContext, DragOverlay } from "@dnd-kit/core";
import { useMemo, useRef, useState, type CSSProperties, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import type { Cluster } from "../../../api/types";
import { useMay } from "../../../ui/useMay";
import { noDrop } from "../model/drop";
import { draw, isCompact, type Line } from "../model/layout";
import { flowTone } from "../model/standing";
import { grow, inOrder, isArrow, walk } from "../model/tree";
import type { NodeOrder } from "../orders/order";
import { NodeCard } from "./NodeCard";
import css from "./Topology.module.css";
import { useRepointDrag } from "./useRepointDrag";

export function Topology({
  cluster,
  onOrder,
}: {
  cluster: Cluster;
  onOrder: (order: NodeOrder) => void;
}) {
  const { t } = useTranslation("cluster");
  const roots = useMemo(() => grow(cluster), [cluster]);
  const { allowed } = useMay("operate", cluster.name);
  const compact = isCompact(cluster.nodes.length);
  const picture = useMemo(() => draw(roots, compact), [roots, compact]);
  const [chosen, setChosen] = useState(cluster.primary);
  const [menu, setMenu] = useState<string | null>(null);
  const cards = useRef(new Map<string, HTMLElement>());
  const { dragged, context } = useRepointDrag(roots, cluster.primary, (node, source) =>
    onOrder({ kind: "repoint", node, source }),
  );

  const all = inOrder(roots);
  const current = all.some(({ node }) => node.name === chosen) ? chosen : all[0]?.node.name;

  const onKeyDown = (event: KeyboardEvent) => {
    // Keys belong to the tree only while a card itself has the focus: not what stands in it.
    if (current === undefined || event.target !== cards.current.get(current)) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      setMenu(current);
    } else if (isArrow(event.key)) {
      event.preventDefault();
      const next = walk(roots, current, event.key);
      setChosen(next);
      cards.current.get(next)?.focus();
    }
  };

  if (all.length === 0) return <p className={css.help}>{t("tree.empty")}</p>;
  const size = {
    "--width": `${picture.width}px`,
    "--height": `${picture.height}px`,
    "--card-width": `${picture.card.width}px`,
    "--card-height": `${picture.card.height}px`,
  };
  return (
    <DndContext {...context}>
      <div className={css.scroll}>
        <div
          className={css.picture}
          data-compact={compact || undefined}
          style={size as CSSProperties}
        >
          <Lines lines={picture.lines} />
          {/* The keys of a tree are handled where they bubble to; the cards have the focus. */}
          <div
            role="tree"
            className={css.tree}
            tabIndex={-1}
            aria-label={t("tree.label", { cluster: cluster.name })}
            aria-describedby="tree-help"
            onKeyDown={onKeyDown}
          >
            {picture.places.map((place) => {
              const { node, parent } = place.branch;
              const beside = parent?.children ?? roots;
              return (
                <NodeCard
                  key={node.name}
                  place={place}
                  cluster={cluster}
                  current={node.name === current}
                  among={{ size: beside.length, at: beside.indexOf(place.branch) + 1 }}
                  dragged={dragged}
                  noDrop={
                    dragged === null ? null : noDrop(roots, cluster.primary, dragged, node.name)
                  }
                  menuOpen={menu === node.name}
                  onMenu={(open) => setMenu(open ? node.name : null)}
                  onOrder={onOrder}
                  onFocus={() => setChosen(node.name)}
                  register={(card) => {
                    if (card) cards.current.set(node.name, card);
                    else cards.current.delete(node.name);
                  }}
                />
              );
            })}
          </div>
        </div>
      </div>
      <p className={css.help} id="tree-help">
        {t("tree.help")} {allowed && t("tree.helpMove")}
      </p>
      <DragOverlay dropAnimation={null}>
        {dragged !== null && <div className={css.overlay}>{dragged}</div>}
      </DragOverlay>
    </DndContext>
  );
}

/** All trunks below all twigs: a trunk is shared, and says nothing of any replica. */
function Lines({ lines }: { lines: Line[] }) {
  return (
    <svg className={css.lines} aria-hidden="true">
      {lines.map(({ branch, trunk }) => (
        <path key={branch.node.name} d={trunk} style={glide(trunk)} />
      ))}
      {lines.map(({ branch, twig }) => (
        <path
          key={branch.node.name}
          d={twig}
          style={glide(twig)}
          data-tone={flowTone(branch.node)}
        />
      ))}
    </svg>
  );
}

/** The attribute draws; the property is what browsers can let glide. */
const glide = (path: string) => ({ d: `path("${path}")` }) as CSSProperties;
