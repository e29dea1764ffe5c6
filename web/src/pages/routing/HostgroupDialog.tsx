// A hostgroup's form: what fills it, and what its servers may carry.
import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "../../ui/Button";
import { Field, Input, Select } from "../../ui/Field";
import { Sentence } from "../../ui/Sentence";
import { type HostgroupEntry, type ServerStatus } from "./document";
import {
  blankServer,
  formOf,
  hostgroupOf,
  KINDS,
  LIMITS,
  ROLES,
  STATUSES,
  wrongIn,
  type CapacityForm,
  type HostgroupForm,
  type ServerForm,
} from "./hostgroupForm";
import { isAbout } from "./faults";
import css from "./routing.module.css";
import { ClusterSelect, EditDialog } from "./ShardDialog";
import { useWork } from "./store";
import { useEditing } from "./editing";

export function HostgroupDialog({
  was,
  onClose,
}: {
  was: HostgroupEntry | null;
  onClose: () => void;
}) {
  const { t } = useTranslation("routing");
  const { document } = useEditing();
  const [form, setForm] = useState<HostgroupForm>(() =>
    formOf(was, document?.hostgroups ?? [], Object.keys(document?.clusters ?? {})),
  );
  const set = (change: Partial<HostgroupForm>) => setForm({ ...form, ...change });
  const wrong = wrongIn(form);
  const { faults } = useWork();
  const told = was
    ? faults.filter((fault) => isAbout(fault, { kind: "hostgroup", id: was.id }))
    : [];
  const error = (field: "id" | "name" | "cluster") => {
    if (wrong.has(field)) return t(`hostgroup.wrong.${field}`);
    const fault = told.find((one) => one.field === field);
    return fault && <Sentence>{fault.sentence}</Sentence>;
  };
  return (
    <EditDialog
      size="lg"
      title={was ? t("hostgroup.edit", { id: was.id }) : t("hostgroup.add")}
      edit={{ kind: "hostgroup", id: was?.id ?? Number(form.id), was, to: hostgroupOf(form) }}
      ready={wrong.size === 0}
      onClose={onClose}
    >
      <div className={css.grid}>
        <Field label={t("hostgroup.id")} error={error("id")}>
          <Input
            inputMode="numeric"
            value={form.id}
            onChange={(event) => set({ id: event.target.value })}
            required
          />
        </Field>
        <Field label={t("hostgroup.name")} error={form.name !== "" && error("name")}>
          <Input
            value={form.name}
            onChange={(event) => set({ name: event.target.value })}
            maxLength={63}
            spellCheck={false}
            required
          />
        </Field>
        <Field label={t("hostgroup.for")}>
          <Select
            value={form.kind}
            onChange={(kind) => set({ kind })}
            options={KINDS.map((value) => ({ value, label: t(`hostgroup.kind.${value}`) }))}
          />
        </Field>
        <Field label={t("hostgroup.fill")}>
          <Select
            value={form.fill}
            onChange={(fill) => set({ fill })}
            options={[
              { value: "role", label: t("hostgroup.byRole") },
              { value: "listed", label: t("hostgroup.listed") },
            ]}
          />
        </Field>
        {form.fill === "role" && (
          <>
            <Field label={t("column.cluster")} error={error("cluster")}>
              <ClusterSelect value={form.cluster} onChange={(cluster) => set({ cluster })} />
            </Field>
            <RoleField form={form} onChange={(role) => set({ role })} />
            <CapacityFields capacity={form} wrong={wrong} prefix="" onChange={set} />
          </>
        )}
      </div>
      {form.fill === "listed" && (
        <ServerFields
          servers={form.servers}
          wrong={wrong}
          onChange={(servers) => set({ servers })}
        />
      )}
    </EditDialog>
  );
}

function RoleField({
  form,
  onChange,
}: {
  form: HostgroupForm;
  onChange: (role: HostgroupForm["role"]) => void;
}) {
  const { t } = useTranslation("routing");
  const { t: common } = useTranslation();
  return (
    <Field label={t("hostgroup.role")}>
      <Select
        value={form.role}
        onChange={onChange}
        options={ROLES.map((value) => ({ value, label: common(`role.${value}`) }))}
      />
    </Field>
  );
}

function CapacityFields({
  capacity,
  wrong,
  prefix,
  onChange,
}: {
  capacity: CapacityForm;
  wrong: ReadonlySet<string>;
  prefix: string;
  onChange: (change: Partial<CapacityForm>) => void;
}) {
  const { t } = useTranslation("routing");
  return LIMITS.map(({ field }) => (
    <Field
      key={field}
      label={t(`hostgroup.field.${field}`)}
      error={wrong.has(prefix + field) && t(`hostgroup.wrong.${field}`)}
    >
      <Input
        inputMode="numeric"
        value={capacity[field]}
        aria-invalid={wrong.has(prefix + field)}
        onChange={(event) => onChange({ [field]: event.target.value })}
      />
    </Field>
  ));
}

function ServerFields({
  servers,
  wrong,
  onChange,
}: {
  servers: ServerForm[];
  wrong: ReadonlySet<string>;
  onChange: (servers: ServerForm[]) => void;
}) {
  const { t } = useTranslation("routing");
  const change = (at: number, by: Partial<ServerForm>) =>
    onChange(servers.map((one, place) => (place === at ? { ...one, ...by } : one)));
  return (
    <fieldset className={css.fieldset}>
      <legend>{t("hostgroup.serversOf")}</legend>
      {servers.map((server, at) => (
        <div key={server.key} className={css.grid}>
          <Field
            label={t("column.server")}
            error={
              server.address !== "" && wrong.has(`${at}.address`) && t("hostgroup.wrong.address")
            }
          >
            <Input
              value={server.address}
              placeholder="10.0.0.9:3306"
              spellCheck={false}
              onChange={(event) => change(at, { address: event.target.value })}
              required
            />
          </Field>
          <Field label={t("column.status")}>
            <Select<ServerStatus>
              value={server.status}
              onChange={(status) => change(at, { status })}
              options={STATUSES.map((value) => ({ value, label: t(`status.${value}`) }))}
            />
          </Field>
          <CapacityFields
            capacity={server}
            wrong={wrong}
            prefix={`${at}.`}
            onChange={(by) => change(at, by)}
          />
          <div className={css.removal}>
            <IconButton
              icon={Trash2}
              label={t("hostgroup.removeServer")}
              onClick={() => onChange(servers.toSpliced(at, 1))}
            />
          </div>
        </div>
      ))}
      <div>
        <Button size="sm" icon={Plus} onClick={() => onChange([...servers, blankServer()])}>
          {t("hostgroup.addServer")}
        </Button>
      </div>
    </fieldset>
  );
}
