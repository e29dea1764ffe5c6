// What differs between two versions: item by item, field by field, and which keys move.
import { ArrowRight } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { ConfigChange } from "../../api/types";
import { Badge, type Tone } from "../../ui/Badge";
import { Note } from "../../ui/Note";
import { Sentence } from "../../ui/Sentence";
import css from "./Changes.module.css";

const TONES: Record<ConfigChange["edit"], Tone> = {
  added: "ok",
  removed: "critical",
  changed: "info",
};

export function Changes({ changes }: { changes: ConfigChange[] }) {
  const { t } = useTranslation("config");
  if (changes.length === 0) return <p className={css.faint}>{t("nothing")}</p>;
  return (
    <ul className={css.changes}>
      {changes.map((change) => (
        <li key={`${change.kind} ${change.key}`}>
          <p className={css.item}>
            <Badge tone={TONES[change.edit]}>{t(`edit.${change.edit}`)}</Badge>
            <strong>
              {kindOf(change.kind, t)} {change.key}
            </strong>
          </p>
          <Moves change={change} />
          <Fields change={change} />
        </li>
      ))}
    </ul>
  );
}

/** The changes in a line: the items, while they are few. */
export function Summary({ changes }: { changes: ConfigChange[] }) {
  const { t } = useTranslation("config");
  if (changes.length > 3) return t("items", { count: changes.length });
  return changes.map((change) => `${kindOf(change.kind, t)} ${change.key}`).join(", ");
}

type T = ReturnType<typeof useTranslation<"config">>["t"];

function kindOf(kind: string, t: T): string {
  switch (kind) {
    case "cluster":
    case "keyspace":
    case "hostgroup":
    case "query_rule":
      return t(`kind.${kind}`);
    default:
      return kind;
  }
}

function Moves({ change }: { change: ConfigChange }) {
  const { t } = useTranslation("config");
  const across = change.moves.filter((move) => move.changes_cluster);
  if (change.redivided !== null) {
    return (
      <Note tone="warning">
        <p>
          {t("redivided")} <Sentence>{change.redivided}</Sentence>
        </p>
      </Note>
    );
  }
  if (change.moves.length === 0) return null;
  return (
    <div className={css.moves}>
      <ul>
        {change.moves.map((move) => (
          <li key={move.sentence} className={css.move}>
            {move.per_million !== null && <Part perMillion={move.per_million} />}
            <Sentence>{move.sentence}</Sentence>
            {move.changes_cluster && <Badge tone="warning">{t("copy")}</Badge>}
          </li>
        ))}
      </ul>
      {across.length > 0 && <p className={css.faint}>{t("copyHint")}</p>}
    </div>
  );
}

/** A part of all keys, as a bar beside the sentence that tells it. */
function Part({ perMillion }: { perMillion: number }) {
  return (
    <span className={css.part} aria-hidden>
      <span style={{ width: `${Math.max(perMillion / 10_000, 1)}%` }} />
    </span>
  );
}

/** Of an item that is new or gone every field differs: they are there to be opened. */
function Fields({ change }: { change: ConfigChange }) {
  const { t } = useTranslation("config");
  if (change.fields.length === 0) return null;
  if (change.edit === "changed") return <FieldList change={change} />;
  return (
    <details>
      <summary className={css.faint}>{t("fields", { count: change.fields.length })}</summary>
      <FieldList change={change} />
    </details>
  );
}

function FieldList({ change }: { change: ConfigChange }) {
  const { t } = useTranslation("config");
  return (
    <dl className={css.fields}>
      {change.fields.map((field) => (
        <div key={field.field}>
          <dt>
            <code>{field.field}</code>
          </dt>
          <dd>
            {change.edit !== "added" && <del aria-label={t("before")}>{shown(field.from)}</del>}
            {change.edit === "changed" && <ArrowRight aria-hidden size={12} />}
            {change.edit !== "removed" && <ins aria-label={t("after")}>{shown(field.to)}</ins>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "bigint") return value.toString();
  return typeof value === "string" ? value : JSON.stringify(value);
}
