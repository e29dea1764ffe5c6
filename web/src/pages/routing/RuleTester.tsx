// Tries a statement: which rules fire and why, where it goes, and whether it only reads. Against
// the rules in force, or those of the unsaved draft.
import { FlaskConical } from "lucide-react";
import { useState, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";
import { useRuleTest } from "../../api/queries/routing";
import type { RuleTest } from "../../api/types";
import { Badge, Status } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { classes } from "../../ui/class";
import { ErrorNote } from "../../ui/ErrorNote";
import { Checkbox, Field, Input, TextArea } from "../../ui/Field";
import { Sentence } from "../../ui/Sentence";
import css from "./routing.module.css";
import { useEditing } from "./editing";

export function RuleTester() {
  const { t } = useTranslation("routing");
  const { document, isDraft } = useEditing();
  const [sql, setSql] = useState("");
  const [username, setUsername] = useState("");
  const [schemaname, setSchemaname] = useState("");
  const [ofDraft, setOfDraft] = useState(true);
  const test = useRuleTest();
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (sql.trim() === "") return;
    test.mutate({
      sql,
      username: username || undefined,
      schemaname: schemaname || undefined,
      document: isDraft && ofDraft ? { ...document } : undefined,
    });
  };
  return (
    <Card title={t("test.title")}>
      <form className={css.form} onSubmit={submit}>
        <Field label={t("test.sql")}>
          <TextArea
            rows={2}
            value={sql}
            onChange={(event) => setSql(event.target.value)}
            className={css.code}
            spellCheck={false}
            required
          />
        </Field>
        <div className={css.grid}>
          <Field label={t("rule.field.username")}>
            <Input
              value={username}
              onChange={(event) => setUsername(event.target.value)}
              autoComplete="off"
              spellCheck={false}
            />
          </Field>
          <Field label={t("rule.field.schemaname")}>
            <Input
              value={schemaname}
              onChange={(event) => setSchemaname(event.target.value)}
              autoComplete="off"
              spellCheck={false}
            />
          </Field>
          <div className={css.submit}>
            <Button
              type="submit"
              variant="primary"
              icon={FlaskConical}
              busy={test.isPending}
              disabled={sql.trim() === ""}
            >
              {t("test.try")}
            </Button>
            {isDraft && (
              <Checkbox
                label={t("test.draft")}
                checked={ofDraft}
                onChange={(event) => setOfDraft(event.target.checked)}
              />
            )}
          </div>
        </div>
      </form>
      <div aria-live="polite">
        {test.error && <ErrorNote error={test.error} />}
        {test.data && <Result result={test.data} />}
      </div>
    </Card>
  );
}

function Result({ result }: { result: RuleTest }) {
  const { t } = useTranslation("routing");
  return (
    <div className={css.result}>
      <p className={css.lead}>
        <Destination result={result} />
      </p>
      {result.statement && (
        <p>
          <Badge tone={result.statement.reads ? "info" : "warning"}>
            {t(result.statement.reads ? "test.reads" : "test.writes")}
          </Badge>{" "}
          <Sentence>{result.statement.sentence}</Sentence>
        </p>
      )}
      <p>
        <span className={css.faint}>{t("test.digest")}</span>{" "}
        <code className={css.digest}>{result.digest}</code>
      </p>
      {result.steps.length > 0 && (
        <div className={css.scroll}>
          <table className={css.table} aria-label={t("test.steps")}>
            <thead>
              <tr>
                <th scope="col" className={classes(css.number, css.slim)}>
                  {t("column.rule")}
                </th>
                <th scope="col" className={css.slim}>
                  {t("column.matched")}
                </th>
                <th scope="col">{t("column.why")}</th>
              </tr>
            </thead>
            <tbody>
              {result.steps.map((step) => (
                <tr key={step.rule_id} className={classes(!step.matched && css.faint)}>
                  <th scope="row" className={css.number}>
                    {step.rule_id}
                  </th>
                  <td>
                    <Status tone={step.matched ? "ok" : "neutral"}>
                      {t(step.matched ? "test.yes" : "test.no")}
                    </Status>
                  </td>
                  <td className={css.wrap}>
                    <Sentence>{step.sentence}</Sentence>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function Destination({ result: { outcome, statement } }: { result: RuleTest }) {
  const { t } = useTranslation("routing");
  const { destination_hostgroup: id, chosen_by: rule, error_msg: error } = outcome;
  if (typeof error === "string") return t("test.refused", { error });
  if (id !== null) {
    const name = outcome.hostgroup_name ?? t("rule.noHostgroup");
    return rule === null ? t("test.goes", { id, name }) : t("test.goesBy", { id, name, rule });
  }
  return t(statement?.reads ? "test.anyReplica" : "test.primary");
}
