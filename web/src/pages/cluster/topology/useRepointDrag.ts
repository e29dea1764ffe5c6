// Dragging a replica onto the node it is to follow, with a pointer, a finger or the keyboard. It only
// says what was dropped where; asking and ordering are the dialog's.
import {
  closestCenter,
  KeyboardSensor,
  MouseSensor,
  pointerWithin,
  TouchSensor,
  useSensor,
  useSensors,
  type Announcements,
  type CollisionDetection,
  type DndContextProps,
  type KeyboardCoordinateGetter,
} from "@dnd-kit/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { targets } from "../model/drop";
import type { Branch } from "../model/tree";

const STEP: Partial<Record<string, 1 | -1>> = {
  ArrowDown: 1,
  ArrowRight: 1,
  ArrowUp: -1,
  ArrowLeft: -1,
};

/** The pointer decides; without one, what is nearest. */
const collide: CollisionDetection = (args) =>
  args.pointerCoordinates ? pointerWithin(args) : closestCenter(args);

/** An arrow key leads to the next node that the dragged one can follow. */
function nextTarget(roots: readonly Branch[], primary: string): KeyboardCoordinateGetter {
  return (event, { active, context }) => {
    const step = STEP[event.code];
    if (!step) return undefined;
    event.preventDefault();
    const all = targets(roots, primary, String(active));
    const at = all.indexOf(String(context.over?.id));
    // From nowhere, the first or the last.
    const to = at < 0 ? (step > 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length;
    const next = all[to];
    const rect = next === undefined ? undefined : context.droppableRects.get(next);
    const dragged = context.collisionRect;
    if (!rect || !dragged) return undefined;
    return {
      x: rect.left + (rect.width - dragged.width) / 2,
      y: rect.top + (rect.height - dragged.height) / 2,
    };
  };
}

export interface RepointDrag {
  /** Name of the node that is dragged now. */
  dragged: string | null;
  /** For DndContext. */
  context: DndContextProps;
}

export function useRepointDrag(
  roots: readonly Branch[],
  primary: string,
  onDrop: (node: string, source: string) => void,
): RepointDrag {
  const { t } = useTranslation("cluster");
  const [dragged, setDragged] = useState<string | null>(null);
  const sensors = useSensors(
    // A click is no drag, and a swipe scrolls.
    useSensor(MouseSensor, { activationConstraint: { distance: 6 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 250, tolerance: 8 } }),
    useSensor(KeyboardSensor, { coordinateGetter: nextTarget(roots, primary) }),
  );
  const announcements: Announcements = {
    onDragStart: ({ active }) => t("drag.lifted", { node: active.id }),
    onDragOver: ({ active, over }) =>
      over
        ? t("drag.over", { node: active.id, source: over.id })
        : t("drag.nowhere", { node: active.id }),
    onDragEnd: ({ active, over }) =>
      over
        ? t("drag.dropped", { node: active.id, source: over.id })
        : t("drag.cancelled", { node: active.id }),
    onDragCancel: ({ active }) => t("drag.cancelled", { node: active.id }),
  };
  return {
    dragged,
    context: {
      sensors,
      collisionDetection: collide,
      accessibility: {
        announcements,
        screenReaderInstructions: { draggable: t("drag.instructions") },
      },
      onDragStart: ({ active }) => setDragged(String(active.id)),
      onDragCancel: () => setDragged(null),
      onDragEnd: ({ active, over }) => {
        setDragged(null);
        if (over) onDrop(String(active.id), String(over.id));
      },
    },
  };
}
