// A page that failed, or whose file is gone because a newer lictord serves another build.
import { useTranslation } from "react-i18next";
import { useRouteError } from "react-router";
import { Button } from "../ui/Button";
import { Empty } from "../ui/Empty";

export function Crash() {
  const { t } = useTranslation("shell");
  const error = useRouteError();
  return (
    <Empty title={t("crash.title")}>
      {error instanceof Error && <code>{error.message}</code>}
      <Button onClick={() => location.reload()}>{t("crash.reload")}</Button>
    </Empty>
  );
}
