// What is routed where: shards, hostgroups, query rules, and the versions of all that.
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useBlocker } from "react-router";
import { useRouting } from "../../api/queries/routing";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { PageHeader } from "../../ui/PageHeader";
import { Tabs } from "../../ui/Tabs";
import { DraftBar } from "./DraftBar";
import { EditingContext, useEdited } from "./editing";
import { Hostgroups } from "./Hostgroups";
import { Rules } from "./Rules";
import { ShardMap } from "./ShardMap";
import { discard, useWork } from "./store";
import { Versions } from "./Versions";

export function Component() {
  const { t } = useTranslation("routing");
  const { t: config } = useTranslation("config");
  const { data: table } = useRouting();
  const editing = useEdited();
  return (
    <EditingContext value={editing}>
      <PageHeader
        title={t("title")}
        status={table && <span>{t("revision", { revision: table.revision })}</span>}
      />
      <DraftBar />
      <DraftGuard />
      <Tabs
        label={t("title")}
        tabs={[
          { id: "shards", label: t("tab.shards"), content: <ShardMap /> },
          { id: "hostgroups", label: t("tab.hostgroups"), content: <Hostgroups /> },
          { id: "rules", label: t("tab.rules"), content: <Rules /> },
          { id: "versions", label: config("title"), content: <Versions /> },
        ]}
      />
    </EditingContext>
  );
}

/** Who leaves with an unsaved draft is asked first. */
function DraftGuard() {
  const { t } = useTranslation("routing");
  const { draft } = useWork();
  const unsaved = draft !== null;
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) =>
      unsaved && currentLocation.pathname !== nextLocation.pathname,
  );
  useEffect(() => {
    if (!unsaved) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [unsaved]);
  if (blocker.state !== "blocked") return null;
  const leave = () => {
    discard();
    blocker.proceed();
  };
  return (
    <Dialog
      open
      onClose={() => blocker.reset()}
      title={t("leave.title")}
      footer={
        <>
          <Button variant="danger" onClick={leave}>
            {t("leave.discard")}
          </Button>
          <Button variant="primary" onClick={() => blocker.reset()}>
            {t("leave.stay")}
          </Button>
        </>
      }
    >
      <p>{t("leave.text", { count: draft?.edits.length ?? 0 })}</p>
    </Dialog>
  );
}
