import { X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Status } from "../ui/Badge";
import { IconButton } from "../ui/Button";
import { dismiss, useNotices } from "../ui/notices";
import css from "./Shell.module.css";

export function Notices() {
  const { t } = useTranslation();
  const notices = useNotices();
  return (
    <ul className={css.notices} aria-live="polite">
      {notices.map((notice) => (
        <li key={notice.id} className={css.notice}>
          <Status tone={notice.tone}>{notice.text}</Status>
          <IconButton icon={X} label={t("close")} size="sm" onClick={() => dismiss(notice.id)} />
        </li>
      ))}
    </ul>
  );
}
