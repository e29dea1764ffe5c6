// A new keyspace: its keys divided evenly among clusters, to be edited further as a draft.
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Checkbox, Field, Input, Select } from "../../ui/Field";
import type { Document, KeyFunction, KeyType } from "./document";
import { ClusterSelect, EditDialog } from "./ShardDialog";
import { evenly, FUNCTIONS, KEY_TYPES } from "./newKeyspace";
import { NAME } from "./names";
import css from "./routing.module.css";

export function KeyspaceDialog({ document, onClose }: { document: Document; onClose: () => void }) {
  const { t } = useTranslation("routing");
  const all = Object.keys(document.clusters);
  const [name, setName] = useState("");
  const [divides, setDivides] = useState<KeyFunction>("hash");
  const [key, setKey] = useState<KeyType>("integer");
  const [modulo, setModulo] = useState("16");
  const [clusters, setClusters] = useState<string[]>(all.slice(0, 1));
  const types = KEY_TYPES[divides];
  const type = types.includes(key) ? key : (types[0] ?? "string");
  const slots = Number(modulo);
  const needsSlots = divides === "md5_mod";
  const right =
    !needsSlots || (Number.isInteger(slots) && slots >= clusters.length && slots <= 65_536);
  const named = NAME.test(name);
  const one = divides === "range" || divides === "lookup";
  const homes = one ? clusters.slice(0, 1) : clusters;
  return (
    <EditDialog
      title={t("keyspace.title")}
      edit={{ kind: "keyspace", name, was: null, to: evenly(divides, type, homes, slots) }}
      ready={named && right && homes.length > 0}
      onClose={onClose}
    >
      <Field
        label={t("keyspace.name")}
        hint={t("nameHint")}
        error={name !== "" && !named && t("nameHint")}
      >
        <Input
          value={name}
          onChange={(event) => setName(event.target.value)}
          maxLength={63}
          spellCheck={false}
          required
        />
      </Field>
      <Field label={t("keyspace.function")} hint={t(`functionHint.${divides}`)}>
        <Select
          value={divides}
          onChange={setDivides}
          options={FUNCTIONS.map((value) => ({ value, label: t(`functionName.${value}`) }))}
        />
      </Field>
      <Field label={t("keyspace.key")}>
        <Select
          value={type}
          onChange={setKey}
          options={types.map((value) => ({ value, label: t(`keyType.${value}`) }))}
        />
      </Field>
      {needsSlots && (
        <Field label={t("keyspace.modulo")}>
          <Input
            type="number"
            min={clusters.length}
            max={65_536}
            value={modulo}
            onChange={(event) => setModulo(event.target.value)}
            required
          />
        </Field>
      )}
      {one ? (
        <Field label={t("keyspace.first")} hint={t("keyspace.firstHint")}>
          <ClusterSelect value={clusters[0] ?? ""} onChange={(cluster) => setClusters([cluster])} />
        </Field>
      ) : (
        <fieldset className={css.fieldset}>
          <legend>{t("keyspace.among")}</legend>
          {all.map((cluster) => (
            <Checkbox
              key={cluster}
              label={cluster}
              checked={clusters.includes(cluster)}
              onChange={(event) =>
                setClusters(
                  all.filter((it) =>
                    it === cluster ? event.target.checked : clusters.includes(it),
                  ),
                )
              }
            />
          ))}
        </fieldset>
      )}
    </EditDialog>
  );
}
