// Query rules in the order they are tried. A rule is moved by dragging its handle, or with the
// handle focused by ↑ and ↓; the rules it passes change their ids with it.
import {
  closestCenter,
  DndContext,
  KeyboardCode,
  PointerSensor,
  useDraggable,
  useDroppable,
  useSensor,
  useSensors,
  type DragEndEvent,
} from "@dnd-kit/core";
import {
  ArrowRight,
  CirclePause,
  CirclePlay,
  EllipsisVertical,
  FileQuestion,
  GripVertical,
  Pencil,
  Plus,
  Trash2,
} from "lucide-react";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { useConfig } from "../../api/queries/config";
import { Badge, Status } from "../../ui/Badge";
import { Button, IconButton } from "../../ui/Button";
import { classes } from "../../ui/class";
import { Empty } from "../../ui/Empty";
import { Loaded } from "../../ui/Loaded";
import { Menu } from "../../ui/Menu";
import { same, type RuleEntry } from "./document";
import { isAbout } from "./faults";
import { RuleDialog } from "./RuleDialog";
import css from "./Rules.module.css";
import page from "./routing.module.css";
import { RuleTester } from "./RuleTester";
import { useMay } from "../../ui/useMay";
import { conditions, reordering } from "./rules";
import { useWork } from "./store";
import { useEditing } from "./editing";

export function Rules() {
  const { t } = useTranslation("routing");
  const config = useConfig();
  const { document } = useEditing();
  const [asked, setAsked] = useState<RuleEntry | "new" | null>(null);
  const { why } = useMay("administer");
  return (
    <Loaded query={config}>
      {() => (
        <div className={page.stack}>
          <RuleTester />
          <div className={page.toolbar}>
            <p className={page.faint}>{t("rule.about")}</p>
            <Button icon={Plus} refused={why} onClick={() => setAsked("new")}>
              {t("rule.add")}
            </Button>
          </div>
          {document?.query_rules.length === 0 ? (
            <Empty icon={FileQuestion} title={t("rule.none")}>
              <p>{t("rule.noneHint")}</p>
            </Empty>
          ) : (
            <List rules={document?.query_rules ?? []} onEdit={setAsked} />
          )}
          {asked !== null && (
            <RuleDialog was={asked === "new" ? null : asked} onClose={() => setAsked(null)} />
          )}
        </div>
      )}
    </Loaded>
  );
}

function List({ rules, onEdit }: { rules: RuleEntry[]; onEdit: (rule: RuleEntry) => void }) {
  const { t } = useTranslation("routing");
  const { edit } = useEditing();
  const [said, setSaid] = useState("");
  const list = useRef<HTMLOListElement>(null);
  const focused = useRef<number | null>(null);
  // The rule that was moved by a key has another id, so another element: the focus goes with it.
  useEffect(() => {
    if (focused.current === null) return;
    list.current?.querySelectorAll<HTMLElement>("[data-handle]")[focused.current]?.focus();
    focused.current = null;
  }, [rules]);
  const move = (from: number, to: number, byKey: boolean) => {
    const moving = reordering(rules, from, to);
    if (!moving || edit({ kind: "order", ...moving })) return;
    if (byKey) focused.current = to;
    setSaid(t("rule.moved", { id: rules[to]?.rule_id ?? 0, place: to + 1, of: rules.length }));
  };
  const onDragEnd = ({ active, over }: DragEndEvent) => {
    if (over) move(Number(active.id), Number(over.id), false);
  };
  const sensors = useSensors(useSensor(PointerSensor, { activationConstraint: { distance: 4 } }));
  return (
    <DndContext sensors={sensors} collisionDetection={closestCenter} onDragEnd={onDragEnd}>
      <ol ref={list} className={css.rules} aria-label={t("rule.list")}>
        {rules.map((rule, at) => (
          <Rule
            key={rule.rule_id}
            rule={rule}
            at={at}
            onEdit={() => onEdit(rule)}
            onMove={(by) => move(at, at + by, true)}
          />
        ))}
      </ol>
      <p className="visually-hidden" role="status">
        {said}
      </p>
    </DndContext>
  );
}

interface RuleProps {
  rule: RuleEntry;
  at: number;
  onEdit: () => void;
  onMove: (by: number) => void;
}

function Rule({ rule, at, onEdit, onMove }: RuleProps) {
  const { t } = useTranslation("routing");
  const { why } = useMay("administer");
  const { setNodeRef: setPlace, isOver } = useDroppable({ id: at });
  const { setNodeRef: setRule, isDragging, listeners, transform } = useDraggable({ id: at });
  const { faults } = useWork();
  const wrong = faults.some((fault) => isAbout(fault, { kind: "rule", id: rule.rule_id }));
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { [KeyboardCode.Up]: -1, [KeyboardCode.Down]: 1 }[event.code];
    if (by === undefined) return;
    event.preventDefault();
    onMove(by);
  };
  const shift = transform ? { transform: `translateY(${transform.y}px)` } : undefined;
  return (
    <li ref={setPlace} className={classes(isOver && !isDragging && css.over)}>
      <div
        ref={setRule}
        style={shift}
        className={classes(
          css.rule,
          !rule.active && css.inactive,
          isDragging && css.dragged,
          wrong && css.wrong,
        )}
      >
        <button
          type="button"
          data-handle
          className={css.handle}
          aria-label={t("rule.handle", { id: rule.rule_id, place: at + 1 })}
          title={why ?? t("rule.handleHint")}
          disabled={why !== undefined}
          onPointerDown={(event) => {
            listeners?.onPointerDown?.(event);
          }}
          onKeyDown={onKeyDown}
        >
          <GripVertical aria-hidden size={16} />
        </button>
        <span className={css.id}>{rule.rule_id}</span>
        <What rule={rule} />
        <Where rule={rule} />
        <RuleMenu rule={rule} onEdit={onEdit} />
      </div>
    </li>
  );
}

/** What it asks of a statement. */
function What({ rule }: { rule: RuleEntry }) {
  const { t } = useTranslation("routing");
  const { head } = useEditing();
  const asked = conditions(rule);
  const before = head?.document.query_rules.find((one) => one.rule_id === rule.rule_id);
  return (
    <div className={css.what}>
      <p className={css.marks}>
        {!rule.active && <Badge tone="warning">{t("rule.inactive")}</Badge>}
        {!before && <Badge tone="ok">{t("map.new")}</Badge>}
        {before && !same(before, rule) && <Badge tone="info">{t("map.changed")}</Badge>}
        {rule.comment && <span className={css.comment}>{rule.comment}</span>}
      </p>
      {asked.length === 0 && <p>{t("rule.everything")}</p>}
      {asked.map((one) => (
        <p key={one.field}>
          <span className={css.field}>
            {t(one.negated ? `rule.not.${patternOf(one.field)}` : `rule.is.${one.field}`)}
          </span>{" "}
          <code className={css.pattern}>{one.value}</code>
        </p>
      ))}
    </div>
  );
}

function patternOf(field: string): "match_digest" | "match_pattern" {
  return field === "match_digest" ? "match_digest" : "match_pattern";
}

/** What it does with a statement. */
function Where({ rule }: { rule: RuleEntry }) {
  const { t } = useTranslation("routing");
  const { document } = useEditing();
  const id = rule.destination_hostgroup;
  const hostgroup = document?.hostgroups.find((one) => one.id === id);
  return (
    <div className={css.where}>
      {id !== undefined && (
        <p>
          <ArrowRight aria-hidden size={12} /> <strong>{id}</strong>{" "}
          {hostgroup?.name ?? t("rule.noHostgroup")}
        </p>
      )}
      {rule.error_msg !== undefined && (
        <Status tone="critical">{t("rule.refuses", { error: rule.error_msg })}</Status>
      )}
      {rule.flagOUT !== undefined && <p>{t("rule.flagOut", { flag: rule.flagOUT })}</p>}
      <p className={page.faint}>{rule.apply ? t("rule.ends") : t("rule.goesOn")}</p>
    </div>
  );
}

function RuleMenu({ rule, onEdit }: { rule: RuleEntry; onEdit: () => void }) {
  const { t } = useTranslation("routing");
  const { why } = useMay("administer");
  const { edit } = useEditing();
  const id = rule.rule_id;
  const change = (to: RuleEntry | null) => void edit({ kind: "rule", id, was: rule, to });
  return (
    <Menu
      refused={why}
      items={[
        { label: t("rule.edit"), icon: Pencil, onSelect: onEdit },
        {
          label: t(rule.active ? "rule.deactivate" : "rule.activate"),
          icon: rule.active ? CirclePause : CirclePlay,
          onSelect: () => change({ ...rule, active: !rule.active }),
        },
        "line",
        { label: t("rule.remove"), icon: Trash2, danger: true, onSelect: () => change(null) },
      ]}
    >
      <IconButton
        size="sm"
        icon={EllipsisVertical}
        label={t("rule.actions", { id })}
        refused={why}
      />
    </Menu>
  );
}
