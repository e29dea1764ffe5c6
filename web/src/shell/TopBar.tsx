// What is at the top of every page: the way to anywhere, the connection, the person's settings.
import { Languages, Monitor, Moon, Search, Sun, UserRound } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { changeSettings, useSettings, type Language, type Theme } from "../settings";
import { Button, IconButton } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Field, Input } from "../ui/Field";
import { ChoiceMenu } from "../ui/Menu";
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
        <Who />
        <LanguageChoice />
        <ThemeChoice />
      </div>
    </header>
  );
}

const themeIcons = { system: Monitor, light: Sun, dark: Moon };

function ThemeChoice() {
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

function LanguageChoice() {
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

function Who() {
  const { t } = useTranslation("shell");
  const { actor } = useSettings();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button
        variant="ghost"
        icon={UserRound}
        aria-label={actor ? t("actor.is", { actor }) : t("actor.nobody")}
        onClick={() => setOpen(true)}
        className={css.who}
      >
        <span>{actor || t("actor.nobody")}</span>
      </Button>
      {open && <WhoDialog actor={actor} onClose={() => setOpen(false)} />}
    </>
  );
}

function WhoDialog({ actor, onClose }: { actor: string; onClose: () => void }) {
  const { t } = useTranslation("shell");
  const [name, setName] = useState(actor);
  // It travels in a header, as the command line sends it.
  const sendable = /^[\x20-\x7e]*$/.test(name);
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("actor.ask")}
      footer={
        <Button variant="primary" type="submit" form="who">
          {t("actor.save")}
        </Button>
      }
    >
      <form
        id="who"
        onSubmit={(event) => {
          event.preventDefault();
          if (!sendable) return;
          changeSettings({ actor: name.trim() });
          onClose();
        }}
      >
        <Field
          label={t("actor.label")}
          hint={t("actor.hint")}
          error={!sendable && t("actor.ascii")}
        >
          <Input
            value={name}
            maxLength={128}
            autoComplete="username"
            onChange={(event) => setName(event.target.value)}
          />
        </Field>
      </form>
    </Dialog>
  );
}
