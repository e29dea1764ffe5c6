// Every version of the configuration: who, when, why and what; any two compared; back to any.
import { FileText, GitCompare, RotateCcw } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useConfig, useConfigDiff, useConfigVersions } from "../../api/queries/config";
import type { ConfigStep } from "../../api/types";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Copy } from "../../ui/Copy";
import { Dialog } from "../../ui/Dialog";
import { ErrorNote } from "../../ui/ErrorNote";
import { Input } from "../../ui/Field";
import { Loaded } from "../../ui/Loaded";
import { Skeleton } from "../../ui/Skeleton";
import { Time } from "../../ui/Time";
import { useMay } from "../../ui/useMay";
import { ChangeDialog } from "./ApplyDialog";
import { Changes, Summary } from "./Changes";
import css from "./Versions.module.css";
import page from "./routing.module.css";

export function Versions() {
  const { t: common } = useTranslation();
  const versions = useConfigVersions();
  const steps = versions.data?.pages.flatMap((page) => page.items) ?? [];
  const head = steps[0]?.version.version ?? null;
  const [asked, setAsked] = useState<{ what: "rollback" | "document"; version: number } | null>(
    null,
  );
  const close = () => setAsked(null);
  return (
    <div className={page.stack}>
      {head !== null && <Compare head={head} />}
      {versions.isError && (
        <ErrorNote error={versions.error} onRetry={() => void versions.refetch()} />
      )}
      {versions.isPending && <Skeleton lines={6} />}
      <ol className={css.versions}>
        {steps.map((step) => (
          <Version
            key={step.version.version}
            step={step}
            isHead={step.version.version === head}
            onRollback={() => setAsked({ what: "rollback", version: step.version.version })}
            onDocument={() => setAsked({ what: "document", version: step.version.version })}
          />
        ))}
      </ol>
      {versions.hasNextPage && (
        <div className={css.more}>
          <Button busy={versions.isFetchingNextPage} onClick={() => void versions.fetchNextPage()}>
            {common("more")}
          </Button>
        </div>
      )}
      {asked?.what === "document" && <DocumentDialog version={asked.version} onClose={close} />}
      {asked?.what === "rollback" && head !== null && (
        <Rollback head={head} to={asked.version} onClose={close} />
      )}
    </div>
  );
}

interface VersionProps {
  step: ConfigStep;
  isHead: boolean;
  onRollback: () => void;
  onDocument: () => void;
}

function Version({ step, isHead, onRollback, onDocument }: VersionProps) {
  const { t } = useTranslation("config");
  const { why } = useMay("administer");
  const { version, at, author, action, reason } = step.version;
  return (
    <li className={css.version}>
      <div className={css.head}>
        <strong>{t("version", { version })}</strong>
        {isHead && <Badge tone="ok">{t("inForce")}</Badge>}
        <span className={css.faint}>
          <Time at={at} /> · {author} · <code>{action}</code>
        </span>
        <span className={css.actions}>
          <Button size="sm" variant="ghost" icon={FileText} onClick={onDocument}>
            {t("document")}
          </Button>
          {!isHead && (
            <Button size="sm" variant="ghost" icon={RotateCcw} refused={why} onClick={onRollback}>
              {t("rollback")}
            </Button>
          )}
        </span>
      </div>
      {reason !== null && <p>{reason}</p>}
      <details>
        <summary>
          {step.changes.length === 0 ? t("nothing") : <Summary changes={step.changes} />}
        </summary>
        <Changes changes={step.changes} />
      </details>
    </li>
  );
}

/** What leads from one version to another; both are in the address. */
function Compare({ head }: { head: number }) {
  const { t } = useTranslation("config");
  const [search, setSearch] = useSearchParams();
  const chosen = (name: string) => {
    const version = Number(search.get(name));
    return Number.isInteger(version) && version >= 1 && version <= head ? version : null;
  };
  const [from, to] = [chosen("from"), chosen("to")];
  const both = from !== null && to !== null && from !== to;
  const diff = useConfigDiff(from ?? 0, to ?? 0, both);
  const set = (name: string, value: string) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        if (value) after.set(name, value);
        else after.delete(name);
        return after;
      },
      { replace: true },
    );
  const number = (name: "from" | "to") => (
    <label className={css.number}>
      {t(name)}
      <Input
        type="number"
        min={1}
        max={head}
        value={search.get(name) ?? ""}
        onChange={(event) => set(name, event.target.value)}
      />
    </label>
  );
  return (
    <Card
      title={
        <span className={css.compare}>
          <GitCompare aria-hidden size={16} /> {t("compare")}
        </span>
      }
      actions={
        <div className={css.numbers}>
          {number("from")}
          {number("to")}
        </div>
      }
    >
      {both ? (
        <Loaded query={diff}>{(diff) => <Changes changes={diff.changes} />}</Loaded>
      ) : (
        <p className={css.faint}>{t("compareHint", { head })}</p>
      )}
    </Card>
  );
}

function Rollback({ head, to, onClose }: { head: number; to: number; onClose: () => void }) {
  const { t } = useTranslation("config");
  return (
    <ChangeDialog
      title={t("rollbackTitle", { version: to })}
      confirm={t("rollbackConfirm", { version: to })}
      wish={{ base: head, version: to }}
      onClose={onClose}
    >
      <p className={css.faint}>{t("rollbackHint")}</p>
    </ChangeDialog>
  );
}

function DocumentDialog({ version, onClose }: { version: number; onClose: () => void }) {
  const { t } = useTranslation("config");
  const config = useConfig(version);
  return (
    <Dialog open onClose={onClose} size="lg" title={t("version", { version })}>
      <Loaded query={config}>
        {(config) => (
          <>
            <Copy text={config.yaml} hidden />
            <pre className={css.yaml}>{config.yaml}</pre>
          </>
        )}
      </Loaded>
    </Dialog>
  );
}
