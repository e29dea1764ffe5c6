// "Where does this key live?": asks the routing table in force. Kept in the address, so that the
// answer can be linked to.
import { Search } from "lucide-react";
import { useState, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useResolution } from "../../api/queries/routing";
import type { Keyspace, Resolution } from "../../api/types";
import { Badge, Status } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { ErrorNote } from "../../ui/ErrorNote";
import { Input, Select } from "../../ui/Field";
import { stateTone } from "../../ui/status";
import css from "./routing.module.css";

export function ResolveBox({ keyspaces }: { keyspaces: Keyspace[] }) {
  const { t } = useTranslation("routing");
  const [search, setSearch] = useSearchParams();
  const [asked, key] = [search.get("keyspace") ?? "", search.get("key") ?? ""];
  const names = keyspaces.map((one) => one.name);
  const keyspace = names.includes(asked) ? asked : (names[0] ?? "");
  const [typed, setTyped] = useState(key);
  const resolution = useResolution(names.includes(asked) ? asked : "", key);
  const ask = (keyspace: string, key: string) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        after.set("keyspace", keyspace);
        if (key) after.set("key", key);
        else after.delete("key");
        after.delete("shard");
        return after;
      },
      { replace: true },
    );
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    ask(keyspace, typed.trim());
  };
  if (names.length === 0) return <div />;
  return (
    <div className={css.resolve}>
      <form role="search" aria-label={t("resolve.title")} className={css.ask} onSubmit={submit}>
        <Select
          aria-label={t("resolve.keyspace")}
          value={keyspace}
          onChange={(name) => ask(name, typed.trim())}
          options={names.map((name) => ({ value: name, label: name }))}
        />
        <Input
          aria-label={t("resolve.key")}
          placeholder={t("resolve.placeholder")}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          autoComplete="off"
          spellCheck={false}
        />
        <Button type="submit" icon={Search} busy={resolution.isFetching}>
          {t("resolve.find")}
        </Button>
      </form>
      <div aria-live="polite">
        {resolution.isError && <ErrorNote error={resolution.error} />}
        {resolution.data && key !== "" && <Found found={resolution.data} />}
      </div>
    </div>
  );
}

function Found({ found }: { found: Resolution }) {
  const { t } = useTranslation("routing");
  const { t: common } = useTranslation();
  const { route } = found;
  return (
    <p className={css.found}>
      <span>
        {t("resolve.lives", { ...found })}{" "}
        <Link to={`/clusters/${found.cluster}`}>{found.cluster}</Link>
      </span>
      {found.held && <Badge tone="warning">{t("writes.held")}</Badge>}
      {route && <Status tone={stateTone(route.state)}>{common(`state.${route.state}`)}</Status>}
      {route?.writer && (
        <span>
          {t("resolve.writer", { node: route.writer.node })} <code>{route.writer.address}</code>
        </span>
      )}
    </p>
  );
}
