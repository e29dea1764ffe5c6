// Others came first: what they changed, and the offer to make the draft again on top of it.
import { useTranslation } from "react-i18next";
import { useConfigDiff } from "../../api/queries/config";
import { Button } from "../../ui/Button";
import { Loaded } from "../../ui/Loaded";
import { Note } from "../../ui/Note";
import { Changes } from "./Changes";
import type { Base } from "./draft";
import css from "./DraftBar.module.css";
import { redo } from "./store";

export function Overtaken({ base, head }: { base: number; head: Base }) {
  const { t } = useTranslation("routing");
  const between = useConfigDiff(base, head.version);
  return (
    <div className={css.lost}>
      <Note tone="warning">
        <p>{t("draft.overtaken", { base, head: head.version })}</p>
        <div className={css.between}>
          <Loaded query={between}>{(diff) => <Changes changes={diff.changes} />}</Loaded>
        </div>
        <Button size="sm" variant="primary" onClick={() => redo(head)}>
          {t("draft.redo", { head: head.version })}
        </Button>
      </Note>
    </div>
  );
}
