// What a draft would change, and putting it in force with a reason.
//
// A refusal that names fields closes nothing: the faults are shown in the draft's bar and at their
// fields as well.
import { useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useQueryClient } from "@tanstack/react-query";
import { ApiError } from "../../api/client";
import { useConfigChange } from "../../api/queries/config";
import type { ConfigOutcome } from "../../api/types";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ErrorNote } from "../../ui/ErrorNote";
import { Field, Input } from "../../ui/Field";
import { notify } from "../../ui/notices";
import { Skeleton } from "../../ui/Skeleton";
import { Changes } from "./Changes";
import type { Draft } from "./draft";
import { faults } from "./faults";
import { blame, discard } from "./store";

export function ApplyDialog({ draft, onClose }: { draft: Draft; onClose: () => void }) {
  const { t } = useTranslation("routing");
  const cache = useQueryClient();
  const onError = (error: Error) => {
    if (!(error instanceof ApiError)) return;
    blame(faults(error.problem, draft.document));
    if (error.problem.conflict === null) return;
    // The page says what others did, and offers to go on from there.
    void cache.invalidateQueries({ queryKey: ["config", "head"] });
    window.scrollTo({ top: 0 });
    onClose();
  };
  return (
    <ChangeDialog
      title={t("apply.title")}
      confirm={t("apply.confirm")}
      wish={{ base: draft.base.version, document: draft.document }}
      onClose={onClose}
      onError={onError}
      onMade={discard}
    />
  );
}

/** Previews a change, and makes it once there is a reason. */
export function ChangeDialog({
  title,
  confirm,
  wish,
  onClose,
  onError,
  onMade,
  children,
}: {
  title: string;
  confirm: string;
  wish: { base: number } & ({ document: unknown } | { version: number });
  onClose: () => void;
  onError?: (error: Error) => void;
  onMade?: () => void;
  children?: ReactNode;
}) {
  const { t } = useTranslation("routing");
  const { t: common } = useTranslation();
  const [reason, setReason] = useState("");
  const { mutate: preview, data: rehearsed, error: refused } = useConfigChange();
  const change = useConfigChange();
  // Once: what is to be put in force does not change while the dialog is open.
  const [asked] = useState(wish);
  useEffect(() => {
    preview({ ...asked, reason: "preview", dryRun: true }, { onError });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `onError` is the caller's, new each time.
  }, [asked, preview]);
  const apply = () =>
    change.mutate(
      { ...asked, reason: reason.trim(), dryRun: false },
      {
        onError,
        onSuccess: (outcome) => {
          notify(madeText(outcome, t));
          onMade?.();
          onClose();
        },
      },
    );
  const changes = rehearsed?.changes ?? [];
  const ready = changes.length > 0 && reason.trim() !== "";
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      size="lg"
      footer={
        <>
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button
            variant="primary"
            type="submit"
            form="change"
            disabled={!ready}
            busy={change.isPending}
          >
            {confirm}
          </Button>
        </>
      }
    >
      {children}
      <form
        id="change"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !change.isPending) apply();
        }}
      >
        <Field label={common("reason")} hint={t("apply.reasonHint")}>
          <Input
            value={reason}
            onChange={(event) => setReason(event.target.value)}
            maxLength={400}
            required
          />
        </Field>
      </form>
      {(change.error ?? refused) && <ErrorNote error={change.error ?? refused} />}
      {rehearsed && <Changes changes={changes} />}
      {!rehearsed && !refused && <Skeleton lines={4} />}
    </Dialog>
  );
}

function madeText(
  outcome: ConfigOutcome,
  t: ReturnType<typeof useTranslation<"routing">>["t"],
): string {
  if (outcome.made === null) return t("apply.same");
  const { acked, subscribers } = outcome;
  return t("apply.made", { version: outcome.made.version, acked, subscribers });
}
