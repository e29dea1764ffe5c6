// Whose token the page acts with, and on whose behalf; and the way out.
import { LogOut, PenLine, UserRound } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { logOut } from "../api/session";
import type { Token } from "../api/types";
import { useSession } from "../session";
import { changeSettings, useSettings } from "../settings";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Field, Input } from "../ui/Field";
import { Menu } from "../ui/Menu";
import { notify } from "../ui/notices";
import css from "./Shell.module.css";

export function Account() {
  const session = useSession();
  return session && <AccountOf token={session.token} />;
}

function AccountOf({ token }: { token: Token }) {
  const { t } = useTranslation("shell");
  const { t: access } = useTranslation("access");
  const { actor } = useSettings();
  const [asked, setAsked] = useState(false);
  const leave = () => {
    logOut().catch((error: unknown) => notify(String(error), "critical"));
  };
  return (
    <>
      <Menu
        label={<About token={token} actor={actor} />}
        items={[
          { label: t("actor.ask"), icon: PenLine, onSelect: () => setAsked(true) },
          "line",
          { label: access("logOut"), icon: LogOut, onSelect: leave },
        ]}
      >
        <Button
          variant="ghost"
          icon={UserRound}
          aria-label={access("account", { name: token.name })}
          className={css.who}
        >
          <span>{actor || token.name}</span>
        </Button>
      </Menu>
      {asked && <BehalfDialog actor={actor} onClose={() => setAsked(false)} />}
    </>
  );
}

function About({ token: { name, role, clusters }, actor }: { token: Token; actor: string }) {
  const { t } = useTranslation("access");
  const { t: shell } = useTranslation("shell");
  return (
    <span className={css.about}>
      <strong>{name}</strong>
      <span>{t(`role.${role}.name`)}</span>
      <span>
        {clusters.length === 0
          ? t("everyCluster")
          : t("onlyClusters", { clusters: clusters.join(", ") })}
      </span>
      {actor && <span>{shell("actor.is", { actor })}</span>}
    </span>
  );
}

function BehalfDialog({ actor, onClose }: { actor: string; onClose: () => void }) {
  const { t } = useTranslation("shell");
  const [name, setName] = useState(actor);
  // It travels in a header, as the command line sends it.
  const sendable = /^[\x20-\x7e]*$/.test(name);
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("actor.title")}
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
            autoComplete="name"
            onChange={(event) => setName(event.target.value)}
          />
        </Field>
      </form>
    </Dialog>
  );
}
