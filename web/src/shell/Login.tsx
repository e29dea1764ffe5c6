// Logging in with a token, and where one comes from.
import { useEffect, useRef, useState, type SyntheticEvent } from "react";
import { Trans, useTranslation } from "react-i18next";
import { ApiError } from "../api/client";
import { logIn } from "../api/session";
import { Button } from "../ui/Button";
import { ErrorNote } from "../ui/ErrorNote";
import { Field, Input } from "../ui/Field";
import { Note } from "../ui/Note";
import { useNow } from "../ui/Time";
import { Front } from "./Front";
import css from "./Front.module.css";

export function Login({ ended = false, unanswered }: { ended?: boolean; unanswered?: unknown }) {
  const { t } = useTranslation("access");
  return (
    <Front title={t("login.title")}>
      {ended && (
        <div role="status">
          <Note tone="warning">
            <p>{t("login.ended")}</p>
          </Note>
        </div>
      )}
      {unanswered ? <Unanswered error={unanswered} /> : <Form />}
      <div className={css.whence}>
        <p>
          <Trans ns="access" i18nKey="login.whence" components={{ code: <code /> }} />
        </p>
        <p>{t("login.bootstrap")}</p>
      </div>
    </Front>
  );
}

/** It is asked again by itself: see `startSession`. */
function Unanswered({ error }: { error: unknown }) {
  const { t } = useTranslation("access");
  return (
    <>
      <ErrorNote error={error} />
      <p>{t("login.again")}</p>
    </>
  );
}

function Form() {
  const { t } = useTranslation("access");
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<{ error: unknown; at: number } | null>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    const text = token.trim();
    if (text === "" || busy) return;
    setBusy(true);
    setFailed(null);
    try {
      await logIn(text);
    } catch (error) {
      setFailed({ error, at: Date.now() });
      setBusy(false);
    }
  };
  return (
    <form className={css.form} onSubmit={(event) => void submit(event)}>
      <Field label={t("login.token")}>
        <Input
          ref={input}
          type="password"
          name="token"
          value={token}
          onChange={(event) => setToken(event.target.value)}
          autoComplete="current-password"
          spellCheck={false}
          required
        />
      </Field>
      {failed && <Failure {...failed} />}
      <Button type="submit" variant="primary" busy={busy}>
        {t("login.submit")}
      </Button>
    </form>
  );
}

function Failure({ error, at }: { error: unknown; at: number }) {
  const { t } = useTranslation("access");
  if (!(error instanceof ApiError)) return <ErrorNote error={error} />;
  const { problem, retryAfter } = error;
  if (problem.status === 429) return <TooMany until={at + 1000 * (retryAfter ?? 1)} />;
  const said =
    problem.status === 401
      ? t("login.bad")
      : problem.code === "UNREACHABLE" || problem.code === "DEADLINE"
        ? t("login.unreachable")
        : null;
  return said === null ? <ErrorNote error={error} /> : <Said>{said}</Said>;
}

function TooMany({ until }: { until: number }) {
  const { t } = useTranslation("access");
  const left = Math.ceil((until - useNow()) / 1000);
  return <Said>{left > 0 ? t("login.tooMany", { count: left }) : t("login.tooManyOver")}</Said>;
}

function Said({ children }: { children: string }) {
  return (
    <div role="alert">
      <Note tone="error">
        <p>{children}</p>
      </Note>
    </div>
  );
}
