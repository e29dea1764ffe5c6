// What is at the top of every page: the way to anywhere, the connection, the person's settings.
import { Languages, Monitor, Moon, Search, Sun } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { changeSettings, useSettings, type Language, type Theme } from "../settings";
import { IconButton } from "../ui/Button";
import { ChoiceMenu } from "../ui/Menu";
import { Account } from "./Account";
import { ConnectionMark } from "./Connection";
import css from "./Shell.module.css";

export function TopBar({ onJump, children }: { onJump: () => void; children: ReactNode }) {
  const { t } = useTranslation("shell");
  return (
    <header className={css.bar}>
      {children}
      <button
        type="button"
        className={css.jump}
        aria-keyshortcuts="Control+K Meta+K"
        onClick={onJump}
      >
        <Search aria-hidden size={14} />
        <span>{t("jump")}</span>
        <kbd aria-hidden>Ctrl K</kbd>
      </button>
      <div className={css.tools}>
        <ConnectionMark />
        <Account />
        <LanguageChoice />
        <ThemeChoice />
      </div>
    </header>
  );
}

const themeIcons = { system: Monitor, light: Sun, dark: Moon };

export function ThemeChoice() {
  const { t } = useTranslation("shell");
  const { theme } = useSettings();
  const themes: Theme[] = ["system", "light", "dark"];
  return (
    <ChoiceMenu
      label={t("theme.label")}
      value={theme}
      choices={themes.map((value) => ({ value, label: t(`theme.${value}`) }))}
      onChange={(next) => changeSettings({ theme: next })}
    >
      <IconButton icon={themeIcons[theme]} label={t("theme.label")} />
    </ChoiceMenu>
  );
}

const languages: { value: Language; label: string }[] = [
  { value: "en", label: "English" },
  { value: "zh", label: "中文" },
];

export function LanguageChoice() {
  const { t } = useTranslation("shell");
  const { language } = useSettings();
  return (
    <ChoiceMenu
      label={t("language")}
      value={language}
      choices={languages}
      onChange={(next) => changeSettings({ language: next })}
    >
      <IconButton icon={Languages} label={t("language")} />
    </ChoiceMenu>
  );
}
