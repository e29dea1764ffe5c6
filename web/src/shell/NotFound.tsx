import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { PageHeader } from "../ui/PageHeader";

export function Component() {
  const { t } = useTranslation("shell");
  return (
    <>
      <PageHeader title={t("notFound.title")} />
      <p>{t("notFound.text")}</p>
      <p>
        <Link to="/">{t("notFound.home")}</Link>
      </p>
    </>
  );
}
