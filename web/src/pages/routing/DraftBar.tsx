// The unsaved draft: what is in it, what is wrong with it, and what becomes of it.
import { ChevronDown, GitCompare, Undo2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Button, IconButton } from "../../ui/Button";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { Note } from "../../ui/Note";
import { Sentence } from "../../ui/Sentence";
import { useMay } from "../../ui/useMay";
import { ApplyDialog } from "./ApplyDialog";
import type { Draft } from "./draft";
import css from "./DraftBar.module.css";
import { EditText, RefusalText } from "./EditText";
import { itemSearch, itemText } from "./itemText";
import { Overtaken } from "./Overtaken";
import { discard, forgetMisfits, takeBack, useWork } from "./store";
import { useEditing } from "./editing";

export function DraftBar() {
  const { draft, misfits } = useWork();
  const { head } = useEditing();
  const overtaken = draft && head && head.version > draft.base.version;
  return (
    <>
      {misfits.length > 0 && <Lost />}
      {overtaken && <Overtaken base={draft.base.version} head={head} />}
      {draft && <Bar draft={draft} ready={!overtaken} />}
    </>
  );
}

function Bar({ draft, ready }: { draft: Draft; ready: boolean }) {
  const { t } = useTranslation("routing");
  const { why } = useMay("administer");
  const [open, setOpen] = useState(false);
  const [asked, setAsked] = useState<"apply" | "discard" | null>(null);
  const close = () => setAsked(null);
  return (
    <section className={css.bar} aria-label={t("draft.title")}>
      <div className={css.row}>
        <p className={css.what}>
          <strong>{t("draft.title")}</strong>{" "}
          {t("draft.edits", { count: draft.edits.length, version: draft.base.version })}
        </p>
        <Button
          size="sm"
          variant="ghost"
          icon={ChevronDown}
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          {t("draft.list")}
        </Button>
        <Button size="sm" onClick={() => setAsked("discard")}>
          {t("draft.discard")}
        </Button>
        <Button
          size="sm"
          variant="primary"
          icon={GitCompare}
          refused={why}
          disabled={!ready}
          onClick={() => setAsked("apply")}
        >
          {t("draft.preview")}
        </Button>
      </div>
      {open && <Edits draft={draft} />}
      <Faults />
      {asked === "apply" && <ApplyDialog draft={draft} onClose={close} />}
      <ConfirmDialog
        open={asked === "discard"}
        onClose={close}
        title={t("draft.discardTitle")}
        confirm={t("draft.discard")}
        danger
        onConfirm={() => {
          discard();
          return Promise.resolve();
        }}
      >
        <Edits draft={draft} fixed />
      </ConfirmDialog>
    </section>
  );
}

function Edits({ draft, fixed = false }: { draft: Draft; fixed?: boolean }) {
  const { t } = useTranslation("routing");
  return (
    <ol className={css.edits}>
      {draft.edits.map((edit, at) => (
        <li key={at}>
          <span>
            <EditText edit={edit} />
          </span>
          {!fixed && (
            <IconButton
              size="sm"
              icon={Undo2}
              label={t("draft.takeBack")}
              onClick={() => takeBack(at)}
            />
          )}
        </li>
      ))}
    </ol>
  );
}

function Faults() {
  const { t } = useTranslation("routing");
  const { faults } = useWork();
  if (faults.length === 0) return null;
  return (
    <Note tone="error">
      <p>{t("draft.wrong")}</p>
      <ul className={css.list}>
        {faults.map((fault) => (
          <li key={`${fault.field} ${fault.sentence}`}>
            <Link to={itemSearch(fault.item)}>{itemText(fault.item, t)}</Link>{" "}
            {fault.field && <code>{fault.field}</code>} <Sentence>{fault.sentence}</Sentence>
          </li>
        ))}
      </ul>
    </Note>
  );
}

/** Edits that did not fit when the draft was made again. */
function Lost() {
  const { t } = useTranslation("routing");
  const { misfits } = useWork();
  return (
    <div className={css.lost}>
      <Note tone="warning">
        <p>{t("draft.lost", { count: misfits.length })}</p>
        <ul className={css.list}>
          {misfits.map(({ edit, refusal }, at) => (
            <li key={at}>
              <EditText edit={edit} />: <RefusalText refusal={refusal} />
            </li>
          ))}
        </ul>
        <Button size="sm" onClick={forgetMisfits}>
          {t("draft.read")}
        </Button>
      </Note>
    </div>
  );
}
