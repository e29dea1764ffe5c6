// Instead of the pages for a token that machines use: it would be refused everything they show.
import { LogOut } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { logOut } from "../api/session";
import type { Token } from "../api/types";
import { Button } from "../ui/Button";
import { ErrorNote } from "../ui/ErrorNote";
import { Front } from "./Front";

export function NotForPeople({ token }: { token: Token }) {
  const { t } = useTranslation("access");
  const [error, setError] = useState<unknown>(null);
  return (
    <Front title={t("machine.title")}>
      <p>{t("machine.is", { name: token.name, role: t(`role.${token.role}.name`) })}</p>
      <p>{t(`role.${token.role}.may`)}</p>
      <p>{t("machine.instead")}</p>
      {error !== null && <ErrorNote error={error} />}
      <Button icon={LogOut} onClick={() => void logOut().catch(setError)}>
        {t("logOut")}
      </Button>
    </Front>
  );
}
