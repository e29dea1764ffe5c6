// Asks for what a split, a merge or a move needs. What it makes is an edit of the draft: nothing is
// in force before the draft is applied.
import { useState, type ReactNode, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Field, Input, Select } from "../../ui/Field";
import { Note } from "../../ui/Note";
import type { KeyspaceEntry } from "./document";
import type { Edit } from "./edits";
import { RefusalText } from "./EditText";
import { middle, type KeyspaceShape } from "./geometry";
import { ownsText } from "./KeyspaceBar";
import type { Refusal } from "./refusal";
import { neighbours } from "./shards";
import { useEditing } from "./editing";
import css from "./routing.module.css";

export interface ShardAction {
  kind: "split" | "merge" | "move";
  shard: string;
}

interface Props {
  keyspace: KeyspaceShape;
  entry: KeyspaceEntry;
  action: ShardAction;
  onClose: () => void;
}

export function ShardDialog(props: Props) {
  switch (props.action.kind) {
    case "split":
      return <SplitDialog {...props} />;
    case "merge":
      return <MergeDialog {...props} />;
    case "move":
      return <MoveDialog {...props} />;
  }
}

function SplitDialog({ keyspace, entry, action: { shard }, onClose }: Props) {
  const { t } = useTranslation("routing");
  const shape = keyspace.shards.find((one) => one.name === shard);
  const [at, setAt] = useState((shape && middle(keyspace, shape)) ?? "");
  const [into, setInto] = useState(() => freeName(entry, shard));
  const [cluster, setCluster] = useState(shape?.cluster ?? "");
  return (
    <EditDialog
      title={t("split.title", { shard })}
      edit={{
        kind: "split",
        keyspace: keyspace.name,
        shard,
        at: at.trim(),
        into: into.trim(),
        cluster,
      }}
      ready={at.trim() !== "" && into.trim() !== ""}
      onClose={onClose}
    >
      {shape && (
        <p>
          {t("split.owns", { shard })} <code>{ownsText(keyspace, shape, t)}</code>
        </p>
      )}
      <Field label={t(`split.at.${keyspace.function}`)} hint={t(`split.hint.${keyspace.function}`)}>
        <Input
          value={at}
          onChange={(event) => setAt(event.target.value)}
          spellCheck={false}
          required
        />
      </Field>
      <Field label={t("split.into")}>
        <Input
          value={into}
          onChange={(event) => setInto(event.target.value)}
          spellCheck={false}
          maxLength={63}
          required
        />
      </Field>
      <Field label={t("split.cluster")} hint={t("split.clusterHint")}>
        <ClusterSelect value={cluster} onChange={setCluster} />
      </Field>
    </EditDialog>
  );
}

function MergeDialog({ keyspace, entry, action: { shard }, onClose }: Props) {
  const { t } = useTranslation("routing");
  const others = neighbours(entry, shard);
  const [other, setOther] = useState(others[0] ?? "");
  const cluster = (name: string) => entry.shards.find((one) => one.name === name)?.cluster;
  return (
    <EditDialog
      title={t("merge.title", { shard })}
      edit={{ kind: "merge", keyspace: keyspace.name, shard, other }}
      ready={other !== ""}
      onClose={onClose}
    >
      <Field label={t("merge.other")} hint={t("merge.hint", { shard })}>
        <Select
          value={other}
          onChange={setOther}
          options={others.map((name) => ({ value: name, label: name }))}
        />
      </Field>
      {cluster(other) !== cluster(shard) && <Note tone="warning">{t("copyRows")}</Note>}
    </EditDialog>
  );
}

function MoveDialog({ keyspace, entry, action: { shard }, onClose }: Props) {
  const { t } = useTranslation("routing");
  const { document } = useEditing();
  const from = entry.shards.find((one) => one.name === shard)?.cluster ?? "";
  const others = Object.keys(document?.clusters ?? {}).filter((name) => name !== from);
  const [to, setTo] = useState(others[0] ?? "");
  return (
    <EditDialog
      title={t("move.title", { shard })}
      edit={{ kind: "move", keyspace: keyspace.name, shard, from, to }}
      ready={to !== ""}
      onClose={onClose}
    >
      <Field label={t("move.to")} hint={t("move.hint", { from })}>
        <Select
          value={to}
          onChange={setTo}
          options={others.map((name) => ({ value: name, label: name }))}
        />
      </Field>
      <Note tone="warning">{t("copyRows")}</Note>
    </EditDialog>
  );
}

/** A form that adds one edit to the draft, or says why it cannot. */
export function EditDialog({
  title,
  edit,
  ready,
  size,
  onClose,
  children,
}: {
  title: string;
  edit: Edit;
  ready: boolean;
  size?: "md" | "lg";
  onClose: () => void;
  children: ReactNode;
}) {
  const { t } = useTranslation("routing");
  const { t: common } = useTranslation();
  const editing = useEditing();
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!ready) return;
    const why = editing.edit(edit);
    setRefusal(why);
    if (!why) onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      size={size}
      footer={
        <>
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button type="submit" form="edit" variant="primary" disabled={!ready}>
            {t("draft.add")}
          </Button>
        </>
      }
    >
      <form id="edit" className={css.form} onSubmit={submit}>
        {children}
        {refusal && (
          <div role="alert">
            <Note tone="error">
              <RefusalText refusal={refusal} />
            </Note>
          </div>
        )}
      </form>
    </Dialog>
  );
}

/** A cluster of the document. */
export function ClusterSelect({
  value,
  onChange,
}: {
  value: string;
  onChange: (cluster: string) => void;
}) {
  const { document } = useEditing();
  const names = Object.keys(document?.clusters ?? {});
  return (
    <Select
      value={value}
      onChange={onChange}
      options={names.map((name) => ({ value: name, label: name }))}
    />
  );
}

/** A name for a new shard: the old one's with the next free number. */
function freeName(entry: KeyspaceEntry, shard: string): string {
  const taken = new Set(entry.shards.map((one) => one.name));
  const stem = shard.replace(/[0-9]+$/, "");
  const numbers = entry.shards.map((_, at) => `${stem}${at}`);
  return [...numbers, `${stem}${entry.shards.length}`].find((name) => !taken.has(name)) ?? "";
}
