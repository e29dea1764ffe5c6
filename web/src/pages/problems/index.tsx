// What is wrong now, and what happened.
import { useTranslation } from "react-i18next";
import { PageHeader } from "../../ui/PageHeader";
import { Tabs } from "../../ui/Tabs";
import { History } from "./History";
import { Now } from "./Now";

export function Component() {
  const { t } = useTranslation("problems");
  return (
    <>
      <PageHeader title={t("title")} />
      <Tabs
        label={t("title")}
        tabs={[
          { id: "now", label: t("tab.now"), content: <Now /> },
          { id: "history", label: t("tab.history"), content: <History /> },
        ]}
      />
    </>
  );
}
