// A rule's form, with every field that a document may have.
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Checkbox, Field, Input, Select } from "../../ui/Field";
import { Sentence } from "../../ui/Sentence";
import type { RuleEntry } from "./document";
import { isAbout } from "./faults";
import page from "./routing.module.css";
import { GROUPS, lean, nextId, typed, type Field as RuleField } from "./rules";
import { EditDialog } from "./ShardDialog";
import { useWork } from "./store";
import { useEditing } from "./editing";

type Form = Partial<Record<keyof RuleEntry, string>>;

const FIELDS = GROUPS.flatMap((group) => group.fields);

export function RuleDialog({ was, onClose }: { was: RuleEntry | null; onClose: () => void }) {
  const { t } = useTranslation("routing");
  const { document } = useEditing();
  const { faults } = useWork();
  const [form, setForm] = useState<Form>(() =>
    formOf(was ?? { rule_id: nextId(document?.query_rules ?? []), active: true }),
  );
  const values = FIELDS.map((field) => [field.name, typed(field, form[field.name] ?? "")] as const);
  const wrong = new Set(values.filter(([, value]) => value === null).map(([name]) => name));
  const rule = lean(Object.fromEntries(values) as unknown as RuleEntry);
  const told = was
    ? faults.filter((fault) => isAbout(fault, { kind: "rule", id: was.rule_id }))
    : [];
  return (
    <EditDialog
      size="lg"
      title={was ? t("rule.editTitle", { id: was.rule_id }) : t("rule.add")}
      edit={{ kind: "rule", id: was?.rule_id ?? rule.rule_id, was, to: rule }}
      ready={wrong.size === 0}
      onClose={onClose}
    >
      {GROUPS.map((group) => (
        <fieldset key={group.name} className={page.fieldset}>
          <legend>{t(`rule.group.${group.name}`)}</legend>
          <div className={page.grid}>
            {group.fields.map((field) => (
              <RuleInput
                key={field.name}
                field={field}
                value={form[field.name] ?? ""}
                wrong={wrong.has(field.name)}
                told={told.find((fault) => fault.field === field.name)?.sentence ?? null}
                onChange={(value) => setForm({ ...form, [field.name]: value })}
              />
            ))}
          </div>
        </fieldset>
      ))}
    </EditDialog>
  );
}

function formOf(rule: RuleEntry): Form {
  const said = FIELDS.map(
    (field) => [field.name, String(rule[field.name] ?? field.standard ?? "")] as const,
  );
  return Object.fromEntries(said);
}

interface InputProps {
  field: RuleField;
  value: string;
  wrong: boolean;
  /** What the server found wrong with it. */
  told: string | null;
  onChange: (value: string) => void;
}

function RuleInput({ field, value, wrong, told, onChange }: InputProps) {
  const { t } = useTranslation("routing");
  const { name, input } = field;
  const label = t(`rule.field.${name}`);
  const allowed =
    input.type === "number" && t("rule.allowed", { least: input.least, most: input.most });
  const error = told === null ? wrong && allowed : <Sentence>{told}</Sentence>;
  if (input.type === "truth") {
    return (
      <Checkbox
        label={label}
        checked={value === "true"}
        onChange={(event) => onChange(String(event.target.checked))}
      />
    );
  }
  if (name === "destination_hostgroup") {
    return (
      <Field label={label} error={error}>
        <HostgroupSelect value={value} onChange={onChange} />
      </Field>
    );
  }
  if (input.type === "choice") {
    return (
      <Field label={label} error={error}>
        <ChoiceSelect field={field} values={input.values} value={value} onChange={onChange} />
      </Field>
    );
  }
  return (
    <Field label={label} hint={t(`rule.hint.${name}`)} error={error}>
      <Input
        value={value}
        inputMode={input.type === "number" ? "numeric" : undefined}
        spellCheck={false}
        aria-invalid={wrong}
        required={name === "rule_id"}
        className={input.type === "pattern" ? page.code : undefined}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}

function HostgroupSelect({
  value,
  onChange,
}: {
  value: string;
  onChange: (value: string) => void;
}) {
  const { t } = useTranslation("routing");
  const { document } = useEditing();
  const known = document?.hostgroups ?? [];
  const gone = value !== "" && !known.some((one) => String(one.id) === value);
  return (
    <Select
      value={value}
      onChange={onChange}
      options={[
        { value: "", label: t("rule.nowhere") },
        ...known.map((one) => ({ value: String(one.id), label: `${one.id} ${one.name}` })),
        ...(gone ? [{ value, label: `${value} (${t("rule.noHostgroup")})` }] : []),
      ]}
    />
  );
}

function ChoiceSelect({
  field,
  values,
  value,
  onChange,
}: {
  field: RuleField;
  values: readonly (string | number | boolean)[];
  value: string;
  onChange: (value: string) => void;
}) {
  const { t } = useTranslation("routing");
  const isModifiers = field.name === "re_modifiers";
  const unset = isModifiers ? [] : [{ value: "", label: t("rule.unset") }];
  const words = values.map((one) => ({
    value: String(one),
    label: t(`rule.choice.${word(field.name, one)}`),
  }));
  return <Select value={value} onChange={onChange} options={[...unset, ...words]} />;
}

function word(field: keyof RuleEntry, value: string | number | boolean) {
  if (field === "re_modifiers") return value === "" ? "sensitive" : "caseless";
  if (field === "multiplex")
    return value === 0 ? "multiplexOff" : value === 1 ? "multiplexOn" : "multiplexAsBefore";
  return value === true ? "yes" : "no";
}
